"""Ways to break an ONNX model. Each takes a model (and may change it) and a random generator, and returns the bytes of a
file, or None where the model has nothing to break in that way."""

import numpy
import onnx
from onnx import TensorProto, helper

MUTATIONS = []


def mutation(function):
    MUTATIONS.append(function)
    return function


def _choose(generator, sequence):
    return sequence[int(generator.integers(len(sequence)))] if len(sequence) else None


# --- the file -----------------------------------------------------------------------------------------------------------


@mutation
def truncate(model, generator):
    data = model.SerializeToString()
    return data[: int(generator.integers(len(data)))]


@mutation
def flip_bits(model, generator):
    data = bytearray(model.SerializeToString())
    for _ in range(int(generator.integers(1, 8))):
        data[int(generator.integers(len(data)))] ^= 1 << int(generator.integers(8))
    return bytes(data)


@mutation
def overwrite_bytes(model, generator):
    data = bytearray(model.SerializeToString())
    start = int(generator.integers(len(data)))
    noise = generator.bytes(int(generator.integers(1, 32)))
    data[start : start + len(noise)] = noise
    return bytes(data)


@mutation
def insert_bytes(model, generator):
    data = model.SerializeToString()
    place = int(generator.integers(len(data)))
    return data[:place] + generator.bytes(int(generator.integers(1, 16))) + data[place:]


@mutation
def remove_bytes(model, generator):
    data = model.SerializeToString()
    place = int(generator.integers(len(data)))
    return data[:place] + data[place + int(generator.integers(1, 32)) :]


@mutation
def repeat_part(model, generator):
    data = model.SerializeToString()
    start, end = sorted(int(number) for number in generator.integers(len(data), size=2))
    return data[:end] + data[start:]


@mutation
def change_wire_type(model, generator):
    """The tag of a field says how it is encoded."""
    data = bytearray(model.SerializeToString())
    place = int(generator.integers(min(len(data), 200)))
    data[place] = (data[place] & ~7) | int(generator.integers(8))
    return bytes(data)


@mutation
def noise(model, generator):
    return generator.bytes(int(generator.integers(0, 400)))


# --- the graph ----------------------------------------------------------------------------------------------------------


@mutation
def drop_node(model, generator):
    del model.graph.node[int(generator.integers(len(model.graph.node)))]
    return model.SerializeToString()


@mutation
def drop_initializer(model, generator):
    if not model.graph.initializer:
        return None
    del model.graph.initializer[int(generator.integers(len(model.graph.initializer)))]
    return model.SerializeToString()


@mutation
def rename_value(model, generator):
    node = _choose(generator, model.graph.node)
    names = node.input if len(node.input) and generator.integers(2) else node.output
    if not len(names):
        return None
    names[int(generator.integers(len(names)))] = str(generator.choice(["", "nowhere", "x", "y", "a" * 5000]))
    return model.SerializeToString()


@mutation
def make_cycle(model, generator):
    node = _choose(generator, model.graph.node)
    if not len(node.input):
        return None
    node.input[0] = _choose(generator, model.graph.node).output[0] or node.output[0]
    return model.SerializeToString()


@mutation
def shuffle_inputs(model, generator):
    node = _choose(generator, model.graph.node)
    names = list(generator.permutation(list(node.input))) if len(node.input) else []
    del node.input[:]
    node.input.extend(str(name) for name in names)
    return model.SerializeToString()


@mutation
def count_inputs(model, generator):
    node = _choose(generator, model.graph.node)
    if generator.integers(2) and len(node.input):
        node.input.pop()
    else:
        node.input.extend(["x"] * int(generator.integers(1, 9)))
    return model.SerializeToString()


@mutation
def count_outputs(model, generator):
    node = _choose(generator, model.graph.node)
    node.output.extend(f"more{index}" for index in range(int(generator.integers(1, 5))))
    return model.SerializeToString()


