"""Layers of many channels, by `pointwise`, and by `direct` with many taps: computed in rounds of channels, which add to sums in the output, with what follows the layer."""

import numpy as np
import pytest

from operator_cases import Case, check
from toeplitz_process import Library, compile_network, evaluate_reference, run_with_threads

# A number of channels that is no multiple of a vector, with a filter and an input that don't fit the second-level cache: three rounds. Of a
# kernel of 3 x 3 a block of output channels alone doesn't: five rounds.
CHANNELS, OUTPUTS, SIZES = 1100, 136, [11, 13]
# An input that does: blocks of output channels go through their rounds one after the other.
FEW = [5, 7]


def description_of(behind, kernel, sizes):
    layers = [
        {"name": "wide", "op": "conv", "inputs": ["x"], "out_channels": CHANNELS, "kernel_size": 1},
        {"name": "between", "op": "relu"},
        {"name": "other", "op": "conv", "inputs": ["x"], "out_channels": OUTPUTS, "kernel_size": 1},
        {"name": "rounds", "op": "conv", "inputs": ["between"], "out_channels": OUTPUTS, "kernel_size": kernel,
         "padding": [[kernel // 2, (kernel - 1) // 2]] * 2},
        *behind,
    ]
    inputs = [{"name": "x", "shape": [1, 3, *sizes]}]
    return {"name": "rounds", "weights": {"random": 1}, "inputs": inputs, "layers": layers, "outputs": [layers[-1]["name"]]}


@pytest.mark.parametrize(("algorithm", "kernel", "sizes"), [("pointwise", 1, SIZES), ("direct", 3, SIZES), ("direct", 3, FEW), ("direct", 2, FEW)])
@pytest.mark.parametrize("behind", [
    [{"name": "silu", "op": "silu"}],
    # The sum, which may lie where the other summand lay.
    [{"name": "sum", "op": "add", "inputs": ["rounds", "other"]}, {"name": "relu", "op": "relu"}],
], ids=["activation", "residual"])
def test_rounds(behind, algorithm, kernel, sizes, tmp_path):
    options = ("--mcpu=x86-64-v3", f"--algorithm=rounds={algorithm}")
    description = description_of(behind, kernel, sizes)
    inputs = {"x": np.random.default_rng(7).uniform(-1, 1, [1, 3, *sizes]).astype(np.float32)}
    library = Library(compile_network(description, tmp_path, *options))
    output = description["layers"][-1]["name"]
    found = library.run(inputs)[output]
    expected = evaluate_reference(description, inputs, tmp_path)[output]
    check(Case({"op": "conv"}, ((1, 3, *sizes),), reduction=CHANNELS * kernel**2), found, expected, "compiled code", "the evaluator")
    assert np.array_equal(run_with_threads(library, inputs, 3)[output], found), "other bits on three threads"
