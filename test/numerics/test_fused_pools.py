"""Pools that are computed with the convolution before them, whether or not something else reads what is pooled."""

import numpy as np
import pytest

from operator_cases import Case, check
from toeplitz_process import (
    Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads, write_description,
)

CONV = {"kernel_size": 3, "padding": 1}
MAX = {"op": "max_pool", "kernel_size": 2}

# Sizes that cut tiles and windows, channels that are no multiple of a vector, windows smaller than their stride or left out at the end.
POOLS = {
    "f2": dict(variant="f2", sizes=[9, 10], pool=MAX),
    "f4": dict(variant="f4", sizes=[13, 11], channels=5, outputs=17, pool=MAX, behind="relu"),
    "f6": dict(variant="f6", sizes=[25, 30], channels=24, outputs=40, pool=MAX, behind="silu"),
    "third": dict(variant="f6", sizes=[19, 17], pool={"op": "max_pool", "kernel_size": 3}),
    "batch": dict(variant="f4", sizes=[14, 14], batch=3, channels=9, outputs=33, pool=MAX, behind="relu"),
    "groups": dict(variant="f4", sizes=[14, 9], channels=32, outputs=32, layer=CONV | {"groups": 2}, pool=MAX),
    "rounded_up": dict(variant="f4", sizes=[13, 15], pool=MAX | {"ceil_mode": True}),
    "sparse": dict(variant="f6", sizes=[14, 21], pool={"op": "max_pool", "kernel_size": [1, 2], "stride": [2, 3]}),
    "average": dict(variant="f6", sizes=[15, 22], pool={"op": "average_pool", "kernel_size": 3}, behind="relu"),
    "norm": dict(variant="f4", sizes=[15, 12], pool={"op": "lp_pool", "kernel_size": 2, "norm_type": 3}),
    "one_channel": dict(variant="f4", sizes=[8, 8], channels=1, outputs=1, pool=MAX),
    "one_window": dict(variant="f4", sizes=[2, 3], pool=MAX),
    "one_pixel": dict(variant="f4", sizes=[1, 1], pool=MAX | {"ceil_mode": True}),
    "asymmetric": dict(variant="f4", sizes=[10, 9], layer={"kernel_size": [3, 2], "padding": [[2, 0], [0, 1]]}, pool=MAX),
    "one_dimension": dict(variant="f6", sizes=[41], pool=MAX, behind="relu"),
    "rows": dict(variant="f4", sizes=[17, 5], layer={"kernel_size": [3, 1], "padding": [1, 0]},
                 pool={"op": "max_pool", "kernel_size": [2, 1]}),
    "columns": dict(variant="f4", sizes=[5, 17], layer={"kernel_size": [1, 3], "padding": [0, 1]},
                    pool={"op": "max_pool", "kernel_size": [1, 4]}),
    "three_dimensions": dict(variant="f2", sizes=[5, 9, 8], layer=CONV, pool={"op": "max_pool", "kernel_size": [1, 2, 2]}),
    # Several tasks share a block of tiles.
    "large": dict(variant="f6", sizes=[62, 50], channels=64, outputs=64, pool=MAX, behind="relu"),
}


def description_of(name, case, kept):
    layers = [
        # The network's own input is plain; this is what the convolution sees inside of a network.
        {"name": "before", "op": "conv", "inputs": ["x"], "out_channels": case.get("channels", 16), "kernel_size": 1},
        {"name": "conv", "op": "conv", "out_channels": case.get("outputs", 16), **case.get("layer", CONV)},
    ]
    if "behind" in case:
        layers.append({"name": "behind", "op": case["behind"]})
    pooled = layers[-1]["name"]
    layers.append({"name": "pool", **case["pool"]})
    outputs = ["pool"] + [pooled] * kept
    inputs = [{"name": "x", "shape": [case.get("batch", 1), 3, *case["sizes"]]}]
    return {"name": name, "weights": {"random": 1}, "inputs": inputs, "layers": layers, "outputs": outputs}, pooled


def options_of(case):
    return ("--mcpu=x86-64-v3", "--typical-error=none", f"--algorithm=conv=winograd:{case['variant']}")


def write_schedule(description, tmp_path, *options):
    process = run_toeplitz("compile", write_description(description, tmp_path), "--emit=schedule", "--brief", "-o", "-", *options)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize("name", POOLS)
