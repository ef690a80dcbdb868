"""Single operations of arith and math in the naive evaluator, on whole tensors and in a body of linalg.generic."""

import math
import zlib

import ml_dtypes
import numpy as np

from mlir_evaluation import ELEMENT_TYPES, evaluate

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOATS = [np.dtype(np.float16), BFLOAT16, np.dtype(np.float32), np.dtype(np.float64)]
SIGNED = [np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)]
UNSIGNED = [np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)]
COUNT = 600  # More than the lanes that a body has at once, and no multiple of them.


def name_of(value):
    return str(value)


def random_of(name):
    """Values that depend on nothing but the name of the case."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def make_values(dtype, random):
    """The values at which something happens, and random ones of every size."""
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        special = [0, 1, 2, 3, 7, 8, limits.bits - 1, limits.max, limits.max - 1, limits.min, limits.min + 1]
        if limits.min < 0:
            special += [-1, -2, -3, -7]
        bits = random.integers(0, 1 << 64, COUNT, np.uint64, endpoint=False)
        values = (bits >> random.integers(0, 64, COUNT).astype(np.uint64)).astype(dtype)
        special = np.array(special, dtype)
        random.shuffle(special)
    else:
        limits = ml_dtypes.finfo(dtype)
        special = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, math.inf, -math.inf, math.nan]
        special += [float(limits.max), float(limits.tiny), float(limits.smallest_subnormal), 127.5, -128.5, 255.5]
        values = random.normal(size=COUNT) * np.exp2(random.integers(-20, 20, COUNT))
        with np.errstate(over="ignore"):
            values, special = values.astype(dtype), np.array(special).astype(dtype)
    places = random.choice(COUNT, len(special), replace=False)
    values[places] = special
    return values


def evaluate_both_ways(operation, operands, result, *options, attributes="", suffix=None, through=None):
    """The result of an operation on whole tensors, and of it in the body of a linalg.generic. `suffix` makes the types
    that follow it of those of operands and result. A result of i1 is widened by `through` (arith.extui)."""
    suffix = suffix or (lambda types, target: types[0])
    scalars = [ELEMENT_TYPES[operand.dtype] for operand in operands]
    target = "i1" if through else ELEMENT_TYPES[result]
    final = ELEMENT_TYPES[result]
    shape = f"{COUNT}x"
    names = [f"%x{place}" for place in range(len(operands))]
    tensors = [f"tensor<{shape}{scalar}>" for scalar in scalars]
    arguments = ", ".join(f"%a{place}: {scalar}" for place, scalar in enumerate(scalars))
    inner = [f"%a{place}" for place in range(len(operands))]
    widen = "{} = {} {} : {} to {}".format
    whole = [f"%w = {operation} {attributes}{', '.join(names)} : {suffix(tensors, f'tensor<{shape}{target}>')}"]
    body = [f"%s = {operation} {attributes}{', '.join(inner)} : {suffix(scalars, target)}"]
    if through:
        whole.append(widen("%v", through, "%w", f"tensor<{shape}i1>", f"tensor<{shape}{final}>"))
        body.append(widen("%t", through, "%s", "i1", final))
    last, last_scalar = ("%v", "%t") if through else ("%w", "%s")
    maps = ", ".join(["#id"] * (len(operands) + 1))
    text = "\n".join(
        [
            *whole,
            f"%e = tensor.empty() : tensor<{shape}{final}>",
            f'%g = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}} '
            f"ins({', '.join(names)} : {', '.join(tensors)}) outs(%e : tensor<{shape}{final}>) {{",
            f"^bb0({arguments}, %o: {final}):",
            *body,
            f"linalg.yield {last_scalar} : {final}",
            f"}} -> tensor<{shape}{final}>",
        ]
    )
    inputs = {f"x{place}": operand for place, operand in enumerate(operands)}
    results = [(last[1:], (COUNT,), result), ("g", (COUNT,), result)]
    return evaluate(text, inputs, results, *options, definitions="#id = affine_map<(d) -> (d)>")


def assert_same(values, expected):
    """Bit for bit, but for the bits of a NaN."""
    assert values.dtype == expected.dtype
    if values.dtype.kind in "iu":
        np.testing.assert_array_equal(values, expected)
        return
    # Every value is one of f64, and numpy knows more about that than about bf16.
    values, expected = values.astype(np.float64), expected.astype(np.float64)
    np.testing.assert_array_equal(values, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(values)[known], np.signbit(expected)[known])


def check_both_ways(expected, *arguments, tolerance=0, **keywords):
    """The same values, or within `tolerance` units in the last place."""
    for values in evaluate_both_ways(*arguments, **keywords):
        if tolerance == 0:
            assert_same(values, expected)
        else:
            np.testing.assert_array_max_ulp(values, expected, tolerance, values.dtype)
