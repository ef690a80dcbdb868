"""Networks of videos and voxels. See unseen_networks.py."""

import torch
from torch import nn

from unseen_blocks import basic_block, Concatenated, convolution, Residual


def head3d(channels, classes):
    """The mean over all places, and a dense layer."""
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(channels, classes))


def layer3d(inputs, outputs, kernel=3, stride=1, padding=None, activation=nn.ReLU, **options):
    """A convolution of three dimensions that keeps the video."""
    kernel = (kernel,) * 3 if isinstance(kernel, int) else kernel
    padding = tuple(size // 2 for size in kernel) if padding is None else padding
    return convolution(inputs, outputs, kernel, stride, activation, 3, padding=padding, **options)


def c3d():
    """Tran et al., arXiv:1412.0767, with half of its channels and no dense layers of 4096: 16 images of 56 x 56."""
    layers, inputs = [], 3
    for channels, depth, pool in ((32, 1, (1, 2, 2)), (64, 1, 2), (128, 2, 2), (256, 2, 2)):
        for _ in range(depth):
            layers.append(layer3d(inputs, channels, norm=False))
            inputs = channels
        layers.append(nn.MaxPool3d(pool))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * 2 * 3 * 3, 101))


def i3d():
    """Inflated Inception modules (Carreira and Zisserman, arXiv:1705.07750), two of them: 8 images of 112 x 112."""

    def module(inputs, first, second, third, last):
        return Concatenated(
            layer3d(inputs, first, 1),
            nn.Sequential(layer3d(inputs, second[0], 1), layer3d(*second)),
            nn.Sequential(layer3d(inputs, third[0], 1), layer3d(*third)),
            nn.Sequential(nn.MaxPool3d(3, 1, 1), layer3d(inputs, last, 1)),
        )

    pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
    layers = [layer3d(3, 64, 7, 2), pool, layer3d(64, 64, 1), layer3d(64, 96), pool]
    layers += [module(96, 64, (96, 128), (16, 32), 32), module(256, 128, (128, 192), (32, 96), 64), nn.MaxPool3d(2)]
    return nn.Sequential(*layers, head3d(480, 400))


