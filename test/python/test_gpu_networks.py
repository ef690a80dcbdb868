"""Networks of a GPU: emulated, and on the stub of the driver, which fails where it is told to."""

import os
import pathlib
import shutil
import subprocess
import sys

import numpy
import pytest
from toeplitz_process import find_tool

import toeplitz

ROOT = pathlib.Path(__file__).resolve().parents[2]
INPUTS = ROOT / "test" / "runtime" / "Inputs"
BUILD = find_tool().parent.parent
X = numpy.arange(600, dtype=numpy.float32).reshape(2, 300)

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


def build_library(folder, emulated, batched):
    """The network of scaled_network.h, as the compiler would make a library of it."""
    library = folder / f"scaled{emulated}{batched}.so"
    sources = [str(INPUTS / name) for name in ("scaled_network.c", "scaled_network_file.c")]
    archive = str(BUILD / "lib" / "toeplitz" / "libtoeplitz_runtime.a")
    choices = [f"-DEMULATED={emulated}", f"-DBATCHED={batched}", f"-I{ROOT}"]
    command = ["cc", "-shared", "-fPIC", "-fvisibility=hidden", *choices, *sources, archive, "-lpthread", "-lm", "-o", str(library)]
    subprocess.run(command, check=True)
    return library


def expect(x):
    factors, summands = numpy.zeros((2, 300), numpy.float32)
    factors[:4], summands[:2], summands[299] = (2, 3, 5, 7), (0.5, 0.25), 12
    return x * factors + summands


@pytest.mark.parametrize("batched", [0, 1])
def test_emulated(tmp_path, batched):
    network = toeplitz.load(build_library(tmp_path, 1, batched))
    x = X[: 1 + batched]
    for _ in range(3):
        numpy.testing.assert_array_equal(network(x), expect(x))
    assert network.bench(runs=2).runs == 2
    with pytest.raises(toeplitz.InputError, match="found shape"):
        network(X[:, :5])


PROGRAM = """
import ctypes, sys, numpy, toeplitz
path = sys.argv[1]
# The stub looks for kernels in what is visible to the whole process.
visible = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
try:
    network = toeplitz.load(path)
    x = numpy.ones((1, 300), numpy.float32)
    for run in range(3):
        print(network(x)[0, :4])
except toeplitz.RunError as error:
    print(error)
"""


def run_on_stub(library, **environment):
    variables = os.environ | {"LD_LIBRARY_PATH": str(BUILD / "test" / "stub_cuda"), "PYTHONPATH": str(ROOT / "python")}
    command = [sys.executable, "-c", PROGRAM, str(library)]
    result = subprocess.run(command, env=variables | environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_device(tmp_path):
    library = build_library(tmp_path, 0, 0)
    result = "[2.5  3.25 5.   7.  ]"
    assert run_on_stub(library) == [result] * 3
    failure = "'scaled' can't be run on a GPU: "
    assert run_on_stub(library, STUB_CUDA_FAIL="cuInit:1:100") == [failure + "cuInit: CUDA_ERROR_NO_DEVICE"]
    lost = "cuGraphLaunch: CUDA_ERROR_LAUNCH_FAILED"
    assert run_on_stub(library, STUB_CUDA_FAIL="cuGraphLaunch:3:719") == [result, result, failure + lost]
    (tmp_path / "libcuda.so.1").write_text("no library")
    (line,) = run_on_stub(library, LD_LIBRARY_PATH=str(tmp_path))
    assert line.startswith(failure) and "libcuda.so.1: " in line
