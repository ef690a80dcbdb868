"""DeepLabV3 on ResNet-50: atrous spatial pyramid pooling, dilated convolutions at rates 12, 24 and 36 side by side.

Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017. Layers are named as in
torchvision's deeplabv3_resnet50 (without the head that only training uses). The resolution is a multiple of 8.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network_builder import NetworkBuilder, main
from residual_network import bottleneck_block, residual_stages

RATES = [12, 24, 36]
CLASSES = 21


def normalised(net, name, x, channels, **parameters):
    """Layers name.0 to name.2 of a torch.nn.Sequential: convolution, batch normalisation, ReLU."""
    x = net.conv(f"{name}.0", x, out_channels=channels, bias=False, **parameters)
    x = net.batch_norm(f"{name}.1", x)
    return net.relu(f"{name}.2", x)


def atrous_pyramid(net, name, x, size):
    branches = [normalised(net, f"{name}.convs.0", x, 256, kernel_size=1)]
    for index, rate in enumerate(RATES, start=1):
        branches.append(normalised(net, f"{name}.convs.{index}", x, 256, kernel_size=3, padding=rate, dilation=rate))
    # The whole image at once: its mean, spread again over all positions.
    pooling = f"{name}.convs.{len(RATES) + 1}"
    mean = net.global_average_pool(f"{pooling}.0", x)
    mean = net.conv(f"{pooling}.1", mean, out_channels=256, kernel_size=1, bias=False)
    mean = net.batch_norm(f"{pooling}.2", mean)
    mean = net.relu(f"{pooling}.3", mean)
    branches.append(net.upsample(f"{pooling}.upsample", mean, size=[size, size], mode="linear"))
    x = net.concat(f"{name}.concat", *branches)
    return normalised(net, f"{name}.project", x, 256, kernel_size=1)


def build(resolution, batch):
    net = NetworkBuilder("deeplab", image=[batch, 3, resolution, resolution])
    x = residual_stages(
        net, "image", bottleneck_block, [3, 4, 6, 3], dilated=(False, True, True), prefix="backbone."
    )
    x = atrous_pyramid(net, "classifier.0", x, resolution // 8)
    x = net.conv("classifier.1", x, out_channels=256, kernel_size=3, padding=1, bias=False)
    x = net.batch_norm("classifier.2", x)
    x = net.relu("classifier.3", x)
    x = net.conv("classifier.4", x, out_channels=CLASSES, kernel_size=1)
    net.upsample("upsample", x, size=[resolution, resolution], mode="linear")
    return net


if __name__ == "__main__":
    main(build, resolution=224)
