"""VGG-16: nothing but 3 x 3 convolutions and 2 x 2 pooling, 138 million weights.

Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014. Layers are named as in
torchvision's vgg16. Its adaptive pooling to 7 x 7 does nothing at 224 x 224 and is left out: at another resolution the
first dense layer takes what is there.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Output channels of the convolutions; None is pooling.
FEATURES = [64, 64, None, 128, 128, None, 256, 256, 256, None, 512, 512, 512, None, 512, 512, 512, None]


def build(resolution, batch):
    net = NetworkBuilder("vgg16", image=[batch, 3, resolution, resolution])
    x, index = "image", 0
    for channels in FEATURES:
        if channels is None:
            x = net.max_pool(f"features.{index}", x, kernel_size=2)
            index += 1
        else:
            x = net.conv(f"features.{index}", x, out_channels=channels, kernel_size=3, padding=1)
            x = net.relu(f"features.{index + 1}", x)
            index += 2
    x = net.flatten("flatten", x)
    x = net.linear("classifier.0", x, out_features=4096)
    x = net.relu("classifier.1", x)
    x = net.dropout("classifier.2", x)
    x = net.linear("classifier.3", x, out_features=4096)
    x = net.relu("classifier.4", x)
    x = net.dropout("classifier.5", x)
    net.linear("classifier.6", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
