"""Matrix products of all kinds: against numpy and ONNX Runtime."""

import numpy as np
import onnx
import onnx.helper
import pytest
from onnx_cases import BFLOAT16, Cases, make_model
from onnx_node_checks import draw, evaluate_in_runtime, find_error
from toeplitz_process import run_toeplitz

FLOATS = [np.dtype(d) for d in "f4 f8 f2".split()] + [BFLOAT16]
INTEGERS = [np.dtype(d) for d in "i4 i8 u4 u8".split()]

# numpy's matmul: vectors, matrices and batches that repeat.
MATMUL_SHAPES = [
    ((3, 5), (5, 7)),
    ((5,), (5, 7)),
    ((3, 5), (5,)),
    ((5,), (5,)),
    ((2, 3, 5), (5, 7)),
    ((2, 3, 5), (2, 5, 7)),
    ((4, 1, 3, 5), (2, 5, 1)),
    ((5,), (2, 5, 3)),
    ((2, 4, 5), (5,)),
    ((1, 1, 17), (17, 33)),
    ((2, 0), (0, 3)),
    ((0, 4), (4, 3)),
]


def exact(function, dtype, *arrays):
    """A product in double precision, or in the integers' own arithmetic, in the type."""
    wide = [a if a.dtype.kind in "iu" else a.astype(np.float64) for a in arrays]
    return np.asarray(function(*wide)).astype(dtype)


