"""Every fold forced, with several algorithms for the pieces; what --fold says about layers and names; how pieces are computed."""

import pytest

from operator_cases import Case, Pack, member_name, members
from random_windows import random_cases, random_convolution, random_transposed_convolution
from toeplitz_process import run_toeplitz, write_description

CASES = [*random_cases(41, 12, random_convolution), *random_cases(42, 8, random_transposed_convolution)]
# What the folds are for, so that it is surely there; then phases that read nothing, and those that have fewer outputs than there are phases.
SPECIAL_CASES = [
    Case({"op": "conv", "out_channels": 20, "kernel_size": 3, "padding": 2, "dilation": 2}, ((2, 17, 11, 12),), reduction=153),
    Case({"op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 4, "dilation": 4, "stride": 2}, ((1, 16, 13, 13),), reduction=144),
    Case({"op": "conv", "out_channels": 16, "kernel_size": 7, "padding": 3, "stride": 2}, ((1, 3, 21, 20),), reduction=147),
    Case({"op": "conv", "out_channels": 24, "kernel_size": 1, "stride": 2}, ((1, 16, 9, 9),), reduction=16),
    Case({"op": "conv", "out_channels": 32, "kernel_size": 3, "padding": 1, "groups": 4}, ((1, 32, 7, 9),), reduction=72),
    Case({"op": "conv", "out_channels": 64, "kernel_size": 3, "padding": 2, "dilation": 2, "stride": [1, 2], "groups": 2}, ((2, 32, 9, 10),), reduction=144),
    Case({"op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1, "stride": 2, "groups": 16}, ((1, 16, 9, 10),), reduction=9),
    Case({"op": "conv", "out_channels": 5, "kernel_size": 3, "padding": 9, "dilation": 9}, ((1, 4, 3, 2),), reduction=36),
    Case({"op": "conv", "out_channels": 5, "kernel_size": 2, "padding": [[7, 2]], "stride": 5}, ((2, 4, 11),), reduction=8),
    # More pieces than are made by themselves: their buffer is made before bufferization.
    Case({"op": "conv", "out_channels": 5, "kernel_size": 2, "padding": [[20, 3]], "dilation": 20}, ((2, 4, 45),), reduction=8),
    Case({"op": "conv", "out_channels": 32, "kernel_size": 3, "padding": 2, "groups": 32}, ((1, 16 * 32, 3, 2),), reduction=144),
    Case({"op": "conv_transpose", "out_channels": 6, "kernel_size": [6, 3], "stride": [6, 3]}, ((1, 5, 3, 2),), reduction=5),
    Case({"op": "conv_transpose", "out_channels": 17, "kernel_size": 4, "stride": 2, "padding": 1}, ((1, 16, 6, 7),), reduction=64),
    Case({"op": "conv_transpose", "out_channels": 16, "kernel_size": 2, "stride": 3, "output_padding": 1}, ((2, 8, 4, 3),), reduction=8),
    Case({"op": "conv_transpose", "out_channels": 8, "kernel_size": 3, "stride": 2, "dilation": 3, "padding": 2, "groups": 2}, ((1, 16, 5, 5),), reduction=32),
    Case({"op": "conv_transpose", "out_channels": 3, "kernel_size": 1, "padding": 1}, ((1, 3, 5),), reduction=3),
]
FOLDS = ("stride", "dilation", "transposed", "groups", "stride,dilation,transposed,groups")
FORCED = [
    Pack("folded_" + fold.replace(",", "_"), [*SPECIAL_CASES, *CASES], [f"--fold={fold}"]) for fold in FOLDS
] + [
    Pack(f"folded_all_{algorithm}", SPECIAL_CASES, ["--fold=stride,dilation,transposed,groups", f"--algorithm={algorithm}"])
    for algorithm in ("direct", "im2col", "pointwise")
]


@pytest.mark.parametrize("pack, place", members(FORCED), ids=member_name)
def test_forced_fold(pack, place):
    pack.check_compiled_against_reference(place)
