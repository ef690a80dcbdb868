"""Networks of a GPU on tensors in its memory, which come by DLPack: on a GPU, emulated by default, and on the stub of the driver."""

import ctypes
import itertools
import os
import re
import shutil
import subprocess
import sys

import numpy
import pytest
from device_tensors import DEVICE, put_on_device
from dlpack_producer import CPU, CUDA, Producer
from gpu_target import ARCHITECTURE, IS_EMULATED, only_in_emulation
from test_gpu_networks import BUILD, ROOT, build_library, expect

import toeplitz


@pytest.fixture(scope="module")
def gpu(folder):
    """One input x (1, 3, 8, 8), one output relu (1, 4, 8, 8), on a GPU."""
    return toeplitz.compile(folder / "small.json", target="cuda", gpu_arch=ARCHITECTURE)


@pytest.fixture(scope="module")
def gpu_two(folder):
    return toeplitz.compile(folder / "two.json", target="cuda", gpu_arch=ARCHITECTURE)


@pytest.fixture(scope="module")
def gpu_batch(folder):
    return toeplitz.compile(folder / "small.json", target="cuda", gpu_arch=ARCHITECTURE, batch="dynamic")


def result_of(shape=(1, 4, 8, 8), **options):
    return put_on_device(numpy.full(shape, numpy.nan, numpy.float32), **options)


@pytest.mark.parametrize("versioned, strided", list(itertools.product([False, True], repeat=2)))
def test_result(gpu, small, x, versioned, strided):
    """The same as the processor computes, and each capsule is consumed and given back once."""
    source = put_on_device(x, versioned=versioned, strided=strided)
    target = result_of(versioned=versioned, strided=strided)
    for run in range(1, 4):
        target.write(numpy.nan)
        assert gpu.run_device(source, target) is None
        numpy.testing.assert_allclose(target.read(), small(x), rtol=1e-5, atol=1e-5)
        for tensor in (source, target):
            assert tensor.deleted == run
            assert tensor.names() == [b"used_dltensor_versioned" if versioned else b"used_dltensor"] * run
            # In the CPU's memory there is no stream to be told of; 1 is the default one of CUDA.
            expected = {"stream": None if IS_EMULATED else 1} | ({"max_version": (1, 0)} if versioned else {})
            assert tensor.asked == [expected] * run


@only_in_emulation("numpy has no memory there")
def test_numpy_has_dlpack_too(gpu, small, x):
    result = numpy.full((1, 4, 8, 8), numpy.nan, numpy.float32)
    gpu.run_device({"x": x}, {"relu": result})
    numpy.testing.assert_allclose(result, small(x), rtol=1e-5, atol=1e-5)


def test_several_tensors(gpu_two):
    a, b = numpy.float32([[1, 2, 3], [4, 5, 6]]), numpy.full((2, 3), 2, numpy.float32)
    first, second = put_on_device(a), put_on_device(b)
    results = [put_on_device(numpy.zeros((2, 3), numpy.float32)) for _ in range(2)]
    gpu_two.run_device([first, second], results)
    numpy.testing.assert_array_equal(results[0].read(), a + b)
    numpy.testing.assert_array_equal(results[1].read(), a * b)
    gpu_two.run_device({"b": first, "a": first}, {"product": results[0], "sum": results[1]})
    numpy.testing.assert_array_equal(results[0].read(), a * a)
    numpy.testing.assert_array_equal(results[1].read(), a + a)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_batches(gpu_batch, small, batch):
    x = numpy.random.default_rng(5).standard_normal((batch, 3, 8, 8), numpy.float32)
    target = result_of((batch, 4, 8, 8))
    gpu_batch.run_device(put_on_device(x), target)
    found = target.read()
    for sample in range(batch):
        numpy.testing.assert_allclose(found[sample], small(x[sample : sample + 1])[0], rtol=1e-5, atol=1e-5)
    if batch:
        with pytest.raises(toeplitz.InputError, match=rf"output 'relu': found shape \(9, 4, 8, 8\), expected \({batch}, 4, 8, 8\)"):
            gpu_batch.run_device(put_on_device(x), result_of((9, 4, 8, 8)))


@pytest.mark.parametrize("source_place, target_place", [(0, 0), (4, 0), (0, 8), (12, 20)])
def test_places(gpu, small, x, source_place, target_place):
    """Tensors needn't be aligned to more than their elements, at an address or behind a byte_offset."""
    source, target = put_on_device(x, offset=source_place), result_of(offset=target_place)
    gpu.run_device(source, target)
    numpy.testing.assert_allclose(target.read(), small(x), rtol=1e-5, atol=1e-5)
    for tensor, place in ((source, source_place), (target, target_place)):
        tensor.fields = {"data": tensor.address() - place, "byte_offset": place}
    target.write(numpy.nan)
    gpu.run_device(source, target)
    numpy.testing.assert_allclose(target.read(), small(x), rtol=1e-5, atol=1e-5)


