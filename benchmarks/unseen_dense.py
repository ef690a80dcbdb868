"""Networks that say something about each place of an image: classes, boxes, depths. See unseen_networks.py."""

import torch
from torch import nn
from torch.nn import functional

from unseen_blocks import basic_block, Concatenated, convolution, LayerNorm2d, Residual, Squeeze


def enlarge_to(x, like, mode="nearest"):
    """An image of the size of another one."""
    return functional.interpolate(x, size=like.shape[2:], mode=mode, **({} if mode == "nearest" else {"align_corners": False}))


class Pyramid(nn.Module):
    """A small residual network's images of all its resolutions."""

    def __init__(self, widths=(32, 64, 128, 256), channels=3, first=7):
        super().__init__()
        self.stem = nn.Sequential(convolution(channels, widths[0], first, 2), nn.MaxPool2d(3, 2, 1))
        self.levels = nn.ModuleList([basic_block(a, b, 1 if i == 0 else 2) for i, (a, b) in enumerate(zip((widths[0], *widths), widths))])

    def forward(self, x):
        x, results = self.stem(x), []
        for level in self.levels:
            x = level(x)
            results.append(x)
        return results


class RetinaNet(nn.Module):
    """Lin et al., arXiv:1708.02002: a feature pyramid of 96 channels, and heads that all its levels share."""

    def __init__(self, width=96, classes=20, anchors=9):
        super().__init__()
        self.backbone = Pyramid()
        self.lateral = nn.ModuleList([nn.Conv2d(channels, width, 1) for channels in (64, 128, 256)])
        self.smooth = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1) for _ in range(3)])
        self.sixth, self.seventh = nn.Conv2d(256, width, 3, 2, 1), nn.Conv2d(width, width, 3, 2, 1)

        def head(outputs):
            return nn.Sequential(*[convolution(width, width, norm=False) for _ in range(2)], nn.Conv2d(width, outputs, 3, padding=1))

        self.classes, self.boxes, self.count = head(classes * anchors), head(4 * anchors), classes

    def forward(self, x):
        levels = [layer(level) for layer, level in zip(self.lateral, self.backbone(x)[1:])]
        for i in (1, 0):
            levels[i] = levels[i] + enlarge_to(levels[i + 1], levels[i])
        levels = [layer(level) for layer, level in zip(self.smooth, levels)]
        levels.append(self.sixth(self.backbone(x)[-1]))
        levels.append(self.seventh(functional.relu(levels[-1])))
        results = []
        for level in levels:
            classes = self.classes(level).permute(0, 2, 3, 1).reshape(x.shape[0], -1, self.count)
            boxes = self.boxes(level).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4)
            results.append(torch.cat([classes.sigmoid(), boxes], 2))
        return torch.cat(results, 1)


class WeightedFusion(nn.Module):
    """A layer of EfficientDet's BiFPN (Tan et al., arXiv:1911.09070): weighted sums of levels, down and up again."""

    def __init__(self, width, levels):
        super().__init__()

        def layer():
            depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
            return nn.Sequential(nn.SiLU(), depthwise, convolution(width, width, 1, activation=None))

        self.down, self.up = (nn.ModuleList([layer() for _ in range(levels - 1)]) for _ in range(2))
        self.down_weights, self.up_weights = nn.Parameter(torch.rand(levels - 1, 2) + 0.5), nn.Parameter(torch.rand(levels - 1, 3) + 0.5)

    def forward(self, levels):
        down_weights, up_weights = functional.relu(self.down_weights), functional.relu(self.up_weights)
        down_weights = down_weights / (down_weights.sum(1, keepdim=True) + 1e-4)
        up_weights = up_weights / (up_weights.sum(1, keepdim=True) + 1e-4)
        middle = [levels[-1]]
        for i in range(len(levels) - 2, -1, -1):
            middle.insert(0, self.down[i](down_weights[i, 0] * levels[i] + down_weights[i, 1] * enlarge_to(middle[0], levels[i])))
        results = [middle[0]]
        for i in range(1, len(levels)):
            smaller = functional.max_pool2d(results[-1], 3, 2, 1)
            parts = zip(up_weights[i - 1], (levels[i], middle[i], smaller))
            results.append(self.up[i - 1](sum(weight * part for weight, part in parts)))
        return results


