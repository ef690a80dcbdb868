"""SqueezeNet 1.1: fire modules, which squeeze the channels and expand them by two convolutions side by side.

Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, 2016. Layers are named as in torchvision's
squeezenet1_1.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Index in `features`: channels after the squeeze and of each of the two expansions; None is pooling.
FEATURES = {
    2: None,
    3: (16, 64),
    4: (16, 64),
    5: None,
    6: (32, 128),
    7: (32, 128),
    8: None,
    9: (48, 192),
    10: (48, 192),
    11: (64, 256),
    12: (64, 256),
}


def fire(net, name, x, squeezed, expanded):
    x = net.conv(f"{name}.squeeze", x, out_channels=squeezed, kernel_size=1)
    x = net.relu(f"{name}.squeeze_activation", x)
    pointwise = net.conv(f"{name}.expand1x1", x, out_channels=expanded, kernel_size=1)
    pointwise = net.relu(f"{name}.expand1x1_activation", pointwise)
    wide = net.conv(f"{name}.expand3x3", x, out_channels=expanded, kernel_size=3, padding=1)
    wide = net.relu(f"{name}.expand3x3_activation", wide)
    return net.concat(f"{name}.concat", pointwise, wide)


def build(resolution, batch):
    net = NetworkBuilder("squeezenet", image=[batch, 3, resolution, resolution])
    x = net.conv("features.0", "image", out_channels=64, kernel_size=3, stride=2)
    x = net.relu("features.1", x)
    for index, channels in FEATURES.items():
        if channels is None:
            x = net.max_pool(f"features.{index}", x, kernel_size=3, stride=2, ceil_mode=True)
        else:
            x = fire(net, f"features.{index}", x, *channels)
    x = net.dropout("classifier.0", x)
    x = net.conv("classifier.1", x, out_channels=1000, kernel_size=1)
    x = net.relu("classifier.2", x)
    x = net.global_average_pool("classifier.3", x)
    net.flatten("flatten", x)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
