"""Pooling, unpooling, Col2Im and LRN of random shapes and parameters."""

import itertools

import numpy as np
import pytest

from test_convolution_operators import PADDINGS, normal
from window_models import Known, Models, find_error

OPSETS = (7, 8, 10, 11, 12, 22)


def draw_pool(random, rank, auto_pad=None, has_dilations=True):
    """A window whose padding is less than its kernel, as ONNX Runtime wants it, and the sizes of an input."""
    kernel = random.integers(1, 5, rank)
    dilations = random.integers(1, 4, rank) if has_dilations else np.ones(rank, int)
    pads = random.integers(0, np.tile(kernel, 2))
    reach = (kernel - 1) * dilations + 1
    sizes = np.maximum(random.integers(1, 12, rank), dilations)
    strides = random.integers(1, 5, rank)
    if str(auto_pad).startswith("SAME"):
        # A stride beyond the kernel makes the padding of ONNX Runtime negative.
        strides = np.minimum(strides, kernel)
    attributes = {"kernel_shape": kernel.tolist(), "strides": strides.tolist()}
    if auto_pad in (None, "NOTSET"):
        sizes = np.maximum(sizes, reach - pads[:rank] - pads[rank:])
        attributes["pads"] = pads.tolist()
    if auto_pad == "VALID":
        sizes = np.maximum(sizes, reach)
    if has_dilations:
        attributes["dilations"] = dilations.tolist()
    if auto_pad:
        attributes["auto_pad"] = auto_pad
    return sizes, attributes


def add_pools(models, operator, random, has_dilations, has_ceil_mode, **attributes):
    ceil_modes = (0, 1) if has_ceil_mode else (0,)
    for rank, auto_pad, ceil_mode in itertools.product((1, 2, 3), (None, *PADDINGS), ceil_modes):
        # ONNX Runtime leaves the dilation out of SAME_UPPER and SAME_LOWER, against the specification.
        sizes, window = draw_pool(random, rank, auto_pad, has_dilations and not str(auto_pad).startswith("SAME"))
        if has_ceil_mode:
            window["ceil_mode"] = ceil_mode
        models.add(operator, [normal(random, 2, 3, *sizes)], **window, **attributes)


@pytest.mark.parametrize("opset", OPSETS)
def test_max_pool(opset, tmp_path):
    models = Models(opset, tmp_path)
    add_pools(models, "MaxPool", np.random.default_rng(opset), opset >= 10, opset >= 10)
    models.check(tolerance=0)


@pytest.mark.parametrize("storage_order", (0, 1))
def test_max_pool_with_indices(storage_order, tmp_path):
    random = np.random.default_rng(storage_order)
    models = Models(12, tmp_path)
    for rank, auto_pad, ceil_mode in itertools.product((1, 2, 3), (None, "SAME_LOWER"), (0, 1)):
        sizes, window = draw_pool(random, rank, auto_pad, has_dilations=auto_pad is None)
        x = normal(random, 2, 3, *sizes)
        models.add("MaxPool", [x], 2, storage_order=storage_order, ceil_mode=ceil_mode, **window)
        # Equal values: the first counts.
        models.add("MaxPool", [np.round(x)], 2, storage_order=storage_order, ceil_mode=ceil_mode, **window)
    models.check(tolerance=0)


def test_max_pool_finds_infinities_and_what_is_no_number(tmp_path):
    x = np.array([[[-np.inf, -np.inf, 1, np.nan, 2, np.nan, -np.inf, np.inf]]], np.float32)
    models = Models(12, tmp_path)
    values, indices = models.add("MaxPool", [x], 2, kernel_shape=[2], strides=[2])
    (alone,) = models.add("MaxPool", [x], kernel_shape=[2], strides=[2])
    expected = np.array([[[-np.inf, np.nan, np.nan, np.inf]]], np.float32)
    models.check({values: expected, alone: expected, indices: np.array([[[0, 3, 5, 7]]])})


@pytest.mark.parametrize("dtype", ("int8", "uint8", "float16", "float64"))
def test_max_pool_of_other_types(dtype, tmp_path):
    random = np.random.default_rng(0)
    models, single, expected = Models(12, tmp_path), Models(12, tmp_path), {}
    for auto_pad, outputs in itertools.product((None, "SAME_UPPER"), (1, 2)):
        sizes, window = draw_pool(random, 2, auto_pad)
        x = (20 * normal(random, 1, 3, *sizes)).astype(np.float16).astype("int8").astype(dtype)
        names = models.add("MaxPool", [x], outputs, **window)
        single.add("MaxPool", [x.astype(np.float32)], outputs, **window)
        expected[names[0]] = dtype
    found = single.run()
    models.check({name: array.astype(expected.get(name, array.dtype)) for name, array in found.items()}, 0)


