"""Every algorithm forced, on every processor that this machine can be, and refused where it can't compute a layer."""

import dataclasses

import pytest

from operator_cases import Case, Pack, description_of, member_name, members
from processor import processor_flags
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from toeplitz_process import compile_network, run_toeplitz, write_description

ALGORITHMS = ("direct", "im2col", "pointwise", "depthwise", "grouped", "inner-product", "rowwise", "filter-toeplitz", "fft", "winograd", "strassen")
PROCESSORS = ("x86-64", "x86-64-v3", "x86-64-v4")

def runs_here(processor):
    needed = {"x86-64": set(), "x86-64-v3": {"avx2", "fma"}, "x86-64-v4": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}}
    return needed[processor] <= processor_flags()


CASES = random_cases(21, 24, random_convolution)
# What each algorithm is for, so that it is surely tried.
SPECIAL_CASES = [
    Case({"op": "conv", "out_channels": 20, "kernel_size": 1}, ((2, 33, 7, 7),), reduction=33),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 1, "stride": 2}, ((1, 16, 9, 9),), reduction=16),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 1, "padding": 1}, ((1, 5, 4, 4),), reduction=5),
    Case({"op": "conv", "out_channels": 48, "kernel_size": 1}, ((1, 64, 14, 14),), reduction=64),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 3, "padding": 1, "groups": 24}, ((1, 24, 9, 9),), reduction=9),
    Case({"op": "conv", "out_channels": 19, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 19}, ((2, 19, 9, 9),), reduction=9),
    # Rows of taps that are too long to be written out, on few positions, nearly all of which have some in the padding.
    Case({"op": "conv", "out_channels": 18, "kernel_size": 51, "padding": 25, "groups": 18}, ((1, 18, 30),), reduction=51),
    Case({"op": "conv", "out_channels": 18, "kernel_size": [3, 33], "padding": [1, 16], "stride": 3, "groups": 18}, ((1, 18, 7, 90),), reduction=99),
    Case({"op": "conv", "out_channels": 12, "kernel_size": 5, "padding": 4, "dilation": 2, "groups": 4}, ((1, 4, 9, 9),), reduction=25),
    Case({"op": "conv", "out_channels": 17, "kernel_size": 3, "padding": 1}, ((1, 3, 30, 31),), reduction=27),
    Case({"op": "conv", "out_channels": 33, "kernel_size": 3, "padding": 1}, ((1, 40, 13, 13),), reduction=360),
    # Filters larger than the second-level cache: asked for ahead, with whole and cut blocks; channels in two and in five rounds.
    Case({"op": "conv", "out_channels": 200, "kernel_size": 3, "padding": 1}, ((1, 150, 7, 7),), reduction=1350),
    Case({"op": "conv", "out_channels": 136, "kernel_size": 1}, ((1, 1030, 13, 11),), reduction=1030),
    Case({"op": "conv", "out_channels": 80, "kernel_size": 1}, ((2, 2100, 9, 9),), reduction=2100),
    # Blocks of the filter larger than that: taps of some channels at a time, the last of them fewer and no whole vector; pieces of one row.
    Case({"op": "conv", "out_channels": 40, "kernel_size": 3, "padding": 2, "dilation": 2}, ((1, 1030, 7, 9),), reduction=9270),
    Case({"op": "conv", "out_channels": 20, "kernel_size": 41, "padding": 20, "stride": 2}, ((1, 150, 200),), reduction=6150),
]


def fourier_case(shape, outputs, kernel, *, products, slack=1.0, **parameters):
    """A transform's error is that of the norm of a whole tile, which single outputs share alike, however small: of up to P points
    times the kernel's norm, where a sum of products has that of its own K. It grows by a few roundings with each factor of P;
    2^-24 (2 log2 P) is 1.5e-6 for tiles of 72 x 72, as much as a sum of a thousand terms makes. Outputs at the border of a kernel that is
    much larger than the input have fewer products than the tile: `slack`."""
    layer = {"op": "conv", "out_channels": outputs, "kernel_size": kernel, **parameters}
    return Case(layer, (shape,), reduction=products, slack=slack)