class EfficientDet(nn.Module):
    """Two BiFPN layers of 64 channels behind a small residual network; separable heads."""

    def __init__(self):
        super().__init__()
        self.backbone = Pyramid()
        self.lateral = nn.ModuleList([convolution(channels, 64, 1, activation=None) for channels in (32, 64, 128, 256)])
        self.layers = nn.ModuleList([WeightedFusion(64, 4) for _ in range(2)])

        def head(outputs):
            layers = []
            for channels in (64, 64, outputs):
                layers += [nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.Conv2d(64, channels, 1), *([nn.SiLU()] if channels != outputs else [])]
            return nn.Sequential(*layers)

        self.heads = nn.ModuleList([head(90), head(36)])

    def forward(self, x):
        levels = [layer(level) for layer, level in zip(self.lateral, self.backbone(x))]
        for layer in self.layers:
            levels = layer(levels)
        return torch.cat([torch.cat([head(level).flatten(2) for head in self.heads], 1) for level in levels], 2)


class Ssd(nn.Module):
    """SSD (Liu et al., arXiv:1512.02325) on half of VGG-11's channels: a norm over channels, pools that round up, six levels of boxes."""

    def __init__(self):
        super().__init__()
        layers, inputs = [], 3
        for channels in (32, 0, 64, 0, 128, 128, 0, 256, 256):
            layers += [convolution(inputs, channels, norm=False)] if channels else [nn.MaxPool2d(2, 2, ceil_mode=True)]
            inputs = channels or inputs
        self.first, self.scale = nn.Sequential(*layers), nn.Parameter(torch.full((1, 256, 1, 1), 20.0))
        wide = convolution(256, 512, norm=False, dilation=6, padding=6)
        second = [nn.MaxPool2d(2), convolution(256, 256, norm=False), nn.MaxPool2d(3, 1, 1), wide, convolution(512, 512, 1, norm=False)]
        extras = [(512, 128, 256, 2, 1), (256, 64, 128, 2, 1), (128, 64, 128, 1, 0), (128, 64, 128, 1, 0)]
        self.extras = nn.ModuleList([nn.Sequential(*second)])
        for inputs, width, outputs, stride, padding in extras:
            last = convolution(width, outputs, 3, stride, norm=False, padding=padding)
            self.extras.append(nn.Sequential(convolution(inputs, width, 1, norm=False), last))
        plan = list(zip((256, 512, 256, 128, 128, 128), (4, 6, 6, 6, 4, 4)))
        self.boxes = nn.ModuleList([nn.Conv2d(channels, 4 * anchors, 3, padding=1) for channels, anchors in plan])
        self.classes = nn.ModuleList([nn.Conv2d(channels, 21 * anchors, 3, padding=1) for channels, anchors in plan])

    def forward(self, x):
        x = self.first(x)
        levels = [functional.normalize(x, dim=1) * self.scale]
        for layer in self.extras:
            x = layer(x)
            levels.append(x)
        boxes = [layer(level).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4) for layer, level in zip(self.boxes, levels)]
        classes = [layer(level).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 21) for layer, level in zip(self.classes, levels)]
        return torch.cat([torch.cat(boxes, 1), torch.softmax(torch.cat(classes, 1), 2)], 2)


