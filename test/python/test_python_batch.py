"""Networks whose batch is chosen by each call."""

import concurrent.futures

import numpy
import onnx_models
import pytest
from onnx import helper, numpy_helper

import toeplitz


@pytest.fixture(scope="module")
def network():
    """A convolution with an activation, and their mean: outputs of two ranks."""
    weights = numpy.random.default_rng(1).standard_normal((4, 3, 3, 3), numpy.float32)
    nodes = [
        helper.make_node("Conv", ["x", "weights"], ["conv"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv"], ["y"]),
        helper.make_node("ReduceMean", ["y"], ["mean"], axes=[1, 2, 3], keepdims=0),
    ]
    model = onnx_models.make_model(
        nodes,
        [("x", "FLOAT", ["n", 3, 6, 6])],
        [("y", "FLOAT", None), ("mean", "FLOAT", None)],
        [numpy_helper.from_array(weights, "weights")],
    )
    return toeplitz.compile(model, batch="dynamic", threads=2)


def images(count):
    return numpy.random.default_rng(count).standard_normal((count, 3, 6, 6), numpy.float32)


def test_description(network):
    assert network.inputs[0].shape == (toeplitz.DYNAMIC, 3, 6, 6)
    assert [tensor.shape for tensor in network.outputs] == [(toeplitz.DYNAMIC, 4, 6, 6), (toeplitz.DYNAMIC,)]
    assert str(network.inputs[0]) == "x: float32[batch, 3, 6, 6]"
    assert network.workspace_bytes(8) >= network.workspace_bytes(1) >= 0
    with pytest.raises(MemoryError):
        network.workspace_bytes(2**62)


def test_batches(network):
    """Each sample's results have the same bits, whatever it is computed with."""
    x = images(7)
    y, mean = network(x)
    assert y.shape == (7, 4, 6, 6) and mean.shape == (7,)
    for index in range(7):
        one, one_mean = network(x[index : index + 1])
        numpy.testing.assert_array_equal(one[0], y[index])
        numpy.testing.assert_array_equal(one_mean[0], mean[index])
    numpy.testing.assert_allclose(mean, y.mean(axis=(1, 2, 3)), rtol=1e-5, atol=1e-6)
    empty, empty_mean = network(x[:0])
    assert empty.shape == (0, 4, 6, 6) and empty_mean.shape == (0,)


def test_side_by_side(network):
    """Threads with batches of different sizes, so with workspaces of different sizes."""
    expected = {count: network(images(count)) for count in range(1, 9)}

    def compute(count):
        for _ in range(50):
            for result, wanted in zip(network(images(count)), expected[count]):
                numpy.testing.assert_array_equal(result, wanted)

    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        for future in [executor.submit(compute, count) for count in expected]:
            future.result(timeout=120)


def test_wrong_shapes(network):
    with pytest.raises(toeplitz.InputError, match=r"input 'x': found shape \(2, 3, 6, 5\), expected \(batch, 3, 6, 6\)"):
        network(images(2)[..., :5])
    with pytest.raises(toeplitz.InputError, match=r"input 'x': found shape \(3, 6, 6\), expected \(batch, 3, 6, 6\)"):
        network(images(1)[0])


def test_batches_that_differ():
    node = helper.make_node("Add", ["a", "b"], ["y"])
    inputs = [("a", "FLOAT", ["n", 2]), ("b", "FLOAT", ["n", 2])]
    network = toeplitz.compile(onnx_models.make_model([node], inputs, [("y", "FLOAT", None)]), batch="dynamic")
    ones = numpy.ones((3, 2), numpy.float32)
    numpy.testing.assert_array_equal(network(ones, ones), 2 * ones)
    with pytest.raises(toeplitz.InputError, match="input 'b' has a batch of 2, input 'a' one of 3"):
        network(ones, ones[:2])


def test_bench(network):
    assert network.bench(runs=3).runs == 3
    assert network.bench(images(4), runs=3).runs == 3


def test_save_and_load(network, tmp_path):
    network.save(tmp_path / "network.so")
    loaded = toeplitz.load(tmp_path / "network.so")
    assert loaded.inputs == network.inputs
    numpy.testing.assert_array_equal(loaded(images(5))[0], network(images(5))[0])