@mutation
def duplicate_node(model, generator):
    model.graph.node.append(_choose(generator, model.graph.node))
    return model.SerializeToString()


@mutation
def swap_operators(model, generator):
    first, second = _choose(generator, model.graph.node), _choose(generator, model.graph.node)
    first.op_type, second.op_type = second.op_type, first.op_type
    return model.SerializeToString()


@mutation
def unknown_operator(model, generator):
    node = _choose(generator, model.graph.node)
    node.op_type = str(generator.choice(["", "Conv2", "Scan2", "StringSplit", "conv", "A" * 3000]))
    return model.SerializeToString()


@mutation
def unknown_domain(model, generator):
    _choose(generator, model.graph.node).domain = str(generator.choice(["com.example", "ai.onnx.ml", " ", "local"]))
    return model.SerializeToString()


@mutation
def change_opset(model, generator):
    version = int(generator.choice([-1, 0, 1, 6, 7, 8, 9, 10, 11, 12, 13, 22, 27, 29, 2**31, 2**62]))
    if generator.integers(4) == 0:
        del model.opset_import[:]
    else:
        model.opset_import[0].version = version
    return model.SerializeToString()


@mutation
def odd_names(model, generator):
    """Names that aren't UTF-8, or hold what a terminal would obey."""
    data = model.SerializeToString()
    node = _choose(generator, model.graph.node)
    old = node.name.encode()
    new = generator.choice([b"\xff", b"\xc3\x28", b"\x00", b"\x1b", b"'", b"\n"])[0:1] * len(old)
    return data.replace(old, new) if old else None


