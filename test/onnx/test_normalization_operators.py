"""Normalisations: against their formulas in double precision, and ONNX Runtime."""

import numpy as np
import pytest
from onnx_cases import BFLOAT16, Cases
from onnx_node_checks import draw, evaluate_in_runtime, find_error

FLOATS = [np.dtype(d) for d in "f4 f8 f2".split()] + [BFLOAT16]
TOLERANCES = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-11, np.dtype(np.float16): 2e-3, BFLOAT16: 1.6e-2}


def add(cases, operator, *arrays, expected, **options):
    """Results in the types that they are given in; computed in half precision they have two roundings."""
    cases.add(operator, *arrays, expected=expected, tolerance=TOLERANCES[arrays[0].dtype], **options)


def spread(values, rank):
    return values.astype(np.float64).reshape(-1, *[1] * (rank - 2))


def standardize(x, axes, epsilon):
    """Attributes are float32."""
    x, epsilon = x.astype(np.float64), np.float64(np.float32(epsilon))
    mean = x.mean(axes, keepdims=True)
    inverse = 1 / np.sqrt(np.square(x - mean).mean(axes, keepdims=True) + epsilon)
    return (x - mean) * inverse, mean, inverse


@pytest.mark.parametrize("known", (False, True), ids=("computed", "constant"))
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_batch_normalization(dtype, known, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(15)
    for shape in ((2, 3), (2, 3, 4), (1, 16, 5, 5), (2, 3, 2, 3, 4)):
        x = draw(random, shape, dtype)
        scale, bias, mean = (draw(random, shape[1:2], dtype) for _ in range(3))
        variance = draw(random, shape[1:2], dtype, 0.5, 2)
        factor, shift, center, spreading = (spread(v, len(shape)) for v in (scale, bias, mean, variance))
        expected = (x.astype(np.float64) - center) / np.sqrt(spreading + np.float64(np.float32(1e-3))) * factor + shift
        constants = range(1, 5) if known else ()
        arrays, expected = (x, scale, bias, mean, variance), [expected.astype(dtype)]
        add(cases, "BatchNormalization", *arrays, constants=constants, epsilon=1e-3, expected=expected)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 9, 14))
