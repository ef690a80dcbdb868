"""Typical errors: what an algorithm says of one layer and what the compiler estimates of a whole network, against what is measured on random
data; and that --typical-error keeps the latter below its limit.

An estimate is one number for all inputs: it is compared with the measured one within a factor.
"""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from processor import has_tiles
from toeplitz_process import compile_network, evaluate_reference, run_toeplitz

CPU = "x86-64-v3"
GENERATOR_SEED = 5


def describe(name, shape, layers, weights, folder):
    """A chain of layers, and its weights in a file beside it."""
    save_file(weights, folder / f"{name}.safetensors")
    return {
        "name": name,
        "inputs": [{"name": "x", "shape": list(shape)}],
        "weights": f"{name}.safetensors",
        "layers": layers,
        "outputs": [layers[-1]["name"]],
    }


def explain(description, folder, *options):
    path = folder / f"{description['name']}.json"
    path.write_text(json.dumps(description))
    process = run_toeplitz("explain", path, "--json", *options)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def run(description, folder, x, *options):
    """In a process of its own, which asks for the tile registers of AMX."""
    np.save(folder / "x.npy", x)
    library = compile_network(description, folder, *options)
    process = run_toeplitz("run", library, "--input", folder / "x.npy", "--output", folder / "y.npy")
    assert process.returncode == 0, process.stderr
    return np.load(folder / "y.npy")


def convolve(x, weights, padding):
    """Stride 1, in double precision."""
    size = x.shape[2]
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    result = 0
    for i in range(weights.shape[2]):
        for j in range(weights.shape[3]):
            piece = padded[0, :, i : i + size, j : j + size].reshape(x.shape[1], -1)
            result = result + weights[:, :, i, j].astype(np.float64) @ piece
    return result.reshape(1, -1, size, size)


ALGORITHMS = ["direct", "im2col", "filter-toeplitz", *(f"winograd:f{outputs}" for outputs in range(2, 7)), "fft"]
SPLIT = ["bf16x3", "bf16x6"]


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "pointwise", "strassen", *SPLIT])
@pytest.mark.parametrize("channels, kernel", [(16, 3), (128, 3), (256, 1)])
def test_layer(algorithm, channels, kernel, tmp_path):
    """The error of one layer, relative to the root of the sum of the squared products, within a factor of 2."""
    if algorithm in SPLIT and not has_tiles():
        pytest.skip("this processor has no AMX")
    if (kernel == 1 and algorithm.startswith("winograd")) or (kernel > 1 and algorithm in ("pointwise", "strassen")):
        pytest.skip("not for this kernel")
    check_layer(algorithm, channels, kernel, tmp_path)


@pytest.mark.parametrize("algorithm", [f"winograd:f{outputs}-raw" for outputs in range(2, 7)])
def test_layer_whose_filter_the_kernel_transforms(algorithm, tmp_path):
    check_layer(algorithm, channels=256, kernel=3, folder=tmp_path)


