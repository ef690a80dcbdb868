"""Every algorithm in every variant, and on every fold, for all the random convolutions: right within its certified bound, or declined
for the right reason.

`toeplitz verify` compares each with the naive evaluator: on whole numbers bit by bit (or its transforms in exact arithmetic), then on
random numbers against the bound; and each fold of a layer, on whole numbers, with the layer. With --fold the layers are the pieces of
the folded ones, each computed by every algorithm. Which algorithms decline a convolution, and what they say, is computed here once more.
LLVM optimises nothing: that would take most of the time, and what it does to kernels is tested everywhere else.
"""

import collections
import json
import os
import re

import pytest

from operator_cases import description_of
from random_windows import random_cases, random_convolution, random_transposed_convolution
from toeplitz_process import run_toeplitz, write_description

CASES = {
    "convolutions": random_cases(1, 375, random_convolution),
    "transposed": random_cases(2, 125, random_transposed_convolution),
}
PACK = 25
PACKS = [(kind, first) for kind, cases in CASES.items() for first in range(0, len(cases), PACK)]
# Which algorithms decline a window depends on the length of the vectors and on tile registers: processors with the one or the other, by
# the names that --mcpu takes. (Nothing runs here, so any machine can ask for any of them.)
PROCESSORS = {"haswell": {"lanes": 8}, "skylake-avx512": {"lanes": 16}, "sapphirerapids": {"lanes": 16, "has_tiles": True}}
# A folded layer has pieces by the dozen: one window of so many is folded, all where somebody has the time.
STEP = 1 if os.environ.get("TOEPLITZ_ALL_FOLDS") else 10


def run_json(command, model, *options):
    process = run_toeplitz(command, model, "--json", *options)
    assert process.stdout, process.stderr
    return json.loads(process.stdout)


def describe(cases, name, tmp_path):
    return write_description(description_of(cases, name), tmp_path)


