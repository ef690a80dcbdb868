"""Networks that say what is in an image, and where: classifiers, detectors, poses. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import basic_block, Concatenated, convolution, Residual


class YoloTiny(nn.Module):
    """YOLOv3-tiny (Redmon and Farhadi, arXiv:1804.02767): both heads' boxes one after the other."""

    def __init__(self):
        super().__init__()

        def layer(inputs, outputs, kernel=3):
            return convolution(inputs, outputs, kernel, activation=lambda: nn.LeakyReLU(0.1))

        pool = nn.MaxPool2d(2)
        self.fine = nn.Sequential(layer(3, 16), pool, layer(16, 32), pool, layer(32, 64), pool, layer(64, 128), pool, layer(128, 256))
        same = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, 1))
        self.coarse = nn.Sequential(pool, layer(256, 512), same, layer(512, 1024), layer(1024, 256, 1))
        self.first = nn.Sequential(layer(256, 512), nn.Conv2d(512, 255, 1))
        self.enlarge = nn.Sequential(layer(256, 128, 1), nn.Upsample(scale_factor=2))
        self.second = nn.Sequential(layer(384, 256), nn.Conv2d(256, 255, 1))

    def forward(self, x):
        fine = self.fine(x)
        coarse = self.coarse(fine)
        second = self.second(torch.cat([self.enlarge(coarse), fine], 1))
        return torch.cat([self.first(coarse).flatten(2), second.flatten(2)], 2)


