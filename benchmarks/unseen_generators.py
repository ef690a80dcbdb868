"""Networks that make or move images: generators, diffusion, flows, fields, transformers of places. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import Attention, convolution, Residual


def fsrcnn():
    """Dong et al., arXiv:1608.00367: 56 and 12 channels, a 9 x 9 transposed convolution; by 3."""

    def layer(inputs, outputs, kernel):
        return [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.PReLU(outputs)]

    middle = [part for _ in range(4) for part in layer(12, 12, 3)]
    return nn.Sequential(*layer(1, 56, 5), *layer(56, 12, 1), *middle, *layer(12, 56, 1), nn.ConvTranspose2d(56, 1, 9, 3, 4, 2))


class WindowAttention(nn.Module):
    """Attention within windows of 8 x 8 places, which may be shifted around the borders."""

    def __init__(self, width, heads, shift):
        super().__init__()
        self.attention, self.shift = Attention(width, heads), shift
        self.bias = nn.Parameter(torch.randn(heads, 64, 64) / 2)

    def forward(self, x):
        batch, rows, columns, width = x.shape
        x = torch.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
        x = x.reshape(batch, rows // 8, 8, columns // 8, 8, width).transpose(2, 3).reshape(-1, 64, width)
        x = self.attention(x, self.bias)
        x = x.reshape(batch, rows // 8, columns // 8, 8, 8, width).transpose(2, 3).reshape(batch, rows, columns, width)
        return torch.roll(x, (self.shift, self.shift), (1, 2)) if self.shift else x


class SwinIr(nn.Module):
    """A light SwinIR (Liang et al., arXiv:2108.10257) of 60 channels and two groups of four layers, by 2."""

    def __init__(self):
        super().__init__()
        self.first, self.groups, self.convolutions = nn.Conv2d(3, 60, 3, padding=1), nn.ModuleList(), nn.ModuleList()
        for _ in range(2):
            layers = []
            for layer in range(4):
                dense = [nn.LayerNorm(60), nn.Linear(60, 120), nn.GELU(), nn.Linear(120, 60)]
                layers += [Residual(nn.Sequential(nn.LayerNorm(60), WindowAttention(60, 6, 4 * (layer % 2)))), Residual(nn.Sequential(*dense))]
            self.groups.append(nn.Sequential(*layers))
            self.convolutions.append(nn.Conv2d(60, 60, 3, padding=1))
        self.last = nn.Sequential(nn.Conv2d(60, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x):
        first = x = self.first(x)
        for group, layer in zip(self.groups, self.convolutions):
            x = x + layer(group(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        return self.last(first + x)


def unshuffled_denoiser():
    """FFDNet's kind (Zhang et al., arXiv:1710.04026): places go to channels, twelve layers, and back; an image of 250 x 170."""
    layers = [convolution(64 if i else 12, 64) for i in range(11)]
    return nn.Sequential(nn.PixelUnshuffle(2), *layers, nn.Conv2d(64, 12, 3, padding=1), nn.PixelShuffle(2))


class ModulatedConvolution(nn.Module):
    """Karras et al., arXiv:1912.04958, section 2.2: filters are scaled by what the style says, and made to have norm one. Computed filters."""

    def __init__(self, inputs, outputs, style, kernel=3, demodulate=True):
        super().__init__()
        self.weight, self.dense, self.demodulate = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel)), nn.Linear(style, inputs), demodulate

    def forward(self, x, style):
        weight = self.weight * (self.dense(style) + 1).reshape(1, 1, -1, 1, 1)
        if self.demodulate:
            weight = weight * torch.rsqrt(weight.square().sum((2, 3, 4), keepdim=True) + 1e-8)
        return functional.conv2d(x, weight[0], padding=self.weight.shape[-1] // 2)


class StyleGenerator(nn.Module):
    """StyleGAN2's generator of 64 x 64 with 128 to 32 channels: a mapping of four layers, blurred enlargements, sums of images."""

    def __init__(self):
        super().__init__()
        self.mapping = nn.Sequential(*[part for _ in range(4) for part in (nn.Linear(128, 128), nn.LeakyReLU(0.2))])
        self.constant, self.blocks, self.images = nn.Parameter(torch.randn(1, 128, 4, 4)), nn.ModuleList(), nn.ModuleList()
        for inputs, outputs in ((128, 128), (128, 128), (128, 64), (64, 32)):
            self.blocks.append(nn.ModuleList([ModulatedConvolution(inputs, outputs, 128), ModulatedConvolution(outputs, outputs, 128)]))
            self.images.append(ModulatedConvolution(outputs, 3, 128, 1, False))

    def forward(self, z):
        style = self.mapping(z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8))
        x, image = self.constant, None
        for block, to_image in zip(self.blocks, self.images):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear")
            for layer in block:
                x = functional.leaky_relu(layer(x, style), 0.2) * 2**0.5
            part = to_image(x, style)
            image = part if image is None else functional.interpolate(image, scale_factor=2, mode="bilinear") + part
        return image


