"""Arithmetic, mathematical functions, comparisons and logic: against onnx.reference."""

import math

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnx_runtime
import pytest
from onnx_cases import BFLOAT16, Cases, FLOATS, NUMBERS, SHAPES, SIGNED, UNSIGNED, draw, evaluate_node, make_model, run_model, shapes_for
from onnx_node_checks import find_error


@pytest.mark.parametrize("opset", [7, 14, 28])
def test_arithmetic(opset, tmp_path):
    random = np.random.default_rng(1)
    cases = Cases(opset)
    dtypes = NUMBERS if opset >= 14 else [np.float32, np.float64, np.float16, np.int32, np.int64, np.uint32]
    number = 0
    for dtype in dtypes:
        for operator in ("Add", "Sub", "Mul", "Div"):
            first, second = shapes_for(number)
            a, b = draw(random, first, dtype), draw(random, second, dtype, 1)
            cases.add(operator, a, b)
            number += 1
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [8, 13, 28])
def test_variadic(opset, tmp_path):
    random = np.random.default_rng(2)
    cases = Cases(opset)
    for number, operator in enumerate(["Max", "Min", "Sum", "Mean"] * 3):
        first, second = shapes_for(number)
        dtype = [np.float32, np.float64, np.float16][number % 3]
        arrays = [draw(random, shape, dtype) for shape in (first, second, first, (1,))]
        mean = sum(a.astype(np.float64) for a in arrays) / 4
        # The reference adds in half precision.
        tolerance = 4e-3 if dtype == np.float16 else None
        cases.add(operator, *arrays, expected=[mean.astype(dtype)] if operator == "Mean" else None, tolerance=tolerance)
        cases.add(operator, arrays[0])
    if opset >= 12:
        for dtype in [BFLOAT16, *SIGNED, *UNSIGNED]:
            for operator in ("Max", "Min"):
                cases.add(operator, *(draw(random, s, dtype) for s in shapes_for(number)))
                number += 1
    cases.check(tmp_path)


def test_broadcasting_by_attributes(tmp_path):
    """As opset 6 has it: the second input's dimensions are those of the first from `axis` on."""
    random = np.random.default_rng(19)
    cases = Cases(6)
    a = draw(random, (2, 3, 4, 5), np.float32)
    functions = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Less": np.less, "Greater": np.greater}
    for operator, function in functions.items():
        cases.add(operator, a, a, expected=[function(a, a)])
        for shape, axis, repeated in [((), None, ()), ((5,), None, (5,)), ((3,), 1, (3, 1, 1)), ((3, 4), 1, (3, 4, 1)), ((2,), 0, (2, 1, 1, 1))]:
            b = draw(random, shape, np.float32, 1)
            attributes = {} if axis is None else {"axis": axis}
            cases.add(operator, a, b, expected=[function(a, b.reshape(repeated))], broadcast=1, **attributes)
    b = draw(random, (3,), bool)
    cases.add("And", a > 0, b, broadcast=1, axis=1, expected=[(a > 0) & b.reshape(3, 1, 1)])
    slopes = draw(random, (3,), np.float32, 0, 1)
    cases.add("PRelu", a, slopes, expected=[np.where(a > 0, a, a * slopes.reshape(3, 1, 1))])
    cases.add("Pow", np.abs(a), np.array(2, np.float32), broadcast=1, expected=[np.abs(a) ** 2])
    cases.check(tmp_path)


def test_special_numbers(tmp_path):
    """Infinities, NaN, zeros of both signs, and numbers near the limits."""
    special = [0.0, -0.0, 1, -1, 0.5, 2.5, -2.5, 1e30, -1e30, 1e-30, np.inf, -np.inf, np.nan]
    a, b = (g.ravel() for g in np.meshgrid(special, special))
    cases = Cases(22)
    for dtype in (np.float32, np.float64, np.float16):
        with np.errstate(over="ignore"):
            x, y = a.astype(dtype), b.astype(dtype)
        for operator in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"):
            cases.add(operator, x, y)
        cases.add("Mod", x, y, fmod=1)
        for operator in ("Neg", "Abs", "Sign", "Ceil", "Floor", "Round", "Sqrt", "IsNaN", "IsInf", "Reciprocal", "Exp", "Tanh"):
            cases.add(operator, x, label="special")
        cases.add("IsInf", x, detect_negative=0)
        cases.add("IsInf", x, detect_positive=0)
        with np.errstate(over="ignore"):
            cases.add("Sigmoid", x, expected=[(1 / (1 + np.exp(-x.astype(np.float64)))).astype(dtype)])
    cases.check(tmp_path)


