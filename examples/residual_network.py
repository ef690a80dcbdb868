"""Residual networks for images: the stem, the blocks and the stages that ResNet-18, ResNet-50, ResNeXt-50 and DeepLab share.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015. Layers are named as in torchvision's resnet models.
"""


def convolution(net, name, norm, x, channels, kernel_size, stride=1, dilation=1, groups=1):
    """A convolution that keeps the size at stride 1, and its batch normalisation."""
    x = net.conv(
        name,
        x,
        out_channels=channels,
        kernel_size=kernel_size,
        stride=stride,
        padding=dilation * (kernel_size // 2),
        dilation=dilation,
        groups=groups,
        bias=False,
    )
    return net.batch_norm(norm, x)


def shortcut(net, name, x, channels, stride, changes_shape):
    """What is added to the block's result: its input, or a pointwise convolution of it where the shape changes."""
    if not changes_shape:
        return x
    return convolution(net, f"{name}.downsample.0", f"{name}.downsample.1", x, channels, 1, stride)


def basic_block(net, name, x, channels, stride, dilation, changes_shape, groups, group_width):
    """Two 3 x 3 convolutions."""
    y = convolution(net, f"{name}.conv1", f"{name}.bn1", x, channels, 3, stride)
    y = net.relu(f"{name}.relu1", y)
    y = convolution(net, f"{name}.conv2", f"{name}.bn2", y, channels, 3)
    y = net.add(f"{name}.add", y, shortcut(net, name, x, channels, stride, changes_shape))
    return net.relu(f"{name}.relu2", y)


def bottleneck_block(net, name, x, channels, stride, dilation, changes_shape, groups, group_width):
    """Pointwise to fewer channels, 3 x 3 (in groups for ResNeXt), pointwise to four times the channels."""
    width = channels * group_width // 64 * groups
    y = convolution(net, f"{name}.conv1", f"{name}.bn1", x, width, 1)
    y = net.relu(f"{name}.relu1", y)
    y = convolution(net, f"{name}.conv2", f"{name}.bn2", y, width, 3, stride, dilation, groups)
    y = net.relu(f"{name}.relu2", y)
    y = convolution(net, f"{name}.conv3", f"{name}.bn3", y, 4 * channels, 1)
    y = net.add(f"{name}.add", y, shortcut(net, name, x, 4 * channels, stride, changes_shape))
    return net.relu(f"{name}.relu3", y)


def residual_stages(net, x, block, depths, groups=1, group_width=64, dilated=(False, False, False), prefix=""):
    """The stem and the four stages, with depths[i] blocks each. `dilated` says for the last three stages whether they
    keep the resolution and dilate their kernels instead of striding."""
    x = net.conv(f"{prefix}conv1", x, out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    x = net.batch_norm(f"{prefix}bn1", x)
    x = net.relu(f"{prefix}relu", x)
    x = net.max_pool(f"{prefix}maxpool", x, kernel_size=3, stride=2, padding=1)
    dilation = 1
    for stage, depth in enumerate(depths):
        stride, first_dilation = (1 if stage == 0 else 2), dilation
        if stage > 0 and dilated[stage - 1]:
            # The first block keeps the dilation of the stage before: its input was not strided.
            dilation, stride = dilation * stride, 1
        for index in range(depth):
            first = index == 0
            x = block(
                net,
                f"{prefix}layer{stage + 1}.{index}",
                x,
                64 << stage,
                stride if first else 1,
                first_dilation if first else dilation,
                first and (stage > 0 or block is bottleneck_block),
                groups,
                group_width,
            )
    return x


def classifier(net, x, classes=1000):
    """The mean of each map and a dense layer."""
    x = net.global_average_pool("avgpool", x)
    x = net.flatten("flatten", x)
    return net.linear("fc", x, out_features=classes)
