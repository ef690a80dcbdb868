"""Random convolutions, transposed convolutions and poolings, the same ones at every run."""

import random

from network_to_onnx import window_sizes
from operator_cases import Case

# Few of them multiples of a vector (4, 8 or 16 floats).
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 19, 24, 31, 33, 40)
LARGEST_SIZE = {1: 48, 2: 17, 3: 9}
LARGEST_KERNEL = {1: 7, 2: 5, 3: 3}
# For a GPU: more than one block in each dimension.
LARGE_CHANNELS = (24, 32, 48, 50, 64, 67, 96, 128, 130, 192)
LARGE_SIZE = {1: 500, 2: 60, 3: 16}


def pairs(low, high):
    return [list(pair) for pair in zip(low, high)]


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def random_channels_and_groups(choose, among=CHANNELS):
    """Input channels, output channels, groups: dense, depthwise, depthwise with a multiplier, or grouped."""
    kind = choose.choice(("dense", "dense", "dense", "depthwise", "multiplier", "grouped"))
    channels = choose.choice(among)
    if kind == "dense":
        return channels, choose.choice(among), 1
    if kind == "depthwise":
        return channels, channels, channels
    if kind == "multiplier":
        return channels, channels * choose.choice((2, 3)), channels
    groups = choose.choice((2, 3, 4))
    return groups * choose.choice((1, 2, 3, 5, 8)), groups * choose.choice((1, 2, 3, 5, 8)), groups


class RandomWindow:
    """Sizes, kernel, strides, dilations and paddings over 1 to 3 dimensions."""

    def __init__(self, choose, largest_stride=3, largest_dilation=3, largest_size=LARGEST_SIZE):
        self.dimensions = choose.choice((1, 2, 2, 2, 3))
        self.sizes = [choose.randint(1, largest_size[self.dimensions]) for _ in range(self.dimensions)]
        self.kernel = [choose.randint(1, LARGEST_KERNEL[self.dimensions]) for _ in range(self.dimensions)]
        if choose.random() < 0.15:
            self.kernel = [1] * self.dimensions
        self.strides = [choose.choice((1, 1, *range(1, largest_stride + 1))) for _ in range(self.dimensions)]
        self.dilations = [choose.choice((1, 1, *range(1, largest_dilation + 1))) for _ in range(self.dimensions)]
        self.low = [choose.randint(0, k) for k in self.kernel]
        self.high = [choose.randint(0, k) for k in self.kernel]

    def reaches(self):
        return [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations)]

    def output_sizes(self, ceil_mode=False):
        return window_sizes(self.sizes, self.kernel, self.strides, self.dilations, self.low, self.high, ceil_mode)

    def layer(self, operator):
        return {
            "op": operator, "kernel_size": self.kernel, "stride": self.strides, "dilation": self.dilations,
            "padding": pairs(self.low, self.high),
        }


def random_convolution(choose, largest_size=LARGEST_SIZE, channels=CHANNELS):
    while True:
        window = RandomWindow(choose, largest_size=largest_size)
        mode = choose.choice(("zeros", "zeros", "zeros", "circular", "reflect", "replicate"))
        largest = {"reflect": -1, "circular": 0}
        if mode in largest:
            window.low = [min(p, size + largest[mode]) for p, size in zip(window.low, window.sizes)]
            window.high = [min(p, size + largest[mode]) for p, size in zip(window.high, window.sizes)]
        if min(window.output_sizes()) >= 1:
            break
    inputs, outputs, groups = random_channels_and_groups(choose, channels)
    layer = {**window.layer("conv"), "out_channels": outputs, "groups": groups, "padding_mode": mode}
    if choose.random() < 0.3:
        layer["bias"] = False
    shape = (choose.choice((1, 1, 2, 3)), inputs, *window.sizes)
    return Case(layer, (shape,), reduction=inputs // groups * product(window.kernel))


def random_large_convolution(choose):
    return random_convolution(choose, LARGE_SIZE, LARGE_CHANNELS)


def random_transposed_convolution(choose):
    while True:
        window = RandomWindow(choose)
        window.sizes = [min(size, 8) for size in window.sizes]
        steps = zip(window.strides, window.dilations)
        output_padding = [choose.randint(0, max(stride, dilation) - 1) for stride, dilation in steps]
        sizes = [
            (size - 1) * stride + reach + extra - low - high
            for size, stride, reach, extra, low, high in zip(
                window.sizes, window.strides, window.reaches(), output_padding, window.low, window.high
            )
        ]
        if min(sizes) >= 1:
            break
    inputs, outputs, groups = random_channels_and_groups(choose)
    layer = {
        **window.layer("conv_transpose"), "out_channels": outputs, "groups": groups, "output_padding": output_padding,
    }
    if choose.random() < 0.3:
        layer["bias"] = False
    shape = (choose.choice((1, 1, 2, 3)), inputs, *window.sizes)
    return Case(layer, (shape,), reduction=inputs // groups * product(window.kernel))


def some_window_is_empty(window, ceil_mode):
    """Whether a window lies wholly in the padding, where the largest value and the mean of its positions are not defined."""
    for size, count, k, s, d, low in zip(
        window.sizes, window.output_sizes(ceil_mode), window.kernel, window.strides, window.dilations, window.low
    ):
        for o in range(count):
            if not any(0 <= o * s + tap * d - low < size for tap in range(k)):
                return True
    return False


def random_pooling(choose):
    operator = choose.choice(("max_pool", "average_pool", "lp_pool"))
    while True:
        window = RandomWindow(choose, largest_stride=4)
        # Mostly below the kernel, which ONNX Runtime wants; sometimes up to the dilated reach.
        limit = window.kernel if choose.random() < 0.9 else window.reaches()
        window.low = [choose.randint(0, size - 1) for size in limit]
        window.high = [choose.randint(0, size - 1) for size in limit]
        ceil_mode = choose.random() < 0.4
        if min(window.output_sizes(ceil_mode)) >= 1 and not some_window_is_empty(window, ceil_mode):
            break
    layer = {**window.layer(operator), "ceil_mode": ceil_mode}
    if operator == "average_pool":
        layer["count_include_pad"] = choose.random() < 0.5
    if operator == "lp_pool":
        layer["norm_type"] = choose.choice((1, 2, 3))
    shape = (choose.choice((1, 1, 2, 3)), choose.choice(CHANNELS), *window.sizes)
    return Case(layer, (shape,), reduction=product(window.kernel), slack=3.0 if operator == "lp_pool" else 1.0)


def random_cases(seed, count, kind):
    choose = random.Random(seed)
    return [kind(choose) for _ in range(count)]
