"""Circular padding by a transform of the image's own size, without a halo: against the naive evaluator, and against a direct cyclic sum."""

import functools
import itertools
import json
import random
import re
import tempfile

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from onnx_models import make_model
from operator_cases import Case, Pack, check, member_name, members
from random_weights import random_weight
from random_windows import pairs, product
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, write_description

# Periods that have a transform: the image's sizes.
SIZES = {1: (1, 2, 5, 12, 27, 64, 100, 243), 2: (1, 2, 3, 5, 8, 12, 15, 18)}


def circular_case(shape, outputs, kernel, *, padding, dilation=1, groups=1, slack=1.0, **parameters):
    layer = {
        "op": "conv", "out_channels": outputs, "kernel_size": kernel, "padding": padding, "dilation": dilation, "groups": groups,
        "padding_mode": "circular", **parameters,
    }
    return Case(layer, (shape,), reduction=shape[1] // groups * product(kernel), slack=slack)


def random_circular_case(choose):
    """As many outputs as inputs in every dimension; kernels, often longer than the image, that reach around it at most twice."""
    rank = choose.choice((1, 2, 2))
    sizes, kernel, dilations, padding = [], [], [], []
    for _ in range(rank):
        size = choose.choice(SIZES[rank])
        dilation = choose.choice((1, 1, 1, 2, 3))
        taps = choose.randint(1, min(2 * size // dilation + 1, 11))
        # All of the padding before, all of it behind, or some of both; neither is more than the image.
        total = (taps - 1) * dilation
        low = choose.randint(max(0, total - size), min(total, size))
        sizes.append(size)
        kernel.append(taps)
        dilations.append(dilation)
        padding.append((low, total - low))
    groups, per_group = choose.choice(((1, 1), (1, 3), (1, 17), (1, 33), (2, 16), (4, 3), (6, 1), (16, 1), (33, 1), (7, 2)))
    outputs = groups * choose.choice((1, 1, 2, 5)) if groups == 1 or per_group > 1 else groups
    shape = (choose.choice((1, 1, 2, 3)), groups * per_group, *sizes)
    # Few points have few products, as in test_algorithms.fourier_case.
    return circular_case(
        shape, outputs, kernel, padding=pairs(*zip(*padding)), dilation=dilations, groups=groups, slack=2.0, bias=choose.random() < 0.7
    )


def random_cases(seed, count):
    choose = random.Random(seed)
    return [random_circular_case(choose) for _ in range(count)]


CASES = [
    # One and two dimensions; dense, depthwise (two blocks in a tile, two tiles of one block), groups.
    circular_case((1, 5, 60), 7, [9], padding=4),
    circular_case((2, 3, 400), 17, [101], padding=50),
    circular_case((1, 17, 30, 24), 33, [7, 5], padding=[3, 2]),
    circular_case((1, 33, 32, 32), 33, [31, 31], padding=15, groups=33),
    circular_case((2, 16, 15, 16), 16, [9, 9], padding=4, groups=16),
    circular_case((1, 64, 20, 12), 32, [5, 5], padding=2, groups=2),
    # An even kernel; all padding on one side; dilation; a kernel that wraps around the image more than once.
    circular_case((1, 4, 16, 10), 6, [4, 2], padding=[[1, 2], [1, 0]]),
    circular_case((1, 4, 9, 8), 6, [3, 4], padding=[[0, 2], [3, 0]]),
    circular_case((1, 6, 25, 12), 4, [5, 3], padding=[12, 5], dilation=[6, 5]),
    circular_case((1, 3, 4, 3), 5, [9, 7], padding=[4, 3]),
    circular_case((1, 20, 3), 20, [7], padding=3, groups=20),
    circular_case((3, 2, 1, 1), 3, [3, 3], padding=1),
    # A dimension that isn't circular, without padding.
    circular_case((1, 4, 11, 16), 5, [3, 5], padding=[0, 2]),
    circular_case((1, 4, 20, 7), 5, [7, 4], padding=[3, 0]),
    # Fewer outputs than the image has positions, though the padding is read.
    circular_case((1, 4, 20, 18), 5, [5, 5], padding=[[1, 1], [3, 0]]),
]
# Where the image has no transform of its size in one dimension or two: a halo remains there.
HALO_CASES = [
    circular_case((1, 5, 49), 7, [9], padding=4),
    circular_case((1, 5, 14, 16), 7, [5, 5], padding=2),
    circular_case((1, 20, 16, 14), 20, [5, 5], padding=2, groups=20),
    circular_case((1, 5, 14, 22), 7, [5, 3], padding=[2, 1]),
    circular_case((1, 3, 14, 15), 4, [3, 3], padding=[2, 4], dilation=[2, 4]),
    # More outputs than the image has positions; strides.
    circular_case((1, 3, 12), 4, [3], padding=[[2, 2]]),
    circular_case((1, 3, 12, 12), 4, [3, 3], padding=1, stride=2),
    circular_case((1, 3, 12, 12), 4, [3, 3], padding=1, stride=[1, 2]),
]
RANDOM_CASES = random_cases(61, 18)
PACKS = [
    Pack("circular", [*CASES, *RANDOM_CASES], ["--algorithm=fft:circular"]),
    Pack("circular_v3", [CASES[2], CASES[4], *CASES[6:11]], ["--algorithm=fft:circular", "--mcpu=x86-64-v3"]),
    Pack("circular_halo", HALO_CASES, ["--algorithm=fft"]),
    Pack("circular_chosen", [*CASES[:2], *CASES[8:10], *HALO_CASES[-3:]], []),
    Pack("circular_direct", [*CASES[8:11], *CASES[-3:]], ["--algorithm=direct"]),
    Pack("circular_folded", [CASES[8], HALO_CASES[4], *HALO_CASES[-2:]], ["--fold=dilation,stride", "--algorithm=fft"]),
]


@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_against_the_evaluator(pack, place):
    pack.check_compiled_against_reference(place)


def cyclic_sum(case, place, image):
    """The definition in float64: every tap of the filter, with the image turned by its distance from the output."""
    layer = case.layer
    rank = image.ndim - 2
    groups, outputs = layer["groups"], layer["out_channels"]
    inputs = image.shape[1] // groups
    shape = (outputs, inputs, *layer["kernel_size"])
    fan_in = inputs * product(layer["kernel_size"])
    weights = random_weight(f"case{place}.weight", 1, shape, fan_in).astype(np.float64)
    dilation = layer["dilation"] if isinstance(layer["dilation"], list) else [layer["dilation"]] * rank
    padding = layer["padding"] if isinstance(layer["padding"], list) else [layer["padding"]] * rank
    low = [p[0] if isinstance(p, (list, tuple)) else p for p in padding]
    result = np.zeros((image.shape[0], outputs, *image.shape[2:]))
    for taps in itertools.product(*map(range, layer["kernel_size"])):
        turned = np.roll(image.astype(np.float64), [p - k * d for k, d, p in zip(taps, dilation, low)], tuple(range(2, image.ndim)))
        grouped = turned.reshape(image.shape[0], groups, inputs, *image.shape[2:])
        tap = weights[(slice(None), slice(None), *taps)].reshape(groups, outputs // groups, inputs)
        result += np.einsum("ngi...,goi->ngo...", grouped, tap).reshape(result.shape)
    if layer.get("bias", True):
        bias = random_weight(f"case{place}.bias", 1, (outputs,)).astype(np.float64)
        result += bias.reshape(1, -1, *[1] * rank)
    return result


@pytest.mark.parametrize("place", range(len(RANDOM_CASES)))
def test_against_a_cyclic_sum(place):
    """No code, and no padding, is shared with the compiler."""
    pack, place = PACKS[0], len(CASES) + place
    case = pack.cases[place]
    (image,) = case.inputs(f"case{place}").values()
    check(case, pack.compiled(place), cyclic_sum(case, place, image), "compiled code", "a cyclic sum")


@functools.cache
def schedule_of(case, *options):
    with tempfile.TemporaryDirectory() as directory:
        model = write_description(case.description("shown"), directory)
        process = run_toeplitz("compile", model, "--emit=schedule", "-o", f"{directory}/shown.mlir", *options)
        assert process.returncode == 0, process.stderr
        with open(f"{directory}/shown.mlir", encoding="utf-8") as file:
            return file.read()


@pytest.mark.parametrize("case", CASES[:12], ids=lambda case: case.label)
def test_no_halo_is_written(case):
    schedule = schedule_of(case, "--algorithm=case0=fft:circular")
    assert "circular = array<i1: true" in schedule and "kernel.pad" not in schedule


@pytest.mark.parametrize("case, circular", [(HALO_CASES[1], "false, true"), (HALO_CASES[2], "true, false")], ids=("outer", "inner"))
def test_a_halo_remains_where_there_is_no_transform(case, circular):
    schedule = schedule_of(case, "--algorithm=fft")
    assert f"circular = array<i1: {circular}>" in schedule and schedule.count("kernel.pad") == 1


@pytest.mark.parametrize("case", (HALO_CASES[0], HALO_CASES[3], HALO_CASES[5], HALO_CASES[6]), ids=lambda case: case.label)
def test_falls_back_on_a_halo(case):
    schedule = schedule_of(case, "--algorithm=fft")
    assert "circular = array" not in schedule and "kernel.pad circular" in schedule


RING = {
    # A residual block, whose sum is written where its input lies; dilation; an image that is periodic in one dimension, with zeros around
    # the other; two layers that read one halo.
    "name": "rings", "weights": {"random": 4}, "inputs": [{"name": "x", "shape": [2, 18, 15, 16]}],
    "layers": [
        {"name": "first", "op": "conv", "out_channels": 18, "kernel_size": 5, "padding": 2, "padding_mode": "circular"},
        {"name": "relu", "op": "relu"},
        {"name": "block", "op": "conv", "out_channels": 18, "kernel_size": 3, "padding": 4, "dilation": 4, "padding_mode": "circular"},
        {"name": "sum", "op": "add", "inputs": ["block", "relu"]},
        {"name": "columns", "op": "pad", "padding": [[0, 0], [3, 2]], "mode": "circular"},
        {"name": "cylinder", "op": "conv", "out_channels": 20, "kernel_size": [3, 6], "padding": [1, 0]},
        {"name": "other", "op": "conv", "inputs": ["columns"], "out_channels": 20, "kernel_size": [1, 6]},
    ],
    "outputs": ["cylinder", "other", "sum"],
}
RING_SHAPE = (2, 18, 15, 16)


@pytest.mark.parametrize("options", [["--algorithm=fft:circular"], ["--algorithm=fft"], ["--algorithm=direct"], []], ids=" ".join)
def test_network(options, tmp_path):
    inputs = {"x": np.random.default_rng(5).uniform(-1, 1, RING_SHAPE).astype(np.float32)}
    expected = evaluate_reference(RING, inputs, tmp_path)
    found = Library(compile_network(RING, tmp_path, *options)).run(inputs)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=2e-5 * np.max(np.abs(values)))


def explain(*options):
    with tempfile.TemporaryDirectory() as directory:
        process = run_toeplitz("explain", write_description(RING, directory), "--json", "--input-range=1", *options)
    assert process.returncode == 0, process.stderr
    return {layer["name"]: layer for layer in json.loads(process.stdout)["layers"]}


def test_explained():
    """The input is the image; the others' estimates hold the halo, which a layer with zeros around it hasn't."""
    layers = explain()
    block = layers["block"]
    assert block["input"] == [*RING_SHAPE]
    assert (block["halo_low"], block["halo_high"], block["padding_low"]) == ([4, 4], [4, 4], [0, 0])
    assert layers["cylinder"]["halo_low"] == [0, 3] and layers["cylinder"]["padding_low"] == [1, 0]
    candidates = {candidate["algorithm"]: candidate for candidate in block["candidates"]}
    # The dilation leaves fft the circular way alone.
    assert [name for name in candidates if name.startswith("fft")] == ["fft:circular"]
    with_zeros = json.loads(json.dumps(RING).replace('"circular"', '"zeros"').replace('"mode": "zeros"', '"mode": "constant"'))
    with tempfile.TemporaryDirectory() as directory:
        process = run_toeplitz("explain", write_description(with_zeros, directory), "--json", "--fold=none")
    assert process.returncode == 0, process.stderr
    plain = next(layer for layer in json.loads(process.stdout)["layers"] if layer["name"] == "first")
    costs = [
        next(candidate["cycles"] for candidate in layer["candidates"] if candidate["algorithm"] == "direct")
        for layer in (layers["first"], plain)
    ]
    assert "halo_low" not in plain and costs[0] > costs[1] + 2000


def test_verified():
    """Every algorithm, within its certified bound; the identity of the wrapped filter is proven."""
    case = circular_case((1, 5, 12), 4, [5], padding=6, dilation=3)
    with tempfile.TemporaryDirectory() as directory:
        process = run_toeplitz("verify", write_description(case.description("ring"), directory), "--json")
    assert process.returncode == 0, process.stdout + process.stderr
    (layer,) = json.loads(process.stdout)["layers"]
    (entry,) = [entry for entry in layer["algorithms"] if entry["algorithm"] == "fft:circular"]
    assert entry["identity"] == "proof" and 0 < entry["error"] <= entry["bound"]


def test_an_exported_halo_is_found(tmp_path):
    """ONNX has no circular convolution: exporters write the halo as an operation, here around the columns alone, with zeros around the rows."""
    generator = np.random.default_rng(7)
    image = generator.uniform(-1, 1, (1, 6, 9, 20)).astype(np.float32)
    filters = generator.uniform(-1, 1, (5, 6, 3, 7)).astype(np.float32)
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["wide"], mode="wrap"),
        helper.make_node("Conv", ["wide", "w"], ["y"], pads=[1, 0, 1, 0]),
    ]
    pads = np.array([0, 0, 0, 3, 0, 0, 0, 3], np.int64)
    initializers = [numpy_helper.from_array(filters, "w"), numpy_helper.from_array(pads, "pads")]
    model = make_model(nodes, [("x", "FLOAT", image.shape)], [("y", "FLOAT", (1, 5, 9, 20))], initializers, opset=19)
    path = tmp_path / "exported.onnx"
    onnx.save(model, path)
    process = run_toeplitz("compile", path, "--emit=schedule", "-o", tmp_path / "exported.mlir", "--algorithm=fft")
    assert process.returncode == 0, process.stderr
    schedule = (tmp_path / "exported.mlir").read_text()
    assert re.search(r'kernel.conv "fft".*circular = array<i1: false, true>', schedule) and "kernel.pad" not in schedule
    found = Library(compile_network(path, tmp_path, "--algorithm=fft")).run({"x": image})["y"]
    expected = np.zeros((1, 5, 9, 20))
    rows = np.pad(image.astype(np.float64), ((0, 0), (0, 0), (1, 1), (0, 0)))
    for i, j in itertools.product(range(3), range(7)):
        turned = np.roll(rows[:, :, i : i + 9], 3 - j, 3)
        expected += np.einsum("nchw,fc->nfhw", turned, filters[:, :, i, j].astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.max(np.abs(expected)))
