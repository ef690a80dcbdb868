"""The functions of compiler/Lowering/Float64/Float64Math.h at every exponent of f64, against long double and decimal numbers of 50
digits: their errors in units in the last place, and what becomes of zeros, infinities, NaN and numbers outside of their domains.
On a GPU, emulated by default: a CPU has libm."""

import dataclasses
import decimal
import functools
import math
import pathlib
import tempfile
from collections.abc import Callable

import numpy as np
import pytest

from gpu_target import ON_GPU
from toeplitz_process import Library, compile_network

pytestmark = pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is no more exact than double here")

Exact = np.longdouble
SEED = 5
LARGEST, TINY, LEAST = np.finfo(np.float64).max, 2.0**-1022, 2.0**-1074


# --- the exact values ---------------------------------------------------------------------------------------------------------------


def to_exact(number):
    """A decimal number in two parts of f64."""
    high = float(number)
    return Exact(high) + Exact(float(number - decimal.Decimal(high))) if math.isfinite(high) else Exact(high)


def complement(x):
    """erfc x for x >= 0: 1 - erf by a series of positive terms, or a continued fraction (both in Abramowitz and Stegun 1964, Handbook
    of Mathematical Functions, 7.1.6 and 7.1.14)."""
    pi = decimal.Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
    x = decimal.Decimal(x)
    square = x * x
    if x < 2:
        term = total = x
        n = 0
        while term > total * decimal.Decimal("1e-48"):
            n += 1
            term *= 2 * square / (2 * n + 1)
            total += term
        return 1 - 2 / pi.sqrt() * (-square).exp() * total
    rest = decimal.Decimal(0)
    for n in range(400, 0, -1):
        rest = decimal.Decimal(n) / 2 / (x + rest)
    return (-square).exp() / (pi.sqrt() * (x + rest))


def exact_erf(x, complemented):
    x = float(x)
    if math.isnan(x):
        return Exact(x)
    with decimal.localcontext(prec=50, Emin=-9999):
        if abs(x) < 1e-9 and not complemented:
            # 2 / sqrt(pi) x: the next term is less than 1e-18 of it.
            return Exact(x) * to_exact(2 / decimal.Decimal("3.14159265358979323846264338327950288419716939937510582097494459").sqrt())
        rest = complement(min(abs(x), 40.0))
        if complemented:
            return to_exact(rest if x >= 0 else 2 - rest)
        return Exact(np.copysign(1, x)) * to_exact(1 - rest)


erf, erfc = (np.vectorize(functools.partial(exact_erf, complemented=complemented), otypes=[Exact]) for complemented in (False, True))


# --- the functions ------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Function:
    """`body` computes %y from %x, and from %z where there are two arguments; `bound` is in ulp."""

    name: str
    body: str
    exact: Callable
    bound: float = 1
    arguments: int = 1


def plain(name, exact, bound=1):
    return Function(name, f"%y = math.{name} %x : TYPE", exact, bound)


UNARY = [
    plain("exp", np.exp), plain("exp2", np.exp2), plain("expm1", np.expm1),
    plain("sinh", np.sinh), plain("cosh", np.cosh), plain("tanh", np.tanh),
    plain("log", np.log), plain("log2", np.log2), plain("log10", np.log10), plain("log1p", np.log1p),
    plain("asinh", np.arcsinh), plain("acosh", np.arccosh), plain("atanh", np.arctanh),
    plain("sin", np.sin), plain("cos", np.cos), plain("tan", np.tan),
    Function("sine_of_two", "%y, %other = math.sincos %x : TYPE", np.sin),
    Function("cosine_of_two", "%other, %y = math.sincos %x : TYPE", np.cos),
    plain("asin", np.arcsin), plain("acos", np.arccos), plain("atan", np.arctan),
    plain("cbrt", np.cbrt), plain("erf", erf, 1.5), plain("erfc", erfc, 3),
]  # fmt: skip
BINARY = [
    Function("angle", "%y = math.atan2 %x, %z : TYPE", np.arctan2, arguments=2),
    Function("power", "%y = math.powf %x, %z : TYPE", np.power, arguments=2),
    Function("remainder", "%y = arith.remf %x, %z : TYPE", np.fmod, bound=0, arguments=2),
]
FUNCTIONS = [*UNARY, *BINARY]

