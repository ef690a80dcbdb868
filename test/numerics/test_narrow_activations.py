"""What tensor cores read in 16 bits: tensors between layers are rounded where they are stored, and all else is float32.

Inputs and weights are small whole numbers, so that every sum is exact in whatever order it is added up, by hardware that cuts off
what 24 bits don't hold too: what the GPU computes is compared bit by bit with the naive evaluator, whose tensors between layers NumPy has rounded. In emulation, accesses of a block's memory are watched.
"""

import json
import random
import re

import numpy as np
import pytest

from gpu_target import by_speed
from test_tensor_cores import (PRECISIONS, WARPGROUPS, WARPS, convolution, each_way, needs_warpgroups, rounded, weights_of,
                               write_weighted)  # fmt: skip
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, write_description

NARROW = ("bf16", "f16")
# Of more than this not every whole number is one of the precision.
EXACT = {"bf16": 2**8, "f16": 2**11}


def whole(tensors, generator, largest=1):
    """Whole numbers in the place of weights."""
    return {name: generator.integers(-largest, largest + 1, values.shape).astype(np.float32) for name, values in tensors.items()}


def random_case(generator):
    """Channels of a group in eights (which threads copy), or any; borders of tiles, steps and images."""
    rank = generator.choice((1, 2, 2, 2, 3))
    groups = generator.choice((1, 1, 1, 2, 3))
    inputs = generator.choice((8, 16, 24, 32, 40, 64, 7))
    kernel = [generator.randint(1, 3 if rank < 3 else 2) for _ in range(rank)]
    sizes = tuple(generator.randint(3, by_speed((40, 9, 5), (300, 40, 10))[rank - 1]) for _ in range(rank))
    return convolution(
        inputs * groups, generator.choice((1, 8, 31, 33)) * groups, sizes, kernel, batch=generator.choice((1, 2, 3)), groups=groups,
        stride=[generator.randint(1, 3) for _ in range(rank)], dilation=[generator.randint(1, 2) for _ in range(rank)],
        padding=[[k, generator.randint(0, 2)] for k in kernel], bias=generator.random() < 0.5,
    )


PRODUCERS = (
    {"op": "relu"},
    {"op": "max_pool", "kernel_size": 2, "stride": 1},
    {"op": "leaky_relu", "negative_slope": 0.5},
)


def build_pairs(cases, name):
    """Each convolution behind a layer that does the same with rounded numbers, and rounds what it stores."""
    inputs, layers = [], []
    for place, case in enumerate(cases):
        (shape,) = case.shapes
        producer = dict(PRODUCERS[place % len(PRODUCERS)])
        if producer["op"] == "max_pool":
            shape = (*shape[:2], *(size + 1 for size in shape[2:]))
            producer.update(kernel_size=[2] * (len(shape) - 2), stride=[1] * (len(shape) - 2))
        inputs.append({"name": f"x{place}", "shape": list(shape)})
        layers += [
            {"name": f"producer{place}", "inputs": [f"x{place}"], **producer},
            {"name": f"case{place}", "inputs": [f"producer{place}"], **case.layer},
        ]
    return {"name": name, "inputs": inputs, "layers": layers, "outputs": [f"case{place}" for place in range(len(cases))]}


def emit_schedule(description, directory, *options, way=WARPS):
    path = directory / "schedule.mlir"
    process = run_toeplitz("compile", write_description(description, directory), *way.explained, "--emit=schedule", *options, "-o", path)
    assert process.returncode == 0, process.stderr
    return path.read_text()


