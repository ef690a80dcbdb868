"""The functions of compiler/Lowering/DoubleMath.h at every exponent of f32, against double precision: their errors in units in
the last place, and what becomes of zeros, infinities, NaN and numbers outside of their domains. On the CPU, and on a
GPU, emulated by default."""

import dataclasses
import functools
import math
import pathlib
import tempfile
from collections.abc import Callable

import numpy as np
import pytest

from gpu_target import ON_GPU
from test_algorithms import runs_here
from test_vector_math import errors, points
from toeplitz_process import Library, compile_network

# Two, four and eight lanes; the first without fused multiply-adds.
TARGETS = {
    **{processor: (f"--mcpu={processor}",) for processor in ("x86-64", "x86-64-v3", "x86-64-v4")},
    "gpu": ON_GPU,
}
BOUND = 0.51
SEED = 12


@dataclasses.dataclass(frozen=True)
class Function:
    """`body` computes %y from %x, and from %z where there are two arguments."""

    name: str
    body: str
    exact: Callable
    arguments: int = 1
    smallest: float = 0  # What errors() asks for: nothing is flushed.


def plain(name, exact):
    return Function(name, f"%y = math.{name} %x : TYPE", exact)


def raised(name, exponent):
    """A power whose exponent the compiler knows."""
    body = f"%c = arith.constant dense<{exponent:.1f}> : TYPE\n  %y = math.powf %x, %c : TYPE"
    return Function(name, body, lambda x: np.power(x, np.full_like(x, exponent)))


UNARY = [
    plain("sin", np.sin), plain("cos", np.cos), plain("tan", np.tan),
    Function("sine_of_two", "%y, %other = math.sincos %x : TYPE", np.sin),
    Function("cosine_of_two", "%other, %y = math.sincos %x : TYPE", np.cos),
    plain("atan", np.arctan),
    plain("sinh", np.sinh), plain("cosh", np.cosh),
    plain("asinh", np.arcsinh), plain("acosh", np.arccosh), plain("atanh", np.arctanh),
    plain("exp2", np.exp2), plain("log2", np.log2), plain("log10", np.log10),
    plain("cbrt", np.cbrt),
    raised("square", 2), raised("cube", 3), raised("inverse", -1), raised("fifth", 5), raised("minus_sixth", -6),
    raised("root", 0.5), raised("inverse_root", -0.5),
]
BINARY = [
    Function("angle", "%y = math.atan2 %x, %z : TYPE", np.arctan2, 2),
    Function("power", "%y = math.powf %x, %z : TYPE", np.power, 2),
    Function("remainder", "%y = arith.remf %x, %z : TYPE", np.fmod, 2),
]
FUNCTIONS = [*UNARY, *BINARY]

LARGEST, TINY, LEAST = (float(np.float32(number)) for number in (3.4028235e38, 2.0**-126, 2.0**-149))
SPECIAL = np.array(
    [0, 0.25, 0.5, np.nextafter(np.float32(1), np.float32(0)), 1, np.nextafter(np.float32(1), np.float32(2)), 1.5, 2, 3, 10, 127, 128]
    + [149, 150, 1e10, 2**20 - 1, 2**20, 2**23 + 1, 2**24 - 1, 2**24, 2**29, LARGEST, TINY, LEAST, math.inf, math.nan],
    np.float32,
)
SPECIAL = np.concatenate([SPECIAL, -SPECIAL])
# The f32 nearest to multiples of a quarter turn, and numbers of which little is left: near the largest below 2^20, and of all.
NEAR_TURNS = np.concatenate(
    [(np.arange(1, 4000) * (math.pi / 2)).astype(np.float32), (np.arange(660000, 667544) * (math.pi / 2)).astype(np.float32)]
    + [np.array([16367173 * 2.0**72, 2.0**20 - 0.0625, LARGEST], np.float32)]
)


# The first number and the last, which as no vector divides the number of them is computed by itself.
TWICE = np.array([0.7], np.float32)


def unary_arguments():
    values = np.concatenate([TWICE, points()[::4], NEAR_TURNS, -NEAR_TURNS, SPECIAL])
    return np.concatenate([values, TWICE] if values.size % 2 == 0 else [values, TWICE, TWICE])


