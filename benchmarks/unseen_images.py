"""Networks that make images of images: of more positions, another style, without noise, in classes. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import Concatenated, convolution, Residual


def espcn():
    """Shi et al., arXiv:1609.05158: super-resolution by 3, of one channel."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, padding=2), nn.Tanh(), nn.Conv2d(64, 32, 3, padding=1), nn.Tanh(), nn.Conv2d(32, 9, 3, padding=1), nn.PixelShuffle(3)
    )


def edsr():
    """Lim et al., arXiv:1707.02921, the baseline: 16 blocks of 64 channels without batch norm, by 2."""
    blocks = [Residual(nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1))) for _ in range(16)]
    body = Residual(nn.Sequential(*blocks, nn.Conv2d(64, 64, 3, padding=1)))
    return nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), body, nn.Conv2d(64, 256, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(64, 3, 3, padding=1))


class DenseResidual(nn.Module):
    """Wang et al., arXiv:1809.00219: five convolutions, each of all that was before."""

    def __init__(self, channels=64, growth=32):
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Conv2d(channels + growth * i, growth if i < 4 else channels, 3, padding=1) for i in range(5)]
        )

    def forward(self, x):
        features = [x]
        for layer in self.layers[:4]:
            features.append(functional.leaky_relu(layer(torch.cat(features, 1)), 0.2))
        return x + 0.2 * self.layers[4](torch.cat(features, 1))


def esrgan():
    """The generator of arXiv:1809.00219 with six dense blocks of its 69, by 4."""
    up = []
    for _ in range(2):
        up += [nn.Upsample(scale_factor=2), nn.Conv2d(64, 64, 3, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), *[DenseResidual() for _ in range(6)], *up, nn.Conv2d(64, 3, 3, padding=1))


def dncnn():
    """Zhang et al., arXiv:1608.03981: 17 layers of 64 channels."""
    return nn.Sequential(convolution(1, 64, norm=False), *[convolution(64, 64) for _ in range(15)], nn.Conv2d(64, 1, 3, padding=1))


def style_transfer():
    """Johnson et al., arXiv:1603.08155, with instance norms, reflected borders, and enlarged images instead of transposed convolutions."""

    def layer(inputs, outputs, kernel=3, stride=1, activation=nn.ReLU):
        layers = [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride), nn.InstanceNorm2d(outputs, affine=True)]
        return nn.Sequential(*layers, *([activation()] if activation else []))

    blocks = [Residual(nn.Sequential(layer(128, 128), layer(128, 128, activation=None))) for _ in range(5)]
    up = nn.Upsample(scale_factor=2)
    head = [nn.ReflectionPad2d(4), nn.Conv2d(32, 3, 9)]
    return nn.Sequential(layer(3, 32, 9), layer(32, 64, 3, 2), layer(64, 128, 3, 2), *blocks, up, layer(128, 64), up, layer(64, 32), *head)


