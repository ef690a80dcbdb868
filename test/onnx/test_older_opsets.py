"""Models of opset 6, and of those before as far as their operators hadn't changed until 7."""

import numpy
import onnx_models
import pytest
from onnx import helper

import toeplitz


def compile_binary(operator, left, right, opset=6, element_type="FLOAT", **attributes):
    node = helper.make_node(operator, ["a", "b"], ["y"], **attributes)
    inputs = [("a", element_type, left), ("b", element_type, right)]
    return toeplitz.compile(onnx_models.make_model([node], inputs, [("y", element_type, None)], opset=opset))


@pytest.mark.parametrize("operator, function", [("Add", numpy.add), ("Sub", numpy.subtract), ("Mul", numpy.multiply)])
@pytest.mark.parametrize(
    "right, axis, aligned",
    [((4,), None, (4,)), ((3,), 1, (3, 1)), ((2, 3), 0, (2, 3, 1)), ((3,), -2, (3, 1)), ((1, 1), 0, (1, 1, 1))],
)
def test_broadcasting(operator, function, right, axis, aligned):
    attributes = {"broadcast": 1} | ({} if axis is None else {"axis": axis})
    network = compile_binary(operator, (2, 3, 4), right, **attributes)
    random = numpy.random.default_rng(0)
    a = random.standard_normal((2, 3, 4), numpy.float32)
    b = random.standard_normal(right, numpy.float32)
    numpy.testing.assert_array_equal(network(a, b), function(a, b.reshape(aligned)))


def test_broadcasting_fails():
    with pytest.raises(toeplitz.CompileError, match="attribute 'axis' is 2, which leaves no room for input 1 of rank 2"):
        compile_binary("Add", (2, 3, 4), (3, 4), broadcast=1, axis=2)
    with pytest.raises(toeplitz.CompileError, match="attribute 'axis'"):
        compile_binary("Add", (2, 3, 4), (3, 4), broadcast=1, axis=3)


def test_slopes_of_channels():
    network = compile_binary("PRelu", (1, 2, 3, 3), (2,))
    x = numpy.random.default_rng(0).standard_normal((1, 2, 3, 3), numpy.float32)
    slopes = numpy.float32([0.5, -2])
    expected = numpy.where(x < 0, x * slopes.reshape(2, 1, 1), x)
    numpy.testing.assert_array_equal(network(x, slopes), expected)


def make_batch_normalization(**attributes):
    names = ["x", "scale", "bias", "mean", "variance"]
    node = helper.make_node("BatchNormalization", names, ["y"], **attributes)
    inputs = [("x", "FLOAT", [1, 2, 3, 3])] + [(name, "FLOAT", [2]) for name in names[1:]]
    return onnx_models.make_model([node], inputs, [("y", "FLOAT", None)], opset=6)


def test_training_is_refused():
    with pytest.raises(toeplitz.CompileError, match="attribute 'is_test' is 0, expected 1"):
        toeplitz.compile(make_batch_normalization())
    with pytest.raises(toeplitz.CompileError, match="attribute 'is_test' is 0, expected 1"):
        toeplitz.compile(make_batch_normalization(is_test=0))


def test_opset_1():
    """Not is still what it was. Add isn't."""
    node = helper.make_node("Not", ["x"], ["y"])
    model = onnx_models.make_model([node], [("x", "BOOL", [2])], [("y", "BOOL", [2])], opset=1)
    numpy.testing.assert_array_equal(toeplitz.compile(model)([True, False]), [False, True])
    with pytest.raises(toeplitz.CompileError, match="operator 'Add' is not supported in opset 5, the model's"):
        compile_binary("Add", (2,), (2,), opset=5)
    with pytest.raises(toeplitz.CompileError, match="the model is in opset 0, expected 1 to 28"):
        compile_binary("Add", (2,), (2,), opset=0)
