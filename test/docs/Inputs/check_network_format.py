"""Compares docs/network-format.md, docs/network.schema.json and the compiler with each other.

    check_network_format.py DOCS WORKING_FOLDER
"""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

import jsonschema

docs, work = map(pathlib.Path, sys.argv[1:])
work.mkdir(parents=True, exist_ok=True)
page = (docs / "network-format.md").read_text()
schema = json.loads((docs / "network.schema.json").read_text())
validator_class = jsonschema.validators.validator_for(schema)
validator_class.check_schema(schema)
validator = validator_class(schema)
operators = schema["$defs"]["layer"]["properties"]["op"]["enum"]


def definition(operator):
    return schema["$defs"][f"operator_{operator}"]


def keys_of(operator):
    return [key for key in definition(operator)["properties"] if key != "inputs"]


def compile_network(network, name):
    """The exit status and the standard error of compiling the description to the cnn stage."""
    path = work / f"{name}.json"
    path.write_text(network if isinstance(network, str) else json.dumps(network))
    result = subprocess.run(["toeplitz", "compile", path, "--emit=cnn"], capture_output=True, text=True)
    return result.returncode, result.stderr


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor() as executor:
        return list(executor.map(function, items))


def check_sections():
    """Each operator has its section, whose table has the schema's keys and defaults."""
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", page, re.M | re.S))
    assert list(sections) == operators, set(sections) ^ set(operators)
    for operator, text in sections.items():
        rows = re.findall(r"^\| `(\w+)` \| (.*?)(?<!\\) \| (.*?)(?<!\\) \| .* \|$", text, re.M)
        assert [row[0] for row in rows] == keys_of(operator), operator
        for key, _, default in rows:
            property_ = definition(operator)["properties"][key]
            assert (default == "required") == (key in definition(operator).get("required", [])), (operator, key)
            written = re.fullmatch(r"`(.*)`", default)
            if "default" in property_:
                assert written and json.loads(written[1]) == property_["default"], (operator, key, default)
        example = re.search(r"^```json\n(.*?)^```", text, re.M | re.S)
        assert example and f'"op": "{operator}"' in example[1], operator
    print("every operator of the schema has a section")


def check_examples():
    examples = re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)
    assert len(examples) >= len(operators)

    def check(numbered):
        index, example = numbered
        validator.validate(json.loads(example))
        status, errors = compile_network(example, f"example{index}")
        assert status == 0 and errors == "", f"{example}\n{errors}"

    in_parallel(check, enumerate(examples))
    print("every example compiles and is valid")


def check_keys():
    """The compiler lists the keys that it knows when it meets one that it doesn't, and names those that are missing."""

    def check(operator):
        inputs = definition(operator)["properties"]["inputs"]
        count = inputs.get("minItems", 1)
        layer = {"name": "y", "op": operator, "inputs": ["x"] * count, "qqqqqqqq": 1}
        network = {"inputs": [{"name": "x", "shape": [1, 4, 8, 8]}], "layers": [layer]}
        status, errors = compile_network(network, f"keys_{operator}")
        known = re.search(r"unknown key 'qqqqqqqq'.*\(known keys: name, op, inputs(?:, )?(.*)\)", errors)
        assert status == 1 and known, errors
        assert known[1] == ", ".join(keys_of(operator)), f"{operator}: {known[1]}"
        required = [key for key in definition(operator).get("required", []) if key != "inputs"]
        assert re.findall(r"needs the key '(\w+)'", errors) == required, errors
        # One input more than the schema allows, or one fewer than it asks for.
        layer = {"name": "y", "op": operator, "inputs": ["x"] * inputs.get("maxItems", 0) + ["x"]}
        status, errors = compile_network({**network, "layers": [layer]}, f"inputs_{operator}")
        refused = "maxItems" in inputs or count > 1
        assert (f"operator '{operator}' reads" in errors) == refused, errors

    in_parallel(check, operators)
    _, errors = compile_network({"inputs": [{"name": "x", "shape": [1]}], "layers": [{"name": "y", "op": "qqqqqqqq"}]}, "operators")
    assert re.search(r"known operators: (.*)", errors)[1] == ", ".join(operators), errors
    print("the compiler knows the keys of the schema and no others")


# A value that is wrong for each type of parameter.
WRONG_VALUES = {
    "size": [0, 2**30 + 1, 1.5, "3", None],
    "sizes": [0, [], [0], [[1]], "3"],
    "counts": [-1, [], [-1], 2**30 + 1],
    "position": [1.5, "1", -(2**30) - 1],
    "positions": [1, [], [1.5]],
    "shape": [1, [], [0], [-2]],
    "padding": [-1, [], [[1]], [[1, 2, 3]], "same"],
    "padding_or_word": [-1, "full", [[1, -1]]],
    "number": [1e39, "1", True],
    "nonnegative": [-1e-9, 1e39],
    "factors": [0, -1, [], ["2"], 2**30 + 1],
    "weights": [1, "w", {}],
    "bias": [1, "b", {}],
}


def check_values():
    """For each parameter: a wrong value is refused by the schema and by the compiler, which names the parameter."""
    cases = []
    for operator in operators:
        for key in keys_of(operator):
            property_ = definition(operator)["properties"][key]
            if "enum" in property_:
                values = ["qqqq", 1]
            elif property_.get("type") == "boolean":
                values = ["true", 0]
            else:
                values = WRONG_VALUES[property_["$ref"].rsplit("/", 1)[1]]
            cases += [(operator, key, value) for value in values]

    # All wrong values of one operator make one network, as each error is reported.
    def check(operator):
        wrong = [(key, value) for name, key, value in cases if name == operator]
        count = definition(operator)["properties"]["inputs"].get("minItems", 1)
        layers = [
            {"name": f"y{index}", "op": operator, "inputs": ["x"] * count, key: value}
            for index, (key, value) in enumerate(wrong)
        ]
        network = {"inputs": [{"name": "x", "shape": [1, 4, 8, 8]}], "layers": layers}
        status, errors = compile_network(network, f"values_{operator}")
        for layer, (key, value) in zip(layers, wrong):
            assert f"layer '{layer['name']}': '{key}' must be" in errors, (operator, key, value, errors)
            paths = [list(error.absolute_path) for error in validator.iter_errors({**network, "layers": [layer]})]
            assert any(path[:3] == ["layers", 0, key] for path in paths), (operator, key, value)
        return len(wrong)

    assert sum(in_parallel(check, [o for o in operators if keys_of(o)])) == len(cases) > 200
    print("the schema refuses what the compiler refuses")


check_sections()
check_examples()
check_keys()
check_values()
