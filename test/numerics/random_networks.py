"""Random small networks: chains and branches of the layers that the compiler fuses, shares and plans memory for."""

import random

import numpy as np

CHANNELS = (3, 4, 8, 13, 16, 20, 32)
ACTIVATIONS = (
    {"op": "relu"}, {"op": "relu6"}, {"op": "leaky_relu", "negative_slope": 0.1}, {"op": "silu"}, {"op": "sigmoid"},
    {"op": "tanh"}, {"op": "hardswish"}, {"op": "gelu"}, {"op": "elu"}, {"op": "prelu"},
)


class RandomNetwork:
    """Grows a network layer by layer; `shapes` has what every layer so far gives."""

    def __init__(self, seed, layers=24):
        self.choose = random.Random(seed)
        size = self.choose.choice((7, 8, 12, 15))
        self.shapes = {"x": (self.choose.choice((1, 1, 2)), self.choose.choice(CHANNELS), size, size)}
        self.layers = []
        while len(self.layers) < layers:
            steps = (self.block, self.block, self.block, self.residual, self.concatenation, self.pooling, self.other)
            self.choose.choice(steps)()
        last = self.layers[-1]["name"]
        # Besides the last layer, one in the middle is an output too: it must outlive its last reader.
        middle = self.choose.choice(self.layers[:-1])["name"]
        self.description = {
            "name": f"network{seed}",
            "weights": {"random": seed},
            "inputs": [{"name": "x", "shape": list(self.shapes["x"])}],
            "layers": self.layers,
            "outputs": [last, middle],
        }

    def recent(self):
        """Mostly the newest value, sometimes an older one, which makes branches."""
        names = list(self.shapes)
        return names[-1] if self.choose.random() < 0.7 else self.choose.choice(names[-6:])

    def add(self, layer, inputs, shape):
        name = f"layer{len(self.layers)}"
        self.layers.append({"name": name, "inputs": inputs, **layer})
        self.shapes[name] = tuple(shape)
        return name

    def convolution(self, source, channels=None, same_size=False):
        batch, inputs, *sizes = self.shapes[source]
        kernel = self.choose.choice((1, 3, 3, 5))
        stride = 1 if same_size or min(sizes) < 6 else self.choose.choice((1, 1, 2))
        channels = channels or self.choose.choice(CHANNELS)
        groups = self.choose.choice([1, 1, 1, *[g for g in (2, 4, inputs) if inputs % g == channels % g == 0]])
        layer = {
            "op": "conv", "out_channels": channels, "kernel_size": kernel, "padding": kernel // 2, "stride": stride,
            "groups": groups, "bias": self.choose.random() < 0.5,
            "padding_mode": "zeros" if self.choose.random() < 0.9 else "replicate",
        }
        sizes = [(size + 2 * (kernel // 2) - kernel) // stride + 1 for size in sizes]
        return self.add(layer, [source], (batch, channels, *sizes))

    def block(self, source=None, **parameters):
        """Convolution, perhaps batch normalisation, perhaps an activation."""
        name = self.convolution(source or self.recent(), **parameters)
        if self.choose.random() < 0.6:
            name = self.add({"op": "batch_norm"}, [name], self.shapes[name])
        if self.choose.random() < 0.7:
            name = self.add(self.choose.choice(ACTIVATIONS), [name], self.shapes[name])
        return name

    def residual(self):
        source = self.recent()
        branch = self.block(source, same_size=True)
        branch = self.convolution(branch, channels=self.shapes[source][1], same_size=True)
        operator = self.choose.choice(("add", "add", "add", "multiply", "maximum"))
        inputs = [branch, source] if self.choose.random() < 0.5 else [source, branch]
        name = self.add({"op": operator}, inputs, self.shapes[source])
        if self.choose.random() < 0.7:
            self.add({"op": "relu"}, [name], self.shapes[name])

    def concatenation(self):
        source = self.recent()
        parts = [self.block(source, same_size=True) for _ in range(self.choose.choice((2, 3)))]
        if self.choose.random() < 0.5:
            parts.append(source)
        batch, _, *sizes = self.shapes[source]
        self.add({"op": "concat"}, parts, (batch, sum(self.shapes[part][1] for part in parts), *sizes))

    def pooling(self):
        source = self.recent()
        batch, channels, *sizes = self.shapes[source]
        operator = self.choose.choice(("max_pool", "average_pool"))
        stride = 1 if min(sizes) < 6 else 2
        layer = {"op": operator, "kernel_size": 3, "stride": stride, "padding": 1}
        self.add(layer, [source], (batch, channels, *[(size - 1) // stride + 1 for size in sizes]))

    def other(self):
        """A layer between convolutions that wants another layout, or another size, than they do."""
        source = self.recent()
        batch, channels, *sizes = shape = self.shapes[source]
        kind = self.choose.choice(("grow", "norm", "shuffle", "slice", "pad", "softmax", "gate", "transposed"))
        if kind == "grow" and max(sizes) <= 8:
            layer = {"op": "upsample", "scale_factor": 2, "mode": self.choose.choice(("nearest", "linear"))}
            self.add(layer, [source], (batch, channels, *[2 * size for size in sizes]))
        elif kind == "transposed" and max(sizes) <= 8:
            outputs = self.choose.choice(CHANNELS)
            layer = {"op": "conv_transpose", "out_channels": outputs, "kernel_size": 4, "stride": 2, "padding": 1}
            self.add(layer, [source], (batch, outputs, *[2 * size for size in sizes]))
        elif kind == "norm":
            self.add(self.choose.choice(({"op": "group_norm", "num_groups": 1}, {"op": "instance_norm"})), [source], shape)
        elif kind == "shuffle" and channels % 2 == 0:
            self.add({"op": "channel_shuffle", "groups": 2}, [source], shape)
        elif kind == "slice" and channels > 1:
            self.add({"op": "slice", "dim": 1, "start": 1}, [source], (batch, channels - 1, *sizes))
        elif kind == "pad":
            layer = {"op": "pad", "padding": [[1, 0], [0, 1]], "mode": self.choose.choice(("constant", "replicate"))}
            self.add(layer, [source], (batch, channels, *[size + 1 for size in sizes]))
        elif kind == "softmax":
            self.add({"op": "softmax", "dim": 1}, [source], shape)
        elif kind == "gate":
            # Squeeze and excitation (Hu et al. 2018, arXiv:1709.01507).
            pooled = self.add({"op": "global_average_pool"}, [source], (batch, channels, 1, 1))
            weights = self.add({"op": "conv", "out_channels": channels, "kernel_size": 1}, [pooled], (batch, channels, 1, 1))
            weights = self.add({"op": "sigmoid"}, [weights], (batch, channels, 1, 1))
            self.add({"op": "multiply"}, [source, weights], shape)

    def inputs(self):
        shape = self.shapes["x"]
        return {"x": np.random.default_rng(self.description["weights"]["random"]).uniform(-1, 1, shape).astype(np.float32)}
