"""`inner-product` inside of networks: what lies behind the last channel of its input, residuals and activations, results written apart."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_runtime import run_onnx_model
from test_algorithms import runs_here
from toeplitz_process import Library, compile_network

CHANNELS = 17


def network(random):
    """Two branches of channels that don't fill a vector, whose reciprocals are infinite behind the last one, were zeros there."""
    def weights(name, *shape):
        values = random.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        return numpy_helper.from_array(values.astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["y0"], pads=[1, 1, 1, 1]),
        helper.make_node("Abs", ["y0"], ["y1"]),
        helper.make_node("Add", ["y1", "half"], ["y2"]),
        helper.make_node("Reciprocal", ["y2"], ["y3"]),
        helper.make_node("Conv", ["y3", "w1", "b1"], ["y4"], pads=[1, 1, 1, 1], name="image"),
        helper.make_node("Add", ["y4", "r"], ["y5"]),
        helper.make_node("Tanh", ["y5"], ["y"]),
        helper.make_node("ConvTranspose", ["y3", "w2", "b1"], ["z4"], strides=[2, 2], name="large"),
        helper.make_node("Add", ["z4", "s"], ["z5"]),
        helper.make_node("Sigmoid", ["z5"], ["z"]),
    ]
    inputs = {"x": (2, 5, 9, 21), "r": (2, 3, 9, 21), "s": (2, 3, 18, 42)}
    graph = helper.make_graph(
        nodes,
        "images",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("y", inputs["r"]), ("z", inputs["s"]))],
        [
            weights("w0", CHANNELS, 5, 3, 3),
            weights("b0", CHANNELS),
            numpy_helper.from_array(np.full((CHANNELS, 1, 1), 0.5, np.float32), "half"),
            weights("w1", 3, CHANNELS, 3, 3),
            weights("w2", CHANNELS, 3, 2, 2),
            weights("b1", 3),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model, {name: random.normal(size=shape).astype(np.float32) for name, shape in inputs.items()}


@pytest.mark.parametrize("cpu", ("native", "x86-64", "x86-64-v3", "x86-64-v4"))
def test_in_a_network(cpu, tmp_path):
    if cpu != "native" and not runs_here(cpu):
        pytest.skip(f"this processor is no {cpu}")
    model, inputs = network(np.random.default_rng(5))
    path = tmp_path / "images.onnx"
    onnx.save(model, path)
    options = ("--algorithm=image=inner-product,large=inner-product", f"--mcpu={cpu}")
    found = Library(compile_network(path, tmp_path, *options)).run(inputs)
    expected = run_onnx_model(model, inputs)
    for name in ("y", "z"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-5, err_msg=name)
