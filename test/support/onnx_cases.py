"""Many nodes of ONNX in one model, each a case of its own: compiled and run once, and compared with another implementation."""

import pathlib
import warnings

import ml_dtypes
import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnx.reference
from toeplitz_process import run_toeplitz

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

# The largest difference between results, relative to the largest magnitude of the expected ones.
_TOLERANCES = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 2e-6, np.dtype(np.float16): 1e-3, BFLOAT16: 8e-3}

FLOATS = [np.float32, np.float64, np.float16, BFLOAT16]
SIGNED = [np.int8, np.int16, np.int32, np.int64]
UNSIGNED = [np.uint8, np.uint16, np.uint32, np.uint64]
NUMBERS = FLOATS + SIGNED + UNSIGNED

# Shapes that repeat to each other.
SHAPES = [
    ((2, 3, 4), (2, 3, 4)),
    ((2, 3, 4, 5), (3, 1, 1)),
    ((1, 3, 1), (4, 1, 5)),
    ((), (3, 2)),
    ((7,), ()),
    ((0, 3), (1, 3)),
    ((1, 16, 5, 5), (1, 16, 1, 1)),
]


def draw(random, shape, dtype, low=-9, high=9):
    """Numbers between the limits; of unsigned types, those of them that are not negative."""
    dtype = np.dtype(dtype)
    if dtype == bool:
        return np.asarray(random.random(shape) < 0.5)
    if dtype.kind in "iu":
        return random.integers(max(low, np.iinfo(dtype).min, 0 if dtype.kind == "u" else low), high, shape, dtype, True)
    return np.asarray(random.uniform(low, high, shape)).astype(dtype)


def shapes_for(number):
    """One pair of SHAPES after the other."""
    return SHAPES[number % len(SHAPES)]


def element_type(array):
    return onnx.helper.np_dtype_to_tensor_dtype(array.dtype)


def save_array(path, array):
    """npy files have no bfloat16: its bits are saved."""
    np.save(path, array.view(np.uint16) if array.dtype == BFLOAT16 else array)


def make_model(nodes, inputs, outputs, opset, initializers=()):
    """A model whose inputs and outputs are named like these arrays."""

    def describe(arrays):
        return [onnx.helper.make_tensor_value_info(name, element_type(a), a.shape) for name, a in arrays.items()]

    graph = onnx.helper.make_graph(nodes, "cases", describe(inputs), describe(outputs), list(initializers))
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)


def run_model(model, inputs, directory, *options):
    """The finished process of `toeplitz run`, and its outputs by name (none if it failed)."""
    directory = pathlib.Path(directory)
    path = directory / "model.onnx"
    path.write_bytes(model.SerializeToString())
    arguments = []
    for place, (name, array) in enumerate(inputs.items()):
        save_array(directory / f"input{place}.npy", array)
        arguments += ["--input", f"{name}={directory}/input{place}.npy"]
    names = [output.name for output in model.graph.output]
    for place, name in enumerate(names):
        arguments += ["--output", f"{name}={directory}/output{place}.npy"]
    process = run_toeplitz("run", path, *arguments, *options)
    if process.returncode != 0:
        return process, {}
    return process, {name: np.load(directory / f"output{place}.npy") for place, name in enumerate(names)}


def evaluate_node(node, arrays, opset):
    """The results of onnx.reference."""
    inputs = {name: array for name, array in zip(node.input, arrays) if name}
    model = make_model([node], inputs, {}, opset)
    for name in node.output:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [np.asarray(r) for r in onnx.reference.ReferenceEvaluator(model).run(None, inputs)]


def find_difference(found, expected, tolerance=None):
    """What is wrong with an output; None if nothing is."""
    expected = np.asarray(expected)
    kept = np.dtype(np.float32) if expected.dtype == BFLOAT16 else expected.dtype
    if found.shape != expected.shape:
        return f"shape {found.shape}, expected {expected.shape}"
    if found.dtype != kept:
        return f"type {found.dtype}, expected {kept}"
    if expected.dtype not in _TOLERANCES:
        if np.array_equal(found, expected):
            return None
        place = np.unravel_index(np.argmax(found != expected), found.shape)
        return f"{found[place]} at {list(map(int, place))}, expected {expected[place]}"
    found, wide = found.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(wide)
    if not np.array_equal(found[~finite], wide[~finite], equal_nan=True):
        return f"{found[~finite][:4]} where {wide[~finite][:4]} was expected"
    if not finite.any():
        return None
    tolerance = _TOLERANCES[expected.dtype] if tolerance is None else tolerance
    # Each number against its own magnitude, small ones against 1.
    errors = np.abs(found[finite] - wide[finite]) / np.maximum(np.abs(wide[finite]), 1)
    if not np.all(errors <= tolerance):
        worst = np.argmax(np.where(np.isnan(errors), np.inf, errors))
        return f"{found[finite][worst]}, expected {wide[finite][worst]}"
    return None


class Cases:
    """Nodes with their inputs and expected results."""

    def __init__(self, opset):
        self.opset = opset
        self.nodes, self.inputs, self.expected, self.names, self.tolerances = [], {}, {}, {}, {}

    def add(self, operator, *arrays, outputs=1, constants=(), expected=None, tolerance=None, label="", reference_opset=None, **attributes):
        """One node. Inputs may be None, for optional ones; those whose positions are in `constants` are known to the compiler.
        The expected results are those of onnx.reference, unless they are given; it knows some operators in newer opsets alone."""
        number = len(self.nodes)
        names = ["" if array is None else f"x{number}_{place}" for place, array in enumerate(arrays)]
        results = [f"y{number}_{place}" for place in range(outputs)]
        node = onnx.helper.make_node(operator, names, results, **attributes)
        if expected is None:
            expected = evaluate_node(node, arrays, reference_opset or self.opset)
        self.nodes.append((node, [names[place] for place in constants]))
        self.inputs.update((name, array) for name, array in zip(names, arrays) if name)
        for name, array in zip(results, expected):
            self.expected[name] = array
            self.tolerances[name] = tolerance
            kinds = ", ".join(f"{a.dtype}{list(a.shape)}" for a in arrays if a is not None)
            self.names[name] = f"{operator} {label} {attributes or ''} of {kinds}"

    def check(self, directory, *options):
        """Compiles and runs all nodes, and compares all results."""
        constants = {name for _, names in self.nodes for name in names}
        inputs = {name: array for name, array in self.inputs.items() if name not in constants}
        initializers = [onnx.numpy_helper.from_array(self.inputs[name], name) for name in sorted(constants)]
        model = make_model([node for node, _ in self.nodes], inputs, self.expected, self.opset, initializers)
        process, found = run_model(model, inputs, directory, *options)
        assert process.returncode == 0, process.stderr
        wrong = {
            self.names[name]: find_difference(found[name], expected, self.tolerances[name])
            for name, expected in self.expected.items()
        }
        wrong = {name: what for name, what in wrong.items() if what}
        assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
