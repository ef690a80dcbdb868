"""Reductions, searches for largest elements, running sums, softmax and losses: against onnx.reference, numpy and ONNX Runtime."""

import numpy as np
import onnx
import onnx.helper
import pytest
from onnx_cases import BFLOAT16, Cases, make_model
from onnx_node_checks import draw, evaluate_in_runtime, find_error
from toeplitz_process import run_toeplitz

FLOATS = [np.dtype(d) for d in "f4 f8 f2".split()] + [BFLOAT16]
INTEGERS = [np.dtype(d) for d in "i4 i8 u4 u8".split()]
ORDERED = FLOATS + INTEGERS + [np.dtype(d) for d in "i1 u1 bool".split()]

REDUCTIONS = {
    "ReduceL1": lambda x, **k: np.sum(np.abs(x), **k),
    "ReduceL2": lambda x, **k: np.sqrt(np.sum(np.square(x), **k)),
    "ReduceLogSum": lambda x, **k: np.log(np.sum(x, **k)),
    "ReduceLogSumExp": lambda x, **k: np.log(np.sum(np.exp(x), **k)),
    "ReduceMax": np.max,
    "ReduceMean": np.mean,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
    "ReduceSum": np.sum,
    "ReduceSumSquare": lambda x, **k: np.sum(np.square(x), **k),
}

AXES = [(1,), (0, 2), (-1,), (2, 3), (1, 2, 3), (0, 1, 2, 3), (3, -4)]


def reduce(operator, x, axes, keepdims):
    """numpy's result in double precision, in the input's type; integers are truncated."""
    wide = x if x.dtype.kind in "b" else x.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.asarray(REDUCTIONS[operator](wide, axis=axes, keepdims=bool(keepdims)))
    return (result if x.dtype.kind not in "iu" else np.trunc(result)).astype(x.dtype)


def integers(*values):
    return np.array(values, np.int64)


def draw_for(random, operator, shape, dtype):
    """Numbers whose reductions fit the type, and have logarithms."""
    if operator == "ReduceProd":
        return draw(random, shape, dtype, 1, 2) if np.dtype(dtype).kind in "iu" else draw(random, shape, dtype, 0.8, 1.2)
    return draw(random, shape, dtype, 1, 3) if operator == "ReduceLogSum" else draw(random, shape, dtype)


