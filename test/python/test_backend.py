"""toeplitz.backend: the interface of onnx.backend.base."""

import concurrent.futures
import threading

import numpy
import onnx_models
import pytest
from onnx import helper
from onnx.backend.base import Backend, BackendRep

import toeplitz
import toeplitz.backend as backend


def test_interface():
    assert issubclass(backend.ToeplitzBackend, Backend)
    assert backend.supports_device("CPU")
    assert backend.supports_device("CPU:0")
    assert not backend.supports_device("CUDA")
    assert not backend.supports_device("abacus")
    prepared = backend.prepare(onnx_models.make_unary("Neg"))
    assert isinstance(prepared, BackendRep)
    x = numpy.ones((2, 3), numpy.float32)
    for inputs in ([x], (x,), {"x": x}, x):
        outputs = prepared.run(inputs)
        assert isinstance(outputs, tuple)
        numpy.testing.assert_array_equal(outputs[0], -x)
    numpy.testing.assert_array_equal(backend.run_model(onnx_models.make_unary("Neg"), [x])[0], -x)
    with pytest.raises(ValueError, match="device: found CUDA, expected CPU"):
        backend.prepare(onnx_models.make_unary("Neg"), "CUDA")
    with pytest.raises(toeplitz.InputError, match="found 2 inputs, expected 1: x"):
        prepared.run([x, x])


def test_is_compatible():
    assert backend.is_compatible(onnx_models.make_unary("Neg"))
    unknown = onnx_models.make_unary("Neg")
    unknown.graph.node[0].op_type = "Negate"
    assert not backend.is_compatible(unknown)
    assert not backend.is_compatible(onnx_models.make_unary("Neg"), "CUDA")
    with pytest.raises(toeplitz.CompileError, match="operator 'Negate' is not supported"):
        backend.prepare(unknown)


def test_run_node():
    x = numpy.float32([[1, -2], [3, -4]])
    (y,) = backend.run_node(helper.make_node("Neg", ["x"], ["y"]), [x])
    numpy.testing.assert_array_equal(y, -x)
    (y,) = backend.run_node(helper.make_node("Add", ["x", "x"], ["y"]), {"x": x}, opset_version=13)
    numpy.testing.assert_array_equal(y, 2 * x)
    outputs_info = [(numpy.float32, (2, 2))]
    (y,) = backend.run_node(helper.make_node("Clip", ["x", "", "high"], ["y"]), [x, numpy.float32(2)], "CPU", outputs_info)
    numpy.testing.assert_array_equal(y, numpy.minimum(x, 2))


def count_compilations(monkeypatch):
    compilations = []

    def compile_and_count(*arguments, **options):
        compilations.append(options)
        return toeplitz.compile(*arguments, **options)

    monkeypatch.setattr(backend, "compile_model", compile_and_count)
    return compilations


def make_reshape():
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    inputs = [("x", "FLOAT", [2, 3]), ("shape", "INT64", [2])]
    return onnx_models.make_model([node], inputs, [("y", "FLOAT", None)])


def test_values_that_shapes_depend_on(monkeypatch):
    """The first run shows them; each new one is compiled once."""
    prepared = backend.prepare(make_reshape())
    compilations = count_compilations(monkeypatch)
    x = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    for shape in ([3, 2], [6, 1], [3, 2], [1, -1]):
        (y,) = prepared.run([x, numpy.int64(shape)])
        numpy.testing.assert_array_equal(y, x.reshape(shape))
    assert len(compilations) == 3


def test_open_shapes(monkeypatch):
    node = helper.make_node("Neg", ["x"], ["y"])
    model = onnx_models.make_model([node], [("x", "FLOAT", ["n", "m"])], [("y", "FLOAT", ["n", "m"])])
    compilations = count_compilations(monkeypatch)
    prepared = backend.prepare(model)
    for shape in ((2, 3), (4, 1), (2, 3)):
        x = numpy.ones(shape, numpy.float32)
        numpy.testing.assert_array_equal(prepared.run([x])[0], -x)
    assert len(compilations) == 2


def test_threads():
    """Runs that want different networks, side by side."""
    prepared = backend.prepare(make_reshape())
    x = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    barrier = threading.Barrier(4)

    def run(shape):
        barrier.wait(timeout=60)
        for _ in range(50):
            numpy.testing.assert_array_equal(prepared.run([x, numpy.int64(shape)])[0], x.reshape(shape))

    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        for future in [executor.submit(run, shape) for shape in ([3, 2], [6, 1], [1, 6], [2, 3])]:
            future.result(timeout=120)
