"""Comparisons, casts and selections of every type in the naive evaluator, compared with numpy."""

import math

import ml_dtypes
import numpy as np
import pytest
from arithmetic_evaluation import BFLOAT16, COUNT, FLOATS, SIGNED, UNSIGNED, assert_same, check_both_ways
from arithmetic_evaluation import make_values, name_of, random_of
from mlir_evaluation import ELEMENT_TYPES, evaluate

FLOAT_PREDICATES = {
    "oeq": lambda a, b, nan: a == b,
    "ogt": lambda a, b, nan: a > b,
    "oge": lambda a, b, nan: a >= b,
    "olt": lambda a, b, nan: a < b,
    "ole": lambda a, b, nan: a <= b,
    "one": lambda a, b, nan: (a != b) & ~nan,
    "ord": lambda a, b, nan: ~nan,
    "ueq": lambda a, b, nan: (a == b) | nan,
    "ugt": lambda a, b, nan: (a > b) | nan,
    "uge": lambda a, b, nan: (a >= b) | nan,
    "ult": lambda a, b, nan: (a < b) | nan,
    "ule": lambda a, b, nan: (a <= b) | nan,
    "une": lambda a, b, nan: (a != b) | nan,
    "uno": lambda a, b, nan: nan,
    "false": lambda a, b, nan: np.zeros_like(nan),
    "true": lambda a, b, nan: np.ones_like(nan),
}


@pytest.mark.parametrize("predicate", FLOAT_PREDICATES)
@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_float_comparisons(dtype, predicate):
    random = random_of(f"cmpf {predicate} {dtype}")
    a, b = make_values(dtype, random), make_values(dtype, random)
    b[::3] = a[::3]
    with np.errstate(invalid="ignore"):
        expected = FLOAT_PREDICATES[predicate](a, b, np.isnan(a) | np.isnan(b)).astype(np.uint8)
    check_both_ways(
        expected, "arith.cmpf", [a, b], np.dtype(np.uint8), attributes=f"{predicate}, ", through="arith.extui"
    )


INTEGER_PREDICATES = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


@pytest.mark.parametrize("predicate", INTEGER_PREDICATES)
@pytest.mark.parametrize("dtype", SIGNED + UNSIGNED, ids=name_of)
def test_integer_comparisons(dtype, predicate):
    random = random_of(f"cmpi {predicate} {dtype}")
    a, b = make_values(dtype, random), make_values(dtype, random)
    b[::3] = a[::3]
    sign = {"i": "s", "u": "u"}[dtype.kind] if len(predicate) == 2 and predicate not in ("eq", "ne") else ""
    expected = INTEGER_PREDICATES[predicate](a, b).astype(np.uint8)
    check_both_ways(
        expected, "arith.cmpi", [a, b], np.dtype(np.uint8), attributes=f"{sign}{predicate}, ", through="arith.extui"
    )


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
@pytest.mark.parametrize("operation", ["isnan", "isinf", "isfinite", "isnormal"])
def test_classifications(operation, dtype):
    values = make_values(dtype, random_of(f"{operation} {dtype}"))
    tiny = ml_dtypes.finfo(dtype).tiny
    functions = {
        "isnan": np.isnan,
        "isinf": np.isinf,
        "isfinite": np.isfinite,
        "isnormal": lambda x: np.isfinite(x) & (np.abs(x) >= tiny),
    }
    with np.errstate(invalid="ignore"):
        expected = functions[operation](values).astype(np.uint8)
    check_both_ways(expected, f"math.{operation}", [values], np.dtype(np.uint8), through="arith.extui")


def cast(types, target):
    return f"{types[0]} to {target}"


INTEGER_CASTS = [("arith.extsi", a, b) for a in SIGNED for b in SIGNED if a.itemsize < b.itemsize]
INTEGER_CASTS += [("arith.extui", a, b) for a in UNSIGNED for b in UNSIGNED if a.itemsize < b.itemsize]
INTEGER_CASTS += [("arith.trunci", a, b) for a in UNSIGNED for b in UNSIGNED if a.itemsize > b.itemsize]
INTEGER_CASTS += [("arith.sitofp", a, b) for a in SIGNED for b in FLOATS]
INTEGER_CASTS += [("arith.uitofp", a, b) for a in UNSIGNED for b in FLOATS]


