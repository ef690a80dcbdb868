"""Convolutions by Winograd's algorithm on a GPU, emulated by default: compiled code against the naive evaluator, which shares no code with it.

In emulation, accesses of a block's memory are watched. Borders are those of blocks (32 tiles, 32 or 64 output channels), of slices (2 or 4 input
channels), of tiles (2 x 2 outputs) and of images.
"""

import json
import re

import numpy as np
import pytest

from gpu_target import CHECKED, ON_GPU, by_speed, only_in_emulation
from operator_cases import Case, check, description_of, inputs_of
from test_gpu import RESIDUAL, compare
from test_weights import write_safetensors
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, write_description

ALGORITHM = "--algorithm=winograd"


def convolution(channels, outputs, sizes, padding=(1, 1, 1, 1), batch=1, **others):
    """`padding` is that of the rows, before and behind, and that of the columns."""
    pairs = [list(padding[:2]), list(padding[2:])]
    layer = {"op": "conv", "out_channels": outputs, "kernel_size": 3, "padding": pairs, **others}
    return Case(layer, ((batch, channels, *sizes),), reduction=9 * channels // layer.get("groups", 1))


def random_case(generator):
    groups = int(generator.choice([1, 1, 1, 2, 3]))
    channels, outputs = (groups * int(generator.integers(1, by_speed(11, 80))) for _ in range(2))
    sizes = tuple(int(generator.integers(1, by_speed(12, 60))) for _ in range(2))
    padding = [int(generator.integers(0, 4)) for _ in range(4)]
    for d, size in enumerate(sizes):
        # The window has to fit.
        padding[2 * d] = max(padding[2 * d], 3 - size - padding[2 * d + 1])
    others = {"bias": bool(generator.integers(2)), "groups": groups}
    return convolution(channels, outputs, sizes, padding, batch=int(generator.integers(1, 4)), **others)


BORDERS = [
    convolution(1, 1, (1, 1)),
    convolution(1, 1, (3, 3), padding=(0, 0, 0, 0)),
    convolution(1, 33, (2, 2)),
    convolution(4, 32, (5, 7)),
    convolution(5, 64, (8, 16)),
    convolution(9, 65, (9, 15), padding=(2, 0, 0, 3)),
    convolution(8, 7, (17, 5), padding=(0, 1, 2, 2), batch=3),
    convolution(3, 5, (4, 64), padding=(1, 1, 0, 0)),
    convolution(6, 10, (7, 7), groups=2, batch=2),
    convolution(3, 3, (6, 6), groups=3),
    convolution(5, 6, (6, 9), padding=(1, 2, 0, 1), padding_mode="circular"),
    convolution(5, 6, (6, 9), padding_mode="reflect"),
    # Padding that no window of the image's reaches.
    convolution(2, 3, (4, 4), padding=(4, 5, 6, 3)),
    # Its phases are convolutions of 3 x 3 whose outputs lie apart.
    Case({"op": "conv_transpose", "out_channels": 3, "kernel_size": 6, "stride": 2, "padding": 1}, ((2, 5, 4, 5),), reduction=45),
    Case({"op": "conv_transpose", "out_channels": 3, "kernel_size": 3, "padding": 2}, ((1, 5, 4, 5),), reduction=45),
]
# Blocks have 32 channels unless there are more channels and so many tiles that fewer blocks are better; see the estimate.
BLOCKS = [
    (32, convolution(3, 5, (88, 177))),
    (32, convolution(6, 64, (62, 125), padding=(0, 0, 1, 1), batch=2, groups=2, bias=False)),
    (64, convolution(7, 40, (62, 126))),
    (64, convolution(4, 64, (61, 127), padding=(2, 0, 0, 3), bias=False)),
    (64, convolution(13, 33, (20, 27), padding=(0, 1, 1, 2), batch=15)),
    (64, convolution(8, 66, (62, 63), groups=2)),
]
CASES = [*BORDERS, *(random_case(np.random.default_rng(seed)) for seed in range(by_speed(45, 185)))]
PACK = 20
PACKS = [CASES[first : first + PACK] for first in range(0, len(CASES), PACK)]


def explain(description, directory, *options):
    process = run_toeplitz("explain", write_description(description, directory), "--json", "--target=cuda", *options)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.mark.parametrize("place", range(len(PACKS)))
def test_windows(place, tmp_path):
    cases = PACKS[place]
    description, inputs = description_of(cases, "windows"), inputs_of(cases)
    report = explain(description, tmp_path, ALGORITHM)
    assert {layer["algorithm"] for layer in report["layers"]} == {"winograd:f2"}
    found = Library(compile_network(description, tmp_path, *CHECKED, ALGORITHM)).run(inputs)
    expected = evaluate_reference(description, inputs, tmp_path)
    for index, case in enumerate(cases):
        name = f"case{index}"
        check(case, found[name], expected[name], "winograd on a GPU", "the evaluator")


def blocks_of(description, directory):
    """Output channels of each layer's blocks."""
    schedule = directory / "schedule.mlir"
    process = run_toeplitz("compile", write_description(description, directory), *ON_GPU, ALGORITHM, "--emit=schedule", "-o", schedule)
    assert process.returncode == 0, process.stderr
    return re.findall(r'kernel.conv "winograd".*tile = array<i64: 32, (\d+)>', schedule.read_text())


@pytest.mark.parametrize("place", range(len(BLOCKS)))
def test_every_size_of_blocks(place, tmp_path):
    channels, case = BLOCKS[place]
    description, inputs = description_of([case], "blocks"), inputs_of([case])
    assert blocks_of(description, tmp_path) == [str(channels)]
    found = Library(compile_network(description, tmp_path, *CHECKED, ALGORITHM)).run(inputs)
    expected = evaluate_reference(description, inputs, tmp_path)
    check(case, found["case0"], expected["case0"], "winograd on a GPU", "the evaluator")


def test_bias_residual_and_activation(tmp_path):
    x = {"x": np.random.default_rng(1).normal(size=(2, 9, 6, 7)).astype(np.float32)}
    found = Library(compile_network(RESIDUAL, tmp_path, *CHECKED, ALGORITHM)).run(x)
    compare(found, evaluate_reference(RESIDUAL, x, tmp_path))


def test_sums_have_one_order(tmp_path):
    """Two runs have the same bits."""
    case = BORDERS[5]
    description, inputs = description_of([case], "again"), inputs_of([case])
    library = Library(compile_network(description, tmp_path, *ON_GPU, ALGORITHM))
    assert library.run(inputs)["case0"].tobytes() == library.run(inputs)["case0"].tobytes()


def test_errors_are_within_their_bounds(tmp_path):
    """Against sums in float64, whose own errors are far below."""
    generator = np.random.default_rng(7)
    channels, outputs, size = 48, 40, 12
    weight = generator.normal(size=(outputs, channels, 3, 3)).astype(np.float32)
    x = generator.uniform(-1, 1, size=(1, channels, size, size)).astype(np.float32)
    write_safetensors(tmp_path / "weights.safetensors", {"y.weight": weight}, "F32")
    description = {
        "name": "bounded", "weights": "weights.safetensors", "inputs": [{"name": "x", "shape": [1, channels, size, size]}],
        "layers": [{"name": "y", "op": "conv", "out_channels": outputs, "kernel_size": 3, "bias": False}], "outputs": ["y"],
    }  # fmt: skip
    found = Library(compile_network(description, tmp_path, *ON_GPU, ALGORITHM)).run({"x": x})["y"].astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (3, 3), axis=(2, 3))
    exact = np.einsum("fcij,ncyxij->nfyx", weight.astype(np.float64), windows)
    squares = np.einsum("fcij,ncyxij->nfyx", weight.astype(np.float64) ** 2, windows**2)
    (layer,) = explain(description, tmp_path, "--input-range=1")["layers"]
    (candidate,) = (c for c in layer["candidates"] if c["algorithm"] == "winograd:f2")
    errors = np.abs(found - exact)
    assert 0 < np.max(errors) <= candidate["error_bound"]
    # The typical error is relative to the root of the sum of an output's squared products.
    relative = np.sqrt(np.mean((found - exact) ** 2 / squares))
    assert 0.5 * candidate["typical_error"] <= relative <= 2 * candidate["typical_error"]