class TimedBlock(nn.Module):
    """A residual block of a diffusion network: group norms, SiLU, and a shift of channels by the time."""

    def __init__(self, inputs, outputs, times):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.second = nn.Sequential(nn.GroupNorm(8, outputs), nn.SiLU(), nn.Conv2d(outputs, outputs, 3, padding=1))
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(times, outputs))
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, time):
        return self.second(self.first(x) + self.time(time)[:, :, None, None]) + self.shortcut(x)


class ImageAttention(nn.Module):
    """Attention between the places of an image, behind a group norm."""

    def __init__(self, channels, heads):
        super().__init__()
        self.norm, self.attention = nn.GroupNorm(8, channels), Attention(channels, heads)

    def forward(self, x):
        return x + self.attention(self.norm(x).flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)


class DiffusionUnet(nn.Module):
    """Ho et al., arXiv:2006.11239, of three resolutions: 64 to 192 channels, attention at 16 x 16. The first place's value tells the time."""

    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 256))
        self.first = nn.Conv2d(3, 64, 3, padding=1)
        widths = (64, 128, 192)
        self.down = nn.ModuleList([TimedBlock(a, b, 256) for a, b in zip((64, *widths), widths)])
        self.shrink = nn.ModuleList([nn.Conv2d(width, width, 3, 2, 1) for width in widths[:2]])
        self.middle, self.attention = TimedBlock(192, 192, 256), ImageAttention(192, 4)
        self.up = nn.ModuleList([TimedBlock(a + b, b, 256) for a, b in ((192, 192), (192, 128), (128, 64))])
        self.enlarge = nn.ModuleList([nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1)) for width in (192, 128)])
        self.last = nn.Sequential(nn.GroupNorm(8, 64), nn.SiLU(), nn.Conv2d(64, 3, 3, padding=1))

    def forward(self, x):
        angles = 1000 * x[:, 0, 0, :1].sigmoid() * torch.exp(torch.arange(32) * (-9.21 / 32))
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        x, skips = self.first(x), []
        for i, block in enumerate(self.down):
            x = block(self.shrink[i - 1](x) if i else x, time)
            skips.append(x)
        x = self.attention(self.middle(x, time))
        for i, block in enumerate(self.up):
            x = block(torch.cat([self.enlarge[i - 1](x) if i else x, skips.pop()], 1), time)
        return self.last(x)


class VectorQuantized(nn.Module):
    """VQ-VAE (van den Oord et al., arXiv:1711.00937): 64 x 64 to 16 x 16 entries of a table of 256, and back."""

    def __init__(self):
        super().__init__()

        def block():
            return Residual(nn.Sequential(nn.ReLU(), nn.Conv2d(64, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 1)))

        first = [nn.Conv2d(3, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)]
        self.encoder, self.table = nn.Sequential(*first, block(), block()), nn.Parameter(torch.randn(256, 64))
        last = [nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 3, 4, 2, 1)]
        self.decoder = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), block(), block(), *last)

    def forward(self, x):
        x = self.encoder(x).permute(0, 2, 3, 1)
        distances = (self.table**2).sum(1) - 2 * x @ self.table.t()
        nearest = self.table[distances.argmin(-1)]
        return self.decoder(nearest.permute(0, 3, 1, 2))


class Coupling(nn.Module):
    """Dinh et al., arXiv:1605.08803: half of the values, chosen as on a board, are scaled and shifted by what the others say."""

    def __init__(self, channels, width, odd):
        super().__init__()
        layers = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, 2 * channels, 3, padding=1)]
        self.layers = nn.Sequential(*layers)
        rows, columns = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
        self.register_buffer("mask", ((rows + columns + odd) % 2).float()[None, None])

    def forward(self, x):
        kept = x * self.mask
        scale, shift = self.layers(kept).chunk(2, 1)
        return kept + (1 - self.mask) * (x * torch.exp(torch.tanh(scale)) + shift)


