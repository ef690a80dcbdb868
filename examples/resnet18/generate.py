"""ResNet-18: blocks of two 3 x 3 convolutions whose input is added to their result.

Layers are named as in torchvision's resnet18.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main
from residual_network import basic_block, classifier, residual_stages


def build(resolution, batch):
    net = NetworkBuilder("resnet18", image=[batch, 3, resolution, resolution])
    x = residual_stages(net, "image", basic_block, [2, 2, 2, 2])
    classifier(net, x)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