def test_pool(name, tmp_path):
    case = POOLS[name]
    results = []
    for kept in (True, False):
        description, pooled = description_of(name, case, kept)
        options = options_of(case)
        schedule = write_schedule(description, tmp_path, *options)
        assert schedule.count(" pool <") == 1 and "kernel.pool" not in schedule
        assert schedule.count(" unpooled ") == kept

        shape = description["inputs"][0]["shape"]
        inputs = {"x": np.random.default_rng(7).uniform(-1, 1, shape).astype(np.float32)}
        library = Library(compile_network(description, tmp_path, *options))
        found = library.run(inputs)
        expected = evaluate_reference(description, inputs, tmp_path)
        # (Winograd's algorithm rounds more than a sum.)
        for output in description["outputs"]:
            check(Case(case["pool"], (tuple(shape),), reduction=9 * case.get("channels", 16), slack=20.0), found[output],
                  expected[output], "compiled code", "the evaluator")
        for output, values in run_with_threads(library, inputs, 3).items():
            assert np.array_equal(values, found[output]), f"other bits of '{output}' on three threads"
        results.append(found)
    assert np.array_equal(results[0]["pool"], results[1]["pool"]), "other bits where what is pooled is kept"

    # The pool alone has the same bits.
    values = results[0][pooled]
    alone = {"name": f"{name}_alone", "inputs": [{"name": "x", "shape": list(values.shape)}],
             "layers": [{"name": "pool", "inputs": ["x"], **case["pool"]}], "outputs": ["pool"]}
    library = Library(compile_network(alone, tmp_path, "--mcpu=x86-64-v3"))
    assert np.array_equal(library.run({"x": values})["pool"], results[0]["pool"]), "other bits than by a pool alone"


@pytest.mark.parametrize("change", [
    {"pool": {"op": "max_pool", "kernel_size": 3, "stride": 2}},
    {"pool": {"op": "max_pool", "kernel_size": 2, "padding": 1}},
    {"pool": {"op": "max_pool", "kernel_size": 2, "dilation": 2}},
    {"pool": {"op": "max_pool", "kernel_size": 3}},
    {"pool": {"op": "average_pool", "kernel_size": 2, "ceil_mode": True}},
    {"pool": {"op": "global_max_pool"}},
    {"layer": CONV | {"kernel_size": 3}, "algorithm": "direct"},
])
def test_pools_that_stay_apart(change, tmp_path):
    """Windows that reach out of their tile (or the image), and algorithms without tiles."""
    case = dict(variant="f4", sizes=[13, 11], pool=MAX) | change
    description, _ = description_of("apart", case, False)
    options = options_of(case) if "algorithm" not in change else ("--mcpu=x86-64-v3", "--algorithm=direct")
    schedule = write_schedule(description, tmp_path, *options)
    assert "kernel.pool" in schedule and " pool <" not in schedule


def test_pool_behind_a_sum(tmp_path):
    """The residual is as large as what is pooled: the pool stays apart."""
    description, _ = description_of("sum", dict(sizes=[12, 12], pool=MAX), False)
    description["layers"].insert(2, {"name": "sum", "op": "add", "inputs": ["conv", "before"]})
    schedule = write_schedule(description, tmp_path, *options_of({"variant": "f4"}))
    assert "kernel.pool" in schedule and "residual" in schedule


def test_skip_connection(tmp_path):
    """What is pooled lies in a concatenation, as in U-Net: it is computed there."""
    case = dict(variant="f4", sizes=[12, 16], outputs=24, pool=MAX, behind="relu")
    description, pooled = description_of("skip", case, False)
    description["layers"] += [
        {"name": "deep", "op": "conv", "out_channels": 8, "kernel_size": 1},
        {"name": "up", "op": "conv_transpose", "out_channels": 16, "kernel_size": 2, "stride": 2},
        {"name": "joined", "op": "concat", "inputs": ["up", pooled]},
        {"name": "last", "op": "conv", "out_channels": 5, "kernel_size": 1},
    ]
    description["outputs"] = ["last"]
    options = options_of(case)
    schedule = write_schedule(description, tmp_path, *options)
    assert schedule.count(" unpooled ") == 1 and "copy" not in schedule

    shape = description["inputs"][0]["shape"]
    inputs = {"x": np.random.default_rng(7).uniform(-1, 1, shape).astype(np.float32)}
    found = Library(compile_network(description, tmp_path, *options)).run(inputs)["last"]
    expected = evaluate_reference(description, inputs, tmp_path)["last"]
    check(Case(case["pool"], (tuple(shape),), reduction=9 * 16, slack=20.0), found, expected, "compiled code", "the evaluator")
