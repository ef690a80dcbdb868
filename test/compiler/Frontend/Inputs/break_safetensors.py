"""Breaks a safetensors file in every way, and prints what the compiler says of each. break_safetensors.py WORKING_FOLDER"""

import concurrent.futures
import json
import pathlib
import random
import re
import struct
import subprocess
import sys

work = pathlib.Path(sys.argv[1])
work.mkdir(parents=True, exist_ok=True)


def tensor(begin, end, shape=(2, 2), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def content(header, data_size=16, length=None):
    text = header if isinstance(header, str) else json.dumps({"a.weight" if k == "a" else k: v for k, v in header.items()})
    text = text.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + b"\0" * data_size


GOOD = {"__metadata__": {"format": "pt"}, "a": tensor(0, 16)}
A = tensor(0, 16)
CASES = {
    "good": content(GOOD),
    "empty tensors": content({"a": A, "z": tensor(16, 16, [0, 3]), "y": tensor(0, 0, [0])}),
    "no bytes": b"",
    "seven bytes": b"\0" * 7,
    "header beyond the file": content(GOOD, length=1000),
    "header of 2^63 bytes": content(GOOD, length=2**63),
    "header of 2^64 - 1 bytes": content(GOOD, length=2**64 - 1),
    "header cut off": content(GOOD, length=20),
    "no JSON": content("hello"),
    "list": content("[]", 0),
    "tensor twice": content('{"a": 1, "a": 2}'),
    "deep header": content('{"a":' + "[" * 100 + "]" * 100 + "}"),
    "tensor is a number": content({"a": 1}),
    "no dtype": content({"a": {"shape": [2, 2], "data_offsets": [0, 16]}}),
    "unknown key": content({"a": {**A, "more": 1}}),
    "unknown dtype": content({"a": tensor(0, 16, dtype="F31")}),
    "negative size": content({"a": tensor(0, 16, [-2, -2])}),
    "fractional size": content({"a": tensor(0, 16, [1.5, 2])}),
    "elements overflow": content({"a": tensor(0, 16, [2**32, 2**32, 4])}),
    "bytes overflow": content({"a": tensor(0, 0, [2**61])}),
    "half a byte": content({"a": tensor(0, 2, [3], "F4")}),
    "one offset": content({"a": {**A, "data_offsets": [16]}}),
    "offsets backwards": content({"a": tensor(16, 0)}),
    "negative offset": content({"a": tensor(-16, 0)}),
    "offset beyond the file": content(GOOD, 12),
    "huge offset": content({"a": tensor(0, 2**63 - 1)}),
    "offset beyond 64 bits": content({"a": tensor(0, 2**64 + 16)}),
    "size and shape differ": content({"a": tensor(0, 12)}),
    "overlap": content({"b": tensor(12, 28), "a": A}, 28),
    "same place": content({"a": A, "b": A}),
    "gap": content({"a": A, "b": tensor(20, 36)}, 36),
    "gap at the start": content({"a": tensor(8, 24)}, 24),
    "data after the last": content(GOOD, 21),
}


def compile_with(weights, name):
    name = re.sub(r"\W+", "-", name)
    (work / f"{name}.safetensors").write_bytes(weights)
    layer = {"name": "a", "op": "linear", "out_features": 2, "bias": False}
    network = {"weights": f"{name}.safetensors", "inputs": [{"name": "x", "shape": [1, 2]}], "layers": [layer]}
    (work / f"{name}.json").write_text(json.dumps(network))
    return subprocess.run(["toeplitz", "compile", work / f"{name}.json", "--emit=cnn"], capture_output=True, text=True, errors="replace")


def describe(case):
    name, weights = case
    result = compile_with(weights, name)
    if result.returncode == 0:
        return f"{name}: compiles"
    # The error stands at the name of the file in the description, which is the thirteenth byte of it.
    error = re.match(r"error: \S+\.json:1:13: the weight file '\S+\.safetensors': (.*)\n", result.stderr)
    assert result.returncode == 1 and error, (name, result)
    return f"{name}: {error[1]}".replace("'a.weight'", "'a'")


def break_at_random(seed):
    """A good file with some bytes changed, and its end cut off or not."""
    generator = random.Random(seed)
    weights = bytearray(content(GOOD))
    for _ in range(generator.randint(1, 8)):
        weights[generator.randrange(len(weights))] = generator.choice(b'0129{}[]",:-e' + bytes([generator.randrange(256)]))
    weights = weights[: generator.choice([len(weights), generator.randrange(len(weights))])]
    result = compile_with(weights, f"random-{seed}")
    assert result.returncode in (0, 1) and (result.returncode == 0) == ("error: " not in result.stderr), (seed, result)


with concurrent.futures.ThreadPoolExecutor() as executor:
    print("\n".join(executor.map(describe, CASES.items())))
    count = len(list(executor.map(break_at_random, range(200))))
    print(f"random bytes: {count} files refused or read, none ended the compiler")
