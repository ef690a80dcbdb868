"""What the networks that nothing was tuned to are made of."""

import torch
from torch import nn


def convolution(inputs, outputs, kernel=3, stride=1, activation=nn.ReLU, dimensions=2, norm=True, **options):
    """A convolution that keeps the image, its batch norm and an activation."""
    kind = {1: (nn.Conv1d, nn.BatchNorm1d), 2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}[dimensions]
    options.setdefault("padding", kernel // 2)
    layers = [kind[0](inputs, outputs, kernel, stride, bias=not norm, **options)]
    layers += [kind[1](outputs)] if norm else []
    return nn.Sequential(*layers, *([activation()] if activation else []))


class Residual(nn.Module):
    """What its layers give and its input, or what the shortcut makes of it; then an activation."""

    def __init__(self, layers, shortcut=None, activation=None):
        super().__init__()
        self.layers, self.shortcut, self.activation = layers, shortcut or nn.Identity(), activation or nn.Identity()

    def forward(self, x):
        return self.activation(self.layers(x) + self.shortcut(x))


class Concatenated(nn.Module):
    """The results of several branches, one after the other by channels."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def basic_block(inputs, outputs, stride=1, dimensions=2):
    """He et al., arXiv:1512.03385, figure 5, left."""
    layers = nn.Sequential(
        convolution(inputs, outputs, 3, stride, dimensions=dimensions), convolution(outputs, outputs, activation=None, dimensions=dimensions)
    )
    changes = stride != 1 or inputs != outputs
    shortcut = convolution(inputs, outputs, 1, stride, activation=None, dimensions=dimensions) if changes else None
    return Residual(layers, shortcut, nn.ReLU())