def test_round_takes_the_even_neighbour(tmp_path):
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388609.0, -1e20], np.float32)
    cases = Cases(11)
    cases.add("Round", x, expected=[np.rint(x)])
    cases.add("Round", x.astype(np.float64), expected=[np.rint(x.astype(np.float64))])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [13, 28])
def test_remainders(opset, tmp_path):
    random = np.random.default_rng(3)
    cases = Cases(opset)
    for number, dtype in enumerate(SIGNED + UNSIGNED):
        first, second = shapes_for(number)
        a, b = draw(random, first, dtype, -99, 99), draw(random, second, dtype, 1, 9)
        signed = np.dtype(dtype).kind == "i"
        b = np.where(random.random(second) < 0.5, -b, b).astype(dtype) if signed else b
        cases.add("Mod", a, b)
        cases.add("Mod", a, b, fmod=1)
    for dtype in (np.float32, np.float64, np.float16):
        a, b = draw(random, (40,), dtype), draw(random, (40,), dtype)
        cases.add("Mod", a, b, fmod=1)
        if opset >= 28:
            cases.add("Mod", a, b)
    if opset >= 28:
        a, b = np.array([0, -0.0, 0, 3, -3, 3, 5], np.float32), np.array([-2, 2, 2, np.inf, np.inf, -np.inf, 0], np.float32)
        cases.add("Mod", a, b)
    cases.check(tmp_path)


def test_division_by_zero_and_overflow_do_not_trap(tmp_path):
    cases = Cases(14)
    for dtype in SIGNED:
        least = np.iinfo(dtype).min
        a, b = np.array([7, -7, least, least, 0, 5], dtype), np.array([0, 0, 0, -1, 0, -1], dtype)
        cases.add("Div", a, b, expected=[np.array([0, 0, 0, least, 0, -5], dtype)])
        cases.add("Mod", a, b, expected=[np.zeros(6, dtype)])
        cases.add("Mod", a, b, fmod=1, expected=[np.zeros(6, dtype)])
    for dtype in UNSIGNED:
        a, b = np.array([7, 0, 9], dtype), np.array([0, 0, 2], dtype)
        cases.add("Div", a, b, expected=[np.array([0, 0, 4], dtype)])
        cases.add("Mod", a, b, expected=[np.array([0, 0, 1], dtype)])
    cases.check(tmp_path)
    # The same when the compiler computes them.
    cases = Cases(14)
    a, b = np.array([7, -(2**31)], np.int32), np.array([0, -1], np.int32)
    cases.add("Div", a, b, constants=(0, 1), expected=[np.array([0, -(2**31)], np.int32)])
    cases.add("Mod", a, b, constants=(0, 1), expected=[np.zeros(2, np.int32)])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [12, 15])
