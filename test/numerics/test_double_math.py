"""The functions of compiler/Lowering/DoubleMath.h at every exponent of f32, against double precision: their errors in units in
the last place, and what becomes of zeros, infinities, NaN and numbers outside of their domains. On the CPU, and on the
emulated GPU."""

import dataclasses
import functools
import math
import pathlib
import tempfile
from collections.abc import Callable

import numpy as np
import pytest

from test_algorithms import runs_here
from test_vector_math import errors, points
from toeplitz_process import Library, compile_network

# Two, four and eight lanes; the first without fused multiply-adds.
TARGETS = {
    **{processor: (f"--mcpu={processor}",) for processor in ("x86-64", "x86-64-v3", "x86-64-v4")},
    "emulated": ("--target=cuda", "--gpu-arch=emulated"),
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


def unary_arguments():
    values = np.concatenate([points()[::4], NEAR_TURNS, -NEAR_TURNS, SPECIAL])
    return values if values.size % 2 == 1 else values[1:]


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
    values = np.concatenate(pairs, axis=1).astype(np.float32)
    return values if values.shape[1] % 2 == 1 else values[:, 1:]


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


@functools.cache
def results(target, arguments):
    values = unary_arguments()[None] if arguments == 1 else binary_arguments()
    with tempfile.TemporaryDirectory() as directory:
        path = write_functions(directory, UNARY if arguments == 1 else BINARY, values.shape[1])
        return Library(compile_network(path, directory, *TARGETS[target])).run(dict(zip("xz", values)))


def skip_unless_it_runs(target):
    if target.startswith("x86") and not runs_here(target):
        pytest.skip(f"this processor can't run code for {target}")


def bound_of(function, target):
    if function.name == "remainder":
        return 0
    # With two lanes powers are libm's.
    return 1 if (function.name, target) == ("power", "x86-64") else BOUND


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_error(function, target):
    skip_unless_it_runs(target)
    values = unary_arguments()[None] if function.arguments == 1 else binary_arguments()
    found = results(target, function.arguments)[function.name]
    with np.errstate(all="ignore"):
        expected = function.exact(*values.astype(np.float64))
    error = errors(dataclasses.replace(function, exact=lambda _: expected), found, values[0])
    # (Where both are infinite there is no difference.)
    error = np.where(found == expected, 0, error)
    worst = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
    assert error[worst] <= bound_of(function, target), (
        f"{function.name}({', '.join(repr(x) for x in values[:, worst])}) is {found[worst]!r}, not {expected[worst]!r}: "
        f"{error[worst]:.3f} ulp"
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_signs_of_zeros_and_infinities(function, target):
    """C99's annex F, as libm has it in double precision."""
    skip_unless_it_runs(target)
    values = unary_arguments()[None] if function.arguments == 1 else binary_arguments()
    found = results(target, function.arguments)[function.name]
    with np.errstate(all="ignore"):
        expected = function.exact(*values.astype(np.float64)).astype(np.float32)
    special = ~np.isfinite(expected) | (expected == 0)
    assert special.any() or function.name in ("cos", "cosine_of_two")
    np.testing.assert_array_equal(found[special], expected[special])
    defined = special & ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[defined]), np.signbit(expected[defined]))