def check_layer(algorithm, channels, kernel, folder):
    generator = np.random.default_rng(GENERATOR_SEED)
    weights = generator.standard_normal((32, channels, kernel, kernel)).astype(np.float32)
    x = np.maximum(generator.standard_normal((1, channels, 24, 24)), 0).astype(np.float32)
    layer = {"name": "c", "op": "conv", "out_channels": 32, "kernel_size": kernel, "padding": kernel // 2, "bias": False}
    description = describe("layer", x.shape, [layer], {"c.weight": weights}, folder)
    options = [f"--algorithm={algorithm}", f"--mcpu={'native' if algorithm in SPLIT else CPU}"]
    explained = explain(description, folder, *options)["layers"][0]
    estimate = next(c["typical_error"] for c in explained["candidates"] if c["chosen"])
    assert explained["algorithm"].startswith(algorithm)

    error = run(description, folder, x, *options) - convolve(x, weights, kernel // 2)
    measured = np.sqrt(np.mean(error**2) / np.mean(convolve(x**2, weights**2, kernel // 2)))
    assert measured / 2 < estimate < measured * 2


def deep_network(seed, folder):
    """Layers of 3 x 3 with rectifiers, some of them around residual sums, pooled in the middle."""
    generator = np.random.default_rng(seed)
    channels, depth = int(generator.choice([24, 32, 48])), int(generator.integers(8, 14))
    layers, weights, value, incoming = [], {}, "x", 8
    for place in range(depth):
        name = f"conv{place}"
        scale = np.sqrt(2 / (9 * incoming))
        weights[f"{name}.weight"] = (scale * generator.standard_normal((channels, incoming, 3, 3))).astype(np.float32)
        weights[f"{name}.bias"] = (0.1 * generator.standard_normal(channels)).astype(np.float32)
        layers.append({"name": name, "op": "conv", "inputs": [value], "out_channels": channels, "kernel_size": 3, "padding": 1})
        if place > 0 and generator.random() < 0.4:
            layers.append({"name": f"sum{place}", "op": "add", "inputs": [name, value]})
            name = f"sum{place}"
        layers.append({"name": f"relu{place}", "op": "relu", "inputs": [name]})
        value, incoming = f"relu{place}", channels
        if place == depth // 2:
            layers.append({"name": "pool", "op": "max_pool", "inputs": [value], "kernel_size": 2})
            value = "pool"
    scale = np.sqrt(1 / channels)
    weights["last.weight"] = (scale * generator.standard_normal((10, channels, 1, 1))).astype(np.float32)
    layers.append({"name": "last", "op": "conv", "inputs": [value], "out_channels": 10, "kernel_size": 1, "bias": False})
    x = generator.standard_normal((1, 8, 32, 32)).astype(np.float32)
    return describe(f"deep{seed}", x.shape, layers, weights, folder), x


def measure(description, folder, x, exact, *options):
    """The largest error over the largest output."""
    return np.abs(run(description, folder, x, *options) - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize("seed", range(4))
def test_network(seed, tmp_path):
    """Winograd's F(6, 3) in all layers: the whole network's error within a factor of 3."""
    description, x = deep_network(seed, tmp_path)
    options = ["--algorithm=winograd:f6", f"--mcpu={CPU}"]
    estimate = explain(description, tmp_path, *options)["totals"]["typical_error"]
    exact = evaluate_reference(description, {"x": x}, tmp_path)["last"]
    measured = measure(description, tmp_path, x, exact, *options)
    assert measured / 3 < estimate < measured * 3


@pytest.mark.parametrize("bias, larger", [(0.5, 3**0.5), (-0.23, 1)])
def test_kinds_of_inputs(bias, larger, tmp_path):
    """Inputs of variance 1 and of 1/3, whichever makes larger errors: the former where the outputs are mostly a bias, the latter where a bias
    takes away what is rectified of such inputs."""
    generator = np.random.default_rng(GENERATOR_SEED)
    weights = {
        "c.weight": generator.standard_normal((256, 1, 3, 3)).astype(np.float32) / 3,
        "d.weight": np.full((1, 256, 1, 1), 1 / 256, np.float32),
        "d.bias": np.full(1, bias, np.float32),
    }
    layers = [
        {"name": "c", "op": "conv", "out_channels": 256, "kernel_size": 3, "padding_mode": "circular", "padding": 1, "bias": False},
        {"name": "r", "op": "relu"},
        {"name": "d", "op": "conv", "out_channels": 1, "kernel_size": 1},
    ]
    description = describe("kinds", (1, 1, 16, 16), layers, weights, tmp_path)

    def estimate(*options):
        return explain(description, tmp_path, f"--mcpu={CPU}", *options)["totals"]["typical_error"]

    errors = {limit: estimate(f"--input-range={limit}") for limit in (3**0.5, 1)}
    assert max(errors, key=errors.get) == larger
    assert max(errors.values()) > 1.1 * min(errors.values())
    assert estimate() == pytest.approx(errors[larger], rel=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_limit(seed, tmp_path):
    """Half of the error that the cheapest algorithms make: some layers change, and the measured error falls."""
    description, x = deep_network(seed, tmp_path)
    exact = evaluate_reference(description, {"x": x}, tmp_path)["last"]
    free = explain(description, tmp_path, f"--mcpu={CPU}", "--typical-error=none")
    assert all(layer["reason"] == "estimated" for layer in free["layers"])
    limit = free["totals"]["typical_error"] * 0.6
    options = [f"--mcpu={CPU}", f"--typical-error={limit}"]
    limited = explain(description, tmp_path, *options)
    changed = [layer for layer in limited["layers"] if layer["reason"] == "typical error"]
    assert changed and limited["totals"]["typical_error"] <= limit
    assert measure(description, tmp_path, x, exact, *options) < 3 * limit
    assert measure(description, tmp_path, x, exact, *options) < measure(
        description, tmp_path, x, exact, f"--mcpu={CPU}", "--typical-error=none"
    )
    # --precise has nothing to change: all its algorithms round alike, or less.
    precise = explain(description, tmp_path, f"--mcpu={CPU}", "--precise")
    assert precise["totals"]["typical_error"] <= free["totals"]["typical_error"]
