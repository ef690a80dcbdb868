"""The tests of the package use the compiler of the build under test, and small networks of a few operators."""

import numpy
import pytest
from toeplitz_process import find_tool

import toeplitz


@pytest.fixture(autouse=True, scope="session")
def compiler_of_the_build():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOEPLITZ", str(find_tool()))
        yield


CONVOLUTION = """{"name": "small", "weights": {"random": 7},
  "inputs": [{"name": "x", "shape": [1, 3, 8, 8]}],
  "layers": [{"name": "conv", "op": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1},
             {"name": "relu", "op": "relu"}], "outputs": ["relu"]}"""

TWO = """{"name": "two", "inputs": [{"name": "a", "shape": [2, 3]}, {"name": "b", "shape": [2, 3]}],
  "layers": [{"name": "sum", "op": "add", "inputs": ["a", "b"]},
             {"name": "product", "op": "multiply", "inputs": ["a", "b"]}], "outputs": ["sum", "product"]}"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    (folder / "small.json").write_text(CONVOLUTION)
    (folder / "two.json").write_text(TWO)
    return folder


@pytest.fixture(scope="session")
def small(folder):
    """One input, one output."""
    return toeplitz.compile(folder / "small.json")


@pytest.fixture(scope="session")
def two(folder):
    """Two inputs, two outputs: their sum and their product."""
    return toeplitz.compile(folder / "two.json")


@pytest.fixture
def x():
    return numpy.random.default_rng(3).standard_normal((1, 3, 8, 8), numpy.float32)
