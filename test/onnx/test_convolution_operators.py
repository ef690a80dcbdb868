"""Conv, ConvTranspose and DeformConv of random shapes and parameters against ONNX Runtime."""

import itertools

import ml_dtypes
import numpy as np
import pytest

from window_models import Known, Models, find_error

OPSETS = (7, 11, 22)
PADDINGS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def normal(random, *shape, dtype=np.float32):
    return random.standard_normal(shape).astype(dtype)


def draw_window(random, rank, auto_pad=None):
    """A window and the spatial sizes of an input that it fits into."""
    kernel = random.integers(1, 5, rank)
    # ONNX Runtime refuses dilations with SAME_UPPER and SAME_LOWER.
    dilations = np.ones(rank, int) if str(auto_pad).startswith("SAME") else random.integers(1, 4, rank)
    pads = random.integers(0, 4, 2 * rank)
    reach = (kernel - 1) * dilations + 1
    sizes = random.integers(1, 12, rank)
    if auto_pad in (None, "NOTSET"):
        sizes = np.maximum(sizes, reach - pads[:rank] - pads[rank:])
    elif auto_pad == "VALID":
        sizes = np.maximum(sizes, reach)
    attributes = {"kernel_shape": kernel, "strides": random.integers(1, 4, rank), "dilations": dilations}
    if auto_pad in (None, "NOTSET"):
        attributes["pads"] = pads
    if auto_pad is not None:
        attributes["auto_pad"] = auto_pad
    return sizes, {name: value if isinstance(value, str) else value.tolist() for name, value in attributes.items()}


@pytest.mark.parametrize("opset", OPSETS)
def test_conv(opset, tmp_path):
    random = np.random.default_rng(opset)
    models = Models(opset, tmp_path)
    for rank, auto_pad in itertools.product((1, 2, 3), (None, *PADDINGS)):
        sizes, attributes = draw_window(random, rank, auto_pad)
        groups, channels, features = random.integers(1, 4, 3)
        x = normal(random, random.integers(1, 3), groups * channels, *sizes)
        w = normal(random, groups * features, channels, *attributes["kernel_shape"])
        b = Known(normal(random, groups * features)) if random.integers(2) else None
        models.add("Conv", [x, Known(w), b] if b else [x, Known(w)], group=int(groups), **attributes)
    models.check()