@pytest.mark.parametrize("known", (False, True), ids=("computed", "constant"))
@pytest.mark.parametrize("dtype", FLOATS + INTEGERS, ids=str)
def test_matmul(dtype, known, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(13)
    for left, right in MATMUL_SHAPES:
        a, b = draw(random, left, dtype), draw(random, right, dtype)
        expected, tolerance = exact(np.matmul, dtype, a, b), 1e-5 if dtype == np.float32 else None
        cases.add("MatMul", a, b, constants=[1] if known else (), expected=[expected], tolerance=tolerance)
    cases.check(tmp_path)


def gemm(a, b, c, alpha, beta, left, right):
    product = alpha * ((a.T if left else a) @ (b.T if right else b))
    return product if c is None else product + beta * c


@pytest.mark.parametrize("known", (False, True), ids=("computed", "constant"))
@pytest.mark.parametrize("dtype", FLOATS + [np.dtype(np.int32)], ids=str)
def test_gemm(dtype, known, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(13)
    for number, shape in enumerate(((6,), (1, 6), (4, 6), (4, 1), (1,), (), (1, 1), None)):
        left, right = number % 2, number // 2 % 2
        alpha, beta = (1.0, 1.0) if number == 2 else (2.0, 3.0) if dtype.kind == "i" else (0.5, -2.0)
        a = draw(random, (5, 4) if left else (4, 5), dtype)
        b = draw(random, (6, 5) if right else (5, 6), dtype)
        c = None if shape is None else draw(random, shape, dtype)
        wide = [None if x is None else x.astype(np.float64) for x in (a, b, c)]
        expected = gemm(*wide, alpha, beta, left, right).astype(dtype)
        arrays = (a, b) if c is None else (a, b, c)
        cases.add(
            "Gemm",
            *arrays,
            constants=range(1, len(arrays)) if known else (),
            transA=left,
            transB=right,
            alpha=alpha,
            beta=beta,
            expected=[expected],
            tolerance=1e-5 if dtype == np.float32 else None,
        )
    cases.check(tmp_path)


def test_gemm_with_beta_zero_ignores_the_term(tmp_path):
    cases = Cases(11)
    a, b, c = np.ones((2, 3), np.float32), np.ones((3, 4), np.float32), np.full((4,), np.nan, np.float32)
    cases.add("Gemm", a, b, c, beta=0.0, expected=[np.full((2, 4), 3, np.float32)])
    cases.add("Gemm", a, b, c, beta=0.0, constants=[1, 2], expected=[np.full((2, 4), 3, np.float32)])
    cases.check(tmp_path)


@pytest.mark.parametrize("operator,shape", [("MatMul", (2, 3, 8)), ("Gemm", (3, 8))])
def test_products_with_constants_are_dense_layers(operator, shape, tmp_path):
    x = np.zeros(shape, np.float32)
    node = onnx.helper.make_node(operator, ["x", "w"], ["y"])
    weights = onnx.numpy_helper.from_array(np.ones((8, 16), np.float32), "w")
    model = make_model([node], {"x": x}, {"y": np.zeros((*shape[:-1], 16), np.float32)}, 13, [weights])
    path = tmp_path / "dense.onnx"
    path.write_bytes(model.SerializeToString())
    process = run_toeplitz("compile", path, "--emit=cnn", "-o", "-")
    assert "cnn.conv" in process.stdout and "linalg.generic" not in process.stdout, process.stderr + process.stdout


EQUATIONS = [
    ("ij,jk->ik", (3, 4), (4, 5)),
    ("ij,jk", (3, 4), (4, 5)),
    ("bij, bjk -> bik", (2, 3, 4), (2, 4, 5)),
    ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    ("ii->i", (4, 4)),
    ("ii", (4, 4)),
    ("...ii->...i", (3, 4, 4)),
    ("ij->ji", (3, 4)),
    ("ba", (3, 4)),
    ("ij->", (3, 4)),
    ("i,j->ij", (3,), (4,)),
    ("i,i->", (3,), (3,)),
    (",ij->ij", (), (2, 3)),
    ("...,...->...", (2, 3), (3,)),
    ("...i->...", (2, 3, 4)),
    ("bhwc,hkc->bhwk", (2, 3, 4, 5), (3, 6, 5)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("i,ij,j->", (3,), (3, 4), (4,)),
    ("aA,Ab->ab", (2, 3), (3, 2)),
    ("ij,ij->ij", (1, 4), (3, 4)),
]


@pytest.mark.parametrize("dtype", [*FLOATS, np.dtype(np.int32), np.dtype(np.uint8)], ids=str)
def test_einsum(dtype, tmp_path):
    random = np.random.default_rng(dtype.num)
    cases = Cases(12)
    for equation, *shapes in EQUATIONS:
        arrays = [draw(random, shape, dtype, -2, 2) for shape in shapes]
        expected = exact(lambda *a: np.einsum(equation, *a), dtype, *arrays)
        cases.add("Einsum", *arrays, equation=equation, expected=[expected], tolerance=1e-5 if dtype == np.float32 else None)
    cases.check(tmp_path)


@pytest.mark.parametrize("left", (np.int8, np.uint8))
@pytest.mark.parametrize("right", (np.int8, np.uint8))
def test_matmul_integer(left, right, tmp_path):
    random = np.random.default_rng(5)
    cases = Cases(10)

    def draw_bytes(shape, dtype):
        info = np.iinfo(dtype)
        return np.asarray(random.integers(info.min, info.max, shape, endpoint=True)).astype(dtype)

    for left_shape, right_shape in (((3, 5), (5, 7)), ((2, 3, 5), (5, 4)), ((2, 3, 5), (2, 5, 4))):
        a, b = draw_bytes(left_shape, left), draw_bytes(right_shape, right)
        for kind in ("none", "number", "line", "matrix"):
            if kind == "none":
                arrays, zeros = [a, b], (0, 0)
            else:
                zero_shapes = {
                    "number": ((), ()),
                    "line": ((3,), right_shape[-1:]),
                    "matrix": ((*left_shape[:-1], 1), (*right_shape[:-2], 1, right_shape[-1])),
                }[kind]
                points = [draw_bytes(shape, dtype) for shape, dtype in zip(zero_shapes, (left, right))]
                arrays = [a, b, *points]
                row = points[0].astype(np.int32)
                zeros = (row[:, None] if kind == "line" else row, points[1].astype(np.int32))
            expected = np.matmul(a.astype(np.int32) - zeros[0], b.astype(np.int32) - zeros[1])
            cases.add("MatMulInteger", *arrays, expected=[expected.astype(np.int32)])
    cases.check(tmp_path)


@pytest.mark.parametrize("result", (np.int8, np.uint8))
def test_quantized_matmul(result, tmp_path):
    """Rounded to the nearest number, halves to even ones, and clamped."""
    random = np.random.default_rng(6)
    cases = Cases(10)
    for left, right in (((4, 5), (5, 6)), ((2, 4, 5), (2, 5, 3))):
        a = random.integers(0, 256, left).astype(np.uint8)
        b = random.integers(-128, 128, right).astype(np.int8)
        zero = result(7)
        for scale, column_wise in ((0.01, False), (2.0, False), (0.02, True)):
            columns = right[-1:] if column_wise and len(right) == 2 else ()
            b_scale = np.full(columns, 0.25, np.float32) * np.float32(random.integers(1, 4, columns))
            b_zero = random.integers(-3, 4, columns).astype(np.int8)
            arrays = [a, np.float32(scale), np.uint8(128), b, np.asarray(b_scale, np.float32), b_zero, np.float32(1.0), zero]
            arrays = [np.asarray(array) for array in arrays]
            sums = np.matmul(a.astype(np.int32) - 128, b.astype(np.int32) - b_zero.astype(np.int32))
            info = np.iinfo(result)
            scaled = np.rint(sums.astype(np.float32) * (np.float32(scale) * arrays[4]))
            cases.add("QLinearMatMul", *arrays, expected=[np.clip(scaled + int(zero), info.min, info.max).astype(result)])
    halves = [np.array([[1, 3, 5, 255]], np.uint8).T, np.float32(0.5), np.uint8(0), np.array([[1]], np.int8)]
    halves += [np.float32(1), np.int8(0), np.float32(1), result(0)]
    expected = np.array([[0, 2, 2, 127 if result == np.int8 else 128]]).T.astype(result)
    cases.add("QLinearMatMul", *map(np.asarray, halves), expected=[expected])
    cases.check(tmp_path)


def test_quantized_matmul_is_that_of_onnx_runtime(tmp_path):
    random = np.random.default_rng(8)
    cases = Cases(10)
    for _ in range(4):
        a, b = (random.integers(0, 256, shape).astype(np.uint8) for shape in ((9, 30), (30, 17)))
        scales = [np.asarray(random.uniform(0.01, 0.1), np.float32) for _ in range(2)]
        zeros = [np.asarray(random.integers(100, 150), np.uint8) for _ in range(3)]
        arrays = [a, scales[0], zeros[0], b, scales[1], zeros[1], np.asarray(0.5, np.float32), zeros[2]]
        cases.add("QLinearMatMul", *arrays, expected=evaluate_in_runtime("QLinearMatMul", arrays, 10))
    cases.check(tmp_path)


def test_determinants(tmp_path):
    random = np.random.default_rng(9)
    cases = Cases(22)
    for shape in ((1, 1), (2, 2), (5, 5), (2, 3, 4, 4), (3, 0, 0)):
        for dtype in (np.float32, np.float64):
            x = draw(random, shape, dtype, -2, 2)
            expected = np.asarray(np.linalg.det(x.astype(np.float64))).astype(dtype)
            cases.add("Det", x, expected=[expected], tolerance=1e-4 if dtype == np.float32 else 1e-10)
    singular = np.array([[0, 1, 2], [0, 3, 4], [0, 5, 6]], np.float32)
    swapped = np.array([[0, 1], [1, 0]], np.float32)
    cases.add("Det", singular, expected=[np.asarray(0, np.float32)])
    cases.add("Det", swapped, expected=[np.asarray(-1, np.float32)])
    cases.check(tmp_path)


A = np.zeros((2, 3), np.float32)
BYTES = np.zeros((2, 3), np.uint8)
ONE, ZERO = np.asarray(1, np.float32), np.asarray(0, np.uint8)


@pytest.mark.parametrize(
    "operator,arrays,options,message",
    [
        ("MatMul", [A, A], {}, "the matrices 2x3 and 2x3 can't be multiplied: 3 columns meet 2 rows"),
        ("MatMul", [A, A.astype(np.float64)], {}, "input 1 has type float64, expected float32"),
        ("MatMul", [np.zeros((2, 4, 3), np.float32), np.zeros((3, 3, 5), np.float32)], {}, "a size of 3 meets one of 2"),
        ("MatMul", [A[0, 0], A], {}, "expected rank 1"),
        ("Gemm", [A, A], {}, "3 columns meet 2 rows"),
        ("Gemm", [A, A, np.zeros((3,), np.float32)], {"transB": 1}, "don't go together"),
        ("Gemm", [A, A, np.zeros((1, 2, 2), np.float32)], {"transB": 1}, "which doesn't repeat to that of the product, 2x2"),
        ("Gemm", [A.astype(int), A.astype(int)], {"transB": 1, "alpha": 0.5}, "expected a whole number"),
        ("Einsum", [A, A], {"equation": "ij->ij"}, "has 1 terms for 2 inputs"),
        ("Einsum", [A], {"equation": "ijk"}, "gives it 3 dimensions"),
        ("Einsum", [A], {"equation": "ij->ik"}, "has 'k' that no input has"),
        ("Einsum", [A], {"equation": "ij->ii"}, "has 'i' twice"),
        ("Einsum", [A], {"equation": "i.j"}, "expected letters and '...'"),
        ("Einsum", [A, A], {"equation": "ij,jk"}, "a size of 2 meets one of 3"),
        ("Einsum", [A], {}, "attribute 'equation' is missing"),
        ("MatMulInteger", [A, A], {}, "input 0 has type float32, expected int8 or uint8"),
        ("MatMulInteger", [BYTES, BYTES.T, np.zeros((3,), np.uint8)], {}, "a size of 3 meets one of 2"),
        ("MatMulInteger", [BYTES, BYTES.T, np.zeros((), np.int8)], {}, "input 2 has type int8, expected uint8"),
        (
            "QLinearMatMul",
            [BYTES, ONE, ZERO, BYTES.T, ONE, ZERO, np.ones(2, np.float32), ZERO],
            {},
            "input 6 has shape 2, expected one number",
        ),
        ("Det", [A], {}, "expected square matrices"),
    ],
)
def test_errors(operator, arrays, options, message, tmp_path):
    assert message in find_error(tmp_path, 13, operator, arrays, **options)
