"""ConvInteger and QLinearConv: every result is exact."""

import itertools

import numpy as np
import pytest

from test_convolution_operators import PADDINGS, draw_window
from window_models import Known, Models, find_error

TYPES = (("uint8", "uint8"), ("uint8", "int8"), ("int8", "int8"))


def integers(random, dtype, *shape):
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max + 1, shape, dtype)


def convolve(x, w, x_zero_point, w_zero_point, group=1, strides=None, dilations=None, pads=None, **_):
    """The sums in 64 bits, from the definition."""
    rank = x.ndim - 2
    strides, dilations, pads = strides or [1] * rank, dilations or [1] * rank, pads or [0] * 2 * rank
    x = np.pad(x.astype(np.int64) - x_zero_point, [(0, 0)] * 2 + list(zip(pads[:rank], pads[rank:])))
    w = w.astype(np.int64) - np.reshape(w_zero_point, (-1,) + (1,) * (w.ndim - 1))
    reach = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], dilations)]
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, tuple(range(2, 2 + rank)))
    windows = windows[(slice(None),) * 2 + tuple(slice(None, None, s) for s in strides)]
    windows = windows[(slice(None),) * (2 + rank) + tuple(slice(None, None, d) for d in dilations)]
    windows = windows.reshape(x.shape[0], group, -1, *windows.shape[2:])
    filters = w.reshape(group, -1, *w.shape[1:])
    space, taps = "opq"[:rank], "klm"[:rank]
    sums = np.einsum(f"ngc{space}{taps},gfc{taps}->ngf{space}", windows, filters)
    return sums.reshape(x.shape[0], -1, *sums.shape[3:])


@pytest.mark.parametrize("types", TYPES)
def test_conv_integer(types, tmp_path):
    random = np.random.default_rng(0)
    models, expected = Models(10, tmp_path), {}
    for rank, zero_points in itertools.product((1, 2, 3), ("none", "input", "both", "channels")):
        sizes, attributes = draw_window(random, rank)
        group, channels, features = (int(number) for number in random.integers(1, 4, 3))
        x = integers(random, types[0], 2, group * channels, *sizes)
        w = integers(random, types[1], group * features, channels, *attributes["kernel_shape"])
        inputs, x_zero_point, w_zero_point = [x, Known(w)], 0, 0
        if zero_points != "none":
            x_zero_point = integers(random, types[0])
            inputs.append(Known(x_zero_point))
        if zero_points in ("both", "channels"):
            shape = (group * features,) if zero_points == "channels" else ()
            w_zero_point = integers(random, types[1], *shape)
            inputs.append(Known(w_zero_point))
        (name,) = models.add("ConvInteger", inputs, group=group, **attributes)
        wide = (np.asarray(x_zero_point, np.int64), np.asarray(w_zero_point, np.int64))
        expected[name] = convolve(x, w, *wide, group=group, **attributes).astype(np.int32)
    models.check(expected)


def test_conv_integer_with_automatic_padding(tmp_path):
    random = np.random.default_rng(0)
    models = Models(10, tmp_path)
    for auto_pad in PADDINGS:
        sizes, attributes = draw_window(random, 2, auto_pad)
        attributes["dilations"] = [1, 1]
        w = integers(random, "uint8", 3, 2, *attributes["kernel_shape"])
        models.add("ConvInteger", [integers(random, "uint8", 1, 2, *sizes), Known(w), Known(np.uint8(7))], **attributes)
    models.check()


def requantize(sums, scale, zero_point):
    """In float32, half to even, saturated."""
    limits = np.iinfo(zero_point.dtype)
    scale = scale.reshape(-1, *[1] * (sums.ndim - 2))
    rounded = np.rint(sums.astype(np.float32) * scale) + np.float32(zero_point)
    return np.clip(rounded, limits.min, limits.max).astype(zero_point.dtype)