@mutation
def loop_with_branch(model, generator):
    branch = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["i"])], "b", [],
        [helper.make_tensor_value_info("i", TensorProto.FLOAT, None)],
    )
    body = helper.make_graph(
        [
            helper.make_node("If", ["go"], ["o"], then_branch=branch, else_branch=branch),
            helper.make_node("Identity", ["go"], ["again"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("o", TensorProto.FLOAT, None),
        ],
    )
    node = helper.make_node("Loop", ["", ""], ["loop_result"], body=body)
    model.graph.node.insert(int(generator.integers(len(model.graph.node) + 1)), node)
    return model.SerializeToString()


def _field(number, contents):
    """A field of bytes in the wire format; onnx's own writer refuses to nest as deep as we want to."""
    length = len(contents)
    encoded = bytearray([number << 3 | 2])
    while length > 127:
        encoded.append(length & 127 | 128)
        length >>= 7
    encoded.append(length)
    return bytes(encoded) + contents


@mutation
def nest_deeply(model, generator):
    """Branches within branches."""
    graph = b""
    for _ in range(int(generator.choice([3, 20, 60, 1000]))):
        branch = _field(1, b"then_branch") + _field(6, graph)
        graph = _field(1, _field(1, b"deep") + _field(2, b"v") + _field(4, b"If") + _field(5, branch))
    model.graph.initializer.append(helper.make_tensor("deep", TensorProto.BOOL, [], [True]))
    return model.SerializeToString() + _field(7, graph)


@mutation
def long_chain(model, generator):
    previous = model.graph.node[-1].output[0]
    for index in range(int(generator.choice([100, 2000]))):
        model.graph.node.append(helper.make_node("Identity", [previous], [f"chain{index}"]))
        previous = f"chain{index}"
    model.graph.output[0].name = previous
    return model.SerializeToString()


@mutation
def change_outputs(model, generator):
    kind = int(generator.integers(4))
    if kind == 0:
        del model.graph.output[:]
    elif kind == 1:
        model.graph.output[0].name = "nowhere"
    elif kind == 2:
        model.graph.output.append(model.graph.output[0])
    else:
        model.graph.output[0].type.tensor_type.elem_type = int(generator.choice([0, 1, 7, 8, 9, 17, 99]))
    return model.SerializeToString()


@mutation
def change_inputs(model, generator):
    value = model.graph.input[0]
    kind = int(generator.integers(7))
    shape = value.type.tensor_type.shape
    if kind == 0:
        value.type.tensor_type.elem_type = int(generator.choice([0, 2, 7, 8, 9, 10, 11, 14, 16, 17, 22, 99, -1]))
    elif kind == 1:
        value.type.tensor_type.ClearField("shape")
    elif kind == 2:
        _choose(generator, shape.dim).dim_value = int(generator.choice([-1, 0, 2, 2**31, 2**40, 2**62]))
    elif kind == 3:
        _choose(generator, shape.dim).dim_param = "open"
    elif kind == 4:
        shape.dim.extend([shape.dim[0]] * int(generator.choice([1, 30])))
    elif kind == 5:
        value.ClearField("type")
    else:
        model.graph.input.append(value)
    return model.SerializeToString()


# --- tensors ------------------------------------------------------------------------------------------------------------


def _tensor(model, generator):
    return _choose(generator, model.graph.initializer)


@mutation
def wrong_dimensions(model, generator):
    tensor = _tensor(model, generator)
    if tensor is None:
        return None
    if len(tensor.dims) and generator.integers(2):
        index = int(generator.integers(len(tensor.dims)))
        tensor.dims[index] = int(generator.choice([-1, 0, 1, 7, 2**31, 2**32, 2**62]))
    else:
        tensor.dims.extend(int(generator.choice([0, 1, 3, 2**33])) for _ in range(int(generator.integers(1, 40))))
    return model.SerializeToString()


@mutation
def wrong_data(model, generator):
    tensor = _tensor(model, generator)
    if tensor is None:
        return None
    data = tensor.raw_data
    choice = int(generator.integers(4))
    if choice == 0:
        tensor.raw_data = data[: int(generator.integers(len(data) + 1))]
    elif choice == 1:
        tensor.raw_data = data + generator.bytes(3)
    elif choice == 2:
        tensor.ClearField("raw_data")
    else:
        tensor.raw_data = generator.bytes(len(data))
    return model.SerializeToString()


@mutation
def wrong_element_type(model, generator):
    tensor = _tensor(model, generator)
    if tensor is None:
        return None
    tensor.data_type = int(generator.choice([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 17, 22, 99, -5]))
    return model.SerializeToString()


@mutation
def external_data(model, generator):
    tensor = _tensor(model, generator)
    if tensor is None:
        return None
    places = ["../secret", "/etc/passwd", "missing.bin", "", ".", "a/../../b", "model.onnx", "\0"]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    entries = {"location": str(generator.choice(places))}
    if generator.integers(2):
        entries["offset"] = str(generator.choice(["0", "-1", "99999999999999999999", "x", "4096"]))
    if generator.integers(2):
        entries["length"] = str(generator.choice(["0", "-1", "18446744073709551615", "8"]))
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return model.SerializeToString()


@mutation
def duplicate_initializer(model, generator):
    tensor = _tensor(model, generator)
    if tensor is None:
        return None
    model.graph.initializer.append(tensor)
    return model.SerializeToString()


@mutation
def odd_numbers(model, generator):
    """Shapes, axes and counts that are inputs."""
    tensors = [tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.INT64]
    tensor = _choose(generator, tensors)
    if tensor is None:
        return None
    count = len(tensor.raw_data) // 8
    choices = [-(2**63), -(2**31), -2, -1, 0, 1, 3, 1000, 2**31, 2**40, 2**63 - 1]
    numbers = [int(choices[int(generator.integers(len(choices)))]) for _ in range(count)]
    tensor.raw_data = b"".join(number.to_bytes(8, "little", signed=True) for number in numbers)
    return model.SerializeToString()


# --- attributes ---------------------------------------------------------------------------------------------------------


def _attribute(model, generator):
    nodes = [node for node in model.graph.node if len(node.attribute)]
    node = _choose(generator, nodes)
    return (node, _choose(generator, node.attribute)) if node is not None else (None, None)


@mutation
def wrong_attribute_type(model, generator):
    node, attribute = _attribute(model, generator)
    if node is None:
        return None
    values = [1, -1, 2.5, "text", [1, 2], [1.5], ["a"], helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])]
    other = helper.make_attribute(attribute.name, values[int(generator.integers(len(values)))])
    attribute.CopyFrom(other)
    return model.SerializeToString()


