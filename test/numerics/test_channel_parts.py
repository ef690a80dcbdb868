"""Winograd layers of few tiles and few output channels, whose input channels tasks share: partial sums in a step before, with what follows the layer."""

import re

import numpy as np
import pytest

from operator_cases import Case, check
from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads, write_description

SUM = [{"name": "sum", "op": "add", "inputs": ["parts", "other"]}, {"name": "relu", "op": "relu"}]
POOL = [{"name": "relu", "op": "relu"}, {"name": "pool", "op": "max_pool", "kernel_size": 2}]
SILU = [{"name": "silu", "op": "silu"}]

# The parts that `tasks` share; parts of different sizes, tiles that are cut, vectors of outputs that are filled up, several tiles of vectors;
# a batch, uneven padding, a kernel larger than its input; dilated, in groups, in one dimension, with a depth that is summed up and one that is
# transformed; filters that the kernel transforms, in rounds of channels.
LAYERS = {
    "uneven": dict(tasks=3, variant="f4", channels=(352, 20), sizes=[13, 10]),
    "four": dict(tasks=4, variant="f4", channels=(512, 13), sizes=[13, 10], behind=SUM),
    "pool": dict(tasks=4, variant="f4", channels=(512, 16), sizes=[12, 9], behind=POOL),
    "batch": dict(tasks=4, variant="f2", channels=(512, 16), sizes=[4, 5], batch=3, behind=SUM, padding=[[2, 0], [0, 1]]),
    "large_kernel": dict(tasks=4, variant="f3", channels=(640, 32), sizes=[3, 4], kernel=5, padding=4, behind=SILU),
    "dilated": dict(tasks=4, variant="f2", channels=(512, 24), sizes=[9, 8], padding=2, dilation=2, behind=SILU),
    "groups": dict(tasks=4, variant="f4", channels=(512, 32), sizes=[13, 11], groups=2, behind=SUM),
    "line": dict(tasks=4, variant="f4", channels=(1024, 32), sizes=[53], behind=SILU),
    "depth": dict(tasks=4, variant="f2", channels=(192, 16), sizes=[3, 5, 4], behind=SUM),
    "depth_transformed": dict(tasks=4, variant="f4", channels=(768, 24), sizes=[13, 3, 2], kernel=[3, 1, 1], padding=[1, 0, 0]),
    "raw": dict(tasks=4, variant="f4-raw", channels=(512, 32), sizes=[7, 7], behind=SUM),
    "raw_depth": dict(tasks=4, variant="f2-raw", channels=(512, 32), sizes=[3, 4, 5], behind=SILU),
}


def description_of(layer):
    channels, outputs = layer["channels"]
    shape = [layer.get("batch", 1), 5, *layer["sizes"]]
    conv = {"op": "conv", "inputs": ["between"], "out_channels": outputs, "kernel_size": layer.get("kernel", 3),
            "padding": layer.get("padding", 1), "dilation": layer.get("dilation", 1), "groups": layer.get("groups", 1)}
    layers = [
        {"name": "wide", "op": "conv", "inputs": ["x"], "out_channels": channels, "kernel_size": 1},
        {"name": "between", "op": "relu"},
        *([{"name": "other", **conv}] if layer.get("behind") is SUM else []),
        {"name": "parts", **conv},
        *layer.get("behind", []),
    ]
    return {"name": "parts", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": shape}], "layers": layers, "outputs": [layers[-1]["name"]]}


@pytest.mark.parametrize("processor", [name for name in ("x86-64-v3", "x86-64-v4") if runs_here(name)])
@pytest.mark.parametrize("name", LAYERS)
def test_channel_parts(name, processor, tmp_path):
    layer = LAYERS[name]
    description = description_of(layer)
    options = [f"--mcpu={processor}", f"--algorithm=parts=winograd:{layer['variant']}"]
    if layer.get("behind") is SUM:
        options.append("--algorithm=other=direct")
    path = write_description(description, tmp_path)
    loops = run_toeplitz("compile", path, "--emit=loops", "-o", "-", *options).stdout
    # (The layer's kernel may have the name of an activation that is fused into it.)
    steps = re.findall(r"scf\.forall \(%\w+\) in \((\d+)\) \{\n(?: *kernel\.slot[^\n]*\n)? *func\.call @\w+_prepare\(", loops)
    assert steps == [str(layer["tasks"])], loops

    inputs = {"x": np.random.default_rng(7).uniform(-1, 1, description["inputs"][0]["shape"]).astype(np.float32)}
    library = Library(compile_network(description, tmp_path, *options))
    output = description["outputs"][0]
    found = library.run(inputs)[output]
    expected = evaluate_reference(description, inputs, tmp_path)[output]
    taps = np.prod(np.broadcast_to(layer.get("kernel", 3), len(layer["sizes"])))
    reduction = layer["channels"][0] * taps // layer.get("groups", 1)
    check(Case({"op": "conv"}, (tuple(inputs["x"].shape),), reduction=reduction), found, expected, "compiled code", "the evaluator")
    assert np.array_equal(run_with_threads(library, inputs, 3)[output], found), "other bits on three threads"
