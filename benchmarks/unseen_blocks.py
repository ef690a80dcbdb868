"""What the networks that nothing was tuned to are made of."""

import torch
from torch import nn


def convolution(inputs, outputs, kernel=3, stride=1, activation=nn.ReLU, dimensions=2, norm=True, **options):
    """A convolution that keeps the image, its batch norm and an activation."""
    kind = {1: (nn.Conv1d, nn.BatchNorm1d), 2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}[dimensions]
    if "padding" not in options:
        options["padding"] = kernel // 2
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


class LayerNorm2d(nn.Module):
    """A layer norm over the channels of each position."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def head(channels, classes):
    """The mean over all positions, and a dense layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class Squeeze(nn.Module):
    """Gates of channels from their means: Hu et al., arXiv:1709.01507."""

    def __init__(self, channels, width):
        super().__init__()
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, channels, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


class Attention(nn.Module):
    """Attention between all tokens, by several heads; a bias may be added to what the softmax gets."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.project, self.last = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, bias=None):
        batch, tokens, width = x.shape
        query, key, value = self.project(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5
        weights = torch.softmax(scores if bias is None else scores + bias, -1)
        return self.last((weights @ value).transpose(1, 2).reshape(batch, tokens, width))


def transformer_block(width, heads, dense_width, activation=nn.GELU):
    """Attention and two dense layers, each behind a layer norm and beside a shortcut."""
    dense = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dense_width), activation(), nn.Linear(dense_width, width))
    return nn.Sequential(Residual(nn.Sequential(nn.LayerNorm(width), Attention(width, heads))), Residual(dense))
