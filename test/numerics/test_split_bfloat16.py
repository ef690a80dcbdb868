"""bf16x3 and bf16x6, on a processor with AMX: forced on random convolutions and on what their panels, steps and tiles have borders at.

The largest error of bf16x3 is 1e-5 of the largest output, ten times that of a sum in float32: the low halves have 8 bits of the 16 that
are left, and their product is left out (compiler/Algorithms/SplitBfloat16.cpp). bf16x6 is as exact as a sum in float32.
"""

import dataclasses
import math
import re

import numpy as np
import pytest

from operator_cases import Case, Pack, check, description_of, member_name, members
from processor import needs_tiles
from random_windows import random_cases, random_convolution, random_transposed_convolution
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, write_description

OPTIONS = ["--algorithm=bf16x3", "--mcpu=sapphirerapids"]
EXACT_OPTIONS = ["--algorithm=bf16x6", "--mcpu=sapphirerapids"]
SLACK = 3.0



def case(shape, outputs, kernel, **parameters):
    layer = {"op": "conv", "out_channels": outputs, "kernel_size": kernel, **parameters}
    return Case(layer, (shape,), slack=SLACK)


def linear(shape, outputs):
    return Case({"op": "linear", "out_features": outputs}, (shape,), slack=SLACK)


BORDERS = [
    # Folded positions: one, fewer than a tile, an odd number of tiles, several panels of whole and of cut tiles.
    case((1, 1, 1, 1), 1, 1, bias=False),
    case((1, 32, 1, 1), 32, 1),
    case((2, 33, 7, 7), 20, 1),
    case((1, 64, 14, 14), 48, 1),
    case((1, 96, 9, 5), 80, 1),
    case((1, 512, 40, 41), 33, 1),
    case((3, 17, 5), 16, 1),
    # Rows of tiles: cut, single, longer than the input; every padding.
    case((1, 40, 13, 13), 33, 3, padding=1),
    case((1, 32, 30, 31), 32, 3, padding=1),
    case((1, 64, 56, 56), 16, 3, padding=1),
    case((2, 20, 9, 11), 24, 5, padding=[[4, 0], [1, 3]]),
    case((1, 17, 1, 2), 20, 3, padding=3),
    case((1, 1, 1, 1), 1, 3, padding=2),
    case((1, 48, 6, 6), 16, 8, padding=4),
    # Strides, with one tap (only what is read is converted) and with several, beyond the kernel.
    case((1, 64, 15, 14), 48, 1, stride=2),
    case((1, 16, 9, 9), 9, 1, stride=[1, 3], padding=1),
    case((1, 40, 23, 24), 20, 3, stride=2, padding=1),
    case((1, 3, 40, 40), 24, 7, stride=2, padding=3),
    case((1, 33, 12, 11), 6, 2, stride=5, padding=[[3, 0], [0, 4]]),
    # Dilations that take whole taps out of the input.
    case((1, 32, 20, 20), 32, 3, padding=12, dilation=12),
    case((1, 16, 20, 33), 16, 3, padding=[2, 6], dilation=[2, 6]),
    case((1, 40, 300), 20, 3, padding=64, dilation=64),
    # Few channels: two taps at a time, odd numbers of them.
    case((1, 16, 10, 10), 16, [3, 2], padding=1),
    case((1, 5, 10, 21), 7, [1, 5]),
    case((1, 16, 8, 8), 16, [2, 1], dilation=[1, 2]),
    # The network's input, as it is: 1 to 8 channels, rows shorter and longer than a vector, several rows and panels, three dimensions.
    case((1, 3, 224, 37), 64, 7, stride=2, padding=3),
    case((2, 4, 5, 100), 20, [3, 9], padding=[1, 4]),
    case((1, 8, 33, 16), 16, 3, padding=1),
    case((1, 7, 9, 15), 33, [1, 5], stride=[2, 3]),
    case((1, 1, 28, 28), 6, 5, padding=2),
    case((1, 2, 40, 40), 6, 1, stride=3, padding=1),
    case((1, 6, 21, 22), 10, 1),
    case((1, 3, 8, 20, 21), 24, [3, 7, 7], stride=[1, 2, 2], padding=[1, 3, 3]),
    case((1, 1, 3000), 16, 64, stride=4),
    case((1, 3, 20, 20), 8, 3, dilation=2),
    # Groups: merged ones, whole vectors, an odd number of blocks.
    case((1, 64, 12, 12), 64, 3, padding=1, groups=16),
    case((1, 64, 9, 9), 64, 3, padding=1, groups=2),
    case((1, 96, 7, 8), 96, 1, groups=2),
    case((1, 96, 7, 8), 32, 3, groups=2, stride=2),
    case((1, 24, 9, 9), 24, 3, padding=1, groups=24),
    # One and three dimensions, rows longer than a panel.
    case((1, 64, 9000), 20, 1),
    case((1, 128, 5000), 20, 5, padding=2),
    case((2, 20, 4, 7, 6), 24, 3, padding=1),
    case((1, 17, 4, 5, 6), 17, [4, 1, 3], padding=[[3, 0], [0, 0], [2, 1]], stride=[2, 1, 1]),
    # Enough work for several tasks of a panel: the input is split in a step before.
    case((1, 256, 14, 14), 256, 3, padding=1),
    case((1, 512, 7, 7), 520, 1),
    # Rounds of channels that add to sums in memory: split in a step before or in each round, strides and dilations, odd numbers of
    # blocks and tiles, a last round with fewer channels.
    case((1, 512, 20, 20), 72, 3, padding=8, dilation=8),
    case((1, 1024, 300), 33, 5, padding=100, dilation=50),
    case((1, 2000, 13, 27), 136, 1),
    case((1, 300, 5, 12, 12), 40, 3, padding=1),
    case((1, 256, 40, 40), 24, 3, padding=6, dilation=6),
    case((1, 520, 33, 32), 72, 3, padding=1, stride=2),
    # No spatial dimension: images are positions.
    linear((1, 40), 33),
    linear((37, 100), 20),
]

