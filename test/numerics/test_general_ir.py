"""Operations outside of the cnn dialect: reductions, gathers, loops, reshapes, on plain tensors of any type, against numpy."""

import numpy as np
import pytest

from general_ir import ELEMENT_TYPES, compute, element, generic, tensor

generator = np.random.default_rng(11)


def random(shape, dtype=np.float32):
    if np.dtype(dtype).kind in "iu":
        return generator.integers(0, 50, shape).astype(dtype)
    return generator.normal(0, 1, shape).astype(dtype)


def fill(name, number, shape, dtype=np.float32):
    """%name: a tensor full of a number."""
    kind = tensor(shape, dtype)
    number = f"{float(number):e}" if np.dtype(dtype).kind == "f" else int(number)
    return f"""
      %{name}_number = arith.constant {number} : {element(dtype)}
      %{name}_empty = tensor.empty() : {kind}
      %{name} = linalg.fill ins(%{name}_number : {element(dtype)}) outs(%{name}_empty : {kind}) -> {kind}"""


def close(found, expected, tolerance=1e-5):
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


# --- reductions -------------------------------------------------------------------------------------------------------

REDUCTIONS = {
    "sum": ("arith.addf", "arith.addi", 0, np.sum),
    "product": ("arith.mulf", "arith.muli", 1, np.prod),
    "max": ("arith.maximumf", "arith.maxsi", -1000, np.max),
    "min": ("arith.minimumf", "arith.minsi", 1000, np.min),
}
DIMENSIONS = "ijkl"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "int8"])
@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize(
    "shape, axes", [((70,), (0,)), ((5, 37), (1,)), ((37, 5), (0,)), ((37, 21), (0,)), ((2, 3, 4, 19), (1, 3)), ((3, 4), (0, 1)),
                    ((2, 9, 6, 7), (2, 3)), ((4, 1, 5), (1,)), ((4, 0), (1,)), ((0, 4), (1,))], ids=str)  # fmt: skip
def test_reductions(shape, axes, name, dtype, tmp_path):
    dtype = np.dtype(dtype)
    on_floats, on_integers, start, expected = REDUCTIONS[name]
    if dtype == np.int8:
        start = np.clip(start, -128, 127)
    x = (random(shape, dtype) * (0.3 if dtype.kind == "f" else 1)).astype(dtype)
    names = DIMENSIONS[: len(shape)]
    kept = [d for d in range(len(shape)) if d not in axes]
    result = tuple(shape[d] for d in kept)
    loops = " ".join(("*" if d in axes else "") + n for d, n in enumerate(names))
    body = f"""{fill("start", start, result, dtype)}
      %0 = {generic(loops, [("%x", tensor(shape, dtype), ", ".join(names))],
                    [("%start", tensor(result, dtype), ", ".join(names[d] for d in kept))],
                    f"%s = {on_floats if dtype.kind == 'f' else on_integers} %r0, %a0 : {element(dtype)} linalg.yield %s : {element(dtype)}")}
      return %0 : {tensor(result, dtype)}"""
    found = compute({"x": x}, {"y": (result, dtype)}, body, tmp_path)["y"]
    if 0 in x.shape and found.size:
        return np.testing.assert_array_equal(found, np.full(result, start, dtype))
    if dtype.kind == "f":
        return close(found, expected(x, axes))
    if found.size:
        np.testing.assert_array_equal(found, expected(x, axes, dtype=dtype) if name in ("sum", "product") else expected(x, axes))
    return None