def test_powers(opset, tmp_path):
    random = np.random.default_rng(4)
    cases = Cases(opset)
    bases = [np.float32, np.float64, np.float16, np.int32, np.int64]
    exponents = [np.float32, np.float64, np.float16, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
    for number, base in enumerate(bases):
        for other, exponent in enumerate(exponents):
            first, second = shapes_for(number + other)
            a, b = draw(random, first, base, 1, 5), draw(random, second, exponent, 0, 3)
            wide = np.power(a.astype(np.float64), b.astype(np.float64))
            cases.add("Pow", a, b, expected=[wide.astype(base)], tolerance=1e-3 if base == np.float16 else None)
    for exponent in (1.0, 2.0, 3.0, 0.5, -1.0):
        x = draw(random, (2, 5), np.float32, 1)
        cases.add("Pow", x, np.array(exponent, np.float32), constants=(1,))
        cases.add("Pow", x, np.array([[exponent]], np.float32))
    a = np.array([2, -2, 1, -1, -1, 0, 3, -3, 7, 2], np.int64)
    b = np.array([10, 3, -5, -5, -4, -1, 39, 3, 0, 64], np.int64)
    expected = np.array([1024, -8, 1, -1, 1, 0, 3**39, -27, 1, 0], np.int64)
    cases.add("Pow", a, b, expected=[expected])
    cases.check(tmp_path)


FUNCTIONS = {
    "Acos": (-1, 1), "Acosh": (1, 9), "Asin": (-1, 1), "Asinh": (-9, 9), "Atan": (-9, 9), "Atanh": (-0.99, 0.99),
    "Ceil": (-9, 9), "Cos": (-9, 9), "Cosh": (-5, 5), "Erf": (-4, 4), "Exp": (-9, 9), "Floor": (-9, 9), "Log": (1e-3, 99),
    "Reciprocal": (0.1, 9), "Round": (-9, 9), "Sin": (-9, 9), "Sinh": (-5, 5), "Sqrt": (0, 99), "Tan": (-1.5, 1.5),
    "Tanh": (-5, 5), "Neg": (-9, 9), "Abs": (-9, 9), "Sign": (-9, 9),
}  # fmt: skip


@pytest.mark.parametrize("opset", [11, 22])
def test_functions(opset, tmp_path):
    random = np.random.default_rng(5)
    cases = Cases(opset)
    for number, (operator, (low, high)) in enumerate(FUNCTIONS.items()):
        for dtype in FLOATS if opset == 22 else FLOATS[:3]:
            x = draw(random, shapes_for(number)[0], dtype, low, high)
            # The reference computes half precision in itself; here it's computed in float32 and rounded once.
            wide = x.astype(np.float64)
            exact = np.vectorize(math.erf, otypes=[np.float64])(wide) if operator == "Erf" else evaluate_node(
                onnx.helper.make_node(operator, ["x"], ["y"]), [wide], opset)[0]  # fmt: skip
            cases.add(operator, x, expected=[exact.astype(dtype)], tolerance=1e-6 if dtype == np.float32 else None)
    for dtype in SIGNED:
        for operator in ("Neg", "Abs", "Sign"):
            x = draw(random, (3, 5), dtype)
            cases.add(operator, np.append(x.ravel(), np.iinfo(dtype).min).astype(dtype))
    for dtype in UNSIGNED:
        for operator in ("Abs", "Sign"):
            cases.add(operator, draw(random, (3, 5), dtype))
    cases.check(tmp_path)


def test_functions_of_large_and_odd_arguments(tmp_path):
    x = np.array([1e4, -1e4, 123456.0, 3.1415927, 1e-8, -1e-8, 0.0, 30.0, -30.0, 87.0, -87.0], np.float32)
    cases = Cases(22)
    for operator, function in {"Sin": np.sin, "Cos": np.cos, "Erf": np.vectorize(math.erf), "Tanh": np.tanh, "Atan": np.arctan}.items():
        cases.add(operator, x, expected=[function(x.astype(np.float64)).astype(np.float32)])
    x = x[np.abs(x) < 88]
    cases.add("Exp", x, expected=[np.exp(x.astype(np.float64)).astype(np.float32)])
    cases.check(tmp_path)


def test_bits(tmp_path):
    random = np.random.default_rng(6)
    cases = Cases(28)
    for number, dtype in enumerate(SIGNED + UNSIGNED):
        first, second = shapes_for(number)
        a, b = draw(random, first, dtype, -99, 99), draw(random, second, dtype, -99, 99)
        for operator in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
            cases.add(operator, a, b)
        cases.add("BitwiseNot", a)
        bits = np.iinfo(dtype).bits
        amounts = np.array([0, 1, bits - 1, bits, 100], dtype)
        values = np.array([[1], [5], [100], [np.iinfo(dtype).max], [np.iinfo(dtype).min]], dtype)
        for direction in ("LEFT", "RIGHT"):
            if np.dtype(dtype).kind == "u":
                amounts = np.abs(amounts)
            cases.add("BitShift", values, amounts, direction=direction)
    cases.check(tmp_path)


def test_logic(tmp_path):
    random = np.random.default_rng(7)
    cases = Cases(7)
    for first, second in SHAPES:
        a, b = draw(random, first, bool), draw(random, second, bool)
        for operator in ("And", "Or", "Xor"):
            cases.add(operator, a, b)
        cases.add("Not", a)
        cases.add("Equal", a, b)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [9, 19])
def test_comparisons(opset, tmp_path):
    random = np.random.default_rng(8)
    cases = Cases(opset)
    operators = ["Equal", "Less", "Greater"] + (["LessOrEqual", "GreaterOrEqual"] if opset >= 12 else [])
    for number, dtype in enumerate(NUMBERS if opset >= 13 else FLOATS[:3] + [np.int32, np.int64]):
        first, second = shapes_for(number)
        a, b = draw(random, first, dtype, -3, 3), draw(random, second, dtype, -3, 3)
        for operator in operators:
            cases.add(operator, a, b)
    for dtype in UNSIGNED:
        a = np.array([0, 1, np.iinfo(dtype).max], dtype)
        cases.add("Less", a, a[::-1].copy())
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [9, 16])
def test_where(opset, tmp_path):
    random = np.random.default_rng(9)
    cases = Cases(opset)
    for number, dtype in enumerate([*NUMBERS, bool]):
        first, second = shapes_for(number)
        cases.add("Where", draw(random, first, bool), draw(random, second, dtype), draw(random, (1,), dtype))
    cases.check(tmp_path)


