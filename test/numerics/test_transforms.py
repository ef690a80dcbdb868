"""The passes from cnn to cnn don't change what is computed: the naive evaluator on a network before and after them."""

import subprocess

import numpy as np
import pytest

from operator_cases import check, description_of, inputs_of
from random_networks import RandomNetwork
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from test_border_cases import CASES as BORDER_CASES
from test_operators import ARITHMETIC, MOVEMENTS, NORMALIZATIONS, RESIZES
from toeplitz_process import evaluate_reference, find_tool, run_toeplitz, write_description

PASSES = ("canonicalize", "fold-batch-norm", "expand-padding", "fold-stride", "fold-dilation", "fold-transposed", "fold-groups")
PIPELINES = {
    **{name: [f"--{name}"] for name in PASSES},
    "folds": ["--expand-padding", "--fold-transposed", "--fold-groups=lanes=4", "--fold-dilation", "--fold-stride", "--canonicalize"],
    "all": ["--canonicalize", "--cse", "--fold-batch-norm", "--expand-padding", "--canonicalize"],
}

CASES = {
    "windows": [
        *random_cases(31, 30, random_convolution),
        *random_cases(32, 20, random_transposed_convolution),
        *random_cases(33, 20, random_pooling),
    ],
    "borders": BORDER_CASES,
    "operators": [*NORMALIZATIONS, *RESIZES, *ARITHMETIC, *MOVEMENTS],
}


def transform(description, directory, options):
    """The network as MLIR text, and what the passes make of it."""
    model = write_description(description, directory)
    written, transformed = directory / "written.mlir", directory / "transformed.mlir"
    process = run_toeplitz("compile", model, "--emit=cnn", "--complete", "-o", written)
    assert process.returncode == 0, process.stderr
    command = [find_tool("toeplitz-opt"), written, *options, "-o", transformed]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return transformed


def evaluate_before_and_after(description, inputs, directory, options):
    before = evaluate_reference(description, inputs, directory)
    after = evaluate_reference(
        transform(description, directory, options), inputs, directory, names=description["outputs"]
    )
    return before, after


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("kind", CASES)
def test_operators_keep_their_values(kind, pipeline, tmp_path):
    cases = CASES[kind]
    description = description_of(cases, "transformed")
    before, after = evaluate_before_and_after(description, inputs_of(cases), tmp_path, PIPELINES[pipeline])
    for place, case in enumerate(cases):
        check(case, after[f"case{place}"], before[f"case{place}"], f"after {pipeline}", "before")


@pytest.mark.parametrize("seed", range(200, 216))
def test_networks_keep_their_values(seed, tmp_path):
    network = RandomNetwork(seed)
    before, after = evaluate_before_and_after(network.description, network.inputs(), tmp_path, PIPELINES["all"])
    for name in before:
        # Folded weights are rounded to float32 once more than those written down.
        limit = 1e-5 * max(np.max(np.abs(before[name])), 1e-3)
        assert np.max(np.abs(after[name] - before[name])) <= limit, f"output {name} of {network.description}"