def test_conv_with_weights_that_are_inputs(tmp_path):
    random = np.random.default_rng(0)
    models = Models(13, tmp_path)
    for rank, groups in itertools.product((1, 2, 3), (1, 2)):
        sizes, attributes = draw_window(random, rank)
        x, b = normal(random, 1, 4, *sizes), normal(random, 6)
        w = normal(random, 6, 4 // groups, *attributes["kernel_shape"])
        models.add("Conv", [x, w, b], group=groups, **attributes)
    models.check()


@pytest.mark.parametrize("auto_pad", PADDINGS[2:])
def test_conv_pads_for_dilated_kernels(auto_pad, tmp_path):
    random = np.random.default_rng(0)
    x, w = normal(random, 1, 2, 9, 8), Known(normal(random, 2, 2, 3, 2))
    models, explicit = Models(11, tmp_path), Models(11, tmp_path)
    (name,) = models.add("Conv", [x, w], auto_pad=auto_pad, dilations=[2, 3], strides=[2, 3])
    # 5 windows, 2 apart, reach over 13 positions; 3, 3 apart, over 10 (the last position of which is the input's 8th).
    low, high = ([2, 1], [2, 1]) if auto_pad == "SAME_UPPER" else ([2, 1], [2, 1])
    explicit.add("Conv", [x, w], pads=low + high, dilations=[2, 3], strides=[2, 3])
    models.check({name: explicit.run_onnx_runtime()[name]})


def test_conv_takes_the_kernel_from_the_filter(tmp_path):
    random = np.random.default_rng(0)
    models = Models(11, tmp_path)
    models.add("Conv", [normal(random, 1, 2, 5, 6), Known(normal(random, 3, 2, 2, 3))])
    models.check()


def test_conv_of_one_position(tmp_path):
    random = np.random.default_rng(0)
    models = Models(11, tmp_path)
    models.add("Conv", [normal(random, 1, 2, 1, 1), Known(normal(random, 3, 2, 5, 5))], pads=[2, 2, 2, 2])
    models.add("Conv", [normal(random, 1, 2, 1, 1), Known(normal(random, 3, 2, 3, 3))], auto_pad="SAME_LOWER")
    models.add("Conv", [normal(random, 1, 8, 1), Known(normal(random, 8, 1, 1))], group=8)
    models.check()


def test_conv_with_negative_pads_crops(tmp_path):
    random = np.random.default_rng(0)
    x, w = normal(random, 1, 2, 7, 8), normal(random, 3, 2, 3, 3)
    models = Models(11, tmp_path)
    (negative,) = models.add("Conv", [x, Known(w)], pads=[-1, 1, 2, -2])
    cropped = Models(11, tmp_path)
    (name,) = cropped.add("Conv", [x[:, :, 1:, :-2], Known(w)], pads=[0, 1, 2, 0])
    models.check({negative: cropped.run_onnx_runtime()[name]})


@pytest.mark.parametrize("dtype", ("float16", "float64"))
def test_conv_of_other_types(dtype, tmp_path):
    random = np.random.default_rng(0)
    x, w, b = (normal(random, *shape, dtype=dtype) for shape in ((1, 4, 9, 9), (6, 2, 3, 3), (6,)))
    models = Models(13, tmp_path)
    (conv,) = models.add("Conv", [x, Known(w), Known(b)], group=2, pads=[1, 1, 1, 1])
    (transposed,) = models.add("ConvTranspose", [x[:, :2], Known(w[:2]), Known(b[:2])], strides=[2, 2])
    exact = Models(13, tmp_path)
    exact.add("Conv", [a.astype(np.float32) for a in (x, w, b)], group=2, pads=[1, 1, 1, 1])
    exact.add("ConvTranspose", [a.astype(np.float32) for a in (x[:, :2], w[:2], b[:2])], strides=[2, 2])
    expected = {name: value.astype(dtype) for name, value in exact.run_onnx_runtime().items()}
    models.check({name: expected[name] for name in (conv, transposed)}, 1e-3 if dtype == "float16" else 1e-5)


def test_bfloat16(tmp_path):
    random = np.random.default_rng(0)
    x, w = (normal(random, *shape, dtype=ml_dtypes.bfloat16) for shape in ((1, 4, 9, 9), (4, 4, 3, 3)))
    models, exact = Models(22, tmp_path), Models(22, tmp_path)
    for operator, inputs, attributes in (
        ("Conv", [x, Known(w)], {"pads": [1, 1, 1, 1]}),
        ("ConvTranspose", [x, Known(w)], {"strides": [2, 2]}),
        ("MaxPool", [x], {"kernel_shape": [3, 3]}),
        ("AveragePool", [x], {"kernel_shape": [3, 3]}),
        ("Pad", [x, Known(np.array([0, 0, 1, 1, 0, 0, 1, 1]))], {"mode": "reflect"}),
    ):
        models.add(operator, inputs, **attributes)
        wide = [x.astype(np.float32), Known(w.astype(np.float32))] if len(inputs) == 2 else [x.astype(np.float32)]
        exact.add(operator, [wide[0], inputs[1]] if operator == "Pad" else wide, **attributes)
    expected = exact.run_onnx_runtime()
    found = models.run()
    for name, array in expected.items():
        # One unit in the last of the eight places.
        np.testing.assert_allclose(found[name], array, rtol=2**-7, atol=2**-7, err_msg=models.outputs[name])


@pytest.mark.parametrize("operator", ("Conv", "ConvTranspose"))
def test_empty_batches(operator, tmp_path):
    models = Models(11, tmp_path)
    (name,) = models.add(operator, [np.zeros((0, 2, 5, 5), np.float32), Known(np.zeros((2, 2, 3, 3), np.float32))])
    size = 3 if operator == "Conv" else 7
    models.check({name: np.zeros((0, 2, size, size), np.float32)})


TRANSPOSED_CASES = ("plain", "output_padding", "same_upper", "same_lower", "output_shape", "output_shape_upper")


def spread(x, w, size, low, group=1, strides=None, dilations=None):
    """The transposed convolution from its definition: each value goes to where the taps lie, if it's in the output."""
    rank = x.ndim - 2
    features = w.shape[1]
    y = np.zeros((x.shape[0], group * features, *size))
    for place in np.ndindex(*x.shape[2:]):
        for tap in np.ndindex(*w.shape[2:]):
            at = tuple(np.array(place) * strides + np.array(tap) * dilations - low)
            if not all(0 <= at[d] < size[d] for d in range(rank)):
                continue
            values = x[(..., *place)].reshape(x.shape[0], group, -1)
            weights = w[(..., *tap)].reshape(group, -1, features)
            y[(..., *at)] += np.einsum("ngc,gcf->ngf", values, weights).reshape(x.shape[0], -1)
    return y


def draw_transposed(random, case, rank):
    """The attributes, and what they come to: the output's size and its low padding."""
    kernel, strides, dilations = (random.integers(1, 4, rank) for _ in range(3))
    sizes = random.integers(1, 6, rank)
    natural = (sizes - 1) * strides + (kernel - 1) * dilations + 1
    attributes = {"strides": strides.tolist(), "dilations": dilations.tolist(), "kernel_shape": kernel.tolist()}
    size, low = natural, np.zeros(rank, int)
    if case in ("plain", "output_padding"):
        pads = np.minimum(random.integers(0, np.tile((natural + 1) // 2, 2)), 2)
        attributes["pads"] = pads.tolist()
        size, low = natural - pads[:rank] - pads[rank:], pads[:rank]
    if case == "output_padding":
        attributes["output_padding"] = (np.maximum(strides, dilations) - 1).tolist()
        size = size + np.maximum(strides, dilations) - 1
    if case.startswith("same"):
        attributes["auto_pad"] = case.upper()
        size = np.minimum(sizes * strides, natural)
    if case.startswith("output_shape"):
        size = np.maximum(natural + random.integers(-2, 3, rank), 1)
        attributes["output_shape"] = size.tolist()
    if case == "output_shape_upper":
        attributes["auto_pad"] = "SAME_UPPER"
    if case.startswith(("same", "output_shape")):
        total = np.maximum(natural - size, 0)
        low = total // 2 if case.endswith("upper") else total - total // 2
    return sizes, attributes, size, low


@pytest.mark.parametrize("opset", OPSETS)
def test_conv_transpose(opset, tmp_path):
    random = np.random.default_rng(opset)
    models, expected = Models(opset, tmp_path), {}
    for rank, case in itertools.product((1, 2, 3), TRANSPOSED_CASES):
        sizes, attributes, size, low = draw_transposed(random, case, rank)
        groups, channels, features = (int(number) for number in random.integers(1, 4, 3))
        x = normal(random, random.integers(1, 3), groups * channels, *sizes)
        w = normal(random, groups * channels, features, *attributes["kernel_shape"])
        b = normal(random, groups * features)
        # Some filters are inputs.
        filter = w if len(expected) % 5 == 0 else Known(w)
        (name,) = models.add("ConvTranspose", [x, filter, Known(b)], group=groups, **attributes)
        parameters = np.array(attributes["strides"]), np.array(attributes["dilations"])
        sums = spread(x, w, size, low, groups, *parameters)
        expected[name] = (sums + b.reshape(-1, *[1] * rank)).astype(np.float32)
    models.check(expected)


def test_conv_transpose_as_onnx_runtime_does_it(tmp_path):
    random = np.random.default_rng(0)
    models = Models(11, tmp_path)
    for rank, case in itertools.product((1, 2, 3), ("plain", "same_upper", "same_lower")):
        sizes, attributes, _, _ = draw_transposed(random, case, rank)
        x, w = normal(random, 1, 4, *sizes), normal(random, 4, 3, *attributes["kernel_shape"])
        models.add("ConvTranspose", [x, Known(w)], group=2, **attributes)
    models.check()


def test_conv_transpose_with_negative_pads_extends(tmp_path):
    random = np.random.default_rng(0)
    x, w, b = normal(random, 1, 2, 3, 4), normal(random, 2, 3, 3, 3), normal(random, 3)
    natural = Models(11, tmp_path)
    (name,) = natural.add("ConvTranspose", [x, Known(w)], strides=[2, 2])
    expected = np.pad(natural.run_onnx_runtime()[name], ((0, 0), (0, 0), (2, 0), (0, 3)))[:, :, :, 1:]
    models = Models(11, tmp_path)
    (name,) = models.add("ConvTranspose", [x, Known(w), Known(b)], strides=[2, 2], pads=[-2, 1, 0, -3])
    models.check({name: expected + b[:, None, None]})


def draw_deformable(random, groups, offset_groups, has_mask, has_bias):
    kernel, strides, dilations = (random.integers(1, 4, 2) for _ in range(3))
    pads = random.integers(0, 3, 4)
    sizes = random.integers(3, 9, 2) + kernel * dilations
    output = (sizes + pads[:2] + pads[2:] - (kernel - 1) * dilations - 1) // strides + 1
    channels, features, taps = groups * offset_groups, 2 * groups, kernel[0] * kernel[1]
    inputs = [
        normal(random, 2, channels, *sizes),
        Known(normal(random, features, channels // groups, *kernel)),
        3 * normal(random, 2, offset_groups * taps * 2, *output),
        Known(normal(random, features)) if has_bias else None,
        normal(random, 2, offset_groups * taps, *output) if has_mask else None,
    ]
    while inputs[-1] is None:
        inputs.pop()
    attributes = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads}
    attributes = {name: value.tolist() for name, value in attributes.items()}
    return inputs, {"group": groups, "offset_group": offset_groups, **attributes}


@pytest.mark.parametrize("opset", (19, 22))
def test_deform_conv(opset, tmp_path):
    random = np.random.default_rng(opset)
    models = Models(opset, tmp_path)
    for groups, offset_groups, has_mask, has_bias in itertools.product((1, 2), (1, 3), (False, True), (False, True)):
        inputs, attributes = draw_deformable(random, groups, offset_groups, has_mask, has_bias)
        models.add("DeformConv", inputs, **attributes)
    models.check(models.run_reference(), 1e-4)


def test_deform_conv_survives_offsets_that_are_no_numbers(tmp_path):
    offset = np.full((1, 2, 3, 3), np.nan, np.float32)
    offset[0, :, 0] = [[np.inf, -np.inf, 3e38], [0, -3e38, 1e10]]
    models = Models(19, tmp_path)
    x = np.ones((1, 1, 3, 3), np.float32)
    (name,) = models.add("DeformConv", [x, Known(np.ones((1, 1, 1, 1), np.float32)), offset])
    assert models.run()[name].max() == 0


@pytest.mark.parametrize("activation", ("none", "silu", "swish"))
@pytest.mark.parametrize("kernel", (1, 4))
def test_causal_conv_with_state(activation, kernel, tmp_path):
    random = np.random.default_rng(kernel)
    models = Models(27, tmp_path)
    x, w, b = normal(random, 2, 6, 5), Known(normal(random, 6, 1, kernel)), Known(normal(random, 6))
    state = normal(random, 2, 6, kernel - 1)
    models.add("CausalConvWithState", [x, w], 2, activation=activation)
    models.add("CausalConvWithState", [x, w, b, state], 2, activation=activation)
    models.check(models.run_reference())


def zeros(*shape, dtype=np.float32):
    return Known(np.zeros(shape, dtype))


IMAGE = np.zeros((1, 4, 5, 5), np.float32)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "message"),
    (
        ("Conv", [IMAGE, zeros(3, 3, 3, 3)], {}, "expected 3x4 and the kernel's size: the input has 4 channels in 1 group"),
        ("Conv", [IMAGE, zeros(3, 2, 3, 3)], {"group": 2}, "'group' is 2, which doesn't divide the 3 output channels"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"group": 3}, "'group' is 3, which doesn't divide the 4 input channels"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"group": 0}, "attribute 'group' is 0, expected at least 1"),
        ("Conv", [IMAGE, zeros(3, 4, 3)], {}, "input 1 has shape 3x4x3, expected rank 4"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3), zeros(4)], {}, "input 2 has shape 4, expected 3, a bias for each output channel"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"kernel_shape": [3, 2]}, "'kernel_shape' is 3x2, but the filter has 3x3"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"strides": [1]}, "attribute 'strides' has 1 numbers, expected 2"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"strides": [1, 0]}, "attribute 'strides' has 0, expected at least 1"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"pads": [0, 0]}, "attribute 'pads' has 2 numbers, expected 4"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"pads": [2**40, 0, 0, 0]}, "beyond the limit of 1073741824"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"pads": [-5, 0, 9, 0]}, "takes away all of its 5 positions"),
        ("Conv", [IMAGE, zeros(3, 4, 6, 3)], {}, "the output would be empty: spatial dimension 0 has 5 positions"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"auto_pad": "SAME"}, "attribute 'auto_pad' is 'SAME', expected 'NOTSET'"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3)], {"stride": [1, 1]}, "attribute 'stride' is not one that the operator has"),
        ("Conv", [IMAGE, zeros(3, 4, 3, 3, dtype=np.float16)], {}, "input 1 has type float16, expected float32"),
        ("Conv", [IMAGE.astype(np.int32), zeros(3, 4, 3, 3)], {}, "input 0 has type int32, expected a floating-point type"),
        ("Conv", [np.zeros((1, 0, 5, 5), np.float32), zeros(3, 0, 3, 3)], {}, "input 0 has shape 1x0x5x5"),
        ("Conv", [np.zeros((1, 4), np.float32), zeros(3, 4)], {}, "expected rank 3 to 5"),
        ("Conv", [np.zeros((1, 4, 2, 2, 2, 2), np.float32), zeros(3, 4, 1, 1, 1, 1)], {}, "expected rank 3 to 5"),
        ("ConvTranspose", [IMAGE, zeros(3, 4, 3, 3)], {}, "expected its first dimension to be 4, the input's channels"),
        ("ConvTranspose", [IMAGE, zeros(4, 4, 3, 3)], {"output_padding": [1]}, "'output_padding' has 1 numbers, expected 2"),
        ("ConvTranspose", [IMAGE, zeros(4, 4, 3, 3)], {"output_shape": [1]}, "'output_shape' has 1 numbers, expected 2"),
        ("ConvTranspose", [IMAGE, zeros(4, 4, 3, 3)], {"pads": [4, 0, 4, 0]}, "the output would be empty"),
        ("ConvTranspose", [IMAGE, zeros(4, 4, 3, 3)], {"output_shape": [2**30, 2**30]}, "more than 4294967296 elements"),
        ("DeformConv", [IMAGE, zeros(4, 4, 3, 3), zeros(1, 9, 3, 3)], {}, "input 2 has shape 1x9x3x3, expected 1x18x3x3"),
        ("DeformConv", [IMAGE, zeros(4, 4, 3, 3), zeros(1, 18, 3, 3)], {"offset_group": 3}, "'offset_group' is 3"),
    ),
)
def test_errors(operator, inputs, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 19, operator, inputs, **attributes)
