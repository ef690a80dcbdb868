"""QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: against onnx.reference; a quantized network against ONNX Runtime."""

import time

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnx_runtime
import pytest
from onnx_cases import BFLOAT16, Cases, make_model, run_model
from onnx_node_checks import find_error
from toeplitz_process import run_toeplitz

QUANTIZED = [np.int8, np.uint8, np.int16, np.uint16]


def draw_quantized(random, shape, dtype):
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype, True)


def draw_scale(random, shape, dtype=np.float32):
    return np.asarray(random.uniform(0.01, 0.1, shape)).astype(dtype)


@pytest.mark.parametrize("opset", [10, 13, 19, 21, 23, 28])
def test_one_scale(opset, tmp_path):
    random = np.random.default_rng(1)
    cases = Cases(opset)
    x = random.uniform(-20, 20, (3, 4, 5)).astype(np.float32)
    for dtype in QUANTIZED if opset >= 21 else QUANTIZED[:2]:
        point = np.asarray(draw_quantized(random, (), dtype) // 4)
        scale = draw_scale(random, ())
        cases.add("QuantizeLinear", x, scale, point)
        cases.add("QuantizeLinear", x, scale, point, constants=(1, 2))
        quantized = draw_quantized(random, (3, 4, 5), dtype)
        cases.add("DequantizeLinear", quantized, scale, point, reference_opset=max(opset, 19))
        cases.add("DequantizeLinear", quantized, scale.reshape(1), point.reshape(1), constants=(1, 2), reference_opset=max(opset, 19))
        cases.add("DequantizeLinear", quantized, scale, reference_opset=max(opset, 19))
    cases.add("QuantizeLinear", x, scale)
    sums = random.integers(-100000, 100000, (3, 5), np.int32)
    cases.add("DequantizeLinear", sums, scale, reference_opset=max(opset, 19))
    wide = random.integers(-1000, 1000, (3, 5), np.int32)
    cases.add("QuantizeLinear", wide, np.float32(3.7) * np.ones((), np.float32), np.array(5, np.int8))
    cases.check(tmp_path)


def test_rounding_and_saturation(tmp_path):
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 127.5, 1000, -1000, 1e30, -1e30, np.nan], np.float32)
    one = np.array(1, np.float32)
    cases = Cases(13)
    cases.add("QuantizeLinear", x, one, np.array(0, np.int8), expected=[np.array([0, 2, 2, 0, -2, 126, 127, 127, -128, 127, -128, -128], np.int8)])
    cases.add("QuantizeLinear", x, one, np.array(10, np.uint8), expected=[np.array([10, 12, 12, 10, 8, 136, 138, 255, 0, 255, 0, 0], np.uint8)])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [13, 21, 28])
def test_a_scale_for_each_channel(opset, tmp_path):
    random = np.random.default_rng(2)
    cases = Cases(opset)
    shape = (2, 3, 4, 5)
    x = random.uniform(-9, 9, shape).astype(np.float32)
    for axis in (0, 1, 2, 3, -1, -3):
        for dtype in (np.int8, np.uint8):
            scale, point = draw_scale(random, shape[axis]), draw_quantized(random, shape[axis], dtype) // 4
            cases.add("QuantizeLinear", x, scale, point, axis=axis)
            cases.add("DequantizeLinear", draw_quantized(random, shape, dtype), scale, point, axis=axis, reference_opset=max(opset, 19))
    scale = draw_scale(random, 3)
    cases.add("QuantizeLinear", x, scale, np.zeros(3, np.uint8))
    cases.add("DequantizeLinear", draw_quantized(random, shape, np.int8), scale, reference_opset=max(opset, 19))
    cases.check(tmp_path)


