"""`toeplitz verify` on random layers, what it does with wrong ones, and the bounds that it certifies, computed here once more."""

import json
import statistics

import numpy as np
import pytest

from network_description import NetworkDescription
from operator_cases import Case, description_of
from random_networks import RandomNetwork
from processor import has_tiles
from random_windows import random_cases, random_convolution, random_transposed_convolution
from toeplitz_process import evaluate_reference, run_toeplitz, write_description

CASES = [
    *random_cases(51, 6, random_convolution),
    *random_cases(52, 3, random_transposed_convolution),
    # Borders of all kinds: a kernel beyond its input, one channel, one pixel, a stride beyond the kernel, uneven padding.
    Case({"op": "conv", "out_channels": 3, "kernel_size": 5, "padding": 2}, ((1, 2, 3, 4),), reduction=50),
    Case({"op": "conv", "out_channels": 1, "kernel_size": 3, "padding": 1}, ((2, 1, 1, 1),), reduction=9),
    Case({"op": "conv", "out_channels": 9, "kernel_size": 2, "stride": 3}, ((1, 17, 8, 7),), reduction=68),
]


def verify(model, *options):
    process = run_toeplitz("verify", model, "--json", *options)
    assert process.stdout, process.stderr
    report = json.loads(process.stdout)
    assert process.returncode == (1 if report["failed"] else 0)
    return report


@pytest.mark.parametrize("processor", ["native", "x86-64-v2"])
def test_random_layers(processor, tmp_path):
    model = write_description(description_of(CASES, "layers"), tmp_path)
    report = verify(model, f"--mcpu={processor}")
    assert report["failed"] == 0
    checks = [check for layer in report["layers"] for check in layer["algorithms"]]
    assert {"direct", "im2col"} <= {check["algorithm"] for check in checks}
    assert sum(len(layer["names"]) for layer in report["layers"]) == len(CASES)
    assert all(check["passed"] and 0 <= check["ratio"] <= 1 for check in checks)
    # A bound that is never used is no bound of this error.
    assert max(check["ratio"] for check in checks) > 1e-3


