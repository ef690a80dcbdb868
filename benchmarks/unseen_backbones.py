"""Classifiers whose blocks differ from those of the table: wide kernels, attention of channels, branches, aggregation. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import basic_block, convolution, head, LayerNorm2d, Residual


def replknet():
    """A stage of RepLKNet after its branches were merged (Ding et al., arXiv:2203.06717): depthwise 31 x 31, 27 x 27 and 13 x 13."""

    def block(channels, kernel):
        depthwise = convolution(channels, channels, kernel, groups=channels)
        wide = [convolution(channels, channels, 1), depthwise, convolution(channels, channels, 1, activation=None)]
        dense = [convolution(channels, 4 * channels, 1, activation=nn.GELU), convolution(4 * channels, channels, 1, activation=None)]
        return nn.Sequential(Residual(nn.Sequential(*wide)), Residual(nn.Sequential(*dense)))

    layers, inputs = [convolution(3, 64, 3, 2), convolution(64, 64, 3, groups=64), convolution(64, 64, 3, 2, groups=64)], 64
    for channels, kernel in ((64, 31), (128, 27), (256, 13)):
        layers += [] if channels == inputs else [convolution(inputs, channels, 1), convolution(channels, channels, 3, 2, groups=channels)]
        layers += [block(channels, kernel)]
        inputs = channels
    return nn.Sequential(*layers, head(256, 100))


class GlobalResponse(nn.Module):
    """Woo et al., arXiv:2301.00808, algorithm 1: channels by their norms over the image, against the mean of these. Channels last."""

    def __init__(self, channels):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.randn(channels) / 2), nn.Parameter(torch.randn(channels) / 2)

    def forward(self, x):
        norms = torch.norm(x, p=2, dim=(1, 2), keepdim=True)
        return self.scale * (x * (norms / (norms.mean(dim=-1, keepdim=True) + 1e-6))) + self.shift + x


class ConvNextBlock(nn.Module):
    """The block of ConvNeXt V2, as its authors write it: the dense layers have the channels last."""

    def __init__(self, channels):
        super().__init__()
        self.depthwise, self.norm = nn.Conv2d(channels, channels, 7, padding=3, groups=channels), nn.LayerNorm(channels)
        self.dense = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), GlobalResponse(4 * channels), nn.Linear(4 * channels, channels))

    def forward(self, x):
        return x + self.dense(self.norm(self.depthwise(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)


def convnext_v2():
    """ConvNeXt V2-Atto with fewer blocks (arXiv:2301.00808): widths of 40 to 320."""
    layers, inputs = [nn.Conv2d(3, 40, 4, 4), LayerNorm2d(40)], 40
    for channels, depth in ((40, 2), (80, 2), (160, 4), (320, 2)):
        layers += [] if channels == inputs else [LayerNorm2d(inputs), nn.Conv2d(inputs, channels, 2, 2)]
        layers += [ConvNextBlock(channels) for _ in range(depth)]
        inputs = channels
    return nn.Sequential(*layers, head(320, 1000))


class FocalModulation(nn.Module):
    """Yang et al., arXiv:2203.11926, figure 1: gated means of growing surroundings, which multiply a query."""

    def __init__(self, channels, levels=3):
        super().__init__()
        self.channels, self.levels = channels, levels
        self.first = nn.Conv2d(channels, 2 * channels + levels + 1, 1)
        options = {"norm": False, "activation": nn.GELU, "groups": channels}
        self.focal = nn.ModuleList([convolution(channels, channels, 3 + 2 * i, **options) for i in range(levels)])
        self.modulator, self.last = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        query, context, gates = torch.split(self.first(x), (self.channels, self.channels, self.levels + 1), 1)
        everything = 0
        for level, layer in enumerate(self.focal):
            context = layer(context)
            everything = everything + context * gates[:, level : level + 1]
        everything = everything + functional.gelu(context.mean((2, 3), keepdim=True)) * gates[:, self.levels :]
        return self.last(query * self.modulator(everything))


def focal_net():
    """The first three stages of FocalNet-T with fewer blocks: 96 to 384 channels."""
    layers, inputs = [nn.Conv2d(3, 96, 4, 4), LayerNorm2d(96)], 96
    for channels, depth in ((96, 1), (192, 1), (384, 3)):
        layers += [] if channels == inputs else [nn.Conv2d(inputs, channels, 2, 2)]
        for _ in range(depth):
            dense = [LayerNorm2d(channels), nn.Conv2d(channels, 4 * channels, 1), nn.GELU(), nn.Conv2d(4 * channels, channels, 1)]
            layers += [Residual(nn.Sequential(LayerNorm2d(channels), FocalModulation(channels))), Residual(nn.Sequential(*dense))]
        inputs = channels
    return nn.Sequential(*layers, head(384, 1000))


class Hierarchical(nn.Module):
    """Gao et al., arXiv:1904.01169, figure 2: parts of the channels, each convolved together with what the one before gave."""

    def __init__(self, width, parts=4):
        super().__init__()
        self.parts, self.layers = parts, nn.ModuleList([convolution(width, width) for _ in range(parts - 1)])

    def forward(self, x):
        parts = torch.chunk(x, self.parts, 1)
        results = [self.layers[0](parts[0])]
        for layer, part in zip(self.layers[1:], parts[1:]):
            results.append(layer(results[-1] + part))
        return torch.cat([*results, parts[-1]], 1)


def bottlenecks(make_middle, depths=(2, 2, 3, 2), widths=(104, 208, 416, 832), outputs=(256, 512, 1024, 2048)):
    """A residual network whose blocks have something of their own between two 1 x 1 convolutions; images shrink by average pools."""
    layers, inputs = [convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for depth, width, channels in zip(depths, widths, outputs):
        for block in range(depth):
            middle = [convolution(inputs, width, 1), make_middle(width)]
            pool = [nn.AvgPool2d(2)] if block == 0 and layers[2:] else []
            shortcut = nn.Sequential(*pool, convolution(inputs, channels, 1, activation=None)) if block == 0 else None
            layers.append(Residual(nn.Sequential(*middle, *pool, convolution(width, channels, 1, activation=None)), shortcut, nn.ReLU()))
            inputs = channels
    return nn.Sequential(*layers, head(inputs, 1000))


def res2net():
    """Res2Net-50 of width 26 and four parts, with fewer blocks."""
    return bottlenecks(lambda width: Hierarchical(width // 4))


class SplitAttention(nn.Module):
    """Zhang et al., arXiv:2004.08955, figure 2, of one cardinal group: a softmax over two branches, for each channel."""

    def __init__(self, channels):
        super().__init__()
        self.branches = convolution(channels, 2 * channels, groups=2)
        self.gate = nn.Sequential(convolution(channels, channels // 2, 1), nn.Conv2d(channels // 2, 2 * channels, 1))

    def forward(self, x):
        first, second = self.branches(x).chunk(2, 1)
        gates = self.gate(functional.adaptive_avg_pool2d(first + second, 1))
        gates = torch.softmax(gates.view(x.shape[0], 2, -1, 1, 1), 1)
        return first * gates[:, 0] + second * gates[:, 1]


def resnest():
    """A small ResNeSt: split attention between the 1 x 1 convolutions of a residual network."""
    return bottlenecks(SplitAttention, (1, 2, 2, 1), (64, 128, 256, 512))


class SelectiveKernel(nn.Module):
    """Li et al., arXiv:1903.06586: 3 x 3 and dilated 3 x 3 convolutions of 32 groups, chosen by channel."""

    def __init__(self, channels):
        super().__init__()
        self.small, self.large = convolution(channels, channels, groups=32), convolution(channels, channels, groups=32, dilation=2, padding=2)
        self.squeeze = nn.Sequential(nn.Linear(channels, max(channels // 16, 32)), nn.ReLU())
        self.excite = nn.ModuleList([nn.Linear(max(channels // 16, 32), channels) for _ in range(2)])

    def forward(self, x):
        branches = torch.stack([self.small(x), self.large(x)], 1)
        squeezed = self.squeeze(branches.sum(1).mean((-1, -2)))
        gates = torch.softmax(torch.stack([layer(squeezed) for layer in self.excite], 1), 1)
        return (branches * gates[..., None, None]).sum(1)


def sknet():
    """A small SKNet."""
    return bottlenecks(SelectiveKernel, (1, 1, 2, 1), (128, 256, 512, 1024))


class ChannelAndPlace(nn.Module):
    """CBAM (Woo et al., arXiv:1807.06521): gates of channels from means and largest values, then gates of positions by a 7 x 7 convolution."""

    def __init__(self, channels):
        super().__init__()
        self.dense = nn.Sequential(nn.Conv2d(channels, channels // 16, 1, bias=False), nn.ReLU(), nn.Conv2d(channels // 16, channels, 1, bias=False))
        self.place = convolution(2, 1, 7, activation=None)

    def forward(self, x):
        x = x * torch.sigmoid(self.dense(functional.adaptive_avg_pool2d(x, 1)) + self.dense(functional.adaptive_max_pool2d(x, 1)))
        places = torch.cat([x.max(1, keepdim=True)[0], x.mean(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.place(places))


def cbam_resnet():
    """ResNet-18 with CBAM behind the second convolution of each block."""
    layers, inputs = [convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for block in range(2):
            unit = basic_block(inputs, channels, stride if block == 0 else 1)
            unit.layers.append(ChannelAndPlace(channels))
            layers.append(unit)
            inputs = channels
    return nn.Sequential(*layers, head(512, 1000))


class DualPath(nn.Module):
    """Chen et al., arXiv:1707.01629: some of the channels are added to, others are appended."""

    def __init__(self, inputs, width, sum_channels, more, stride=1, is_first=False):
        super().__init__()
        self.sum_channels, self.is_first = sum_channels, is_first
        self.layers = nn.Sequential(
            *[nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, width, 1, bias=False)],
            *[nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, stride, 1, groups=32, bias=False)],
            *[nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, sum_channels + more, 1, bias=False)],
        )
        self.project = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, sum_channels + 2 * more, 1, stride, bias=False))

    def forward(self, x):
        shortcut, result = self.project(x) if self.is_first else x, self.layers(x)
        total = shortcut[:, : self.sum_channels] + result[:, : self.sum_channels]
        return torch.cat([total, shortcut[:, self.sum_channels :], result[:, self.sum_channels :]], 1)


def dual_path():
    """A small DPN: three stages of two blocks, 32 groups."""
    layers, inputs = [convolution(3, 64, 3, 2), nn.MaxPool2d(3, 2, 1)], 64
    for stage, (width, channels, more) in enumerate(((96, 256, 16), (192, 512, 32), (384, 1024, 24))):
        for block in range(2):
            layers.append(DualPath(inputs, width, channels, more, 2 if block == 0 and stage else 1, block == 0))
            inputs = channels + 3 * more if block == 0 else inputs + more
    return nn.Sequential(*layers, nn.BatchNorm2d(inputs), nn.ReLU(), head(inputs, 1000))


class OneShot(nn.Module):
    """Lee and Park, arXiv:1911.06667: all layers' results are joined once, gated by channel, and added to the input where they fit."""

    def __init__(self, inputs, width, outputs, depth=5):
        super().__init__()
        self.layers = nn.ModuleList([convolution(inputs if i == 0 else width, width) for i in range(depth)])
        self.join, self.gate, self.adds = convolution(inputs + depth * width, outputs, 1), nn.Conv2d(outputs, outputs, 1), inputs == outputs

    def forward(self, x):
        results = [x]
        for layer in self.layers:
            results.append(layer(results[-1]))
        joined = self.join(torch.cat(results, 1))
        joined = joined * functional.hardsigmoid(self.gate(joined.mean((2, 3), keepdim=True)))
        return joined + x if self.adds else joined


