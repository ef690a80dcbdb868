"""MobileNetV2: inverted residual blocks, pointwise to more channels, depthwise, pointwise to fewer, and ReLU6.

Sandler et al.: MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018. Layers are named as in torchvision's
mobilenet_v2.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Expansion, output channels, blocks, and stride of the first of them.
STAGES = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]


def convolution(net, name, x, channels, kernel_size, stride=1, groups=1):
    x = net.conv(
        f"{name}.0",
        x,
        out_channels=channels,
        kernel_size=kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        groups=groups,
        bias=False,
    )
    x = net.batch_norm(f"{name}.1", x)
    return net.relu6(f"{name}.2", x)


def inverted_residual(net, name, x, in_channels, out_channels, stride, expansion):
    hidden, step, y = in_channels * expansion, 0, x
    if expansion != 1:
        y = convolution(net, f"{name}.conv.0", y, hidden, 1)
        step = 1
    y = convolution(net, f"{name}.conv.{step}", y, hidden, 3, stride, groups=hidden)
    y = net.conv(f"{name}.conv.{step + 1}", y, out_channels=out_channels, kernel_size=1, bias=False)
    y = net.batch_norm(f"{name}.conv.{step + 2}", y)
    return net.add(f"{name}.add", x, y) if stride == 1 and in_channels == out_channels else y


def build(resolution, batch):
    net = NetworkBuilder("mobilenet_v2", image=[batch, 3, resolution, resolution])
    x = convolution(net, "features.0", "image", 32, 3, stride=2)
    index, in_channels = 1, 32
    for expansion, out_channels, blocks, first_stride in STAGES:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            x = inverted_residual(net, f"features.{index}", x, in_channels, out_channels, stride, expansion)
            index, in_channels = index + 1, out_channels
    x = convolution(net, f"features.{index}", x, 1280, 1)
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    x = net.dropout("classifier.0", x)
    net.linear("classifier.1", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
