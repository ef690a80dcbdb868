"""The first call after loading finds its memory there."""

import json
import subprocess
import sys

import numpy
import pytest

import toeplitz

# 38 MB of weights, and a workspace of megabytes.
DESCRIPTION = {
    "name": "first",
    "weights": {"random": 1},
    "inputs": [{"name": "x", "shape": [1, 16, 192, 192]}],
    "layers": [
        {"name": "large", "op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1},
        {"name": "larger", "op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1},
        {"name": "narrow", "op": "conv", "out_channels": 1024, "kernel_size": 1, "stride": 48},
        {"name": "wide", "op": "conv", "out_channels": 1024, "kernel_size": 3, "padding": 1},
    ],
    "outputs": ["wide"],
}

# Prints the page faults of the first call, of all threads.
PROGRAM = """
import resource, sys
import numpy, toeplitz
path, threads, prepare = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "True"
network = toeplitz.load(path, threads, prepare=prepare)
x = numpy.ones(network.inputs[0].shape, numpy.float32)
def count():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_minflt + usage.ru_majflt
before = count()
y = network(x)
print(count() - before)
numpy.save(sys.argv[4], y)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    (folder / "first.json").write_text(json.dumps(DESCRIPTION))
    toeplitz.compile(folder / "first.json", algorithm="direct").save(folder / "libfirst.so")
    return folder / "libfirst.so"


def call_first(library, threads, prepare, result):
    words = [sys.executable, "-c", PROGRAM, str(library), str(threads), str(prepare), str(result)]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("threads", [1, 2])
def test_first_call_takes_few_page_faults(library, threads, tmp_path):
    """Systems map 16 pages of a file at a time, or a large one of a workspace: 600 faults for the weights alone."""
    prepared = call_first(library, threads, True, tmp_path / "prepared.npy")
    unprepared = call_first(library, threads, False, tmp_path / "unprepared.npy")
    assert unprepared > 500
    assert prepared < 200
    numpy.testing.assert_array_equal(numpy.load(tmp_path / "prepared.npy"), numpy.load(tmp_path / "unprepared.npy"))


def test_weights_of_the_descriptor(library):
    """All weights are in the memory that is prepared, and it is in the file."""
    network = toeplitz.load(library)
    description = network._description
    parameters = sum(a * b * k * k + b for a, b, k in [(16, 16, 3), (16, 16, 3), (16, 1024, 1), (1024, 1024, 3)])
    assert 4 * parameters <= description.weights_size < 4 * parameters * 1.1 < library.stat().st_size * 1.1