FOURIER_CASES = [
    # Depthwise: two blocks in a tile, then two tiles of one block; odd numbers of both.
    fourier_case((1, 33, 32, 32), 33, 31, products=961, padding=15, groups=33),
    fourier_case((2, 17, 21, 20), 17, 15, products=225, padding=7, groups=17),
    fourier_case((1, 16, 40, 61), 16, 7, products=49, padding=3, groups=16),
    fourier_case((2, 24, 9, 9), 24, 13, products=169, padding=6, groups=24),
    fourier_case((1, 19, 777), 19, [101], products=101, padding=50, groups=19),
    # Dense: 1, 3, 17 and 33 channels, one tile and many, one position left over.
    fourier_case((1, 1, 9, 9), 1, 31, products=961, slack=4, padding=15),
    fourier_case((1, 3, 37, 41), 5, 7, products=147, padding=3),
    fourier_case((1, 17, 30, 31), 33, 7, products=833, padding=3),
    fourier_case((2, 16, 9, 9), 16, 15, products=3600, padding=7),
    fourier_case((1, 33, 50, 20), 17, 5, products=825),
    fourier_case((2, 3, 400), 17, [101], products=303, padding=50),
    fourier_case((1, 2, 3000), 3, [1025], products=2050, padding=512),
    # Many more output channels than input channels: divided among tasks.
    fourier_case((1, 16, 50, 50), 64, 5, products=400, padding=2),
    # Groups of whole vectors, merged ones, and a depthwise multiplier.
    fourier_case((1, 64, 20, 12), 32, 5, products=800, padding=2, groups=2),
    fourier_case((1, 12, 20, 12), 12, 5, products=75, padding=2, groups=4),
    fourier_case((1, 6, 13, 13), 12, 7, products=49, padding=3, groups=6),
    # Padding beyond the kernel, an even kernel, a filter as large as the input, one row.
    fourier_case((1, 3, 37, 41), 3, 4, products=48, padding=9),
    fourier_case((1, 4, 8, 8), 6, 8, products=256),
    fourier_case((1, 5, 1, 70), 6, [1, 9], products=45, padding=[0, 4]),
    # Circular padding, and the phases of a transposed convolution: written apart, from inside of the input.
    fourier_case((2, 20, 15, 16), 20, 9, products=81, padding=4, padding_mode="circular", groups=20),
    fourier_case((1, 5, 20, 18), 7, 5, products=125, padding=2, padding_mode="circular"),
    Case(
        {"op": "conv_transpose", "out_channels": 9, "kernel_size": 8, "stride": 2, "padding": 5}, ((1, 7, 11, 12),), reduction=112
    ),
]
FORCED = [Pack(f"forced_{name.replace('-', '_')}", [*SPECIAL_CASES, *CASES], [f"--algorithm={name}"]) for name in ALGORITHMS]
FORCED += [
    Pack(f"fourier_{processor.replace('-', '_')}", FOURIER_CASES, ["--algorithm=fft", f"--mcpu={processor}"])
    for processor in PROCESSORS
    if runs_here(processor)
]
# Groups of which several lie in a vector, or one and a part of the next: equal and unequal numbers of inputs and outputs, vectors that are
# filled up, groups beyond a vector, one tap and many, long rows of taps whose borders are found when they run, and all that windows have.
GROUPED_CASES = [
    Case({"op": "conv", "out_channels": groups * outputs, "groups": groups, **window}, ((batch, groups * inputs, *sizes),), reduction=reduction)
    for groups, inputs, outputs, reduction, window, batch, sizes in (
        (3, 24, 24, 216, {"kernel_size": 3, "padding": 1}, 1, (15, 31)),
        (3, 24, 24, 216, {"kernel_size": 3, "padding": 1, "stride": 2}, 2, (9, 14)),
        (5, 8, 8, 72, {"kernel_size": 3, "padding": 1}, 1, (7, 7)),
        (4, 8, 8, 8, {"kernel_size": 1}, 2, (5, 9)),
        (12, 4, 4, 36, {"kernel_size": 3, "padding": 1, "dilation": 2}, 1, (14, 14)),
        (9, 4, 4, 36, {"kernel_size": 3, "padding": [[2, 0], [0, 2]], "stride": [3, 2]}, 1, (9, 17)),
        (17, 2, 2, 18, {"kernel_size": 3, "padding": 1}, 1, (6, 33)),
        (11, 3, 3, 27, {"kernel_size": 3, "padding": 1}, 1, (8, 9)),
        (7, 5, 9, 45, {"kernel_size": 3, "padding": 2}, 1, (5, 6)),
        (4, 10, 12, 90, {"kernel_size": 3}, 1, (9, 8)),
        (6, 1, 2, 9, {"kernel_size": 3, "padding": 1}, 2, (9, 8)),
        (20, 2, 1, 18, {"kernel_size": 3, "padding": 1}, 1, (9, 8)),
        (2, 7, 40, 63, {"kernel_size": 3, "padding": 1}, 1, (5, 5)),
        (3, 20, 80, 20, {"kernel_size": 1}, 1, (7, 8)),
        (2, 40, 17, 360, {"kernel_size": 3, "padding": 1}, 1, (6, 6)),
        (3, 6, 20, 24, {"kernel_size": 4, "padding": 6, "dilation": 5}, 1, (13,)),
        (4, 4, 4, 36, {"kernel_size": 9, "padding": 4}, 1, (37,)),
        (4, 4, 4, 404, {"kernel_size": 101, "padding": 50}, 1, (211,)),
        (2, 9, 9, 909, {"kernel_size": 101, "padding": 50, "stride": 3}, 1, (90,)),
        (4, 6, 6, 108, {"kernel_size": [2, 3, 3], "padding": [1, 0, 1]}, 1, (4, 5, 6)),
        (8, 8, 8, 72, {"kernel_size": 3, "padding": 1}, 1, (1, 1)),
        (8, 4, 4, 36, {"kernel_size": 3, "padding": 3}, 1, (1, 2)),
    )
] + [
    Case({"op": "conv_transpose", "out_channels": 24, "kernel_size": 4, "stride": 2, "padding": 1, "groups": 3}, ((1, 24, 7, 6),), reduction=32),
    Case({"op": "conv_transpose", "out_channels": 36, "kernel_size": 3, "stride": 4, "groups": 3}, ((1, 30, 5, 6),), reduction=30),
]
FORCED += [
    Pack(f"grouped_{processor.replace('-', '_')}", GROUPED_CASES, ["--algorithm=grouped", f"--mcpu={processor}"])
    for processor in PROCESSORS
    if runs_here(processor)
]
# A single row, which tasks share: borders within the first and the last piece and far into others, a last tile that is cut, borders whose
# taps are found when they run, a stride, a dilation, groups, two images, a row of a network's input, one whose filter is asked for ahead.
SINGLE_ROWS = [
    Case({"op": "conv", "out_channels": 20, "kernel_size": 5, "padding": 6, "dilation": 3}, ((1, 17, 1203),), reduction=85),
    Case({"op": "conv", "out_channels": 33, "kernel_size": 4, "stride": 3, "padding": 2}, ((2, 20, 1500),), reduction=80),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 101, "padding": 100}, ((1, 9, 1000),), reduction=909),
    Case({"op": "conv", "out_channels": 16, "kernel_size": 9, "padding": 256, "dilation": 64}, ((1, 16, 900),), reduction=144),
    Case({"op": "conv", "out_channels": 32, "kernel_size": [1, 3], "padding": [0, 1], "groups": 2}, ((1, 32, 1, 777),), reduction=48),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 7, "stride": 2, "padding": 3}, ((1, 1, 4001),), reduction=7),
    Case({"op": "conv", "out_channels": 320, "kernel_size": 3, "padding": 1}, ((1, 512, 260),), reduction=1536),
    Case({"op": "conv", "out_channels": 1, "kernel_size": 1}, ((1, 3, 5000),), reduction=3),
]
FORCED += [
    Pack(f"single_rows_{processor.replace('-', '_')}", SINGLE_ROWS, ["--algorithm=direct", f"--mcpu={processor}"])
    for processor in PROCESSORS
    if runs_here(processor)
]
# Vectors of positions: one position, rows shorter than a vector and longer than a tile by none, one and some positions, kernels and padding
# beyond the input, borders with dilated taps, strides within and across rows, a last tile of channels that is cut,
# one dimension and three, a batch, a single row that tasks share, phases that are written apart.
ROWWISE_CASES = [
    Case({"op": "conv", "out_channels": 5, "kernel_size": 3, "padding": 1}, ((1, 3, 1, 1),), reduction=27),
    Case({"op": "conv", "out_channels": 3, "kernel_size": 1}, ((1, 5, 1),), reduction=5),
    Case({"op": "conv", "out_channels": 8, "kernel_size": [1, 64], "padding": [[0, 0], [31, 32]]}, ((1, 1, 5, 512),), reduction=64),
    Case({"op": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1}, ((2, 2, 5, 96),), reduction=18),
    Case({"op": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1}, ((2, 2, 5, 97),), reduction=18),
    Case({"op": "conv", "out_channels": 13, "kernel_size": 3}, ((1, 3, 6, 115),), reduction=27),
    Case({"op": "conv", "out_channels": 2, "kernel_size": [1, 51], "padding": [0, 25]}, ((1, 3, 2, 30),), reduction=153),
    Case({"op": "conv", "out_channels": 6, "kernel_size": 4, "padding": 6, "dilation": 5}, ((1, 3, 13, 13),), reduction=48),
    Case({"op": "conv", "out_channels": 6, "kernel_size": 3, "padding": [[3, 0], [0, 40]], "dilation": [2, 20]}, ((1, 4, 7, 70),), reduction=36),
    Case({"op": "conv", "out_channels": 8, "kernel_size": 7, "stride": 2, "padding": 3}, ((1, 3, 19, 101),), reduction=147),
    Case({"op": "conv", "out_channels": 7, "kernel_size": 2, "stride": 2}, ((1, 4, 10, 66),), reduction=16),
    Case({"op": "conv", "out_channels": 7, "kernel_size": 1, "stride": [3, 2]}, ((1, 4, 10, 65),), reduction=4),
    Case({"op": "conv", "out_channels": 5, "kernel_size": 3, "stride": [4, 1], "dilation": [1, 3]}, ((1, 6, 23, 40),), reduction=54),
    Case({"op": "conv", "out_channels": 5, "kernel_size": 3, "stride": 2, "padding": 4, "dilation": 3}, ((1, 2, 9, 75),), reduction=18),
    Case({"op": "conv", "out_channels": 8, "kernel_size": [5, 7, 7], "stride": [1, 2, 2], "padding": [2, 3, 3]}, ((1, 3, 4, 9, 80),), reduction=735),
    Case({"op": "conv", "out_channels": 3, "kernel_size": [2, 3, 3], "padding": [1, 0, 1]}, ((2, 2, 4, 5, 35),), reduction=36),
    Case({"op": "conv", "out_channels": 6, "kernel_size": 5, "padding": 6, "dilation": 3}, ((2, 4, 1203),), reduction=20),
    Case({"op": "conv", "out_channels": 2, "kernel_size": 101, "padding": 100}, ((1, 2, 1000),), reduction=202),
    Case({"op": "conv", "out_channels": 4, "kernel_size": 7, "stride": 2, "padding": 3}, ((1, 1, 4001),), reduction=7),
    Case({"op": "conv_transpose", "out_channels": 5, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 6, 7, 45),), reduction=24),
    Case({"op": "conv_transpose", "out_channels": 3, "kernel_size": [3, 2], "stride": [2, 4]}, ((2, 4, 5, 50),), reduction=12),
]
FORCED += [
    Pack(f"rowwise_{processor.replace('-', '_')}", ROWWISE_CASES, ["--algorithm=rowwise", f"--mcpu={processor}"])
    for processor in PROCESSORS
    if runs_here(processor)
]
# Pieces whose inputs or outputs lie apart.
FORCED += [
    Pack(f"rowwise_of_{fold}", ROWWISE_CASES, ["--algorithm=rowwise", f"--fold={fold}"]) for fold in ("stride", "dilation", "transposed")
]
# Tiles cut at every border, tiles that lie in the padding, phases of transposed convolutions that write apart, whole groups.
WINOGRAD_CASES = [
    *SPECIAL_CASES[-2:],
    Case({"op": "conv", "out_channels": 40, "kernel_size": 3, "padding": 1}, ((2, 33, 14, 8),), reduction=297),
    Case({"op": "conv", "out_channels": 32, "kernel_size": 3, "padding": [[0, 2], [2, 0]], "groups": 2}, ((1, 32, 9, 11),), reduction=144),
    Case({"op": "conv", "out_channels": 20, "kernel_size": 3, "padding": 3}, ((1, 17, 1, 2),), reduction=153),
    Case({"op": "conv", "out_channels": 1, "kernel_size": 3, "padding": 2}, ((1, 1, 1, 1),), reduction=9),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 5, "padding": [[4, 0], [1, 3]]}, ((1, 20, 9, 11),), reduction=500),
    Case({"op": "conv", "out_channels": 24, "kernel_size": [1, 7], "padding": [0, 3]}, ((1, 20, 5, 11),), reduction=140),
    Case({"op": "conv", "out_channels": 24, "kernel_size": [7, 1], "padding": [3, 1]}, ((1, 20, 11, 5),), reduction=140),
    Case({"op": "conv", "out_channels": 24, "kernel_size": [4, 2], "padding": [[1, 2], [0, 0]]}, ((3, 20, 10, 7),), reduction=160),
    Case({"op": "conv", "out_channels": 12, "kernel_size": 6}, ((1, 9, 13, 6),), reduction=324),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 3, "padding": 1}, ((2, 20, 37),), reduction=60),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 5, "padding": 4}, ((1, 40, 1),), reduction=200),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 3, "padding": 1}, ((2, 20, 4, 7, 6),), reduction=540),
    Case({"op": "conv", "out_channels": 17, "kernel_size": [4, 1, 3], "padding": [[3, 0], [0, 0], [2, 1]]}, ((1, 17, 4, 5, 6),), reduction=204),
    # Of three dimensions the first one is transformed: alone, with the second and the third one; dilated; of one position.
    Case({"op": "conv", "out_channels": 24, "kernel_size": [3, 1, 1], "padding": [1, 0, 0]}, ((2, 20, 9, 5, 7),), reduction=60),
    Case({"op": "conv", "out_channels": 33, "kernel_size": [5, 1, 1], "padding": [2, 1, 2], "dilation": [2, 1, 1]}, ((1, 17, 11, 4, 3),), reduction=85),
    Case({"op": "conv", "out_channels": 17, "kernel_size": [3, 2, 1], "padding": [[0, 2], [1, 0], [1, 0]]}, ((2, 19, 6, 9, 5),), reduction=114),
    Case({"op": "conv", "out_channels": 16, "kernel_size": [2, 1, 3], "padding": [0, 0, 2], "dilation": [3, 1, 2]}, ((1, 24, 8, 1, 10),), reduction=144),
    Case({"op": "conv", "out_channels": 16, "kernel_size": [3, 1, 1], "padding": [1, 0, 0], "groups": 2}, ((1, 32, 1, 3, 4),), reduction=48),
    Case(
        {"op": "conv_transpose", "out_channels": 20, "kernel_size": [5, 1, 2], "stride": [2, 1, 1], "padding": [1, 0, 0]},
        ((1, 18, 5, 4, 3),),
        reduction=108,
    ),
    Case({"op": "conv_transpose", "out_channels": 24, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 20, 7, 6),), reduction=80),
    Case({"op": "conv_transpose", "out_channels": 24, "kernel_size": 5, "padding": 6}, ((1, 20, 13, 12),), reduction=500),
    Case({"op": "conv_transpose", "out_channels": 16, "kernel_size": 6, "stride": 3, "padding": 1}, ((2, 16, 7),), reduction=32),
    # Dilated: phases of whole tiles, of cut ones, with tiles that have no output; more phases than positions; taps that all lie in the
    # padding; one dimension, three (of which the first is summed up), two dilations, two kernels, groups; written apart.
    Case({"op": "conv", "out_channels": 24, "kernel_size": 3, "padding": 2, "dilation": 2}, ((2, 20, 16, 24),), reduction=180),
    Case({"op": "conv", "out_channels": 40, "kernel_size": 3, "padding": 4, "dilation": 4}, ((1, 33, 28, 29),), reduction=297),
    Case({"op": "conv", "out_channels": 17, "kernel_size": 3, "padding": 12, "dilation": 12}, ((1, 16, 28, 27),), reduction=144),
    Case({"op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 36, "dilation": 36}, ((1, 18, 7, 9),), reduction=18),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 3, "padding": [[5, 0], [0, 3]], "dilation": 3}, ((1, 7, 11, 10),), reduction=63),
    Case({"op": "conv", "out_channels": 24, "kernel_size": [3, 2], "padding": [2, 5], "dilation": [2, 5]}, ((1, 20, 10, 13),), reduction=120),
    Case({"op": "conv", "out_channels": 24, "kernel_size": [1, 5], "padding": [0, 6], "dilation": 3}, ((1, 20, 5, 23),), reduction=100),
    Case({"op": "conv", "out_channels": 24, "kernel_size": [5, 1], "padding": [4, 0], "dilation": 2}, ((1, 20, 23, 5),), reduction=100),
    Case({"op": "conv", "out_channels": 20, "kernel_size": 2, "padding": [[8, 0]], "dilation": 8}, ((2, 17, 77),), reduction=34),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 3, "padding": 16, "dilation": 16}, ((1, 40, 5),), reduction=40),
    Case({"op": "conv", "out_channels": 18, "kernel_size": 3, "padding": 2, "dilation": [2, 3, 2]}, ((1, 17, 7, 8, 9),), reduction=459),
    Case({"op": "conv", "out_channels": 32, "kernel_size": 3, "padding": 2, "dilation": 2, "groups": 2}, ((1, 32, 9, 11),), reduction=144),
    Case(
        {"op": "conv_transpose", "out_channels": 16, "kernel_size": 3, "stride": 2, "padding": 2, "dilation": 3}, ((1, 20, 9, 8),), reduction=180
    ),
]


