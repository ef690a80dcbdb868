"""Networks of speech, music, texts, tables and other sequences. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import Concatenated, convolution, Residual, transformer_block


def conv1d(inputs, outputs, kernel=3, stride=1, dilation=1, **options):
    """A convolution over time that keeps the length."""
    return nn.Conv1d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, **options)


class Transposed(nn.Module):
    """Channels and steps change places."""

    def forward(self, x):
        return x.transpose(1, 2)


class SoundCodec(nn.Module):
    """SoundStream's kind (Zeghidour et al., arXiv:2107.03312): causal convolutions with ELU, strides of 2, 4 and 5, two tables, and back; 6400 samples."""

    def __init__(self):
        super().__init__()

        def causal(inputs, outputs, kernel, dilation=1, stride=1):
            before = dilation * (kernel - 1) + 1 - stride
            return nn.Sequential(nn.ConstantPad1d((before, 0), 0), nn.Conv1d(inputs, outputs, kernel, stride, dilation=dilation))

        def units(channels):
            layers = [[nn.ELU(), causal(channels, channels, 7, dilation), nn.ELU(), nn.Conv1d(channels, channels, 1)] for dilation in (1, 3)]
            return [Residual(nn.Sequential(*unit)) for unit in layers]

        down, up, channels = [causal(1, 16, 7)], [], 16
        for stride in (2, 4, 5):
            down += [*units(channels), nn.ELU(), causal(channels, 2 * channels, 2 * stride, 1, stride)]
            up = [nn.ELU(), nn.ConvTranspose1d(2 * channels, channels, 2 * stride, stride, stride // 2, stride % 2), *units(channels), *up]
            channels *= 2
        self.encoder, self.tables = nn.Sequential(*down, nn.ELU(), causal(channels, 64, 3)), nn.Parameter(torch.randn(2, 128, 64))
        self.decoder = nn.Sequential(causal(64, channels, 7), *up, nn.ELU(), causal(16, 1, 7))

    def forward(self, x):
        rest = self.encoder(x).transpose(1, 2)
        total = 0
        for table in self.tables:
            nearest = table[torch.cdist(rest, table[None]).argmin(-1)]
            total, rest = total + nearest, rest - nearest
        return self.decoder(total.transpose(1, 2))


def mel_gan():
    """Kumar et al., arXiv:1910.06711, with 256 channels: reflected borders, dilations of 1, 3 and 9; 32 frames."""
    layers, channels = [nn.ReflectionPad1d(3), nn.Conv1d(80, 256, 7)], 256
    for stride in (8, 8, 2, 2):
        layers += [nn.LeakyReLU(0.2), nn.ConvTranspose1d(channels, channels // 2, 2 * stride, stride, stride // 2)]
        channels //= 2
        for dilation in (1, 3, 9):
            first = [nn.LeakyReLU(0.2), nn.ReflectionPad1d(dilation), nn.Conv1d(channels, channels, 3, dilation=dilation)]
            layers.append(Residual(nn.Sequential(*first, nn.LeakyReLU(0.2), nn.Conv1d(channels, channels, 1)), nn.Conv1d(channels, channels, 1)))
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.ReflectionPad1d(3), nn.Conv1d(channels, 1, 7), nn.Tanh())


class GlowCoupling(nn.Module):
    """A step of WaveGlow (Prenger et al., arXiv:1811.00002): a 1 x 1 convolution, and gated dilated ones that scale half of the channels."""

    def __init__(self, channels=8, width=64, depth=4):
        super().__init__()
        self.mix, self.first = nn.Conv1d(channels, channels, 1, bias=False), nn.Conv1d(channels // 2, width, 1)
        self.gated = nn.ModuleList([conv1d(width, 2 * width, 3, dilation=2**i) for i in range(depth)])
        self.skips = nn.ModuleList([nn.Conv1d(width, 2 * width, 1) for _ in range(depth)])
        self.last = nn.Conv1d(width, channels, 1)

    def forward(self, x):
        half, other = self.mix(x).chunk(2, 1)
        y, total = self.first(half), 0
        for gated, skip in zip(self.gated, self.skips):
            first, second = gated(y).chunk(2, 1)
            more, kept = skip(torch.tanh(first) * torch.sigmoid(second)).chunk(2, 1)
            y, total = y + more, total + kept
        scale, shift = self.last(total).chunk(2, 1)
        return torch.cat([half, (other - shift) * torch.exp(-torch.tanh(scale))], 1)


class Grouped(nn.Module):
    """Eight samples after each other become the channels of a step."""

    def forward(self, x):
        return x.reshape(x.shape[0], -1, 8).transpose(1, 2)


def wave_glow():
    """Three steps of 64 channels: 8192 samples."""
    return nn.Sequential(Grouped(), *[GlowCoupling() for _ in range(3)])


class Tacotron(nn.Module):
    """The encoder and the postnet of Tacotron 2 (Shen et al., arXiv:1712.05884), with half of its channels: 60 letters by embeddings, 200 frames."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(*[convolution(80 if i == 0 else 256, 256, 5, dimensions=1) for i in range(3)], Transposed())
        self.recurrent, self.dense = nn.LSTM(256, 128, batch_first=True, bidirectional=True), nn.Linear(256, 80)
        widths = (80, 256, 256, 256, 256)
        layers = [convolution(a, b, 5, activation=nn.Tanh, dimensions=1) for a, b in zip(widths, widths[1:])]
        self.postnet = nn.Sequential(*layers, convolution(256, 80, 5, activation=None, dimensions=1))

    def forward(self, x):
        x = self.dense(self.recurrent(self.encoder(x))[0]).transpose(1, 2)
        return x + self.postnet(x)


class DeepSpeech(nn.Module):
    """Amodei et al., arXiv:1512.02595, smaller: two strided convolutions of 41 x 11 and 21 x 11, two bidirectional GRUs of 256; 100 frames of 161."""

    def __init__(self):
        super().__init__()

        def layer(inputs, outputs, kernel, stride):
            return convolution(inputs, outputs, kernel, stride, lambda: nn.Hardtanh(0, 20), padding=(kernel[0] // 2, kernel[1] // 2))

        self.layers = nn.Sequential(layer(1, 32, (41, 11), (2, 2)), layer(32, 32, (21, 11), (2, 1)))
        self.recurrent = nn.GRU(32 * 41, 256, 2, batch_first=True, bidirectional=True)
        ahead = convolution(512, 512, 21, dimensions=1, norm=False, activation=None, groups=512)
        self.last = nn.Sequential(ahead, nn.Hardtanh(0, 20), nn.Conv1d(512, 29, 1))

    def forward(self, x):
        x = self.layers(x).flatten(1, 2).transpose(1, 2)
        return torch.log_softmax(self.last(self.recurrent(x)[0].transpose(1, 2)), 1)


class ShiftedAttention(nn.Module):
    """Attention with relative positions as in Transformer-XL (Dai et al., arXiv:1901.02860): a product for each distance, moved into place by a reshape."""

    def __init__(self, width, heads, steps):
        super().__init__()
        self.heads, self.project, self.last = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.distances = nn.Parameter(torch.randn(heads, 2 * steps - 1, width // heads))
        self.content, self.place = (nn.Parameter(torch.randn(heads, 1, width // heads)) for _ in range(2))

    def forward(self, x):
        batch, steps, width = x.shape
        query, key, value = self.project(x).reshape(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        content = (query + self.content) @ key.transpose(-2, -1)
        places = functional.pad((query + self.place) @ self.distances.transpose(-2, -1), (1, 0))
        places = places.reshape(batch, self.heads, 2 * steps, steps)[:, :, 1:].reshape(batch, self.heads, steps, 2 * steps - 1)[..., :steps]
        weights = torch.softmax((content + places) / (width // self.heads) ** 0.5, -1)
        return self.last((weights @ value).transpose(1, 2).reshape(batch, steps, width))


def conformer():
    """Two blocks of Gulati et al., arXiv:2005.08100, of 144 channels: 200 frames of 80, a fourth of them after two strided convolutions."""

    def dense(width):
        layers = [nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width)]
        return Residual(nn.Sequential(*layers, Scaled(0.5)))

    def convolved(width):
        depthwise = convolution(width, width, 31, activation=nn.SiLU, dimensions=1, groups=width)
        layers = [nn.LayerNorm(width), Transposed(), nn.Conv1d(width, 2 * width, 1), nn.GLU(1), depthwise, nn.Conv1d(width, width, 1), Transposed()]
        return Residual(nn.Sequential(*layers))

    def block(width):
        attention = Residual(nn.Sequential(nn.LayerNorm(width), ShiftedAttention(width, 4, 50)))
        return nn.Sequential(dense(width), attention, convolved(width), dense(width), nn.LayerNorm(width))

    first = [nn.Conv2d(1, 144, 3, 2, 1), nn.ReLU(), nn.Conv2d(144, 144, 3, 2, 1), nn.ReLU(), nn.Flatten(1, 2), Transposed(), nn.Linear(144 * 20, 144)]
    return nn.Sequential(*first, block(144), block(144), nn.Linear(144, 32))


class Scaled(nn.Module):
    """A multiple of its input."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


class Whisper(nn.Module):
    """The encoder of Radford et al., arXiv:2212.04356, of 256 channels and two layers: two convolutions, 300 frames of 80."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(conv1d(80, 256), nn.GELU(), conv1d(256, 256, 3, 2), nn.GELU(), Transposed())
        self.places = nn.Parameter(torch.randn(150, 256) / 10)
        self.blocks = nn.Sequential(*[transformer_block(256, 4, 1024) for _ in range(2)], nn.LayerNorm(256))

    def forward(self, x):
        return self.blocks(self.first(x) + self.places)


class TextClassifier(nn.Module):
    """BERT's kind (Devlin et al., arXiv:1810.04805): two layers of PyTorch's own encoder with masks, 128 embedded words of 256; norms come last."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(256, 4, 1024, activation="gelu", batch_first=True)
        self.encoder, self.pool, self.last = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(256, 256), nn.Linear(256, 2)

    def forward(self, x):
        steps = x.shape[1]
        mask = torch.triu(torch.full((steps, steps), float("-inf")), 1)
        return self.last(torch.tanh(self.pool(self.encoder(x, mask=mask)[:, 0])))


class StateSpaceBlock(nn.Module):
    """S4's kind as a long convolution (Gu et al., arXiv:2111.00396): depthwise over 256 steps back, a shortcut by channel, and a gate."""

    def __init__(self, channels, steps):
        super().__init__()
        decay = torch.exp(-torch.rand(channels, 1) * 0.1 * torch.arange(steps)) * torch.cos(torch.rand(channels, 1) * torch.arange(steps))
        self.filter, self.shortcut = nn.Parameter(decay.flip(1)[:, None] / steps**0.5), nn.Parameter(torch.randn(channels, 1))
        self.norm, self.mix = nn.LayerNorm(channels), nn.Conv1d(channels, 2 * channels, 1)

    def forward(self, x):
        y = self.norm(x.transpose(1, 2)).transpose(1, 2)
        padded = functional.pad(y, (self.filter.shape[2] - 1, 0))
        y = functional.gelu(functional.conv1d(padded, self.filter, groups=self.filter.shape[0]) + self.shortcut * y)
        return x + functional.glu(self.mix(y), 1)


def state_space():
    """Three blocks of 64 channels, 1000 steps."""
    return nn.Sequential(nn.Conv1d(3, 64, 1), *[StateSpaceBlock(64, 256) for _ in range(3)], nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, 10))


def inception_time():
    """Two modules of Fawaz et al., arXiv:1909.04939: kernels of 10, 20 and 40 beside each other; 12 leads of 1000 samples."""

    def module(inputs):
        def layer(kernel):
            return nn.Sequential(nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0), nn.Conv1d(32, 32, kernel, bias=False))

        branches = nn.Sequential(nn.Conv1d(inputs, 32, 1, bias=False), Concatenated(*[layer(kernel) for kernel in (10, 20, 40)]))
        pooled = nn.Sequential(nn.MaxPool1d(3, 1, 1), nn.Conv1d(inputs, 32, 1, bias=False))
        return nn.Sequential(Concatenated(branches, pooled), nn.BatchNorm1d(128), nn.ReLU())

    layers = Residual(nn.Sequential(module(12), module(128), module(128)), convolution(12, 128, 1, activation=None, dimensions=1), nn.ReLU())
    return nn.Sequential(layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(128, 5))


class SpeakerNetwork(nn.Module):
    """ECAPA-TDNN's kind (Desplanques et al., arXiv:2005.07143): hierarchical dilated convolutions, gates, and means and deviations by attention."""

    def __init__(self):
        super().__init__()

        def block(dilation):
            layers = [convolution(256, 256, 1, dimensions=1), Hierarchical1d(32, dilation), convolution(256, 256, 1, dimensions=1), Squeeze1d(256, 64)]
            return Residual(nn.Sequential(*layers))

        self.first, self.blocks = convolution(80, 256, 5, dimensions=1), nn.ModuleList([block(dilation) for dilation in (2, 3, 4)])
        self.join = nn.Sequential(nn.Conv1d(768, 768, 1), nn.ReLU())
        self.attend = nn.Sequential(nn.Conv1d(768, 64, 1), nn.Tanh(), nn.Conv1d(64, 768, 1))
        self.last = nn.Linear(1536, 192)

    def forward(self, x):
        x, results = self.first(x), []
        for block in self.blocks:
            x = block(x)
            results.append(x)
        x = self.join(torch.cat(results, 1))
        weights = torch.softmax(self.attend(x), 2)
        mean = (weights * x).sum(2)
        deviation = torch.sqrt(((weights * x.square()).sum(2) - mean.square()).clamp(min=1e-4))
        return functional.normalize(self.last(torch.cat([mean, deviation], 1)))


class Hierarchical1d(nn.Module):
    """Eight parts of the channels, each convolved together with what the one before gave."""

    def __init__(self, width, dilation):
        super().__init__()
        self.layers = nn.ModuleList([convolution(width, width, 3, dimensions=1, dilation=dilation, padding=dilation) for _ in range(7)])

    def forward(self, x):
        first, *parts = x.chunk(8, 1)
        results, before = [first], 0
        for layer, part in zip(self.layers, parts):
            before = layer(part + before)
            results.append(before)
        return torch.cat(results, 1)


class Squeeze1d(nn.Module):
    """Gates of channels from their means over time."""

    def __init__(self, channels, width):
        super().__init__()
        self.gate = nn.Sequential(nn.Conv1d(channels, width, 1), nn.ReLU(), nn.Conv1d(width, channels, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x.mean(2, keepdim=True))


class DeepFm(nn.Module):
    """Guo et al., arXiv:1703.04247, of 39 numbers: an embedding of ten for each, products of all pairs, and dense layers; a batch of 64."""

    def __init__(self):
        super().__init__()
        self.embedding, self.linear = nn.Parameter(torch.randn(39, 10) / 3), nn.Linear(39, 1)
        self.dense = nn.Sequential(nn.Linear(390, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 1))

    def forward(self, x):
        embedded = x[:, :, None] * self.embedding
        pairs = (embedded.sum(1).square() - embedded.square().sum(1)).sum(1, keepdim=True) / 2
        return torch.sigmoid(self.linear(x) + pairs + self.dense(embedded.flatten(1)))


class SpectrumClassifier(nn.Module):
    """A spectrogram by a strided convolution with sines, mel bands, logarithms, then small 2-D convolutions: 16000 samples (as Cheuk et al.'s nnAudio)."""

    def __init__(self):
        super().__init__()
        angles = 2 * torch.pi / 400 * torch.outer(torch.arange(201), torch.arange(400))
        window = torch.hann_window(400)
        self.register_buffer("waves", torch.cat([angles.cos() * window, angles.sin() * window])[:, None])
        self.register_buffer("bands", torch.rand(64, 201) / 50)
        layers = [convolution(1, 16), nn.MaxPool2d(2), convolution(16, 32), nn.MaxPool2d(2), convolution(32, 48), nn.MaxPool2d((4, 1))]
        self.layers, self.recurrent, self.last = nn.Sequential(*layers), nn.GRU(192, 64, batch_first=True), nn.Linear(64, 12)

    def forward(self, x):
        parts = functional.conv1d(x, self.waves, stride=160)
        power = parts[:, :201].square() + parts[:, 201:].square()
        image = torch.log(self.bands @ power + 1e-6)[:, None]
        return self.last(self.recurrent(self.layers(image).flatten(1, 2).transpose(1, 2))[0][:, -1])