@pytest.mark.parametrize("types", TYPES)
def test_qlinear_conv(types, tmp_path):
    random = np.random.default_rng(0)
    models, expected = Models(13, tmp_path), {}
    for rank, is_per_channel, has_bias in itertools.product((1, 2, 3), (False, True), (False, True)):
        sizes, attributes = draw_window(random, rank)
        group, channels, features = (int(number) for number in random.integers(1, 4, 3))
        count = (group * features,) if is_per_channel else ()
        x = integers(random, types[0], 2, group * channels, *sizes)
        w = integers(random, types[1], group * features, channels, *attributes["kernel_shape"])
        x_zero_point, y_zero_point = integers(random, types[0]), integers(random, types[0])
        # ONNX Runtime wants the same zero point for all channels.
        w_zero_point = np.full(count, integers(random, types[1]))
        x_scale, w_scale, y_scale = (random.uniform(0.01, 0.1, shape).astype(np.float32) for shape in ((), count, ()))
        y_scale *= 40
        inputs = [x, *map(Known, (x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point))]
        sums = convolve(x, w, x_zero_point.astype(int), w_zero_point.astype(int), group=group, **attributes)
        if has_bias:
            bias = random.integers(-10000, 10000, group * features, np.int32)
            sums += bias.reshape(-1, *[1] * rank)
            inputs.append(Known(bias))
        (name,) = models.add("QLinearConv", inputs, group=group, **attributes)
        expected[name] = requantize(sums, x_scale * w_scale / y_scale, y_zero_point)
    models.check(expected)
    # Of the other types its sums saturate in 16 bits on some machines.
    if types == ("uint8", "uint8"):
        models.check()


def test_qlinear_conv_rounds_half_to_even_and_saturates(tmp_path):
    x = np.array([[[-128, -7, -5, -3, -1, 0, 1, 3, 5, 7, 127]]], np.int8)
    models = Models(13, tmp_path)
    one, zero = Known(np.float32(1)), Known(np.int8(0))
    w = Known(np.ones((1, 1, 1), np.int8))
    # The zero point is odd: whether it's added before the rounding or after it shows.
    (half,) = models.add("QLinearConv", [x, one, zero, w, one, zero, Known(np.float32(2)), Known(np.int8(1))])
    (large,) = models.add("QLinearConv", [x, one, zero, w, one, zero, Known(np.float32(0.25)), Known(np.int8(1))])
    rounded = np.array([-64, -4, -2, -2, 0, 0, 0, 2, 2, 4, 64]) + 1
    expected = {half: rounded, large: np.clip(x[0, 0].astype(int) * 4 + 1, -128, 127)}
    models.check({name: value.astype(np.int8).reshape(x.shape) for name, value in expected.items()})


def test_empty_batch(tmp_path):
    models = Models(10, tmp_path)
    (name,) = models.add("ConvInteger", [np.zeros((0, 2, 5, 5), np.uint8), Known(np.ones((3, 2, 3, 3), np.uint8))])
    models.check({name: np.zeros((0, 3, 3, 3), np.int32)})


IMAGE = np.zeros((1, 2, 5, 5), np.uint8)
FILTER = Known(np.zeros((3, 2, 3, 3), np.uint8))
SCALE, ZERO = Known(np.float32(1)), Known(np.uint8(0))


@pytest.mark.parametrize(
    ("operator", "inputs", "message"),
    (
        ("ConvInteger", [IMAGE.astype(np.int16), FILTER], "input 0 has type int16, expected int8 or uint8"),
        ("ConvInteger", [IMAGE, FILTER, Known(np.int8(0))], "input 2 has type int8, expected uint8"),
        ("ConvInteger", [IMAGE, FILTER, Known(np.zeros(2, np.uint8))], "input 2 has shape 2, expected one number"),
        (
            "ConvInteger",
            [IMAGE, FILTER, ZERO, Known(np.zeros(2, np.uint8))],
            "input 3 has shape 2, expected one number or one for each of the 3 output channels",
        ),
        (
            "QLinearConv",
            [IMAGE, SCALE, ZERO, FILTER, Known(np.ones(2, np.float32)), ZERO, SCALE, ZERO],
            "input 4 has shape 2, expected one number or one for each of the 3 output channels",
        ),
        (
            "QLinearConv",
            [IMAGE, SCALE, ZERO, FILTER, SCALE, ZERO, SCALE, ZERO, Known(np.zeros(3, np.float32))],
            "input 8 has type float32, expected int32",
        ),
        ("QLinearConv", [IMAGE, SCALE, ZERO, FILTER], "it has 4 inputs, expected at least 8"),
    ),
)
def test_errors(operator, inputs, message, tmp_path):
    assert message in find_error(tmp_path, 13, operator, inputs)
