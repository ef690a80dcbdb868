"""Operators about shapes, and those that move elements to places that follow from shapes."""

import re

import numpy as np
import onnx
import pytest

from onnx_cases import BFLOAT16, Cases, make_model, run_model
from onnx_node_checks import find_error
from toeplitz_process import run_toeplitz

DTYPES = [np.dtype(d) for d in "f4 f8 f2 i1 i2 i4 i8 u1 u2 u4 u8 bool".split()] + [BFLOAT16]


def numbers(random, dtype, *shape):
    """Values that every type holds, and that differ."""
    if dtype == bool:
        return random.integers(0, 2, shape).astype(bool)
    return random.permutation(int(np.prod(shape))).reshape(shape).astype(np.uint8).astype(np.int8).astype(dtype)


def integers(*values):
    return np.array(values, np.int64)


@pytest.mark.parametrize("folded", (False, True), ids=("computed", "folded"))
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_types(dtype, folded, tmp_path):
    """Each operator moves each type, in the network and when it is compiled."""
    random = np.random.default_rng(dtype.num)
    cases = Cases(21)

    def add(operator, *arrays, **options):
        constants = range(len(arrays)) if folded else range(1, len(arrays))
        cases.add(operator, *arrays, constants=() if operator == "Concat" and not folded else constants, **options)

    x = numbers(random, dtype, 2, 4, 6)
    add("Reshape", x, integers(3, -1))
    add("Flatten", x)
    add("Transpose", x, perm=[2, 0, 1])
    add("Squeeze", x[:1], integers(0))
    add("Unsqueeze", x, integers(0, -1))
    add("Expand", x[:, None], integers(2, 3, 1, 1))
    add("Tile", x, integers(2, 1, 3))
    add("Concat", x, x[:, 1:2], numbers(random, dtype, 2, 3, 6), axis=1)
    add("Split", x, integers(1, 3, 2), outputs=3, axis=2)
    add("Slice", x, integers(0, 5), integers(3, -7), integers(1, 2), integers(2, -2))
    add("DepthToSpace", x[None], blocksize=1)
    add("SpaceToDepth", x[None], blocksize=2)
    add("CenterCropPad", x, integers(5, 3), axes=[0, -1])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 13, 15, 21, 23, 25))
def test_shape_and_size(opset, tmp_path):
    cases = Cases(opset)
    for shape in ((), (3,), (2, 3, 4), (0, 5)):
        x = np.zeros(shape, np.float32)
        cases.add("Size", x, expected=[np.array(x.size)])
        cases.add("Shape", x, expected=[integers(*shape)])
        if opset >= 15:
            for start, end in ((1, None), (-2, -1), (0, 9), (2, 1), (-9, 2)):
                attributes = {"start": start} if end is None else {"start": start, "end": end}
                cases.add("Shape", x, expected=[integers(*shape[start:end])], **attributes)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 13, 14, 19, 21, 25))
def test_reshape(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    x = numbers(random, np.float32, 2, 3, 4)
    for shape in ((24,), (4, 6), (-1, 8), (0, -1), (0, 0, 2, 2), (6, 4), (1, 2, 1, -1), (3, 2, 2, 2, 1)):
        cases.add("Reshape", x, integers(*shape), constants=[1])
    cases.add("Reshape", x[:1, :1, :1], integers(), constants=[1])
    cases.add("Reshape", np.float32(3), integers(1, 1), constants=[1])
    cases.add("Reshape", np.zeros((0, 3), np.float32), integers(0, 1, 3), constants=[1])
    if opset >= 14:
        cases.add("Reshape", np.zeros((0, 3), np.float32), integers(3, 0), constants=[1], allowzero=1)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 9, 11, 13, 21))
def test_flatten(opset, tmp_path):
    cases = Cases(opset)
    x = numbers(np.random.default_rng(0), np.float32, 2, 3, 4)
    for axis in range(0, 4) if opset < 11 else range(-3, 4):
        cases.add("Flatten", x, axis=axis)
    cases.add("Flatten", np.float32(2), axis=0)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 11, 13, 21))
