"""Layers whose input comes to the blocks of a GPU in boxes of a tensor (TMA), on random shapes and borders of tiles.

As in test_narrow_activations.py every sum is exact, and results are compared bit by bit with the naive evaluator. In emulation, accesses
of a block's memory are watched, and what is copied arrives as late as it may.
"""

import random
import re

import numpy as np
import pytest

from gpu_target import by_speed
from operator_cases import Case
from test_narrow_activations import EXACT, NARROW, check_equal, whole
from test_tensor_cores import WARPGROUPS, convolution, needs_warpgroups, rounded, weights_of, write_weighted
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, write_description

pytestmark = needs_warpgroups


def random_case(generator):
    """Channels that are cut off in the last step or fill it, several groups, tiles that are cut off at both ends, several images."""
    rank = generator.choice((1, 2, 2, 3))
    groups = generator.choice((1, 1, 1, 2, 3))
    sizes = tuple(generator.randint(1, by_speed((150, 13, 6), (300, 40, 10))[rank - 1]) for _ in range(rank))
    return convolution(
        generator.choice((8, 16, 24, 64, 72, 128, 200)) * groups, generator.choice((1, 31, 33, 64, 65)) * groups, sizes, [1] * rank,
        batch=generator.choice((1, 2, 3)), groups=groups, padding=0, bias=generator.random() < 0.5,
    )  # fmt: skip


def pairs(cases):
    """Each layer behind one that rounds what it stores."""
    layers = []
    for place, case in enumerate(cases):
        layers += [{"name": f"before{place}", "op": "relu", "inputs": [f"x{place}"]}, {"name": f"case{place}", "inputs": [f"before{place}"], **case.layer}]
    inputs = [{"name": f"x{place}", "shape": list(case.shapes[0])} for place, case in enumerate(cases)]
    return {"name": "pairs", "inputs": inputs, "layers": layers, "outputs": [f"case{place}" for place in range(len(cases))]}


def options_for(cases, precision):
    return ["--algorithm=" + ",".join(f"case{place}=warpgroup-gemm" for place in range(len(cases))), f"--precision={precision}"]


def inputs_for(description, precision, batch=None, seed=7):
    generator = np.random.default_rng(seed)
    limit = 2 * EXACT[precision]
    return {
        x["name"]: 2 * generator.integers(-limit, limit, [batch or x["shape"][0], *x["shape"][1:]]).astype(np.float32)
        for x in description["inputs"]
    }


def count_boxes(description, folder, *options):
    """Kernels that copy boxes."""
    path = folder / "loops.mlir"
    unweighted = {**description, "weights": {"random": 1}}
    process = run_toeplitz("compile", write_description(unweighted, folder), *WARPGROUPS.explained, *options, "--emit=loops", "-o", path)
    assert process.returncode == 0, process.stderr
    kernels = re.split(r"gpu\.func @", path.read_text())
    return sum("device.tensor_copy" in kernel for kernel in kernels), sum("wgmma.mma_async" in kernel for kernel in kernels)


@pytest.mark.parametrize("precision", NARROW)
def test_pointwise_and_dense_layers(precision, tmp_path):
    choice = random.Random(precision)
    cases = [random_case(choice) for _ in range(by_speed(16, 60))]
    # Several splits of the sum, the last one shorter; one position; and dense layers.
    cases += [convolution(1096, 72, (5,), [1], padding=0), convolution(72, 33, (1,), [1], padding=0)]
    cases += [Case({"op": "linear", "out_features": 40}, ((70, 136),), reduction=136), Case({"op": "linear", "out_features": 9}, ((1, 1000),), reduction=1000)]
    description = pairs(cases)
    tensors, inputs = whole(weights_of(cases), np.random.default_rng(7)), inputs_for(description, precision)
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    options = options_for(cases, precision)
    found = Library(compile_network(network, folder, *WARPGROUPS.checked, *options)).run(inputs)
    check_equal(found, evaluate_reference(network, {name: rounded(values, precision) for name, values in inputs.items()}, folder))
    boxes, products = count_boxes(description, tmp_path, *options)
    assert boxes == products > 0.8 * len(cases)


@pytest.mark.parametrize("batch", (1, 3, 7))
def test_samples_of_a_batch(batch, tmp_path):
    """A batch of any size: samples are a dimension of the tensor, and none sees another one's."""
    cases = [convolution(72, 33, (70,), [1], padding=0), convolution(48, 10, (5, 9), [1, 1], padding=0, groups=2)]
    description = pairs(cases)
    tensors = whole(weights_of(cases), np.random.default_rng(7))
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    options = [*options_for(cases, "bf16"), "--batch=dynamic"]
    library = Library(compile_network(network, folder, *WARPGROUPS.checked, *options))
    assert count_boxes(description, tmp_path, *options) == (2, 2)
    inputs = inputs_for(description, "bf16", batch)
    found = library.run(inputs)
    for sample in range(batch):
        one = {name: rounded(values[sample : sample + 1], "bf16") for name, values in inputs.items()}
        check_equal({name: values[sample : sample + 1] for name, values in found.items()}, evaluate_reference(network, one, folder))


def test_what_lies_beside_the_tensor_is_not_seen(tmp_path):
    """Infinities in another group's channels, and in other positions, reach no other output: what a box has beyond its tensor is zero."""
    case = convolution(3 * 72, 3 * 10, (70,), [1], padding=0, groups=3, bias=False)
    description = pairs([case])
    tensors = whole(weights_of([case]), np.random.default_rng(7))
    tensors["case0.weight"] = np.ones_like(tensors["case0.weight"])
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    x = np.ones((1, 3 * 72, 70), np.float32)
    x[0, 72:144] = np.inf
    x[0, :, 69] = np.inf
    found = Library(compile_network(network, folder, *WARPGROUPS.checked, *options_for([case], "bf16"))).run({"x0": x})["case0"]
    expected = np.full_like(found, 72)
    expected[0, 10:20] = np.inf
    expected[0, :, 69] = np.inf
    np.testing.assert_array_equal(found, expected)


def test_a_part_of_a_concatenation(tmp_path):
    """An input between whose positions there is more than its own channels."""
    layers = [
        {"name": "a", "op": "relu", "inputs": ["x"]},
        {"name": "b", "op": "leaky_relu", "negative_slope": 0.5, "inputs": ["x"]},
        {"name": "both", "op": "concat", "inputs": ["a", "b"], "dim": 1},
        {"name": "case0", "op": "conv", "inputs": ["b"], "out_channels": 33, "kernel_size": 1},
        {"name": "case1", "op": "conv", "inputs": ["both"], "out_channels": 9, "kernel_size": 1},
    ]
    description = {"name": "parts", "inputs": [{"name": "x", "shape": [1, 40, 9, 11]}], "layers": layers, "outputs": ["case0", "case1"]}
    cases = [convolution(40, 33, (9, 11), [1, 1]), convolution(80, 9, (9, 11), [1, 1])]
    tensors = whole(weights_of(cases), np.random.default_rng(7))
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    options = options_for(cases, "f16")
    x = {"x": 2 * np.random.default_rng(1).integers(-100, 100, (1, 40, 9, 11)).astype(np.float32)}
    found = Library(compile_network(network, folder, *WARPGROUPS.checked, *options)).run(x)
    check_equal(found, evaluate_reference(network, x, folder))
    assert count_boxes(description, tmp_path, *options) == (2, 2)
