"""Every algorithm forced, on every processor that this machine can be, and refused where it can't compute a layer."""

import pathlib

import pytest

from operator_cases import Case, Pack, description_of, member_name, members
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from toeplitz_process import compile_network, run_toeplitz, write_description

ALGORITHMS = ("direct", "im2col", "pointwise", "depthwise", "filter-toeplitz")
PROCESSORS = ("x86-64", "x86-64-v3", "x86-64-v4")

CASES = random_cases(21, 24, random_convolution)
# What each algorithm is for, so that it is surely tried.
SPECIAL_CASES = [
    Case({"op": "conv", "out_channels": 20, "kernel_size": 1}, ((2, 33, 7, 7),), reduction=33),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 1, "stride": 2}, ((1, 16, 9, 9),), reduction=16),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 1, "padding": 1}, ((1, 5, 4, 4),), reduction=5),
    Case({"op": "conv", "out_channels": 48, "kernel_size": 1}, ((1, 64, 14, 14),), reduction=64),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 3, "padding": 1, "groups": 24}, ((1, 24, 9, 9),), reduction=9),
    Case({"op": "conv", "out_channels": 19, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 19}, ((2, 19, 9, 9),), reduction=9),
    Case({"op": "conv", "out_channels": 12, "kernel_size": 5, "padding": 4, "dilation": 2, "groups": 4}, ((1, 4, 9, 9),), reduction=25),
    Case({"op": "conv", "out_channels": 17, "kernel_size": 3, "padding": 1}, ((1, 3, 30, 31),), reduction=27),
    Case({"op": "conv", "out_channels": 33, "kernel_size": 3, "padding": 1}, ((1, 40, 13, 13),), reduction=360),
]
FORCED = [Pack(f"forced_{name.replace('-', '_')}", [*SPECIAL_CASES, *CASES], [f"--algorithm={name}"]) for name in ALGORITHMS]


@pytest.mark.parametrize("pack, place", members(FORCED), ids=member_name)
def test_forced_algorithm(pack, place):
    """Forced for the whole network: taken by the convolutions that the algorithm can compute."""
    pack.check_compiled_against_reference(place)


# Where the vectors of positions have borders: one pixel, kernels and strides beyond the input, few and many positions, holes.
SPARSE_BORDERS = [
    Case({"op": "conv", "out_channels": 9, "kernel_size": 3, "padding": 1}, ((1, 5, 1, 1),), reduction=45),
    Case({"op": "conv", "out_channels": 4, "kernel_size": 7, "padding": 4}, ((2, 3, 3, 2),), reduction=147),
    Case({"op": "conv", "out_channels": 6, "kernel_size": 2, "stride": 5, "padding": [[3, 0], [0, 4]]}, ((1, 7, 12, 11),), reduction=28),
    Case({"op": "conv", "out_channels": 5, "kernel_size": 3, "stride": [4, 3], "dilation": [2, 7]}, ((1, 4, 23, 40),), reduction=36),
    Case({"op": "conv", "out_channels": 3, "kernel_size": 9, "padding": 4, "stride": 2}, ((1, 2, 1021),), reduction=18),
    Case({"op": "conv", "out_channels": 70, "kernel_size": 3, "padding": 1}, ((1, 70, 19, 5),), reduction=630),
    Case({"op": "conv", "out_channels": 6, "kernel_size": [3, 2, 3], "stride": [2, 1, 2], "padding": 1, "groups": 3}, ((1, 9, 5, 6, 7),), reduction=54),
]
SPARSE_RANDOM = [*random_cases(25, 8, random_convolution), *random_cases(26, 4, random_transposed_convolution)]
PRUNED = [
    Pack(f"pruned_{round(100 * sparsity)}", cases, ["--algorithm=filter-toeplitz"], sparsity)
    for sparsity, cases in (
        (0.5, SPARSE_RANDOM),
        (0.8, [*SPECIAL_CASES, *SPARSE_BORDERS]),
        (0.95, [*SPARSE_BORDERS[:2], *SPARSE_RANDOM[:8]]),
        (1.0, [*SPECIAL_CASES[:2], *SPARSE_BORDERS[5:], *SPARSE_RANDOM[-2:]]),
    )
]


