"""R3D-18: a residual network for video, 3-D convolutions over sixteen frames.

Tran et al.: A Closer Look at Spatiotemporal Convolutions for Action Recognition, 2017. Layers are named as in torchvision's
r3d_18.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main

FRAMES = 16


def convolution(net, name, norm, x, channels, kernel_size, stride, padding):
    x = net.conv(
        name, x, out_channels=channels, kernel_size=kernel_size, stride=stride, padding=padding, bias=False
    )
    return net.batch_norm(norm, x)


def block(net, name, x, channels, stride, changes_shape):
    """Two 3 x 3 x 3 convolutions, and the input added to their result."""
    y = convolution(net, f"{name}.conv1.0", f"{name}.conv1.1", x, channels, 3, stride, 1)
    y = net.relu(f"{name}.conv1.2", y)
    y = convolution(net, f"{name}.conv2.0", f"{name}.conv2.1", y, channels, 3, 1, 1)
    if changes_shape:
        x = convolution(net, f"{name}.downsample.0", f"{name}.downsample.1", x, channels, 1, stride, 0)
    y = net.add(f"{name}.add", y, x)
    return net.relu(f"{name}.relu", y)


def build(resolution, batch):
    net = NetworkBuilder("r3d18", video=[batch, 3, FRAMES, resolution, resolution])
    x = convolution(net, "stem.0", "stem.1", "video", 64, [3, 7, 7], [1, 2, 2], [1, 3, 3])
    x = net.relu("stem.2", x)
    for stage, channels in enumerate([64, 128, 256, 512], start=1):
        first_stride = 1 if stage == 1 else 2
        x = block(net, f"layer{stage}.0", x, channels, first_stride, stage > 1)
        x = block(net, f"layer{stage}.1", x, channels, 1, False)
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    net.linear("fc", x, out_features=400)
    return net


if __name__ == "__main__":
    main(build, resolution=112, meaning="height and width of the frames")