def check_equal(found, expected):
    for name, values in expected.items():
        assert np.all(np.isfinite(values)) and np.max(np.abs(values)) < 2**24
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@each_way
@pytest.mark.parametrize("precision", NARROW)
def test_windows(precision, way, tmp_path):
    choice = random.Random(precision)
    cases = [random_case(choice) for _ in range(by_speed(24, 100))]
    # Several splits of the sum, and channels that are whole steps.
    cases += [convolution(320, 5, (3,), [1]), convolution(64, 130, (9, 15), [3, 3]), convolution(96, 64, (4, 33), [1, 3], stride=2),
              convolution(1024, 72, (5,), [1])]
    description, generator = build_pairs(cases, "pairs"), np.random.default_rng(7)
    tensors = whole(weights_of(cases), generator)
    # Halves of these are numbers of the precision as well.
    inputs = {
        x["name"]: 2 * generator.integers(-2 * EXACT[precision], 2 * EXACT[precision], x["shape"]).astype(np.float32)
        for x in description["inputs"]
    }
    options = ["--algorithm=" + ",".join(f"case{place}={way.algorithm}" for place in range(len(cases))), f"--precision={precision}"]
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    found = Library(compile_network(network, folder, *way.checked, *options)).run(inputs)
    near = {name: rounded(values, precision) for name, values in inputs.items()}
    assert all(np.any(near[name] != inputs[name]) for name in inputs)
    check_equal(found, evaluate_reference(network, near, folder))
    schedule = emit_schedule({**description, "weights": {"random": 1}}, tmp_path, *options, way=way)
    stored = re.findall(rf"memref\.view .* to memref<[0-9x]*x{precision}>", schedule)
    assert len(stored) == len(cases)
    # Those of which threads copy the channels.
    copied = [case for case in cases if case.shapes[0][1] // case.layer.get("groups", 1) % 8 == 0]
    assert len(set(re.findall(r"memref\.reinterpret_cast (%\w+) ", schedule))) == len(copied) > len(cases) / 2


# Positions and channels of a tile, and a layer that is computed with it: (output channels, positions).
WARPGROUP_TILES = {
    "64, 64": (33, 170), "64, 128": (120, 6000), "128, 64": (60, 12000), "128, 128": (120, 12000), "256, 64": (40, 17000),
    "256, 128": (120, 17000),
}  # fmt: skip


@needs_warpgroups
@pytest.mark.parametrize("precision, channels", [("bf16", 264), ("bf16", 56), ("f16", 264), ("tf32", 136)])
def test_every_tile_of_warpgroups(precision, channels, tmp_path):
    """With more steps than stages, of tiles that are cut off at both ends, of an input that threads copy and one that they round."""
    cases = [convolution(channels, outputs, (positions,), [1], bias=False) for outputs, positions in WARPGROUP_TILES.values()]
    inputs = {f"x{place}": np.zeros(case.shapes[0]) for place, case in enumerate(cases)}
    layers = [{"name": f"case{place}", "inputs": [f"y{place}"], **case.layer} for place, case in enumerate(cases)]
    layers += [{"name": f"y{place}", "op": "relu", "inputs": [f"x{place}"]} for place in range(len(cases))]
    layers += [{"name": "rounds", "op": "conv", "inputs": ["x0"], "out_channels": 33, "kernel_size": 1, "bias": False}]
    description = {
        "name": "tiles", "inputs": [{"name": name, "shape": list(values.shape)} for name, values in inputs.items()],
        "layers": layers, "outputs": [*(f"case{place}" for place in range(len(cases))), "rounds"],
    }  # fmt: skip
    generator = np.random.default_rng(11)
    tensors = whole({**weights_of(cases), "rounds.weight": np.zeros((33, channels, 1))}, generator)
    inputs = whole(inputs, generator, largest=8)
    options = [WARPGROUPS.chosen, f"--precision={precision}"]
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    found = Library(compile_network(network, folder, *WARPGROUPS.on_gpu, *options)).run(inputs)
    check_equal(found, evaluate_reference(network, inputs, folder))
    schedule = emit_schedule({**description, "weights": {"random": 1}}, tmp_path, *options, way=WARPGROUPS)
    assert set(re.findall(r"tile = array<i64: (\d+, \d+)>", schedule)) == WARPGROUP_TILES.keys()


def chain():
    """A residual block, a depthwise convolution, a concatenation, pools and a dense layer: (layers, stored in 16 bits) of each step."""
    window = {"kernel_size": 3, "padding": 1, "out_channels": 16}
    return [
        ([{"name": "stem", "op": "conv", "inputs": ["x"], **window}, {"name": "first", "op": "relu"}], True),
        ([{"name": "pool", "op": "max_pool", "kernel_size": 3, "stride": 2, "padding": 1, "inputs": ["first"]}], True),
        ([{"name": "a", "op": "conv", "inputs": ["pool"], **window}, {"name": "inner", "op": "relu"}], True),
        (
            [
                {"name": "b", "op": "conv", "inputs": ["inner"], **window},
                {"name": "sum", "op": "add", "inputs": ["b", "pool"]},
                {"name": "block", "op": "relu"},
            ],
            True,
        ),
        ([{"name": "depthwise", "op": "conv", "inputs": ["block"], **window, "groups": 16}, {"name": "slope", "op": "relu"}], True),
        ([{"name": "point", "op": "conv", "inputs": ["slope"], "out_channels": 24, "kernel_size": 1}], True),
        (
            [
                {"name": "joined", "op": "concat", "inputs": ["point", "slope"]},
                {"name": "mean", "op": "average_pool", "kernel_size": 2, "inputs": ["joined"]},
            ],
            True,
        ),
        # (Without the activation, the average would be computed before the convolution.)
        ([{"name": "last", "op": "conv", "inputs": ["mean"], "out_channels": 8, "kernel_size": 1}, {"name": "act", "op": "relu"}], False),
        (
            [
                {"name": "global", "op": "global_average_pool", "inputs": ["act"]},
                {"name": "flat", "op": "flatten", "inputs": ["global"]},
            ],
            True,
        ),
        ([{"name": "dense", "op": "linear", "inputs": ["flat"], "out_features": 10}], False),
    ]


def whole_chain(directory, batch=2):
    layers = [layer for step, _ in chain() for layer in step]
    network = {"name": "chain", "inputs": [{"name": "x", "shape": [batch, 3, 16, 16]}], "layers": layers, "outputs": ["dense"]}
    generator, directory = np.random.default_rng(3), directory / "chain"
    shapes = {"stem": (16, 3, 3, 3), "a": (16, 16, 3, 3), "b": (16, 16, 3, 3), "depthwise": (16, 1, 3, 3), "point": (24, 16, 1, 1),
              "last": (8, 40, 1, 1), "dense": (10, 8)}
    weights = {f"{name}.weight": np.zeros(shape) for name, shape in shapes.items()}
    weights.update({f"{name}.bias": np.zeros(shape[0]) for name, shape in shapes.items()})
    tensors = whole(weights, generator)
    return *write_weighted(network, tensors, directory), tensors, {"x": generator.integers(-1, 2, (batch, 3, 16, 16)).astype(np.float32)}


def chain_by(way):
    on_tensor_cores = ("stem", "a", "b", "point", "last", "dense")
    return "--algorithm=" + ",".join([f"{name}={way.algorithm}" for name in on_tensor_cores] + ["depthwise=direct"])


CHAIN = chain_by(WARPS)


def evaluate_chain(tensors, inputs, directory, precision):
    known = dict(inputs)
    for place, (layers, is_stored) in enumerate(chain()):
        result = layers[-1]["name"]
        own = {layer["name"] for layer in layers}
        read = sorted({name for layer in layers for name in layer.get("inputs", [])} - own)
        description = {
            "name": "step", "inputs": [{"name": name, "shape": list(known[name].shape)} for name in read], "layers": layers, "outputs": [result],
        }
        used = {key: values for key, values in tensors.items() if key.split(".")[0] in own}
        network, folder = (
            write_weighted(description, used, directory / f"step{place}") if used
            else (description, directory))
        values = evaluate_reference(network, {name: known[name] for name in read}, folder)[result]
        known[result] = rounded(values, precision) if is_stored else values
    return known["dense"]


@each_way
@pytest.mark.parametrize("precision", NARROW)
def test_chain(precision, way, tmp_path):
    network, folder, tensors, inputs = whole_chain(tmp_path)
    options = [chain_by(way), f"--precision={precision}"]
    library = Library(compile_network(network, folder, *way.checked, *options))
    found = library.run(inputs)
    expected = evaluate_chain(tensors, inputs, tmp_path, precision)
    check_equal(found, {"dense": expected})
    assert np.any(expected != evaluate_reference(network, inputs, folder)["dense"])
    # Two runs have the same bits.
    assert library.run(inputs)["dense"].tobytes() == found["dense"].tobytes()


@each_way
def test_batches_of_any_size(way, tmp_path):
    """Samples of a batch that are computed together, each in memory of its own."""
    network, folder, tensors, _ = whole_chain(tmp_path, batch=1)
    x = np.random.default_rng(4).integers(-1, 2, (6, 3, 16, 16)).astype(np.float32)
    library = Library(compile_network(network, folder, *way.on_gpu, chain_by(way), "--precision=bf16", "--batch=dynamic"))
    expected = evaluate_chain(tensors, {"x": x}, tmp_path, "bf16")
    check_equal(library.run({"x": x}), {"dense": expected})


def test_half_of_the_memory(tmp_path):
    """16 bits take half of the bytes between layers."""
    network = {**whole_chain(tmp_path)[0], "weights": {"random": 1}}

    def workspace(precision):
        schedule = emit_schedule(network, tmp_path, CHAIN, f"--precision={precision}")
        return int(re.search(r"toeplitz\.workspace_size = (\d+)", schedule).group(1))

    assert workspace("bf16") == workspace("f16") <= 0.55 * workspace("tf32")


def test_bounds_are_for_what_a_layer_rounds_itself(tmp_path):
    """Where a bound is asked for, what other layers read too stays float32: here the residual, and what is pooled by averages."""
    network = {**whole_chain(tmp_path)[0], "weights": {"random": 1}}

    def shapes(*options):
        schedule = emit_schedule(network, tmp_path, CHAIN, "--precision=bf16", *options)
        return set(re.findall(r"memref\.view .* to memref<([0-9x]*)xbf16>", schedule))

    free, bounded = shapes(), shapes("--input-range=1")
    assert bounded < free and len(bounded) >= 2


@pytest.mark.parametrize("precision", PRECISIONS)
def test_typical_errors_count_what_is_stored(precision, tmp_path):
    """One more rounding of a layer's input, for those who read it beside the tensor cores."""
    network = {**whole_chain(tmp_path)[0], "weights": {"random": 1}}
    process = run_toeplitz("explain", write_description(network, tmp_path), "--json", "--target=cuda", CHAIN, f"--precision={precision}")
    assert process.returncode == 0, process.stderr
    layer = next(layer for layer in json.loads(process.stdout)["layers"] if layer["name"] == "a")
    (candidate,) = (c for c in layer["candidates"] if c["algorithm"] == f"tensor-core-gemm:{precision}")
    unit = {"tf32": 2.0**-11, "bf16": 2.0**-8, "f16": 2.0**-11}[precision]
    roundings = 2 if precision == "tf32" else 3
    assert candidate["typical_error"] == pytest.approx(0.43 * unit * np.sqrt(roundings), rel=0.02)
