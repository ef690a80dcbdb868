"""Operators that read and write at places that tensors name, and those whose result's shape depends on values."""

import numpy as np
import pytest

from onnx_cases import Cases
from onnx_node_checks import evaluate_in_runtime, find_error
from test_shape_operators import DTYPES, integers, numbers

INDEX_TYPES = (np.int32, np.int64)


@pytest.mark.parametrize("folded", (False, True), ids=("computed", "folded"))
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_types(dtype, folded, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(24)

    def add(operator, *arrays, **options):
        cases.add(operator, *arrays, constants=range(len(arrays)) if folded else (), **options)

    x = numbers(random, dtype, 3, 4)
    add("Gather", x, integers(2, -1, 0), axis=1)
    add("GatherElements", x, integers([0, -1, 2, 1]), axis=0)
    add("GatherND", x, integers([0, -1], [2, 3]))
    updates = numbers(random, dtype, 2, 3)
    places = integers([0, 2, 1], [1, 0, 2])
    add("ScatterElements", x, places, updates, axis=0, expected=None)
    add("ScatterND", x, integers([1], [-1]), numbers(random, dtype, 2, 4), expected=None)
    add("Trilu", x, expected=[np.triu(x)])
    reverse = x.copy()
    reverse[:3, 0], reverse[:2, 1] = x[2::-1, 0], x[1::-1, 1]
    add("ReverseSequence", x, integers(3, 2, 1, 0), expected=[reverse])
    off_on = numbers(random, np.dtype(np.int8) if dtype == bool else dtype, 2)[::-1].astype(dtype)
    hot = np.where(np.arange(4) == np.array([[1], [3]]), off_on[1], off_on[0])
    cases.add("OneHot", integers(1, -1), np.array(4), off_on, constants=(0, 1, 2) if folded else (1,), expected=[hot])
    keep = np.array([True, False, True])
    cases.add("Compress", x, keep, constants=(0, 1) if folded else (1,), axis=0, expected=[x[keep]])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 11, 13))
def test_gather(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for place in range(10):
        rank = random.integers(1, 5)
        x = numbers(random, np.float32, *random.integers(1, 5, rank))
        axis = int(random.integers(-rank, rank))
        lowest = -x.shape[axis] if opset >= 11 else 0
        indices = random.integers(lowest, x.shape[axis], random.integers(1, 4, random.integers(0, 3)))
        expected = [np.take(x, indices, axis)]
        kind = random.choice(INDEX_TYPES)
        cases.add("Gather", x, np.asarray(indices, kind), constants=[1] if place % 2 else [], axis=axis, expected=expected)
    x = numbers(random, np.float32, 5, 4)
    # Indices one after the other are a slice.
    for indices in (np.array(-1), integers(1, 2, 3), integers([0, 1], [2, 3])):
        cases.add("Gather", x, indices, constants=[1], expected=[x[indices]])
    cases.add("Gather", x, np.zeros((0, 2), np.int64), expected=[np.zeros((0, 2, 4), np.float32)])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (11, 12, 13))
