"""Networks of sounds, other signals, texts in images, points and voxels. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import convolution, Residual


def keyword_spotting():
    """DS-CNN, small (Zhang et al., arXiv:1711.07128): one second of speech, 49 x 10 coefficients."""
    layers = [nn.Sequential(nn.Conv2d(1, 64, (10, 4), (2, 2), (5, 1)), nn.BatchNorm2d(64), nn.ReLU())]
    for _ in range(4):
        layers += [convolution(64, 64, 3, groups=64), convolution(64, 64, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 12))


def eegnet():
    """Lawhern et al., arXiv:1611.08024: 64 electrodes, four seconds."""
    return nn.Sequential(
        nn.Conv2d(1, 8, (1, 64), padding="same", bias=False),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 16, (64, 1), groups=8, bias=False),
        nn.BatchNorm2d(16),
        nn.ELU(),
        nn.AvgPool2d((1, 4)),
        nn.Conv2d(16, 16, (1, 16), padding="same", groups=16, bias=False),
        nn.Conv2d(16, 16, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ELU(),
        nn.AvgPool2d((1, 8)),
        nn.Flatten(),
        nn.Linear(16 * 16, 4),
    )


class Crnn(nn.Module):
    """Shi et al., arXiv:1507.05717: text in an image of 32 x 160, by convolutions and two bidirectional LSTMs."""

    def __init__(self):
        super().__init__()
        tall = [nn.MaxPool2d((2, 2), (2, 1), (0, 1))]
        layers = [convolution(1, 64, norm=False), nn.MaxPool2d(2), convolution(64, 128, norm=False), nn.MaxPool2d(2), convolution(128, 256)]
        layers += [convolution(256, 256, norm=False), *tall, convolution(256, 512), convolution(512, 512, norm=False), *tall, convolution(512, 512, 2, padding=0)]
        self.layers = nn.Sequential(*layers)
        self.recurrent, self.head = nn.LSTM(512, 256, 2, bidirectional=True), nn.Linear(512, 37)

    def forward(self, x):
        return self.head(self.recurrent(self.layers(x).squeeze(2).permute(2, 0, 1))[0])


class ConvTasNet(nn.Module):
    """Luo and Mesgarani, arXiv:1809.07454: two speakers from one second at 8 kHz, two repetitions of eight blocks."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Conv1d(1, 512, 16, 8, bias=False), nn.ConvTranspose1d(512, 1, 16, 8, bias=False)
        blocks = []
        for _ in range(2):
            for power in range(8):
                depthwise = nn.Conv1d(512, 512, 3, padding=2**power, dilation=2**power, groups=512)
                layers = [nn.Conv1d(128, 512, 1), nn.PReLU(), nn.GroupNorm(1, 512), depthwise, nn.PReLU(), nn.GroupNorm(1, 512), nn.Conv1d(512, 128, 1)]
                blocks.append(Residual(nn.Sequential(*layers)))
        self.masks = nn.Sequential(nn.GroupNorm(1, 512), nn.Conv1d(512, 128, 1), *blocks, nn.PReLU(), nn.Conv1d(128, 1024, 1), nn.Sigmoid())

    def forward(self, x):
        x = functional.relu(self.encoder(x))
        return torch.cat([self.decoder(x * mask) for mask in self.masks(x).chunk(2, 1)], 1)


def temporal_network():
    """Bai et al., arXiv:1803.01271: causal convolutions of dilations 1 to 64, 32 channels, 1024 steps."""

    def causal(inputs, outputs, dilation):
        return [nn.ConstantPad1d((2 * dilation, 0), 0), nn.Conv1d(inputs, outputs, 3, dilation=dilation), nn.ReLU()]

    blocks, channels = [], 4
    for power in range(7):
        layers = nn.Sequential(*causal(channels, 32, 2**power), *causal(32, 32, 2**power))
        blocks.append(Residual(layers, nn.Conv1d(channels, 32, 1) if channels != 32 else None, nn.ReLU()))
        channels = 32
    return nn.Sequential(*blocks, nn.Conv1d(32, 4, 1))


def ecg_resnet():
    """A residual network of kernels of 17 over twelve leads of 4096 samples (Ribeiro et al., Nature Communications 11, 1760, 2020)."""

    def block(inputs, outputs):
        layers = nn.Sequential(convolution(inputs, outputs, 17, dimensions=1), convolution(outputs, outputs, 17, 4, None, 1))
        return Residual(layers, nn.Sequential(nn.MaxPool1d(4), nn.Conv1d(inputs, outputs, 1)), nn.ReLU())

    blocks = [block(*widths) for widths in ((64, 128), (128, 196), (196, 256), (256, 320))]
    return nn.Sequential(convolution(12, 64, 17, dimensions=1), *blocks, nn.Flatten(), nn.Linear(320 * 16, 6))


def point_net():
    """The classifier of Qi et al., arXiv:1612.00593, without its transforms: 1024 points."""
    layers = [convolution(*widths, 1, dimensions=1) for widths in ((3, 64), (64, 64), (64, 64), (64, 128), (128, 1024))]
    return nn.Sequential(*layers, nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 40))


