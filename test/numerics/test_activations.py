"""The non-linear functions, each over its whole range, with a bound on the error in units of float32's rounding.

The bound at x is `roundings` * 2^-24 * size(x): size is the largest number that the function's definition computes on the way
to its result, because a float32 evaluation rounds that number too (1 + erf(x) near x = -4 is the difference of numbers near 1).
The smallest normal number is added, since what is below it may be flushed to zero, and |x| times as much where the definition
multiplies such a number by x.
"""

import dataclasses
import functools
import math
import tempfile
from collections.abc import Callable

import numpy as np
import pytest

from onnx_runtime import run_onnx_runtime
from toeplitz_process import Library, compile_network, evaluate_reference

ROUNDING = 2.0**-24
SMALLEST_NORMAL = 2.0**-126


def erf(x):
    return np.vectorize(math.erf)(x)


def softplus(x):
    return np.logaddexp(0.0, x)


def sigmoid(x):
    return np.exp(-np.logaddexp(0.0, -x))


def single(number):
    """A layer's parameter as the network holds it: rounded to float32."""
    return float(np.float32(number))


def hard_sigmoid(x):
    return np.clip(single(1 / 6) * x + 0.5, 0, 1)


@dataclasses.dataclass(frozen=True)
class Function:
    """`size` is the largest intermediate value beside the result itself, as a function of x."""

    layer: dict
    definition: Callable
    roundings: float = 8
    size: Callable = lambda x: 0 * x
    domain: tuple = (-np.inf, np.inf)

    @property
    def name(self):
        return "_".join(str(value) for value in self.layer.values()).replace("-", "minus_").replace(".", "_")


SELU_ALPHA, SELU_SCALE = single(1.6732632423543772), single(1.0507009873554805)

FUNCTIONS = [
    Function({"op": "relu"}, lambda x: np.maximum(x, 0), 0),
    Function({"op": "relu6"}, lambda x: np.clip(x, 0, 6), 0),
    Function({"op": "leaky_relu"}, lambda x: np.where(x >= 0, x, single(0.01) * x), 2),
    Function({"op": "leaky_relu", "negative_slope": 0.2}, lambda x: np.where(x >= 0, x, single(0.2) * x), 2),
    Function({"op": "clamp", "min": -1.5, "max": 2.5}, lambda x: np.clip(x, -1.5, 2.5), 0),
    Function({"op": "elu"}, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), size=np.ones_like),
    Function({"op": "elu", "alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0))), size=np.ones_like),
    Function(
        {"op": "selu"}, lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
        size=lambda x: 2 + 0 * x,
    ),
    Function({"op": "celu"}, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), size=np.ones_like),
    Function(
        {"op": "celu", "alpha": 2.0}, lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0) / 2)),
        size=lambda x: 2 + 0 * x,
    ),
    Function({"op": "gelu"}, lambda x: x / 2 * (1 + erf(x / np.sqrt(2))), size=np.abs),
    Function(
        {"op": "gelu", "approximate": "tanh"},
        lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), size=np.abs,
    ),
    # exp(x) amplifies the rounding of its argument by |x|; as long as there is no overflow that is at most 88 roundings of x.
    Function({"op": "silu"}, lambda x: x * sigmoid(x)),
    Function({"op": "mish"}, lambda x: x * np.tanh(softplus(x)), 16, size=lambda x: np.minimum(np.abs(x), 1)),
    Function({"op": "sigmoid"}, sigmoid),
    Function({"op": "tanh"}, np.tanh),
    Function({"op": "softplus"}, softplus, size=lambda x: np.where(x < -15, 0, 1)),
    Function({"op": "softsign"}, lambda x: x / (1 + np.abs(x)), 2),
    Function({"op": "hardsigmoid"}, hard_sigmoid, 4, size=np.ones_like),
    Function({"op": "hardswish"}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1), 4, size=lambda x: np.minimum(np.abs(x), 6)),
    Function({"op": "exp"}, np.exp),
    Function({"op": "log"}, np.log, domain=(SMALLEST_NORMAL, np.inf)),
    Function({"op": "sqrt"}, np.sqrt, 2, domain=(0, np.inf)),
    Function({"op": "abs"}, np.abs, 0),
    Function({"op": "neg"}, np.negative, 0),
    Function({"op": "square"}, np.square, 2),
    Function({"op": "reciprocal"}, lambda x: 1 / x, 2, domain=(1e-30, np.inf)),
]