SPECIAL = np.array(
    [0, 0.25, 0.5, np.nextafter(1, 0), 1, np.nextafter(1, 2), 1.5, 2, 3, 10, 22, 709.782712893384, 709.79, 710.4758, 711, 745.2, 1023]
    + [1024, 1074, 1075, 1e10, 2**27 - 1, 2**27, 2**30, 2.0**52 + 1, 2.0**53 - 1, 2.0**53, 2.0**60, 1e154, 1e200, 6381956970095103 * 2.0**797]
    + [LARGEST, TINY, LEAST, 5 * LEAST, np.nextafter(TINY, 0), math.inf, math.nan]
)
SPECIAL = np.concatenate([SPECIAL, -SPECIAL])


@functools.cache
def points():
    """Both ends of every exponent and random numbers in it, of both signs."""
    generator = np.random.default_rng(SEED)
    mantissas = generator.integers(0, 1 << 52, (2047, 4), dtype=np.uint64)
    mantissas[:, 0], mantissas[:, 1] = 0, (1 << 52) - 1
    positive = ((np.arange(2047, dtype=np.uint64) << np.uint64(52))[:, None] + mantissas).reshape(-1).view(np.float64)
    return np.concatenate([-positive, positive])


@functools.cache
def unary_arguments():
    generator = np.random.default_rng(SEED)
    turns = np.concatenate([np.arange(1, 2000), generator.integers(1, 1 << 27, 1000), generator.integers(1 << 27, 1 << 52, 1000)])
    near_turns = (turns * (Exact(math.pi) / 2 + Exact(6.123233995736766e-17))).astype(np.float64)
    ranges = [generator.uniform(-limit, limit, 3000) for limit in (0.5, 1, 1.5, 4, 30, 800, 1100)]
    near_one = 1 + generator.normal(size=2000) * np.exp2(generator.uniform(-52, -1, 2000))
    return np.concatenate([points(), near_turns, -near_turns, *ranges, near_one, -near_one, SPECIAL])[None]


@functools.cache
def binary_arguments():
    """Pairs: of special values; of random ones; with powers in range; of wholes; with quotients near wholes."""
    generator = np.random.default_rng(SEED)
    count = 5000
    pairs = [np.array(np.meshgrid(SPECIAL, SPECIAL)).reshape(2, -1), generator.choice(points(), (2, count))]
    near_one = 1 + generator.normal(size=count) * np.exp2(generator.uniform(-52, -1, count))
    for base in (np.abs(generator.choice(points(), count)), np.abs(near_one)):
        with np.errstate(all="ignore"):
            exponent = generator.uniform(-1080, 1030, count) / np.log2(base)
        pairs.append(np.array([base, exponent]))
    pairs.append(generator.integers(-40, 41, (2, count)).astype(np.float64))
    near = generator.uniform(0.5, 2, (2, count))
    pairs.append(near * np.exp2(generator.integers(-60, 60, (2, count))))
    divisor = generator.choice(points(), count)
    with np.errstate(over="ignore"):
        near_multiple = divisor * generator.integers(0, 1 << 53, count) * np.exp2(generator.integers(0, 600, count))
    pairs.append(np.array([np.nextafter(near_multiple, generator.choice(points(), count)), divisor]))
    return np.concatenate(pairs, axis=1)


def arguments_of(function):
    """A row for each argument."""
    return unary_arguments() if function.arguments == 1 else binary_arguments()


