"""DCGAN's generator: an image out of a hundred numbers, by transposed convolutions alone.

Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks, 2015.
Layers are named as in PyTorch's DCGAN tutorial. The resolution is a power of two.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main


def build(resolution, batch):
    net = NetworkBuilder("dcgan", noise=[batch, 100, 1, 1])
    # From 1 x 1 to 4 x 4, then twice as large and half as many channels at each step.
    channels = resolution * 8
    x = net.conv_transpose("main.0", "noise", out_channels=channels, kernel_size=4, bias=False)
    size, index = 4, 1
    while size < resolution:
        x = net.batch_norm(f"main.{index}", x)
        x = net.relu(f"main.{index + 1}", x)
        size, index, channels = 2 * size, index + 3, channels // 2
        out_channels = 3 if size == resolution else channels
        x = net.conv_transpose(
            f"main.{index - 1}", x, out_channels=out_channels, kernel_size=4, stride=2, padding=1, bias=False
        )
    net.tanh(f"main.{index}", x)
    return net


if __name__ == "__main__":
    main(build, resolution=64, meaning="height and width of the image that comes out")