@pytest.mark.parametrize("opset", (7, 10, 11, 18, 19, 22))
@pytest.mark.parametrize("count_include_pad", (0, 1))
def test_average_pool(opset, count_include_pad, tmp_path):
    models = Models(opset, tmp_path)
    random = np.random.default_rng(opset)
    add_pools(models, "AveragePool", random, opset >= 19, opset >= 10, count_include_pad=count_include_pad)
    models.check()


@pytest.mark.parametrize("opset", (7, 11, 18, 21))
def test_lp_pool(opset, tmp_path):
    models = Models(opset, tmp_path)
    for p in (1, 2, 3):
        add_pools(models, "LpPool", np.random.default_rng(opset), opset >= 18, opset >= 18, p=p)
    models.check()


@pytest.mark.parametrize("auto_pad", PADDINGS[2:])
def test_strides_beyond_the_kernel_need_no_padding(auto_pad, tmp_path):
    x = normal(np.random.default_rng(0), 1, 2, 9)
    models = Models(13, tmp_path)
    (name,) = models.add("MaxPool", [x], kernel_shape=[1], strides=[4], auto_pad=auto_pad)
    models.check({name: x[:, :, ::4]}, 0)


def test_global_pools_of_any_rank(tmp_path):
    x = normal(np.random.default_rng(0), 2, 3, 2, 2, 3, 2)
    models = Models(13, tmp_path)
    (average,) = models.add("GlobalAveragePool", [x])
    (largest,) = models.add("GlobalMaxPool", [x[:, :, 0, 0, 0, 0]])
    (root,) = models.add("GlobalLpPool", [x], p=1)
    axes = (2, 3, 4, 5)
    expected = {average: x.mean(axes, keepdims=True), root: np.abs(x).sum(axes, keepdims=True)}
    models.check({**expected, largest: x[:, :, 0, 0, 0, 0]})


@pytest.mark.parametrize("opset", (7, 13, 21))
def test_global_pools(opset, tmp_path):
    random = np.random.default_rng(opset)
    models = Models(opset, tmp_path)
    for shape in ((2, 3, 5), (1, 4, 3, 4), (2, 2, 3, 1, 4)):
        x = normal(random, *shape)
        models.add("GlobalAveragePool", [x])
        models.add("GlobalMaxPool", [x])
        models.add("GlobalLpPool", [x], p=3)
    models.check()


@pytest.mark.parametrize("operator", ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "AveragePool", "LpPool", "LRN"))
def test_half_precision(operator, tmp_path):
    x = normal(np.random.default_rng(0), 2, 4, 6, 7, dtype=np.float16)
    attributes = {"size": 3} if operator == "LRN" else {} if "Global" in operator else {"kernel_shape": [2, 3]}
    models, single = Models(13, tmp_path), Models(13, tmp_path)
    models.add(operator, [x], **attributes)
    single.add(operator, [x.astype(np.float32)], **attributes)
    models.check({name: value.astype(np.float16) for name, value in single.run_onnx_runtime().items()}, 1e-3)


@pytest.mark.parametrize("operator", ("MaxPool", "AveragePool", "GlobalAveragePool"))
def test_empty_batches(operator, tmp_path):
    models = Models(13, tmp_path)
    attributes = {} if "Global" in operator else {"kernel_shape": [2, 2]}
    (name,) = models.add(operator, [np.zeros((0, 3, 4, 4), np.float32)], **attributes)
    size = 3 if attributes else 1
    models.check({name: np.zeros((0, 3, size, size), np.float32)})


def test_max_unpool(tmp_path):
    random = np.random.default_rng(0)
    models, expected = Models(11, tmp_path), {}
    for rank, (stride, pad) in itertools.product((1, 2, 3), ((2, 0), (1, 0), (2, 1))):
        x = normal(random, 2, 3, *random.integers(3, 6, rank))
        sizes = (np.array(x.shape[2:]) - 1) * stride + 3 - 2 * pad
        shape = (2, 3, *sizes)
        numbers = random.permutation(np.prod(shape))[: x.size].reshape(x.shape)
        (name,) = models.add("MaxUnpool", [x, numbers], kernel_shape=[3] * rank, strides=[stride] * rank, pads=[pad] * 2 * rank)
        expected[name] = np.zeros(shape, np.float32)
        expected[name].flat[numbers] = x
    models.check(expected, 0)


def test_max_unpool_leaves_positions_out_that_the_output_has_not(tmp_path):
    models = Models(11, tmp_path)
    x = np.array([[[1, 2, 3, 4]]], np.float32)
    numbers = np.array([[[-1, 8, 2**40, 5]]])
    (name,) = models.add("MaxUnpool", [x, numbers], kernel_shape=[2], strides=[2])
    models.check({name: np.array([[[0, 0, 0, 0, 0, 4, 0, 0]]], np.float32)}, 0)