def write_functions(directory, functions, size):
    """The path of a network that computes every function of `size` numbers."""
    type_ = f"tensor<{size}xf64>"
    results = ", ".join(f'{type_} {{toeplitz.name = "{function.name}"}}' for function in functions)
    arguments = ", ".join(f'%{name}: {type_} {{toeplitz.name = "{name}"}}' for name in "xz"[: functions[0].arguments])
    lines = [f"func.func @main({arguments}) -> ({results}) {{"]
    for function in functions:
        body = function.body.replace("TYPE", type_)
        for name in ("y", "other"):
            body = body.replace(f"%{name} ", f"%{function.name}_{name} ").replace(f"%{name},", f"%{function.name}_{name},")
        lines.append("  " + body)
    lines.append(f"  return {', '.join(f'%{function.name}_y' for function in functions)} : {', '.join([type_] * len(functions))}\n}}")
    path = pathlib.Path(directory) / "functions.mlir"
    path.write_text("\n".join(lines))
    return path


@functools.cache
def results(arguments):
    functions = UNARY if arguments == 1 else BINARY
    values = arguments_of(functions[0])
    with tempfile.TemporaryDirectory() as directory:
        path = write_functions(directory, functions, values.shape[1])
        return Library(compile_network(path, directory, *ON_GPU)).run(dict(zip("xz", values)))


def choose(function):
    """Arguments and results; of the slow exact functions fewer."""
    values, found = arguments_of(function), results(function.arguments)[function.name]
    if function.name.startswith("erf"):
        near = np.flatnonzero(np.abs(values[0]) < 40)
        rest = np.flatnonzero(~(np.abs(values[0]) < 40))
        chosen = np.concatenate([near[:: max(1, near.size // 2500)], rest[::40], np.arange(values.shape[1] - SPECIAL.size, values.shape[1])])
        return values[:, chosen], found[chosen]
    return values, found


def expected_of(function, values):
    with np.errstate(all="ignore"):
        return function.exact(*values.astype(Exact))


def errors_of(found, expected):
    """In units of the last place of the exact value, infinity where only one of both is a number. An infinity is as far as 2^1024."""
    with np.errstate(all="ignore"):
        exponent = np.maximum(np.frexp(expected)[1] - 53, -1074)
        exponent = np.where(np.isfinite(expected) & (expected != 0), np.minimum(exponent, 971), 0)
        number = np.where(np.isinf(found), np.copysign(Exact(2) ** 1024, found), found.astype(Exact))
        error = np.abs(number - expected) / np.ldexp(Exact(1), exponent)
    same = (expected == found) | (np.isnan(expected) & np.isnan(found))
    # (Beyond all numbers by half a unit.)
    same |= np.isinf(found) & (np.abs(expected) >= Exact(LARGEST) + np.ldexp(Exact(1), 970)) & (np.signbit(found) == np.signbit(expected))
    return np.where(same, 0, np.where(np.isnan(error), np.inf, error))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_error(function):
    values, found = choose(function)
    expected = expected_of(function, values)
    error = errors_of(found, expected)
    worst = int(np.argmax(error))
    assert error[worst] <= function.bound, (
        f"{function.name}({', '.join(repr(float(x)) for x in values[:, worst])}) is {float(found[worst])!r}, not {expected[worst]!r}: "
        f"{error[worst]:.3f} ulp"
    )


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_signs_of_zeros_and_infinities(function):
    """C99's annex F, as libm has it in double precision."""
    values, found = choose(function)
    with np.errstate(all="ignore"):
        expected = expected_of(function, values).astype(np.float64)
    special = ~np.isfinite(expected) | (expected == 0)
    assert special.any() or function.name in ("cos", "cosine_of_two")
    # (What rounding decides, at the borders of the range, is the other test's.)
    near = special & (np.isfinite(found) & (found != 0))
    special &= ~near
    np.testing.assert_array_equal(found[special], expected[special])
    defined = special & ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[defined]), np.signbit(expected[defined]))