class Unet3d(nn.Module):
    """Cicek et al., arXiv:1606.06650, with 16 channels at first, group norms and 32 x 64 x 64 voxels."""

    def __init__(self):
        super().__init__()

        def pair(inputs, outputs):
            layers = []
            for channels in (inputs, outputs):
                layers += [nn.Conv3d(channels, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()]
            return nn.Sequential(*layers)

        widths = (16, 32, 64, 128)
        self.down = nn.ModuleList([pair(inputs, outputs) for inputs, outputs in zip((1, *widths), widths)])
        self.enlarge = nn.ModuleList([nn.ConvTranspose3d(2 * width, width, 2, 2) for width in widths[2::-1]])
        self.up = nn.ModuleList([pair(2 * width, width) for width in widths[2::-1]])
        self.pool, self.head = nn.MaxPool3d(2), nn.Conv3d(16, 3, 1)

    def forward(self, x):
        skips = []
        for level in self.down:
            x = level(self.pool(x) if skips else x)
            skips.append(x)
        for skip, enlarge, level in zip(skips[2::-1], self.enlarge, self.up):
            x = level(torch.cat([skip, enlarge(x)], 1))
        return self.head(x)


class VocoderBlock(nn.Module):
    """Kernels of three lengths and dilations side by side, whose results are averaged."""

    def __init__(self, channels):
        super().__init__()
        self.branches = nn.ModuleList()
        for kernel in (3, 7, 11):
            layers = []
            for dilation in (1, 3, 5):
                first = nn.Conv1d(channels, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation)
                second = nn.Conv1d(channels, channels, kernel, padding=kernel // 2)
                layers.append(Residual(nn.Sequential(nn.LeakyReLU(0.1), first, nn.LeakyReLU(0.1), second)))
            self.branches.append(nn.Sequential(*layers))

    def forward(self, x):
        return sum(branch(x) for branch in self.branches) / len(self.branches)


def hifi_gan():
    """The smallest generator of Kong et al., arXiv:2010.05646 (V2): 32 frames of 80 mel coefficients."""
    layers, channels = [nn.Conv1d(80, 128, 7, padding=3)], 128
    for kernel, stride in ((16, 8), (16, 8), (4, 2), (4, 2)):
        up = nn.ConvTranspose1d(channels, channels // 2, kernel, stride, (kernel - stride) // 2)
        layers += [nn.LeakyReLU(0.1), up, VocoderBlock(channels // 2)]
        channels //= 2
    return nn.Sequential(*layers, nn.LeakyReLU(0.01), nn.Conv1d(channels, 1, 7, padding=3), nn.Tanh())


def wav2vec():
    """The features of Baevski et al., arXiv:2006.11477, section 2: 512 channels, half a second at 16 kHz."""
    layers, channels = [], 1
    for kernel, stride in ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)):
        layers += [nn.Conv1d(channels, 512, kernel, stride, bias=False), *([nn.GroupNorm(512, 512)] if channels == 1 else []), nn.GELU()]
        channels = 512
    return nn.Sequential(*layers)


def quartznet():
    """QuartzNet 5 x 5 (Kriman et al., arXiv:1910.10261) with half of its blocks: depthwise kernels of 33 to 87, 500 frames."""

    def separable(inputs, outputs, kernel, stride=1, dilation=1, activation=nn.ReLU):
        depthwise = nn.Conv1d(inputs, inputs, kernel, stride, dilation * (kernel // 2), dilation, inputs, bias=False)
        return nn.Sequential(depthwise, convolution(inputs, outputs, 1, activation=activation, dimensions=1))

    def block(inputs, outputs, kernel):
        layers = [separable(inputs if i == 0 else outputs, outputs, kernel, activation=nn.ReLU if i < 4 else None) for i in range(5)]
        return Residual(nn.Sequential(*layers), convolution(inputs, outputs, 1, activation=None, dimensions=1), nn.ReLU())

    layers = [separable(64, 256, 33, 2), block(256, 256, 33), block(256, 256, 39), block(256, 512, 51)]
    return nn.Sequential(*layers, separable(512, 512, 87, 1, 2), convolution(512, 1024, 1, dimensions=1), nn.Conv1d(1024, 29, 1))


class Gated(nn.Module):
    """Half of the channels times the sigmoid of the others."""

    def forward(self, x):
        return functional.glu(x, 1)


class Demucs(nn.Module):
    """Defossez et al., arXiv:1911.13254, without its LSTM, and with half of its channels: stereo, 11264 samples."""

    def __init__(self):
        super().__init__()
        widths = (2, 32, 64, 128, 256)
        self.down = nn.ModuleList(
            [nn.Sequential(nn.Conv1d(a, b, 8, 4, 2), nn.ReLU(), nn.Conv1d(b, 2 * b, 1), Gated()) for a, b in zip(widths, widths[1:])]
        )
        self.up = nn.ModuleList(
            [
                nn.Sequential(nn.Conv1d(b, 2 * b, 3, padding=1), Gated(), nn.ConvTranspose1d(b, a, 8, 4, 2), *([nn.ReLU()] if a > 2 else []))
                for a, b in zip(widths[-2::-1], widths[:0:-1])
            ]
        )

    def forward(self, x):
        skips = []
        for level in self.down:
            x = level(x)
            skips.append(x)
        for level in self.up:
            x = level(x + skips.pop())
        return x


class ActivityGru(nn.Module):
    """Two convolutions and a GRU over 128 samples of nine sensors."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(convolution(9, 64, 5, dimensions=1), convolution(64, 64, 5, dimensions=1), nn.MaxPool1d(2))
        self.recurrent, self.head = nn.GRU(64, 128, batch_first=True), nn.Linear(128, 6)

    def forward(self, x):
        return self.head(self.recurrent(self.layers(x).transpose(1, 2))[0][:, -1])