def test_a_scale_for_each_block(tmp_path):
    random = np.random.default_rng(3)
    cases = Cases(21)
    shape = (3, 8, 5)
    x = random.uniform(-9, 9, shape).astype(np.float32)
    for axis, size in [(1, 4), (1, 3), (0, 2), (2, 2), (-1, 5), (1, 8)]:
        blocks = list(shape)
        blocks[axis] = -(-shape[axis] // size)
        for dtype in (np.int8, np.uint16):
            scale, point = draw_scale(random, blocks), draw_quantized(random, blocks, dtype) // 4
            cases.add("QuantizeLinear", x, scale, point, axis=axis, block_size=size)
            quantized = draw_quantized(random, shape, dtype)
            cases.add("DequantizeLinear", quantized, scale, point, axis=axis, block_size=size)
            cases.add("DequantizeLinear", quantized, scale, axis=axis, block_size=size, constants=(0, 1))
    cases.check(tmp_path)


def test_types(tmp_path):
    random = np.random.default_rng(4)
    cases = Cases(23)
    x = random.uniform(-5, 5, (4, 5)).astype(np.float32)
    scale = draw_scale(random, ())
    for number, dtype in {2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16}.items():
        cases.add("QuantizeLinear", x, scale, output_dtype=number)
        quantized = draw_quantized(random, (4, 5), dtype)
        for half in (np.float16, BFLOAT16):
            scales = draw_scale(random, (), half)
            exact = ((quantized.astype(np.float32) - 3) * scales.astype(np.float32)).astype(half)
            cases.add("DequantizeLinear", quantized, scales, np.array(3, dtype), expected=[exact])
        exact = (quantized.astype(np.float32) * scale).astype(np.float16)
        cases.add("DequantizeLinear", quantized, scale, output_dtype=10, expected=[exact])
    for half in (np.float16, BFLOAT16):
        halves, scales = x.astype(half), draw_scale(random, (), half)
        cases.add("QuantizeLinear", halves, scales, np.array(3, np.int8))
        quotient = (halves.astype(np.float32) / scales.astype(np.float32)).astype(np.float32)
        exact = np.clip(np.rint(quotient) + 3, -128, 127).astype(np.int8)
        cases.add("QuantizeLinear", halves, scales, np.array(3, np.int8), precision=1, expected=[exact])
    cases.check(tmp_path)


def test_dynamic(tmp_path):
    random = np.random.default_rng(5)
    cases = Cases(11)
    for shape in [(3, 4, 5), (7,), (), (1, 2, 3, 4)]:
        for low, high in [(-5, 5), (1, 9), (-9, -1), (0, 0)]:
            cases.add("DynamicQuantizeLinear", np.asarray(random.uniform(low, high, shape), np.float32), outputs=3)
    cases.check(tmp_path)


def quantize(array, dtype, axis=None):
    """The quantized form of weights: the array, its scales and zero points."""
    limits = np.iinfo(dtype)
    others = None if axis is None else tuple(d for d in range(array.ndim) if d != axis)
    scale = np.asarray(np.abs(array).max(others) / limits.max, np.float32)
    shaped = scale if axis is None else scale.reshape([-1 if d == axis else 1 for d in range(array.ndim)])
    return np.clip(np.rint(array / shaped), limits.min, limits.max).astype(dtype), scale, np.zeros(scale.shape, dtype)


class QuantizedNetwork:
    """Convolutions with int8 weights between uint8 activations, as a quantizing exporter writes them."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers = [], []

    def constant(self, name, array):
        self.initializers.append(onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, operator, inputs, name, **attributes):
        self.nodes.append(onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def requantize(self, value, scale, point):
        inputs = [self.constant(f"{value}_scale", np.float32(scale)), self.constant(f"{value}_point", np.uint8(point))]
        quantized = self.node("QuantizeLinear", [value, *inputs], f"{value}_quantized")
        return self.node("DequantizeLinear", [quantized, *inputs], f"{value}_again")

    def weight(self, name, shape):
        quantized, scale, point = quantize(self.random.normal(size=shape).astype(np.float32), np.int8, axis=0)
        inputs = [self.constant(f"{name}_q", quantized), self.constant(f"{name}_s", scale), self.constant(f"{name}_z", point)]
        return self.node("DequantizeLinear", inputs, name, axis=0)

    def bias(self, name, count):
        quantized = self.random.integers(-1000, 1000, count, np.int32)
        return self.node("DequantizeLinear", [self.constant(f"{name}_q", quantized), self.constant(f"{name}_s", np.float32(0.001))], name)

    def build(self):
        x = self.requantize("x", 0.05, 128)
        first = self.node("Conv", [x, self.weight("w0", (16, 3, 3, 3)), self.bias("b0", 16)], "conv0", pads=[1, 1, 1, 1])
        first = self.requantize(self.node("Relu", [first], "relu0"), 0.1, 0)
        second = self.node("Conv", [first, self.weight("w1", (16, 16, 3, 3)), self.bias("b1", 16)], "conv1", pads=[1, 1, 1, 1])
        second = self.requantize(second, 0.5, 120)
        total = self.requantize(self.node("Add", [first, second], "total"), 0.5, 100)
        strided = self.node("Conv", [total, self.weight("w2", (8, 16, 1, 1))], "conv2", strides=[2, 2])
        return self.requantize(strided, 1.0, 128)


@pytest.fixture(scope="module")
def quantized_network():
    network = QuantizedNetwork(6)
    output = network.build()
    x = np.random.default_rng(7).normal(size=(1, 3, 16, 16)).astype(np.float32)
    shape = np.zeros((1, 8, 8, 8), np.float32)
    return make_model(network.nodes, {"x": x}, {output: shape}, 13, network.initializers), x, output


def test_quantized_network(quantized_network, tmp_path):
    model, x, output = quantized_network
    process, found = run_model(model, {"x": x}, tmp_path)
    assert process.returncode == 0, process.stderr
    expected = onnx_runtime.run_onnx_model(model, {"x": x})[output]
    # Sums in another order fall on the other side of a step now and then.
    steps = np.abs(found[output] - expected)
    assert steps.max() <= 1.0
    assert np.mean(steps > 0.5) < 0.01
    assert np.abs(expected).max() > 10


def test_weights_are_dequantized_by_the_compiler(quantized_network, tmp_path):
    model, _, _ = quantized_network
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    process = run_toeplitz("compile", path, "--emit=cnn", "-o", "-")
    assert process.returncode == 0, process.stderr
    # Two for each of the four requantizations of values that aren't known.
    assert process.stdout.count("linalg.generic") == 8 + 2


def test_large_weights_are_dequantized_quickly(tmp_path):
    random = np.random.default_rng(8)
    weight = random.integers(-128, 127, (25, 1000, 1000), np.int8)
    inputs = [
        onnx.numpy_helper.from_array(weight, "weight"),
        onnx.numpy_helper.from_array(np.linspace(0.01, 0.1, 25, dtype=np.float32), "scale"),
    ]
    nodes = [
        onnx.helper.make_node("DequantizeLinear", ["weight", "scale"], ["w"], axis=0),
        onnx.helper.make_node("Add", ["x", "w"], ["y"]),
    ]
    x = np.zeros(1, np.float32)
    model = make_model(nodes, {"x": x}, {"y": np.broadcast_to(np.float32(0), weight.shape)}, 13, inputs)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    start = time.monotonic()
    process = run_toeplitz("compile", path, "--emit=cnn", "-o", tmp_path / "model.mlir")
    assert process.returncode == 0, process.stderr
    # A second or so; what interprets each element takes minutes.
    assert time.monotonic() - start < 30


X = np.ones((2, 3, 4), np.float32)
SCALE = np.array(0.1, np.float32)
ERRORS = [
    ("QuantizeLinear", [X, np.ones(2, np.float32)], {}, "input 1 has shape 2, expected 3 for an input of shape 2x3x4, axis 1"),
    ("QuantizeLinear", [X, np.ones(3, np.float32)], {"axis": 3}, "attribute 'axis' is 3"),
    ("QuantizeLinear", [X, np.ones((2, 3, 4), np.float32)], {"block_size": 2}, "expected 2x2x4 for an input of shape 2x3x4, axis 1 and block size 2"),
    ("QuantizeLinear", [X, SCALE, np.zeros(3, np.int8)], {}, "input 2 has shape 3, expected () as input 1"),
    ("QuantizeLinear", [X, SCALE, np.zeros((), np.int8)], {"output_dtype": 2}, "attribute 'output_dtype' is uint8, expected int8 as input 2"),
    ("QuantizeLinear", [X, SCALE], {"output_dtype": 17}, "attribute 'output_dtype' is type float8e4m3fn, expected int8, uint8, int16 or uint16"),
    ("QuantizeLinear", [X, SCALE, np.zeros((), np.int32)], {}, "input 2 has type int32, expected int8, uint8, int16 or uint16"),
    ("QuantizeLinear", [X.astype(np.float64), SCALE], {}, "input 0 has type float64, expected float32, float16, bfloat16 or int32"),
    ("QuantizeLinear", [X, SCALE], {"precision": 11}, "attribute 'precision' is type float64, expected float32, float16 or bfloat16"),
    ("QuantizeLinear", [X, SCALE], {"block_size": -1}, "attribute 'block_size' is -1, expected at least 0"),
    ("DequantizeLinear", [X, SCALE], {}, "input 0 has type float32, expected int8, uint8, int16, uint16 or int32"),
    ("DequantizeLinear", [X.astype(np.int8), SCALE, np.zeros((), np.uint8)], {}, "input 2 has type uint8, expected int8 as input 0"),
    ("DequantizeLinear", [X.astype(np.int8), np.ones((), np.int32)], {}, "input 1 has type int32, expected float32, float16 or bfloat16"),
    ("DynamicQuantizeLinear", [X.astype(np.float64)], {}, "input 0 has type float64, expected float32"),
]


@pytest.mark.parametrize("operator, arrays, attributes, message", ERRORS, ids=[f"{e[0]}{n}" for n, e in enumerate(ERRORS)])
def test_errors(operator, arrays, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 28, operator, arrays, **attributes)
