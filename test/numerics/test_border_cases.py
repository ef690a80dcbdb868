"""Window operators at the borders of what is allowed, written out."""

import pytest

from operator_cases import Case, comparisons, member_name, packs_of


def conv(shape, channels, kernel, reduction, **parameters):
    return Case({"op": "conv", "out_channels": channels, "kernel_size": kernel, **parameters}, (shape,), reduction=reduction)


def transposed(shape, channels, kernel, reduction, **parameters):
    layer = {"op": "conv_transpose", "out_channels": channels, "kernel_size": kernel, **parameters}
    return Case(layer, (shape,), reduction=reduction)


def pool(operator, shape, kernel, **parameters):
    return Case({"op": operator, "kernel_size": kernel, **parameters}, (shape,), reduction=9)


CASES = [
    # The kernel is larger than the input, which the padding makes up for.
    conv((1, 3, 2, 2), 5, 5, 75, padding=2),
    conv((1, 4, 3), 6, 7, 28, padding=[[5, 1]]),
    conv((2, 3, 4, 4), 4, 3, 27, dilation=4, padding=4),
    conv((1, 2, 1, 1), 3, [7, 5], 70, padding=[3, 2]),
    # Taps that no output reads the input by: at both ends, at one, by a stride, in groups, with padding that isn't a whole dilation.
    conv((1, 5, 9, 3), 18, 3, 45, dilation=[4, 3], padding=[4, 3]),
    conv((2, 4, 2, 3), 6, [5, 7], 140, stride=[2, 1], padding=[[2, 2], [5, 1]]),
    conv((1, 8, 3, 3), 8, 5, 50, groups=4, dilation=2, padding=4),
    conv((1, 3, 4), 5, 4, 12, dilation=3, padding=[[4, 5]]),
    conv((1, 3, 2, 2), 4, 2, 12, stride=8, padding=[[3, 0], [1, 9]]),
    # One pixel, one channel, one output.
    conv((1, 1, 1, 1), 1, 1, 1),
    conv((1, 1, 1), 1, 1, 1),
    conv((1, 1, 1, 1, 1), 1, 1, 1),
    conv((1, 1, 1, 1), 1, 3, 9, padding=1),
    conv((1, 1, 5, 5), 1, 5, 25),
    conv((1, 1, 9, 9), 1, 3, 9),
    conv((1, 1, 9, 9), 16, 3, 9),
    conv((1, 16, 9, 9), 1, 3, 144),
    conv((4, 1, 3, 3), 1, 3, 9),
    # The stride skips positions, or whole kernels.
    conv((1, 3, 11, 11), 4, 1, 3, stride=2),
    conv((1, 3, 11, 11), 4, 2, 12, stride=5),
    conv((1, 3, 11, 11), 4, 3, 27, stride=20, padding=1),
    conv((1, 8, 20), 8, 1, 8, stride=7),
    # Asymmetric padding.
    conv((1, 3, 8, 8), 5, 3, 27, padding=[[0, 2], [1, 0]]),
    conv((1, 3, 8, 8), 5, 3, 27, stride=2, padding=[[0, 1], [0, 1]]),
    conv((1, 2, 12), 3, 4, 8, dilation=2, padding=[[6, 0]]),
    conv((1, 2, 5, 4, 6), 3, 2, 16, padding=[[1, 0], [0, 1], [1, 1]]),
    # More padding than the kernel reaches: outputs that see nothing but padding.
    conv((1, 3, 4, 4), 5, 3, 27, padding=6),
    conv((1, 3, 4, 4), 5, 1, 3, padding=[[2, 3], [0, 1]]),
    # The words.
    conv((1, 3, 9, 7), 4, [4, 3], 36, padding="same"),
    conv((1, 3, 9, 7), 4, [4, 3], 36, padding="same", dilation=2),
    conv((1, 3, 9, 7), 4, [4, 3], 36, padding="valid", stride=2),
    # As much padding as the modes allow.
    conv((1, 3, 4, 5), 4, 3, 27, padding=[4, 5], padding_mode="circular"),
    conv((1, 3, 4, 5), 4, 3, 27, padding=[3, 4], padding_mode="reflect"),
    conv((1, 3, 4, 5), 4, 3, 27, padding=9, padding_mode="replicate"),
    conv((1, 3, 1, 1), 4, 3, 27, padding=1, padding_mode="circular"),
    conv((1, 3, 1, 1), 4, 3, 27, padding=1, padding_mode="replicate"),
    conv((1, 3, 9), 4, 3, 9, padding=[[3, 1]], padding_mode="circular", stride=2, dilation=2),
    conv((1, 4, 6, 6), 4, 3, 9, padding=1, padding_mode="circular", groups=4),
    conv((1, 4, 6, 6), 4, 1, 4, padding=1, padding_mode="reflect"),
    # Groups: depthwise, with a multiplier, one channel each, many.
    conv((1, 1, 6, 6), 3, 3, 9, groups=1),
    conv((1, 37, 6, 6), 37, 3, 9, padding=1, groups=37),
    conv((2, 5, 6, 6), 20, 3, 9, groups=5, padding=1, stride=2),
    conv((1, 34, 6, 6), 51, 3, 18, groups=17, padding=1),
    conv((1, 64, 4, 4), 64, 1, 2, groups=32),
    conv((1, 6, 6, 6), 9, 3, 18, groups=3, bias=False),
    # Long rows, long channels, and one of a vector's length less or more.
    conv((1, 3, 1, 200), 17, [1, 9], 27, padding=[0, 4]),
    conv((1, 3, 200, 1), 15, [9, 1], 27, padding=[4, 0]),
    conv((1, 300, 3, 3), 7, 3, 2700, padding=1),
    conv((1, 2, 3, 3), 130, 3, 18, padding=1),
    conv((9, 3, 5, 5), 4, 3, 27, padding=1),
    # Weights of a size that goes into the object file as a blob.
    conv((1, 128, 8, 8), 160, 3, 1152, padding=1),
    conv((1, 96, 5, 5), 200, 1, 96),
    conv((1, 512, 5, 5), 512, 3, 9, padding=1, groups=512),
    conv((1, 24, 4, 6, 6), 56, 3, 648, padding=1),
    transposed((1, 160, 4, 4), 72, 4, 640, stride=2, padding=1),
    Case({"op": "linear", "out_features": 500}, ((2, 2048),), reduction=2048),
    # The layers of well-known networks at their own sizes: more than one tile in every dimension.
    conv((1, 3, 224, 224), 64, 7, 147, stride=2, padding=3, bias=False),
    conv((1, 64, 56, 56), 64, 3, 576, padding=1),
    conv((1, 256, 56, 56), 64, 1, 256),
    conv((1, 128, 28, 28), 128, 3, 1152, stride=2, padding=1),
    conv((1, 256, 14, 14), 256, 3, 2304, padding=1),
    conv((1, 2048, 7, 7), 512, 1, 2048),
    conv((1, 512, 7, 7), 512, 3, 4608, padding=1),
    conv((1, 144, 56, 56), 144, 3, 9, padding=1, groups=144),
    conv((1, 128, 28, 28), 128, 3, 36, padding=1, groups=32),
    conv((1, 3, 224, 224), 96, 11, 363, stride=4, padding=2),
    pool("max_pool", (1, 64, 112, 112), 3, stride=2, padding=1),
    pool("average_pool", (1, 320, 14, 14), 2, stride=2),
    transposed((1, 128, 16, 16), 64, 4, 512, stride=2, padding=1),
    Case({"op": "linear", "out_features": 1000}, ((1, 2048),), reduction=2048),
    Case({"op": "linear", "out_features": 10}, ((1, 1000),), reduction=1000),
    Case({"op": "linear", "out_features": 1}, ((1, 1),), reduction=1),
    Case({"op": "linear", "out_features": 33}, ((7, 19),), reduction=19),
    Case({"op": "linear", "out_features": 5, "bias": False}, ((3, 257),), reduction=257),
    # Transposed.
    transposed((1, 1, 1, 1), 1, 1, 1),
    transposed((1, 3, 1, 1), 5, 4, 3),
    transposed((1, 3, 4, 4), 5, 1, 3, stride=3),
    transposed((1, 3, 4, 4), 5, 2, 3, stride=5),
    transposed((1, 3, 4, 4), 5, 2, 3, stride=5, output_padding=4),
    transposed((1, 3, 4, 4), 5, 4, 12, stride=2, padding=1),
    transposed((1, 3, 4, 4), 5, 3, 12, stride=2, padding=1, output_padding=1),
    transposed((1, 3, 4, 4), 5, 3, 27, padding=2),
    transposed((1, 3, 5, 5), 4, 3, 27, padding=[[0, 2], [1, 0]]),
    transposed((1, 3, 4, 4), 5, 3, 27, dilation=2, output_padding=1),
    transposed((1, 6, 4, 4), 6, 3, 9, groups=6, stride=2),
    transposed((1, 6, 4, 4), 12, 3, 9, groups=6, stride=2, padding=1),
    transposed((2, 6, 5), 4, 4, 12, groups=2, stride=3, padding=[[2, 1]]),
    transposed((1, 2, 3, 2, 2), 3, 3, 54, stride=2, padding=1, output_padding=1),
    transposed((1, 1, 2, 2), 1, 3, 9, padding=[[2, 1], [1, 2]]),
    transposed((1, 33, 3, 3), 17, 2, 33, stride=2),
    # Pooling.
    pool("max_pool", (1, 1, 1, 1), 1),
    pool("max_pool", (1, 3, 2, 2), 3, padding=1),
    pool("max_pool", (1, 3, 7, 7), 3, stride=2, ceil_mode=True),
    pool("max_pool", (1, 3, 8, 8), 3, stride=2, ceil_mode=True),
    pool("max_pool", (1, 3, 5, 5), 2, stride=4, ceil_mode=True, padding=1),
    pool("max_pool", (1, 17, 9, 9), 3, dilation=2, padding=[[2, 1], [0, 2]]),
    pool("max_pool", (1, 3, 9, 9), 2, stride=5),
    pool("max_pool", (2, 33, 6), 3, stride=1, padding=1),
    pool("average_pool", (1, 3, 4, 4), 3, stride=1, padding=1),
    pool("average_pool", (1, 3, 4, 4), 3, stride=1, padding=1, count_include_pad=False),
    pool("average_pool", (1, 3, 6, 6), 3, stride=2, padding=1, ceil_mode=True),
    pool("average_pool", (1, 3, 6, 6), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    pool("average_pool", (1, 3, 6, 6), [2, 3], padding=[[1, 0], [0, 2]]),
    pool("average_pool", (1, 2, 4, 5, 6), 2, stride=2, padding=1),
    pool("average_pool", (1, 3, 7, 7), 7),
    pool("lp_pool", (1, 3, 5, 5), 2, norm_type=2),
    pool("lp_pool", (1, 3, 5, 5), 3, norm_type=1, padding=1, stride=1),
    pool("lp_pool", (1, 3, 7), 3, norm_type=3, stride=2, ceil_mode=True),
    *(
        Case({"op": operator}, (shape,), reduction=shape[2])
        for operator in ("global_max_pool", "global_average_pool", "global_lp_pool")
        for shape in ((1, 5, 7, 7), (2, 17, 9), (1, 3, 2, 3, 4), (1, 1, 1, 1))
    ),
]
PACKS = packs_of("borders", CASES)


@pytest.mark.parametrize("pack, place, comparison", comparisons(PACKS), ids=member_name)
def test_operator(pack, place, comparison):
    comparison(pack, place)
