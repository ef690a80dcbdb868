"""Networks of a depthwise convolution with the pointwise ones before and behind it, and what is tested of all of them."""

import numpy as np

from operator_cases import Case, check
from toeplitz_process import (
    Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads, write_description,
)


PADDED = {"kernel_size": 3, "padding": 1}


def description_of(name, pair):
    channels = pair["channels"]
    # The network's own input is plain; this is what the others see inside of a network. (The activation keeps it apart.)
    first = {"name": "first", "op": "conv", "inputs": ["x"], "out_channels": pair.get("inputs", channels), "kernel_size": 1}
    layers = [first, {"name": "input", "op": "relu"}]
    if "inputs" in pair:
        layers.append({"name": "expansion", "op": "conv", "out_channels": channels, "kernel_size": 1})
    if "before" in pair:
        layers.append({"name": "before", "op": pair["before"]})
    layers.append({"name": "depthwise", "op": "conv", "out_channels": channels, "groups": channels, **pair["layer"]})
    if "between" in pair:
        layers.append({"name": "between", "op": pair["between"]})
    if "outputs" in pair:
        layers.append({"name": "pointwise", "op": "conv", "out_channels": pair["outputs"], "kernel_size": 1})
    if pair.get("residual"):
        layers.append({"name": "sum", "op": "add", "inputs": ["pointwise", "input"]})
    if "behind" in pair:
        layers.append({"name": "behind", "op": pair["behind"]})
    shape = [pair.get("batch", 1), 3, *pair["sizes"]]
    inputs = [{"name": "x", "shape": shape}]
    return {"name": name, "weights": {"random": 1}, "inputs": inputs, "layers": layers, "outputs": [layers[-1]["name"]]}


def compile_schedule(description, tmp_path, options):
    process = run_toeplitz(
        "compile", write_description(description, tmp_path), "--emit=schedule", "--brief", "-o", "-", *options
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def check_one_kernel(operation, description, tmp_path, options):
    """That the depthwise convolution and those around it are one such operation."""
    schedule = compile_schedule(description, tmp_path, options)
    assert schedule.count(operation) == 1
    assert schedule.count("kernel.conv") == 1, "the first one alone is apart"


def check_network(description, pair, tmp_path, options, slack=1.0):
    """The compiled network against the evaluator; the same bits on three threads."""
    shape = description["inputs"][0]["shape"]
    inputs = {"x": np.random.default_rng(7).uniform(-1, 1, shape).astype(np.float32)}
    library = Library(compile_network(description, tmp_path, *options))
    output = description["layers"][-1]["name"]
    found = library.run(inputs)[output]
    expected = evaluate_reference(description, inputs, tmp_path)[output]
    case = Case(pair["layer"] | {"op": "conv"}, (tuple(shape),), slack=slack)
    check(case, found, expected, "compiled code", "the evaluator")
    assert np.array_equal(run_with_threads(library, inputs, 3)[output], found), "other bits on three threads"