def test_dimensions_of_one_have_any_stride(gpu, small, x):
    target = result_of()
    gpu.run_device(put_on_device(x, strides=(ctypes.c_int64 * 4)(77, 64, 8, 1)), target)
    numpy.testing.assert_allclose(target.read(), small(x), rtol=1e-5, atol=1e-5)


def test_read_only_inputs(gpu, small, x):
    target = result_of()
    gpu.run_device(put_on_device(x, flags=1), target)
    numpy.testing.assert_allclose(target.read(), small(x), rtol=1e-5, atol=1e-5)


OTHER = CUDA if IS_EMULATED else CPU
EXPECTED = "in the CPU's memory, as the GPU is emulated (type 1)" if IS_EMULATED else "on the CUDA device 0 (type 2)"
REFUSED = [
    ({"device": (OTHER, 0)}, f"is on device 0 of DLPack's type {OTHER}, expected it {EXPECTED}"),
    ({"device_type": OTHER}, f"is on device 0 of DLPack's type {OTHER}, expected it {EXPECTED}"),
    ({"device_id": 1}, f"is on device 1 of DLPack's type {DEVICE[0]}, expected it {EXPECTED}"),
    ({"bits": 64}, ": found elements of type float64, expected float32"),
    ({"code": 0}, ": found elements of type int32, expected float32"),
    ({"code": 5}, ": found elements of type complex32, expected float32"),
    ({"code": 99}, ": found elements of type code 99, 32, expected float32"),
    ({"lanes": 4}, ": found elements of type float32x4, expected float32"),
    ({"ndim": 2, "strided": False}, ": found shape ("),
    ({"ndim": 0}, ": found shape ()"),
    ({"byte_offset": 2}, ", which isn't aligned to its elements of 4 bytes"),
    ({"data": None}, " has no address"),
    ({"major": 2}, " comes by version 2 of DLPack, expected 1"),
    ({"error": BufferError("it is somewhere else")}, ": Producer doesn't hand it out: it is somewhere else"),
]


@pytest.mark.parametrize("options, message", REFUSED)
def test_refused_tensors(gpu, x, options, message):
    """Whichever of them it is; and what was handed out is given back."""
    y = numpy.zeros((1, 4, 8, 8), numpy.float32)
    for name in ("input 'x'", "output 'relu'"):
        bad = put_on_device(x if name == "input 'x'" else y, **options)
        good = put_on_device(y if name == "input 'x'" else x)
        with pytest.raises(toeplitz.InputError) as raised:
            gpu.run_device(*((bad, good) if name == "input 'x'" else (good, bad)))
        assert str(raised.value).startswith(name) and message in str(raised.value)
        assert bad.deleted == len(bad.capsules) and good.deleted == len(good.capsules)
        assert isinstance(raised.value, ValueError)
        assert not (good if name == "input 'x'" else bad).read().any()


def test_refused_layouts(gpu, x):
    for array in (numpy.asfortranarray(x), numpy.repeat(x, 2, axis=3)[..., ::2], x[..., ::-1]):
        source, target = Producer(array, device=DEVICE), result_of()
        with pytest.raises(toeplitz.InputError, match=r"input 'x' isn't contiguous in C order: strides of \(.*\) elements for shape"):
            gpu.run_device(source, target)
        assert source.deleted == 1


def test_refused_outputs(gpu, gpu_two, x):
    for flags, what in ((1, "is read-only"), (2, "is handed out as a copy")):
        target = result_of(flags=flags)
        with pytest.raises(toeplitz.InputError, match=f"output 'relu' {what}: it can't be written to"):
            gpu.run_device(put_on_device(x), target)
        assert target.deleted == 1
    a, b, c = (put_on_device(numpy.zeros((2, 3), numpy.float32)) for _ in range(3))
    with pytest.raises(toeplitz.InputError, match="output 'product' shares memory with input 'b'"):
        gpu_two.run_device([a, b], [c, b])
    with pytest.raises(toeplitz.InputError, match="output 'product' shares memory with output 'sum'"):
        gpu_two.run_device([a, b], [c, c])
    gpu_two.run_device([a, a], [b, c])