@pytest.mark.parametrize("order", ["i j *k", "*k i j", "j i *k"])
@pytest.mark.parametrize("second", ["k, j", "j, k"])
@pytest.mark.parametrize("m, n, k", [(1, 1, 1), (3, 5, 7), (17, 70, 33), (64, 3, 40), (5, 64, 0)])
def test_matrix_products(m, n, k, second, order, tmp_path):
    a, b = random((m, k)), random((k, n) if second == "k, j" else (n, k))
    body = f"""{fill("start", 0, (m, n))}
      %0 = {generic(order, [("%a", tensor(a.shape), "i, k"), ("%b", tensor(b.shape), second)], [("%start", tensor((m, n)), "i, j")],
                    "%p = arith.mulf %a0, %a1 : f32 %s = arith.addf %r0, %p : f32 linalg.yield %s : f32")}
      return %0 : {tensor((m, n))}"""
    found = compute({"a": a, "b": b}, {"y": ((m, n), np.float32)}, body, tmp_path)["y"]
    close(found, a @ (b if second == "k, j" else b.T))


@pytest.mark.parametrize("threads", [1, 2])
def test_named_operations(threads, tmp_path):
    a, b = random((130, 64)), random((64, 200))
    body = f"""{fill("start", 0, (130, 200))}{fill("zeros", 0, (130,))}
      %0 = linalg.matmul ins(%a, %b : {tensor(a.shape)}, {tensor(b.shape)}) outs(%start : tensor<130x200xf32>) -> tensor<130x200xf32>
      %1 = linalg.reduce {{arith.addf}} ins(%0 : tensor<130x200xf32>) outs(%zeros : tensor<130xf32>) dimensions = [1]
      %2 = linalg.broadcast ins(%1 : tensor<130xf32>) outs(%start : tensor<130x200xf32>) dimensions = [1]
      return %0, %2 : tensor<130x200xf32>, tensor<130x200xf32>"""
    results = {name: ((130, 200), np.float32) for name in "yz"}
    found = compute({"a": a, "b": b}, results, body, tmp_path, threads=threads)
    close(found["y"], a @ b, 1e-4)
    close(found["z"], np.broadcast_to((a @ b).sum(1)[:, None], (130, 200)), 1e-3)


def test_results_do_not_depend_on_the_number_of_threads(tmp_path):
    a, b = random((130, 640)), random((640, 200))
    body = f"""{fill("start", 0, (130, 200))}{fill("zero", 0, (200,))}
      %0 = linalg.matmul ins(%a, %b : {tensor(a.shape)}, {tensor(b.shape)}) outs(%start : tensor<130x200xf32>) -> tensor<130x200xf32>
      %1 = linalg.reduce {{arith.addf}} ins(%0 : tensor<130x200xf32>) outs(%zero : tensor<200xf32>) dimensions = [0]
      return %0, %1 : tensor<130x200xf32>, tensor<200xf32>"""
    results = {"y": ((130, 200), np.float32), "z": ((200,), np.float32)}
    once, often = (compute({"a": a, "b": b}, results, body, tmp_path, threads=threads) for threads in (1, 3))
    for name in results:
        np.testing.assert_array_equal(once[name], often[name])


def test_an_integer_convolution(tmp_path):
    """i8 to i32, with a zero point, strided and dilated: sums of dimensions in the maps."""
    x, w = generator.integers(-128, 128, (2, 3, 11, 21)).astype(np.int8), generator.integers(-128, 128, (5, 3, 3, 2)).astype(np.int8)
    out = (2, 5, 5, 18)
    body = f"""{fill("start", 0, out, np.int32)}
      %zero = arith.constant 3 : i32
      %0 = {generic("n o i j *c *k *l", [("%x", tensor(x.shape, np.int8), "n, c, i * 2 + k, j + l * 3"),
                                         ("%w", tensor(w.shape, np.int8), "o, c, k, l")],
                    [("%start", tensor(out, np.int32), "n, o, i, j")],
                    '''%a = arith.extsi %a0 : i8 to i32
                       %b = arith.extsi %a1 : i8 to i32
                       %c = arith.subi %a, %zero : i32
                       %d = arith.muli %c, %b : i32
                       %e = arith.addi %r0, %d : i32
                       linalg.yield %e : i32''')}
      return %0 : {tensor(out, np.int32)}"""
    found = compute({"x": x, "w": w}, {"y": (out, np.int32)}, body, tmp_path)["y"]
    expected = np.zeros(out, np.int32)
    for k in range(3):
        for l in range(2):
            part = x[:, :, k : k + 9 : 2, l * 3 : l * 3 + 18].astype(np.int32) - 3
            expected += np.einsum("ncij,oc->noij", part, w[:, :, k, l].astype(np.int32))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(6, 29), (29, 40), (1, 7)], ids=str)