def points(domain):
    """3 x 37 x 11 numbers: both signs of every magnitude, the ranges where functions bend, and the corners."""
    generator = np.random.default_rng(5)
    corners = [0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 6.0, -6.0, 88.0, -88.0, 89.5, -89.5, 104.0, -104.0, 1e30, -1e30, 1e-30, -1e-30]
    magnitudes = 10.0 ** generator.uniform(-20, 20, 300) * generator.choice((-1.0, 1.0), 300)
    middle = generator.uniform(-10, 10, 600)
    wide = generator.uniform(-110, 110, 3 * 37 * 11 - 300 - 600 - len(corners))
    x = np.concatenate([corners, magnitudes, middle, wide]).astype(np.float32)
    x = np.clip(np.where(x < domain[0], np.abs(x), x), *domain).astype(np.float32)
    return x.reshape(1, 3, 37, 11)


DESCRIPTION = {
    "name": "activations",
    "inputs": [{"name": f"{f.name}_x", "shape": [1, 3, 37, 11]} for f in FUNCTIONS],
    "layers": [{"name": f.name, "inputs": [f"{f.name}_x"], **f.layer} for f in FUNCTIONS],
    "outputs": [f.name for f in FUNCTIONS],
}
INPUTS = {f"{f.name}_x": points(f.domain) for f in FUNCTIONS}


@functools.cache
def library():
    with tempfile.TemporaryDirectory() as directory:
        return Library(compile_network(DESCRIPTION, directory))


@functools.cache
def outputs(evaluator):
    if evaluator == "compiled code":
        return library().run(INPUTS)
    if evaluator == "ONNX Runtime":
        return run_onnx_runtime(DESCRIPTION, INPUTS)
    with tempfile.TemporaryDirectory() as directory:
        return evaluate_reference(DESCRIPTION, INPUTS, directory)


def check(function, found, found_by):
    with np.errstate(all="ignore"):
        x = INPUTS[f"{function.name}_x"].astype(np.float64)
        exact = function.definition(x)
        expected = exact.astype(np.float32).astype(np.float64)
        limit = np.maximum(np.abs(expected), function.size(x)) * ROUNDING * function.roundings
        limit += SMALLEST_NORMAL * np.maximum(np.abs(x), 1)
        # Where float32 overflows, infinity and the largest numbers are both near enough.
        overflows = np.abs(exact) > 3.3e38
        error = np.where(overflows, np.where(np.abs(found) > 3.2e38, 0.0, np.inf), np.abs(found - expected))
    wrong = ~(error <= limit)
    if wrong.any():
        worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error / limit)), x.shape)
        raise AssertionError(
            f"{function.layer} by {found_by}: f({x[worst]!r}) is {found[worst]!r}, expected {expected[worst]!r}, error "
            f"{error[worst]:.3g}, bound {limit[worst]:.3g}; {wrong.sum()} of {wrong.size} are wrong"
        )


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_reference_is_exact(function):
    """The evaluator computes in double precision: what remains is the rounding of its result."""
    one_rounding = dataclasses.replace(function, roundings=1, size=lambda x: function.size(x) * 1e-6)
    check(one_rounding, outputs("the evaluator")[function.name], "the evaluator")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_compiled(function):
    check(function, outputs("compiled code")[function.name], "compiled code")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_onnx_runtime_agrees_on_the_definition(function):
    """Shows that the definitions above are those of ONNX: ONNX Runtime's own error is no concern of this test."""
    ordinary = np.abs(INPUTS[f"{function.name}_x"]) < 80
    found = outputs("ONNX Runtime")[function.name][ordinary]
    expected = function.definition(INPUTS[f"{function.name}_x"][ordinary].astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_nan_stays(function):
    """A NaN is not lost on the way: who debugs a network wants to see it at the output."""
    values = {name: np.where(np.arange(x.size).reshape(x.shape) % 5 == 2, np.nan, x) for name, x in INPUTS.items()}
    name = f"{function.name}_x"
    found = library().run(values)[function.name]
    assert np.array_equal(np.isnan(found), np.isnan(values[name]))