def test_clip_by_attributes(tmp_path):
    random = np.random.default_rng(10)
    cases = Cases(7)
    for dtype in (np.float32, np.float64, np.float16):
        for attributes in ({}, {"min": -1.0}, {"max": 2.0}, {"min": 0.0, "max": 6.0}):
            cases.add("Clip", draw(random, (3, 4, 5), dtype), **attributes)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("known", [True, False])
def test_clip_by_inputs(opset, known, tmp_path):
    random = np.random.default_rng(11)
    cases = Cases(opset)
    for dtype in NUMBERS if opset >= 13 else FLOATS[:3]:
        low, high = np.array(2, dtype), np.array(6, dtype)
        x = draw(random, (3, 4, 5), dtype)
        cases.add("Clip", x)
        cases.add("Clip", x, low, constants=(1,) if known else ())
        cases.add("Clip", x, None, high, constants=(2,) if known else ())
        cases.add("Clip", x, low, high, constants=(1, 2) if known else ())
        # The upper bound wins.
        cases.add("Clip", x, high, low, constants=(1, 2) if known else ())
    cases.check(tmp_path)


def test_known_values_are_computed_by_the_compiler(tmp_path):
    """Constants on all inputs: the results are those of the compiled code."""
    random = np.random.default_rng(18)
    cases = Cases(22)
    for number, operator in enumerate(["Add", "Mul", "Div", "Less", "Max"]):
        for dtype in (np.float32, np.float16, np.int64, np.uint8):
            first, second = shapes_for(number)
            cases.add(operator, draw(random, first, dtype, 1), draw(random, second, dtype, 1), constants=(0, 1))
    for operator, (low, high) in FUNCTIONS.items():
        cases.add(operator, draw(random, (2, 3), np.float32, low, high), constants=(0,))
    cases.check(tmp_path)


BETWEEN = [
    ("Abs", {}), ("Sign", {}), ("Round", {}), ("Neg", {}), ("Exp", {}), ("Sin", {}), ("Sqrt", {}), ("Reciprocal", {}), ("Erf", {}),
    ("Shrink", {"lambd": 0.3, "bias": 0.1}), ("ThresholdedRelu", {"alpha": 0.2}), ("HardSwish", {}), ("Gelu", {}), ("Mish", {}),
]  # fmt: skip


