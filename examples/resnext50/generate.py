"""ResNeXt-50 32x4d: ResNet-50 with grouped 3 x 3 convolutions, 32 groups of four channels in the first stage.

Xie et al.: Aggregated Residual Transformations for Deep Neural Networks, 2016. Layers are named as in torchvision's
resnext50_32x4d.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main
from residual_network import bottleneck_block, classifier, residual_stages


def build(resolution, batch):
    net = NetworkBuilder("resnext50", image=[batch, 3, resolution, resolution])
    x = residual_stages(net, "image", bottleneck_block, [3, 4, 6, 3], groups=32, group_width=4)
    classifier(net, x)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