def transformed_case(choose):
    """A dense convolution with stride 1 in 1-D or 2-D, which both algorithms with transforms compute."""
    dimensions = choose.choice((1, 2, 2))
    kernel = [choose.randint(2, 7) for _ in range(dimensions)]
    sizes = [choose.randint(k, 20) for k in kernel]
    inputs = choose.choice((1, 3, 8, 17, 40))
    layer = {"op": "conv", "out_channels": choose.choice((1, 5, 16, 33)), "kernel_size": kernel, "padding": [choose.randint(0, k // 2) for k in kernel]}
    return Case(layer, ((1, inputs, *sizes),))


# The largest error of a layer in units of its bound: the median over layers is what a worst case is above random inputs. Sums of products
# have medians near 1e-2 (a random walk is the square root of the worst case); transforms add norms of whole tiles to that.
@pytest.mark.parametrize("algorithm, least", [("winograd", 5e-4), ("fft", 1e-4), ("direct", 3e-3), ("bf16x3", 6e-3), ("bf16x6", 5e-4)])
def test_bounds_hold_and_mean_something(algorithm, least, tmp_path):
    """No error is above its bound, and no bound is so far above the errors that --max-error would refuse everything."""
    on_tiles = algorithm.startswith("bf16")
    if on_tiles and not has_tiles():
        pytest.skip("this processor has no AMX")
    model = write_description(description_of(random_cases(61, 16, transformed_case), "transformed"), tmp_path)
    report = verify(model, f"--algorithm={algorithm}", "--fold=none", "--llvm-level=0", *["--mcpu=native"] * on_tiles)
    ratios = [check["ratio"] for layer in report["layers"] for check in layer["algorithms"]]
    assert {check["algorithm"].partition(":")[0] for layer in report["layers"] for check in layer["algorithms"]} == {algorithm}
    assert len(ratios) >= 16
    assert max(ratios) <= 1
    assert statistics.median(ratios) >= least
    if algorithm == "winograd":
        assert {check["algorithm"] for layer in report["layers"] for check in layer["algorithms"]} >= {"winograd:f2", "winograd:f4", "winograd:f6"}


def test_bounds_of_filters_that_kernels_transform(tmp_path):
    cases = [
        Case({"op": "conv", "out_channels": 96, "kernel_size": 3, "padding": 1}, ((1, 112, 9, 10),)),
        Case({"op": "conv", "out_channels": 208, "kernel_size": [3, 1]}, ((1, 192, 11, 3),)),
        Case({"op": "conv", "out_channels": 64, "kernel_size": 5, "padding": 2}, ((1, 64, 7, 8),)),
    ]
    model = write_description(description_of(cases, "large"), tmp_path)
    report = verify(model, "--algorithm=winograd", "--fold=none", "--llvm-level=0", "--mcpu=x86-64-v3")
    checks = [check for layer in report["layers"] for check in layer["algorithms"] if check["algorithm"].endswith("-raw")]
    assert {check["algorithm"] for check in checks} >= {"winograd:f2-raw", "winograd:f3-raw", "winograd:f4-raw", "winograd:f5-raw", "winograd:f6-raw"}
    assert all(check["passed"] and 1e-5 < check["ratio"] <= 1 for check in checks)


NETWORK = {
    "name": "two",
    "weights": {"random": 5},
    "inputs": [{"name": "x", "shape": [1, 3, 8, 8]}],
    "layers": [
        {"name": "conv1", "op": "conv", "out_channels": 8, "kernel_size": 3, "padding": 1},
        {"name": "relu1", "op": "relu"},
        {"name": "conv2", "op": "conv", "out_channels": 8, "kernel_size": 3, "padding": 1},
        {"name": "sum", "op": "add", "inputs": ["conv2", "relu1"]},
        {"name": "relu2", "op": "relu"},
        {"name": "conv3", "op": "conv", "out_channels": 4, "kernel_size": 1},
    ],
}


def test_a_wrong_weight_is_found(tmp_path):
    model = write_description(NETWORK, tmp_path)
    report = verify(model, "--inject-fault=conv2")
    for layer in report["layers"]:
        for check in layer["algorithms"]:
            assert check["passed"] == (layer["names"] != ["conv2"])
            assert (check["ratio"] > 1) == (layer["names"] == ["conv2"])
            if check["identity"] == "exact":
                assert ("identity_problem" in check) == (layer["names"] == ["conv2"])
    assert report["failed"] == len(report["layers"][1]["algorithms"])


def test_layers_are_verified_apart(tmp_path):
    """At the same time as others or alone, a layer gives the same numbers, and in the network's order."""
    model = write_description(NETWORK, tmp_path)
    layers = verify(model, "--fold=none")["layers"]
    assert [layer["names"] for layer in layers] == [["conv1"], ["conv2"], ["conv3"]]
    for layer in layers:
        assert verify(model, "--fold=none", f"--layer={layer['names'][0]}")["layers"] == [layer]


def test_an_error_above_the_bound_is_found(tmp_path):
    model = write_description(NETWORK, tmp_path)
    report = verify(model, "--bound-scale=1e-6")
    assert report["failed"] == report["algorithms"]
    text = run_toeplitz("verify", model, "--bound-scale=1e-6")
    assert text.returncode == 1
    assert "the error is larger than the certified bound" in text.stdout
    assert text.stdout.endswith(f"3 layers, {report['algorithms']} algorithms verified, {report['failed']} failed\n")


def test_large_layers_are_reduced(tmp_path):
    description = {
        "name": "large",
        "weights": {"random": 6},
        "inputs": [{"name": "x", "shape": [1, 16, 301, 303]}],
        "layers": [{"name": "conv", "op": "conv", "out_channels": 64, "kernel_size": 3, "padding": 1}],
    }
    (layer,) = verify(write_description(description, tmp_path), "--algorithm=direct")["layers"]
    # 301 and 303 leave the same remainders of all tiles.
    assert layer["reduction"].startswith("input 1x16x301x303 reduced to 1x16x")
    sizes = layer["reduction"].rpartition(" ")[2].split("x")
    assert sizes[3] == "303" and int(sizes[2]) % 24 == 301 % 24 and int(sizes[2]) < 301


def unit(n):
    """Higham's gamma(n) for float32."""
    return n * 2.0**-24 / (1 - n * 2.0**-24)


def test_bounds_are_the_formula(tmp_path):
    """The ranges and bounds of the first layers, computed from the weights."""
    model = write_description(NETWORK, tmp_path)
    process = run_toeplitz("explain", model, "--json", "--input-range=2")
    report = json.loads(process.stdout)
    description = NetworkDescription.load(model)
    first, second = description.layers[0], description.layers[2]
    weight = description.weight(first, "weight", (8, 3, 3, 3), 27).astype(np.float64)
    bias = description.weight(first, "bias", (8,), 27).astype(np.float64)
    sums = np.abs(weight).sum((1, 2, 3))
    bound = unit(27) * sums.max() * 2
    bound += unit(28) * np.abs(bias).max() + 2 * 2.0**-24 * (sums.max() * 2 + bound + np.abs(bias).max())
    found = {c["algorithm"]: c for c in report["layers"][0]["candidates"]}["direct"]["error_bound"]
    assert found == pytest.approx(bound, rel=1e-6)
    # Behind ReLU the largest value is that of the largest channel; rounding adds to it.
    assert second["name"] == "conv2"
    largest = (2 * sums + bias).max()
    assert largest <= report["layers"][1]["input_bound"] <= largest + 2 * bound
    assert report["layers"][0]["input_bound"] == 2


@pytest.mark.parametrize("seed", range(3))
def test_no_value_leaves_its_range(seed, tmp_path):
    """What the last convolution reads, computed for inputs at the ends of their range."""
    model = write_description(NETWORK, tmp_path)
    bound = json.loads(run_toeplitz("explain", model, "--json").stdout)["layers"][2]["input_bound"]
    shortened = {**NETWORK, "name": "shortened", "layers": NETWORK["layers"][:-1], "outputs": ["relu2"]}
    inputs = {"x": np.sign(np.random.default_rng(seed).normal(size=(1, 3, 8, 8))).astype(np.float32)}
    values = evaluate_reference(shortened, inputs, tmp_path)["relu2"]
    assert 0 < np.abs(values).max() <= bound


@pytest.mark.parametrize("seed", range(40, 46))
def test_ranges_of_random_networks(seed, tmp_path):
    """What every convolution of a network with branches and all kinds of activations reads, against what is certified."""
    description = RandomNetwork(seed).description
    layers = json.loads(run_toeplitz("explain", write_description(description, tmp_path), "--json").stdout)["layers"]
    bounds = {layer["name"]: layer["input_bound"] for layer in layers}
    inputs_of_layers, previous = {}, "x"
    for layer in description["layers"]:
        inputs_of_layers[layer["name"]] = layer.get("inputs", [previous])[0]
        previous = layer["name"]
    assert bounds and all(name in inputs_of_layers for name in bounds)
    values = {"x": np.sign(np.random.default_rng(seed).normal(size=description["inputs"][0]["shape"])).astype(np.float32)}
    wanted = sorted({inputs_of_layers[name] for name in bounds} - {"x"})
    shown = {**description, "name": "shown", "outputs": wanted}
    values.update(evaluate_reference(shown, dict(values), tmp_path) if wanted else {})
    for name, bound in bounds.items():
        # (null is unbounded, never wrong; but it must not be the rule.)
        assert bound is None or np.abs(values[inputs_of_layers[name]]).max() <= bound, name
    assert sum(bound is not None for bound in bounds.values()) >= len(bounds) / 2


def test_exactness_is_certified_in_the_header(tmp_path):
    model = write_description(NETWORK, tmp_path)
    report = json.loads(run_toeplitz("explain", model, "--json", "--max-error=1", "--input-range=3").stdout)
    header = run_toeplitz("compile", model, "--emit=header", "--max-error=1", "--input-range=3", "-o", "-").stdout
    assert f"{report['totals']['error_bound']:.2e}" in header
    assert "Rounding" not in run_toeplitz("compile", model, "--emit=header", "-o", "-").stdout
