"""A network that is compiled for a processor with features that this one lacks says so, wherever it is started, and never runs."""

import ctypes
import platform
import subprocess

import numpy as np
import pytest

import toeplitz
from processor import processor_flags
from toeplitz_process import compile_network, run_toeplitz, write_description

NETWORK = {
    "name": "foreign",
    "weights": {"random": 1},
    "inputs": [{"name": "x", "shape": [1, 3, 8, 8]}],
    "layers": [{"name": "c", "op": "conv", "out_channels": 4, "kernel_size": 3}],
}


# AMD's Bulldozer family alone has four-operand FMA.
pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or "fma4" in processor_flags(), reason="this processor isn't one that lacks FMA4"
)
FOREIGN = "--mcpu=bdver2"
MESSAGE = "this machine lacks 'fma4', a feature of the one that the network"


def test_run(tmp_path):
    process = run_toeplitz("run", write_description(NETWORK, tmp_path), FOREIGN)
    assert process.returncode == 1 and MESSAGE in process.stderr


def test_executable(tmp_path):
    program = tmp_path / "foreign"
    assert run_toeplitz("compile", write_description(NETWORK, tmp_path), "-o", program, FOREIGN).returncode == 0
    process = subprocess.run([program, "--bench"], capture_output=True, text=True, check=False)
    assert process.returncode == 1 and process.stderr == f"error: {MESSAGE} 'foreign' is compiled for\n"


def test_python(tmp_path):
    library = compile_network(NETWORK, tmp_path, FOREIGN)
    with pytest.raises(toeplitz.RunError, match="this machine lacks 'fma4'"):
        toeplitz.load(library)


def test_c(tmp_path):
    """NAME_run returns a number, and the output is as it was."""
    library = ctypes.CDLL(str(compile_network(NETWORK, tmp_path, FOREIGN)))
    x, y = np.zeros((1, 3, 8, 8), np.float32), np.full((1, 4, 6, 6), 7, np.float32)
    error = library.foreign_run(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), None)
    library.foreign_error_string.restype = ctypes.c_char_p
    assert error != 0 and b"features that this one lacks" in library.foreign_error_string(error)
    assert np.all(y == 7)


def test_own_processor(tmp_path):
    """What is compiled for this processor needs nothing that it lacks."""
    assert run_toeplitz("bench", write_description(NETWORK, tmp_path), "--mcpu=native", "--runs=1").returncode == 0
