"""Group normalisation behind a convolution, in blocks of channels, as PyTorch's exporter writes it: a PRelu with one slope, an instance
normalisation of reshaped groups, a scale and a shift of each channel, and a SiLU. Against its formula in double precision.

What the convolution computes is exact in float32, so that nothing but the normalisation's own roundings is left.
"""

import dataclasses

import numpy as np
import pytest
from onnx import helper, numpy_helper
from onnx_cases import make_model

from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, run_toeplitz, run_with_threads

MACHINES = ("x86-64-v3", "x86-64-v4")


@dataclasses.dataclass(frozen=True)
class Norm:
    """So many channels in groups, at positions of these sizes."""

    channels: int
    groups: int
    sizes: tuple
    batch: int = 1
    mean: float = 0  # far from which a variance is harder to compute
    spread: float = 1  # 0: equal numbers

    @property
    def name(self):
        mean = f"_{self.mean:g}" if self.mean else ""
        return f"{self.batch}x{self.channels}x{'x'.join(map(str, self.sizes))}_{self.groups}{mean}" + ("" if self.spread else "_equal")


# Groups that are whole blocks of channels, parts of them, neither, all channels, one channel; with and without channels that fill up the
# last block; one position, positions that are no multiple of those that are added together, runs and sections of them.
NORMS = [
    Norm(32, 1, (999,)),
    Norm(20, 1, (9, 9), 2),
    Norm(20, 5, (13,)),
    Norm(20, 4, (3, 5)),
    Norm(20, 20, (7, 5), 3),
    Norm(48, 3, (5, 5)),
    Norm(64, 4, (1,)),
    Norm(64, 32, (6, 6)),
    Norm(64, 2, (8, 8), mean=1000),
    Norm(18, 3, (3, 2, 5)),
    Norm(36, 3, (4,)),
    Norm(24, 2, (513,), 2, mean=-300),
    Norm(32, 4, (96, 97)),
    Norm(17, 1, (150, 150), mean=100),
    Norm(16, 2, (64,), mean=3, spread=0),
    Norm(1, 1, (40,)),
]


def random_norms(seed, count):
    random = np.random.default_rng(seed)
    for _ in range(count):
        groups = int(random.integers(1, 9))
        sizes = tuple(int(np.exp(random.uniform(0, 4))) for _ in range(random.integers(1, 3)))
        yield Norm(groups * int(random.integers(1, 14)), groups, sizes, int(random.integers(1, 3)), float(random.integers(-20, 20)))


def make_network(norm):
    """The model, its input, and what it gives."""
    random = np.random.default_rng(norm.channels + norm.groups)
    c, ones = norm.channels, [1] * len(norm.sizes)
    shape = (norm.batch, c, *norm.sizes)
    x = (norm.spread * random.integers(-1024, 1024, (norm.batch, 3, *norm.sizes)) / 256).astype(np.float32)
    chosen = random.integers(0, 3, c)
    weights = np.zeros((c, 3, *ones), np.float32)
    weights[range(c), chosen] = 1
    bias = (norm.mean + norm.spread * random.integers(-2, 3, c)).astype(np.float32)
    scale, shift = random.standard_normal((2, c, *ones)).astype(np.float32)
    constants = {
        "weights": weights, "bias": bias, "slope": np.full([1] * (1 + len(ones)), 0.25, np.float32), "scale": scale, "shift": shift,
        "one": np.ones(norm.groups, np.float32), "zero": np.zeros(norm.groups, np.float32),
        "groups": np.array([0, norm.groups, -1]), "shape": np.array(shape),
    }
    nodes = [
        helper.make_node("Conv", ["x", "weights", "bias"], ["convolved"]),
        helper.make_node("PRelu", ["convolved", "slope"], ["rectified"]),
        helper.make_node("Reshape", ["rectified", "groups"], ["grouped"]),
        helper.make_node("InstanceNormalization", ["grouped", "one", "zero"], ["normal"], epsilon=1e-3),
        helper.make_node("Reshape", ["normal", "shape"], ["channels"]),
        helper.make_node("Mul", ["channels", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["shifted"]),
        helper.make_node("Sigmoid", ["shifted"], ["gate"]),
        helper.make_node("Mul", ["shifted", "gate"], ["y"]),
    ]
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    model = make_model(nodes, {"x": x}, {"y": np.zeros(shape, np.float32)}, 16, initializers)

    exact = x.astype(np.float64)[:, chosen] + bias.reshape(c, *ones)
    rectified = np.where(exact > 0, exact, 0.25 * exact).reshape(norm.batch, norm.groups, -1)
    centered = rectified - rectified.mean(-1, keepdims=True)
    deviation = np.sqrt(np.square(centered).mean(-1, keepdims=True) + np.float64(np.float32(1e-3)))
    shifted = (centered / deviation).reshape(shape) * scale + shift
    return model, x, shifted / (1 + np.exp(-shifted))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("norm", [*NORMS, *random_norms(5, 12)], ids=lambda norm: norm.name)
def test_groups_in_blocks(norm, machine, tmp_path):
    model, x, expected = make_network(norm)
    path = tmp_path / "norm.onnx"
    path.write_bytes(model.SerializeToString())
    # (Where there is one channel, other algorithms write no blocks.)
    options = ("--algorithm=direct", f"--mcpu={machine}")
    process = run_toeplitz("compile", path, "--emit=schedule", *options, "-o", "-")
    assert process.returncode == 0, process.stderr
    schedule = process.stdout
    assert "kernel.moments" in schedule and "activation <leaky_relu" in schedule
    # All that is elementwise is one loop, and the one reorder is the result's.
    assert schedule.count("linalg.generic") == 1 and schedule.count("kernel.reorder") == 1
    if not runs_here(machine):
        return
    library = Library(compile_network(path, tmp_path, *options))
    found = library.run({"x": x})["y"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * max(1, np.abs(expected).max()))
    for threads in (2, 3):
        assert run_with_threads(library, {"x": x}, threads)["y"].tobytes() == found.tobytes()