def real_nvp():
    """Six couplings of 64 channels on 32 x 32."""
    return nn.Sequential(*[Coupling(3, 64, i % 2) for i in range(6)])


class SpatialTransformer(nn.Module):
    """Jaderberg et al., arXiv:1506.02025: an affine transform that the image itself asks for, then a small classifier."""

    def __init__(self):
        super().__init__()

        def features(channels, kernel, width):
            first = [nn.Conv2d(1, channels, kernel), nn.MaxPool2d(2), nn.ReLU()]
            return [*first, nn.Conv2d(channels, width, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()]

        self.locate, self.bend = nn.Sequential(*features(8, 7, 10), nn.Linear(10 * 6 * 6, 32), nn.ReLU()), nn.Linear(32, 6)
        self.bend.bias.data = torch.tensor([1.0, 0, 0, 0, 1, 0])
        self.classify = nn.Sequential(*features(10, 5, 20), nn.Linear(20 * 7 * 7, 10))
        rows, columns = torch.meshgrid(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 40), indexing="ij")
        self.register_buffer("places", torch.stack([columns, rows, torch.ones_like(rows)], -1).reshape(-1, 3))

    def forward(self, x):
        transform = self.bend(self.locate(x)).reshape(-1, 2, 3)
        places = (self.places @ transform.transpose(1, 2)).reshape(-1, 40, 40, 2)
        return self.classify(functional.grid_sample(x, places, align_corners=False))


class CorrelationFlow(nn.Module):
    """PWC-Net's kind (Sun et al., arXiv:1709.02371): correlations of 7 x 7 shifts at two resolutions, the second image bent by the flow."""

    def __init__(self):
        super().__init__()

        def features(inputs, outputs):
            options = {"activation": lambda: nn.LeakyReLU(0.1)}
            return nn.Sequential(convolution(inputs, outputs, 3, 2, **options), convolution(outputs, outputs, **options))

        self.features = nn.ModuleList([features(3, 16), features(16, 32), features(32, 64), features(64, 96)])

        def estimator(inputs):
            return nn.Sequential(*[convolution(a, b, norm=False) for a, b in ((inputs, 96), (96, 64), (64, 32))], nn.Conv2d(32, 2, 3, padding=1))

        self.coarse, self.fine = estimator(49 + 96), estimator(49 + 64 + 2)

    @staticmethod
    def correlate(first, second):
        rows, columns = first.shape[2:]
        second = functional.pad(second, (3, 3, 3, 3))
        return torch.cat([(first * second[:, :, i : i + rows, j : j + columns]).mean(1, keepdim=True) for i in range(7) for j in range(7)], 1)

    @staticmethod
    def bend(x, flow):
        rows, columns = x.shape[2:]
        grid = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        places = torch.stack([grid[1], grid[0]]).float()[None] + flow
        places = torch.stack([2 * places[:, 0] / (columns - 1) - 1, 2 * places[:, 1] / (rows - 1) - 1], -1)
        return functional.grid_sample(x, places, align_corners=True)

    def forward(self, x):
        first, second = [x[:, :3]], [x[:, 3:]]
        for layer in self.features:
            first.append(layer(first[-1]))
            second.append(layer(second[-1]))
        flow = self.coarse(torch.cat([self.correlate(first[4], second[4]), first[4]], 1))
        flow = 2 * functional.interpolate(flow, scale_factor=2, mode="bilinear")
        costs = self.correlate(first[3], self.bend(second[3], flow))
        return flow + self.fine(torch.cat([costs, first[3], flow], 1))