class CrossStage(nn.Module):
    """Half of the channels go through blocks, and all that they give is joined (C2f of YOLOv8)."""

    def __init__(self, inputs, outputs, depth, adds=True):
        super().__init__()
        half = outputs // 2
        self.first = convolution(inputs, outputs, 1, activation=nn.SiLU)
        blocks = [nn.Sequential(*[convolution(half, half, activation=nn.SiLU) for _ in range(2)]) for _ in range(depth)]
        self.blocks = nn.ModuleList([Residual(block) if adds else block for block in blocks])
        self.last = convolution(half * (2 + depth), outputs, 1, activation=nn.SiLU)

    def forward(self, x):
        parts = list(self.first(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.last(torch.cat(parts, 1))


class Yolo(nn.Module):
    """The backbone, neck and heads of YOLOv8's smallest network (Jocher et al., 2023), without the decoding of boxes."""

    def __init__(self):
        super().__init__()

        def layer(inputs, outputs, kernel=3, stride=1):
            return convolution(inputs, outputs, kernel, stride, nn.SiLU)

        self.third = nn.Sequential(
            layer(3, 16, 3, 2), layer(16, 32, 3, 2), CrossStage(32, 32, 1), layer(32, 64, 3, 2), CrossStage(64, 64, 2)
        )
        self.fourth = nn.Sequential(layer(64, 128, 3, 2), CrossStage(128, 128, 2))
        self.fifth = nn.Sequential(layer(128, 256, 3, 2), CrossStage(256, 256, 1), layer(256, 128, 1))
        self.pool, self.pooled = nn.MaxPool2d(5, 1, 2), layer(512, 256, 1)
        self.enlarge = nn.Upsample(scale_factor=2)
        self.up_fourth, self.up_third = CrossStage(384, 128, 1, False), CrossStage(192, 64, 1, False)
        self.down_third, self.down_fourth = layer(64, 64, 3, 2), layer(128, 128, 3, 2)
        self.out_fourth, self.out_fifth = CrossStage(192, 128, 1, False), CrossStage(384, 256, 1, False)
        self.heads = nn.ModuleList(
            [
                Concatenated(
                    nn.Sequential(layer(width, 64), layer(64, 64), nn.Conv2d(64, 64, 1)),
                    nn.Sequential(layer(width, 80), layer(80, 80), nn.Conv2d(80, 80, 1)),
                )
                for width in (64, 128, 256)
            ]
        )

    def forward(self, x):
        third = self.third(x)
        fourth = self.fourth(third)
        pools = [self.fifth(fourth)]
        for _ in range(3):
            pools.append(self.pool(pools[-1]))
        fifth = self.pooled(torch.cat(pools, 1))
        fourth = self.up_fourth(torch.cat([self.enlarge(fifth), fourth], 1))
        third = self.up_third(torch.cat([self.enlarge(fourth), third], 1))
        fourth = self.out_fourth(torch.cat([self.down_third(third), fourth], 1))
        fifth = self.out_fifth(torch.cat([self.down_fourth(fourth), fifth], 1))
        return torch.cat([head(x).flatten(2) for head, x in zip(self.heads, (third, fourth, fifth))], 2)


class Resolutions(nn.Module):
    """A stage of an HRNet: blocks in each resolution, then each gets a sum of all."""

    def __init__(self, widths):
        super().__init__()
        self.branches = nn.ModuleList([nn.Sequential(*[basic_block(width, width) for _ in range(2)]) for width in widths])
        self.exchange = nn.ModuleList([nn.ModuleList([self.path(widths, i, j) for j in range(len(widths))]) for i in range(len(widths))])

    @staticmethod
    def path(widths, to, origin):
        if to == origin:
            return nn.Identity()
        if to < origin:
            scale = 2 ** (origin - to)
            return nn.Sequential(convolution(widths[origin], widths[to], 1, activation=None), nn.Upsample(scale_factor=scale))
        steps = [convolution(widths[origin], widths[origin], 3, 2) for _ in range(to - origin - 1)]
        return nn.Sequential(*steps, convolution(widths[origin], widths[to], 3, 2, activation=None))

    def forward(self, xs):
        xs = [branch(x) for branch, x in zip(self.branches, xs)]
        return [functional.relu(sum(path(x) for path, x in zip(paths, xs))) for paths in self.exchange]


class Hrnet(nn.Module):
    """HRNet-W18 for poses (Wang et al., arXiv:1908.07919) with one module in each stage: widths of 18 to 144 channels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(convolution(3, 64, 3, 2), convolution(64, 64, 3, 2), basic_block(64, 64))
        self.starts = nn.ModuleList([convolution(64, 18), convolution(64, 36, 3, 2)])
        self.next = nn.ModuleList([convolution(36, 72, 3, 2), convolution(72, 144, 3, 2)])
        self.stages = nn.ModuleList([Resolutions([18, 36]), Resolutions([18, 36, 72]), Resolutions([18, 36, 72, 144])])
        self.head = nn.Conv2d(18, 17, 1)

    def forward(self, x):
        x = self.stem(x)
        xs = self.stages[0]([start(x) for start in self.starts])
        for stage, new in zip(self.stages[1:], self.next):
            xs = stage([*xs, new(xs[-1])])
        return self.head(xs[0])


def cifar_resnet():
    """ResNet-20 of arXiv:1512.03385, section 4.2."""
    layers, channels = [convolution(3, 16)], 16
    for width in (16, 32, 64):
        layers += [basic_block(channels, width, width // channels), basic_block(width, width), basic_block(width, width)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def ghostnet():
    """Ghost modules (Han et al., arXiv:1911.11907): half of the channels by a convolution, half from those by a depthwise one."""

    def ghost(inputs, outputs, activation=nn.ReLU):
        half = outputs // 2
        cheap = convolution(half, half, 3, activation=activation, groups=half)
        return nn.Sequential(convolution(inputs, half, 1, activation=activation), Concatenated(nn.Identity(), cheap))

    def block(inputs, middle, outputs, stride):
        down = [convolution(middle, middle, 3, 2, activation=None, groups=middle)] if stride == 2 else []
        layers = nn.Sequential(ghost(inputs, middle), *down, ghost(middle, outputs, None))
        if stride == 1 and inputs == outputs:
            return Residual(layers)
        return Residual(
            layers, nn.Sequential(convolution(inputs, inputs, 3, stride, None, groups=inputs), convolution(inputs, outputs, 1, activation=None))
        )

    layers, channels = [convolution(3, 16, 3, 2)], 16
    plan = ((16, 16, 1), (48, 24, 2), (72, 24, 1), (72, 40, 2), (120, 40, 1), (240, 80, 2), (200, 80, 1), (184, 80, 1), (480, 112, 1), (672, 160, 2), (960, 160, 1))
    for middle, width, stride in plan:
        layers.append(block(channels, middle, width, stride))
        channels = width
    head = [convolution(160, 960, 1), nn.AdaptiveAvgPool2d(1), nn.Conv2d(960, 1280, 1), nn.ReLU(), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers, *head)


def convmixer():
    """ConvMixer-512/8 (Trockman and Kolter, arXiv:2201.09792) with patches of 7: depthwise 9 x 9 and GELU before the batch norms."""

    def layer(*arguments, **options):
        return nn.Sequential(nn.Conv2d(*arguments, **options), nn.GELU(), nn.BatchNorm2d(512))

    blocks = [nn.Sequential(Residual(layer(512, 512, 9, groups=512, padding=4)), layer(512, 512, 1)) for _ in range(8)]
    return nn.Sequential(layer(3, 512, 7, 7), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class MoreChannels(nn.Module):
    """A depthwise 5 x 5 and a 1 x 1 convolution; the shortcut gets its further channels by zeros."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.layers = nn.Sequential(convolution(inputs, inputs, 5, stride, None, groups=inputs, norm=False), nn.Conv2d(inputs, outputs, 1))
        self.more, self.stride = outputs - inputs, stride

    def forward(self, x):
        shortcut = functional.max_pool2d(x, 2) if self.stride == 2 else x
        return functional.relu(self.layers(x) + functional.pad(shortcut, (0, 0, 0, 0, 0, self.more)))


def blaze_face():
    """Bazarevsky et al., arXiv:1907.05047: depthwise 5 x 5, widths of 24 to 96, residuals that get more channels by zeros."""

    plan = ((24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1), (96, 2), (96, 1), (96, 1))
    layers, channels = [convolution(3, 24, 5, 2, norm=False)], 24
    for width, stride in plan:
        layers.append(MoreChannels(channels, width, stride))
        channels = width
    return nn.Sequential(*layers, nn.Conv2d(96, 6 * 17, 1))


class Mixed(nn.Module):
    """The layer of an MLP-Mixer: two dense layers over the tokens, then two over the channels."""

    def __init__(self, tokens, channels):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(channels), nn.LayerNorm(channels)])
        self.tokens = nn.Sequential(nn.Linear(tokens, channels // 2), nn.GELU(), nn.Linear(channels // 2, tokens))
        self.channels = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))

    def forward(self, x):
        x = x + self.tokens(self.norms[0](x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norms[1](x))


class Tokens(nn.Module):
    """The positions of an image one after the other, each with its channels."""

    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


def mlp_mixer():
    """Mixer-S/16 (Tolstikhin et al., arXiv:2105.01601) without its head."""
    return nn.Sequential(nn.Conv2d(3, 512, 16, 16), Tokens(), *[Mixed(196, 512) for _ in range(8)], nn.LayerNorm(512))


def xception():
    """The entry and a part of the middle of Chollet, arXiv:1610.02357."""

    def separable(inputs, outputs):
        return [nn.ReLU(), nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]

    def down(inputs, outputs):
        layers = nn.Sequential(*separable(inputs, outputs), *separable(outputs, outputs), nn.MaxPool2d(3, 2, 1))
        return Residual(layers, convolution(inputs, outputs, 1, 2, None))

    middle = [Residual(nn.Sequential(*[layer for _ in range(3) for layer in separable(728, 728)])) for _ in range(3)]
    return nn.Sequential(convolution(3, 32, 3, 2), convolution(32, 64), down(64, 128), down(128, 256), down(256, 728), *middle)


class Shuffled(nn.Module):
    """The channels of groups in turns."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        n, c, h, w = x.shape
        return x.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleUnit(nn.Module):
    """arXiv:1707.01083, figures 2b and 2c."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        middle, self.stride = outputs // 4, stride
        groups = 1 if inputs == 24 else 3
        last = outputs - inputs if stride == 2 else outputs
        layers = [convolution(inputs, middle, 1, groups=groups), Shuffled(3), convolution(middle, middle, 3, stride, None, groups=middle)]
        self.layers = nn.Sequential(*layers, convolution(middle, last, 1, activation=None, groups=3))

    def forward(self, x):
        if self.stride == 2:
            return functional.relu(torch.cat([functional.avg_pool2d(x, 3, 2, 1), self.layers(x)], 1))
        return functional.relu(x + self.layers(x))


def shufflenet_v1():
    """ShuffleNet 1x with three groups (Zhang et al., arXiv:1707.01083): grouped 1 x 1 convolutions of 20 to 80 channels a group."""

    layers, channels = [convolution(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)], 24
    for width, depth in ((240, 4), (480, 8), (960, 4)):
        layers += [ShuffleUnit(channels if i == 0 else width, width, 2 if i == 0 else 1) for i in range(depth)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(960, 1000))


class PoolMixed(nn.Module):
    """Yu et al., arXiv:2111.11418: what surrounds a position is its mean's difference from it."""

    def __init__(self, channels):
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(1, channels), nn.GroupNorm(1, channels)])
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.layers = nn.Sequential(nn.Conv2d(channels, 4 * channels, 1), nn.GELU(), nn.Conv2d(4 * channels, channels, 1))

    def forward(self, x):
        y = self.norms[0](x)
        x = x + self.pool(y) - y
        return x + self.layers(self.norms[1](x))


def pool_former():
    """PoolFormer-S12 (arXiv:2111.11418)."""
    layers, channels = [], 3
    for width, depth, kernel, stride in ((64, 2, 7, 4), (128, 2, 3, 2), (320, 6, 3, 2), (512, 2, 3, 2)):
        layers += [nn.Conv2d(channels, width, kernel, stride, kernel // 3), *[PoolMixed(width) for _ in range(depth)]]
        channels = width
    return nn.Sequential(*layers, nn.GroupNorm(1, 512), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))
