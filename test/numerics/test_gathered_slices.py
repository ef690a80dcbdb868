"""Convolutions of every s-th position by algorithms that go through an image as one row: the slices of blocked channels that they get copied."""

import re

import numpy as np
import pytest

from operator_cases import Case, check
from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads, write_description

SUM = [{"name": "sum", "op": "add", "inputs": ["strided", "other"]}, {"name": "relu", "op": "relu"}]

# `copies` slices of more than one position apart. Sizes that the stride doesn't divide, strides that differ or are larger than the kernel, rows that no
# register tile divides, channels that no vector divides, a batch, one and three dimensions; pieces of larger kernels, whose sums are residuals.
# (strassen wants two vectors of input channels, which may have 16, and more than one of output channels.)
LAYERS = {
    "even": dict(copies=1, channels=(32, 40), sizes=[14, 14]),
    "odd": dict(copies=1, channels=(33, 21), sizes=[13, 9], behind=SUM),
    "uneven_strides": dict(copies=1, channels=(40, 24), sizes=[9, 15], stride=[1, 2]),
    "rows_apart": dict(copies=1, channels=(32, 24), sizes=[15, 9], stride=[2, 1]),
    "three": dict(copies=1, channels=(32, 32), sizes=[16, 17], stride=3, batch=2, behind=SUM),
    "line": dict(copies=1, channels=(36, 40), sizes=[101], stride=4),
    "volume": dict(copies=1, channels=(33, 17), sizes=[5, 6, 7], behind=SUM),
    "pieces": dict(copies=4, channels=(32, 24), sizes=[10, 11], kernel=2, behind=SUM),
}
ALGORITHMS = ("pointwise", "strassen")


def description_of(layer):
    channels, outputs = layer["channels"]
    conv = {"op": "conv", "inputs": ["between"], "out_channels": outputs, "kernel_size": layer.get("kernel", 1),
            "stride": layer.get("stride", 2)}
    layers = [
        {"name": "first", "op": "conv", "inputs": ["x"], "out_channels": channels, "kernel_size": 1},
        {"name": "between", "op": "relu"},
        *([{"name": "other", **conv}] if layer.get("behind") else []),
        {"name": "strided", **conv},
        *layer.get("behind", []),
    ]
    return {"name": "slices", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [layer.get("batch", 1), 5, *layer["sizes"]]}],
            "layers": layers, "outputs": [layers[-1]["name"]]}


def count_copies(schedule):
    """Pools of one position of a slice."""
    ones = r"array<i64: 1(?:, 1)*>"
    return len(re.findall(rf"kernel\.pool max ins\(%[^\n]*kernel = {ones},[^\n]*strides = {ones}\}} : \(memref<[^>]*strided<", schedule))


@pytest.mark.parametrize("processor", [name for name in ("x86-64-v3", "x86-64-v4") if runs_here(name)])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", LAYERS)
def test_gathered_slices(name, algorithm, processor, tmp_path):
    layer = LAYERS[name]
    description = description_of(layer)
    options = [f"--mcpu={processor}", "--fold=strided=stride", f"--algorithm=strided={algorithm}"]
    if layer.get("behind"):
        options += ["--fold=other=none", "--algorithm=other=direct"]
    path = write_description(description, tmp_path)
    process = run_toeplitz("compile", path, "--emit=schedule", "-o", "-", *options)
    assert process.returncode == 0, process.stderr
    assert count_copies(process.stdout) == layer["copies"], process.stdout

    inputs = {"x": np.random.default_rng(7).uniform(-1, 1, description["inputs"][0]["shape"]).astype(np.float32)}
    library = Library(compile_network(description, tmp_path, *options))
    output = description["outputs"][0]
    found = library.run(inputs)[output]
    expected = evaluate_reference(description, inputs, tmp_path)[output]
    taps = layer.get("kernel", 1) ** len(layer["sizes"])
    check(Case({"op": "conv"}, (tuple(inputs["x"].shape),), reduction=layer["channels"][0] * taps), found, expected, "compiled code", "the evaluator")
    assert np.array_equal(run_with_threads(library, inputs, 3)[output], found), "other bits on three threads"