def test_gather_elements_and_tuples(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for place in range(8):
        rank = random.integers(1, 5)
        x = numbers(random, np.float32, *random.integers(1, 5, rank))
        axis = int(random.integers(-rank, rank))
        shape = [random.integers(1, size + 1) for size in x.shape]
        shape[axis] = random.integers(1, 6)
        indices = random.integers(-x.shape[axis], x.shape[axis], shape).astype(random.choice(INDEX_TYPES))
        expected = evaluate_in_runtime("GatherElements", [x, indices], opset, axis=axis)
        cases.add("GatherElements", x, indices, constants=[1] if place % 2 else [], axis=axis, expected=expected)

        batch = int(random.integers(0, rank)) if opset >= 12 else 0
        count = random.integers(1, rank - batch + 1)
        sizes = np.array(x.shape[batch:][:count])
        tuples = random.integers(-sizes, sizes, (*x.shape[:batch], *random.integers(1, 4, 2), count))
        attributes = {"batch_dims": batch} if opset >= 12 else {}
        expected = evaluate_in_runtime("GatherND", [x, tuples], opset, **attributes)
        cases.add("GatherND", x, tuples, constants=[1] if place % 2 else [], expected=expected, **attributes)
    cases.check(tmp_path)


REDUCTIONS = {
    "none": lambda old, new: new,
    "add": lambda old, new: old + new,
    "mul": lambda old, new: old * new,
    "max": np.maximum,
    "min": np.minimum,
}


def scatter(x, indices, updates, axis, reduction):
    y = x.copy()
    for place in np.ndindex(*updates.shape):
        to = list(place)
        to[axis] = indices[place]
        y[tuple(to)] = REDUCTIONS[reduction](y[tuple(to)], updates[place])
    return y


def scatter_nd(x, indices, updates, reduction):
    y = x.copy()
    for place in np.ndindex(*indices.shape[:-1]):
        to = tuple(indices[place])
        y[to] = REDUCTIONS[reduction](y[to], updates[place])
    return y


@pytest.mark.parametrize("opset", (9, 11, 13, 16, 18))
def test_scatter(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    reductions = list(REDUCTIONS)[: 1 if opset < 16 else 3 if opset < 18 else 5]
    for place in range(10):
        rank = random.integers(1, 5)
        x = numbers(random, np.float32, *random.integers(1, 5, rank))
        reduction = reductions[place % len(reductions)]
        attributes = {"reduction": reduction} if opset >= 16 else {}
        axis = int(random.integers(0 if opset < 11 else -rank, rank))
        shape = [random.integers(1, size + 1) for size in x.shape]
        shape[axis] = random.integers(1, 5)
        indices = random.integers(0 if opset < 11 else -x.shape[axis], x.shape[axis], shape)
        updates = numbers(random, np.float32, *shape)
        cases.add("Scatter" if opset < 11 else "ScatterElements", x, indices, updates, axis=axis,
                  constants=[1] if place % 2 else [], expected=[scatter(x, indices, updates, axis, reduction)], **attributes)
        if opset < 11:
            continue
        sizes = np.array(x.shape)[: random.integers(1, rank + 1)]
        indices = random.integers(-sizes, sizes, (*random.integers(1, 3, random.integers(0, 3)), len(sizes)))
        updates = numbers(random, np.float32, *indices.shape[:-1], *x.shape[len(sizes):])
        cases.add("ScatterND", x, indices, updates, constants=[1] if place % 2 else [],
                  expected=[scatter_nd(x, indices, updates, reduction)], **attributes)
    cases.check(tmp_path)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_scatter_reductions_of_types(dtype, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(18)
    x, updates = numbers(random, dtype, 5), numbers(random, dtype, 8)
    if dtype != bool:
        x, updates = (x // 2 + 1).astype(dtype), (updates // 2).astype(dtype)
    indices = random.integers(-5, 5, 8)
    for reduction in ("none", "max", "min") if dtype == bool else REDUCTIONS:
        expected = [scatter(x, indices, updates, 0, reduction)]
        cases.add("ScatterElements", x, indices, updates, reduction=reduction, expected=expected)
        cases.add("ScatterND", x, indices[:, None], updates, reduction=reduction, expected=expected)
    cases.check(tmp_path)


def test_nothing_to_scatter(tmp_path):
    cases = Cases(18)
    x = numbers(np.random.default_rng(0), np.float32, 3, 4)
    none = np.zeros((0, 4), np.float32)
    cases.add("ScatterElements", x, none.astype(np.int64), none, expected=[x])
    cases.add("ScatterND", x, np.zeros((0, 1), np.int64), none, expected=[x])
    cases.check(tmp_path)


def test_tensor_scatter(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(24)
    cache, update = numbers(random, np.float32, 3, 2, 5, 4), numbers(random, np.float32, 3, 2, 2, 4)
    for mode, starts in (("linear", [0, 3, 1]), ("circular", [4, 0, 3])):
        cases.add("TensorScatter", cache, update, integers(*starts), mode=mode)
        cases.add("TensorScatter", cache, update, integers(*starts), constants=[2], mode=mode)
    cases.add("TensorScatter", cache, update)
    cases.add("TensorScatter", cache[:, 0], cache[:, 0, :3], integers(2, 1, 0), axis=1)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (9, 11))
def test_one_hot(opset, tmp_path):
    cases = Cases(opset)
    values = np.array([2, 5], np.float32)
    for indices in (np.array([0, 3, -1, -4, 4, -5, 9]), np.array([[1.0, 2.0]], np.float32), np.array(1, np.uint8)):
        for axis in (0, -1):
            for depth in (np.array(4), np.array([4.0], np.float32)):
                hot = np.arange(4) == np.where(indices < 0, indices + 4, indices)[..., None]
                hot = np.where(hot, np.float32(5), np.float32(2))
                cases.add("OneHot", indices, depth, values, constants=[1], axis=axis, expected=[np.moveaxis(hot, -1, axis)])
    cases.check(tmp_path)


def test_trilu(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(14)
    for shape in ((4, 5), (2, 5, 3), (0, 2)):
        x = numbers(random, np.float32, *shape)
        for upper in (0, 1):
            cut = np.triu if upper else np.tril
            for k in (-2, 0, 1, 7):
                cases.add("Trilu", x, np.array(k), constants=[1] if k % 2 else [], upper=upper, expected=[cut(x, k)])
    cases.check(tmp_path)


def test_reverse_sequence(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(10)
    x = numbers(random, np.float32, 4, 4, 2)
    cases.add("ReverseSequence", x, integers(4, 1, 0, 3), batch_axis=0, time_axis=1)
    cases.add("ReverseSequence", x, integers(2, 4, 3, 1), constants=[1], batch_axis=1, time_axis=0)
    cases.check(tmp_path)


def test_selections_of_known_values(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(13)
    x = numbers(random, np.float32, 3, 4)
    condition = np.array([True, False, True, True, False])
    cases.add("Compress", x, condition, constants=[1], expected=[x.ravel()[np.flatnonzero(condition)]])
    cases.add("Compress", x, condition[:3], constants=[1], axis=-1, expected=[x[:, [0, 2]]])
    cases.add("Compress", x, np.zeros(3, bool), constants=[1], axis=0, expected=[x[:0]])
    for dtype in (np.float32, np.int64, bool, np.float16):
        y = (random.integers(0, 3, (3, 4, 2)) // 2).astype(dtype)
        cases.add("NonZero", y, constants=[0], expected=[np.array(np.nonzero(y))])
    cases.add("NonZero", np.float32(3), constants=[0], expected=[np.zeros((1, 1), np.int64)])
    cases.add("NonZero", np.zeros((2, 2), np.float32), constants=[0], expected=[np.zeros((2, 0), np.int64)])
    cases.check(tmp_path)


@pytest.mark.parametrize("dtype", ("f4", "f8", "i4", "i8", "u1", "u8"))
def test_unique(dtype, tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(11)
    x = random.integers(0, 3, (4, 2, 3)).astype(dtype)
    if dtype == "u8":
        x = x * np.uint64(2**63 - 1)
    for axis in (None, 0, 1, -1):
        attributes = {} if axis is None else {"axis": axis}
        values, first, inverse, counts = np.unique(x, True, True, True, axis)
        inverse = inverse.ravel()
        cases.add("Unique", x, constants=[0], outputs=4, expected=[values, first, inverse, counts], **attributes)
        order = np.argsort(first)
        rank = np.argsort(order)
        unsorted = [np.take(values, order, axis or 0), first[order], rank[inverse], counts[order]]
        cases.add("Unique", x, constants=[0], outputs=4, expected=unsorted, sorted=0, **attributes)
    cases.check(tmp_path)


def test_indices_beyond_the_tensor_read_nothing_else(tmp_path):
    """ONNX defines nothing for them: the nearest element is taken, or changed, and no memory around the tensor."""
    cases = Cases(18)
    x = np.arange(3, dtype=np.float32)
    far = integers(3, -4, 2**40, -(2**40))
    nearest = integers(2, 0, 2, 0)
    cases.add("Gather", x, far, expected=[x[nearest]])
    cases.add("GatherElements", x, far, expected=[x[nearest]])
    cases.add("GatherND", x, far[:, None], expected=[x[nearest]])
    cases.add("ScatterElements", x, far[:2], x[1:], expected=[np.array([2, 1, 1], np.float32)])
    cases.add("ReverseSequence", x[:, None], integers(99), expected=[x[::-1, None]])
    cases.check(tmp_path)


X = np.zeros((2, 3, 4), np.float32)


@pytest.mark.parametrize(
    "operator, inputs, known, attributes, message",
    (
        ("Gather", [X, integers(3)], [1], {"axis": 1}, "input 1 has an index of 3, expected -3 to 2"),
        ("Gather", [X, integers(0)], [1], {"axis": 3}, "attribute 'axis' is 3, expected -3 to 2"),
        ("Gather", [X, X], [], {}, "input 1 has type float32, expected an integer type"),
        ("Gather", [X[:0], integers(0)], [], {}, "dimension 0 of its input has no elements to take"),
        ("GatherElements", [X, integers(0)], [], {}, "expected rank 3"),
        ("GatherElements", [X, np.zeros((2, 4, 1), np.int64)], [], {}, "reach beyond dimension 1"),
        ("GatherND", [X, np.zeros((2, 4), np.int64)], [], {}, "don't fit its input 2x3x4"),
        ("GatherND", [X, np.array(0)], [], {}, "don't fit its input"),
        ("GatherND", [X, np.zeros((2, 1), np.int64)], [], {"batch_dims": 2}, "with 2 batch dimensions"),
        ("GatherND", [X, integers([1, 3])], [1], {}, "index of 3, expected -3 to 2"),
        ("ScatterElements", [X, np.zeros((2, 3, 4), np.int64), X[:1]], [], {}, "don't go with updates"),
        ("ScatterElements", [X, np.zeros((3, 4, 4), np.int64), np.zeros((3, 4, 4), np.float32)], [], {}, "reach beyond its input"),
        ("ScatterElements", [X, np.full((1, 1, 1), 2), X[:1, :1, :1]], [1], {}, "index of 2, expected -2 to 1"),
        ("ScatterElements", [X, np.zeros((2, 3, 4), np.int64), X], [], {"reduction": "sub"}, "'reduction'"),
        ("ScatterND", [X, np.zeros((1, 4), np.int64), X[0, 0, :1]], [], {}, "don't fit its input"),
        ("ScatterND", [X, np.zeros((1, 2), np.int64), X[0, :1, :3]], [], {}, "don't fit its input"),
        ("OneHot", [integers(0), np.array(0), X[0, 0, :2]], [1], {}, "'depth' is 0"),
        ("OneHot", [integers(0), np.array(3), X[0, 0, :3]], [1], {}, "expected two values: off and on"),
        ("OneHot", [integers(0), np.array(3), X[0, 0, :2]], [], {}, "input 'x1' must be known when compiling"),
        ("Trilu", [X[0, 0]], [], {}, "expected rank 2"),
        ("ReverseSequence", [X, integers(1, 1)], [], {"batch_axis": 1}, "input 1 has shape 2, expected 3"),
        ("ReverseSequence", [X, integers(9, 1)], [1], {"batch_axis": 0, "time_axis": 1}, "a sequence has length 9"),
        ("ReverseSequence", [X, integers(1, 1)], [], {"batch_axis": 0, "time_axis": 0}, "are both 0"),
        ("Compress", [X, np.array([True])], [], {}, "input 'x1' must be known when compiling"),
        ("Compress", [X, np.array([True, True, True])], [1], {"axis": 0}, "keeps position 2 of a dimension of 2"),
        ("NonZero", [X], [], {}, "input 'x0' must be known when compiling: input 0 depends on it (--constant x0=FILE.npy)"),
        ("Unique", [X], [], {}, "input 'x0' must be known when compiling"),
    ),
)
def test_errors(operator, inputs, known, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 18, operator, inputs, known, **attributes)
