"""AlexNet: large kernels, a stride of four and dense layers that hold most of the weights.

Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014. Layers are named as in torchvision's
alexnet. Its adaptive pooling to 6 x 6 does nothing at 224 x 224 and is left out: at another resolution the first
dense layer takes what is there.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Index in `features`, output channels, kernel size, stride, padding, and whether pooling follows.
CONVOLUTIONS = [
    (0, 64, 11, 4, 2, True),
    (3, 192, 5, 1, 2, True),
    (6, 384, 3, 1, 1, False),
    (8, 256, 3, 1, 1, False),
    (10, 256, 3, 1, 1, True),
]


def build(resolution, batch):
    net = NetworkBuilder("alexnet", image=[batch, 3, resolution, resolution])
    x = "image"
    for index, channels, kernel_size, stride, padding, pooled in CONVOLUTIONS:
        x = net.conv(
            f"features.{index}", x, out_channels=channels, kernel_size=kernel_size, stride=stride, padding=padding
        )
        x = net.relu(f"features.{index + 1}", x)
        if pooled:
            x = net.max_pool(f"features.{index + 2}", x, kernel_size=3, stride=2)
    x = net.flatten("flatten", x)
    x = net.dropout("classifier.0", x)
    x = net.linear("classifier.1", x, out_features=4096)
    x = net.relu("classifier.2", x)
    x = net.dropout("classifier.3", x)
    x = net.linear("classifier.4", x, out_features=4096)
    x = net.relu("classifier.5", x)
    net.linear("classifier.6", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