@pytest.mark.parametrize("pack, place", members(PRUNED), ids=member_name)
def test_pruned_filter(pack, place):
    """Zeros are left out, up to output channels (and layers) without any weight."""
    pack.check_compiled_against_reference(place)


def processor_flags():
    path = pathlib.Path("/proc/cpuinfo")
    return set(path.read_text().split()) if path.exists() else set()


def runs_here(processor):
    needed = {"x86-64": set(), "x86-64-v3": {"avx2", "fma"}, "x86-64-v4": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}}
    return needed[processor] <= processor_flags()


PROCESSOR_CASES = [
    *SPECIAL_CASES,
    *random_cases(22, 5, random_convolution),
    *random_cases(23, 3, random_transposed_convolution),
    *random_cases(24, 3, random_pooling),
]
FOR_PROCESSORS = [
    Pack(f"{algorithm}_{processor}".replace("-", "_"), PROCESSOR_CASES, [f"--mcpu={processor}", *option])
    for processor in PROCESSORS
    if runs_here(processor)
    for algorithm, option in [("chosen", []), *[(name, [f"--algorithm={name}"]) for name in ALGORITHMS]]
]


@pytest.mark.parametrize("pack, place", members(FOR_PROCESSORS), ids=member_name)
def test_processor(pack, place):
    pack.check_compiled_against_reference(place)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_compiles_for_another_processor(algorithm, tmp_path):
    """Compiling needs no machine that could run the result."""
    description = description_of(PROCESSOR_CASES, "elsewhere")
    assert compile_network(description, tmp_path, "--mcpu=x86-64-v4", f"--algorithm={algorithm}").stat().st_size > 0


DENSE = {"op": "conv", "out_channels": 8, "kernel_size": 3, "padding": 1}


LINEAR = {"op": "linear", "out_features": 3}


@pytest.mark.parametrize("algorithm, layer", [("pointwise", DENSE), ("depthwise", DENSE), ("filter-toeplitz", LINEAR)])
def test_refused_for_a_layer(algorithm, layer, tmp_path):
    """Forced for one layer that it can't compute: an error with the layer's name and the reason, and no output."""
    shape = (1, 4) if layer["op"] == "linear" else (1, 4, 6, 6)
    model = write_description(Case(layer, (shape,)).description("refused"), tmp_path)
    output = tmp_path / "librefused.so"
    process = run_toeplitz("compile", model, "-o", output, f"--algorithm=case0={algorithm}")
    assert process.returncode == 1
    assert "error: " in process.stderr and "layer 'case0'" in process.stderr and algorithm in process.stderr
    assert not output.exists()


@pytest.mark.parametrize("option", ("--algorithm=quantum", "--algorithm=nosuchlayer=direct", "--algorithm=case0=quantum"))
def test_unknown_names(option, tmp_path):
    model = write_description(Case(DENSE, ((1, 4, 6, 6),)).description("unknown"), tmp_path)
    output = tmp_path / "libunknown.so"
    process = run_toeplitz("compile", model, "-o", output, option)
    assert process.returncode == 1
    assert "error: " in process.stderr and ("quantum" in process.stderr or "nosuchlayer" in process.stderr)
    assert not output.exists()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_shown_in_the_schedule(algorithm, tmp_path):
    """The choice is written in the IR."""
    case = {"pointwise": SPECIAL_CASES[0], "depthwise": SPECIAL_CASES[4]}.get(algorithm, SPECIAL_CASES[8])
    model = write_description(case.description("shown"), tmp_path)
    process = run_toeplitz("compile", model, "--emit=schedule", "-o", tmp_path / "shown.mlir", f"--algorithm=case0={algorithm}")
    assert process.returncode == 0, process.stderr
    assert algorithm in (tmp_path / "shown.mlir").read_text()
