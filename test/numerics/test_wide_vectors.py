"""The kernels of sixteen lanes on a machine that has eight.

A network is scheduled for x86-64-v4, so that its layouts, tiles and loops are those of AVX-512, and the schedule is then compiled
for x86-64-v3: LLVM splits each vector in two, and what the kernels compute stays what it is.
"""

import pathlib

import pytest

import operator_cases
from onnx_runtime import run_onnx_runtime
from operator_cases import Pack, member_name, members
from random_networks import RandomNetwork
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from test_algorithms import ALGORITHMS, SPECIAL_CASES, runs_here
from test_random_networks import compare
from toeplitz_process import CompilerError, Library, compile_network, run_toeplitz, write_description

pytestmark = pytest.mark.skipif(not runs_here("x86-64-v3"), reason="this processor has no AVX2")


def compile_split(description, directory, *options):
    model = write_description(description, directory)
    schedule = pathlib.Path(directory) / f"{model.stem}_sixteen_lanes.mlir"
    process = run_toeplitz("compile", model, "--emit=schedule", "-o", schedule, "--mcpu=x86-64-v4", *options)
    if process.returncode != 0:
        raise CompilerError(process.stderr)
    assert "lanes = 16" in schedule.read_text()
    return compile_network(schedule, directory, "--mcpu=x86-64-v3")


CASES = [
    *SPECIAL_CASES,
    *random_cases(31, 12, random_convolution),
    *random_cases(32, 6, random_transposed_convolution),
    *random_cases(33, 6, random_pooling),
]
PACKS = [
    Pack("wide_chosen", CASES),
    *[Pack(f"wide_{algorithm.replace('-', '_')}", CASES, [f"--algorithm={algorithm}"]) for algorithm in ALGORITHMS],
]


@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_operators(pack, place, monkeypatch):
    monkeypatch.setattr(operator_cases, "compile_network", compile_split)
    pack.check_compiled_against_reference(place)


@pytest.mark.parametrize("seed", range(100, 108))
def test_random_networks(seed, tmp_path):
    network = RandomNetwork(seed)
    compiled = Library(compile_split(network.description, tmp_path)).run(network.inputs())
    expected = run_onnx_runtime(network.description, network.inputs())
    compare(network.description, compiled, expected, "compiled code", "ONNX Runtime")