def vovnet():
    """VoVNetV2-27 slim: one-shot aggregation of 64 to 112 channels."""
    layers, inputs = [convolution(3, 64, 3, 2), convolution(64, 64), convolution(64, 64, 3, 2)], 64
    for width, outputs in ((64, 128), (80, 256), (96, 384), (112, 512)):
        layers += [OneShot(inputs, width, outputs), nn.MaxPool2d(3, 2, ceil_mode=True)]
        inputs = outputs
    return nn.Sequential(*layers, head(512, 1000))


class Harmonic(nn.Module):
    """Chao et al., arXiv:1909.00948: layer n gets the results of n - 1, n - 2, n - 4, ... as far as these divide n."""

    def __init__(self, inputs, growth, depth, factor=1.7):
        super().__init__()
        self.links, widths, self.layers = [], [inputs], nn.ModuleList()
        for layer in range(1, depth + 1):
            powers = [power for power in range(10) if layer % 2**power == 0]
            self.links.append([layer - 2**power for power in powers])
            widths.append(int(growth * factor ** (len(powers) - 1) + 1) // 2 * 2)
            self.layers.append(convolution(sum(widths[i] for i in self.links[-1]), widths[-1], activation=nn.ReLU6))
        self.kept = [i for i in range(1, depth + 1) if i % 2 == 1 or i == depth]
        self.outputs = sum(widths[i] for i in self.kept)

    def forward(self, x):
        results = [x]
        for links, layer in zip(self.links, self.layers):
            results.append(layer(torch.cat([results[i] for i in links], 1) if len(links) > 1 else results[links[0]]))
        return torch.cat([results[i] for i in self.kept], 1)


def hardnet():
    """A small HarDNet: widths like 14, 24 and 40 that no vector divides."""
    layers, inputs = [convolution(3, 32, 3, 2), convolution(32, 64), nn.MaxPool2d(3, 2, 1)], 64
    for growth, depth, outputs in ((14, 8, 128), (16, 8, 256), (20, 8, 320)):
        block = Harmonic(inputs, growth, depth)
        layers += [block, convolution(block.outputs, outputs, 1, activation=nn.ReLU6), nn.MaxPool2d(2)]
        inputs = outputs
    return nn.Sequential(*layers, head(320, 1000))