@functools.cache
def binary_arguments():
    """Pairs: of special values; of random ones; with exponents for which the power is in range; of wholes; with quotients near
    wholes."""
    generator = np.random.default_rng(SEED)
    count = 40_000
    pairs = [np.array(np.meshgrid(SPECIAL, SPECIAL)).reshape(2, -1)]
    pairs.append(generator.choice(points(), (2, count)))
    base = np.abs(generator.choice(points(), count)).astype(np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        pairs.append(np.array([base, generator.uniform(-152, 130, count) / np.log2(base)]).astype(np.float32))
    near_one = (1 + generator.normal(size=count) * np.exp2(generator.uniform(-23, -1, count))).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs.append(np.array([near_one, generator.uniform(-152, 130, count) / np.log2(np.abs(near_one))]).astype(np.float32))
    pairs.append(generator.integers(-40, 41, (2, count)).astype(np.float32))
    divisor = generator.choice(points(), count)
    whole = generator.integers(0, 1 << 24, count) * np.exp2(generator.integers(0, 100, count))
    with np.errstate(over="ignore"):
        near_multiple = (divisor.astype(np.float64) * whole).astype(np.float32)
    pairs.append(np.array([np.nextafter(near_multiple, generator.choice(points(), count)), divisor]))
    twice = np.array([[0.7], [0.3]], np.float32)
    values = np.concatenate([twice, *pairs, twice], axis=1).astype(np.float32)
    return values if values.shape[1] % 2 == 1 else np.concatenate([values, twice], axis=1)


def write_functions(directory, functions, size):
    """The path of a network that computes every function of `size` numbers."""
    type_ = f"tensor<{size}xf32>"
    results = ", ".join(f'{type_} {{toeplitz.name = "{function.name}"}}' for function in functions)
    arguments = ", ".join(f'%{name}: {type_} {{toeplitz.name = "{name}"}}' for name in "xz"[: functions[0].arguments])
    lines = [f"func.func @main({arguments}) -> ({results}) {{"]
    for function in functions:
        body = function.body.replace("TYPE", type_)
        for name in ("y", "c", "other"):
            body = body.replace(f"%{name} ", f"%{function.name}_{name} ").replace(f"%{name},", f"%{function.name}_{name},")
        lines.append("  " + body)
    lines.append(f"  return {', '.join(f'%{function.name}_y' for function in functions)} : {', '.join([type_] * len(functions))}\n}}")
    path = pathlib.Path(directory) / "functions.mlir"
    path.write_text("\n".join(lines))
    return path


def arguments_of(function):
    """A row for each argument."""
    return unary_arguments()[None] if function.arguments == 1 else binary_arguments()


@functools.cache
def results(target, arguments):
    functions = UNARY if arguments == 1 else BINARY
    values = arguments_of(functions[0])
    with tempfile.TemporaryDirectory() as directory:
        path = write_functions(directory, functions, values.shape[1])
        return Library(compile_network(path, directory, *TARGETS[target])).run(dict(zip("xz", values)))


def skip_unless_it_runs(target):
    if target.startswith("x86") and not runs_here(target):
        pytest.skip(f"this processor can't run code for {target}")


def bound_of(function, lanes):
    if function.name == "remainder":
        return 0
    # In vectors of two lanes of f64 powers are libm's.
    return 1 if function.name == "power" and lanes == 4 else BOUND


def expected_of(function, values):
    with np.errstate(all="ignore"):
        return function.exact(*values.astype(np.float64))


def errors_of(function, found, values):
    expected = expected_of(function, values)
    error = errors(dataclasses.replace(function, exact=lambda _: expected), found, values[0])
    # (Where both are infinite there is no difference.) NaN in the place of a number has no error that is small enough.
    return np.where(found == expected, 0, np.where(np.isnan(error), np.inf, error))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_error(function, target):
    skip_unless_it_runs(target)
    values, found = arguments_of(function), results(target, function.arguments)[function.name]
    error = errors_of(function, found, values)
    worst = int(np.argmax(error))
    assert error[worst] <= bound_of(function, lanes=4 if target == "x86-64" else 8), (
        f"{function.name}({', '.join(repr(x) for x in values[:, worst])}) is {found[worst]!r}: {error[worst]:.3f} ulp"
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_signs_of_zeros_and_infinities(function, target):
    """C99's annex F, as libm has it in double precision."""
    skip_unless_it_runs(target)
    found = results(target, function.arguments)[function.name]
    with np.errstate(over="ignore"):
        expected = expected_of(function, arguments_of(function)).astype(np.float32)
    special = ~np.isfinite(expected) | (expected == 0)
    assert special.any() or function.name in ("cos", "cosine_of_two")
    np.testing.assert_array_equal(found[special], expected[special])
    defined = special & ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[defined]), np.signbit(expected[defined]))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_same_bits_in_a_vector_and_alone(function, target):
    skip_unless_it_runs(target)
    values, found = arguments_of(function), results(target, function.arguments)[function.name]
    assert values.shape[1] % 2 == 1 and np.array_equal(values[:, 0], values[:, -1])
    assert found[0].tobytes() == found[-1].tobytes()
