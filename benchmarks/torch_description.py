"""A network description as a module of PyTorch's, of the layers that a user's model has (Conv2d, BatchNorm2d, …), with the description's weights.

An independent reading of the format: nothing here is shared with the compiler. What it knows is what the examples that are measured on a GPU need;
other layers are refused.
"""

import pathlib
import sys

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "support"))
from network_description import NetworkDescription  # noqa: E402


class NotInTorch(Exception):
    """A layer is none that is known here."""


# Layers whose result is a new tensor, which the layer after it may overwrite if nothing else reads it.
FRESH = {"conv", "conv_transpose", "batch_norm", "linear", "add"}

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAX_POOLS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE_POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
GLOBAL_POOLS = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}


class Add(nn.Module):
    """The sum of its inputs, in the memory of the first where that is allowed, as torchvision's residual blocks do it."""

    def __init__(self, inplace):
        super().__init__()
        self.inplace = inplace

    def forward(self, first, *others):
        for other in others:
            first = first.add_(other) if self.inplace else first + other
        return first


class Concatenation(nn.Module):
    def __init__(self, axis):
        super().__init__()
        self.axis = axis

    def forward(self, *inputs):
        return torch.cat(inputs, self.axis)


def has_bias(layer):
    return layer.get("bias", True) is not False


def read_padding(layer):
    """The padding as PyTorch takes it: a number, one for each dimension, or a name."""
    padding = layer.get("padding", 0)
    if isinstance(padding, list) and any(isinstance(size, list) for size in padding):
        if any(isinstance(size, list) and size[0] != size[1] for size in padding):
            raise NotInTorch(f"layer '{layer['name']}': different paddings at both ends")
        padding = [size[0] if isinstance(size, list) else size for size in padding]
    return tuple(padding) if isinstance(padding, list) else padding


def read_sizes(layer, key, default):
    value = layer.get(key, default)
    return tuple(value) if isinstance(value, list) else value


def make_layer(layer, shapes, inplace):
    """The module of a layer whose inputs have these shapes.

    `inplace`: whether it may overwrite its first input."""
    op, shape = layer["op"], shapes[0]
    dimensions = len(shape) - 2

    def window(stride):
        return {"kernel_size": read_sizes(layer, "kernel_size", None), "stride": read_sizes(layer, "stride", stride), "padding": read_padding(layer)}

    if op in ("conv", "conv_transpose"):
        options = {**window(1), "dilation": read_sizes(layer, "dilation", 1), "groups": layer.get("groups", 1), "bias": has_bias(layer)}
        if op == "conv":
            return CONVOLUTIONS[dimensions](shape[1], layer["out_channels"], padding_mode=layer.get("padding_mode", "zeros"), **options)
        return TRANSPOSED[dimensions](shape[1], layer["out_channels"], output_padding=read_sizes(layer, "output_padding", 0), **options)
    if op == "linear":
        return nn.Linear(shape[1], layer["out_features"], bias=has_bias(layer))
    if op == "batch_norm":
        return NORMS[max(dimensions, 1)](shape[1], eps=layer.get("eps", 1e-5), affine=layer.get("affine", True))
    if op == "max_pool":
        return MAX_POOLS[dimensions](**window(None), dilation=read_sizes(layer, "dilation", 1), ceil_mode=layer.get("ceil_mode", False))
    if op == "average_pool":
        more = {"ceil_mode": layer.get("ceil_mode", False), "count_include_pad": layer.get("count_include_pad", True)}
        return AVERAGE_POOLS[dimensions](**window(None), **more)
    if op == "global_average_pool":
        return GLOBAL_POOLS[dimensions](1)
    if op == "upsample":
        linear = {1: "linear", 2: "bilinear", 3: "trilinear"}[dimensions]
        mode = layer.get("mode", "nearest")
        options = {} if mode == "nearest" else {"align_corners": layer.get("align_corners", False)}
        mode = "nearest" if mode == "nearest" else linear
        return nn.Upsample(read_sizes(layer, "size", None), read_sizes(layer, "scale_factor", None), mode, **options)
    if op == "flatten":
        return nn.Flatten(layer.get("start_dim", 1), layer.get("end_dim", -1))
    if op == "concat":
        return Concatenation(layer.get("dim", 1))
    if op == "add":
        return Add(inplace and all(other == shape for other in shapes))
    simple = {
        "relu": lambda: nn.ReLU(inplace),
        "relu6": lambda: nn.ReLU6(inplace),
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "softmax": lambda: nn.Softmax(layer.get("dim", 1)),
        "dropout": nn.Dropout,
        "identity": nn.Identity,
    }
    if op in simple:
        return simple[op]()
    raise NotInTorch(f"layer '{layer['name']}': no module for '{op}'")


