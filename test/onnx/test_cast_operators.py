"""Cast, CastLike and BitCast: against numpy."""

import ml_dtypes
import numpy as np
import onnx
import onnx.helper
import pytest
from onnx_cases import BFLOAT16, Cases, FLOATS, SIGNED, UNSIGNED, draw


@pytest.mark.parametrize("opset", [9, 13, 28])
def test_casts(opset, tmp_path):
    """Between all types, of numbers that fit into both."""
    random = np.random.default_rng(16)
    cases = Cases(opset)
    dtypes = [*(FLOATS if opset >= 13 else FLOATS[:3]), *SIGNED, *UNSIGNED, bool]
    for source in dtypes:
        x = draw(random, (3, 7), source, 0, 99)
        for target in dtypes:
            wide = x.astype(np.float32) if source == BFLOAT16 else x
            cases.add("Cast", x, to=int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(target))), expected=[wide.astype(target)])
            if opset >= 15:
                cases.add("CastLike", x, np.zeros(1, target), expected=[wide.astype(target)])
    cases.check(tmp_path)


def test_casts_at_the_limits(tmp_path):
    cases = Cases(13)

    def add(x, target, expected):
        target = np.dtype(target)
        cases.add("Cast", x, to=int(onnx.helper.np_dtype_to_tensor_dtype(target)), expected=[np.asarray(expected, target)])

    with np.errstate(over="ignore"):
        halves = np.array([1e-8, 65504, 65519.9, 65520, -1e9, np.inf, np.nan, 0.1, 5.9604645e-08, 2049, 2051], np.float32)
        add(halves, np.float16, halves.astype(np.float16))
        add(halves, ml_dtypes.bfloat16, halves.astype(ml_dtypes.bfloat16))
        # Rounded once: over float32 the first would become 1.
        doubles = np.array([1 + 2.0**-11 + 2.0**-40, 1e300, -1e300, 1e-300, np.nan, 1.1], np.float64)
        add(doubles, np.float16, doubles.astype(np.float16))
        add(doubles, np.float32, doubles.astype(np.float32))
    # What doesn't fit is the nearest number of the type.
    outside = np.array([1e30, -1e30, np.inf, -np.inf, np.nan, -0.9, 127.9, -128.9], np.float32)
    for dtype in (np.int8, np.int32, np.int64, np.uint8, np.uint64):
        limits = np.iinfo(dtype)
        unsigned = limits.min == 0
        expected = [limits.max, limits.min, limits.max, limits.min, 0, 0, 127, 0 if unsigned else -128]
        add(outside, dtype, expected)
    # Integers keep their low bits.
    add(np.array([300, -1, 2**31, 2**40 + 5], np.int64), np.uint8, [44, 255, 0, 5])
    add(np.array([300, -1, 2**31, 2**40 + 5], np.int64), np.int32, [300, -1, -(2**31), 5])
    add(np.array([2**64 - 1, 2**63], np.uint64), np.float32, [2.0**64, 2.0**63])
    add(np.array([0.0, -0.0, 0.1, np.nan, -3], np.float32), bool, [False, False, True, True, True])
    cases.check(tmp_path)


def test_bit_casts(tmp_path):
    random = np.random.default_rng(17)
    cases = Cases(26)
    groups = [[np.float32, np.int32, np.uint32], [np.float64, np.int64, np.uint64], [np.float16, BFLOAT16, np.int16, np.uint16], [np.int8, np.uint8]]
    for group in groups:
        for source in group:
            x = draw(random, (3, 4), source)
            for target in group:
                cases.add("BitCast", x, to=int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(target))), expected=[x.view(target)])
    cases.check(tmp_path)