def cyclegan():
    """Zhu et al., arXiv:1703.10593: nine blocks, transposed convolutions."""

    def norm(channels):
        return nn.InstanceNorm2d(channels)

    def block():
        half = [nn.ReflectionPad2d(1), nn.Conv2d(256, 256, 3), norm(256)]
        return Residual(nn.Sequential(*half, nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(256, 256, 3), norm(256)))

    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, 64, 7), norm(64), nn.ReLU()]
    for channels in (64, 128):
        layers += [nn.Conv2d(channels, 2 * channels, 3, 2, 1), norm(2 * channels), nn.ReLU()]
    layers += [block() for _ in range(9)]
    for channels in (256, 128):
        layers += [nn.ConvTranspose2d(channels, channels // 2, 3, 2, 1, 1), norm(channels // 2), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Tanh())


class SkipLevel(nn.Module):
    """A level of pix2pix's U-Net: its input, and what the levels below make of it."""

    def __init__(self, outer, inner, below=None, channels=None):
        super().__init__()
        is_top = channels is not None
        down = [] if is_top else [nn.LeakyReLU(0.2)]
        down += [nn.Conv2d(channels or outer, inner, 4, 2, 1)] + ([nn.BatchNorm2d(inner)] if below and not is_top else [])
        up = [nn.ReLU(), nn.ConvTranspose2d(inner * 2 if below else inner, outer, 4, 2, 1)] + ([nn.Tanh()] if is_top else [nn.BatchNorm2d(outer)])
        self.layers, self.is_top = nn.Sequential(*down, *([below] if below else []), *up), is_top

    def forward(self, x):
        return self.layers(x) if self.is_top else torch.cat([x, self.layers(x)], 1)


def pix2pix():
    """Isola et al., arXiv:1611.07004: a U-Net of 4 x 4 convolutions with stride 2 and transposed ones."""
    level = SkipLevel(512, 512)
    for _ in range(3):
        level = SkipLevel(512, 512, level)
    for outer, inner in ((256, 512), (128, 256), (64, 128)):
        level = SkipLevel(outer, inner, level)
    return SkipLevel(3, 64, level, 3)


def vae_decoder():
    """The decoder of a latent diffusion model (Rombach et al., arXiv:2112.10752) with half of its channels: group norms and SiLU before each convolution."""

    def half(inputs, outputs):
        return [nn.GroupNorm(32, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)]

    def block(inputs, outputs):
        shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None
        return Residual(nn.Sequential(*half(inputs, outputs), *half(outputs, outputs)), shortcut)

    layers, channels = [nn.Conv2d(4, 256, 3, padding=1), block(256, 256)], 256
    for width in (256, 128, 64):
        layers += [block(channels, width), block(width, width), nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1)]
        channels = width
    return nn.Sequential(*layers, *half(64, 3))


class FlowNet(nn.Module):
    """FlowNetS (Dosovitskiy et al., arXiv:1504.06852) with half of its channels, from two images to the finest of its flows."""

    def __init__(self):
        super().__init__()

        def layer(inputs, outputs, kernel=3, stride=1):
            return convolution(inputs, outputs, kernel, stride, lambda: nn.LeakyReLU(0.1), norm=False)

        self.down = nn.ModuleList(
            [
                layer(6, 32, 7, 2),
                layer(32, 64, 5, 2),
                nn.Sequential(layer(64, 128, 5, 2), layer(128, 128)),
                nn.Sequential(layer(128, 256, 3, 2), layer(256, 256)),
                nn.Sequential(layer(256, 256, 3, 2), layer(256, 256)),
                nn.Sequential(layer(256, 512, 3, 2), layer(512, 512)),
            ]
        )
        self.up, self.flow, self.enlarge = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = 512
        for skip, outputs in ((256, 256), (256, 128), (128, 64), (64, 32)):
            self.flow.append(nn.Conv2d(channels, 2, 3, padding=1))
            self.enlarge.append(nn.ConvTranspose2d(2, 2, 4, 2, 1))
            self.up.append(nn.Sequential(nn.ConvTranspose2d(channels, outputs, 4, 2, 1), nn.LeakyReLU(0.1)))
            channels = skip + outputs + 2
        self.head = nn.Conv2d(channels, 2, 3, padding=1)

    def forward(self, x):
        features = []
        for layer in self.down:
            x = layer(x)
            features.append(x)
        for skip, up, flow, enlarge in zip(features[4:0:-1], self.up, self.flow, self.enlarge):
            x = torch.cat([skip, up(x), enlarge(flow(x))], 1)
        return self.head(x)


def srgan():
    """The generator of Ledig et al., arXiv:1609.04802, with eight blocks: PReLU, by 4."""
    blocks = [Residual(nn.Sequential(convolution(64, 64, activation=nn.PReLU), convolution(64, 64, activation=None))) for _ in range(8)]
    body = Residual(nn.Sequential(*blocks, convolution(64, 64, activation=None)))
    up = [layer for _ in range(2) for layer in (nn.Conv2d(64, 256, 3, padding=1), nn.PixelShuffle(2), nn.PReLU())]
    return nn.Sequential(nn.Conv2d(3, 64, 9, padding=4), nn.PReLU(), body, *up, nn.Conv2d(64, 3, 9, padding=4))


class NafBlock(nn.Module):
    """Chen et al., arXiv:2204.04676, figure 3c: products of halves of the channels, and of their means, instead of activations."""

    def __init__(self, channels):
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(1, channels), nn.GroupNorm(1, channels)])
        self.first = nn.Sequential(nn.Conv2d(channels, 2 * channels, 1), nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels))
        self.attention = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1))
        self.second = nn.Conv2d(channels, channels, 1)
        self.wide, self.narrow = nn.Conv2d(channels, 2 * channels, 1), nn.Conv2d(channels, channels, 1)

    @staticmethod
    def gate(x):
        first, second = x.chunk(2, 1)
        return first * second

    def forward(self, x):
        y = self.gate(self.first(self.norms[0](x)))
        x = x + self.second(y * self.attention(y))
        return x + self.narrow(self.gate(self.wide(self.norms[1](x))))


def nafnet():
    """Three levels of NAFNet (arXiv:2204.04676) of 32 channels, with group norms for its layer norms."""
    layers = [nn.Conv2d(3, 32, 3, padding=1), NafBlock(32), nn.Conv2d(32, 64, 2, 2), NafBlock(64), nn.Conv2d(64, 128, 2, 2)]
    layers += [NafBlock(128) for _ in range(4)]
    for channels in (128, 64):
        layers += [nn.Conv2d(channels, 2 * channels, 1, bias=False), nn.PixelShuffle(2), NafBlock(channels // 2)]
    return nn.Sequential(*layers, nn.Conv2d(32, 3, 3, padding=1))


def erfnet():
    """Romera et al., IEEE Transactions on Intelligent Transportation Systems 19(1), 2018: 3 x 1 and 1 x 3 convolutions, dilated ones."""

    def factorized(channels, dilation):
        layers = []
        for step in (1, dilation):
            for kernel in ((3, 1), (1, 3)):
                padding = tuple(step * (size // 2) for size in kernel)
                layers += [nn.Conv2d(channels, channels, kernel, padding=padding, dilation=step), nn.ReLU()]
            layers[-1:] = [nn.BatchNorm2d(channels), *([nn.ReLU()] if step == 1 and len(layers) < 5 else [])]
        return Residual(nn.Sequential(*layers), activation=nn.ReLU())

    def down(inputs, outputs):
        layers = Concatenated(nn.Conv2d(inputs, outputs - inputs, 3, 2, 1), nn.MaxPool2d(2, 2))
        return nn.Sequential(layers, nn.BatchNorm2d(outputs), nn.ReLU())

    def up(inputs, outputs):
        return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU())

    layers = [down(3, 16), down(16, 64), *[factorized(64, 1) for _ in range(5)], down(64, 128)]
    layers += [factorized(128, dilation) for _ in range(2) for dilation in (2, 4, 8, 16)]
    layers += [up(128, 64), factorized(64, 1), factorized(64, 1), up(64, 16), factorized(16, 1), factorized(16, 1)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(16, 20, 2, 2))
