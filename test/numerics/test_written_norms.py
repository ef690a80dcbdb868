"""Normalisations that a model writes as arithmetic, as PyTorch's exporter does before opset 17 and as TensorFlow's graphs do: recognised, and
compared with ONNX Runtime."""

import dataclasses

import numpy as np
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from onnx_cases import make_model
from toeplitz_process import Library, compile_network, run_toeplitz, run_with_threads


@dataclasses.dataclass(frozen=True)
class Case:
    """An input of this shape, the dimensions over which it is normalised, and the kernel that computes it, if there is one."""

    shape: tuple
    axes: tuple
    kernel: str

    @property
    def name(self):
        return f"{'x'.join(map(str, self.shape))}_over_{'_'.join(map(str, self.axes))}"


CASES = [
    Case((2, 9, 20), (2,), "kernel.normalize ins"),
    Case((1, 5, 6, 24), (3,), "kernel.normalize ins"),
    Case((1, 5, 6, 24), (-1,), "kernel.normalize ins"),
    Case((2, 20, 5, 7), (1,), "kernel.normalize_channels"),
    Case((1, 32, 11), (1,), "kernel.normalize_channels"),
    Case((2, 6, 5, 7), (2, 3), "kernel.normalize ins"),
    Case((2, 6, 5, 7), (1, 2, 3), "kernel.normalize ins"),
    Case((2, 5, 7, 6), (1, 2), None),
]


def make_normalization(case, form):
    """With a scale and a bias for each index of the last normalised dimension, or for each channel where positions are normalised."""
    random = np.random.default_rng(len(case.axes))
    axes = sorted(axis % len(case.shape) for axis in case.axes)
    along = 1 if len(axes) > 1 and axes[-1] == len(case.shape) - 1 else len(case.shape) - 1 if len(axes) > 1 else axes[0]
    shape = [size if axis == along else 1 for axis, size in enumerate(case.shape)]
    constants = [
        numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), "scale"),
        numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), "bias"),
        numpy_helper.from_array(np.float32(1e-3), "epsilon"),
        numpy_helper.from_array(np.float32(2), "two"),
    ]

    def node(kind, *inputs, **attributes):
        *inputs, output = inputs
        return helper.make_node(kind, inputs, [output], **attributes)

    nodes = [
        node("ReduceMean", "x", "mean", axes=case.axes, keepdims=1),
        node("Sub", "x", "mean", "centered"),
        node("Pow", "centered", "two", "square") if form == "quotient" else node("Mul", "centered", "centered", "square"),
        node("ReduceMean", "square", "variance", axes=case.axes, keepdims=1),
        node("Add", "variance", "epsilon", "sum"),
        node("Sqrt", "sum", "deviation"),
        node("Reciprocal", "deviation", "inverse"),
    ]
    nodes += {
        "quotient": [node("Div", "centered", "deviation", "normal"), node("Mul", "normal", "scale", "scaled"), node("Add", "scaled", "bias", "y")],
        "inverse": [node("Mul", "inverse", "centered", "normal"), node("Mul", "scale", "normal", "scaled"), node("Add", "bias", "scaled", "y")],
        "shifted": [
            node("Mul", "inverse", "scale", "factor"),
            node("Mul", "x", "factor", "product"),
            node("Mul", "mean", "factor", "shift"),
            node("Sub", "bias", "shift", "offset"),
            node("Add", "product", "offset", "y"),
        ],
    }[form]
    x = (3 + 2 * random.standard_normal(case.shape)).astype(np.float32)
    return make_model(nodes, {"x": x}, {"y": x}, 13, constants), x


@pytest.mark.parametrize("form", ["quotient", "inverse", "shifted"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_normalization(case, form, tmp_path):
    model, x = make_normalization(case, form)
    path = tmp_path / "normalization.onnx"
    path.write_bytes(model.SerializeToString())
    library = Library(compile_network(path, tmp_path))
    found = library.run({"x": x})["y"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * np.abs(expected).max())
    assert run_with_threads(library, {"x": x}, 2)["y"].tobytes() == found.tobytes()

    process = run_toeplitz("compile", path, "--emit=schedule", "-o", tmp_path / "normalization.mlir")
    assert process.returncode == 0, process.stderr
    # A scale of each channel can't be one of x * s + (b - m * s) over positions.
    if case.kernel and not (form == "shifted" and len(case.axes) > 1):
        assert case.kernel in (tmp_path / "normalization.mlir").read_text()