def test_squeeze_and_unsqueeze(opset, tmp_path):
    cases = Cases(opset)
    x = numbers(np.random.default_rng(0), np.float32, 1, 3, 1, 2)

    def add(operator, axes, expected, value=x):
        if opset < 13:
            cases.add(operator, value, expected=[expected], **({} if axes is None else {"axes": axes}))
        else:
            arrays = [value] if axes is None else [value, integers(*axes)]
            cases.add(operator, *arrays, constants=range(1, len(arrays)), expected=[expected])

    add("Squeeze", None, x.squeeze())
    add("Squeeze", [0, 2], x.squeeze((0, 2)))
    add("Unsqueeze", [0, 2, 5], np.expand_dims(x, (0, 2, 5)))
    add("Unsqueeze", [0], np.ones(1, np.float32), np.float32(1))
    if opset >= 11:
        add("Squeeze", [-2], x.squeeze(-2))
        add("Unsqueeze", [-1, 0], np.expand_dims(x, (-1, 0)))
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (8, 13, 21))
def test_repeating(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for _ in range(6):
        rank = random.integers(1, 5)
        x = numbers(random, np.float32, *random.integers(1, 4, rank))
        cases.add("Tile", x, random.integers(0 if rank == 1 else 1, 4, rank), constants=[1])
        shape = np.where(random.integers(0, 2, rank) > 0, x.shape, 1)
        cases.add("Expand", x[tuple(slice(0, None if s > 1 else 1) for s in shape)],
                  integers(*random.integers(1, 3, random.integers(0, 2)), *x.shape), constants=[1])
    cases.add("Expand", x, integers(1), constants=[1])
    cases.add("Expand", np.float32(4), integers(2, 3), constants=[1])
    cases.add("Expand", np.ones((1, 2), np.float32), integers(0, 2), constants=[1])
    cases.add("Tile", np.ones((3, 1), np.float32), integers(0, 2), constants=[1])
    # One number everywhere is known to be so, however large the result.
    cases.add("Expand", np.full((1, 1), 7, np.float32), integers(5, 6), constants=[0, 1])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 11, 13))
def test_concat(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for _ in range(6):
        rank = random.integers(1, 5)
        axis = int(random.integers(0 if opset < 11 else -rank, rank))
        shape = random.integers(1, 4, rank)
        parts = []
        for size in random.integers(0, 4, random.integers(1, 5)):
            shape[axis] = size
            parts.append(numbers(random, np.float32, *shape))
        cases.add("Concat", *parts, axis=axis)
    # Some known, some not.
    cases.add("Concat", np.ones((1, 2), np.float32), np.zeros((3, 2), np.float32), constants=[1], axis=0)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 11, 13, 18))
