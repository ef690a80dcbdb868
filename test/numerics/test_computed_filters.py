"""Convolutions whose filters the network computes: as products of matrices, compared with ONNX Runtime."""

import dataclasses

import numpy as np
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from onnx_cases import make_model
from toeplitz_process import Library, compile_network, run_toeplitz, run_with_threads


@dataclasses.dataclass(frozen=True)
class Convolution:
    """Its input and its filters, and whether it is written as products of matrices."""

    input: tuple
    filters: tuple
    groups: int = 1
    strides: tuple = ()
    dilations: tuple = ()
    pads: tuple = ()
    products: bool = True

    @property
    def name(self):
        return "_".join(["x".join(map(str, self.input)), "x".join(map(str, self.filters)), f"{self.groups}groups", *map(str, self.strides), *map(str, self.dilations)])


CONVOLUTIONS = [
    Convolution((1, 8, 9, 11), (6, 8, 3, 3), pads=(1, 1, 1, 1)),
    Convolution((2, 6, 9, 11), (8, 3, 3, 2), 2, (2, 3), (1, 2), (0, 2, 1, 0)),
    Convolution((1, 5, 7, 6), (4, 5, 1, 1)),
    Convolution((1, 5, 7, 6), (4, 5, 1, 1), strides=(2, 2)),
    Convolution((2, 4, 37), (5, 4, 7), pads=(3, 2), dilations=(2,)),
    Convolution((1, 3, 5, 6, 7), (4, 3, 2, 3, 3), pads=(0, 1, 1, 1, 1, 1)),
    # A filter for each channel, fewer than a tile has rows.
    Convolution((1, 8, 9, 11), (8, 1, 3, 3), 8, products=False),
    # More columns than are made at a time, in parts of different sizes.
    Convolution((1, 32, 130, 129), (7, 32, 3, 3), strides=(1, 1), pads=(1, 1, 1, 1)),
    Convolution((1, 48, 200, 201), (4, 48, 5, 3), strides=(2, 1)),
]


def make_convolution(convolution):
    """The filters come in by an input, and are doubled."""
    random = np.random.default_rng(len(convolution.input))
    x = random.standard_normal(convolution.input).astype(np.float32)
    w = random.standard_normal(convolution.filters).astype(np.float32)
    attributes = {name: list(getattr(convolution, name)) for name in ("strides", "dilations", "pads") if getattr(convolution, name)}
    constants = [
        numpy_helper.from_array(np.float32(2), "two"),
        numpy_helper.from_array(random.standard_normal(convolution.filters[0]).astype(np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("Mul", ["w", "two"], ["filters"]),
        helper.make_node("Conv", ["x", "filters", "bias"], ["y"], group=convolution.groups, **attributes),
    ]
    y = np.zeros((), np.float32)
    model = make_model(nodes, {"x": x, "w": w}, {"y": y}, 17, constants)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return model, {"x": x, "w": w}


@pytest.mark.parametrize("convolution", CONVOLUTIONS, ids=lambda convolution: convolution.name)
def test_convolution(convolution, tmp_path):
    model, inputs = make_convolution(convolution)
    path = tmp_path / "convolution.onnx"
    path.write_bytes(model.SerializeToString())
    library = Library(compile_network(path, tmp_path))
    found = library.run(inputs)["y"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, inputs)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * np.abs(expected).max())
    for threads in (2, 3):
        assert run_with_threads(library, inputs, threads)["y"].tobytes() == found.tobytes()

    process = run_toeplitz("compile", path, "--emit=schedule", "-o", tmp_path / "convolution.mlir")
    assert process.returncode == 0, process.stderr
    assert ("kernel.matmul" in (tmp_path / "convolution.mlir").read_text()) == convolution.products