def test_argmax_carries_value_and_index(shape, axis, tmp_path):
    x = np.round(random(shape) * 2)
    result = (shape[1 - axis],)
    kept = "ij"[1 - axis]
    body = f"""{fill("best", -1e30, result)}{fill("where", 0, result, np.int64)}
      %0:2 = {generic(" ".join(("*" if d == axis else "") + n for d, n in enumerate("ij")), [("%x", tensor(shape), "i, j")],
                      [("%best", tensor(result), kept), ("%where", tensor(result, np.int64), kept)], f'''
        %i = linalg.index {axis} : index
        %n = arith.index_cast %i : index to i64
        %more = arith.cmpf ogt, %a0, %r0 : f32
        %v = arith.select %more, %a0, %r0 : f32
        %w = arith.select %more, %n, %r1 : i64
        linalg.yield %v, %w : f32, i64''')}
      return %0#0, %0#1 : {tensor(result)}, {tensor(result, np.int64)}"""
    found = compute({"x": x}, {"v": (result, np.float32), "i": (result, np.int64)}, body, tmp_path)
    np.testing.assert_array_equal(found["v"], x.max(axis))
    np.testing.assert_array_equal(found["i"], x.argmax(axis))


def test_a_reduction_beside_its_terms(tmp_path):
    """Two results, one of all points, one reduced."""
    x = random((4, 30))
    body = f"""{fill("sums", 0, (4,))}
      %e = tensor.empty() : tensor<4x30xf32>
      %0:2 = {generic("i *j", [("%x", "tensor<4x30xf32>", "i, j")], [("%e", "tensor<4x30xf32>", "i, j"), ("%sums", "tensor<4xf32>", "i")],
                      "%y = math.exp %a0 : f32 %s = arith.addf %y, %r1 : f32 linalg.yield %y, %s : f32, f32")}
      return %0#0, %0#1 : tensor<4x30xf32>, tensor<4xf32>"""
    found = compute({"x": x}, {"y": (x.shape, np.float32), "s": ((4,), np.float32)}, body, tmp_path)
    close(found["y"], np.exp(x))
    close(found["s"], np.exp(x).sum(1))


# --- elements from anywhere -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [t for t in ELEMENT_TYPES if t.kind in "fiub"], ids=str)
def test_gather(dtype, tmp_path):
    x, where = random((9, 6)).astype(dtype), generator.integers(-9, 9, (4, 5))
    body = f"""
      %e = tensor.empty() : {tensor((4, 5, 6), dtype)}
      %nine = arith.constant 9 : i64
      %0 = {generic("i j k", [("%where", tensor((4, 5), np.int64), "i, j")], [("%e", tensor((4, 5, 6), dtype), "i, j, k")], f'''
        %zero = arith.constant 0 : i64
        %less = arith.cmpi slt, %a0, %zero : i64
        %around = arith.addi %a0, %nine : i64
        %row = arith.select %less, %around, %a0 : i64
        %r = arith.index_cast %row : i64 to index
        %c = linalg.index 2 : index
        %v = tensor.extract %x[%r, %c] : {tensor((9, 6), dtype)}
        linalg.yield %v : {element(dtype)}''')}
      return %0 : {tensor((4, 5, 6), dtype)}"""
    found = compute({"x": x, "where": where}, {"y": ((4, 5, 6), dtype)}, body, tmp_path)["y"]
    np.testing.assert_array_equal(found, x[where])