def center_net():
    """Zhou et al., arXiv:1904.07850, with ResNet-18, transposed convolutions, and the three heads at once."""
    layers, inputs = [convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [basic_block(inputs, channels, stride), basic_block(channels, channels)]
        inputs = channels
    for channels in (128, 64, 64):
        layers += [nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
        inputs = channels
    heads = [nn.Sequential(convolution(64, 64, norm=False), nn.Conv2d(64, outputs, 1)) for outputs in (80, 2, 2)]
    return nn.Sequential(*layers, Concatenated(*heads))


class Focus(nn.Module):
    """Each place gets the channels of its four neighbours, from an image twice as large (YOLOX, YOLOv5)."""

    def forward(self, x):
        return torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)


class PartialStage(nn.Module):
    """Half of the channels go through bottlenecks, the other half past them (C3 of YOLOv5)."""

    def __init__(self, inputs, outputs, depth):
        super().__init__()
        half = outputs // 2
        self.first, self.second = (convolution(inputs, half, 1, activation=nn.SiLU) for _ in range(2))
        kernels = (1, 3)
        blocks = [nn.Sequential(*[convolution(half, half, kernel, activation=nn.SiLU) for kernel in kernels]) for _ in range(depth)]
        self.blocks, self.last = nn.Sequential(*[Residual(block) for block in blocks]), convolution(2 * half, outputs, 1, activation=nn.SiLU)

    def forward(self, x):
        return self.last(torch.cat([self.blocks(self.first(x)), self.second(x)], 1))


class Yolox(nn.Module):
    """YOLOX-tiny's backbone of 24 channels (Ge et al., arXiv:2107.08430), the pools of YOLOv5's SPPF, one decoded level of boxes; 416 x 416."""

    def __init__(self):
        super().__init__()

        def layer(inputs, outputs, kernel=3, stride=1):
            return convolution(inputs, outputs, kernel, stride, nn.SiLU)

        layers, inputs = [Focus(), layer(12, 24)], 24
        for channels, depth in ((48, 1), (96, 3), (192, 3), (384, 1)):
            layers += [layer(inputs, channels, 3, 2), PartialStage(channels, channels, depth)]
            inputs = channels
        self.backbone, self.shrink, self.join = nn.Sequential(*layers), layer(384, 192, 1), layer(768, 384, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.classes = nn.Sequential(layer(384, 96, 1), layer(96, 96), layer(96, 96), nn.Conv2d(96, 80, 1))
        self.regress = nn.Sequential(layer(384, 96, 1), layer(96, 96), layer(96, 96), nn.Conv2d(96, 5, 1))

    def forward(self, x):
        x = self.backbone(x)
        pools = [self.shrink(x)]
        for _ in range(3):
            pools.append(self.pool(pools[-1]))
        x = self.join(torch.cat(pools, 1))
        boxes = self.regress(x)
        rows, columns = torch.meshgrid(torch.arange(x.shape[2]), torch.arange(x.shape[3]), indexing="ij")
        centers = (boxes[:, :2] + torch.stack([columns, rows])[None]) * 32
        return torch.cat([centers, torch.exp(boxes[:, 2:4]) * 32, boxes[:, 4:].sigmoid(), self.classes(x).sigmoid()], 1).flatten(2).permute(0, 2, 1)


class BiSeNet(nn.Module):
    """Yu et al., arXiv:1808.00897: a path of few layers, another of small images with gates, joined; enlarged bilinearly by 8."""

    def __init__(self):
        super().__init__()
        self.space = nn.Sequential(convolution(3, 32, 7, 2), convolution(32, 32, 3, 2), convolution(32, 64, 3, 2), convolution(64, 128, 1))
        self.context = Pyramid()
        self.refine = nn.ModuleList([nn.Sequential(convolution(channels, 128), Squeeze(128, 128)) for channels in (128, 256)])
        self.whole, self.heads = convolution(256, 128, 1), nn.ModuleList([convolution(128, 128) for _ in range(2)])
        self.join, self.gate = convolution(256, 256, 1), Squeeze(256, 64)
        self.last = nn.Sequential(convolution(256, 64), nn.Conv2d(64, 19, 1))

    def forward(self, x):
        levels = self.context(x)
        whole = self.whole(functional.adaptive_avg_pool2d(levels[3], 1))
        deep = self.heads[0](enlarge_to(self.refine[1](levels[3]) + whole, levels[2]))
        middle = self.heads[1](enlarge_to(self.refine[0](levels[2]) + deep, levels[1]))
        joined = self.join(torch.cat([self.space(x), middle], 1))
        return enlarge_to(self.last(joined + self.gate(joined)), x, "bilinear")


class PspNet(nn.Module):
    """Zhao et al., arXiv:1612.01105: means over 1, 2 x 2, 3 x 3 and 6 x 6 parts of the image, enlarged bilinearly."""

    def __init__(self):
        super().__init__()
        self.backbone = Pyramid((32, 64, 128, 256))
        self.deep = nn.Sequential(convolution(128, 256, dilation=2, padding=2), convolution(256, 256, dilation=4, padding=4))
        self.parts = nn.ModuleList([nn.Sequential(nn.AdaptiveAvgPool2d(size), convolution(256, 64, 1)) for size in (1, 2, 3, 6)])
        self.last = nn.Sequential(convolution(512, 128), nn.Conv2d(128, 21, 1))

    def forward(self, x):
        deep = self.deep(self.backbone(x)[2])
        parts = [enlarge_to(layer(deep), deep, "bilinear") for layer in self.parts]
        return enlarge_to(self.last(torch.cat([deep, *parts], 1)), x, "bilinear")


class AttentionGate(nn.Module):
    """Oktay et al., arXiv:1804.03999: what is skipped, gated by what comes from below."""

    def __init__(self, skipped, below, width):
        super().__init__()
        self.skipped, self.below = convolution(skipped, width, 1, activation=None), convolution(below, width, 1, activation=None)
        self.gate = nn.Sequential(nn.ReLU(), convolution(width, 1, 1, activation=nn.Sigmoid))

    def forward(self, x, below):
        return x * self.gate(self.skipped(x) + self.below(below))


class AttentionUnet(nn.Module):
    """Three levels of 24, 48 and 96 channels with attention gates, one channel of 192 x 192."""

    def __init__(self):
        super().__init__()
        widths = (24, 48, 96)
        self.down = nn.ModuleList([nn.Sequential(convolution(a, b), convolution(b, b)) for a, b in zip((1, *widths), widths)])
        self.enlarge = nn.ModuleList([nn.Sequential(nn.Upsample(scale_factor=2), convolution(2 * width, width)) for width in (48, 24)])
        self.gates = nn.ModuleList([AttentionGate(width, width, width // 2) for width in (48, 24)])
        self.up = nn.ModuleList([nn.Sequential(convolution(2 * width, width), convolution(width, width)) for width in (48, 24)])
        self.last = nn.Conv2d(24, 2, 1)

    def forward(self, x):
        skips = []
        for level in self.down:
            x = level(functional.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        for skip, enlarge, gate, level in zip(skips[1::-1], self.enlarge, self.gates, self.up):
            x = enlarge(x)
            x = level(torch.cat([gate(skip, x), x], 1))
        return self.last(x)


class NestedUnet(nn.Module):
    """UNet++ (Zhou et al., arXiv:1807.10165) of four levels, bilinear with corners aligned; 16 to 128 channels, an image of 160 x 240."""

    def __init__(self):
        super().__init__()
        widths = (16, 32, 64, 128)
        self.nodes = nn.ModuleDict()
        for column in range(4):
            for row in range(4 - column):
                inputs = widths[row] * column + widths[row + 1] if column else (3, *widths)[row]
                self.nodes[f"{row}{column}"] = nn.Sequential(convolution(inputs, widths[row]), convolution(widths[row], widths[row]))
        self.last = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        results = {}
        for row in range(4):
            results[row, 0] = self.nodes[f"{row}0"](functional.max_pool2d(results[row - 1, 0], 2) if row else x)
        for column in range(1, 4):
            for row in range(4 - column):
                below = functional.interpolate(results[row + 1, column - 1], scale_factor=2, mode="bilinear", align_corners=True)
                results[row, column] = self.nodes[f"{row}{column}"](torch.cat([*[results[row, i] for i in range(column)], below], 1))
        return self.last(results[0, 3])


class LinkNet(nn.Module):
    """Chaurasia and Culurciello, arXiv:1707.03718: transposed convolutions of kernel 3 between 1 x 1 convolutions; an image of 256 x 320."""

    def __init__(self):
        super().__init__()
        widths = (32, 64, 128, 256)
        self.backbone = Pyramid(widths)

        def enlarge(inputs, outputs, stride=2):
            up = nn.ConvTranspose2d(inputs // 4, inputs // 4, 3, stride, 1, stride - 1, bias=False)
            layers = [convolution(inputs, inputs // 4, 1), up, nn.BatchNorm2d(inputs // 4), nn.ReLU()]
            return nn.Sequential(*layers, convolution(inputs // 4, outputs, 1))

        self.up = nn.ModuleList([enlarge(b, a) for a, b in zip(widths[2::-1], widths[:0:-1])])
        last = [nn.ConvTranspose2d(32, 32, 3, 2, 1, 1), nn.ReLU(), convolution(32, 32, norm=False), nn.ConvTranspose2d(32, 10, 2, 2)]
        self.last = nn.Sequential(enlarge(32, 32, 1), *last)

    def forward(self, x):
        *skips, x = self.backbone(x)
        for layer in self.up:
            x = layer(x) + skips.pop()
        return self.last(x)


class ReducedAttention(nn.Module):
    """Xie et al., arXiv:2105.15203: queries of all places, keys and values of an image made smaller by a strided convolution."""

    def __init__(self, width, heads, ratio):
        super().__init__()
        self.heads, self.query, self.both, self.last = heads, nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.shrink = nn.Sequential(nn.Conv2d(width, width, ratio, ratio), LayerNorm2d(width)) if ratio > 1 else nn.Identity()

    def forward(self, image):
        batch, width, rows, columns = image.shape
        query = self.query(image.flatten(2).transpose(1, 2)).reshape(batch, -1, self.heads, width // self.heads).transpose(1, 2)
        both = self.both(self.shrink(image).flatten(2).transpose(1, 2)).reshape(batch, -1, 2, self.heads, width // self.heads)
        key, value = both.permute(2, 0, 3, 1, 4)
        weights = torch.softmax(query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5, -1)
        result = self.last((weights @ value).transpose(1, 2).reshape(batch, rows * columns, width))
        return result.transpose(1, 2).reshape(batch, width, rows, columns)


def mixed_dense(width):
    """Dense layers with a depthwise convolution between them."""
    depthwise = nn.Conv2d(4 * width, 4 * width, 3, padding=1, groups=4 * width)
    return nn.Sequential(LayerNorm2d(width), nn.Conv2d(width, 4 * width, 1), depthwise, nn.GELU(), nn.Conv2d(4 * width, width, 1))


class SegFormer(nn.Module):
    """SegFormer-B0 with one block for each resolution: 32 to 256 channels, 256 x 256."""

    def __init__(self):
        super().__init__()
        widths, plan = (32, 64, 160, 256), ((1, 8), (2, 4), (5, 2), (8, 1))
        self.stages = nn.ModuleList()
        for i, (inputs, width, (heads, ratio)) in enumerate(zip((3, *widths), widths, plan)):
            embed = nn.Conv2d(inputs, width, 7, 4, 3) if i == 0 else nn.Conv2d(inputs, width, 3, 2, 1)
            attention = nn.Sequential(LayerNorm2d(width), ReducedAttention(width, heads, ratio))
            self.stages.append(nn.Sequential(embed, LayerNorm2d(width), Residual(attention), Residual(mixed_dense(width)), LayerNorm2d(width)))
        self.dense = nn.ModuleList([nn.Conv2d(width, 128, 1) for width in widths])
        self.last = nn.Sequential(convolution(512, 128, 1), nn.Conv2d(128, 19, 1))

    def forward(self, x):
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        levels = [enlarge_to(layer(level), levels[0], "bilinear") for layer, level in zip(self.dense, levels)]
        return self.last(torch.cat(levels[::-1], 1))


class DepthDecoder(nn.Module):
    """MiDaS's kind (Ranftl et al., arXiv:1907.01341): residual units of ReLU before the convolutions, bilinear with corners aligned; 255 x 383."""

    def __init__(self):
        super().__init__()
        self.backbone = Pyramid()

        def unit():
            return Residual(nn.Sequential(nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)))

        self.lateral = nn.ModuleList([nn.Conv2d(channels, 64, 3, padding=1, bias=False) for channels in (32, 64, 128, 256)])
        self.first, self.second = (nn.ModuleList([unit() for _ in range(4)]) for _ in range(2))
        enlarge = nn.Upsample(size=(255, 383), mode="bilinear")
        last = [nn.Conv2d(64, 32, 3, padding=1), enlarge, convolution(32, 32, norm=False), nn.Conv2d(32, 1, 1), nn.ReLU()]
        self.last = nn.Sequential(*last)

    def forward(self, x):
        levels = [layer(level) for layer, level in zip(self.lateral, self.backbone(x))]
        x = self.second[3](self.first[3](levels[3]))
        for i in (2, 1, 0):
            x = functional.interpolate(x, size=levels[i].shape[2:], mode="bilinear", align_corners=True)
            x = self.second[i](x + self.first[i](levels[i]))
        return self.last(x)
