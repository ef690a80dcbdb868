"""GoogLeNet: nine inception modules, each four branches concatenated.

Szegedy et al.: Going Deeper with Convolutions, 2014. Layers are named as in torchvision's googlenet, which has batch
normalisation after each convolution and a 3 x 3 kernel where the paper has 5 x 5 (without the heads that only training uses).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Output channels: branch1, branch2 (reduction, 3 x 3), branch3 (reduction, 3 x 3), branch4 (after pooling).
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def convolution(net, name, x, channels, kernel_size, stride=1):
    x = net.conv(
        f"{name}.conv",
        x,
        out_channels=channels,
        kernel_size=kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        bias=False,
    )
    x = net.batch_norm(f"{name}.bn", x, eps=0.001)
    return net.relu(f"{name}.relu", x)


def inception(net, name, x, channels):
    first, reduction2, second, reduction3, third, fourth = channels
    branch1 = convolution(net, f"{name}.branch1", x, first, 1)
    branch2 = convolution(net, f"{name}.branch2.0", x, reduction2, 1)
    branch2 = convolution(net, f"{name}.branch2.1", branch2, second, 3)
    branch3 = convolution(net, f"{name}.branch3.0", x, reduction3, 1)
    branch3 = convolution(net, f"{name}.branch3.1", branch3, third, 3)
    branch4 = net.max_pool(f"{name}.branch4.0", x, kernel_size=3, stride=1, padding=1, ceil_mode=True)
    branch4 = convolution(net, f"{name}.branch4.1", branch4, fourth, 1)
    return net.concat(f"{name}.concat", branch1, branch2, branch3, branch4)


def build(resolution, batch):
    net = NetworkBuilder("googlenet", image=[batch, 3, resolution, resolution])
    x = convolution(net, "conv1", "image", 64, 7, stride=2)
    x = net.max_pool("maxpool1", x, kernel_size=3, stride=2, ceil_mode=True)
    x = convolution(net, "conv2", x, 64, 1)
    x = convolution(net, "conv3", x, 192, 3)
    x = net.max_pool("maxpool2", x, kernel_size=3, stride=2, ceil_mode=True)
    for name, channels in INCEPTIONS.items():
        x = inception(net, f"inception{name}", x, channels)
        if name == "3b":
            x = net.max_pool("maxpool3", x, kernel_size=3, stride=2, ceil_mode=True)
        elif name == "4e":
            x = net.max_pool("maxpool4", x, kernel_size=2, stride=2, ceil_mode=True)
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    x = net.dropout("dropout", x)
    net.linear("fc", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