def find_fan_in(layer, module):
    """The products that are added up for an output, on average: what random filters are scaled by. Nothing for other weights."""
    if layer["op"] == "linear":
        return float(module.in_features)
    if layer["op"] not in ("conv", "conv_transpose"):
        return None
    count = module.in_channels / module.groups
    for size, stride in zip(module.kernel_size, module.stride):
        count *= size if layer["op"] == "conv" else size / stride
    return float(count)


class DescribedNetwork(nn.Module):
    """The layers of a description, in an order in which they can be computed."""

    def __init__(self, network):
        """Its layers have no memory yet (they are on the device "meta"): load_weights gives it to them.

        Raises:
            NotInTorch: there is a layer that isn't known here.
        """
        super().__init__()
        self.input_names, self.output_names = list(network.inputs), list(network.outputs)
        uses = list(self.output_names) + [name for layer in network.layers for name in layer["inputs"]]
        last_uses = {name: index for index, layer in enumerate(network.layers) for name in layer["inputs"]}
        operators = {layer["name"]: layer["op"] for layer in network.layers}
        self.modules_in_order = nn.ModuleList()
        self.steps = []  # the name of each result, those of its inputs, and the values that nothing reads any more after it
        self.described_layers = network.layers
        with torch.device("meta"), torch.no_grad():
            values = {name: torch.empty(shape) for name, shape in network.inputs.items()}
            for index, layer in enumerate(network.layers):
                inputs = [values[name] for name in layer["inputs"]]
                inplace = operators.get(layer["inputs"][0]) in FRESH and uses.count(layer["inputs"][0]) == 1
                module = make_layer(layer, [tuple(value.shape) for value in inputs], inplace).eval()
                values[layer["name"]] = module(*inputs)
                self.modules_in_order.append(module)
                unused = [name for name in {*layer["inputs"]} if last_uses[name] == index and name not in self.output_names]
                self.steps.append((layer["name"], tuple(layer["inputs"]), tuple(sorted(unused))))
        self.output_shapes = [tuple(values[name].shape) for name in self.output_names]
        self.eval()

    def make_weights(self, network):
        """The weights of the description as a state_dict of this module's."""
        weights = {}
        for index, (layer, module) in enumerate(zip(self.described_layers, self.modules_in_order)):
            fan_in = find_fan_in(layer, module)
            for part, empty in module.state_dict().items():
                key = f"modules_in_order.{index}.{part}"
                if part == "num_batches_tracked":
                    weights[key] = torch.tensor(0)
                    continue
                values = network.weight(layer, part, tuple(empty.shape), fan_in if part == "weight" else None)
                weights[key] = torch.from_numpy(values.copy())
        return weights

    def load_weights(self, weights):
        """Takes copies of the weights, which remain as they are when this module is moved or rounded."""
        self.load_state_dict({key: value.clone() for key, value in weights.items()}, assign=True)
        return self.requires_grad_(False)

    def forward(self, *inputs):
        """The outputs in a list."""
        values = dict(zip(self.input_names, inputs))
        for module, (name, sources, unused) in zip(self.modules_in_order, self.steps):
            values[name] = module(*[values[source] for source in sources])
            for source in unused:
                del values[source]
        return [values[name] for name in self.output_names]


def load_network(description, directory="."):
    """The module of a description (a dict), with its weights, in float32 on the CPU."""
    network = NetworkDescription(description, directory)
    module = DescribedNetwork(network)
    return module.load_weights(module.make_weights(network))
