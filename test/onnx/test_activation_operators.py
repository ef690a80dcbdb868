"""Activations and Dropout: against onnx.reference."""

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest
from onnx_cases import BFLOAT16, Cases, FLOATS, SIGNED, draw, make_model, run_model
from toeplitz_process import run_toeplitz

ACTIVATIONS = [
    ("Relu", {}), ("LeakyRelu", {}), ("LeakyRelu", {"alpha": 0.3}), ("Elu", {}), ("Elu", {"alpha": 2.0}), ("Selu", {}),
    ("Selu", {"alpha": 2.0, "gamma": 3.0}), ("Celu", {}), ("Celu", {"alpha": 2.0}), ("Gelu", {}), ("Gelu", {"approximate": "tanh"}),
    ("Sigmoid", {}), ("HardSigmoid", {}), ("HardSigmoid", {"alpha": 0.5, "beta": 0.3}), ("HardSwish", {}), ("Mish", {}),
    ("Softplus", {}), ("Softsign", {}), ("Swish", {}), ("Swish", {"alpha": 1.7}), ("ThresholdedRelu", {}),
    ("ThresholdedRelu", {"alpha": -0.5}), ("Tanh", {}), ("Shrink", {}), ("Shrink", {"lambd": 1.5, "bias": 1.0}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
def test_activations(dtype, tmp_path):
    random = np.random.default_rng(12)
    cases = Cases(28)
    for number, (operator, attributes) in enumerate(ACTIVATIONS):
        if operator == "Shrink" and dtype == BFLOAT16:
            continue
        for shape in ([(2, 3, 4), (7,), (0, 3)][number % 3], (2, 17, 3, 3)):
            x = draw(random, shape, dtype)
            exact = Cases(28)
            exact.add(operator, x.astype(np.float64), **attributes)
            tolerance = 1e-6 if dtype == np.float64 else None  # the attributes are floats
            cases.add(operator, x, expected=[exact.expected["y0_0"].astype(dtype)], tolerance=tolerance, **attributes)
    a, b = draw(random, (3, 5), dtype), draw(random, (3, 5), dtype)
    wide = a.astype(np.float64)
    for alpha in (1.0, 0.5):
        swish = wide / (1 + np.exp(-alpha * wide))
        cases.add("SwiGLU", a, b, expected=[(swish * b.astype(np.float64)).astype(dtype)], alpha=alpha)
    cases.check(tmp_path)


def test_activations_of_integers(tmp_path):
    random = np.random.default_rng(13)
    cases = Cases(16)
    for dtype in SIGNED:
        cases.add("Relu", draw(random, (3, 5), dtype))
        cases.add("Shrink", draw(random, (3, 5), dtype), lambd=2.5, bias=1.5)
    for dtype in (np.int32, np.int64, np.uint32):
        cases.add("PRelu", draw(random, (2, 3, 5), dtype), draw(random, (3, 1), dtype))
    cases.check(tmp_path)


@pytest.mark.parametrize("known", [True, False])
def test_prelu(known, tmp_path):
    random = np.random.default_rng(14)
    cases = Cases(16)
    constants = (1,) if known else ()
    for dtype in (np.float32, np.float64, np.float16):
        for slope in ((3, 1, 1), (1, 3, 1, 1), (1,), (), (4, 5), (2, 3, 4, 5), (2, 1, 1, 1), (5,)):
            cases.add("PRelu", draw(random, (2, 3, 4, 5), dtype), draw(random, slope, dtype, 0, 1), constants=constants)
        cases.add("PRelu", draw(random, (3, 7), dtype), draw(random, (7,), dtype, 0, 1), constants=constants)
        cases.add("PRelu", draw(random, (7,), dtype), draw(random, (7,), dtype, 0, 1), constants=constants)
    cases.check(tmp_path)


def test_prelu_with_one_slope_is_in_the_epilogue(tmp_path):
    """It is a leaky_relu, which a convolution takes in."""
    initializers = [onnx.numpy_helper.from_array(np.full(shape, 0.25, np.float32), name) for name, shape in (("w", (20, 20, 3)), ("slope", (1, 1)))]
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1]), onnx.helper.make_node("PRelu", ["y", "slope"], ["z"]),
    ]
    zeros = np.zeros((1, 20, 9), np.float32)
    onnx.save(make_model(nodes, {"x": zeros}, {"z": zeros}, 16, initializers), tmp_path / "model.onnx")
    process = run_toeplitz("compile", tmp_path / "model.onnx", "--emit=schedule", "-o", "-")
    assert process.returncode == 0, process.stderr
    assert "activation <leaky_relu" in process.stdout
    assert "linalg.generic" not in process.stdout


@pytest.mark.parametrize("opset", [7, 10, 12, 22])
def test_dropout(opset, tmp_path):
    x = np.random.default_rng(15).normal(size=(3, 4)).astype(np.float32)
    mask = np.ones(x.shape, np.float32 if opset < 10 else bool)
    cases = Cases(opset)
    if opset < 12:
        cases.add("Dropout", x, ratio=0.3, expected=[x])
        cases.add("Dropout", x, outputs=2, expected=[x, mask])
    else:
        no, yes = np.array(False), np.array(True)
        ratio, none = np.array(0.3, np.float32), np.array(0.0, np.float32)
        cases.add("Dropout", x, expected=[x], seed=3)
        cases.add("Dropout", x, ratio, outputs=2, expected=[x, mask])
        cases.add("Dropout", x, ratio, no, outputs=2, expected=[x, mask], constants=(2,))
        cases.add("Dropout", x, none, yes, outputs=2, expected=[x, mask], constants=(1, 2))
    cases.check(tmp_path)


def test_known_values_are_computed_by_the_compiler(tmp_path):
    random = np.random.default_rng(18)
    cases = Cases(28)
    for operator, attributes in ACTIVATIONS:
        cases.add(operator, draw(random, (2, 3), np.float32), constants=(0,), **attributes)
    cases.check(tmp_path)


def test_training_is_refused(tmp_path):
    x = np.ones((2, 3), np.float32)
    node = onnx.helper.make_node("Dropout", ["x", "ratio", "training"], ["y"], name="here")
    flags = [onnx.numpy_helper.from_array(np.array(0.5, np.float32), "ratio"), onnx.numpy_helper.from_array(np.array(True), "training")]
    process, _ = run_model(make_model([node], {"x": x}, {"y": x}, 13, flags), {"x": x}, tmp_path)
    assert process.returncode == 1
    assert "layer 'here': Dropout: input 2, training_mode, is true, expected false" in process.stderr