def test_split(opset, tmp_path):
    cases = Cases(opset)
    x = numbers(np.random.default_rng(0), np.float32, 2, 6, 3)
    for sizes in ((2, 4), (1, 2, 3), (6, 0)):
        expected = np.split(x, np.cumsum(sizes)[:-1], 1)
        if opset < 13:
            cases.add("Split", x, outputs=len(sizes), axis=1, split=list(sizes), expected=expected)
        else:
            cases.add("Split", x, integers(*sizes), constants=[1], outputs=len(sizes), axis=-2, expected=expected)
    count = {"num_outputs": 2} if opset >= 18 else {}
    cases.add("Split", x, outputs=2, expected=np.split(x, 2, 0), **count)
    if opset >= 18:
        cases.add("Split", x[:, :5], outputs=3, axis=1, num_outputs=3, expected=np.split(x[:, :5], [2, 4], 1))
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 10, 11, 13))
def test_slice(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for _ in range(12):
        rank = random.integers(1, 5)
        x = numbers(random, np.float32, *random.integers(1, 7, rank))
        count = random.integers(1, rank + 1)
        axes = random.permutation(rank)[:count]
        starts, ends = random.integers(-7, 8, (2, count))
        steps = np.where(random.integers(0, 2, count) > 0, 1, random.choice([-3, -1, 2, 3], count))
        # (Backwards from before the tensor, numpy has nothing and ONNX the first element.)
        starts = np.where(steps < 0, np.maximum(starts, -np.array(x.shape)[axes]), starts)
        if random.integers(0, 3) == 0:
            axes = np.arange(count)
            starts = np.where(steps < 0, np.maximum(starts, -np.array(x.shape)[axes]), starts)
        if opset < 10:
            steps = np.ones(count, int)
        slices = [slice(None)] * rank
        for axis, start, end, step in zip(axes, starts, ends, steps):
            slices[axis] = slice(start, end, step)
        expected = [x[tuple(slices)]]
        if opset < 10:
            attributes = {"starts": starts.tolist(), "ends": ends.tolist(), "axes": axes.tolist()}
            cases.add("Slice", x, expected=expected, **attributes)
            continue
        kind = random.choice([np.int32, np.int64])
        lists = [starts, ends, axes - rank if opset > 10 and random.integers(0, 2) else axes, steps]
        cases.add("Slice", x, *(a.astype(kind) for a in lists), constants=range(1, 5), expected=expected)
    if opset >= 10:
        x = numbers(random, np.float32, 4, 5)
        far = 2**63 - 1
        cases.add("Slice", x, integers(far, 0), integers(-far - 1, far), integers(0, 1), integers(-1, far), constants=range(1, 5), expected=[x[::-1, :1]])
        cases.add("Slice", x, integers(1), integers(3), constants=[1, 2], expected=[x[1:3]])
        cases.add("Slice", x, integers(-2), integers(far), None, integers(2), constants=[1, 2, 4], expected=[x[-2::2]])
        cases.add("Slice", x, integers(-20), integers(-20), integers(0), integers(-1), constants=[1, 2, 3, 4], expected=[x[:1]])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 13, 21))
