"""Networks on the emulated GPU: compiled code against the naive evaluator and ONNX Runtime, which share no code with the kernels.

Convolutions run with every access to a block's memory watched, so that a missing barrier fails them. The emulator switches
between threads in software: shapes are small.
"""

import functools
import tempfile

import numpy as np
import pytest

import test_border_cases
import test_operators
from operator_cases import Case, Pack, check, comparisons, description_of, inputs_of, member_name, packs_of
from random_windows import product, random_cases, random_convolution, random_pooling, random_transposed_convolution
from toeplitz_process import Library, compile_network, evaluate_reference

EMULATED = ("--target=cuda", "--gpu-arch=emulated")
CHECKED = ("--target=cuda", "--gpu-arch=emulated-checked")
ALGORITHMS = ("implicit-gemm", "direct")
WINDOWS = ("conv", "conv_transpose", "linear")
# Multiplications (at stride 1) of the largest convolution that the emulator is given.
LARGEST_WORK = 40_000


def work(case):
    """The multiplications of a convolution, at most; for other operators the elements that they read, each by every window."""
    layer, shape = case.layer, case.shapes[0]
    outputs = layer.get("out_channels", layer.get("out_features", shape[1] if len(shape) > 1 else 1))
    sizes = shape[2:]
    if layer["op"] == "conv_transpose":
        strides = layer.get("stride", 1)
        strides = strides if isinstance(strides, list) else [strides] * len(sizes)
        sizes = [size * stride for size, stride in zip(sizes, strides)]
    return shape[0] * product(sizes) * outputs * case.reduction


def small(cases, limit=LARGEST_WORK):
    return [case for case in cases if work(case) <= limit]


CONVOLUTIONS = [
    *small(random_cases(1, 140, random_convolution))[:40],
    *small(random_cases(2, 60, random_transposed_convolution))[:20],
    *(case for case in small(test_border_cases.CASES) if case.layer["op"] in WINDOWS),
]
CONVOLUTION_PACKS = [
    pack for name in ALGORITHMS for pack in packs_of(name.replace("-", "_"), CONVOLUTIONS, options=(*CHECKED, f"--algorithm={name}"))
]
POOLINGS = [
    *small(random_cases(3, 80, random_pooling))[:25],
    *(case for case in small(test_border_cases.CASES) if case.layer["op"] not in WINDOWS),
]
OPERATOR_PACKS = [
    *packs_of("poolings", POOLINGS, options=EMULATED),
    *(Pack(pack.name, pack.cases, EMULATED) for pack in test_operators.PACKS),
]


@pytest.mark.parametrize("pack, place, comparison", comparisons(CONVOLUTION_PACKS), ids=member_name)
def test_convolution(pack, place, comparison):
    comparison(pack, place)


@pytest.mark.parametrize("pack, place, comparison", comparisons(OPERATOR_PACKS), ids=member_name)
def test_operator(pack, place, comparison):
    comparison(pack, place)