def with_slack(slack):
    return [dataclasses.replace(case, slack=slack) for case in WINOGRAD_CASES]


# F(2, r) to F(4, r) stay within everybody's tolerance. F(5, r) and F(6, r) make errors of up to 2e-5 of the largest output
# (compiler/Algorithms/Winograd.cpp).
FORCED += [
    Pack("forced_winograd_f2", WINOGRAD_CASES, ["--algorithm=winograd:f2"]),
    Pack("forced_winograd_f3", WINOGRAD_CASES, ["--algorithm=winograd:f3"]),
    Pack("forced_winograd_f4", WINOGRAD_CASES, ["--algorithm=winograd:f4"]),
    Pack("forced_winograd_f5", with_slack(2.0), ["--algorithm=winograd:f5"]),
    Pack("forced_winograd_f6", with_slack(2.0), ["--algorithm=winograd:f6"]),
]
# Filters that the kernel transforms, a round of channels at a time: rounds of several blocks of channels and of one, vectors that are filled
# up, cut tiles, several blocks of tiles; one pixel, a kernel larger than its input, uneven padding, a batch; dilated, in groups, in one
# dimension, along rows and columns alone, with a depth that is summed up and one that is transformed; phases that are written apart.
RAW_FILTERS = [
    Case({"op": "conv", "out_channels": channels[1], **window}, ((batch, channels[0], *sizes),), reduction=reduction, slack=2.0)
    for channels, reduction, window, batch, sizes in (
        ((112, 104), 1008, {"kernel_size": 3, "padding": 1}, 1, (13, 11)),
        ((512, 40), 4608, {"kernel_size": 3, "padding": 1}, 1, (7, 7)),
        ((96, 100), 864, {"kernel_size": 3, "padding": [[2, 0], [0, 1]]}, 2, (6, 9)),
        ((96, 96), 864, {"kernel_size": 3, "padding": 1}, 1, (81, 77)),
        ((96, 96), 864, {"kernel_size": 3, "padding": 1}, 1, (1, 1)),
        ((64, 64), 1600, {"kernel_size": 5, "padding": 4}, 1, (2, 3)),
        ((96, 112), 864, {"kernel_size": 3, "padding": 3, "dilation": 3}, 1, (17, 14)),
        ((160, 160), 720, {"kernel_size": 3, "padding": 1, "groups": 2}, 1, (8, 10)),
        ((208, 192), 624, {"kernel_size": 3, "padding": 1}, 2, (53,)),
        ((192, 208), 576, {"kernel_size": [3, 1], "padding": [1, 0]}, 1, (12, 7)),
        ((192, 200), 768, {"kernel_size": [1, 4], "padding": [0, 2]}, 1, (3, 19)),
        ((64, 80), 1728, {"kernel_size": 3, "padding": 1}, 1, (4, 6, 5)),
        ((192, 208), 576, {"kernel_size": [3, 1, 1], "padding": [1, 0, 0]}, 1, (7, 3, 4)),
    )
] + [
    Case({"op": "conv_transpose", "out_channels": 128, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 128, 9, 8),), reduction=512, slack=2.0),
]
FORCED += [
    Pack(f"raw_filters_{variant}_{processor.replace('-', '_')}", RAW_FILTERS, [f"--algorithm=winograd:{variant}-raw", f"--mcpu={processor}"])
    for processor in ("x86-64-v3", "x86-64-v4")
    if runs_here(processor)
    for variant in ("f2", "f4", "f6")
]
# Few positions and a filter that doesn't fit the second-level cache: a block of output channels goes through all rounds of channels before
# the next one. Rest channels, a block and vectors that are filled up, several parts of rows; a stride, a dilation, a batch, uneven
# padding, a kernel larger than its input, one dimension and three; too few positions for that; written apart.
FAR_FILTERS = [
    Case({"op": "conv", "out_channels": channels[1], **window}, ((batch, channels[0], *sizes),), reduction=reduction)
    for channels, reduction, window, batch, sizes in (
        ((256, 264), 2304, {"kernel_size": 3, "padding": 1}, 1, (7, 7)),
        ((300, 520), 2700, {"kernel_size": 3, "padding": 1, "stride": 2}, 1, (14, 13)),
        ((200, 256), 1800, {"kernel_size": 3, "padding": 2, "dilation": 2}, 2, (6, 7)),
        ((130, 300), 520, {"kernel_size": 2, "padding": [[1, 0], [0, 2]]}, 1, (4, 9)),
        ((96, 256), 2400, {"kernel_size": 5, "padding": 4}, 1, (2, 3)),
        ((300, 256), 900, {"kernel_size": 3, "padding": 1}, 1, (60,)),
        ((80, 256), 2160, {"kernel_size": 3, "padding": 1}, 1, (3, 4, 5)),
        ((256, 256), 2304, {"kernel_size": 3, "padding": 1}, 1, (1, 2)),
    )
] + [
    Case({"op": "conv_transpose", "out_channels": 256, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 260, 6, 6),), reduction=1040),
]
FORCED += [
    Pack(f"far_filters_{processor.replace('-', '_')}", FAR_FILTERS, ["--algorithm=direct", f"--mcpu={processor}"])
    for processor in ("x86-64-v3", "x86-64-v4")
    if runs_here(processor)
]
# Images larger than the second-level cache, whose positions the products ask for: channels behind the last whole vector, groups, a batch,
# phases, a depth that is summed up, one that is transformed, one dimension, outputs that are written apart.
LARGE_IMAGES = [
    Case({"op": "conv", "out_channels": 40, "kernel_size": 3, "padding": 1}, ((1, 67, 65, 66),), reduction=603, slack=2.0),
    Case({"op": "conv", "out_channels": 72, "kernel_size": 3}, ((2, 9, 68, 63),), reduction=81, slack=2.0),
    Case({"op": "conv", "out_channels": 64, "kernel_size": 3, "padding": 1, "groups": 2}, ((1, 64, 67, 65),), reduction=288, slack=2.0),
    Case({"op": "conv", "out_channels": 64, "kernel_size": 3, "padding": 3, "dilation": 3}, ((1, 64, 67, 65),), reduction=576, slack=2.0),
    Case({"op": "conv", "out_channels": 48, "kernel_size": 3, "padding": 1}, ((1, 48, 5, 36, 35),), reduction=1296, slack=2.0),
    Case({"op": "conv", "out_channels": 48, "kernel_size": [3, 1, 1], "padding": [1, 0, 0]}, ((1, 48, 11, 33, 35),), reduction=144, slack=2.0),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 3, "padding": 1}, ((1, 24, 12001),), reduction=72, slack=2.0),
    Case({"op": "conv_transpose", "out_channels": 64, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 64, 70, 61),), reduction=256, slack=2.0),
]
FORCED += [
    Pack(f"large_images_{variant}", LARGE_IMAGES, [f"--algorithm=winograd:{variant}", "--mcpu=x86-64-v3"])
    for variant in ("f4", "f6")
    if runs_here("x86-64-v3")
]
# Tiles of output channels with empty places, and of several; channels that fill no vector, one and two; a row that tasks share, one that is
# narrower than a tile, and positions that see nothing but padding; kernels larger than the image, a long row of taps; dilated, strided,
# three dimensions; a batch; one input channel; outputs that are written apart.
INNER_PRODUCT_CASES = [
    Case({"op": "conv", "out_channels": 3, "kernel_size": 3, "padding": 1}, ((1, 64, 19, 37),), reduction=576),
    Case({"op": "conv", "out_channels": 7, "kernel_size": [3, 2], "padding": [[2, 0], [0, 1]]}, ((2, 17, 6, 9),), reduction=102),
    Case({"op": "conv", "out_channels": 8, "kernel_size": 1}, ((1, 40, 5, 5),), reduction=40),
    Case({"op": "conv", "out_channels": 1, "kernel_size": 5, "padding": 4}, ((1, 33, 2, 3),), reduction=825),
    Case({"op": "conv", "out_channels": 2, "kernel_size": 4, "padding": [[2, 1]]}, ((2, 32, 1501),), reduction=128),
    Case({"op": "conv", "out_channels": 2, "kernel_size": [1, 41], "padding": [0, 20]}, ((1, 16, 3, 60),), reduction=656),
    Case({"op": "conv", "out_channels": 4, "kernel_size": 3, "padding": 9, "dilation": 9}, ((1, 20, 8, 11),), reduction=180),
    Case({"op": "conv", "out_channels": 5, "kernel_size": 3, "stride": [2, 3], "padding": 1}, ((1, 24, 9, 17),), reduction=216),
    Case({"op": "conv", "out_channels": 6, "kernel_size": [2, 3, 3], "padding": [1, 0, 1], "dilation": [1, 2, 1]}, ((1, 18, 3, 8, 7),), reduction=324),
    Case({"op": "conv", "out_channels": 3, "kernel_size": 2}, ((1, 1, 4, 4),), reduction=4),
    Case({"op": "conv_transpose", "out_channels": 3, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 32, 9, 8),), reduction=128),
]
FORCED += [Pack("forced_inner_product", INNER_PRODUCT_CASES, ["--algorithm=inner-product"])]
FORCED += [
    Pack(f"forced_inner_product_{processor.replace('-', '_')}", INNER_PRODUCT_CASES, ["--algorithm=inner-product", f"--mcpu={processor}"])
    for processor in PROCESSORS
    if runs_here(processor)
]
# Halves of channels with one, several and no whole vectors behind them, blocks of output channels without a partner, odd numbers of
# positions, rows that a thread shares, tiles cut short; two positions, one dimension and three; filters and inputs larger than the
# second-level cache; images of a batch as positions.
STRASSEN_CASES = [
    Case({"op": "conv", "out_channels": channels[1], "kernel_size": 1}, ((*shape[:1], channels[0], *shape[1:]),), reduction=channels[0])
    for channels, shape in (
        ((32, 17), (1, 2)),
        ((32, 48), (1, 1, 3)),
        ((37, 33), (2, 5, 5)),
        ((40, 100), (1, 13, 13)),
        ((64, 64), (1, 28, 28)),
        ((72, 200), (1, 9, 1, 7)),
        ((112, 130), (3, 6, 7)),
        ((64, 256), (1, 56, 56)),
        ((130, 70), (1, 29, 31)),
        ((512, 160), (1, 7, 7)),
        ((1040, 136), (1, 13, 11)),
        ((2100, 80), (2, 9, 9)),
        ((96, 40), (2, 3, 4, 5)),
    )
] + [
    Case({"op": "linear", "out_features": 70}, ((batch, features),), reduction=features)
    for batch, features in ((2, 32), (9, 100), (64, 300))
] + [
    Case({"op": "conv_transpose", "out_channels": 48, "kernel_size": 2, "stride": 2}, ((1, 80, 7, 9),), reduction=80),
]
FORCED += [Pack("forced_strassen_only", STRASSEN_CASES, ["--algorithm=strassen", "--fold=none"])]
FORCED += [Pack("forced_strassen_folded", STRASSEN_CASES[-1:], ["--algorithm=strassen", "--fold=transposed"])]
FORCED += [
    Pack(f"forced_strassen_{processor.replace('-', '_')}", STRASSEN_CASES, ["--algorithm=strassen", f"--mcpu={processor}"])
    for processor in PROCESSORS[:2]
    if runs_here(processor)
]


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
REFUSALS = [
    ("pointwise", DENSE),
    ("strassen", DENSE),
    ("strassen", LINEAR),
    ("depthwise", DENSE),
    ("grouped", DENSE),
    ("grouped", {**DENSE, "groups": 4, "out_channels": 4}),
    ("fft", {**DENSE, "stride": 2}),
    ("filter-toeplitz", LINEAR),
    ("winograd", {**DENSE, "stride": 2}),
    ("winograd:f7", DENSE),
    ("rowwise", {**DENSE, "stride": 3}),
    ("rowwise", {**DENSE, "groups": 4}),
    ("rowwise", {**DENSE, "out_channels": 33}),
]


@pytest.mark.parametrize("algorithm, layer", REFUSALS)
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
    case = {"pointwise": SPECIAL_CASES[0], "strassen": SPECIAL_CASES[3], "depthwise": SPECIAL_CASES[4], "grouped": SPECIAL_CASES[8], "inner-product": INNER_PRODUCT_CASES[0], "rowwise": ROWWISE_CASES[2]}.get(algorithm, SPECIAL_CASES[10])
    model = write_description(case.description("shown"), tmp_path)
    process = run_toeplitz("compile", model, "--emit=schedule", "-o", tmp_path / "shown.mlir", f"--algorithm=case0={algorithm}")
    assert process.returncode == 0, process.stderr
    assert algorithm in (tmp_path / "shown.mlir").read_text()