# Short rows that tiles go on from one of them to the next: with padding that two rows share, all of it or a part, and with none; several
# panels and images; one tap of which a stride leaves positions out; the last tile beyond the panel; taps in the padding of whole rows.
JOINED = [
    case((1, 64, 7, 7), 48, 3, padding=1),
    case((1, 33, 4, 4), 20, 2, padding=[[1, 0], [0, 1]]),
    case((2, 40, 8, 8), 33, 3, padding=1),
    case((1, 64, 9, 4), 16, 5, padding=[[2, 2], [3, 1]]),
    case((1, 32, 10, 5), 32, 3),
    case((1, 64, 13, 13), 40, 1, stride=2),
    case((1, 32, 7, 7), 24, 3, padding=2, dilation=2),
    case((2, 20, 3, 6, 5), 24, 3, padding=1),
    case((1, 16, 9, 5), 16, [2, 3], padding=[0, 1]),
    case((1, 64, 7, 7), 64, 3, padding=1, groups=2),
    case((1, 192, 17, 17), 64, 3, padding=1),
    case((1, 32, 2, 3), 20, 5, padding=4),
    case((1, 17, 1, 2), 20, 3, padding=3),
    # Four tiles that go through a large filter once; and in rounds.
    case((1, 512, 7, 7), 40, 3, padding=1),
    case((1, 512, 2, 7, 7), 40, 3, padding=1),
]


def with_slack(cases, slack=SLACK):
    return [dataclasses.replace(item, slack=slack) for item in cases]


RANDOM = random_cases(1, 120, random_convolution)
TRANSPOSED = random_cases(2, 40, random_transposed_convolution)
PACKS = [
    Pack("split_borders", BORDERS, OPTIONS),
    Pack("split_joined", JOINED, OPTIONS),
    Pack("split_random", with_slack(RANDOM), OPTIONS),
    Pack("split_transposed", with_slack(TRANSPOSED), OPTIONS),
    Pack("exact_split_borders", with_slack(BORDERS, 1.0), EXACT_OPTIONS),
    Pack("exact_split_joined", with_slack(JOINED, 1.0), EXACT_OPTIONS),
    Pack("exact_split_random", with_slack(RANDOM, 1.0), EXACT_OPTIONS),
    Pack("exact_split_transposed", with_slack(TRANSPOSED, 1.0), EXACT_OPTIONS),
]


@needs_tiles
@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_forced(pack, place):
    pack.check_compiled_against_reference(place)


def test_short_rows_are_joined(tmp_path):
    """A tile has more positions than a row, of each of the cases that are about that."""
    description = write_description(description_of(JOINED, "joined"), tmp_path)
    process = run_toeplitz("compile", description, "--emit=schedule", "--brief", "-o", "-", *OPTIONS)
    assert process.returncode == 0, process.stderr
    kernels = [line for line in process.stdout.splitlines() if 'kernel.conv "bf16x3"' in line]
    assert len(kernels) == len(JOINED)
    for kernel in kernels:
        columns = int(re.search(r"output_sizes = array<i64: .*?(\d+)>", kernel)[1])
        tile = int(re.search(r"tile = array<i64: (\d+),", kernel)[1])
        cut = math.ceil(columns / math.ceil(columns / 16))
        assert tile > cut, f"tiles of {tile} positions are of rows of {columns}: {kernel}"


@needs_tiles
@pytest.mark.parametrize("channels", [5, 17, 33, 60, 100])
@pytest.mark.parametrize("shape", ["image", "gate"])
def test_nan_beside_the_channels(channels, shape, tmp_path):
    """What fills up the last block of channels is 0 / 0 here."""
    layers = [
        {"name": "before", "op": "conv", "inputs": ["x"], "out_channels": channels, "kernel_size": 1, "bias": False},
        {"name": "square", "op": "square"},
        {"name": "shifted", "op": "add", "inputs": ["square", "one"]},
        {"name": "quotient", "op": "divide", "inputs": ["one", "shifted"]},
    ]
    if shape == "gate":
        layers.append({"name": "gate", "op": "global_average_pool"})
        layers.append({"name": "product", "op": "multiply", "inputs": ["before", "gate"]})
    layers.append({"name": "y", "op": "conv", "out_channels": 20, "kernel_size": 3, "padding": 1})
    description = {
        "name": "beside", "weights": {"random": 1}, "layers": layers, "outputs": ["y"],
        "inputs": [{"name": "x", "shape": [2, 3, 9, 9]}, {"name": "one", "shape": [2, channels, 9, 9]}],
    }
    generator = np.random.default_rng(3)
    inputs = {"x": generator.uniform(-1, 1, (2, 3, 9, 9)), "one": np.ones((2, channels, 9, 9))}
    inputs = {name: values.astype(np.float32) for name, values in inputs.items()}
    found = Library(compile_network(description, tmp_path, *OPTIONS)).run(inputs)["y"]
    expected = evaluate_reference(description, inputs, tmp_path)["y"]
    check(case((2, channels, 9, 9), 20, 3), found, expected, "compiled code", "the evaluator")