def verify(model, *options):
    """The checks of verification by layer: all must have passed, and bounds must be finite."""
    report = run_json("verify", model, "--llvm-level=0", *options)
    wrong = [
        (layer["names"], layer["shape"], check)
        for layer in report["layers"]
        for check in [*layer["algorithms"], *layer["folds"]]
        if not check["passed"]
    ]
    assert not wrong and report["failed"] == 0, wrong
    assert all(0 <= check["ratio"] <= 1 and check["bound"] > 0 for layer in report["layers"] for check in layer["algorithms"])
    return report


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def expected_refusals(layer, lanes, has_tiles=False):
    """What each algorithm that declines a convolution says, from the layer's numbers alone."""
    kernel, strides, dilations = layer["kernel"], layer["strides"], layer["dilations"]
    inputs, outputs, groups = layer["input"][1], layer["result"][1], layer["groups"]
    input_sizes, output_sizes = layer["input"][2:], layer["result"][2:]
    rank = len(kernel)
    halo_low, halo_high = (layer.get(f"halo_{side}", [0] * rank) for side in ("low", "high"))
    padded_sizes = [size + low + high for size, low, high in zip(input_sizes, halo_low, halo_high)]
    refusals = {}

    for algorithm in ("implicit-gemm", "tensor-core-gemm", "warpgroup-gemm", "matrix-vector"):
        refusals[algorithm] = "the target isn't a GPU"
    if not has_tiles:
        refusals["bf16x3"] = refusals["bf16x6"] = "the target has no tile registers (AMX)"

    if not inputs == outputs == groups:
        refusals["depthwise"] = f"input channels, output channels and groups are {inputs}, {outputs} and {groups}, expected one number"
    elif groups == 1:
        refusals["depthwise"] = "there is only one channel, less than a vector"

    if groups == 1:
        refusals["grouped"] = "there is one group"
    elif inputs == outputs == groups:
        refusals["grouped"] = "each group has one channel"
    elif inputs // groups % lanes == 0 and outputs // groups % lanes == 0:
        refusals["grouped"] = f"groups of {inputs // groups} input and {outputs // groups} output channels fill whole vectors"

    if groups != 1:
        refusals["inner-product"] = f"it has {groups} groups, expected 1"
    elif product(output_sizes) == 1:
        refusals["inner-product"] = "it has one output position, expected several"
    elif outputs > 2 * lanes:
        refusals["inner-product"] = f"it has {outputs} output channels, expected two vectors of {lanes} at most"
    if groups != 1:
        refusals["rowwise"] = f"it has {groups} groups, expected 1"
    elif outputs > 2 * lanes:
        refusals["rowwise"] = f"it has {outputs} output channels, expected two vectors of {lanes} at most"
    elif strides[-1] > 2:
        refusals["rowwise"] = f"the stride is {strides[-1]} in spatial dimension {rank - 1}, expected 2 at most"

    moved = [d for d in range(rank) if strides[d] != 1 or layer["padding_low"][d] != 0 or output_sizes[d] != padded_sizes[d]]
    if product(kernel) != 1:
        refusals["pointwise"] = f"the kernel has {product(kernel)} positions, expected 1"
    elif moved:
        refusals["pointwise"] = (
            f"stride or padding makes the output positions differ from the input positions in spatial dimension {moved[0]}"
        )

    positions = product(output_sizes)
    if "pointwise" in refusals:
        refusals["strassen"] = refusals["pointwise"]
    elif groups != 1:
        refusals["strassen"] = f"it has {groups} groups, expected 1"
    elif inputs < 2 * lanes:
        refusals["strassen"] = f"it has {inputs} input channels, expected two vectors of {lanes} at least"
    elif outputs <= lanes:
        refusals["strassen"] = f"it has {outputs} output channels, expected more than a vector of {lanes}"
    elif positions < 2:
        refusals["strassen"] = "it has one position, expected two halves of them"

    def first_reason(reasons):
        return next((reason for reason in reasons if reason), None)

    def is_circulant(d):
        """Whether the outputs are a cyclic convolution with the image, of a size with a fast transform."""
        rest = input_sizes[d]
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        has_halo = halo_low[d] + halo_high[d] > 0
        return has_halo and strides[d] == 1 and output_sizes[d] <= input_sizes[d] and rest == 1

    def fourier_reasons():
        for d in range(rank):
            if strides[d] != 1 and output_sizes[d] != 1:
                yield f"the stride is {strides[d]} in spatial dimension {d}, expected 1"
            if dilations[d] != 1 and kernel[d] != 1 and d + 2 >= rank and not is_circulant(d):
                yield f"the dilation is {dilations[d]} in spatial dimension {d}, expected 1"

    def winograd_reasons():
        transformed = [d for d in range(rank) if kernel[d] > 1][-2:]
        for d in range(rank):
            if strides[d] != 1:
                yield f"the stride is {strides[d]} in spatial dimension {d}, expected 1"
            if d in transformed and kernel[d] > 7:
                yield f"the kernel has {kernel[d]} positions in spatial dimension {d}, at most 7 are transformed"
        if not transformed:
            yield "the kernel has 1 position in each dimension"
        if groups > 1 and (inputs // groups % lanes or outputs // groups % lanes):
            yield (
                f"its groups have {inputs // groups} input and {outputs // groups} output channels, "
                f"expected multiples of the vector length {lanes}"
            )

    for name, reasons in (("fft", fourier_reasons()), ("winograd", winograd_reasons())):
        if reason := first_reason(reasons):
            refusals[name] = reason
    return refusals


def refusals_of(layer):
    return {candidate["algorithm"]: candidate["declines"] for candidate in layer["candidates"] if "declines" in candidate}


@pytest.mark.parametrize("kind, first", PACKS)
def test_every_algorithm(kind, first, tmp_path):
    """Of each random window every algorithm that doesn't decline it."""
    cases = CASES[kind][first : first + PACK]
    model = describe(cases, "windows", tmp_path)
    explained = run_json("explain", model, "--fold=none")
    offered = {
        layer["name"]: {candidate["algorithm"] for candidate in layer["candidates"] if "declines" not in candidate}
        for layer in explained["layers"]
    }
    assert len(offered) == len(cases)
    report = verify(model, "--fold=none")
    verified = {name: {check["algorithm"] for check in layer["algorithms"]} for layer in report["layers"] for name in layer["names"]}
    assert verified == offered
    for layer in explained["layers"]:
        algorithms = {name.partition(":")[0] for name in offered[layer["name"]]}
        assert {"direct", "filter-toeplitz", "im2col"} <= algorithms
        assert algorithms.isdisjoint(refusals_of(layer))


FOLDS = {"convolutions": ("stride", "dilation", "groups"), "transposed": ("transposed",)}


@pytest.mark.parametrize("kind, fold", [(kind, fold) for kind, folds in FOLDS.items() for fold in folds])
def test_every_algorithm_of_every_fold(kind, fold, tmp_path):
    """The pieces of folded windows, where they have another geometry than the window."""
    model = describe(CASES[kind][::STEP], "folded", tmp_path)
    whole, folded = (run_json("explain", model, f"--fold={choice}")["layers"] for choice in ("none", fold))
    pieces = collections.Counter(layer["name"] for layer in folded)
    def geometry(layer):
        return {key: layer[key] for key in ("input", "result", "kernel", "strides", "dilations", "padding_low", "groups")}
    unchanged = {layer["name"]: geometry(layer) for layer in whole}
    changed = sorted({layer["name"] for layer in folded if pieces[layer["name"]] > 1 or geometry(layer) != unchanged[layer["name"]]})
    assert len(changed) >= 3
    cases = [CASES[kind][::STEP][int(name.removeprefix("case"))] for name in changed]
    report = verify(describe(cases, "pieces", tmp_path), f"--fold={fold}")
    algorithms = {check["algorithm"].partition(":")[0] for layer in report["layers"] for check in layer["algorithms"]}
    assert {"direct", "im2col", "filter-toeplitz", "winograd", "fft"} <= algorithms


MOVED = "stride or padding makes the output positions differ from the input positions in spatial dimension N"
# What they say, each of at least one random window. What no random window has (no spatial dimension, a kernel or a column that is
# too large, filters that the network computes) is in test/compiler/Schedule/select-algorithms-errors.mlir, -fft-errors.mlir,
# -filter-toeplitz-errors.mlir and -gpu-errors.mlir.
REASONS = {
    "implicit-gemm": ("the target isn't a GPU",),
    "tensor-core-gemm": ("the target isn't a GPU",),
    "warpgroup-gemm": ("the target isn't a GPU",),
    "matrix-vector": ("the target isn't a GPU",),
    "depthwise": ("input channels, output channels and groups are N, N and N, expected one number",
                  "there is only one channel, less than a vector"),
    "grouped": ("there is one group", "each group has one channel"),
    "inner-product": ("it has N groups, expected N", "it has one output position, expected several",
                      "it has N output channels, expected two vectors of N at most"),
    "rowwise": ("it has N groups, expected N", "it has N output channels, expected two vectors of N at most"),
    "pointwise": ("the kernel has N positions, expected N", MOVED),
    "strassen": ("the kernel has N positions, expected N", MOVED, "it has N groups, expected N"),
    "fft": ("the dilation is N in spatial dimension N, expected N",),
    "winograd": ("the kernel has N position in each dimension",
                 "its groups have N input and N output channels, expected multiples of the vector length N"),
}  # fmt: skip
REASONS_OF_CONVOLUTIONS = {
    "rowwise": ("the stride is N in spatial dimension N, expected N at most",),
    "strassen": ("it has N input channels, expected two vectors of N at least",),
    "fft": ("the stride is N in spatial dimension N, expected N",),
    "winograd": ("the stride is N in spatial dimension N, expected N",),
}
# Those of a transposed convolution are of one of its phases, whose numbers aren't the layer's.
REASONS_OF_PHASES = {
    "pointwise": ("it would write its output positions apart",),
    "strassen": ("it would write its output positions apart",),
    "fft": ("no tap of the filter takes part in spatial dimension N",),
    "winograd": ("the kernel has no positions in spatial dimension N",),
}
WITHOUT_TILES = {name: ("the target has no tile registers (AMX)",) for name in ("bf16x3", "bf16x6")}
WITH_TILES = {name: ("the kernel has no positions in spatial dimension N",) for name in ("bf16x3", "bf16x6")}
# The random windows have few channels: some fill vectors of 8, and some that fill none of 16 are enough for two of 8.
WITH_SHORT_VECTORS = {
    "grouped": ("groups of N input and N output channels fill whole vectors",),
    "strassen": ("it has N output channels, expected more than a vector of N",),
}


def reasons_seen(layers):
    return {(name, re.sub(r"\d+", "N", reason)) for layer in layers for name, reason in refusals_of(layer).items()}


def all_reasons(*tables):
    return {(name, reason) for table in tables for name, reasons in table.items() for reason in reasons}


@pytest.mark.parametrize("processor", PROCESSORS)
def test_reasons_of_convolutions(processor, tmp_path):
    """The same ones decline each random convolution, in the same words, as this file finds; and each reason occurs."""
    model = describe(CASES["convolutions"], "declined", tmp_path)
    report = run_json("explain", model, "--fold=none", f"--mcpu={processor}")
    assert len(report["layers"]) == len(CASES["convolutions"])
    assert report["lanes"] == PROCESSORS[processor]["lanes"]
    for layer in report["layers"]:
        assert refusals_of(layer) == expected_refusals(layer, **PROCESSORS[processor]), layer["name"]
    on_processor = {
        "haswell": (WITHOUT_TILES, WITH_SHORT_VECTORS),
        "skylake-avx512": (WITHOUT_TILES,),
        "sapphirerapids": (),
    }
    assert reasons_seen(report["layers"]) == all_reasons(REASONS, REASONS_OF_CONVOLUTIONS, *on_processor[processor])


@pytest.mark.parametrize("processor", PROCESSORS)
def test_reasons_of_transposed_convolutions(processor, tmp_path):
    """Exactly these occur, each at least once."""
    model = describe(CASES["transposed"], "declined", tmp_path)
    layers = run_json("explain", model, "--fold=none", f"--mcpu={processor}")["layers"]
    few_channels = {"strassen": REASONS_OF_CONVOLUTIONS["strassen"]}
    on_processor = {
        "haswell": (WITHOUT_TILES, WITH_SHORT_VECTORS),
        "skylake-avx512": (WITHOUT_TILES, few_channels),
        "sapphirerapids": (WITH_TILES, few_channels),
    }
    assert reasons_seen(layers) == all_reasons(REASONS, REASONS_OF_PHASES, *on_processor[processor])
    for layer in layers:
        channels = (layer["input"][1], layer["result"][1], layer["groups"])
        assert ("depthwise" in refusals_of(layer)) == (len(set(channels)) != 1 or channels[0] == 1)
