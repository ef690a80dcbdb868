"""matrix-vector against the naive evaluator; in emulation with every access of a block's memory watched.

Sums of a few products to thousands, whole quadruples and cut ones, one image to eight, groups, outputs that don't divide among the threads.
"""

import numpy as np
import pytest

from gpu_target import CHECKED, by_speed
from operator_cases import Case, description_of, member_name, members, packs_of
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, write_description

FORCED = (*CHECKED, "--algorithm=matrix-vector")


def dense(images, inputs, outputs, **parameters):
    return Case({"op": "linear", "out_features": outputs, **parameters}, ((images, inputs),), reduction=inputs)


def window(shape, outputs, groups=1):
    kernel = list(shape[2:])
    products = int(np.prod(shape[1:])) // groups
    return Case({"op": "conv", "out_channels": outputs, "kernel_size": kernel, "groups": groups}, (shape,), reduction=products)


def random_cases(seed, count):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        images, groups = int(generator.integers(1, 9)), int(generator.integers(1, 4))
        sizes = tuple(int(size) for size in generator.integers(1, 6, generator.integers(1, 4)))
        inputs = int(32 // np.prod(sizes)) + int(generator.integers(1, 20))
        yield window((images, groups * inputs, *sizes), groups * int(generator.integers(1, 9)), groups)


CASES = [
    *(dense(1, inputs, outputs) for inputs in (32, 33, 63, 64, 100, 129, 2051, 4096) for outputs in (1, 7)),
    *(dense(images, 70, 5) for images in range(2, 9)),
    # As many outputs as are computed two by two and four by four.
    dense(1, 40, 1061), dense(1, 36, 530, bias=False), dense(2, 37, 529),
    window((1, 128, 1, 1), 6), window((1, 3, 5, 7), 4), window((2, 9, 3, 4), 6, groups=3), window((3, 50, 3), 2), window((1, 2, 3, 4, 5), 3),
    *random_cases(1, by_speed(20, 200)),
    *by_speed([], [dense(1, 25088, 4096), dense(8, 4096, 1000), dense(3, 2051, 1061)]),
]  # fmt: skip
PACKS = packs_of("products", CASES, options=FORCED)


@pytest.mark.parametrize("pack", PACKS, ids=member_name)
def test_it_is_computed_so(pack, tmp_path):
    """`--algorithm` is a wish: no case declines it."""
    model = write_description(description_of(pack.cases, pack.name), tmp_path)
    process = run_toeplitz("compile", model, *FORCED, "--emit=schedule")
    assert process.returncode == 0, process.stderr
    assert process.stdout.count('kernel.conv "matrix-vector"') == process.stdout.count("kernel.conv") == len(pack.cases)


@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_product(pack, place):
    pack.check_compiled_against_reference(place)


def run_both(layers, shape, tmp_path):
    description = {"name": "product", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": list(shape)}], "layers": layers, "outputs": ["y"]}
    x = {"x": np.random.default_rng(1).normal(size=shape).astype(np.float32)}
    library = Library(compile_network(description, tmp_path, *FORCED))
    found, again = library.run(x)["y"], library.run(x)["y"]
    expected = evaluate_reference(description, x, tmp_path)["y"]
    assert found.tobytes() == again.tobytes()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.max(np.abs(expected)))


def test_bias_residual_and_activation(tmp_path):
    layers = [
        {"name": "a", "op": "linear", "inputs": ["x"], "out_features": 300},
        {"name": "b", "op": "linear", "inputs": ["x"], "out_features": 300},
        {"name": "sum", "op": "add", "inputs": ["a", "b"]},
        {"name": "y", "op": "silu"},
    ]
    run_both(layers, (2, 90), tmp_path)


@pytest.mark.parametrize("start", [0, 1, 4])
def test_a_part_of_a_buffer(start, tmp_path):
    """What begins in the middle of a buffer need not lie at a multiple of a quadruple."""
    layers = [
        {"name": "part", "op": "slice", "inputs": ["x"], "dim": 1, "start": start, "stop": start + 64},
        {"name": "y", "op": "linear", "out_features": 9},
    ]
    run_both(layers, (1, 70), tmp_path)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_part_of_a_concatenation(channels, tmp_path):
    """Memory planning puts both parts into one buffer, the second one behind the first."""
    layers = [
        {"name": "first", "op": "linear", "inputs": ["x"], "out_features": channels},
        {"name": "second", "op": "linear", "inputs": ["x"], "out_features": 64},
        {"name": "both", "op": "concat", "inputs": ["first", "second"], "dim": 1},
        {"name": "a", "op": "linear", "inputs": ["both"], "out_features": 5},
        {"name": "b", "op": "linear", "inputs": ["second"], "out_features": 5},
        {"name": "y", "op": "add", "inputs": ["a", "b"]},
    ]
    run_both(layers, (1, 64), tmp_path)


def test_infinite_and_missing_numbers(tmp_path):
    """What a row is filled up with is multiplied with nothing."""
    pack = packs_of("special", [Case({"op": "linear", "out_features": 3, "bias": False}, ((1, 35),), special_values=0.02)], options=FORCED)[0]
    pack.check_compiled_against_reference(0)