@pytest.mark.parametrize("opset", (11, 13, 18, 20))
@pytest.mark.parametrize("operator", REDUCTIONS)
def test_reductions(operator, opset, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    types = ORDERED if operator in ("ReduceMax", "ReduceMin") else FLOATS + INTEGERS
    for number, dtype in enumerate(types):
        for keepdims in (0, 1):
            axes = AXES[(2 * number + keepdims) % len(AXES)]
            x = draw_for(random, operator, (2, 3, 4, 5), dtype)
            expected = [reduce(operator, x, axes, keepdims)]
            # Sums of many terms in half precision are rounded once, at the end.
            options = {"keepdims": keepdims, "expected": expected, "tolerance": 1e-5 if dtype == np.float32 else None}
            if opset >= (13 if operator == "ReduceSum" else 18):
                cases.add(operator, x, integers(*axes), constants=[1], **options)
            else:
                cases.add(operator, x, axes=axes, **options)
    cases.check(tmp_path)


@pytest.mark.parametrize("operator", REDUCTIONS)
def test_reductions_of_all_of_nothing_and_without_axes(operator, tmp_path):
    random = np.random.default_rng(1)
    cases = Cases(18)
    x = draw_for(random, operator, (2, 3, 4), np.float32)
    scalar = draw_for(random, operator, (), np.float32)
    everything = (0, 1, 2)
    cases.add(operator, x, expected=[reduce(operator, x, everything, 1)], tolerance=1e-5)
    cases.add(operator, x, integers(), constants=[1], keepdims=0, expected=[reduce(operator, x, everything, 0)], tolerance=1e-5)
    cases.add(operator, scalar, expected=[reduce(operator, scalar, (), 1)], tolerance=1e-5)
    cases.add(operator, x, noop_with_empty_axes=1, expected=[reduce(operator, x, (), 1)], tolerance=1e-5)
    identity = {"ReduceMax": -np.inf, "ReduceMin": np.inf, "ReduceMean": np.nan, "ReduceProd": 1}
    identity |= {"ReduceLogSum": -np.inf, "ReduceLogSumExp": -np.inf}
    nothing = np.zeros((2, 0, 4), np.float32)
    cases.add(operator, nothing, integers(1), constants=[1], expected=[np.full((2, 1, 4), identity.get(operator, 0), np.float32)])
    cases.add(operator, nothing, integers(0), constants=[1], keepdims=0, expected=[np.zeros((0, 4), np.float32)])
    cases.check(tmp_path)


def test_log_sum_exp_of_large_numbers(tmp_path):
    cases = Cases(18)
    x = np.array([[1000, 1001, 999], [-2000, -2001, -2000], [-np.inf, -np.inf, -np.inf], [np.inf, 0, 1]], np.float32)
    with np.errstate(invalid="ignore"):
        expected = np.logaddexp.reduce(x.astype(np.float64), axis=1).astype(np.float32)
    expected[3] = np.inf
    cases.add("ReduceLogSumExp", x, integers(1), constants=[1], keepdims=0, expected=[expected])
    cases.check(tmp_path)


@pytest.mark.parametrize("operator,word", [("ReduceMean", "average"), ("ReduceMax", "max")])
def test_spatial_reductions_are_global_pools(operator, word, tmp_path):
    x = np.zeros((1, 8, 5, 5), np.float32)
    node = onnx.helper.make_node(operator, ["x"], ["y"], axes=[2, -1], keepdims=0)
    model = make_model([node], {"x": x}, {"y": np.zeros((1, 8), np.float32)}, 13)
    path = tmp_path / "pool.onnx"
    path.write_bytes(model.SerializeToString())
    process = run_toeplitz("compile", path, "--emit=cnn", "-o", "-")
    assert f"cnn.global_pool {word}" in process.stdout, process.stderr + process.stdout
    assert "linalg.generic" not in process.stdout


@pytest.mark.parametrize("dtype", [d for d in ORDERED if d != bool] + [np.dtype(np.uint16)], ids=str)
def test_arguments(dtype, tmp_path):
    """Few different numbers: which of equal ones is taken matters."""
    random = np.random.default_rng(dtype.num)
    cases = Cases(13)
    for operator in ("ArgMax", "ArgMin"):
        for axis, keepdims, last in ((0, 1, 0), (1, 0, 1), (-1, 1, 1), (2, 0, 0)):
            x = draw(random, (3, 4, 7), dtype, -2, 2).astype(np.int8).astype(dtype)
            function = np.argmax if operator == "ArgMax" else np.argmin
            index = function(np.flip(x, axis) if last else x, axis=axis)
            index = x.shape[axis] - 1 - index if last else index
            expected = np.expand_dims(index, axis) if keepdims else index
            cases.add(operator, x, axis=axis, keepdims=keepdims, select_last_index=last, expected=[expected.astype(np.int64)])
    cases.add("ArgMax", np.array([5]).astype(dtype), keepdims=0)
    cases.check(tmp_path)


def top(x, k, axis, largest):
    """The results of TopK, the earlier of equal elements first."""
    keys = x.astype(np.float64) if x.dtype.kind != "u" else x.astype(np.int64)
    order = np.argsort(-keys if largest else keys, axis=axis, kind="stable")
    index = np.take(order, range(k), axis=axis)
    return [np.take_along_axis(x, index, axis), index.astype(np.int64)]


@pytest.mark.parametrize("dtype", [d for d in ORDERED if d != bool], ids=str)
def test_top_k(dtype, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(11)
    for shape, axis, k, largest in (((3, 9), 1, 4, 1), ((3, 9), 0, 2, 0), ((2, 5, 6), 1, 5, 1), ((2, 5, 6), -1, 1, 0), ((4,), 0, 0, 1)):
        x = draw(random, shape, dtype, -3, 3).astype(np.int8).astype(dtype)
        cases.add(
            "TopK", x, integers(k), constants=[1], outputs=2, axis=axis, largest=largest, expected=top(x, k, axis, largest)
        )
    if dtype.kind == "f":
        x = np.array([0.0, -0.0, np.inf, -np.inf, 1e-5, -1e-5, 0.0], dtype)
        for largest in (0, 1):
            cases.add("TopK", x, integers(7), constants=[1], outputs=2, largest=largest, expected=top(x, 7, 0, largest))
    cases.check(tmp_path)


@pytest.mark.parametrize("size,k,axis", [(65, 65, 1), (131, 40, 0), (1000, 333, 1), (4097, 5, 1)])
def test_top_k_of_long_lines(size, k, axis, tmp_path):
    """Lines that are cut into groups, the last of which isn't full."""
    random = np.random.default_rng(size)
    cases = Cases(11)
    for largest in (0, 1):
        for few in (False, True):
            x = random.integers(-3, 3, (3, size)) if few else random.normal(size=(3, size))
            x = np.ascontiguousarray(x.astype(np.float32) if axis == 1 else x.astype(np.float32).T)
            options = {"constants": [1], "outputs": 2, "axis": axis, "largest": largest}
            cases.add("TopK", x, integers(k), expected=top(x, k, axis, largest), **options)
    x = random.integers(0, 3, (2, size)).astype(np.uint8)
    cases.add("TopK", x, integers(min(k, 9)), constants=[1], outputs=2, largest=0, expected=top(x, min(k, 9), 1, 0))
    cases.check(tmp_path)


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS, ids=str)
def test_running_sums_and_products(dtype, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(26)
    for operator in ("CumSum", "CumProd"):
        for axis in (0, 1, -1):
            for exclusive in (0, 1):
                x = draw_for(random, "ReduceProd" if operator == "CumProd" else "", (2, 3, 11), dtype)
                reverse = int(random.integers(2))
                wide = x.astype(np.float64) if x.dtype.kind in "fV" else x
                expected = np.flip(wide, axis) if reverse else wide
                expected = (np.cumsum if operator == "CumSum" else np.cumprod)(expected, axis=axis)
                if exclusive:
                    expected = np.roll(expected, 1, axis)
                    index = [slice(None)] * 3
                    index[axis] = 0
                    expected[tuple(index)] = 0 if operator == "CumSum" else 1
                expected = np.flip(expected, axis) if reverse else expected
                cases.add(
                    operator,
                    x,
                    np.array(axis, np.int32),
                    constants=[1],
                    exclusive=exclusive,
                    reverse=reverse,
                    expected=[expected.astype(dtype)],
                )
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", (7, 11, 13))
def test_softmax(opset, tmp_path):
    """Before opset 13 the input is a matrix."""
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for operator in ("Softmax", "LogSoftmax", "Hardmax"):
        for axis in (None, 0, 1, 2, -1):
            if axis == -1 and opset < 11:
                continue
            for dtype in FLOATS:
                x = draw(random, (3, 4, 5), dtype, -8, 8)
                attributes = {} if axis is None else {"axis": axis}
                wide = evaluate_in_runtime(operator, [x.astype(np.float32)], opset, **attributes)[0]
                cases.add(operator, x, expected=[wide.astype(dtype)], tolerance=2e-6 if dtype == np.float64 else None, **attributes)
    cases.check(tmp_path)


def test_hardmax_takes_the_first(tmp_path):
    cases = Cases(13)
    x = np.array([[1, 3, 3, 2], [2, 2, 2, 2]], np.float32)
    cases.add("Hardmax", x, expected=[np.array([[0, 1, 0, 0], [1, 0, 0, 0]], np.float32)])
    cases.check(tmp_path)


@pytest.mark.parametrize("reduction", ("none", "sum", "mean"))
def test_losses(reduction, tmp_path):
    random = np.random.default_rng(3)
    cases = Cases(13)
    for shape in ((4, 5), (2, 5, 3), (2, 5, 3, 2)):
        x = draw(random, shape, np.float32)
        weights = draw(random, (5,), np.float32, 0.5, 2)
        target = random.integers(0, 5, (shape[0], *shape[2:]))
        cases.add("NegativeLogLikelihoodLoss", x, target, weights, reduction=reduction, tolerance=1e-5)
        cases.add("NegativeLogLikelihoodLoss", x, target, reduction=reduction, ignore_index=2, tolerance=1e-5)
        cases.add("SoftmaxCrossEntropyLoss", x, target, weights, outputs=2, reduction=reduction, ignore_index=1, tolerance=1e-5)
        cases.add("SoftmaxCrossEntropyLoss", x.astype(np.float64), target.astype(np.int32), reduction=reduction, tolerance=1e-10)
    cases.check(tmp_path)


X = np.zeros((2, 3, 4), np.float32)


@pytest.mark.parametrize(
    "opset,operator,arrays,options,message",
    [
        (18, "ReduceSum", [X, integers(1)], {}, "input 'x1' must be known when compiling"),
        (18, "ReduceSum", [X, integers(3)], {"known": [1]}, "input 1 is 3, expected -3 to 2"),
        (13, "ReduceMean", [X, integers(1)], {"known": [1]}, "expected 1 before opset 18"),
        (13, "ReduceMean", [X], {"axes": [1, -2]}, "names dimension 1 twice"),
        (18, "ReduceMean", [X], {"axes": [1]}, "attribute 'axes' is not one that the operator has"),
        (13, "ReduceL2", [X.astype(bool)], {}, "expected a number type"),
        (13, "ArgMax", [X], {"axis": 3}, "attribute 'axis' is 3, expected -3 to 2"),
        (13, "ArgMin", [X[:, :0]], {"axis": 1}, "there is no index to return"),
        (13, "TopK", [X, integers(5)], {"known": [1], "outputs": 2}, "k is 5, expected 0 to 4"),
        (13, "TopK", [X, integers(2)], {"outputs": 2}, "input 'x1' must be known when compiling"),
        (13, "CumSum", [X, integers(4)], {"known": [1]}, "input 1 is 4, expected -3 to 2"),
        (13, "CumSum", [X[0, 0, 0], integers(0)], {"known": [1]}, "expected rank 1"),
        (13, "Softmax", [X], {"axis": 3}, "attribute 'axis' is 3, expected -3 to 2"),
        (13, "Softmax", [X.astype(np.int32)], {}, "expected a floating-point type"),
        (13, "NegativeLogLikelihoodLoss", [X, integers(1)], {}, "input 1 has shape 1, expected 2x4"),
        (13, "SoftmaxCrossEntropyLoss", [X[0], integers(1, 2)], {"reduction": "max"}, "is 'max', expected 'none', 'sum', 'mean'"),
    ],
)
def test_errors(opset, operator, arrays, options, message, tmp_path):
    assert message in find_error(tmp_path, opset, operator, arrays, **options)
