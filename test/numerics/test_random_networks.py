"""Random networks with branches: what fusion, weight packing, layout and memory planning must not change."""

import json

import numpy as np
import pytest

from onnx_runtime import run_onnx_runtime
from random_networks import RandomNetwork
from toeplitz_process import Library, compile_network, evaluate_reference

SEEDS = range(24)


def compare(description, found, expected, found_by, expected_by):
    for name in description["outputs"]:
        # Some two dozen layers, each within 1e-5 of its largest output (see operator_cases.tolerance), one after the other.
        limit = 1e-4 * max(np.max(np.abs(expected[name])), 1e-3)
        error = np.max(np.abs(found[name].astype(np.float64) - expected[name]))
        assert error <= limit, (
            f"output {name} of {json.dumps(description)}\n{found_by} against {expected_by}: error {error:.3g}, tolerance {limit:.3g}"
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_reference_against_onnx_runtime(seed, tmp_path):
    network = RandomNetwork(seed)
    reference = evaluate_reference(network.description, network.inputs(), tmp_path)
    onnx_runtime = run_onnx_runtime(network.description, network.inputs())
    compare(network.description, reference, onnx_runtime, "the evaluator", "ONNX Runtime")


@pytest.mark.parametrize("seed", SEEDS)
def test_compiled_against_onnx_runtime(seed, tmp_path):
    network = RandomNetwork(seed)
    compiled = Library(compile_network(network.description, tmp_path)).run(network.inputs())
    onnx_runtime = run_onnx_runtime(network.description, network.inputs())
    compare(network.description, compiled, onnx_runtime, "compiled code", "ONNX Runtime")


@pytest.mark.parametrize("algorithm", ("inner-product", "rowwise"))
@pytest.mark.parametrize("seed", SEEDS[:8])
def test_plain_results(algorithm, seed, tmp_path):
    """Kernels that write rows of plain results: with residuals, activations, in a part of a concatenation."""
    network = RandomNetwork(seed)
    compiled = Library(compile_network(network.description, tmp_path, f"--algorithm={algorithm}")).run(network.inputs())
    onnx_runtime = run_onnx_runtime(network.description, network.inputs())
    compare(network.description, compiled, onnx_runtime, f"compiled code ({algorithm})", "ONNX Runtime")