def test_transpose(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for rank in (0, 1, 2, 3, 4, 5, 6):
        x = numbers(random, np.float32, *random.integers(1, 5, rank))
        cases.add("Transpose", x)
        if rank:
            cases.add("Transpose", x, perm=random.permutation(rank).tolist())
    cases.add("Transpose", np.zeros((2, 0, 3), np.float32), perm=[2, 0, 1])
    cases.check(tmp_path)


def shuffle(x, block, crd, inverse):
    """Blocks of positions as channels, or back, by einops' way of thinking."""
    n, c, h, w = x.shape
    if inverse:
        y = x.reshape(n, c, h // block, block, w // block, block)
        y = y.transpose((0, 1, 3, 5, 2, 4) if crd else (0, 3, 5, 1, 2, 4))
        return y.reshape(n, c * block * block, h // block, w // block)
    if crd:
        y = x.reshape(n, c // block**2, block, block, h, w).transpose(0, 1, 4, 2, 5, 3)
    else:
        y = x.reshape(n, block, block, c // block**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    return y.reshape(n, c // block**2, h * block, w * block)


@pytest.mark.parametrize("opset", (7, 11, 13, 28))
def test_blocks(opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    x = numbers(random, np.float32, 2, 18, 6, 3)
    for crd in (False, True):
        mode = {"mode": "CRD" if crd else "DCR"}
        if opset >= 11 or not crd:
            cases.add("DepthToSpace", x, blocksize=3, expected=[shuffle(x, 3, crd, False)], **(mode if opset >= 11 else {}))
        if opset >= 28 or not crd:
            cases.add("SpaceToDepth", x, blocksize=3, expected=[shuffle(x, 3, crd, True)], **(mode if opset >= 28 else {}))
    cases.check(tmp_path)


def test_center_crop_pad(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(18)
    for _ in range(8):
        x = numbers(random, np.float32, *random.integers(1, 7, 3))
        cases.add("CenterCropPad", x, random.integers(1, 8, 3), constants=[1])
        cases.add("CenterCropPad", x, random.integers(1, 8, 2), constants=[1], axes=[-1, 0])
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (9, 11, 20, 25))
def test_constants_of_a_shape(opset, tmp_path):
    cases = Cases(opset)
    for dtype in DTYPES:
        value = onnx.numpy_helper.from_array(np.ones(1, dtype))
        cases.add("ConstantOfShape", integers(2, 3), constants=[0], value=value, expected=[np.ones((2, 3), dtype)])
    for shape in ((), (0, 2), (3,)):
        cases.add("ConstantOfShape", integers(*shape), constants=[0], expected=[np.zeros(shape, np.float32)])
    for offset in (0, 1, -2, 9):
        for shape, dtype in (((3, 4), np.float32), ((4, 2), np.int64)):
            cases.add("EyeLike", np.zeros(shape, dtype), k=offset, expected=[np.eye(*shape, k=offset, dtype=dtype)])
    cases.add("EyeLike", np.zeros((2, 2), np.float32), dtype=9, expected=[np.eye(2, dtype=bool)])
    if opset >= 11:
        for limits, dtype in (((0, 5, 1), "i8"), ((7, -3, -3), "i4"), ((1, 2, 0.25), "f4"), ((3, 1, 1), "f8"), ((2, 9, 3), "i2")):
            cases.add("Range", *np.array(limits, dtype), constants=[0, 1, 2], expected=[np.arange(*limits, dtype=dtype)])
    cases.check(tmp_path)


def test_shape_arithmetic_disappears(tmp_path):
    """What exporters write for x.view(x.size(0), -1, 2): nothing of it is left to run, in any of its types."""
    make = onnx.helper.make_node
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    nodes = [
        make("Shape", ["x"], ["shape"]),
        make("Gather", ["shape", "zero"], ["batch"]),
        make("Cast", ["batch"], ["batch_f"], to=1),
        make("Mul", ["batch_f", "half"], ["scaled"]),
        make("Floor", ["scaled"], ["floor"]),
        make("Cast", ["floor"], ["size"], to=7),
        make("Unsqueeze", ["size", "axes"], ["sizes"]),
        make("Concat", ["sizes", "rest"], ["target"], axis=0),
        make("ConstantOfShape", ["one"], ["filled"], value=onnx.numpy_helper.from_array(integers(-1))),
        make("Concat", ["target", "filled"], ["unused"], axis=0),
        make("Slice", ["unused", "begin", "end"], ["kept"]),
        make("Reshape", ["x", "kept"], ["y"]),
    ]
    constants = {
        "zero": np.array(0), "half": np.float32(0.5), "axes": integers(0), "rest": integers(-1, 2),
        "one": integers(1), "begin": integers(0), "end": integers(3),
    }
    initializers = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    expected = {"y": x.reshape(1, 12, 2)}
    model = make_model(nodes, {"x": x}, expected, 13, initializers)
    process, found = run_model(model, {"x": x}, tmp_path)
    assert process.returncode == 0, process.stderr
    np.testing.assert_array_equal(found["y"], expected["y"])
    process = run_toeplitz("compile", tmp_path / "model.onnx", "--emit=cnn", "-o", "-")
    assert process.returncode == 0, process.stderr
    operations = [line for line in process.stdout.splitlines() if re.match(r" *%\w+ = ", line) and "arith.constant" not in line]
    assert all("tensor.collapse_shape" in line or "tensor.expand_shape" in line for line in operations), process.stdout


X = np.zeros((2, 3, 4), np.float32)


@pytest.mark.parametrize(
    "operator, inputs, known, attributes, message",
    (
        ("Reshape", [X, integers(5, -1)], [1], {}, "its input of shape 2x3x4 can't be reshaped to [5, -1]: no size in the place of -1"),
        ("Reshape", [X, integers(5, 5)], [1], {}, "that is 25 elements instead of 24"),
        ("Reshape", [X, integers(-1, -1)], [1], {}, "only one size may be -1"),
        ("Reshape", [X, integers(2, 3, 4, 0)], [1], {}, "the 0 at position 3 copies a dimension that the input doesn't have"),
        ("Reshape", [X, integers(-2, 12)], [1], {}, "sizes are 0 or more, or -1"),
        ("Reshape", [X, integers(2**62, 2**62)], [1], {}, "that is more than"),
        ("Reshape", [X, integers(24)], [], {}, "input 'x1' must be known when compiling"),
        ("Flatten", [X], [], {"axis": 4}, "attribute 'axis' is 4, expected -3 to 3"),
        ("Transpose", [X], [], {"perm": [0, 1]}, "attribute 'perm' is [0, 1], expected each dimension"),
        ("Transpose", [X], [], {"perm": [0, 1, 1]}, "names dimension 1 twice"),
        ("Squeeze", [X, integers(0)], [1], {}, "dimension 0 of its input 2x3x4 can't be removed"),
        ("Squeeze", [X, integers(3)], [1], {}, "'axes' is 3, expected -3 to 2"),
        ("Unsqueeze", [X, integers(0, -5)], [1], {}, "names dimension 0 twice"),
        ("Expand", [X, integers(2, 2)], [1], {}, "doesn't repeat to the shape [2, 2]"),
        ("Expand", [X, integers(-1)], [1], {}, "is -1, expected 0 or more"),
        ("Expand", [X, integers(2**31, 1, 1, 1)], [1], {}, "dimension of 2147483648"),
        ("Tile", [X, integers(2, 2)], [1], {}, "expected a number for each dimension"),
        ("Tile", [X, integers(2, -1, 1)], [1], {}, "expected numbers from 0"),
        ("Tile", [X, integers(2**20, 2**20, 2**20)], [1], {}, "more than 4294967296 elements"),
        ("Concat", [X, X[:1]], [], {"axis": 1}, "inputs 2x3x4 and 1x3x4 can't be concatenated"),
        ("Concat", [X, X.astype(np.float64)], [], {"axis": 1}, "input 1 has type float64, expected float32"),
        ("Concat", [X], [], {}, "attribute 'axis'"),
        ("Split", [X, integers(1, 1)], [1], {"axis": 1}, "don't make up dimension 1"),
        ("Split", [X, integers(4, -1)], [1], {"axis": 1}, "parts of [4, -1]"),
        ("Slice", [X, integers(0), integers(1), integers(0), integers(0)], [1, 2, 3, 4], {}, "'steps' has a 0"),
        ("Slice", [X, integers(0), integers(1, 2)], [1, 2], {}, "'starts' has 1 numbers, 'ends' 2"),
        ("Slice", [X, integers(0), integers(1), integers(5)], [1, 2, 3], {}, "'axes' is 5"),
        ("Slice", [X], [], {}, "inputs 1 and 2, 'starts' and 'ends', must be there"),
        ("DepthToSpace", [X[None]], [], {"blocksize": 2}, "the square of 'blocksize', 4, doesn't divide the 2 channels"),
        ("SpaceToDepth", [X[None]], [], {"blocksize": 2}, "doesn't divide the height and the width"),
        ("SpaceToDepth", [X], [], {"blocksize": 2}, "expected rank 4"),
        ("CenterCropPad", [X, integers(1)], [1], {}, "expected a size for each of 3 axes"),
        ("ConstantOfShape", [integers(-3)], [0], {}, "is -3, expected 0 or more"),
        ("Unsqueeze", [X, integers(*range(20))], [1], {}, "its result would have 23 dimensions, more than 16"),
        ("Gather", [X, None], [], {}, "input 1 is missing"),
        ("Gather", [X], [], {}, "it has 1 inputs, expected 2"),
        ("Range", [np.array(0), np.array(5), np.array(0)], [0, 1, 2], {}, "its step is 0"),
        ("Range", [integers(0, 1), integers(0, 1), integers(0, 1)], [0, 1, 2], {}, "input 0 has shape 2, expected one number"),
        ("Range", [np.array(0), np.array(2**40), np.array(1)], [0, 1, 2], {}, "more than"),
        ("EyeLike", [X], [], {}, "expected rank 2"),
        ("Shape", [X], [], {"other": 1}, "other"),
    ),
)
def test_errors(operator, inputs, known, attributes, message, tmp_path):
    outputs = 2 if operator == "Split" else 1
    assert message in find_error(tmp_path, 18, operator, inputs, known, outputs, **attributes)