@pytest.mark.parametrize(("operation", "source", "target"), INTEGER_CASTS, ids=name_of)
def test_casts_of_integers(operation, source, target):
    values = make_values(source, random_of(f"{operation} {source} {target}"))
    with np.errstate(over="ignore"):
        # numpy casts to the short floating types by way of f32, which rounds twice.
        through = np.float64 if target in FLOATS[:2] else target
        expected = values.astype(through).astype(target)
    check_both_ways(expected, operation, [values], target, suffix=cast)


FLOAT_CASTS = [(a, b) for a in FLOATS for b in FLOATS if a.itemsize != b.itemsize]


@pytest.mark.parametrize(("source", "target"), FLOAT_CASTS, ids=name_of)
def test_casts_between_floats(source, target):
    operation = "arith.extf" if source.itemsize < target.itemsize else "arith.truncf"
    values = make_values(source, random_of(f"{source} {target}"))
    # Halves, which go to the even neighbour.
    values[::5] = (1 + random_of("halves").integers(0, 1 << 12, len(values[::5])) / (1 << 12)).astype(source)
    with np.errstate(over="ignore"):
        expected = values.astype(target)
    if source == np.float64 and target == BFLOAT16:
        # ml_dtypes goes by way of f32; a step of 2^-48 towards the value makes the first rounding harmless.
        expected = round_to_bfloat16(values)
    check_both_ways(expected, operation, [values], target, suffix=cast)


def round_to_bfloat16(values):
    """Rounding to odd first: the nearest f32, or the one beside it whose last bit is set, if it isn't exact."""
    with np.errstate(all="ignore"):
        near = values.astype(np.float32)
        exact = near.astype(np.float64) == values
        bits = near.view(np.uint32).copy()
        too_large = np.abs(near.astype(np.float64)) > np.abs(values)
        bits = np.where(exact | ~np.isfinite(values), bits, (bits - too_large) | 1)
        return bits.astype(np.uint32).view(np.float32).astype(BFLOAT16)


SATURATING_CASTS = [("arith.fptosi", a, b) for a in FLOATS for b in SIGNED]
SATURATING_CASTS += [("arith.fptoui", a, b) for a in FLOATS for b in UNSIGNED]


@pytest.mark.parametrize(("operation", "source", "target"), SATURATING_CASTS, ids=name_of)
def test_casts_to_integers_saturate(operation, source, target):
    values = make_values(source, random_of(f"{operation} {source} {target}"))
    limits = np.iinfo(target)

    def convert(value):
        if math.isnan(value):
            return 0
        if math.isinf(value):
            return limits.max if value > 0 else limits.min
        return min(max(math.trunc(value), limits.min), limits.max)

    expected = np.array([convert(float(value)) for value in values], target)
    check_both_ways(expected, operation, [values], target, suffix=cast)


@pytest.mark.parametrize("source", FLOATS, ids=name_of)
def test_bitcasts(source):
    target = np.dtype(f"int{source.itemsize * 8}")
    values = make_values(source, random_of(f"bitcast {source}"))
    values[np.isnan(values)] = 1  # The bits of a NaN are not kept.
    check_both_ways(values.view(target), "arith.bitcast", [values], target, suffix=cast)
    check_both_ways(values, "arith.bitcast", [values.view(target)], source, suffix=cast)


@pytest.mark.parametrize("dtype", FLOATS + SIGNED, ids=name_of)
def test_selection(dtype):
    random = random_of(f"select {dtype}")
    a, b = make_values(dtype, random), make_values(dtype, random)
    condition = random.integers(0, 2, COUNT, np.uint8)
    element = ELEMENT_TYPES[dtype]
    body = f"""
      %c = arith.trunci %x : tensor<{COUNT}xi8> to tensor<{COUNT}xi1>
      %y = arith.select %c, %a, %b : tensor<{COUNT}xi1>, tensor<{COUNT}x{element}>
      %no = arith.constant false
      %z = arith.select %no, %a, %b : tensor<{COUNT}x{element}>
    """
    results = [("y", (COUNT,), dtype), ("z", (COUNT,), dtype)]
    chosen, all_second = evaluate(body, {"x": condition, "a": a, "b": b}, results)
    assert_same(chosen, np.where(condition, a, b))
    assert_same(all_second, b)
