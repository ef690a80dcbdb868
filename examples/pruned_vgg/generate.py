"""Pruned VGG: the convolutions of VGG-16 with nine in ten weights zero, of which the compiler multiplies none.

The convolutions of Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014, then the mean over all
positions and one dense layer. Its filters are random and pruned by magnitude to the share of zeros that Han et al., Learning both Weights
and Connections for Efficient Neural Networks, 2015 (arXiv:1506.02626), reach in the whole of VGG-16 after training again. Most layers run
as sparse Toeplitz matrices: `--emit=schedule` shows `filter-toeplitz`.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

# Output channels of the convolutions; None is pooling.
FEATURES = [64, 64, None, 128, 128, None, 256, 256, 256, None, 512, 512, 512, None, 512, 512, 512]


def build(resolution, batch):
    net = NetworkBuilder("pruned_vgg", sparsity=0.9, image=[batch, 3, resolution, resolution])
    x = "image"
    for index, channels in enumerate(FEATURES):
        if channels is None:
            x = net.max_pool(f"pool{index}", x, kernel_size=2)
        else:
            x = net.conv(f"conv{index}", x, out_channels=channels, kernel_size=3, padding=1)
            x = net.relu(f"relu{index}", x)
    x = net.global_average_pool("mean", x)
    x = net.flatten("flatten", x)
    net.linear("classifier", x, out_features=1000)
    return net


if __name__ == "__main__":
    main(build, resolution=224)
