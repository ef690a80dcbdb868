"""U-Net: an encoder and a decoder of transposed convolutions, joined at each resolution by concatenation.

Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, 2015, with padded
convolutions and batch normalisation, as it is used today. The resolution is a multiple of 16.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

CHANNELS = [64, 128, 256, 512]  # at each resolution of the encoder; the bridge has 1024
CLASSES = 2


def double_convolution(net, name, x, channels):
    for index in (1, 2):
        x = net.conv(f"{name}.conv{index}", x, out_channels=channels, kernel_size=3, padding=1, bias=False)
        x = net.batch_norm(f"{name}.bn{index}", x)
        x = net.relu(f"{name}.relu{index}", x)
    return x


def build(resolution, batch):
    net = NetworkBuilder("unet", image=[batch, 3, resolution, resolution])
    x, skipped = "image", []
    for level, channels in enumerate(CHANNELS, start=1):
        x = double_convolution(net, f"encoder{level}", x, channels)
        skipped.append(x)
        x = net.max_pool(f"encoder{level}.pool", x, kernel_size=2)
    x = double_convolution(net, "bridge", x, 2 * CHANNELS[-1])
    for level, channels in reversed(list(enumerate(CHANNELS, start=1))):
        x = net.conv_transpose(f"decoder{level}.up", x, out_channels=channels, kernel_size=2, stride=2)
        x = net.concat(f"decoder{level}.concat", skipped.pop(), x)
        x = double_convolution(net, f"decoder{level}", x, channels)
    net.conv("segmentation", x, out_channels=CLASSES, kernel_size=1)
    return net


if __name__ == "__main__":
    main(build, resolution=256)
