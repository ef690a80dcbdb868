"""WaveNet: sound sample by sample, causal 1-D convolutions whose dilation doubles from layer to layer, with gates.

van den Oord et al.: WaveNet: A Generative Model for Raw Audio, 2016. The input is one-hot over the 256 levels of mu-law; each
output sees only the samples before it and its own. Here the resolution is the number of samples.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

LEVELS = 256
RESIDUAL_CHANNELS = 64
SKIP_CHANNELS = 128
DILATIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] * 2


def causal(net, name, x, channels, dilation):
    """A convolution over a sample and the one `dilation` before it."""
    return net.conv(name, x, out_channels=channels, kernel_size=2, dilation=dilation, padding=[[dilation, 0]])


def build(resolution, batch):
    net = NetworkBuilder("wavenet", samples=[batch, LEVELS, resolution])
    x = causal(net, "causal", "samples", RESIDUAL_CHANNELS, 1)
    skips = []
    for index, dilation in enumerate(DILATIONS):
        name = f"layers.{index}"
        values = net.tanh(f"{name}.tanh", causal(net, f"{name}.filter", x, RESIDUAL_CHANNELS, dilation))
        gate = net.sigmoid(f"{name}.sigmoid", causal(net, f"{name}.gate", x, RESIDUAL_CHANNELS, dilation))
        gated = net.multiply(f"{name}.multiply", values, gate)
        skips.append(net.conv(f"{name}.skip", gated, out_channels=SKIP_CHANNELS, kernel_size=1))
        if index + 1 < len(DILATIONS):
            residual = net.conv(f"{name}.residual", gated, out_channels=RESIDUAL_CHANNELS, kernel_size=1)
            x = net.add(f"{name}.add", x, residual)
    x = net.add("skips", *skips)
    x = net.relu("relu1", x)
    x = net.conv("conv1", x, out_channels=LEVELS, kernel_size=1)
    x = net.relu("relu2", x)
    net.conv("conv2", x, out_channels=LEVELS, kernel_size=1)
    return net


if __name__ == "__main__":
    main(build, resolution=4096, meaning="number of samples")
