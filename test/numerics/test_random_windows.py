"""Random window operators: compiled code, the naive evaluator and ONNX Runtime, each against the others."""

import pytest

from operator_cases import comparisons, member_name, packs_of
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution

PACKS = [
    *packs_of("convolutions", random_cases(1, 375, random_convolution)),
    *packs_of("transposed", random_cases(2, 125, random_transposed_convolution)),
    *packs_of("poolings", random_cases(3, 150, random_pooling)),
]


@pytest.mark.parametrize("pack, place, comparison", comparisons(PACKS), ids=member_name)
def test_operator(pack, place, comparison):
    comparison(pack, place)


def test_there_are_enough():
    """650 operators, the most of them in ONNX, of every kind and property that the compiler distinguishes."""
    cases = [case for pack in PACKS for case in pack.cases]
    assert len(cases) == len(set(case.label for case in cases)) >= 600
    assert sum(case.is_in_onnx for case in cases) >= 600
    layers = [case.layer for case in cases]
    for operator in ("conv", "conv_transpose", "max_pool", "average_pool", "lp_pool"):
        assert {len(layer["kernel_size"]) for layer in layers if layer["op"] == operator} == {1, 2, 3}
    assert {layer.get("padding_mode") for layer in layers} >= {"zeros", "circular", "reflect", "replicate"}