class Squeeze3d(nn.Module):
    """Gates of channels from their means over the video."""

    def __init__(self, channels, width):
        super().__init__()
        self.gate = nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Conv3d(channels, width, 1), nn.ReLU(), nn.Conv3d(width, channels, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


def x3d():
    """X3D-XS with fewer blocks (Feichtenhofer, arXiv:2004.04730): depthwise 3 x 3 x 3, gates of channels; 4 images of 160 x 160."""
    layers, inputs = [nn.Conv3d(3, 24, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False), layer3d(24, 24, (5, 1, 1), groups=24)], 24
    for channels, depth in ((24, 2), (48, 3), (96, 3), (192, 2)):
        for block in range(depth):
            width, stride = channels * 9 // 4, (1, 2, 2) if block == 0 else 1
            middle = layer3d(width, width, 3, stride, activation=None, groups=width)
            gate = [Squeeze3d(width, 16)] if block % 2 == 0 else []
            shortcut = layer3d(inputs, channels, 1, stride, activation=None) if block == 0 else None
            inner = [layer3d(inputs, width, 1), middle, *gate, nn.SiLU(), layer3d(width, channels, 1, activation=None)]
            layers.append(Residual(nn.Sequential(*inner), shortcut, nn.ReLU()))
            inputs = channels
    return nn.Sequential(*layers, layer3d(192, 432, 1), nn.AdaptiveAvgPool3d(1), nn.Conv3d(432, 512, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 400))


def video_bottleneck(inputs, width, outputs, time, stride):
    """A bottleneck whose first convolution may have three images of time."""
    layers = [layer3d(inputs, width, (time, 1, 1)), layer3d(width, width, (1, 3, 3), (1, stride, stride)), layer3d(width, outputs, 1, activation=None)]
    shortcut = layer3d(inputs, outputs, 1, (1, stride, stride), activation=None) if inputs != outputs else None
    return Residual(nn.Sequential(*layers), shortcut, nn.ReLU())


class SlowFast(nn.Module):
    """Feichtenhofer et al., arXiv:1812.03982: few images with many channels, many images with few, joined by convolutions over time; 16 of 112 x 112."""

    def __init__(self):
        super().__init__()

        def stem(channels, time):
            return nn.Sequential(layer3d(3, channels, (time, 7, 7), (1, 2, 2)), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)))

        self.slow_stem, self.fast_stem = stem(64, 1), stem(8, 5)
        self.slow, self.fast, self.join = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        slow, fast = 64, 8
        for i, width in enumerate((64, 128, 256)):
            self.join.append(nn.Conv3d(fast, 2 * fast, (5, 1, 1), (4, 1, 1), (2, 0, 0), bias=False))
            self.slow.append(video_bottleneck(slow + 2 * fast, width, 4 * width, 3 if i == 2 else 1, 1 if i == 0 else 2))
            self.fast.append(video_bottleneck(fast, width // 8, width // 2, 3, 1 if i == 0 else 2))
            slow, fast = 4 * width, width // 2
        self.last = nn.Linear(slow + fast, 400)

    def forward(self, x):
        slow, fast = self.slow_stem(x[:, :, ::4]), self.fast_stem(x)
        for join, slow_block, fast_block in zip(self.join, self.slow, self.fast):
            slow = slow_block(torch.cat([slow, join(fast)], 1))
            fast = fast_block(fast)
        return self.last(torch.cat([slow.mean((2, 3, 4)), fast.mean((2, 3, 4))], 1))


class VNet(nn.Module):
    """Milletari et al., arXiv:1606.04797, of three levels: 5 x 5 x 5 convolutions, PReLU, strided and transposed 2 x 2 x 2; 16 x 48 x 48 voxels."""

    def __init__(self):
        super().__init__()

        def level(inputs, channels, depth):
            layers = [convolution(inputs if i == 0 else channels, channels, 5, activation=lambda: nn.PReLU(channels), dimensions=3) for i in range(depth)]
            return nn.Sequential(*layers)

        self.down = nn.ModuleList([level(1, 8, 1), level(16, 16, 2), level(32, 32, 2)])
        self.shrink = nn.ModuleList([nn.Sequential(nn.Conv3d(width, 2 * width, 2, 2), nn.PReLU(2 * width)) for width in (8, 16)])
        self.enlarge = nn.ModuleList([nn.Sequential(nn.ConvTranspose3d(2 * width, width, 2, 2), nn.PReLU(width)) for width in (16, 8)])
        self.up = nn.ModuleList([level(2 * width, width, 1) for width in (16, 8)])
        self.last = nn.Conv3d(8, 2, 1)

    def forward(self, x):
        skips = []
        for i, level in enumerate(self.down):
            x = self.shrink[i - 1](x) if i else x
            x = x + level(x)
            skips.append(x)
        for skip, enlarge, level in zip(skips[1::-1], self.enlarge, self.up):
            x = enlarge(x)
            x = x + level(torch.cat([x, skip], 1))
        return torch.softmax(self.last(x), 1)


class ConvolutionalLstm(nn.Module):
    """Shi et al., arXiv:1506.04214: an LSTM whose products are 3 x 3 convolutions, over six images of 48 x 48."""

    def __init__(self):
        super().__init__()
        self.first, self.gates, self.last = convolution(1, 16, 3, 2, norm=False), nn.Conv2d(16 + 32, 4 * 32, 3, padding=1), nn.Conv2d(32, 1, 1)

    def forward(self, x):
        batch, images = x.shape[:2]
        state = cell = torch.zeros(batch, 32, x.shape[3] // 2, x.shape[4] // 2)
        for i in range(images):
            gates = self.gates(torch.cat([self.first(x[:, i]), state], 1))
            enter, forget, leave, new = torch.split(gates, 32, 1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            state = torch.sigmoid(leave) * torch.tanh(cell)
        return self.last(state)


class TemporalShift(nn.Module):
    """Lin et al., arXiv:1811.08383: an eighth of the channels comes from the image before, an eighth from the one after."""

    def forward(self, x):
        part = x.shape[1] // 8
        before = torch.cat([torch.zeros_like(x[:1, :part]), x[:-1, :part]])
        after = torch.cat([x[1:, part : 2 * part], torch.zeros_like(x[:1, :part])])
        return torch.cat([before, after, x[:, 2 * part :]], 1)


def shifted_resnet():
    """A residual network with temporal shifts: 8 images of 112 x 112 are the batch."""
    layers, inputs = [convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for channels, stride in ((64, 1), (128, 2), (256, 2)):
        block = basic_block(inputs, channels, stride)
        layers += [Residual(nn.Sequential(TemporalShift(), block.layers), block.shortcut, nn.ReLU())]
        inputs = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 174))
