"""MobileNetV1: separable convolutions, a depthwise one and a pointwise one in place of each full one.

Howard et al.: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017. No torchvision model.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Output channels and stride of each separable convolution.
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


def build(resolution, batch):
    net = NetworkBuilder("mobilenet_v1", image=[batch, 3, resolution, resolution])
    x = net.conv("conv1", "image", out_channels=32, kernel_size=3, stride=2, padding=1, bias=False)
    x = net.batch_norm("bn1", x)
    x = net.relu("relu1", x)
    channels = 32
    for index, (out_channels, stride) in enumerate(BLOCKS):
        name = f"blocks.{index}"
        x = net.conv(
            f"{name}.depthwise",
            x,
            out_channels=channels,
            kernel_size=3,
            stride=stride,
            padding=1,
            groups=channels,
            bias=False,
        )
        x = net.batch_norm(f"{name}.bn1", x)
        x = net.relu(f"{name}.relu1", x)
        x = net.conv(f"{name}.pointwise", x, out_channels=out_channels, kernel_size=1, bias=False)
        x = net.batch_norm(f"{name}.bn2", x)
        x = net.relu(f"{name}.relu2", x)
        channels = out_channels
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    net.linear("fc", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