def test_what_is_read_is_not_overwritten(tmp_path):
    """A reversal whose result could lie in its input's buffer, if nobody looked at what the body reads."""
    x = random((50,))
    body = """
      %two = arith.constant dense<2.0> : tensor<50xf32>
      %1 = arith.mulf %x, %two : tensor<50xf32>
      %last = arith.constant 49 : index
      %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%1 : tensor<50xf32>) {
      ^body(%own: f32):
        %i = linalg.index 0 : index
        %j = arith.subi %last, %i : index
        %v = tensor.extract %1[%j] : tensor<50xf32>
        %s = arith.addf %v, %own : f32
        linalg.yield %s : f32
      } -> tensor<50xf32>
      return %0 : tensor<50xf32>"""
    found = compute({"x": x}, {"y": (x.shape, np.float32)}, body, tmp_path)["y"]
    close(found, 2 * x[::-1] + 2 * x)


def test_indices_from_outside_of_the_body(tmp_path):
    """Numbers that the network computes, indices of a loop around: a kernel takes them as arguments, on many threads too."""
    x, start = random((4, 300, 90)), np.array([2], np.int64)
    body = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %n = tensor.extract %start[%c0] : tensor<1xi64>
      %shift = arith.index_cast %n : i64 to index
      %factor = arith.sitofp %n : i64 to f32
      %e = tensor.empty() : tensor<4x300x90xf32>
      %0 = scf.for %b = %c0 to %c4 step %c1 iter_args(%y = %e) -> (tensor<4x300x90xf32>) {
        %e1 = tensor.empty() : tensor<300x90xf32>
        %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
            outs(%e1 : tensor<300x90xf32>) {
        ^body(%out: f32):
          %i = linalg.index 0 : index
          %j = linalg.index 1 : index
          %from = arith.addi %b, %shift : index
          %image = arith.remui %from, %c4 : index
          %v = tensor.extract %x[%image, %i, %j] : tensor<4x300x90xf32>
          %s = arith.mulf %v, %factor : f32
          linalg.yield %s : f32
        } -> tensor<300x90xf32>
        %2 = tensor.insert_slice %1 into %y[%b, 0, 0] [1, 300, 90] [1, 1, 1] : tensor<300x90xf32> into tensor<4x300x90xf32>
        scf.yield %2 : tensor<4x300x90xf32>
      }
      return %0 : tensor<4x300x90xf32>"""
    for threads in (1, 2):
        found = compute({"x": x, "start": start}, {"y": (x.shape, np.float32)}, body, tmp_path, threads=threads)["y"]
        close(found, 2 * np.roll(x, -2, 0))


def test_loops_and_branches_in_a_body(tmp_path):
    """Sums of windows that end at the border: a loop with bounds of its own for each element."""
    x = random((6, 13))
    body = """
      %e = tensor.empty() : tensor<6x13xf32>
      %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          outs(%e : tensor<6x13xf32>) {
      ^body(%out: f32):
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %zero = arith.constant 0.0 : f32
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %end = arith.addi %j, %c1 : index
        %sum = scf.for %k = %c0 to %end step %c1 iter_args(%s = %zero) -> (f32) {
          %v = tensor.extract %x[%i, %k] : tensor<6x13xf32>
          %positive = arith.cmpf ogt, %v, %zero : f32
          %n = scf.if %positive -> (f32) {
            %t = arith.addf %s, %v : f32
            scf.yield %t : f32
          } else {
            scf.yield %s : f32
          }
          scf.yield %n : f32
        }
        linalg.yield %sum : f32
      } -> tensor<6x13xf32>
      return %0 : tensor<6x13xf32>"""
    found = compute({"x": x}, {"y": (x.shape, np.float32)}, body, tmp_path)["y"]
    close(found, np.cumsum(np.maximum(x, 0), 1))
