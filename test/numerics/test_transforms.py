"""The passes from cnn to cnn don't change what is computed: the naive evaluator on a network before and after them."""

import random
import subprocess

import numpy as np
import pytest

from operator_cases import Case, check, description_of, inputs_of
from random_networks import RandomNetwork
from random_windows import RandomWindow, random_cases, random_channels_and_groups, random_convolution, random_pooling, random_transposed_convolution
from test_border_cases import CASES as BORDER_CASES
from test_operators import ARITHMETIC, MOVEMENTS, NORMALIZATIONS, RESIZES
from toeplitz_process import evaluate_reference, find_tool, run_toeplitz, write_description

PASSES = ("canonicalize", "fold-batch-norm", "expand-padding", "fold-stride", "fold-dilation", "fold-transposed", "fold-groups",
          "fold-padding", "crop-kernels", "compose-pointwise", "fold-average-pool")
PIPELINES = {
    **{name: [f"--{name}"] for name in PASSES},
    "split-separable": ["--split-separable=intermediate-cost=0"],
    "folds": ["--expand-padding", "--fold-transposed", "--fold-groups=lanes=4", "--fold-dilation", "--fold-stride", "--canonicalize"],
    "all": ["--canonicalize", "--cse", "--fold-batch-norm", "--split-separable", "--expand-padding", "--canonicalize"],
}



def separable_convolution(choose):
    """A random convolution with outer products for filters, and one input or output channel to each group."""
    while True:
        case = random_convolution(choose)
        kernel = case.layer["kernel_size"]
        if sum(size > 1 for size in kernel) > 1:
            break
    groups = choose.choice((1, 3, 8))
    inputs, outputs = choose.choice(((groups, groups), (groups, 2 * groups), (3 * groups, groups)))
    random = np.random.default_rng(choose.randrange(1 << 32))
    weights = np.ones((outputs, inputs // groups))
    for size in kernel:
        weights = weights[..., np.newaxis] * random.uniform(-1, 1, (*weights.shape[:2], *(1,) * (weights.ndim - 2), size))
    layer = {**case.layer, "out_channels": outputs, "groups": groups, "weight": weights.astype(np.float32).tolist()}
    (shape,) = case.shapes
    return Case(layer, ((shape[0], inputs, *shape[2:]),), reduction=inputs // groups * int(np.prod(kernel)))


CASES = {
    "separable": random_cases(34, 25, separable_convolution),
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


def test_outer_products_are_found(tmp_path):
    """Rounded to float32 as they are, nearly all of them; each makes two convolutions or three."""
    description = description_of(CASES["separable"], "separable")
    text = transform(description, tmp_path, ["--split-separable=intermediate-cost=0"]).read_text()
    found = sum(f"case{place}.weight.horizontal" in text.partition("{-#")[0] for place in range(len(CASES["separable"])))
    assert found >= 15


@pytest.mark.parametrize("seed", range(200, 216))
def test_networks_keep_their_values(seed, tmp_path):
    network = RandomNetwork(seed)
    before, after = evaluate_before_and_after(network.description, network.inputs(), tmp_path, PIPELINES["all"])
    for name in before:
        # Folded weights are rounded to float32 once more than those written down.
        limit = 1e-5 * max(np.max(np.abs(before[name])), 1e-3)
        assert np.max(np.abs(after[name] - before[name])) <= limit, f"output {name} of {network.description}"


def random_chain(choose, place):
    """Two layers, one after the other: (name of the pass that is for them, input shape, layers)."""
    kind = choose.choice(("compose-pointwise", "fold-average-pool", "fold-padding"))
    while True:
        windows = [RandomWindow(choose), RandomWindow(choose)]
        windows[1].dimensions = windows[0].dimensions
        window = windows[0]
        window.sizes = [{1: choose.randint(30, 90), 2: choose.randint(8, 20), 3: choose.randint(5, 7)}[window.dimensions] for _ in window.sizes]
        if len(windows[1].kernel) != window.dimensions:
            continue
        pointwise = choose.choice((0, 1)) if kind == "compose-pointwise" else choose.choice((0, None, None))
        if pointwise is not None:
            narrow = windows[pointwise]
            narrow.kernel = [1] * window.dimensions
            narrow.low = narrow.high = [0] * window.dimensions
        if kind == "fold-padding":
            window.low = [p + choose.randint(0, 6) for p in window.low]
            window.high = [p + choose.randint(0, 6) for p in window.high]
        if kind == "fold-average-pool":
            windows[1].dilations = [choose.choice((1, 1, 2)) for _ in window.sizes]
            windows[1].kernel = [choose.choice((1, 2, 2, 3)) for _ in window.sizes]
            windows[1].strides = [choose.choice((1, 2, 2, 3)) for _ in window.sizes]
            windows[1].low = windows[1].high = [choose.choice((0, 0, 0, k - 1)) for k in windows[1].kernel]
        windows[1].sizes = window.output_sizes()
        if min(windows[1].sizes) >= 1 and min(windows[1].output_sizes()) >= 1 and min(windows[1].sizes) > max(windows[1].low):
            break
    inputs, outputs, groups = random_channels_and_groups(choose)
    first = {**window.layer("conv"), "out_channels": outputs, "groups": groups, "bias": kind != "fold-padding" and choose.random() < 0.6}
    mode = choose.choice(("zeros", "zeros", "circular"))
    if max(window.low + window.high) <= min(window.sizes) and kind != "fold-padding":
        first["padding_mode"] = mode
    if kind == "fold-average-pool":
        second = {**windows[1].layer("average_pool"), "count_include_pad": choose.random() < 0.5, "ceil_mode": choose.random() < 0.3}
    else:
        groups = choose.choice([g for g in (1, 1, 2, 3) if outputs % g == 0])
        second = {**windows[1].layer("conv"), "out_channels": groups * choose.choice((1, 3)), "groups": groups, "bias": choose.random() < 0.6}
    first.update(name=f"first{place}", inputs=[f"x{place}"])
    second.update(name=f"second{place}", inputs=[f"first{place}"])
    return kind, (choose.choice((1, 2)), inputs, *window.sizes), [first, second]


def test_chains_keep_their_values(tmp_path):
    """What a pass does with two layers, which the single operators above don't have."""
    choose = random.Random(34)
    chains = [random_chain(choose, place) for place in range(90)]
    generator = np.random.default_rng(34)
    inputs = {f"x{i}": generator.uniform(-1, 1, shape).astype(np.float32) for i, (_, shape, _) in enumerate(chains)}
    description = {
        "name": "chains", "weights": {"random": 1},
        "inputs": [{"name": name, "shape": list(values.shape)} for name, values in inputs.items()],
        "layers": [layer for _, _, layers in chains for layer in layers],
        "outputs": [f"second{i}" for i in range(len(chains))],
    }
    passes = ("fold-padding", "compose-pointwise", "fold-average-pool")
    before, after = evaluate_before_and_after(description, inputs, tmp_path, [f"--{name}" for name in passes])
    for i, (_, _, layers) in enumerate(chains):
        expected = before[f"second{i}"]
        limit = 1e-5 * max(np.max(np.abs(expected)), 1e-3)
        assert np.max(np.abs(after[f"second{i}"] - expected)) <= limit, layers
    # Each pass had something to do, in more than a few of its chains.
    text = (tmp_path / "transformed.mlir").read_text()
    assert text.count(".composed>") >= 8 and text.count(".pooled>") >= 3
    assert text.count("cnn.conv") + text.count("cnn.pool") < 2 * len(chains) - 12