def test_between_convolutions(tmp_path):
    """Functions of the results of a convolution, which lie in blocks of channels, are operands of others; against ONNX Runtime."""
    random = np.random.default_rng(20)
    x = random.normal(size=(1, 3, 9, 10)).astype(np.float32)
    nodes, initializers, outputs = [], [], {}

    def constant(name, array):
        initializers.append(onnx.numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(operator, inputs, **attributes):
        nodes.append(onnx.helper.make_node(operator, inputs, [f"v{len(nodes)}"], **attributes))
        return f"v{len(nodes) - 1}"

    def convolve(value, channels, name):
        weight = random.normal(size=(20, channels, 3, 3)) / np.sqrt(9 * channels)
        return node("Conv", [value, constant(name, weight)], pads=[1, 1, 1, 1])

    first = convolve("x", 3, "w")
    value = node("Max", [first, constant("least", -2), node("Mul", [first, constant("scales", random.normal(size=(20, 1, 1)))])])
    values = [node(operator, [node("Abs", [value]) if operator == "Sqrt" else value], **a) for operator, a in BETWEEN]
    values += [
        node("PRelu", [value, constant("slopes", random.random((20, 1, 1)))]),
        node("PRelu", [value, constant("positions", random.random((9, 10)))]),
        node("Clip", [value, constant("high", 0.5), constant("low", -0.5)]),
        node("Clip", [value, "low", "high"]),
        node("Pow", [value, constant("two", 2)]),
        node("Where", [node("Less", [value, "low"]), value, "high"]),
        node("Cast", [node("Cast", [value], to=10)], to=1),
        node("Mod", [value, "high"], fmod=1),
        node("Sub", [constant("image", random.normal(size=(9, 10))), value]),
        node("Mean", [value, first, "x0"]),
        node("Div", [first, constant("whole", random.uniform(1, 2, (1, 20, 9, 10)))]),
    ]
    for number, value in enumerate(values):
        last = convolve(value, 20, f"w{number}")
        outputs[value] = outputs[last] = np.zeros((1, 20, 9, 10), np.float32)
    inputs = {"x": x, "x0": random.normal(size=(1, 20, 1, 1)).astype(np.float32)}
    model = make_model(nodes, inputs, outputs, 20, initializers)
    # This is about what lies between convolutions: none of them by an algorithm that rounds more than a sum does.
    process, found = run_model(model, inputs, tmp_path, "--precise")
    assert process.returncode == 0, process.stderr
    expected = onnx_runtime.run_onnx_model(model, inputs)
    steps = {"Sign", "Round", "Shrink", "ThresholdedRelu", "Where", "Cast", "Mod"}
    jumps = {n.output[0] for n in nodes if n.op_type in steps}
    for n in nodes:
        value = n.output[0]
        if value not in found:
            continue
        scale = np.maximum(np.abs(expected[value]), 1)
        if n.op_type == "Conv":  # a sum rounds as its terms do, however small it is: those behind Exp reach 2000
            scale = np.maximum(scale, 0.25 * np.max(np.abs(expected[value])))
        wrong = np.abs(found[value] - expected[value]) > 2e-5 * scale
        # A function that jumps may see the other side of a step, and a convolution behind it what it makes of that.
        allowed = 0.05 if value in jumps or n.input[0] in jumps else 0
        assert np.mean(wrong) <= allowed, (value, n.op_type)


FLOAT = np.ones((2, 3), np.float32)
ERRORS = [
    ("Add", [FLOAT, np.ones((2, 4), np.float32)], {}, "the shapes of its inputs don't go together: 2x3, 2x4"),
    ("Add", [FLOAT, np.ones((2, 3), np.int32)], {}, "input 1 has type int32, expected float32 as input 0"),
    ("Add", [FLOAT > 0, FLOAT > 0], {}, "input 0 has type bool, expected a type of numbers"),
    ("Add", [FLOAT], {}, "it has 1 inputs, expected 2"),
    ("And", [FLOAT, FLOAT], {}, "input 0 has type float32, expected bool"),
    ("BitCast", [FLOAT], {"to": 11}, "expected as many as attribute 'to' has: float64 of 64 bits"),
    ("BitShift", [np.ones(3, np.uint8), np.ones(3, np.uint8)], {}, "attribute 'direction' is missing"),
    ("BitShift", [FLOAT, FLOAT], {"direction": "LEFT"}, "input 0 has type float32, expected an integer type"),
    ("BitwiseNot", [FLOAT], {}, "input 0 has type float32, expected an integer type"),
    ("Cast", [FLOAT], {"to": 8}, "attribute 'to' is type string, which is not supported"),
    ("Cast", [FLOAT], {}, "attribute 'to' is missing"),
    ("Celu", [FLOAT], {"alpha": 0.0}, "attribute 'alpha' is 0, by which it divides"),
    ("Clip", [FLOAT, FLOAT], {}, "input 1 has 6 elements, expected one"),
    ("Clip", [FLOAT, np.array(1, np.int32)], {}, "input 1 has type int32, expected float32 as input 0"),
    ("Elu", [FLOAT], {"alpha": 1}, "attribute 'alpha' is an integer, expected a number"),
    ("Exp", [np.ones(3, np.int32)], {}, "input 0 has type int32, expected a floating-point type"),
    ("Gelu", [FLOAT], {"approximate": "no"}, "attribute 'approximate' is 'no', expected 'none', 'tanh'"),
    ("IsInf", [FLOAT], {"detect_negative": 2}, "attribute 'detect_negative' is 2, expected 0 to 1"),
    ("Less", [FLOAT > 0, FLOAT > 0], {}, "input 0 has type bool, expected a type of numbers"),
    ("Mod", [FLOAT, FLOAT], {"fmod": 3}, "attribute 'fmod' is 3, expected 0 to 1"),
    ("PRelu", [np.ones((2, 1), np.float32), FLOAT], {}, "input 1 has shape 2x3, which doesn't repeat to input 0's, 2x1"),
    ("Relu", [FLOAT], {"alpha": 1.0}, "attribute 'alpha' is not one that the operator has"),
    ("Sigmoid", [FLOAT > 0], {}, "input 0 has type bool, expected a floating-point type"),
    ("SwiGLU", [FLOAT, FLOAT[:1]], {}, "input 1 has shape 1x3, expected 2x3 as input 0"),
    ("Where", [FLOAT, FLOAT, FLOAT], {}, "input 0 has type float32, expected bool"),
]


@pytest.mark.parametrize("operator, arrays, attributes, message", ERRORS, ids=[f"{e[0]}{n}" for n, e in enumerate(ERRORS)])
def test_errors(operator, arrays, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 28, operator, arrays, **attributes)
