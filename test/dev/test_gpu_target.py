"""The choice of a GPU for the tests: on the stub of the driver, and what it says where there is none."""

import os
import pathlib
import subprocess
import sys

import pytest
from toeplitz_process import find_tool

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(name="variables")
def without_driver(tmp_path):
    """Of an environment whose libcuda.so.1 is no library."""
    (tmp_path / "libcuda.so.1").write_text("no library")
    return os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}


def run(variables, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)


def test_no_driver(variables):
    process = run(variables, "test/support/gpu_target.py")
    assert process.returncode == 1 and process.stdout == ""
    assert process.stderr.startswith("no GPU driver: ") and "libcuda.so.1" in process.stderr


@pytest.mark.parametrize(
    "name, reason", [("sm_90", "no GPU driver: "), ("abacus", "'abacus' is no GPU, such as sm_90"), ("sm_", "'sm_' is no GPU, such as sm_90")]
)
def test_tests_do_not_start(variables, name, reason):
    process = run(variables | {"TOEPLITZ_TEST_GPU": name}, "-m", "pytest", "-p", "no:cacheprovider", "test/dev/test_gpu_target.py")
    assert process.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"TOEPLITZ_TEST_GPU={name}: {reason}" in process.stderr


def on_stub(**others):
    build = find_tool().parent.parent
    # This test may run in a process of pytest-xdist, which the one that it starts is not.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    return variables | {"LD_LIBRARY_PATH": str(build / "test" / "stub_cuda"), "PYTHONPATH": "test/support"} | others


@pytest.mark.parametrize("capability, name", [("80", "sm_80"), ("86", "sm_80"), ("90", "sm_90a"), ("100", "sm_90"), ("120", "sm_90")])
def test_newest_architecture(capability, name):
    process = run(on_stub(STUB_CUDA_CAPABILITY=capability), "test/support/gpu_target.py")
    assert (process.returncode, process.stdout) == (0, name + "\n"), process.stderr


def test_old_gpu():
    process = run(on_stub(STUB_CUDA_CAPABILITY="75"), "test/support/gpu_target.py")
    assert (process.returncode, process.stderr) == (1, "the GPU has compute capability 7.5, kernels need 8.0\n")
    process = run(on_stub(STUB_CUDA_CAPABILITY="86", TOEPLITZ_TEST_GPU="sm_90"), "-m", "pytest", "test/dev/test_gpu_target.py")
    assert process.returncode == pytest.ExitCode.USAGE_ERROR
    assert "TOEPLITZ_TEST_GPU=sm_90: the GPU has compute capability 8.6" in process.stderr
    process = run(on_stub(STUB_CUDA_CAPABILITY="100", TOEPLITZ_TEST_GPU="sm_90a"), "-m", "pytest", "test/dev/test_gpu_target.py")
    assert process.returncode == pytest.ExitCode.USAGE_ERROR
    assert "TOEPLITZ_TEST_GPU=sm_90a: the GPU has compute capability 10.0" in process.stderr
    process = run(on_stub(STUB_CUDA_FAIL="cuInit:1:100"), "test/support/gpu_target.py")
    assert (process.returncode, process.stderr) == (1, "cuInit: CUDA_ERROR_NO_DEVICE\n")


MEMORY = """
import numpy
from cuda_driver import DriverError, is_lost
from device_tensors import DEVICE, put_on_device
assert DEVICE == (2, 0)
x = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
tensor = put_on_device(x.T, offset=12)
assert tensor.address() % 16 == 12 and tensor.__dlpack_device__() == (2, 0)
numpy.testing.assert_array_equal(tensor.read(), x.T)
tensor.write(7)
tensor.array[...] = 0
numpy.testing.assert_array_equal(tensor.read(), numpy.full((4, 3), 7))
assert put_on_device(x[:0]).read().shape == (0, 4)
print(is_lost(), is_lost())
"""


def test_memory():
    """It is copied there and back; the stub fails at the eighth time that the copies are waited for."""
    process = run(on_stub(TOEPLITZ_TEST_GPU="sm_90", STUB_CUDA_FAIL="cuStreamSynchronize:8:719"), "-c", MEMORY)
    assert (process.returncode, process.stdout) == (0, "False True\n"), process.stderr


def test_a_lost_gpu_ends_the_process(tmp_path):
    """The tests after that run in another one."""
    (tmp_path / "test_three.py").write_text("def test_one(): pass\ndef test_two(): pass\ndef test_three(): pass\n")
    variables = on_stub(TOEPLITZ_TEST_GPU="sm_90", STUB_CUDA_FAIL="cuStreamSynchronize:2:719")
    variables["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT / "test", ROOT / "test" / "support")))
    arguments = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "conftest", "-c", "/dev/null", f"--rootdir={tmp_path}", str(tmp_path))
    process = run(variables, *arguments)
    assert process.returncode == 1 and "the GPU is lost after test_three.py::test_two" in process.stdout
    process = run(variables, *arguments, "-n", "1")
    assert process.returncode == 1 and "crashed while running 'test_three.py::test_two'" in process.stdout, process.stdout
    assert "3 passed" in process.stdout


def test_emulation_is_the_default(variables):
    program = "import gpu_target; print(*gpu_target.ON_GPU, *gpu_target.CHECKED)"
    variables = {name: value for name, value in variables.items() if name != "TOEPLITZ_TEST_GPU"}
    for given, expected in (
        ({}, "--target=cuda --gpu-arch=emulated --target=cuda --gpu-arch=emulated-checked"),
        ({"TOEPLITZ_TEST_GPU": "sm_90"}, "--target=cuda --gpu-arch=sm_90 --target=cuda --gpu-arch=sm_90"),
    ):
        process = run(variables | {"PYTHONPATH": "test/support"} | given, "-c", program)
        assert process.stdout.strip() == expected
