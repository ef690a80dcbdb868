"""Classifiers for small devices, and those that join convolutions with attention. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import Attention, Concatenated, convolution, head, Residual, Squeeze, transformer_block


def lcnet():
    """PP-LCNet (Cui et al., arXiv:2109.15099): depthwise 3 x 3 and 5 x 5 with hard swish, half as wide."""
    layers, inputs = [convolution(3, 8, 3, 2, nn.Hardswish)], 8
    plan = [(3, 16, 1), (3, 32, 2), (3, 32, 1), (3, 64, 2), (3, 64, 1), (3, 128, 2), *[(5, 128, 1)] * 5, (5, 256, 2), (5, 256, 1)]
    for kernel, channels, stride in plan:
        squeeze = [Squeeze(inputs, inputs // 4)] if channels == 256 else []
        depthwise = convolution(inputs, inputs, kernel, stride, nn.Hardswish, groups=inputs)
        layers += [depthwise, *squeeze, convolution(inputs, channels, 1, activation=nn.Hardswish)]
        inputs = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Conv2d(256, 1280, 1), nn.Hardswish(), nn.Flatten(), nn.Linear(1280, 1000))


def inverted(inputs, outputs, kernel, stride, factor, activation=nn.ReLU6):
    """Sandler et al., arXiv:1801.04381."""
    width = inputs * factor
    layers = nn.Sequential(
        convolution(inputs, width, 1, activation=activation),
        convolution(width, width, kernel, stride, activation, groups=width),
        convolution(width, outputs, 1, activation=None),
    )
    return Residual(layers) if stride == 1 and inputs == outputs else layers


def mcunet():
    """Like MCUNet (Lin et al., arXiv:2007.10319): depthwise kernels of 3 to 7, widths of 8 to 96, an image of 160 x 160."""
    layers = [convolution(3, 16, 3, 2, nn.ReLU6), convolution(16, 16, 3, 1, nn.ReLU6, groups=16), convolution(16, 8, 1, activation=None)]
    inputs, plan = 8, [(16, 7, 2, 3), (16, 5, 1, 5), (24, 5, 2, 4), (24, 7, 1, 5), (40, 7, 2, 5), (40, 5, 1, 5)]
    plan += [(48, 3, 1, 5), (48, 7, 1, 4), (96, 7, 2, 6), (96, 3, 1, 4)]
    for outputs, kernel, stride, factor in plan:
        layers.append(inverted(inputs, outputs, kernel, stride, factor))
        inputs = outputs
    return nn.Sequential(*layers, head(96, 100))


def mobile_one():
    """MobileOne-S1 as it is deployed (Vasu et al., arXiv:2206.04040), with fewer blocks: convolutions with biases and ReLU alone."""

    def layer(inputs, outputs, kernel=3, stride=1, groups=1):
        return convolution(inputs, outputs, kernel, stride, norm=False, groups=groups)

    layers, inputs = [layer(3, 64, 3, 2)], 64
    for channels, depth in ((96, 2), (192, 3), (512, 4), (1280, 1)):
        for block in range(depth):
            layers += [layer(inputs, inputs, 3, 2 if block == 0 else 1, inputs), layer(inputs, channels, 1)]
            inputs = channels
    return nn.Sequential(*layers, head(1280, 1000))


class MobileVitBlock(nn.Module):
    """Mehta and Rastegari, arXiv:2110.02178, figure 1b: attention between the same places of all patches of 2 x 2."""

    def __init__(self, channels, width, depth):
        super().__init__()
        self.width = width
        self.first = nn.Sequential(convolution(channels, channels, activation=nn.SiLU), nn.Conv2d(channels, width, 1, bias=False))
        self.blocks = nn.Sequential(*[transformer_block(width, 4, 2 * width, nn.SiLU) for _ in range(depth)], nn.LayerNorm(width))
        self.project, self.last = convolution(width, channels, 1, activation=nn.SiLU), convolution(2 * channels, channels, activation=nn.SiLU)

    def forward(self, x):
        y = self.first(x)
        batch, channels, height, width = y.shape
        y = y.reshape(batch * channels * height // 2, 2, width // 2, 2).transpose(1, 2)
        y = y.reshape(batch, channels, height * width // 4, 4).transpose(1, 3).reshape(batch * 4, height * width // 4, channels)
        y = self.blocks(y).reshape(batch, 4, height * width // 4, channels).transpose(1, 3)
        y = y.reshape(batch * channels * height // 2, width // 2, 2, 2).transpose(1, 2).reshape(batch, channels, height, width)
        return self.last(torch.cat([x, self.project(y)], 1))


def mobile_vit():
    """MobileViT-XS with one block for each attention: 256 x 256."""

    def step(inputs, outputs, stride=1):
        return inverted(inputs, outputs, 3, stride, 4, nn.SiLU)

    layers = [convolution(3, 16, 3, 2, nn.SiLU), step(16, 32), step(32, 48, 2), step(48, 48), step(48, 64, 2), MobileVitBlock(64, 96, 2)]
    layers += [step(64, 80, 2), MobileVitBlock(80, 120, 2), step(80, 96, 2), MobileVitBlock(96, 144, 2), convolution(96, 384, 1, activation=nn.SiLU)]
    return nn.Sequential(*layers, head(384, 1000))


class RelativeAttention(nn.Module):
    """Dai et al., arXiv:2106.04803, equation 3: attention with a bias for each difference of positions."""

    def __init__(self, channels, heads, size):
        super().__init__()
        self.attention = Attention(channels, heads)
        self.bias = nn.Parameter(torch.randn(heads, (2 * size - 1) ** 2))
        places = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")).flatten(1)
        differences = places[:, :, None] - places[:, None, :] + size - 1
        self.register_buffer("index", differences[0] * (2 * size - 1) + differences[1])

    def forward(self, x):
        return self.attention(x, self.bias[:, self.index])


class CoAtNet(nn.Module):
    """A small CoAtNet: convolutions at first, relative attention over 14 x 14 and 7 x 7 positions then."""

    def __init__(self):
        super().__init__()

        def expanded(inputs, outputs, stride):
            width = 4 * outputs
            depthwise = convolution(width, width, 3, stride, nn.GELU, groups=width)
            layers = [nn.BatchNorm2d(inputs), convolution(inputs, width, 1, activation=nn.GELU), depthwise]
            layers = nn.Sequential(*layers, Squeeze(width, outputs // 4), nn.Conv2d(width, outputs, 1))
            shortcut = nn.Sequential(*([nn.MaxPool2d(stride)] if stride > 1 else []), nn.Conv2d(inputs, outputs, 1)) if inputs != outputs else None
            return Residual(layers, shortcut)

        def attention(channels, size):
            first = nn.Sequential(nn.LayerNorm(channels), RelativeAttention(channels, channels // 32, size))
            dense = [nn.LayerNorm(channels), nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)]
            return nn.Sequential(Residual(first), Residual(nn.Sequential(*dense)))

        self.stem = nn.Sequential(convolution(3, 64, 3, 2, nn.GELU), convolution(64, 64, activation=nn.GELU))
        self.convolutions = nn.Sequential(expanded(64, 96, 2), expanded(96, 96, 1), expanded(96, 192, 2), expanded(192, 192, 1))
        self.shrink = nn.ModuleList([nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(a, b, 1)) for a, b in ((192, 384), (384, 768))])
        self.attention = nn.ModuleList([nn.Sequential(*[attention(channels, size) for _ in range(2)]) for channels, size in ((384, 14), (768, 7))])
        self.head = head(768, 1000)

    def forward(self, x):
        x = self.convolutions(self.stem(x))
        for shrink, blocks in zip(self.shrink, self.attention):
            x = shrink(x)
            x = blocks(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)
        return self.head(x)


class NormalCell(nn.Module):
    """The normal cell of NASNet-A (Zoph et al., arXiv:1707.07012, figure 4): separable convolutions of 3, 5 and 7, and means of 3 x 3."""

    def __init__(self, previous, inputs, width):
        super().__init__()

        def separable(kernel):
            layers = []
            for _ in range(2):
                depthwise = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width, bias=False)
                layers += [nn.ReLU(), depthwise, convolution(width, width, 1, activation=None)]
            return nn.Sequential(*layers)

        def fit(channels):
            return nn.Sequential(nn.ReLU(), convolution(channels, width, 1, activation=None))

        self.fit_previous, self.fit = fit(previous), fit(inputs)
        self.layers = nn.ModuleList([separable(kernel) for kernel in (5, 3, 5, 3, 3)])
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, previous, x):
        p, h = self.fit_previous(previous), self.fit(x)
        results = [self.layers[0](h) + self.layers[1](p), self.layers[2](p) + self.layers[3](p)]
        results += [self.pool(h) + p, self.pool(p) + self.pool(p), self.layers[4](h) + h]
        return torch.cat([p, *results], 1)


class NasNet(nn.Module):
    """Three pairs of normal cells, 44 channels at first, with a separable convolution instead of reduction cells."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(convolution(3, 44, 3, 2, padding=0), convolution(44, 44, 3, 2))
        self.cells, self.shrink = nn.ModuleList(), nn.ModuleList()
        inputs = 44
        for width in (44, 88, 176):
            self.shrink.append(nn.Sequential(nn.MaxPool2d(3, 2, 1), convolution(inputs, width, 1)))
            self.cells += [NormalCell(width, width, width), NormalCell(width, 6 * width, width)]
            inputs = 6 * width
        self.head = head(inputs, 1000)

    def forward(self, x):
        x = self.stem(x)
        for stage, shrink in enumerate(self.shrink):
            previous = shrink(x)
            x = self.cells[2 * stage](previous, previous)
            x = self.cells[2 * stage + 1](previous, x)
        return self.head(functional.relu(x))


