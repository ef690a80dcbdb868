"""Pad in every mode, of every type and in every version."""

import numpy as np
import pytest

from test_convolution_operators import normal
from window_models import DTYPES, Known, Models, find_error

MODES = ("constant", "reflect", "edge", "wrap")


def pad(x, pads, mode, value=0, axes=None):
    """What Pad does, by numpy: negative paddings first."""
    axes = range(x.ndim) if axes is None else axes
    low, high = np.zeros((2, x.ndim), int)
    for place, axis in enumerate(axes):
        low[axis], high[axis] = pads[place], pads[place + len(axes)]
    x = x[tuple(slice(max(-l, 0), size - max(-h, 0)) for l, h, size in zip(low, high, x.shape))]
    widths = [(max(l, 0), max(h, 0)) for l, h in zip(low, high)]
    if mode == "constant":
        return np.pad(x, widths, "constant", constant_values=value)
    return np.pad(x, widths, mode)


def numbers(random, dtype, *shape):
    if dtype == "bool":
        return random.integers(0, 2, shape).astype(bool)
    return (50 * normal(random, *shape)).astype(np.int8).astype(dtype)


@pytest.mark.parametrize("opset", (7, 10))
@pytest.mark.parametrize("mode", MODES[:3])
def test_pads_are_an_attribute_in_old_versions(opset, mode, tmp_path):
    x = normal(np.random.default_rng(0), 1, 2, 5, 6)
    models = Models(opset, tmp_path)
    models.add("Pad", [x], mode=mode, pads=[0, 0, 1, 2, 0, 0, 3, 4], **({"value": 2.5} if mode == "constant" else {}))
    models.add("Pad", [x], mode=mode, pads=[0, 1, 0, -2, 0, 0, -1, 0])
    models.check(tolerance=0)


# Mode "wrap" came with version 19.
@pytest.mark.parametrize(
    ("opset", "mode"),
    [(opset, mode) for opset in (11, 13, 18, 19, 21, 25) for mode in (MODES if opset >= 19 else MODES[:3])],
)
def test_random_pads(opset, mode, tmp_path):
    random = np.random.default_rng(opset)
    models, expected = Models(opset, tmp_path), {}
    for rank in (1, 2, 3, 4, 5, 6):
        x = normal(random, *random.integers(2, 6, rank))
        pads = random.integers(-1, 2, 2 * rank)
        pads[random.permutation(2 * rank)[: rank // 2]] = 0
        if mode != "constant":
            # At least one position has to be left.
            pads = np.where(np.tile(np.array(x.shape) > 2, 2), pads, np.abs(pads))
        (name,) = models.add("Pad", [x, Known(pads)], mode=mode)
        expected[name] = pad(x, pads, mode)
    models.check(expected, 0)


@pytest.mark.parametrize("mode", MODES)
def test_pads_longer_than_the_tensor(mode, tmp_path):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    models, expected = Models(19, tmp_path), {}
    for pads in ([3, 5, 4, 7], [0, 9, 0, 0], [11, 0, 0, 13]):
        (name,) = models.add("Pad", [x, Known(np.array(pads))], mode=mode)
        expected[name] = pad(x, pads, mode)
    models.check(expected, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_types(dtype, tmp_path):
    random = np.random.default_rng(0)
    models, expected = Models(19, tmp_path), {}
    for mode in MODES:
        x, pads = numbers(random, dtype, 3, 4), [1, 2, 0, 1]
        value = numbers(random, dtype)
        (name,) = models.add("Pad", [x, Known(np.array(pads)), Known(value)], mode=mode)
        expected[name] = pad(x, pads, mode, value)
    models.check(expected, 0)


@pytest.mark.parametrize("dtype", ("float32", "int64"))
def test_value_that_is_computed(dtype, tmp_path):
    x, value = np.ones((2, 3), dtype), np.array(7, dtype)
    models = Models(13, tmp_path)
    (name,) = models.add("Pad", [x, Known(np.array([1, 0, 0, 2])), value])
    models.check({name: pad(x, [1, 0, 0, 2], "constant", 7)}, 0)


def test_values_beyond_what_doubles_hold(tmp_path):
    x, value = np.zeros((1,), np.int64), np.int64(2**62 + 1)
    models = Models(13, tmp_path)
    (name,) = models.add("Pad", [x, Known(np.array([0, 1])), Known(value)])
    (special,) = models.add("Pad", [np.zeros(1, np.float32), Known(np.array([1, 0])), Known(np.float32(-np.inf))])
    models.check({name: np.array([0, value]), special: np.array([-np.inf, 0], np.float32)}, 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("index", (np.int32, np.int64))
def test_axes(mode, index, tmp_path):
    x = normal(np.random.default_rng(0), 3, 4, 5)
    models, expected = Models(19, tmp_path), {}
    for axes in ([1], [-1, 0], [2, 1, 0]):
        pads = np.arange(2 * len(axes)) % 3
        (name,) = models.add("Pad", [x, Known(pads), None, Known(np.array(axes, index))], mode=mode)
        expected[name] = pad(x, pads, mode, axes=axes)
    models.check(expected, 0)


def test_scalars_and_empty_tensors(tmp_path):
    models = Models(18, tmp_path)
    (scalar,) = models.add("Pad", [np.float32(3), Known(np.zeros(0, np.int64))])
    (filled,) = models.add("Pad", [np.zeros((0, 2), np.float32), Known(np.array([1, 0, 0, 0])), Known(np.float32(4))])
    (emptied,) = models.add("Pad", [np.ones((2, 3), np.float32), Known(np.array([-1, 1, -1, 0]))])
    nothing = np.zeros((0, 4), np.float32)
    models.check({scalar: np.full((), 3, np.float32), filled: np.full((1, 2), 4, np.float32), emptied: nothing}, 0)


TABLE = np.zeros((2, 3), np.float32)


def pads(*values):
    return Known(np.array(values, np.int64))


@pytest.mark.parametrize(
    ("inputs", "attributes", "message"),
    (
        ([TABLE], {}, "it has no paddings: input 1 is missing"),
        ([TABLE, pads(1, 1)], {}, "it has 2 paddings, expected 4: two for each of 2 dimensions"),
        ([TABLE, pads(0, 0, -3, 0)], {}, "the paddings 0 and -3 take more than the 2 positions of dimension 0"),
        ([TABLE, pads(1, 0, -2, 0)], {"mode": "edge"}, "dimension 0 has no position that mode 'edge' could repeat"),
        ([TABLE, pads(0, 0, 2**40, 0)], {}, "a padding is 1099511627776, beyond the limit"),
        ([TABLE, pads(2**20, 2**20, 0, 0)], {}, "would have more than 4294967296 elements"),
        ([TABLE, pads(0, 0, 0, 0)], {"mode": "mirror"}, "'mode' is 'mirror', expected 'constant', 'reflect', 'edge'"),
        ([TABLE, pads(0, 0, 0, 0), Known(np.int32(1))], {}, "input 2 has type int32, expected float32"),
        ([TABLE, pads(0, 0, 0, 0), Known(np.zeros(2, np.float32))], {}, "input 2 has shape 2, expected one number"),
        ([TABLE, pads(0, 0), None, pads(2)], {}, "expected -2 to 1 for a tensor of rank 2"),
        ([TABLE, pads(0, 0, 0, 0), None, pads(0, -2)], {}, "names dimension 0 twice"),
        ([TABLE, np.zeros(4, np.int64)], {}, "input 'x0_1' must be known when compiling: input 1 depends on it"),
    ),
)
def test_errors(inputs, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 18, "Pad", inputs, **attributes)
