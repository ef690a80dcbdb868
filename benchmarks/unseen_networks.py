"""Networks of kinds that the table of the benchmark doesn't have: what the compiler was not tuned to.

Each function makes one as its paper has it, or smaller, with random weights; NETWORKS has the input of each. What they have that the table's haven't:
few channels, or numbers of channels that no vector divides, large images, one dimension, instance, group and layer norms, recurrent layers, several
resolutions side by side.
"""

import torch
from torch import nn
from torch.nn import functional


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


# --- images to images -----------------------------------------------------------------------------------------------------


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


# --- detectors and several resolutions --------------------------------------------------------------------------------------


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


# --- small networks and others ----------------------------------------------------------------------------------------------


def cifar_resnet():
    """ResNet-20 of arXiv:1512.03385, section 4.2."""
    layers, channels = [convolution(3, 16)], 16
    for width in (16, 32, 64):
        layers += [basic_block(channels, width, width // channels), basic_block(width, width), basic_block(width, width)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


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


# --- one and three dimensions ----------------------------------------------------------------------------------------------


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


class ActivityGru(nn.Module):
    """Two convolutions and a GRU over 128 samples of nine sensors."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(convolution(9, 64, 5, dimensions=1), convolution(64, 64, 5, dimensions=1), nn.MaxPool1d(2))
        self.recurrent, self.head = nn.GRU(64, 128, batch_first=True), nn.Linear(128, 6)

    def forward(self, x):
        return self.head(self.recurrent(self.layers(x).transpose(1, 2))[0][:, -1])


# What makes each, and the shape of its input.
NETWORKS = {
    "espcn": (espcn, (1, 1, 180, 320)),
    "edsr": (edsr, (1, 3, 96, 128)),
    "esrgan": (esrgan, (1, 3, 48, 64)),
    "dncnn": (dncnn, (1, 1, 180, 180)),
    "style_transfer": (style_transfer, (1, 3, 224, 224)),
    "cyclegan": (cyclegan, (1, 3, 128, 128)),
    "pix2pix": (pix2pix, (1, 3, 256, 256)),
    "vae_decoder": (vae_decoder, (1, 4, 32, 32)),
    "flownet": (FlowNet, (1, 6, 192, 256)),
    "yolo_v3_tiny": (YoloTiny, (1, 3, 416, 416)),
    "yolo_v8_n": (Yolo, (1, 3, 320, 320)),
    "hrnet": (Hrnet, (1, 3, 256, 192)),
    "cifar_resnet20": (cifar_resnet, (1, 3, 32, 32)),
    "keyword_spotting": (keyword_spotting, (1, 1, 49, 10)),
    "eegnet": (eegnet, (1, 1, 64, 512)),
    "ghostnet": (ghostnet, (1, 3, 224, 224)),
    "convmixer": (convmixer, (1, 3, 224, 224)),
    "blaze_face": (blaze_face, (1, 3, 128, 128)),
    "crnn": (Crnn, (1, 1, 32, 160)),
    "conv_tasnet": (ConvTasNet, (1, 1, 8000)),
    "temporal_network": (temporal_network, (1, 4, 1024)),
    "ecg_resnet": (ecg_resnet, (1, 12, 4096)),
    "point_net": (point_net, (1, 3, 1024)),
    "unet3d": (Unet3d, (1, 1, 32, 64, 64)),
    "hifi_gan": (hifi_gan, (1, 80, 32)),
    "wav2vec": (wav2vec, (1, 1, 8000)),
    "quartznet": (quartznet, (1, 64, 500)),
    "demucs": (Demucs, (1, 2, 11264)),
    "mlp_mixer": (mlp_mixer, (1, 3, 224, 224)),
    "xception": (xception, (1, 3, 224, 224)),
    "shufflenet_v1": (shufflenet_v1, (1, 3, 224, 224)),
    "srgan": (srgan, (1, 3, 64, 64)),
    "nafnet": (nafnet, (1, 3, 128, 128)),
    "erfnet": (erfnet, (1, 3, 256, 512)),
    "pool_former": (pool_former, (1, 3, 224, 224)),
    "activity_gru": (ActivityGru, (1, 9, 128)),
}
