"""Arithmetic on every type in the naive evaluator, compared with numpy and with Python's own integers."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from arithmetic_evaluation import COUNT, FLOATS, SIGNED, UNSIGNED, check_both_ways, evaluate_both_ways
from arithmetic_evaluation import make_values, name_of, random_of
from mlir_evaluation import ELEMENT_TYPES, evaluate


def wrap(value, dtype):
    """A Python integer as one of that type."""
    bits = np.iinfo(dtype).bits
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.kind == "i" and value >> (bits - 1) else value


def truncated_division(a, b):
    if b == 0:
        return 0
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def power(base, exponent):
    if exponent < 0:
        return {1: 1, -1: -1 if exponent % 2 else 1}.get(base, 0)
    return pow(base, exponent, 1 << 64)


SIGNED_OPERATIONS = {
    "arith.addi": lambda a, b, bits: a + b,
    "arith.subi": lambda a, b, bits: a - b,
    "arith.muli": lambda a, b, bits: a * b,
    "arith.andi": lambda a, b, bits: a & b,
    "arith.ori": lambda a, b, bits: a | b,
    "arith.xori": lambda a, b, bits: a ^ b,
    "arith.divsi": lambda a, b, bits: truncated_division(a, b),
    "arith.remsi": lambda a, b, bits: a - b * truncated_division(a, b) if b else 0,
    "arith.floordivsi": lambda a, b, bits: a // b if b else 0,
    "arith.ceildivsi": lambda a, b, bits: -(-a // b) if b else 0,
    "arith.maxsi": lambda a, b, bits: max(a, b),
    "arith.minsi": lambda a, b, bits: min(a, b),
    "arith.shrsi": lambda a, b, bits: a >> (b if 0 <= b < bits else bits),
    "math.ipowi": lambda a, b, bits: power(a, b),
}
UNSIGNED_OPERATIONS = {
    "arith.divui": lambda a, b, bits: a // b if b else 0,
    "arith.ceildivui": lambda a, b, bits: -(-a // b) if b else 0,
    "arith.remui": lambda a, b, bits: a % b if b else 0,
    "arith.maxui": lambda a, b, bits: max(a, b),
    "arith.minui": lambda a, b, bits: min(a, b),
    "arith.shli": lambda a, b, bits: a << b if b < bits else 0,
    "arith.shrui": lambda a, b, bits: a >> b if b < bits else 0,
}
INTEGER_CASES = [(name, dtype) for name in SIGNED_OPERATIONS for dtype in SIGNED]
INTEGER_CASES += [(name, dtype) for name in UNSIGNED_OPERATIONS for dtype in UNSIGNED]


@pytest.mark.parametrize(("operation", "dtype"), INTEGER_CASES, ids=name_of)
def test_integer_operations(operation, dtype):
    random = random_of(f"{operation} {dtype}")
    a, b = make_values(dtype, random), make_values(dtype, random)
    # Shifts within the width too, which random numbers hardly ever are.
    if operation.startswith("arith.sh"):
        b[::2] = random.integers(0, np.iinfo(dtype).bits, len(b[::2]))
    function = {**SIGNED_OPERATIONS, **UNSIGNED_OPERATIONS}[operation]
    bits = np.iinfo(dtype).bits
    expected = [wrap(function(int(x), int(y), bits), dtype) for x, y in zip(a, b)]
    check_both_ways(np.array(expected, dtype), operation, [a, b], dtype)


INTEGER_UNARY = {
    "math.absi": lambda a, bits: abs(a if a < 1 << (bits - 1) else a - (1 << bits)),
    "math.ctlz": lambda a, bits: bits - a.bit_length(),
    "math.cttz": lambda a, bits: (a & -a).bit_length() - 1 if a else bits,
    "math.ctpop": lambda a, bits: bin(a).count("1"),
}


@pytest.mark.parametrize("dtype", UNSIGNED, ids=name_of)
@pytest.mark.parametrize("operation", INTEGER_UNARY)
def test_integer_unary_operations(operation, dtype):
    values = make_values(dtype, random_of(f"{operation} {dtype}"))
    bits = np.iinfo(dtype).bits
    expected = [wrap(INTEGER_UNARY[operation](int(value), bits), dtype) for value in values]
    check_both_ways(np.array(expected, dtype), operation, [values], dtype)


def in_type(function, dtype):
    """A function of numpy on a type: f16 and bf16 by way of f32, which has enough bits for one rounding to be right."""
    if dtype.itemsize == 2:
        return lambda *values: function(*(value.astype(np.float32) for value in values)).astype(dtype)
    return function


def with_both_signs(larger):
    """numpy doesn't say which zero is the larger one; IEEE 754 does."""

    def function(a, b):
        plain = np.maximum(a, b) if larger else np.minimum(a, b)
        zeros = (a == 0) & (b == 0)
        negative = np.signbit(a) & np.signbit(b) if larger else np.signbit(a) | np.signbit(b)
        return np.where(zeros, np.where(negative, -0.0, 0.0), plain).astype(a.dtype)

    return function


