"""ONNX models as files, messages and bytes; their element types; what they leave open."""

import os

import ml_dtypes
import numpy
import onnx
import onnx_models
import pytest
from onnx import helper, numpy_helper

import toeplitz

TYPES = {
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "float16": "FLOAT16",
    "bfloat16": "BFLOAT16",
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "uint16": "UINT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "int64": "INT64",
    "uint64": "UINT64",
    "bool": "BOOL",
}


def dtype_of(name):
    return numpy.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else numpy.dtype(name)


@pytest.mark.parametrize("name", TYPES)
def test_element_types(name):
    """Each goes in and comes out as numpy has it, and nothing else does."""
    node = helper.make_node("Concat", ["a", "b"], ["y"], axis=0)
    element_type = TYPES[name]
    inputs = [("a", element_type, [2, 2]), ("b", element_type, [1, 2])]
    network = toeplitz.compile(onnx_models.make_model([node], inputs, [("y", element_type, [3, 2])]))
    assert [(tensor.type, tensor.dtype) for tensor in network.inputs + network.outputs] == [(name, dtype_of(name))] * 3
    a = numpy.array([[0, 1], [2, 100]]).astype(dtype_of(name))
    b = numpy.array([[1, 1]]).astype(dtype_of(name))
    result = network(a, b)
    assert result.dtype == dtype_of(name)
    numpy.testing.assert_array_equal(result, numpy.concatenate([a, b]))
    other = "float32" if name != "float32" else "float64"
    with pytest.raises(toeplitz.InputError, match=f"input 'b': found elements of type {other}, expected {name}"):
        network(a, b.astype(other))
    numpy.testing.assert_array_equal(network(a, b.tolist()), result)


def test_bits_of_bfloat16():
    """For those who have no such type."""
    network = toeplitz.compile(onnx_models.make_unary("Neg", "BFLOAT16", (2,)))
    values = numpy.array([1.5, -2], ml_dtypes.bfloat16)
    result = network(values.view(numpy.uint16))
    numpy.testing.assert_array_equal(result, -values)


def test_numbers_without_a_type():
    network = toeplitz.compile(onnx_models.make_unary("Neg", "INT8", (2,)))
    numpy.testing.assert_array_equal(network([100, -3]), numpy.int8([-100, 3]))
    for wrong in ([300, 1], [1.5, 1], [-129, 0]):
        with pytest.raises(toeplitz.InputError, match="input 'x': found numbers of type .*, expected int8"):
            network(wrong)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_scalars_and_empty_tensors(shape):
    network = toeplitz.compile(onnx_models.make_unary("Neg", shape=shape))
    x = numpy.full(shape, 2, numpy.float32)
    result = network(x)
    assert isinstance(result, numpy.ndarray)
    assert (result.shape, result.dtype) == (shape, numpy.float32)
    numpy.testing.assert_array_equal(result, -x)


def test_all_ways_in(tmp_path):
    model = onnx_models.make_unary("Neg")
    onnx.save(model, tmp_path / "negation.onnx")
    x = numpy.float32([[1, 2, 3], [4, 5, 6]])
    for source, name in (
        (tmp_path / "negation.onnx", "negation"),
        (str(tmp_path / "negation.onnx"), "negation"),
        (model, "neg"),
        (model.SerializeToString(), "model"),
    ):
        network = toeplitz.compile(source)
        assert network.name == name
        numpy.testing.assert_array_equal(network(x), -x)
    assert toeplitz.compile(model, name="mine").name == "mine"
    with pytest.raises(toeplitz.CompileError, match="--name: expected a C identifier, found 'not mine'"):
        toeplitz.compile(tmp_path / "negation.onnx", name="not mine")


def test_external_data(tmp_path, monkeypatch):
    """Weights in a file beside the model, which is named by a path relative to the current folder."""
    weights = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    model = onnx_models.make_model(
        [helper.make_node("Add", ["x", "weights"], ["y"])],
        [("x", "FLOAT", [2, 3])],
        [("y", "FLOAT", [2, 3])],
        [numpy_helper.from_array(weights, "weights")],
    )
    os.mkdir(tmp_path / "models")
    onnx.save(model, tmp_path / "models" / "sum.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    monkeypatch.chdir(tmp_path)
    network = toeplitz.compile("models/sum.onnx")
    x = numpy.ones((2, 3), numpy.float32)
    numpy.testing.assert_array_equal(network(x), weights + 1)


def test_errors_name_model_and_node():
    model = onnx_models.make_unary("Neg")
    model.graph.node[0].op_type = "Negate"
    model.graph.node[0].name = "n1"
    with pytest.raises(toeplitz.CompileError, match=r"^neg\.onnx: .*'n1'.*operator 'Negate' is not supported"):
        toeplitz.compile(model)
    with pytest.raises(toeplitz.CompileError, match="input 'z'"):
        toeplitz.compile(onnx_models.make_unary("Neg"), shapes={"z": (1,)})


def open_model():
    """A dimension without a size, and one with a name."""
    node = helper.make_node("Neg", ["x"], ["y"])
    return onnx_models.make_model([node], [("x", "FLOAT", ["batch", "size"])], [("y", "FLOAT", ["batch", "size"])])


def test_shapes():
    network = toeplitz.compile(open_model(), shapes={"x": (4, 5)})
    assert network.inputs[0].shape == network.outputs[0].shape == (4, 5)
    with pytest.raises(toeplitz.CompileError, match="dimension 1 of input 'x' is left open"):
        toeplitz.compile(open_model())


def test_batch():
    model = onnx_models.make_unary("Neg", shape=("batch", 3))
    with pytest.warns(toeplitz.CompileWarning, match="the batch of input 'x' is left open"):
        assert toeplitz.compile(model).inputs[0].shape == (1, 3)
    assert toeplitz.compile(model, batch=7).inputs[0].shape == (7, 3)


def test_constants():
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    inputs = [("x", "FLOAT", [2, 3]), ("shape", "INT64", [2])]
    model = onnx_models.make_model([node], inputs, [("y", "FLOAT", None)])
    network = toeplitz.compile(model, constants={"shape": numpy.int64([3, -1])})
    assert [tensor.name for tensor in network.inputs] == ["x"]
    assert network.outputs[0].shape == (3, 2)
    with pytest.raises(toeplitz.CompileError, match="input 'shape' must be known when compiling"):
        toeplitz.compile(model)
