"""A network with circular padding: one time step of a flow on a periodic square, whose right edge meets its left one.

Two velocity components and the pressure go in, their change comes out and is added. Every convolution pads circularly, so
that shifting the input around the square shifts the output alike: no position is special.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

WIDTH = 32
DILATIONS = [1, 2, 4, 8, 4, 2, 1]


def circular(net, name, x, channels, dilation):
    """A 3 x 3 convolution on the periodic square."""
    return net.conv(
        name,
        x,
        out_channels=channels,
        kernel_size=3,
        padding=dilation,
        dilation=dilation,
        padding_mode="circular",
    )


def build(resolution, batch):
    net = NetworkBuilder("periodic_flow", state=[batch, 3, resolution, resolution])
    x = circular(net, "encoder", "state", WIDTH, 1)
    for index, dilation in enumerate(DILATIONS):
        y = circular(net, f"blocks.{index}.conv", x, WIDTH, dilation)
        y = net.gelu(f"blocks.{index}.gelu", y, approximate="tanh")
        x = net.add(f"blocks.{index}.add", x, y)
    change = circular(net, "decoder", x, 3, 1)
    net.add("next_state", "state", change)
    return net


if __name__ == "__main__":
    main(build, resolution=64)