@pytest.mark.parametrize("dtype", ("float32", "float16", "int32", "uint8"))
def test_col2im(dtype, tmp_path):
    random = np.random.default_rng(0)
    models = Models(18, tmp_path)
    for rank in (1, 2, 2, 2, 3):
        kernel, strides, dilations = (random.integers(1, 4, rank) for _ in range(3))
        pads = random.integers(0, 3, 2 * rank)
        image = random.integers(2, 6, rank) + (kernel - 1) * dilations
        blocks = (image + pads[:rank] + pads[rank:] - (kernel - 1) * dilations - 1) // strides + 1
        x = (10 * normal(random, 2, 3 * np.prod(kernel), np.prod(blocks))).astype(np.int8).astype(dtype)
        parameters = {"strides": strides.tolist(), "dilations": dilations.tolist(), "pads": pads.tolist()}
        models.add("Col2Im", [x, Known(image), Known(kernel)], **parameters)
    models.check(models.run_reference())


@pytest.mark.parametrize("opset", (7, 13))
def test_lrn(opset, tmp_path):
    random = np.random.default_rng(opset)
    models = Models(opset, tmp_path)
    for size in (1, 3, 5, 15):
        models.add("LRN", [normal(random, 2, 7, 4, 3)], size=size, alpha=0.1, beta=0.6, bias=1.5)
    models.add("LRN", [normal(random, 1, 6, 5, 5)], size=5)
    models.check()


def test_lrn_with_an_even_window(tmp_path):
    x = normal(np.random.default_rng(0), 2, 7, 4, 3)
    models = Models(13, tmp_path)
    (name,) = models.add("LRN", [x], size=4, alpha=0.5)
    squares = np.pad(x**2, ((0, 0), (1, 2), (0, 0), (0, 0)))
    sums = sum(squares[:, start : start + 7] for start in range(4))
    models.check({name: x / (1 + 0.5 / 4 * sums) ** np.float32(0.75)})


IMAGE = np.zeros((1, 4, 5, 5), np.float32)
SHORT = np.zeros((1, 4, 2), np.float32)


def sizes(*numbers):
    return Known(np.array(numbers, np.int64))


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "message"),
    (
        ("MaxPool", [IMAGE], {}, "attribute 'kernel_shape' is missing"),
        ("MaxPool", [IMAGE], {"kernel_shape": [6, 1]}, "the output would be empty: spatial dimension 0 has 5 positions"),
        ("MaxPool", [IMAGE], {"kernel_shape": [2, 2], "pads": [2, 0, 0, 0]}, "must be less than what the kernel covers, 2"),
        ("MaxPool", [IMAGE], {"kernel_shape": [2, 2], "storage_order": 2}, "'storage_order' is 2, expected 0 to 1"),
        ("MaxPool", [IMAGE.astype(np.int32)], {"kernel_shape": [2, 2]}, "expected a floating-point type, int8 or uint8"),
        ("MaxPool", [np.zeros((1, 4), np.float32)], {"kernel_shape": [1]}, "expected rank 3 to 5"),
        ("MaxPool", [SHORT], {"kernel_shape": [2], "dilations": [3], "pads": [1, 1]}, "window 0 of spatial dimension 0 has no tap"),
        ("AveragePool", [IMAGE], {"kernel_shape": [2, 2], "dilations": [2, 2]}, "'dilations' is not one that the operator has"),
        ("AveragePool", [np.zeros((1, 0, 5), np.float32)], {"kernel_shape": [2]}, "expected channels and positions"),
        ("LpPool", [IMAGE], {"kernel_shape": [2, 2], "p": 0}, "attribute 'p' is 0, expected 1 to"),
        ("GlobalMaxPool", [IMAGE.astype(np.int8)], {}, "input 0 has type int8, expected a floating-point type"),
        ("GlobalMaxPool", [np.zeros((1, 2, 0), np.float32)], {}, "expected channels and positions"),
        ("LRN", [IMAGE], {}, "attribute 'size' is missing"),
        ("LRN", [IMAGE], {"size": 0}, "attribute 'size' is 0, expected 1 to"),
        ("MaxUnpool", [IMAGE, sizes(1)], {"kernel_shape": [2, 2]}, "input 1 has shape 1, expected 1x4x5x5"),
        (
            "MaxUnpool",
            [IMAGE, np.zeros(IMAGE.shape, np.int64), sizes(1, 4, 3, 3)],
            {"kernel_shape": [2, 2]},
            "input 2, the output's shape, is 1x4x3x3, expected at least 1x4x6x6",
        ),
        ("Col2Im", [SHORT, sizes(5, 5), sizes(2)], {}, "its image has 2 dimensions and its block 1"),
        ("Col2Im", [SHORT, sizes(5), sizes(3)], {}, "expected the block 3 to divide its dimension 1"),
        ("Col2Im", [SHORT, sizes(5), sizes(2)], {}, "expected its dimension 2 to be the number of blocks in the image, 4"),
        ("Col2Im", [SHORT, np.array([5]), sizes(2)], {}, "must be known when compiling"),
    ),
)
def test_errors(operator, inputs, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 18, operator, inputs, **attributes)
