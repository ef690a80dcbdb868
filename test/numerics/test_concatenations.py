"""Concatenations whose parts are computed where they lie: values that lie in several, that are read and changed later, dense blocks."""

import json
import random

import numpy as np
import pytest

from toeplitz_process import Library, compile_network, evaluate_reference

# Whole blocks for vectors of 8 and of 16, whole ones for 8 alone, and neither.
CHANNELS = (16, 32, 16, 8, 24, 5)


class RandomConcatenations:
    """Grows a network of values of one size, most of which are concatenated again and again."""

    def __init__(self, seed, layers=22):
        self.choose = random.Random(seed)
        batch, size = self.choose.choice((1, 1, 2)), self.choose.choice((4, 6))
        self.shape = (batch, self.choose.choice(CHANNELS), size, size)
        self.channels = {"x": self.shape[1]}
        self.layers = []
        while len(self.layers) < layers:
            self.choose.choice((self.convolution, self.convolution, self.dense, self.concatenation, self.concatenation, self.change))()
        names = [layer["name"] for layer in self.layers]
        self.description = {
            "name": f"concatenations{seed}",
            "weights": {"random": seed},
            "inputs": [{"name": "x", "shape": list(self.shape)}],
            "layers": self.layers,
            # What is returned must outlive what is computed after it, and lie where the caller wants it.
            "outputs": [names[-1], *self.choose.sample(names[:-1], self.choose.choice((0, 1, 3)))],
        }

    def add(self, layer, inputs, channels):
        name = f"layer{len(self.layers)}"
        self.layers.append({"name": name, "inputs": inputs, **layer})
        self.channels[name] = channels
        return name

    def any(self, small=False):
        names = [name for name, channels in self.channels.items() if not small or channels <= 96]
        return self.choose.choice(names[-8:])

    def convolution(self, source=None, channels=None):
        kernel = self.choose.choice((1, 1, 3))
        channels = channels or self.choose.choice(CHANNELS)
        layer = {"op": "conv", "out_channels": channels, "kernel_size": kernel, "padding": kernel // 2}
        name = self.add(layer, [source or self.any()], channels)
        return self.add({"op": "relu"}, [name], channels) if self.choose.random() < 0.5 else name

    def concatenation(self, parts=None):
        parts = parts or [self.any(small=True) for _ in range(self.choose.choice((2, 2, 3)))]
        return self.add({"op": "concat"}, parts, sum(self.channels[part] for part in parts))

    def dense(self):
        """A dense block, of concatenations of all parts or of the last concatenation and one part more."""
        flat = self.choose.random() < 0.5
        growth = self.choose.choice((8, 16, 32))
        parts = [self.any(small=True)]
        whole = parts[0]
        for _ in range(3):
            parts.append(self.convolution(whole, growth))
            whole = self.concatenation(list(parts) if flat else [whole, parts[-1]])

    def change(self):
        """What may be computed in place, or reads a part: of values that lie in concatenations, too."""
        source = self.any()
        channels = self.channels[source]
        same = [name for name, other in self.channels.items() if other == channels]
        kind = self.choose.choice(("relu", "add", "residual", "norm", "depthwise", "slice", "pool", "shuffle"))
        if kind == "relu":
            self.add({"op": self.choose.choice(("relu", "neg"))}, [source], channels)
        elif kind == "add":
            self.add({"op": "add"}, [source, self.choose.choice(same)], channels)
        elif kind == "residual" and channels <= 96:
            layer = {"op": "conv", "out_channels": channels, "kernel_size": 1}
            name = self.add(layer, [self.choose.choice(same)], channels)
            self.add({"op": "add"}, [name, source], channels)
        elif kind == "norm":
            name = self.add({"op": "batch_norm"}, [source], channels)
            self.add({"op": "relu"}, [name], channels)
        elif kind == "depthwise" and channels <= 96:
            layer = {"op": "conv", "out_channels": channels, "groups": channels, "kernel_size": 3, "padding": 1}
            self.add(layer, [source], channels)
        elif kind == "slice" and channels >= 16:
            half = channels // 2
            start = self.choose.choice((0, half))
            self.add({"op": "slice", "dim": 1, "start": start, "stop": start + half}, [source], half)
        elif kind == "shuffle" and channels <= 96:
            parts = [source, self.choose.choice(same), *[self.choose.choice(same) for _ in range(self.choose.choice((0, 1)))]]
            self.add({"op": "channel_shuffle", "groups": len(parts)}, [self.concatenation(parts)], len(parts) * channels)
        elif kind == "pool":
            self.add({"op": "max_pool", "kernel_size": 3, "stride": 1, "padding": 1}, [source], channels)

    def inputs(self):
        return {"x": np.random.default_rng(7).uniform(-1, 1, self.shape).astype(np.float32)}


def check(description, inputs, directory, *options):
    expected = evaluate_reference(description, inputs, directory)
    found = Library(compile_network(description, directory, *options)).run(inputs)
    for name in description["outputs"]:
        limit = 1e-4 * max(np.max(np.abs(expected[name])), 1e-3)
        error = np.max(np.abs(found[name].astype(np.float64) - expected[name]))
        assert error <= limit, f"output {name} of {json.dumps(description)}: error {error:.3g}, tolerance {limit:.3g}"


@pytest.mark.parametrize("seed", range(16))
def test_random_concatenations(seed, tmp_path):
    network = RandomConcatenations(seed)
    # Blocks of 8 channels on every machine, and of 16 where there are such vectors.
    check(network.description, network.inputs(), tmp_path, f"--mcpu={('x86-64-v3', 'native')[seed % 2]}")