class RecurrentFlow(nn.Module):
    """RAFT's kind (Teed and Deng, arXiv:2003.12039): correlations of all pairs, looked up around the flow by a convolutional GRU, four times."""

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 32, 7, 2, 3), nn.InstanceNorm2d(32), nn.ReLU()]
        for inputs, outputs in ((32, 48), (48, 64)):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.InstanceNorm2d(outputs), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU()]
        self.features, self.context = nn.Sequential(*layers), convolution(64, 128, 1, norm=False)
        self.motion = convolution(49 + 2, 64, norm=False)
        self.gates, self.candidate = nn.Conv2d(192, 128, 3, padding=1), nn.Conv2d(192, 64, 3, padding=1)
        self.update = nn.Sequential(convolution(64, 64, norm=False), nn.Conv2d(64, 2, 3, padding=1))
        around = torch.stack(torch.meshgrid(torch.arange(-3, 4), torch.arange(-3, 4), indexing="ij"), -1).float()
        self.register_buffer("around", around.reshape(1, 7, 7, 2))

    def forward(self, x):
        first, second = self.features(x[:, :3]), self.features(x[:, 3:])
        batch, channels, rows, columns = first.shape
        volume = (first.flatten(2).transpose(1, 2) @ second.flatten(2) / channels**0.5).reshape(batch * rows * columns, 1, rows, columns)
        state, given = self.context(first).chunk(2, 1)
        state, given = torch.tanh(state), torch.relu(given)
        grid = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        start = torch.stack([grid[1], grid[0]], -1).float()[None]
        flow = torch.zeros_like(first[:, :2])
        size = torch.tensor([columns - 1, rows - 1])
        for _ in range(4):
            places = (start + flow.permute(0, 2, 3, 1)).reshape(-1, 1, 1, 2) + self.around
            costs = functional.grid_sample(volume, 2 * places / size - 1, align_corners=True).reshape(batch, rows, columns, 49).permute(0, 3, 1, 2)
            inputs = torch.cat([self.motion(torch.cat([costs, flow], 1)), given], 1)
            update, reset = torch.sigmoid(self.gates(torch.cat([state, inputs], 1))).chunk(2, 1)
            state = (1 - update) * state + update * torch.tanh(self.candidate(torch.cat([reset * state, inputs], 1)))
            flow = flow + self.update(state)
        return flow


class Sine(nn.Module):
    """Sitzmann et al., arXiv:2006.09661."""

    def forward(self, x):
        return torch.sin(30 * x)


def siren():
    """A field of five layers of 128, at 4096 places."""
    layers, inputs = [], 2
    for _ in range(4):
        layer = nn.Linear(inputs, 128)
        bound = 1 / inputs if inputs == 2 else (6 / inputs) ** 0.5 / 30
        nn.init.uniform_(layer.weight, -bound, bound)
        layers += [layer, Sine()]
        inputs = 128
    return nn.Sequential(*layers, nn.Linear(128, 3))


class RadianceField(nn.Module):
    """NeRF (Mildenhall et al., arXiv:2003.08934): sines and cosines of ten frequencies, eight layers of 128, a skip; 2048 places."""

    def __init__(self):
        super().__init__()
        self.first = nn.ModuleList([nn.Linear(63 if i == 0 else 128, 128) for i in range(4)])
        self.second = nn.ModuleList([nn.Linear(191 if i == 0 else 128, 128) for i in range(4)])
        self.last = nn.Linear(128, 4)
        self.register_buffer("frequencies", 2.0 ** torch.arange(10))

    def forward(self, x):
        angles = (x[..., None] * self.frequencies).flatten(-2)
        places = y = torch.cat([x, angles.sin(), angles.cos()], -1)
        for layer in self.first:
            y = torch.relu(layer(y))
        y = torch.cat([y, places], -1)
        for layer in self.second:
            y = torch.relu(layer(y))
        return self.last(y)


class CapsuleNetwork(nn.Module):
    """Sabour et al., arXiv:1710.09829: 288 capsules of eight, ten of sixteen, three rounds of routing; 28 x 28."""

    def __init__(self):
        super().__init__()
        self.first, self.primary = nn.Sequential(nn.Conv2d(1, 64, 9), nn.ReLU()), nn.Conv2d(64, 64, 9, 2)
        self.weight = nn.Parameter(torch.randn(10, 288, 8, 16) / 4)

    @staticmethod
    def squash(x):
        square = x.square().sum(-1, keepdim=True)
        return x * square / ((1 + square) * torch.sqrt(square + 1e-9))

    def forward(self, x):
        capsules = self.squash(self.primary(self.first(x)).reshape(-1, 8, 8, 36).permute(0, 1, 3, 2).reshape(-1, 1, 288, 1, 8))
        votes = (capsules @ self.weight).squeeze(3)
        logits = torch.zeros_like(votes[..., :1])
        for _ in range(3):
            results = self.squash((torch.softmax(logits, 1) * votes).sum(2, keepdim=True))
            logits = logits + (votes * results).sum(-1, keepdim=True)
        return torch.linalg.vector_norm(results.squeeze(2), dim=-1)
