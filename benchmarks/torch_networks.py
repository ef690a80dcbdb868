"""The benchmark's networks that PyTorch makes: torchvision's, and modules of our own.

Weights are random. Batch norms are calibrated on random images, so that numbers stay of the size that they have in trained networks. These
images differ from each other as photographs do, in brightness, contrast and what is large in them: of white noise the means over a whole image, which
some networks normalise, are so much alike that normalising them would enlarge nothing but rounding errors.
"""

import re

import torch
from torchvision import models


def default_shape(name, package):
    """The input that torchvision's networks are made for."""
    if package == "video":
        size = 112 if re.match(r"r3d|mc3|r2plus1d", name) else 224
        return (1, 3, 16, size, size)
    if "swin_v2" in name:
        return (1, 3, 256, 256)
    size = {"inception_v3": 299}.get(name, 520 if package == "segmentation" else 224)
    return (1, 3, size, size)


def find_package(name):
    """Where torchvision has a network: "classification", "segmentation" or "video"."""
    for package in ("segmentation", "video"):
        if name in models.list_models(module=getattr(models, package)):
            return package
    return "classification"


def random_images(count, shape):
    """Sums of noise at all resolutions, of brightness and contrast of their own. `shape` is that of one: channels, and sizes of up to three dimensions.
    Without these it is noise."""
    channels, *sizes = shape
    if not sizes:
        return torch.randn((count, channels))
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[len(sizes)]
    images = torch.zeros((count, *shape))
    coarse = 1
    while coarse < max(sizes):
        noise = torch.randn((count, channels, *(min(coarse, size) for size in sizes)))
        images += torch.nn.functional.interpolate(noise, size=sizes, mode=mode, align_corners=False)
        coarse *= 4
    images += torch.randn(images.shape) / 2
    scales = (count, channels, *[1] * len(sizes))
    return images / images.std() * (0.5 + torch.rand(scales)) + torch.randn(scales) / 2


def calibrate(network, shape):
    """Gives the batch norms of a network the means and variances that they see.

    Of a few images some channels are all but constant: a norm that divides by so little enlarges rounding errors by thousands."""
    norms = [layer for layer in network.modules() if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)]
    network.eval()
    for norm in norms:
        norm.momentum = None  # the mean over all batches
        norm.train()
    if norms:
        with torch.no_grad():
            for _ in range(2):
                network(random_images(16, shape[1:]))
    network.eval()


def make_torchvision(name, shape=None):
    """A network of torchvision's with calibrated batch norms, and an input for it."""
    package = find_package(name)
    torch.manual_seed(0)
    torch.backends.mha.set_fastpath_enabled(False)  # an operator that the older exporter doesn't know
    arguments = {"weights": None}
    if package == "segmentation":
        arguments["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        arguments.update(init_weights=True, aux_logits=False)
    network = models.get_model(name, **arguments)
    shape = shape or default_shape(name, package)
    example = random_images(shape[0], shape[1:])

    # Heads that start as zeros have no result to compare.
    for layer in network.modules():
        if isinstance(layer, torch.nn.Linear) and not layer.weight.any():
            torch.nn.init.xavier_uniform_(layer.weight)
    calibrate(network, shape)
    return Logits(network).eval(), example


def make_unseen(name):
    """A network of unseen_networks.py with calibrated batch norms, and an input for it."""
    import unseen_networks

    torch.manual_seed(0)
    torch.backends.mha.set_fastpath_enabled(False)  # an operator that the older exporter doesn't know
    make, shape = unseen_networks.NETWORKS[name]
    network = make()
    calibrate(network, shape)
    return network, random_images(shape[0], shape[1:])


class Logits(torch.nn.Module):
    """A network's main result: segmentation networks return a dictionary."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        result = self.network(x)
        return result["out"] if isinstance(result, dict) else result


def RepVgg():
    """RepVGG-A0 as it is deployed: 3 x 3 convolutions with ReLU, one after the other.

    Ding et al., RepVGG: Making VGG-style ConvNets Great Again (arXiv:2101.03697), table 2."""
    layers, channels = [], 3
    for width, depth in ((48, 1), (48, 2), (96, 4), (192, 14), (1280, 1)):
        for block in range(depth):
            convolution = torch.nn.Conv2d(channels, width, 3, stride=2 if block == 0 else 1, padding=1)
            torch.nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            layers += [convolution, torch.nn.ReLU()]
            channels = width
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, 1000)).eval()


MODULES = {"RepVgg": RepVgg}
