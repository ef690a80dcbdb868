"""ResNet-50: bottleneck blocks, most of the work in pointwise convolutions.

Layers are named as in torchvision's resnet50.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main
from residual_network import bottleneck_block, classifier, residual_stages


def build(resolution, batch):
    net = NetworkBuilder("resnet50", image=[batch, 3, resolution, resolution])
    x = residual_stages(net, "image", bottleneck_block, [3, 4, 6, 3])
    classifier(net, x)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