def test_refused_arguments(gpu, gpu_two, small, x):
    array, x, y = x, put_on_device(x), result_of()
    with pytest.raises(toeplitz.InputError, match="input 'x': found float, expected a tensor that has __dlpack__"):
        gpu.run_device(1.5, y)
    with pytest.raises(toeplitz.InputError, match=re.escape("found 2 inputs, expected 1: x: float32[1, 3, 8, 8]")):
        gpu.run_device([x, x], y)
    with pytest.raises(toeplitz.InputError, match=re.escape("found 1 outputs, expected 2: sum: float32[2, 3], product")):
        gpu_two.run_device([x, x], y)
    with pytest.raises(toeplitz.InputError, match="there is no output 'y', expected relu"):
        gpu.run_device(x, {"y": y})
    with pytest.raises(toeplitz.InputError, match="missing input 'x', expected x"):
        gpu.run_device({}, y)
    for stream in (0, -1):
        with pytest.raises(ValueError, match=f"stream: found {stream}, expected 1 "):
            gpu.run_device(x, y, stream=stream)
    for stream in ("1", 1.0, True):
        with pytest.raises(TypeError, match=f"stream: found {type(stream).__name__}, expected a number"):
            gpu.run_device(x, y, stream=stream)
    with pytest.raises(toeplitz.RunError, match="'small' runs on the processor here"):
        small.run_device(x, y)

    class Consumed(Producer):
        def __dlpack__(self, **options):
            return self.capsules[0] if self.capsules else super().__dlpack__(**options)

    used = Consumed(array, device=DEVICE)
    with pytest.raises(toeplitz.InputError, match="output 'relu' is read-only"):
        gpu.run_device(used, result_of(flags=1))
    with pytest.raises(toeplitz.InputError, match="input 'x': __dlpack__ of Consumed has returned no capsule of DLPack's"):
        gpu.run_device(used, y)
    assert used.deleted == 1


def test_calls_say_what_to_use(gpu, x):
    with pytest.raises(toeplitz.InputError, match="input 'x' is on another device than the CPU: .* or use Network.run_device"):
        gpu(Producer(x, device=(CUDA, 0)))
    assert gpu(Producer(x, device=(CPU, 0))).shape == (1, 4, 8, 8)


PROGRAM = """
import ctypes, sys, numpy, toeplitz
from dlpack_producer import CPU, CUDA, Producer
path = sys.argv[1]
# The stub looks for kernels in what is visible to the whole process; its device memory is the host's.
visible = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
network = toeplitz.load(path)
x = numpy.arange(300, dtype=numpy.float32).reshape(1, 300)
class Stream:
    def __cuda_stream__(self):
        return 0, 2
class DefaultStream:
    def __cuda_stream__(self):
        return 0, 0
for stream, told in ((None, 1), (1, 1), (2, 2), (Stream(), 2), (DefaultStream(), 1)):
    source, target = Producer(x, device=(CUDA, 0)), Producer(numpy.zeros_like(x), device=(CUDA, 0), versioned=False)
    network.run_device(source, target, stream=stream)
    assert source.asked == [{"stream": told, "max_version": (1, 0)}], source.asked
    assert target.asked == [{"stream": told}], target.asked
    assert source.deleted == target.deleted == 1
    numpy.testing.assert_array_equal(target.array, network(x))
    print(target.array[0, :4])
def attempt(*tensors):
    try:
        network.run_device(*tensors)
    except toeplitz.RunError as error:
        print(error)
    assert all(tensor.deleted == len(tensor.capsules) for tensor in tensors)
attempt(Producer(x, device=(CUDA, 1)), Producer(x, device=(CUDA, 0)))
attempt(Producer(x, device=(CUDA, 0)), Producer(x, device=(CPU, 0)))
import os
os.environ["STUB_CUDA_FAIL"] = "cuLaunchKernel:14:719"
attempt(Producer(x, device=(CUDA, 0)), Producer(x.copy(), device=(CUDA, 0)))
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_device(tmp_path):
    library = build_library(tmp_path, 0, 0)
    paths = os.pathsep.join([str(ROOT / "python"), str(ROOT / "test" / "support")])
    variables = os.environ | {"LD_LIBRARY_PATH": str(BUILD / "test" / "stub_cuda"), "PYTHONPATH": paths}
    result = subprocess.run([sys.executable, "-c", PROGRAM, str(library)], env=variables, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    first = str(expect(numpy.arange(300, dtype=numpy.float32).reshape(1, 300))[0, :4])
    assert lines[:5] == [first] * 5
    assert lines[5:] == [
        "input 'x' is on device 1 of DLPack's type 2, expected it on the CUDA device 0 (type 2)",
        "output 'y' is on device 0 of DLPack's type 1, expected it on the CUDA device 0 (type 2)",
        "'scaled' can't be run on a GPU: cuLaunchKernel, kernel 'add' with 3 blocks of 128 threads: CUDA_ERROR_LAUNCH_FAILED",
    ]
