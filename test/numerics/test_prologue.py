"""Scale, shift and activation of a convolution's input, computed where bf16x3 and bf16x6 split it, on a processor with AMX.

The expected values are those of the naive evaluator, which computes one operation after the other.
"""

import dataclasses
import functools
import random
import tempfile

import numpy as np
import pytest

from operator_cases import Case, check
from processor import needs_tiles
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads, write_description

OPTIONS = ("--mcpu=sapphirerapids", "--fold=none")
ALGORITHMS = {"bf16x3": 3.0, "bf16x6": 1.0}  # and how much more than a sum in float32 each may err


@dataclasses.dataclass(frozen=True)
class Chain:
    """What stands before a convolution: "norm", or of "scale" and "shift" those of each image or "one" for all; an activation."""

    shape: tuple
    layer: dict
    norm: bool = False
    scale: str = ""
    shift: str = ""
    activation: str = ""

    def shape_of(self, images):
        return (self.shape[0] if images == "each" else 1, self.shape[1], *[1] * (len(self.shape) - 2))

    def inputs(self, prefix):
        shapes = {"x": self.shape}
        for operand in ("scale", "shift"):
            if getattr(self, operand):
                shapes[operand] = self.shape_of(getattr(self, operand))
        return {f"{prefix}_{name}": shape for name, shape in shapes.items()}

    def layers(self, prefix):
        """The layers of the chain, the convolution last."""
        layers = []

        def append(name, **layer):
            layers.append({"name": f"{prefix}{name}", **layer})

        before = f"{prefix}_x"
        if self.norm:
            append("_norm", op="batch_norm", inputs=[before])
        for operand, op in (("scale", "multiply"), ("shift", "add")):
            if getattr(self, operand):
                append(f"_{op}", op=op, inputs=[layers[-1]["name"] if layers else before, f"{prefix}_{operand}"])
        if self.activation:
            append("_activation", op=self.activation, inputs=[layers[-1]["name"] if layers else before])
        append("", inputs=[layers[-1]["name"]], **self.layer)
        return layers

    def count_parts(self):
        """The operands and attributes that kernel.conv has for it."""
        return 2 * self.norm + bool(self.scale) + bool(self.shift) + bool(self.activation)


def conv(outputs, kernel, **parameters):
    return {"op": "conv", "out_channels": outputs, "kernel_size": kernel, **parameters}


CHAINS = [
    Chain((1, 64, 14, 14), conv(48, 1), norm=True, activation="relu"),
    Chain((2, 33, 7, 7), conv(20, 1), norm=True),
    # Every part alone, of one image and of several, and all of them.
    Chain((1, 40, 9, 5), conv(33, 1), scale="each"),
    Chain((3, 40, 9, 5), conv(33, 1), scale="each"),
    Chain((3, 17, 9, 5), conv(33, 1), shift="one"),
    Chain((2, 24, 6, 6), conv(16, 1), activation="hardswish"),
    Chain((3, 24, 6, 6), conv(16, 1), scale="one", shift="each", activation="relu6"),
    Chain((2, 33, 41), conv(24, 3, padding=1), scale="each", shift="one", activation="leaky_relu"),
    # Zeros beside the input are zeros, whatever the activation makes of a zero.
    Chain((1, 20, 9, 11), conv(24, 3, padding=1), norm=True, activation="hardsigmoid"),
    Chain((2, 33, 9, 11), conv(24, 3, padding=[[2, 1], [0, 2]]), shift="each", activation="sigmoid"),
    Chain((1, 16, 8, 8), conv(16, [3, 2], padding=1), norm=True, activation="softplus"),
    # Strides that leave positions out; several panels with overlaps; groups, merged and whole; a step before the products; rounds.
    Chain((2, 40, 15, 14), conv(48, 1, stride=2), norm=True, activation="silu"),
    Chain((1, 64, 56, 56), conv(32, 3, padding=1), norm=True, activation="relu"),
    Chain((1, 64, 12, 12), conv(64, 3, padding=1, groups=16), norm=True, activation="relu"),
    Chain((2, 96, 7, 8), conv(96, 1, groups=2), scale="each", activation="relu"),
    Chain((1, 256, 14, 14), conv(256, 3, padding=1), norm=True, activation="relu"),
    Chain((1, 2000, 13, 27), conv(136, 1), norm=True, activation="relu"),
    Chain((2, 20, 4, 7, 6), conv(24, 1), norm=True, activation="relu"),
    Chain((2, 40, 5, 6), {"op": "conv_transpose", "out_channels": 24, "kernel_size": 3, "padding": 1}, scale="each"),
]


