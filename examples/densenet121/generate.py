"""DenseNet-121: each layer sees the concatenated results of all layers before it in its block.

Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, 2016. Layers are named as in torchvision's
densenet121.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

BLOCK_LAYERS = [6, 12, 24, 16]
GROWTH = 32  # the channels that a layer adds


def dense_layer(net, name, features):
    """Normalisation, ReLU and convolution, twice: pointwise to 4 * GROWTH channels, then 3 x 3 to GROWTH."""
    x = net.concat(f"{name}.concat", *features) if len(features) > 1 else features[0]
    x = net.batch_norm(f"{name}.norm1", x)
    x = net.relu(f"{name}.relu1", x)
    x = net.conv(f"{name}.conv1", x, out_channels=4 * GROWTH, kernel_size=1, bias=False)
    x = net.batch_norm(f"{name}.norm2", x)
    x = net.relu(f"{name}.relu2", x)
    return net.conv(f"{name}.conv2", x, out_channels=GROWTH, kernel_size=3, padding=1, bias=False)


def build(resolution, batch):
    net = NetworkBuilder("densenet121", image=[batch, 3, resolution, resolution])
    x = net.conv("features.conv0", "image", out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    x = net.batch_norm("features.norm0", x)
    x = net.relu("features.relu0", x)
    x = net.max_pool("features.pool0", x, kernel_size=3, stride=2, padding=1)
    channels = 64
    for block, layers in enumerate(BLOCK_LAYERS, start=1):
        features = [x]
        for layer in range(1, layers + 1):
            features.append(dense_layer(net, f"features.denseblock{block}.denselayer{layer}", features))
        x = net.concat(f"features.denseblock{block}.concat", *features)
        channels += layers * GROWTH
        if block < len(BLOCK_LAYERS):
            # A transition halves the channels and the resolution.
            channels //= 2
            x = net.batch_norm(f"features.transition{block}.norm", x)
            x = net.relu(f"features.transition{block}.relu", x)
            x = net.conv(f"features.transition{block}.conv", x, out_channels=channels, kernel_size=1, bias=False)
            x = net.average_pool(f"features.transition{block}.pool", x, kernel_size=2)
    x = net.batch_norm("features.norm5", x)
    x = net.relu("relu", x)
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    net.linear("classifier", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