def round_half_away(x):
    whole = np.trunc(np.abs(x))
    return np.copysign(whole + (np.abs(x) - whole >= 0.5), x).astype(x.dtype)


EXACT_FLOAT = {
    "arith.addf": (2, np.add),
    "arith.subf": (2, np.subtract),
    "arith.mulf": (2, np.multiply),
    "arith.divf": (2, np.divide),
    "arith.remf": (2, np.fmod),
    "arith.maximumf": (2, with_both_signs(True)),
    "arith.minimumf": (2, with_both_signs(False)),
    "math.copysign": (2, np.copysign),
    "arith.negf": (1, np.negative),
    "math.absf": (1, np.abs),
    "math.ceil": (1, np.ceil),
    "math.floor": (1, np.floor),
    "math.trunc": (1, np.trunc),
    "math.roundeven": (1, np.rint),
    "math.round": (1, round_half_away),
    "math.sqrt": (1, np.sqrt),
}


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
@pytest.mark.parametrize("operation", EXACT_FLOAT)
def test_exact_float_operations(operation, dtype):
    count, function = EXACT_FLOAT[operation]
    random = random_of(f"{operation} {dtype}")
    operands = [make_values(dtype, random) for _ in range(count)]
    with np.errstate(all="ignore"):
        expected = in_type(function, dtype)(*operands)
    check_both_ways(expected, operation, operands, dtype, "typed")


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
@pytest.mark.parametrize("operation", ["arith.maxnumf", "arith.minnumf"])
def test_the_larger_number_is_never_nan(operation, dtype):
    """Which zero is the larger one is left open."""
    random = random_of(f"{operation} {dtype}")
    a, b = make_values(dtype, random), make_values(dtype, random)
    function = np.fmax if operation == "arith.maxnumf" else np.fmin
    for values in evaluate_both_ways(operation, [a, b], dtype, "typed"):
        expected = in_type(function, dtype)(a, b)
        np.testing.assert_array_equal(values.astype(np.float64), expected.astype(np.float64))


def vectorized(function):
    def guarded(*values):
        try:
            return function(*values)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return lambda *arrays: np.array([guarded(*map(float, values)) for values in zip(*arrays)])


APPROXIMATE_FLOAT = {
    "math.acos": (1, np.arccos),
    "math.acosh": (1, np.arccosh),
    "math.asin": (1, np.arcsin),
    "math.asinh": (1, np.arcsinh),
    "math.atan": (1, np.arctan),
    "math.atanh": (1, np.arctanh),
    "math.cbrt": (1, np.cbrt),
    "math.cos": (1, np.cos),
    "math.cosh": (1, np.cosh),
    "math.erf": (1, vectorized(math.erf)),
    "math.erfc": (1, vectorized(math.erfc)),
    "math.exp": (1, np.exp),
    "math.exp2": (1, np.exp2),
    "math.expm1": (1, np.expm1),
    "math.log": (1, np.log),
    "math.log10": (1, np.log10),
    "math.log1p": (1, np.log1p),
    "math.log2": (1, np.log2),
    "math.rsqrt": (1, lambda x: 1 / np.sqrt(x)),
    "math.sin": (1, np.sin),
    "math.sinh": (1, np.sinh),
    "math.tan": (1, np.tan),
    "math.tanh": (1, np.tanh),
    "math.atan2": (2, np.arctan2),
    "math.powf": (2, np.power),
}


@pytest.mark.parametrize("dtype", [np.dtype(np.float32), np.dtype(np.float64)], ids=name_of)
@pytest.mark.parametrize("operation", APPROXIMATE_FLOAT)
def test_functions(operation, dtype):
    """Within a unit of f32, and, where two libraries differ in f64, four of them."""
    count, function = APPROXIMATE_FLOAT[operation]
    random = random_of(f"{operation} {dtype}")
    operands = [make_values(dtype, random) for _ in range(count)]
    with np.errstate(all="ignore"):
        expected = function(*(operand.astype(np.float64) for operand in operands)).astype(dtype)
    tolerance = 1 if dtype == np.float32 else 4
    check_both_ways(expected, operation, operands, dtype, "typed", tolerance=tolerance)


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_fused_multiply_add_rounds_once(dtype):
    random = random_of(f"fma {dtype}")
    # Products that nearly cancel: what a second rounding would lose is all that is left.
    a, b = (random.normal(size=COUNT).astype(dtype) for _ in range(2))
    c = (-(a.astype(np.float64) * b.astype(np.float64))).astype(dtype)
    exact = [Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)) for x, y, z in zip(a, b, c)]
    expected = np.array([float(value) for value in exact]).astype(dtype)
    check_both_ways(expected, "math.fma", [a, b, c], dtype, "typed")