def random_chain(choose):
    dimensions = choose.choice((1, 2, 2, 2, 3))
    sizes = [choose.randint(4, {1: 60, 2: 20, 3: 8}[dimensions]) for _ in range(dimensions)]
    groups = choose.choice((1, 1, 1, 2, 3, 16))
    channels = groups * choose.choice((1, 2, 5, 16, 17, 24) if groups > 1 else (9, 16, 17, 31, 33, 40, 70))
    pointwise = dimensions == 3 or choose.random() < 0.5
    layer = conv(
        groups * choose.choice((1, 3, 16, 17)), 1 if pointwise else choose.randint(2, 3), groups=groups,
        stride=choose.choice((1, 1, 2)), padding=choose.choice((0, 0, 1)), bias=choose.random() < 0.7,
    )
    shape = (choose.choice((1, 2, 3)), channels, *sizes)
    # (What costs little, so that it's taken in wherever it stands.)
    activation = choose.choice(("", "relu", "relu6", "hardswish", "hardsigmoid", "leaky_relu"))
    if choose.random() < 0.4:
        return Chain(shape, layer, norm=True, activation=activation)
    scale, shift = choose.choice((("each", ""), ("one", ""), ("", "each"), ("", "one"), ("each", "one"), ("one", "each")))
    return Chain(shape, layer, scale=scale, shift=shift, activation=activation)


def random_chains(seed, count):
    choose = random.Random(seed)
    return [random_chain(choose) for _ in range(count)]


CHAINS += random_chains(5, 60)


def description_of(chains):
    description = {"name": "prologues", "weights": {"random": 3}, "inputs": [], "layers": [], "outputs": []}
    for place, chain in enumerate(chains):
        inputs = chain.inputs(f"case{place}")
        description["inputs"] += [{"name": name, "shape": list(shape)} for name, shape in inputs.items()]
        description["layers"] += chain.layers(f"case{place}")
        description["outputs"].append(f"case{place}")
    return description


def inputs_of(description):
    generator = np.random.default_rng(11)
    return {tensor["name"]: generator.uniform(-1, 1, tensor["shape"]).astype(np.float32) for tensor in description["inputs"]}


@functools.cache
def results(algorithm):
    """Found on one thread and on three, and expected."""
    description = description_of(CHAINS)
    inputs = inputs_of(description)
    with tempfile.TemporaryDirectory() as directory:
        library = Library(compile_network(description, directory, f"--algorithm={algorithm}", *OPTIONS))
        return library.run(inputs), run_with_threads(library, inputs, 3), evaluate_reference(description, inputs, directory)


@needs_tiles
@pytest.mark.parametrize("place", range(len(CHAINS)))
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_values(algorithm, place):
    found, on_threads, expected = results(algorithm)
    name, chain = f"case{place}", CHAINS[place]
    case = Case(chain.layer, (chain.shape,), slack=ALGORITHMS[algorithm])
    check(case, found[name], expected[name], f"compiled code of {chain}", "the evaluator")
    assert np.array_equal(on_threads[name], found[name]), "other bits on three threads"


def count_parts(chains, directory, algorithm="bf16x3"):
    """How many parts of prologues the kernels have."""
    path = write_description(description_of(chains), directory)
    process = run_toeplitz("compile", path, "--emit=schedule", "--brief", "-o", "-", f"--algorithm={algorithm}", *OPTIONS)
    assert process.returncode == 0, process.stderr
    return sum(process.stdout.count(part) for part in (" input_scale %", " input_shift %", " input_activation <"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_all_are_taken_in(algorithm, tmp_path):
    assert count_parts(CHAINS, tmp_path, algorithm) == sum(chain.count_parts() for chain in CHAINS)


@pytest.mark.parametrize(
    "chain",
    [
        # An exponential function of each element in several panels that overlap, or in each of three depth taps.
        Chain((1, 64, 112, 112), conv(16, 5, padding=2), activation="silu"),
        Chain((1, 24, 9, 9, 9), conv(16, 3, padding=1), norm=True, activation="silu"),
        # Three times even what is cheap.
        Chain((1, 24, 9, 9, 9), conv(16, 3, padding=1), norm=True, activation="relu"),
        # Each of four phases reads the input.
        Chain((2, 40, 5, 6), {"op": "conv_transpose", "out_channels": 24, "kernel_size": 3, "stride": 2}, scale="each", activation="relu"),
    ],
    ids=lambda chain: chain.activation + "x".join(map(str, chain.shape)),
)
def test_not_where_computed_many_times(chain, tmp_path):
    assert count_parts([chain], tmp_path) == 0