def lenet():
    """LeCun et al., 1998, with 28 x 28 positions and tanh."""
    layers = [nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10), nn.Softmax(1))


def cifar_vgg():
    """VGG-11 with batch norms for 32 x 32 positions; a batch of 16."""
    layers, inputs = [], 3
    for channels in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0):
        layers += [convolution(inputs, channels)] if channels else [nn.MaxPool2d(2)]
        inputs = channels or inputs
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


def squeeze_excite():
    """SE-ResNeXt's kind (Hu et al., arXiv:1709.01507) on an image of 227 x 227: bottlenecks of 32 groups with gates of channels."""
    layers, inputs = [convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True)], 64
    for width, stride in ((128, 1), (256, 2), (512, 2)):
        for block in range(2):
            step, outputs = stride if block == 0 else 1, 2 * width
            middle = [convolution(inputs, width, 1), convolution(width, width, 3, step, groups=32)]
            middle += [convolution(width, outputs, 1, activation=None), Squeeze(outputs, outputs // 16)]
            shortcut = convolution(inputs, outputs, 1, step, activation=None) if block == 0 else None
            layers.append(Residual(nn.Sequential(*middle), shortcut, nn.ReLU()))
            inputs = outputs
    return nn.Sequential(*layers, head(inputs, 1000))


def inception_stem():
    """Branches of 7 x 1 and 1 x 7 convolutions on 299 x 299, as in Inception-ResNet-v2 (Szegedy et al., arXiv:1602.07261), with few blocks."""

    def plain(inputs, outputs, kernel, padding=0, stride=1):
        return convolution(inputs, outputs, kernel, stride, padding=padding)

    long = nn.Sequential(plain(384, 96, 1), plain(96, 112, (1, 7), (0, 3)), plain(112, 128, (7, 1), (3, 0)))
    block = nn.Sequential(Concatenated(plain(384, 96, 1), long), nn.Conv2d(224, 384, 1))
    layers = [plain(3, 32, 3, 0, 2), plain(32, 32, 3), plain(32, 64, 3, 1), Concatenated(nn.MaxPool2d(3, 2), plain(64, 96, 3, 0, 2))]
    layers += [plain(160, 64, 1), plain(64, 64, (7, 1), (3, 0)), plain(64, 64, (1, 7), (0, 3)), plain(64, 96, 3)]
    layers += [Concatenated(plain(96, 192, 3, 0, 2), nn.Sequential(nn.MaxPool2d(3, 2), plain(96, 192, 1)))]
    layers += [nn.MaxPool2d(3, 2), Residual(block, activation=nn.ReLU())]
    return nn.Sequential(*layers, head(384, 1000))