def big_network(batch):
    return {
        "name": "big", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [batch, 128, 28, 28]}],
        "layers": [{"name": "y", "op": "conv", "out_channels": 128, "kernel_size": 3, "padding": 1}], "outputs": ["y"],
    }  # fmt: skip


def test_it_is_chosen_where_blocks_fill_a_gpu(tmp_path):
    """One image of 28 x 28 has 7 x 2 blocks, 8 images 98."""
    few, many = (explain(big_network(batch), tmp_path)["layers"][0] for batch in (1, 8))
    assert few["algorithm"] == "implicit-gemm" and many["algorithm"] == "winograd:f2"
    cycles = {c["algorithm"]: c["cycles"] for c in many["candidates"] if "declines" not in c}
    # Fewer multiplications by a factor of 2.25 at most, and the estimate has a doubt of 1.25.
    assert 1 < cycles["implicit-gemm"] / cycles["winograd:f2"] < 2.25 / 1.25
    assert explain(big_network(8), tmp_path, "--precise")["layers"][0]["algorithm"] == "implicit-gemm"


@only_in_emulation("races are not watched")
def test_a_missing_barrier_is_a_race(tmp_path):
    """Each barrier of the kernel is needed: without one of them accesses collide."""
    case = convolution(9, 5, (5, 5))
    description, x = description_of([case], "race"), inputs_of([case])
    loops = tmp_path / "loops.mlir"
    options = (*CHECKED, ALGORITHM, "--emit=loops", "-o", loops)
    process = run_toeplitz("compile", write_description(description, tmp_path), *options)
    assert process.returncode == 0, process.stderr
    Library(compile_network(loops, tmp_path, *CHECKED)).run(x)
    lines = loops.read_text().splitlines()
    barriers = [place for place, line in enumerate(lines) if "gpu.barrier" in line]
    # Before the slices, in each, and two for each of four parts of the results.
    assert len(barriers) == 10
    for place in barriers:
        broken = tmp_path / f"broken{place}.mlir"
        broken.write_text("\n".join(lines[:place] + lines[place + 1 :]))
        with pytest.raises(AssertionError, match="status 12: .*race"):
            Library(compile_network(broken, tmp_path, *CHECKED)).run(x)
