"""RepLKNet: depthwise convolutions of 31 x 31 down to 13 x 13, whose cost by transforms hardly depends on their size.

Ding et al.: Scaling Up Your Kernels to 31x31: Revisiting Large Kernel Design in CNNs, 2022 (arXiv:2203.06717). The stem, the large-kernel
blocks, each with a 5 x 5 branch beside its large kernel as in training, the feed-forward blocks of pointwise convolutions and the
transitions are those of RepLKNet-31B; the stages have one pair of blocks each and half as many channels, and there are 1000 classes.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Kernel size and channels of each stage.
STAGES = [(31, 64), (29, 128), (27, 256), (13, 512)]
SMALL_KERNEL = 5
EXPANSION = 4


def convolution(net, name, x, channels, kernel_size=1, stride=1, groups=1):
    """A convolution that keeps the size, with its batch normalisation."""
    x = net.conv(
        f"{name}.conv",
        x,
        out_channels=channels,
        kernel_size=kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        groups=groups,
        bias=False,
    )
    return net.batch_norm(f"{name}.bn", x)


def activated_convolution(net, name, x, *arguments, **parameters):
    return net.relu(f"{name}.nonlinear", convolution(net, name, x, *arguments, **parameters))


def large_kernel_block(net, name, x, channels, kernel_size):
    y = net.batch_norm(f"{name}.prelkb_bn", x)
    y = activated_convolution(net, f"{name}.pw1", y, channels)
    large = convolution(net, f"{name}.large_kernel.lkb_origin", y, channels, kernel_size, groups=channels)
    small = convolution(net, f"{name}.large_kernel.small_conv", y, channels, SMALL_KERNEL, groups=channels)
    y = net.add(f"{name}.large_kernel.add", large, small)
    y = net.relu(f"{name}.lk_nonlinear", y)
    y = convolution(net, f"{name}.pw2", y, channels)
    return net.add(f"{name}.add", x, y)


def feed_forward_block(net, name, x, channels):
    y = net.batch_norm(f"{name}.preffn_bn", x)
    y = convolution(net, f"{name}.pw1", y, channels * EXPANSION)
    y = net.gelu(f"{name}.nonlinear", y)
    y = convolution(net, f"{name}.pw2", y, channels)
    return net.add(f"{name}.add", x, y)


def build(resolution, batch):
    net = NetworkBuilder("replknet", image=[batch, 3, resolution, resolution])
    base = STAGES[0][1]
    x = activated_convolution(net, "stem.0", "image", base, 3, stride=2)
    x = activated_convolution(net, "stem.1", x, base, 3, groups=base)
    x = activated_convolution(net, "stem.2", x, base)
    x = activated_convolution(net, "stem.3", x, base, 3, stride=2, groups=base)
    for index, (kernel_size, channels) in enumerate(STAGES):
        if index > 0:
            x = activated_convolution(net, f"transitions.{index - 1}.0", x, channels)
            x = activated_convolution(net, f"transitions.{index - 1}.1", x, channels, 3, stride=2, groups=channels)
        x = large_kernel_block(net, f"stages.{index}.blocks.0", x, channels, kernel_size)
        x = feed_forward_block(net, f"stages.{index}.blocks.1", x, channels)
    x = net.batch_norm("norm", x)
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    net.linear("head", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
