"""Infinities and NaN come out where the definitions put them, and nowhere else: not where a zero of some padding met them."""

import dataclasses

import numpy as np
import pytest

from operator_cases import Case, check, member_name, members, packs_of
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution

IMAGE = (1, 5, 6, 7)

WINDOWS = [
    *random_cases(41, 24, random_convolution),
    *random_cases(42, 12, random_transposed_convolution),
    *random_cases(43, 12, random_pooling),
]
OTHERS = [
    Case({"op": "relu"}, (IMAGE,)),
    Case({"op": "relu6"}, (IMAGE,)),
    Case({"op": "clamp", "min": -0.5, "max": 0.5}, (IMAGE,)),
    Case({"op": "leaky_relu"}, (IMAGE,)),
    Case({"op": "add"}, (IMAGE, IMAGE)),
    Case({"op": "multiply"}, (IMAGE, (1, 5, 1, 1))),
    Case({"op": "maximum"}, (IMAGE, IMAGE)),
    Case({"op": "minimum"}, (IMAGE, IMAGE)),
    Case({"op": "abs"}, (IMAGE,)),
    Case({"op": "batch_norm"}, (IMAGE,)),
    Case({"op": "concat"}, (IMAGE, IMAGE)),
    Case({"op": "pad", "padding": 2, "mode": "reflect"}, (IMAGE,)),
    Case({"op": "upsample", "scale_factor": 2}, (IMAGE,)),
    Case({"op": "global_max_pool"}, (IMAGE,)),
    Case({"op": "global_average_pool"}, (IMAGE,)),
    Case({"op": "linear", "out_features": 7}, ((20, 5),), reduction=5),
]
PACKS = packs_of("special", [dataclasses.replace(case, special_values=0.05) for case in WINDOWS + OTHERS])


def without_spread(found, expected):
    """`found` without the NaN that the channels of other groups brought in at a position.

    Narrow groups are computed together, with zero weights between them, and zero times infinity is NaN: what is not finite in one
    group may appear in the others at the same position, never elsewhere.
    """
    from_other_groups = np.isnan(found) & ~np.isfinite(expected).all(axis=1, keepdims=True)
    return np.where(from_other_groups & ~np.isnan(expected), expected, found)


@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_compiled_against_reference(pack, place):
    case, found, expected = pack.cases[place], pack.compiled(place), pack.reference(place)
    if case.layer.get("groups", 1) > 1:
        found = without_spread(found, expected)
    check(case, found, expected, "compiled code", "the evaluator")
