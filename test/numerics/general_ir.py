"""Networks written as IR by hand: text around a body, and its results on given inputs."""

import itertools
import pathlib

import ml_dtypes
import numpy as np

from toeplitz_process import CompilerError, run_toeplitz

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

# The element type in IR, and the name that says what it stands for where that isn't plain.
ELEMENT_TYPES = {
    np.dtype(np.float32): ("f32", "float32"),
    np.dtype(np.float64): ("f64", "float64"),
    np.dtype(np.float16): ("f16", "float16"),
    BFLOAT16: ("bf16", "bfloat16"),
    np.dtype(np.int8): ("i8", "int8"),
    np.dtype(np.uint8): ("i8", "uint8"),
    np.dtype(np.int16): ("i16", "int16"),
    np.dtype(np.uint16): ("i16", "uint16"),
    np.dtype(np.int32): ("i32", "int32"),
    np.dtype(np.uint32): ("i32", "uint32"),
    np.dtype(np.int64): ("i64", "int64"),
    np.dtype(np.uint64): ("i64", "uint64"),
    np.dtype(np.bool_): ("i8", "bool"),
}

_numbers = itertools.count()


def element(dtype):
    """The element type in IR: f32, i8, ..."""
    return ELEMENT_TYPES[np.dtype(dtype)][0]


def tensor(shape, dtype=np.float32):
    """The tensor type in IR: tensor<2x3xf32>."""
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element(dtype)}>"


def generic(dimensions, inputs, results, body):
    """A linalg.generic. `dimensions`: "i j *k", those with a star are reduced; inputs and results: (value, type, "i, k").

    The body's arguments are called %a0, %a1, ... for the inputs and %r0, ... for the results.
    """
    names = [name.strip("*") for name in dimensions.split()]
    operands = [*inputs, *results]
    maps = ", ".join(f"affine_map<({', '.join(names)}) -> ({indices})>" for _, _, indices in operands)
    iterators = ", ".join('"reduction"' if name.startswith("*") else '"parallel"' for name in dimensions.split())

    def group(keyword, some):
        if not some:
            return ""
        return f"{keyword}({', '.join(v for v, _, _ in some)} : {', '.join(t for _, t, _ in some)})"

    def element_of(kind):
        return kind[:-1].split("x")[-1].removeprefix("tensor<")

    arguments = [f"%a{i}: {element_of(kind)}" for i, (_, kind, _) in enumerate(inputs)]
    arguments += [f"%r{i}: {element_of(kind)}" for i, (_, kind, _) in enumerate(results)]
    types = ", ".join(kind for _, kind, _ in results)
    return (
        f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} "
        f"{group('ins', inputs)} {group('outs', results)} {{\n^body({', '.join(arguments)}):\n{body}\n}} -> ({types})"
    )


def write_network(inputs, results, body, directory):
    """A file with @main of these inputs (name: array or (shape, dtype)) and results (name: (shape, dtype)); the body returns values."""

    def describe(name, shape, dtype):
        kind, meaning = ELEMENT_TYPES[np.dtype(dtype)]
        return f'{tensor(shape, dtype)} {{toeplitz.name = "{name}", toeplitz.type = "{meaning}"}}'

    arguments = ", ".join(f"%{name}: {describe(name, array.shape, array.dtype)}" for name, array in inputs.items())
    returned = ", ".join(describe(name, *kind) for name, kind in results.items())
    path = pathlib.Path(directory) / f"network{next(_numbers)}.mlir"
    path.write_text(f"func.func @main({arguments}) -> ({returned}) {{\n{body}\n}}\n")
    return path


def compute(inputs, results, body, directory, *options, threads=1):
    """The results by name, of the types that `results` says."""
    path = write_network(inputs, results, body, directory)
    arguments = ["run", path, "--threads", threads, *options]
    for name, array in inputs.items():
        file = path.with_suffix(f".{name}.npy")
        np.save(file, array.astype(np.float32) if array.dtype == BFLOAT16 else array)
        arguments += ["--input", f"{name}={file}"]
    files = {name: path.with_suffix(f".result.{name}.npy") for name in results}
    for name, file in files.items():
        arguments += ["--output", f"{name}={file}"]
    process = run_toeplitz(*arguments)
    if process.returncode != 0:
        raise CompilerError(process.stderr)
    found = {}
    for name, (shape, dtype) in results.items():
        array = np.load(files[name])
        if np.dtype(dtype) == BFLOAT16:
            # (numpy has no such type: the file holds the same numbers as float32.)
            array = array.astype(BFLOAT16)
        assert array.shape == tuple(shape) and array.dtype == np.dtype(dtype), (name, array.shape, array.dtype)
        found[name] = array
    return found
