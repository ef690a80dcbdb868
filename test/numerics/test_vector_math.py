"""The functions of compiler/Lowering/VectorMath.h at every exponent of f32, against double precision: their errors in units
in the last place, their ranges, and what becomes of zeros, infinities and NaN."""

import dataclasses
import functools
import math
import pathlib
import tempfile
from collections.abc import Callable

import numpy as np
import pytest

from test_algorithms import runs_here
from toeplitz_process import Library, compile_network

MANTISSAS = 1024  # of each exponent and sign
# Four, eight and sixteen lanes; the first without fused multiply-adds.
PROCESSORS = ["x86-64", "x86-64-v3", "x86-64-v4"]

erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@dataclasses.dataclass(frozen=True)
class Function:
    """`body` computes %y from %x. `ulp` bounds the error with fused multiply-adds and without. Results whose magnitude is below
    `smallest` may be off by that much."""

    name: str
    body: str
    exact: Callable
    ulp: tuple
    range: tuple = (-math.inf, math.inf)
    smallest: float = 0
    specials: dict = dataclasses.field(default_factory=dict)
    rises: bool = True


def plain(name):
    return f"%y = math.{name} %x : TYPE"


SIGMOID = """%one = arith.constant dense<1.0> : TYPE
  %negative = arith.negf %x : TYPE
  %power = math.exp %negative : TYPE
  %sum = arith.addf %power, %one : TYPE
  %y = arith.divf %one, %sum : TYPE"""
SOFTPLUS = """%zero = arith.constant dense<0.0> : TYPE
  %size = math.absf %x : TYPE
  %negative = arith.negf %size : TYPE
  %power = math.exp %negative : TYPE
  %rest = math.log1p %power : TYPE
  %positive = arith.maximumf %x, %zero : TYPE
  %y = arith.addf %positive, %rest : TYPE"""
INFINITY = math.inf
FUNCTIONS = [
    Function("exp", plain("exp"), np.exp, (1, 1.25), (0, INFINITY), specials={0: 1, INFINITY: INFINITY, -INFINITY: 0}),
    Function(
        "expm1", plain("expm1"), np.expm1, (2, 2), (-1, INFINITY), specials={0: 0, INFINITY: INFINITY, -INFINITY: -1}
    ),
    Function(
        "log", plain("log"), np.log, (1, 1.25), specials={1: 0, 0: -INFINITY, -0.0: -INFINITY, INFINITY: INFINITY, -1: math.nan}
    ),
    Function(
        "log1p", plain("log1p"), np.log1p, (1.5, 1.5),
        specials={0: 0, -1: -INFINITY, INFINITY: INFINITY, -1.5: math.nan, -INFINITY: math.nan},
    ),
    Function("tanh", plain("tanh"), np.tanh, (3, 3), (-1, 1), specials={0: 0, INFINITY: 1, -INFINITY: -1}),
    Function("erf", plain("erf"), erf, (3, 3.25), (-1, 1), specials={0: 0, INFINITY: 1, -INFINITY: -1}),
    Function(
        "sigmoid", SIGMOID, sigmoid, (2.5, 2.5), (0, 1), 2.0**-126, specials={0: 0.5, INFINITY: 1, -INFINITY: 0}
    ),
    Function(
        "softplus", SOFTPLUS, softplus, (4, 4), (0, INFINITY), 2.0**-126, specials={INFINITY: INFINITY, -INFINITY: 0}, rises=False
    ),
]


@functools.cache
def points():
    """All exponents, those of denormal numbers too, with random mantissas; sorted. Both ends of each exponent are there."""
    generator = np.random.default_rng(11)
    mantissas = generator.integers(0, 1 << 23, (255, MANTISSAS), dtype=np.uint32)
    mantissas[:, 0], mantissas[:, 1] = 0, (1 << 23) - 1
    positive = np.sort(((np.arange(255, dtype=np.uint32) << 23)[:, None] + mantissas).reshape(-1)).view(np.float32)
    return np.concatenate([-positive[::-1], positive])


# Beside them every special number, and NaN of both signs.
EXTRA = np.array([0, -0.0, math.inf, -math.inf, math.nan, -math.nan, 1, -1, -1.5, 88.72284, -87.33655, -103.97], np.float32)


