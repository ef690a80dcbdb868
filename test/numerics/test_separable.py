"""Depthwise convolutions with the pointwise ones behind them, computed together a few rows at a time."""

import numpy as np
import pytest

from operator_cases import Case, check
from toeplitz_process import (
    Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads, write_description,
)

OPTIONS = ("--mcpu=x86-64-v3", "--algorithm=depthwise=depthwise,pointwise=pointwise")

# Large enough not to stay in a second-level cache of 512 KiB, in which case the two would not be computed together. Channels that are
# no multiple of a vector, rows that no chunk divides, what may stand between and behind the two.
PAIRS = {
    "plain": dict(channels=40, outputs=17, sizes=[41, 43], layer={"kernel_size": 3, "padding": 1}),
    "activations": dict(
        channels=33, outputs=40, sizes=[47, 47], layer={"kernel_size": 3, "padding": 1}, between="relu6", behind="silu"
    ),
    "residual": dict(
        channels=40, outputs=40, sizes=[43, 41], layer={"kernel_size": 3, "padding": 1}, between="relu", residual=True
    ),
    "strided": dict(
        channels=24, outputs=9, sizes=[107, 109], layer={"kernel_size": [3, 5], "stride": 2, "padding": [1, 2]}, between="relu"
    ),
    "dilated": dict(
        channels=33, outputs=8, sizes=[49, 51], layer={"kernel_size": 3, "dilation": [2, 3], "padding": [[3, 1], [2, 4]]}
    ),
    "batch": dict(channels=40, outputs=5, sizes=[41, 41], batch=3, layer={"kernel_size": 3, "padding": 1}, between="relu"),
    "three_dimensions": dict(channels=24, outputs=31, sizes=[13, 15, 16], layer={"kernel_size": 3, "padding": 1}),
}


def description_of(name, pair):
    layers = [
        # The network's own input is plain; this is what the pair sees inside of a network.
        {"name": "before", "op": "conv", "inputs": ["x"], "out_channels": pair["channels"], "kernel_size": 1},
        {"name": "depthwise", "op": "conv", "out_channels": pair["channels"], "groups": pair["channels"], **pair["layer"]},
    ]
    if "between" in pair:
        layers.append({"name": "between", "op": pair["between"]})
    layers.append({"name": "pointwise", "op": "conv", "out_channels": pair["outputs"], "kernel_size": 1})
    if pair.get("residual"):
        layers.append({"name": "sum", "op": "add", "inputs": ["pointwise", "before"]})
    if "behind" in pair:
        layers.append({"name": "behind", "op": pair["behind"]})
    shape = [pair.get("batch", 1), 3, *pair["sizes"]]
    inputs = [{"name": "x", "shape": shape}]
    return {"name": name, "weights": {"random": 1}, "inputs": inputs, "layers": layers, "outputs": [layers[-1]["name"]]}


@pytest.mark.parametrize("name", PAIRS)
def test_pair(name, tmp_path):
    pair = PAIRS[name]
    description = description_of(name, pair)
    schedule = tmp_path / "schedule.mlir"
    process = run_toeplitz(
        "compile", write_description(description, tmp_path), "--emit=schedule", "--brief", "-o", schedule, *OPTIONS
    )
    assert process.returncode == 0, process.stderr
    assert schedule.read_text().count("kernel.separable_conv") == 1

    shape = description["inputs"][0]["shape"]
    inputs = {"x": np.random.default_rng(7).uniform(-1, 1, shape).astype(np.float32)}
    library = Library(compile_network(description, tmp_path, *OPTIONS))
    output = description["layers"][-1]["name"]
    found = library.run(inputs)[output]
    expected = evaluate_reference(description, inputs, tmp_path)[output]
    check(Case(pair["layer"] | {"op": "conv"}, (tuple(shape),)), found, expected, "compiled code", "the evaluator")
    assert np.array_equal(run_with_threads(library, inputs, 3)[output], found), "other bits on three threads"


@pytest.mark.parametrize("sizes, layer", [([14, 14], {"kernel_size": 3, "padding": 1}), ([3600], {"kernel_size": 5})])
def test_pairs_that_stay_apart(sizes, layer, tmp_path):
    """What stays in the cache anyway, and a single row, is computed by the two kernels, whose tasks can be divided further."""
    description = description_of("small", dict(channels=40, outputs=17, sizes=sizes, layer=layer))
    process = run_toeplitz("compile", write_description(description, tmp_path), "--emit=schedule", "--brief", "-o", "-", *OPTIONS)
    assert process.returncode == 0, process.stderr
    assert 'kernel.conv "depthwise"' in process.stdout and "separable_conv" not in process.stdout
