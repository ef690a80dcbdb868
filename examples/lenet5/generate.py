"""LeNet-5: two convolutions with average pooling, the network that read cheques.

LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998 (every map of conv2 sees every
map of pool1, as all later versions do). No torchvision model; 28 x 28 digits padded to 32 x 32.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main


def build(resolution, batch):
    net = NetworkBuilder("lenet5", image=[batch, 1, resolution, resolution])
    x = net.conv("conv1", "image", out_channels=6, kernel_size=5, padding=2)
    x = net.tanh("tanh1", x)
    x = net.average_pool("pool1", x, kernel_size=2)
    x = net.conv("conv2", x, out_channels=16, kernel_size=5)
    x = net.tanh("tanh2", x)
    x = net.average_pool("pool2", x, kernel_size=2)
    x = net.conv("conv3", x, out_channels=120, kernel_size=5)
    x = net.tanh("tanh3", x)
    x = net.flatten("flatten", x)
    x = net.linear("fc1", x, out_features=84)
    x = net.tanh("tanh4", x)
    net.linear("fc2", x, out_features=10)
    return net


if __name__ == "__main__":
    main(build, resolution=28)