@pytest.mark.parametrize("dtype", SIGNED + UNSIGNED, ids=name_of)
def test_products_and_sums_of_double_width(dtype):
    random = random_of(f"extended {dtype}")
    a, b = make_values(dtype, random), make_values(dtype, random)
    bits = np.iinfo(dtype).bits
    type_ = f"tensor<{COUNT}x{ELEMENT_TYPES[dtype]}>"
    kind = {"i": "s", "u": "u"}[dtype.kind]
    body = f"%low, %high = arith.mul{kind}i_extended %a, %b : {type_}\n"
    body += f"%sum, %carry = arith.addui_extended %a, %b : {type_}, tensor<{COUNT}xi1>\n"
    body += f"%c = arith.extui %carry : tensor<{COUNT}xi1> to tensor<{COUNT}xi8>"
    results = [(name, (COUNT,), dtype) for name in ("low", "high", "sum")] + [("c", (COUNT,), np.uint8)]
    low, high, sums, carries = evaluate(body, {"a": a, "b": b}, results)
    products = [int(x) * int(y) for x, y in zip(a, b)]
    np.testing.assert_array_equal(low, np.array([wrap(product, dtype) for product in products], dtype))
    np.testing.assert_array_equal(high, np.array([wrap(product >> bits, dtype) for product in products], dtype))
    np.testing.assert_array_equal(sums, np.array([wrap(int(x) + int(y), dtype) for x, y in zip(a, b)], dtype))
    mask = (1 << bits) - 1
    expected = [(int(x) & mask) + (int(y) & mask) > mask for x, y in zip(a, b)]
    np.testing.assert_array_equal(carries, np.array(expected, np.uint8))


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_operations_of_other_shapes(dtype):
    """An integer exponent, a range, two results."""
    random = random_of(f"other {dtype}")
    x = random.normal(size=COUNT).astype(dtype)
    low, high = np.full(COUNT, -0.5).astype(dtype), np.full(COUNT, 0.75).astype(dtype)
    exponents = random.integers(-3, 4, COUNT).astype(np.int32)
    type_ = f"tensor<{COUNT}x{ELEMENT_TYPES[dtype]}>"
    body = f"""
      %power = math.fpowi %x, %n : {type_}, tensor<{COUNT}xi32>
      %clamped = math.clampf %x to [%low, %high] : {type_}
      %sine, %cosine = math.sincos %x : {type_}
    """
    results = [(name, (COUNT,), dtype) for name in ("power", "clamped", "sine", "cosine")]
    inputs = {"x": x, "n": exponents, "low": low, "high": high}
    values = [value.astype(np.float64) for value in evaluate(body, inputs, results, "typed")]
    wide = x.astype(np.float64)
    expected = [wide**exponents, np.clip(wide, -0.5, 0.75), np.sin(wide), np.cos(wide)]
    # A unit in the last place, which the rounding of the last digit of two libraries can cost.
    unit = float(ml_dtypes.finfo(dtype).eps)
    for value, reference in zip(values, expected):
        with np.errstate(over="ignore"):
            rounded = reference.astype(dtype).astype(np.float64)
        np.testing.assert_allclose(value, rounded, rtol=unit)


def test_f32_keeps_the_precision_of_a_double_between_operations():
    """Without `typed`: one and a little, minus one, is the little; but a comparison with one sees what f32 can hold."""
    body = """
      %larger = arith.addf %one, %small : tensor<2xf32>
      %difference = arith.subf %larger, %one : tensor<2xf32>
      %equal = arith.cmpf oeq, %larger, %one : tensor<2xf32>
      %e = arith.extui %equal : tensor<2xi1> to tensor<2xi8>
    """
    inputs = {"one": np.ones(2, np.float32), "small": np.array([2.0**-40, 2.0**-20], np.float32)}
    results = [("difference", (2,), np.float32), ("e", (2,), np.uint8)]
    difference, equal = evaluate(body, inputs, results)
    np.testing.assert_array_equal(difference, inputs["small"])
    np.testing.assert_array_equal(equal, [1, 0])
    difference, equal = evaluate(body, inputs, results, "typed")
    np.testing.assert_array_equal(difference, [0, 2.0**-20])
    np.testing.assert_array_equal(equal, [1, 0])