def test_batch_normalization_versions(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    parameters = [*draw(random, (3, 3), np.float32), draw(random, (3,), np.float32, 0.5, 2)]
    for shape in ((2, 3, 4, 5), (2, 3)):
        arrays = [draw(random, shape, np.float32), *parameters]
        expected = evaluate_in_runtime("BatchNormalization", arrays, opset)
        add(cases, "BatchNormalization", *arrays, expected=expected, **({"spatial": 1} if opset == 7 else {}))
    cases.check(tmp_path)


def test_batch_normalization_in_training_mode(tmp_path):
    """The statistics are those of the batch; the results after the first are the new running ones."""
    random = np.random.default_rng(2)
    cases = Cases(15)
    x = draw(random, (4, 3, 5), np.float32)
    scale, bias, mean = draw(random, (3, 3), np.float32)
    variance = draw(random, (3,), np.float32, 0.5, 2)
    value, _, _ = standardize(x, (0, 2), 1e-5)
    expected = [value * spread(scale, 3) + spread(bias, 3)]
    expected += [mean * 0.7 + x.mean((0, 2)) * 0.3, variance * 0.7 + x.var((0, 2)) * 0.3]
    add(
        cases, "BatchNormalization", x, scale, bias, mean, variance, outputs=3, training_mode=1, momentum=0.7,
        expected=[e.astype(np.float32) for e in expected],
    )
    cases.check(tmp_path)


def group_norm(x, groups, scale, bias, epsilon):
    value, _, _ = standardize(x.reshape(x.shape[0], groups, -1), 2, epsilon)
    return (value.reshape(x.shape) * spread(scale, x.ndim) + spread(bias, x.ndim)).astype(x.dtype)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_instance_and_group_normalization(dtype, tmp_path):
    random = np.random.default_rng(dtype.num)
    instance, newest, oldest = Cases(6), Cases(21), Cases(18)
    for shape, groups in (((2, 6, 5), 3), ((1, 8, 4, 4), 2), ((2, 4, 2, 3, 2), 4)):
        x = draw(random, shape, dtype)
        scale, bias = (draw(random, shape[1:2], dtype) for _ in range(2))
        add(instance, "InstanceNormalization", x, scale, bias, epsilon=1e-2, expected=[group_norm(x, shape[1], scale, bias, 1e-2)])
        add(newest, "GroupNormalization", x, scale, bias, num_groups=groups, expected=[group_norm(x, groups, scale, bias, 1e-5)])
        for_groups = [draw(random, (groups,), dtype) for _ in range(2)]
        for_channels = [np.repeat(p, shape[1] // groups) for p in for_groups]
        for constants in ((), (1, 2)):
            expected = [group_norm(x, groups, *for_channels, 1e-5)]
            add(oldest, "GroupNormalization", x, *for_groups, num_groups=groups, constants=constants, expected=expected)
    for cases in (instance, newest, oldest):
        cases.check(tmp_path)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_layer_normalization(dtype, tmp_path):
    """With and without the statistics, which are float32; the scale may repeat."""
    random = np.random.default_rng(dtype.num)
    cases = Cases(17)
    shapes = ((-1, (5,), 1), (1, (3, 5), 3), (0, (2, 3, 5), 1), (-2, (1, 5), 1), (2, (2, 3, 5), 1), (-1, (1,), 2))
    for axis, scale_shape, outputs in shapes:
        x = draw(random, (2, 3, 5), dtype)
        scale, bias = (draw(random, scale_shape, dtype) for _ in range(2))
        axes = tuple(range(axis % 3, 3))
        value, mean, inverse = standardize(x, axes, 1e-5)
        for has_bias in (False, True):
            result = value * scale.astype(np.float64) + (bias.astype(np.float64) if has_bias else 0)
            expected = [result.astype(dtype), mean.astype(np.float32), inverse.astype(np.float32)][:outputs]
            arrays = [x, scale, bias][: 2 + has_bias]
            add(cases, "LayerNormalization", *arrays, axis=axis, outputs=outputs, expected=expected)
    cases.check(tmp_path)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_other_normalizations(dtype, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(23)
    x = draw(random, (2, 3, 4, 5), dtype)
    wide = x.astype(np.float64)
    for axis in (-1, 1, 3):
        scale = draw(random, x.shape[axis:], dtype)
        axes = tuple(range(axis % 4, 4))
        expected = wide / np.sqrt(np.square(wide).mean(axes, keepdims=True) + np.float64(np.float32(1e-4))) * scale.astype(np.float64)
        add(cases, "RMSNormalization", x, scale, axis=axis, epsilon=1e-4, expected=[expected.astype(dtype)])
    for axis in (-1, 0, 2):
        for p in (1, 2):
            norm = np.power(np.power(np.abs(wide), p).sum(axis, keepdims=True), 1 / p)
            add(cases, "LpNormalization", x, axis=axis, p=p, expected=[(wide / norm).astype(dtype)])
    add(cases, "LpNormalization", np.zeros((2, 3), dtype), expected=[np.zeros((2, 3), dtype)])
    for axes in ((0, 2, 3), (1,), (-1, 0)):
        expected = (wide - wide.mean(axes, keepdims=True)) / (wide.std(axes, keepdims=True) + 1e-9)
        add(cases, "MeanVarianceNormalization", x, axes=axes, expected=[expected.astype(dtype)])
    cases.check(tmp_path)


X = np.zeros((2, 6, 5, 5), np.float32)
C = np.zeros((6,), np.float32)


@pytest.mark.parametrize(
    "opset,operator,arrays,options,message",
    [
        (15, "BatchNormalization", [X, C, C, C, C[:5]], {}, "input 4 has shape 5, expected 6, one for each channel"),
        (15, "BatchNormalization", [X, C, C, C, C], {"outputs": 3}, "result 1 is for training"),
        (9, "BatchNormalization", [X, C, C, C, C], {"spatial": 1}, "attribute 'spatial' is not one that the operator has"),
        (7, "BatchNormalization", [X, C, C, C, C], {"spatial": 0}, "attribute 'spatial' is 0, which is not supported"),
        (13, "InstanceNormalization", [X, C, C[:1]], {}, "input 2 has shape 1, expected 6"),
        (21, "GroupNormalization", [X, C, C], {"num_groups": 4}, "which doesn't divide the 6 channels"),
        (21, "GroupNormalization", [X, C, C], {}, "attribute 'num_groups' is missing"),
        (18, "GroupNormalization", [X, C, C], {"num_groups": 3}, "expected 3, one for each group"),
        (17, "LayerNormalization", [X, C], {}, "don't go together"),
        (17, "LayerNormalization", [X[0, 0], X], {}, "input 1 has shape 2x6x5x5, which doesn't repeat to that of input 0, 5x5"),
        (17, "LayerNormalization", [X, C[:5]], {"axis": 4}, "attribute 'axis' is 4, expected -4 to 3"),
        (17, "LayerNormalization", [X, C[:5]], {"stash_type": 6}, "'stash_type' is int32, expected a floating-point type"),
        (23, "RMSNormalization", [X.astype(np.int32), C[:5]], {}, "expected a floating-point type"),
        (22, "LpNormalization", [X], {"p": 3}, "attribute 'p' is 3, expected 1 to 2"),
        (13, "MeanVarianceNormalization", [X[0, 0]], {}, "attribute 'axes' is 2, expected -2 to 1"),
    ],
)
def test_errors(opset, operator, arrays, options, message, tmp_path):
    assert message in find_error(tmp_path, opset, operator, arrays, **options)