@mutation
def mixed_attribute_type(model, generator):
    """The type says one thing, the value is another."""
    node, attribute = _attribute(model, generator)
    if node is None:
        return None
    attribute.type = int(generator.integers(0, 15))
    return model.SerializeToString()


@mutation
def odd_attribute_value(model, generator):
    node, attribute = _attribute(model, generator)
    if node is None:
        return None
    extremes = [-(2**63), -(2**31), -1, 0, 3, 2**31, 2**62, 2**63 - 1]
    if attribute.type == onnx.AttributeProto.INT:
        attribute.i = extremes[int(generator.integers(len(extremes)))]
    elif attribute.type == onnx.AttributeProto.INTS:
        if generator.integers(3) == 0 or not len(attribute.ints):
            attribute.ints.extend([1] * int(generator.integers(1, 6)))
        elif generator.integers(3) == 0:
            del attribute.ints[:]
        else:
            index = int(generator.integers(len(attribute.ints)))
            attribute.ints[index] = extremes[int(generator.integers(len(extremes)))]
    elif attribute.type == onnx.AttributeProto.FLOAT:
        attribute.f = float(generator.choice([float("nan"), float("inf"), -1e30, 0.0]))
    elif attribute.type == onnx.AttributeProto.STRING:
        attribute.s = generator.bytes(5)
    else:
        return None
    return model.SerializeToString()


@mutation
def unknown_attribute(model, generator):
    node = _choose(generator, model.graph.node)
    node.attribute.append(helper.make_attribute(str(generator.choice(["", "axis", "kernel", "to", "group"])), 3))
    return model.SerializeToString()


@mutation
def drop_attribute(model, generator):
    node, attribute = _attribute(model, generator)
    if node is None:
        return None
    node.attribute.remove(attribute)
    return model.SerializeToString()


@mutation
def recursive_function(model, generator):
    if not len(model.functions):
        return None
    function = model.functions[0]
    call = function.node.add()
    call.op_type, call.domain = function.name, function.domain
    call.input.extend(["a", "b"])
    call.output.append("again")
    function.output[0] = "again"
    return model.SerializeToString()


@mutation
def doubling_functions(model, generator):
    """Each function calls the next one twice: a small file of more nodes than there are atoms."""
    if not model.functions:
        return None
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    depth = int(generator.choice([3, 40]))
    for level in range(depth):
        operator, domain = ("Doubled" + str(level + 1), "local") if level + 1 < depth else ("Neg", "")
        body = [
            helper.make_node(operator, ["a"], ["b"], domain=domain),
            helper.make_node(operator, ["b"], ["c"], domain=domain),
        ]
        model.functions.append(helper.make_function("local", f"Doubled{level}", ["a"], ["c"], body, opsets))
    model.graph.node.append(helper.make_node("Doubled0", ["x"], ["doubled"], domain="local"))
    return model.SerializeToString()


def make_mutants(models, rounds, seed=0):
    """(name, bytes) of each mutation of each model, `rounds` times, without repetitions; the same for the same
    arguments."""
    seen = set()
    for model_number, (model_name, model) in enumerate(models.items()):
        for number, mutate in enumerate(MUTATIONS):
            for repetition in range(rounds):
                generator = numpy.random.default_rng([seed, number, repetition, model_number])
                copy = onnx.ModelProto()
                copy.CopyFrom(model)
                data = mutate(copy, generator)
                if data is not None and data not in seen:
                    seen.add(data)
                    yield f"{model_name}-{mutate.__name__}-{repetition}", data
