"""Compiles networks of one layer 'y', and prints the errors as `CASE: at TEXT: message`, with the text that the error's position points at.

    compile_layers.py LAYERS

LAYERS has a line for each: CASE: the layer's object, without its name. The network's inputs are x (1x4x8x8), flat (1x256), vector (256), and long
and wide, whose product is huge. The layer reads x if it doesn't say otherwise.
"""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

INPUTS = {"x": [1, 4, 8, 8], "flat": [1, 256], "vector": [256], "long": [2**30, 1, 1, 1, 1], "wide": [1, 1, 1, 1, 2**30]}


def compile_case(line):
    case, _, text = line.partition(":")
    layer = {"name": "y", "inputs": ["x"], **json.loads(text)}
    inputs = [{"name": name, "shape": shape} for name, shape in INPUTS.items() if name in layer["inputs"]]
    text = json.dumps({"weights": {"random": 1}, "inputs": inputs, "layers": [layer]})
    path = pathlib.Path(f"{case}.json")
    path.write_text(text)
    result = subprocess.run(["toeplitz", "compile", path, "--emit=cnn"], capture_output=True, text=True)
    error = re.fullmatch(rf"error: {path}:1:(\d+): (.*)\n", result.stderr)
    assert result.returncode == 1 and result.stdout == "" and error, (case, result)
    return f"{case}: at {re.match('[^,}]*', text[int(error[1]) - 1 :])[0]}: {error[2]}\n"


with concurrent.futures.ThreadPoolExecutor() as executor:
    lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
    print("".join(executor.map(compile_case, lines)), end="")
