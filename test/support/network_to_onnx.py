"""Converts a JSON network description to an ONNX model, to compare the compiler with ONNX Runtime.

    network_to_onnx.py NETWORK.json MODEL.onnx

An independent reading of the format: nothing here is shared with the compiler.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from network_description import NetworkDescription

OPSET = 21
IR_VERSION = 10


class NotInOnnx(Exception):
    """The layer is right, but no ONNX operator, or not ONNX Runtime's implementation of it, says the same."""


CONVERTERS = {}


def converts(*names):
    def register(function):
        for name in names:
            CONVERTERS[name] = function
        return function

    return register


class Converter:
    """Builds the graph layer by layer. `shapes` has the shape of every value so far."""

    def __init__(self, network):
        self.network = network
        self.nodes = []
        self.initializers = []
        self.shapes = dict(network.inputs)
        self.fresh_names = 0

    def convert(self):
        for layer in self.network.layers:
            if layer["op"] not in CONVERTERS:
                raise ValueError(f"layer '{layer['name']}': unknown operator '{layer['op']}'")
            result = CONVERTERS[layer["op"]](self, layer, *layer["inputs"])
            self.emit("Identity", [result], name=layer["name"])
        graph = helper.make_graph(
            self.nodes,
            self.network.name,
            [self.value_info(name) for name in self.network.inputs],
            [self.value_info(name) for name in self.network.outputs],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        return model

    def value_info(self, name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes[name])

    def fresh(self):
        self.fresh_names += 1
        return f"value:{self.fresh_names}"  # no layer's name has a colon

    def emit(self, operator, inputs, shape=None, name=None, **attributes):
        """Adds a node and returns its result's name; without `shape` the result has that of the first input."""
        name = name or self.fresh()
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        self.shapes[name] = tuple(int(size) for size in (shape if shape is not None else self.shapes[inputs[0]]))
        return name

    def constant(self, values, kind=np.float32):
        name = self.fresh()
        array = np.asarray(values, kind)
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        self.shapes[name] = array.shape
        return name

    def weight(self, layer, part, shape, fan_in=None):
        return self.constant(self.network.weight(layer, part, tuple(shape), fan_in))


def per_dimension(value, dimensions):
    return list(value) if isinstance(value, (list, tuple)) else [value] * dimensions


def window_parameters(layer, dimensions, default_stride=1):
    """Kernel, strides, dilations, low and high paddings, a list each."""
    kernel = per_dimension(layer["kernel_size"], dimensions)
    stride = layer.get("stride", default_stride)
    strides = kernel if stride is None else per_dimension(stride, dimensions)
    dilations = per_dimension(layer.get("dilation", 1), dimensions)
    padding = layer.get("padding", 0)
    if padding == "valid":
        padding = 0
    if padding == "same":
        total = [dilation * (size - 1) for size, dilation in zip(kernel, dilations)]
        return kernel, strides, dilations, [t // 2 for t in total], [t - t // 2 for t in total]
    pairs = [list(pair) if isinstance(pair, (list, tuple)) else [pair, pair] for pair in per_dimension(padding, dimensions)]
    return kernel, strides, dilations, [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def window_sizes(sizes, kernel, strides, dilations, low, high, ceil_mode=False):
    result = []
    for size, k, s, d, before, after in zip(sizes, kernel, strides, dilations, low, high):
        room = size + before + after - (k - 1) * d - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= size + before:
            count -= 1
        result.append(count)
    return result


ONNX_PADDING_MODES = {"zeros": "constant", "constant": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}


def pad_spatially(converter, x, low, high, mode, value=0.0):
    if not any(low) and not any(high):
        return x
    shape = converter.shapes[x]
    sizes = [size + before + after for size, before, after in zip(shape[2:], low, high)]
    pads = converter.constant([0, 0, *low, 0, 0, *high], np.int64)
    inputs = [x, pads] + ([converter.constant(value)] if ONNX_PADDING_MODES[mode] == "constant" else [])
    return converter.emit("Pad", inputs, [*shape[:2], *sizes], mode=ONNX_PADDING_MODES[mode])


@converts("conv")
def convert_conv(converter, layer, x):
    shape = converter.shapes[x]
    kernel, strides, dilations, low, high = window_parameters(layer, len(shape) - 2)
    groups = layer.get("groups", 1)
    if layer.get("padding_mode", "zeros") != "zeros":
        x = pad_spatially(converter, x, low, high, layer["padding_mode"])
        low, high = [0] * len(low), [0] * len(high)
    channels = layer["out_channels"]
    filter_shape = [channels, shape[1] // groups, *kernel]
    inputs = [x, converter.weight(layer, "weight", filter_shape, float(np.prod(filter_shape[1:])))]
    if layer.get("bias", True) is not False:
        inputs.append(converter.weight(layer, "bias", [channels]))
    sizes = window_sizes(converter.shapes[x][2:], kernel, strides, dilations, low, high)
    return converter.emit(
        "Conv", inputs, [shape[0], channels, *sizes], kernel_shape=kernel, strides=strides, dilations=dilations,
        pads=low + high, group=groups,
    )


@converts("conv_transpose")
def convert_conv_transpose(converter, layer, x):
    shape = converter.shapes[x]
    kernel, strides, dilations, low, high = window_parameters(layer, len(shape) - 2)
    output_padding = per_dimension(layer.get("output_padding", 0), len(kernel))
    # ONNX Runtime wants output paddings below the stride: a zero at the end of the input makes `stride` of them.
    zeros = [extra // s for extra, s in zip(output_padding, strides)]
    x = pad_spatially(converter, x, [0] * len(zeros), zeros, "zeros")
    output_padding = [extra % s for extra, s in zip(output_padding, strides)]
    shape = converter.shapes[x]
    groups = layer.get("groups", 1)
    channels = layer["out_channels"]
    filter_shape = [shape[1], channels // groups, *kernel]
    fan_in = shape[1] * float(np.prod(kernel)) / float(np.prod(strides)) / groups
    inputs = [x, converter.weight(layer, "weight", filter_shape, fan_in)]
    if layer.get("bias", True) is not False:
        inputs.append(converter.weight(layer, "bias", [channels]))
    sizes = [
        (size - 1) * s + (k - 1) * d + 1 + extra - before - after
        for size, k, s, d, before, after, extra in zip(shape[2:], kernel, strides, dilations, low, high, output_padding)
    ]
    return converter.emit(
        "ConvTranspose", inputs, [shape[0], channels, *sizes], kernel_shape=kernel, strides=strides, dilations=dilations,
        pads=low + high, output_padding=output_padding, group=groups,
    )


@converts("linear")
def convert_linear(converter, layer, x):
    batch, channels = converter.shapes[x]
    features = layer["out_features"]
    inputs = [x, converter.weight(layer, "weight", [features, channels], float(channels))]
    if layer.get("bias", True) is not False:
        inputs.append(converter.weight(layer, "bias", [features]))
    return converter.emit("Gemm", inputs, [batch, features], transB=1)


@converts("max_pool", "average_pool", "lp_pool")
def convert_pool(converter, layer, x):
    shape = converter.shapes[x]
    kernel, strides, dilations, low, high = window_parameters(layer, len(shape) - 2, default_stride=None)
    if any(max(pair) >= size for pair, size in zip(zip(low, high), kernel)):
        raise NotInOnnx("ONNX Runtime wants paddings smaller than the kernel, dilated or not")
    ceil_mode = layer.get("ceil_mode", False)
    operator = {"max_pool": "MaxPool", "average_pool": "AveragePool", "lp_pool": "LpPool"}[layer["op"]]
    extra = {}
    if layer["op"] == "average_pool":
        extra["count_include_pad"] = int(layer.get("count_include_pad", True))
    if layer["op"] == "lp_pool":
        extra["p"] = layer.get("norm_type", 2)
    sizes = window_sizes(shape[2:], kernel, strides, dilations, low, high, ceil_mode)
    return converter.emit(
        operator, [x], [*shape[:2], *sizes], kernel_shape=kernel, strides=strides, dilations=dilations, pads=low + high,
        ceil_mode=int(ceil_mode), **extra,
    )


@converts("global_max_pool", "global_average_pool", "global_lp_pool")
def convert_global_pool(converter, layer, x):
    shape = converter.shapes[x]
    operator = {
        "global_max_pool": "GlobalMaxPool", "global_average_pool": "GlobalAveragePool", "global_lp_pool": "GlobalLpPool",
    }[layer["op"]]
    exponent = layer.get("norm_type", 2) if layer["op"] == "global_lp_pool" else None
    return converter.emit(operator, [x], [*shape[:2], *[1] * (len(shape) - 2)], p=exponent)


@converts("pad")
def convert_pad(converter, layer, x):
    dimensions = len(converter.shapes[x]) - 2
    padding = per_dimension(layer["padding"], dimensions)
    pairs = [list(pair) if isinstance(pair, (list, tuple)) else [pair, pair] for pair in padding]
    low, high = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return pad_spatially(converter, x, low, high, layer.get("mode", "constant"), layer.get("value", 0.0))


@converts("batch_norm")
def convert_batch_norm(converter, layer, x):
    channels = [converter.shapes[x][1]]
    if layer.get("affine", True):
        scale, bias = converter.weight(layer, "weight", channels), converter.weight(layer, "bias", channels)
    else:
        scale, bias = converter.constant(np.ones(channels)), converter.constant(np.zeros(channels))
    mean, variance = (converter.weight(layer, part, channels) for part in ("running_mean", "running_var"))
    return converter.emit("BatchNormalization", [x, scale, bias, mean, variance], epsilon=layer.get("eps", 1e-5))


@converts("instance_norm", "group_norm")
def convert_group_norm(converter, layer, x):
    shape = converter.shapes[x]
    if layer.get("affine", layer["op"] == "group_norm"):
        scale, bias = converter.weight(layer, "weight", shape[1:2]), converter.weight(layer, "bias", shape[1:2])
    else:
        scale, bias = converter.constant(np.ones(shape[1])), converter.constant(np.zeros(shape[1]))
    epsilon = layer.get("eps", 1e-5)
    if layer["op"] == "instance_norm":
        return converter.emit("InstanceNormalization", [x, scale, bias], epsilon=epsilon)
    return converter.emit("GroupNormalization", [x, scale, bias], num_groups=layer["num_groups"], epsilon=epsilon)


@converts("layer_norm")
def convert_layer_norm(converter, layer, x):
    normalized = per_dimension(layer["normalized_shape"], 1)
    if layer.get("elementwise_affine", True):
        inputs = [x, converter.weight(layer, "weight", normalized)]
        if layer.get("bias", True) is not False:
            inputs.append(converter.weight(layer, "bias", normalized))
    else:
        inputs = [x, converter.constant(np.ones(normalized))]
    axis = len(converter.shapes[x]) - len(normalized)
    return converter.emit("LayerNormalization", inputs, axis=axis, epsilon=layer.get("eps", 1e-5))


@converts("local_response_norm")
def convert_local_response_norm(converter, layer, x):
    # ONNX Runtime takes images only; the order of the positions doesn't matter.
    shape = converter.shapes[x]
    image = reshape(converter, x, [*shape[:2], int(np.prod(shape[2:])), 1])
    result = converter.emit(
        "LRN", [image], size=layer["size"], alpha=float(layer.get("alpha", 1e-4)), beta=float(layer.get("beta", 0.75)),
        bias=float(layer.get("k", 1.0)),
    )
    return reshape(converter, result, shape)


def one_of(value, choices):
    if value not in choices:
        raise ValueError(f"'{value}' is none of {sorted(choices)}")
    return choices[value]


ACTIVATIONS = {
    "relu": lambda layer: ("Relu", {}),
    "leaky_relu": lambda layer: ("LeakyRelu", {"alpha": float(layer.get("negative_slope", 0.01))}),
    "elu": lambda layer: ("Elu", {"alpha": float(layer.get("alpha", 1.0))}),
    "selu": lambda layer: ("Selu", {}),
    "celu": lambda layer: ("Celu", {"alpha": float(layer.get("alpha", 1.0))}),
    "gelu": lambda layer: ("Gelu", {"approximate": one_of(layer.get("approximate", "none"), {"none": "none", "tanh": "tanh"})}),
    "mish": lambda layer: ("Mish", {}),
    "sigmoid": lambda layer: ("Sigmoid", {}),
    "tanh": lambda layer: ("Tanh", {}),
    "softplus": lambda layer: ("Softplus", {}),
    "softsign": lambda layer: ("Softsign", {}),
    "hardsigmoid": lambda layer: ("HardSigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
    "hardswish": lambda layer: ("HardSwish", {}),
    "abs": lambda layer: ("Abs", {}),
    "exp": lambda layer: ("Exp", {}),
    "log": lambda layer: ("Log", {}),
    "sqrt": lambda layer: ("Sqrt", {}),
    "neg": lambda layer: ("Neg", {}),
    "reciprocal": lambda layer: ("Reciprocal", {}),
    "identity": lambda layer: ("Identity", {}),
    "dropout": lambda layer: ("Identity", {}),
    "softmax": lambda layer: ("Softmax", {"axis": layer.get("dim", 1)}),
    "log_softmax": lambda layer: ("LogSoftmax", {"axis": layer.get("dim", 1)}),
}


@converts(*ACTIVATIONS)
def convert_same_shape(converter, layer, x):
    operator, attributes = ACTIVATIONS[layer["op"]](layer)
    return converter.emit(operator, [x], **attributes)


@converts("silu")
def convert_silu(converter, layer, x):
    return converter.emit("Mul", [x, converter.emit("Sigmoid", [x])])


@converts("square")
def convert_square(converter, layer, x):
    return converter.emit("Mul", [x, x])


@converts("clamp", "relu6")
def convert_clamp(converter, layer, x):
    low, high = (0.0, 6.0) if layer["op"] == "relu6" else (layer.get("min"), layer.get("max"))
    limits = [converter.constant(low) if low is not None else "", converter.constant(high) if high is not None else ""]
    return converter.emit("Clip", [x, *limits])


@converts("prelu")
def convert_prelu(converter, layer, x):
    shape = converter.shapes[x]
    slope = converter.network.weight(layer, "weight", [layer.get("num_parameters", 1)])
    return converter.emit("PRelu", [x, converter.constant(slope.reshape([-1] + [1] * (len(shape) - 2)))])


@converts("add", "subtract", "multiply", "divide", "maximum", "minimum")
def convert_binary(converter, layer, first, *others):
    operator = {
        "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max", "minimum": "Min",
    }[layer["op"]]
    for other in others:
        shape = np.broadcast_shapes(converter.shapes[first], converter.shapes[other])
        first = converter.emit(operator, [first, other], shape)
    return first


@converts("concat")
def convert_concat(converter, layer, *inputs):
    shape = list(converter.shapes[inputs[0]])
    axis = layer.get("dim", 1) % len(shape)
    shape[axis] = sum(converter.shapes[name][axis] for name in inputs)
    return converter.emit("Concat", list(inputs), shape, axis=axis)


def reshape(converter, x, shape):
    return converter.emit("Reshape", [x, converter.constant(shape, np.int64)], shape)


@converts("flatten")
def convert_flatten(converter, layer, x):
    shape = converter.shapes[x]
    first, last = layer.get("start_dim", 1) % len(shape), layer.get("end_dim", -1) % len(shape)
    return reshape(converter, x, [*shape[:first], int(np.prod(shape[first : last + 1])), *shape[last + 1 :]])


@converts("reshape")
def convert_reshape(converter, layer, x):
    known = abs(int(np.prod(layer["shape"])))
    total = int(np.prod(converter.shapes[x]))
    return reshape(converter, x, [total // known if size == -1 else size for size in layer["shape"]])


def transpose(converter, x, order):
    return converter.emit("Transpose", [x], [converter.shapes[x][d] for d in order], perm=order)


@converts("permute")
def convert_permute(converter, layer, x):
    return transpose(converter, x, [d % len(converter.shapes[x]) for d in layer["dims"]])


@converts("slice")
def convert_slice(converter, layer, x):
    shape = list(converter.shapes[x])
    axis = layer["dim"] % len(shape)
    start, stop, step = slice(layer.get("start"), layer.get("stop"), layer.get("step", 1)).indices(shape[axis])
    shape[axis] = len(range(start, stop, step))
    limits = [converter.constant([number], np.int64) for number in (start, stop, axis, step)]
    return converter.emit("Slice", [x, *limits], shape)


@converts("upsample")
def convert_upsample(converter, layer, x):
    shape = converter.shapes[x]
    dimensions = len(shape) - 2
    if "size" in layer:
        sizes = per_dimension(layer["size"], dimensions)
    else:
        sizes = [int(size * factor) for size, factor in zip(shape[2:], per_dimension(layer["scale_factor"], dimensions))]
    if layer.get("mode", "nearest") == "nearest":
        # Resize computes its positions in floating point; these are exact.
        for d, (before, after) in enumerate(zip(shape[2:], sizes)):
            positions = converter.constant([o * before // after for o in range(after)], np.int64)
            now = list(converter.shapes[x])
            now[d + 2] = after
            x = converter.emit("Gather", [x, positions], now, axis=d + 2)
        return x
    kind = "align_corners" if layer.get("align_corners", False) else "half_pixel"
    inputs = [x, "", "", converter.constant([*shape[:2], *sizes], np.int64)]
    return converter.emit("Resize", inputs, [*shape[:2], *sizes], mode="linear", coordinate_transformation_mode=kind)


@converts("pixel_shuffle")
def convert_pixel_shuffle(converter, layer, x):
    batch, channels, height, width = converter.shapes[x]
    factor = layer["upscale_factor"]
    shape = [batch, channels // factor**2, height * factor, width * factor]
    return converter.emit("DepthToSpace", [x], shape, blocksize=factor, mode="CRD")


@converts("channel_shuffle")
def convert_channel_shuffle(converter, layer, x):
    batch, channels, *sizes = converter.shapes[x]
    groups = layer["groups"]
    x = reshape(converter, x, [batch, groups, channels // groups, *sizes])
    x = transpose(converter, x, [0, 2, 1, *range(3, 3 + len(sizes))])
    return reshape(converter, x, [batch, channels, *sizes])


def network_to_onnx(description, directory="."):
    """The ONNX model of a description (a dict, or the path of a .json file)."""
    if isinstance(description, dict):
        network = NetworkDescription(description, directory)
    else:
        network = NetworkDescription.load(description)
    return Converter(network).convert()


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv or "-h" in sys.argv else 1
    onnx.save(network_to_onnx(sys.argv[1]), sys.argv[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