def write_functions(directory, size):
    """The path of a network that computes every function of `size` numbers."""
    type_ = f"tensor<{size}xf32>"
    names = [f.name for f in FUNCTIONS]
    lines = [f"func.func @main(%x: {type_} {{toeplitz.name = \"x\"}}) -> ("]
    lines.append(", ".join(f'{type_} {{toeplitz.name = "{name}"}}' for name in names) + ") {")
    for function in FUNCTIONS:
        body = function.body.replace("TYPE", type_)
        for name in ("one", "zero", "negative", "power", "sum", "size", "rest", "positive", "y"):
            body = body.replace(f"%{name} ", f"%{function.name}_{name} ").replace(f"%{name},", f"%{function.name}_{name},")
        lines.append("  " + body)
    lines.append(f"  return {', '.join(f'%{name}_y' for name in names)} : {', '.join([type_] * len(names))}\n}}")
    path = pathlib.Path(directory) / "functions.mlir"
    path.write_text("\n".join(lines))
    return path


@functools.cache
def results(processor):
    """The values of every function at the points and then EXTRA; an odd number, so that some are computed one by one."""
    values = np.concatenate([points(), EXTRA, np.zeros(1, np.float32)])
    assert values.size % 2 == 1
    with tempfile.TemporaryDirectory() as directory:
        path = write_functions(directory, values.size)
        return Library(compile_network(path, directory, f"--mcpu={processor}")).run({"x": values})


def errors(function, found, x):
    """In units in the last place of the exact results, which are in double precision."""
    with np.errstate(all="ignore"):
        exact = function.exact(x.astype(np.float64))
        nearest = exact.astype(np.float32)
        unit = np.spacing(np.where(np.isfinite(nearest), np.abs(nearest), np.float32(3e38))).astype(np.float64)
        difference = np.abs(found.astype(np.float64) - exact)
        # Infinity stands for 2^128, the next number after the largest.
        overflow = np.isinf(found) & (np.sign(found) == np.sign(exact))
        difference = np.where(overflow, np.maximum(2.0**128 - np.abs(exact), 0), difference)
        difference = np.where(np.abs(exact) < function.smallest, np.maximum(difference - function.smallest, 0), difference)
        return np.where(np.isnan(exact) & np.isnan(found), 0, difference / unit)


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_error(function, processor):
    if not runs_here(processor):
        pytest.skip(f"this processor can't run code for {processor}")
    x = points()
    found = results(processor)[function.name][: x.size]
    error = errors(function, found, x)
    worst = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
    bound = function.ulp[processor == "x86-64"]
    assert error[worst] <= bound, f"{function.name}({x[worst]!r}) is {found[worst]!r}: {error[worst]:.2f} ulp, bound {bound}"
    defined = found[~np.isnan(found)]
    assert defined.min() >= function.range[0] and defined.max() <= function.range[1]


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.rises], ids=lambda f: f.name)
def test_never_falls(function, processor):
    """No rounding hides that a function rises, between numbers that lie some thousands of units apart. (Softplus is a sum of a part
    that rises and one that falls.)"""
    if not runs_here(processor):
        pytest.skip(f"this processor can't run code for {processor}")
    found = results(processor)[function.name][: points().size]
    found = found[~np.isnan(found)]
    assert np.all(found[1:] >= found[:-1])


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_special_numbers(function, processor):
    if not runs_here(processor):
        pytest.skip(f"this processor can't run code for {processor}")
    found = results(processor)[function.name][points().size :]
    for x, value in zip(EXTRA, found):
        if np.isnan(x):
            assert np.isnan(value)
        elif float(x) in function.specials:
            expected = function.specials[float(x)]
            assert value == expected or (math.isnan(expected) and np.isnan(value)), f"{function.name}({x}) is {value}"
    if function.name in ("tanh", "erf"):
        assert np.signbit(found[1]) and not np.signbit(found[0]), "the sign of zero"


def test_same_bits_in_a_vector_and_alone():
    """The last element of a row that is no multiple of the vector is computed by itself."""
    for processor in filter(runs_here, PROCESSORS):
        zero = points().size + list(EXTRA).index(0)
        for name, values in results(processor).items():
            assert values[-1].tobytes() == values[zero].tobytes(), name
