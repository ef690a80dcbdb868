"""Loops and branches of a network on tensors, and what moves their elements, against numpy."""

import numpy as np
import pytest

from general_ir import ELEMENT_TYPES, compute, element, generic, tensor

generator = np.random.default_rng(13)

INDICES = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c3 = arith.constant 3 : index
      %c4 = arith.constant 4 : index
      %c5 = arith.constant 5 : index"""


def random(shape, dtype=np.float32):
    if np.dtype(dtype).kind in "iu":
        return generator.integers(0, 50, shape).astype(dtype)
    return generator.normal(0, 1, shape).astype(dtype)


def close(found, expected, tolerance=1e-5):
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


# --- loops ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "int64", "int8", "float16", "bool"])
def test_scatter(dtype, tmp_path):
    """The input is the loop's start; it is an output too, as it was."""
    dtype = np.dtype(dtype)
    x, where, values = random((8,)).astype(dtype), np.array([3, 0, 3, 7]), random((4,)).astype(dtype)
    kind = tensor((8,), dtype)
    body = f"""{INDICES}
      %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%t = %x) -> ({kind}) {{
        %n = tensor.extract %where[%i] : tensor<4xi64>
        %at = arith.index_cast %n : i64 to index
        %v = tensor.extract %values[%i] : {tensor((4,), dtype)}
        %u = tensor.insert %v into %t[%at] : {kind}
        scf.yield %u : {kind}
      }}
      return %0, %x : {kind}, {kind}"""
    found = compute({"x": x, "where": where, "values": values}, {"y": ((8,), dtype), "same": ((8,), dtype)}, body, tmp_path)
    expected = x.copy()
    for i, n in enumerate(where):
        expected[n] = values[i]
    np.testing.assert_array_equal(found["y"], expected)
    np.testing.assert_array_equal(found["same"], x)


def test_cumulative_sum(tmp_path):
    x = random((4, 5))
    body = f"""{INDICES}
      %e = tensor.empty() : tensor<4x5xf32>
      %zero = arith.constant 0.0 : f32
      %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%t = %e) -> (tensor<4x5xf32>) {{
        %row, %last = scf.for %j = %c0 to %c5 step %c1 iter_args(%u = %t, %sum = %zero) -> (tensor<4x5xf32>, f32) {{
          %v = tensor.extract %x[%i, %j] : tensor<4x5xf32>
          %s = arith.addf %sum, %v : f32
          %w = tensor.insert %s into %u[%i, %j] : tensor<4x5xf32>
          scf.yield %w, %s : tensor<4x5xf32>, f32
        }}
        scf.yield %row : tensor<4x5xf32>
      }}
      return %0 : tensor<4x5xf32>"""
    close(compute({"x": x}, {"y": ((4, 5), np.float32)}, body, tmp_path)["y"], np.cumsum(x, 1))


@pytest.mark.parametrize("k", [1, 3, 9])
def test_top_k(k, tmp_path):
    """Selection: the largest is found by a reduction with two results, noted, and crossed out."""
    x = random((9,))
    body = f"""{INDICES}
      %k = arith.constant {k} : index
      %least = arith.constant dense<-1.0e30> : tensor<f32>
      %nowhere = arith.constant dense<-1> : tensor<i64>
      %e = tensor.empty() : tensor<{k}xf32>
      %f = tensor.empty() : tensor<{k}xi64>
      %out = arith.constant -3.0e38 : f32
      %0:3 = scf.for %i = %c0 to %k step %c1 iter_args(%t = %e, %n = %f, %rest = %x) -> (tensor<{k}xf32>, tensor<{k}xi64>, tensor<9xf32>) {{
        %best:2 = {generic("*j", [("%rest", "tensor<9xf32>", "j")], [("%least", "tensor<f32>", ""), ("%nowhere", "tensor<i64>", "")], '''
          %j = linalg.index 0 : index
          %where = arith.index_cast %j : index to i64
          %more = arith.cmpf ogt, %a0, %r0 : f32
          %v = arith.select %more, %a0, %r0 : f32
          %w = arith.select %more, %where, %r1 : i64
          linalg.yield %v, %w : f32, i64''')}
        %value = tensor.extract %best#0[] : tensor<f32>
        %place = tensor.extract %best#1[] : tensor<i64>
        %at = arith.index_cast %place : i64 to index
        %t1 = tensor.insert %value into %t[%i] : tensor<{k}xf32>
        %n1 = tensor.insert %place into %n[%i] : tensor<{k}xi64>
        %rest1 = tensor.insert %out into %rest[%at] : tensor<9xf32>
        scf.yield %t1, %n1, %rest1 : tensor<{k}xf32>, tensor<{k}xi64>, tensor<9xf32>
      }}
      return %0#0, %0#1 : tensor<{k}xf32>, tensor<{k}xi64>"""
    found = compute({"x": x}, {"v": ((k,), np.float32), "i": ((k,), np.int64)}, body, tmp_path)
    order = np.argsort(-x)[:k]
    np.testing.assert_array_equal(found["v"], x[order])
    np.testing.assert_array_equal(found["i"], order)


def test_a_step_that_reads_all_of_what_it_replaces(tmp_path):
    """A recurrence h = tanh(W h + x[t]): no element of h may be written before all have read it."""
    x, w = random((4, 17)), random((17, 17)) * 0.3
    body = f"""{INDICES}
      %start = arith.constant dense<0.5> : tensor<17xf32>
      %all = tensor.empty() : tensor<4x17xf32>
      %0:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %start, %t = %all) -> (tensor<17xf32>, tensor<4x17xf32>) {{
        %row = tensor.extract_slice %x[%i, 0] [1, 17] [1, 1] : tensor<4x17xf32> to tensor<17xf32>
        %sum = {generic("r *c", [("%w", "tensor<17x17xf32>", "r, c"), ("%h", "tensor<17xf32>", "c")], [("%row", "tensor<17xf32>", "r")],
                        "%p = arith.mulf %a0, %a1 : f32 %s = arith.addf %r0, %p : f32 linalg.yield %s : f32")}
        %n = math.tanh %sum : tensor<17xf32>
        %u = tensor.insert_slice %n into %t[%i, 0] [1, 17] [1, 1] : tensor<17xf32> into tensor<4x17xf32>
        scf.yield %n, %u : tensor<17xf32>, tensor<4x17xf32>
      }}
      return %0#0, %0#1 : tensor<17xf32>, tensor<4x17xf32>"""
    found = compute({"x": x, "w": w}, {"h": ((17,), np.float32), "all": ((4, 17), np.float32)}, body, tmp_path)
    h, states = np.full(17, 0.5, np.float32), []
    for t in range(4):
        h = np.tanh(w @ h + x[t])
        states.append(h)
    close(found["h"], h)
    close(found["all"], np.stack(states))


@pytest.mark.parametrize("steps", [0, 1, 4, 5])
def test_carried_tensors_that_change_places(steps, tmp_path):
    x, y = random((6,)), random((6,))
    body = f"""{INDICES}
      %n = arith.constant {steps} : index
      %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (tensor<6xf32>, tensor<6xf32>) {{
        %s = arith.addf %a, %b : tensor<6xf32>
        scf.yield %b, %s : tensor<6xf32>, tensor<6xf32>
      }}
      return %0#0, %0#1 : tensor<6xf32>, tensor<6xf32>"""
    found = compute({"x": x, "y": y}, {"p": ((6,), np.float32), "q": ((6,), np.float32)}, body, tmp_path)
    for _ in range(steps):
        x, y = y, x + y
    close(found["p"], x)
    close(found["q"], y)


def test_the_start_of_a_loop_is_read_after_it(tmp_path):
    x = random((6,))
    body = f"""{INDICES}
      %one = arith.constant dense<1.0> : tensor<6xf32>
      %start = arith.addf %x, %one : tensor<6xf32>
      %zero = arith.constant 0.0 : f32
      %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%t = %start) -> (tensor<6xf32>) {{
        %u = tensor.insert %zero into %t[%i] : tensor<6xf32>
        scf.yield %u : tensor<6xf32>
      }}
      %1 = arith.mulf %0, %start : tensor<6xf32>
      return %0, %start, %1 : tensor<6xf32>, tensor<6xf32>, tensor<6xf32>"""
    found = compute({"x": x}, {name: ((6,), np.float32) for name in "abc"}, body, tmp_path)
    expected = x + 1
    expected[:4] = 0
    close(found["a"], expected)
    close(found["b"], x + 1)
    close(found["c"], expected * (x + 1))


@pytest.mark.parametrize("flag", [False, True])
def test_branches(flag, tmp_path):
    """A new tensor, a changed one and an old one, by a condition that is an input."""
    x, y = random((3, 7)), random((3, 7))
    kind = "tensor<3x7xf32>"
    body = f"""{INDICES}
      %f = tensor.extract %flag[%c0] : tensor<1xi8>
      %none = arith.constant 0 : i8
      %condition = arith.cmpi ne, %f, %none : i8
      %0:3 = scf.if %condition -> ({kind}, {kind}, tensor<7xf32>) {{
        %a = arith.addf %x, %y : {kind}
        %five = arith.constant 5.0 : f32
        %b = tensor.insert %five into %a[%c1, %c2] : {kind}
        %r = tensor.extract_slice %x[1, 0] [1, 7] [1, 1] : {kind} to tensor<7xf32>
        scf.yield %a, %b, %r : {kind}, {kind}, tensor<7xf32>
      }} else {{
        %r = tensor.extract_slice %y[2, 0] [1, 7] [1, 1] : {kind} to tensor<7xf32>
        scf.yield %y, %x, %r : {kind}, {kind}, tensor<7xf32>
      }}
      %1 = arith.mulf %0#0, %0#1 : {kind}
      return %0#0, %0#1, %0#2, %1 : {kind}, {kind}, tensor<7xf32>, {kind}"""
    results = {"a": ((3, 7), np.float32), "b": ((3, 7), np.float32), "r": ((7,), np.float32), "m": ((3, 7), np.float32)}
    found = compute({"x": x, "y": y, "flag": np.array([flag])}, results, body, tmp_path)
    if flag:
        a, r = x + y, x[1]
        b = a.copy()
        b[1, 2] = 5
    else:
        a, b, r = y, x, y[2]
    close(found["a"], a)
    close(found["b"], b)
    close(found["r"], r)
    close(found["m"], a * b)


def test_a_branch_in_a_loop_that_changes_what_is_carried(tmp_path):
    """Sorting by exchange: most steps change nothing, and none may copy the tensor to say so."""
    x = random((6,))
    body = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c5 = arith.constant 5 : index
      %0 = scf.for %i = %c0 to %c5 step %c1 iter_args(%t = %x) -> (tensor<6xf32>) {
        %1 = scf.for %j = %c0 to %c5 step %c1 iter_args(%u = %t) -> (tensor<6xf32>) {
          %k = arith.addi %j, %c1 : index
          %a = tensor.extract %u[%j] : tensor<6xf32>
          %b = tensor.extract %u[%k] : tensor<6xf32>
          %wrong = arith.cmpf ogt, %a, %b : f32
          %2 = scf.if %wrong -> (tensor<6xf32>) {
            %v = tensor.insert %b into %u[%j] : tensor<6xf32>
            %w = tensor.insert %a into %v[%k] : tensor<6xf32>
            scf.yield %w : tensor<6xf32>
          } else {
            scf.yield %u : tensor<6xf32>
          }
          scf.yield %2 : tensor<6xf32>
        }
        scf.yield %1 : tensor<6xf32>
      }
      return %0 : tensor<6xf32>"""
    np.testing.assert_array_equal(compute({"x": x}, {"y": ((6,), np.float32)}, body, tmp_path)["y"], np.sort(x))


def test_convolutions_in_a_loop(tmp_path):
    """Blocked layouts begin and end in the body; the residual comes from outside of it."""
    x = random((1, 8, 6, 6))
    kind = "tensor<1x8x6x6xf32>"
    body = f"""{INDICES}
      %w = arith.constant dense<0.125> : tensor<8x8x1x1xf32>
      %0 = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %x) -> ({kind}) {{
        %1 = cnn.conv %t, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
          : ({kind}, tensor<8x8x1x1xf32>) -> {kind}
        %2 = arith.addf %1, %x : {kind}
        %3 = cnn.activation relu %2 : {kind}
        scf.yield %3 : {kind}
      }}
      %after = cnn.activation tanh %0 : {kind}
      return %after : {kind}"""
    t = x
    for _ in range(3):
        t = np.maximum(t.mean(1, keepdims=True) + x, 0)
    close(compute({"x": x}, {"y": (x.shape, np.float32)}, body, tmp_path)["y"], np.tanh(t))


# --- movement ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", list(ELEMENT_TYPES), ids=str)
def test_movement(dtype, tmp_path):
    """Padding, slices with strides, insertion, concatenation, reshapes and transposition of raw elements."""
    x = random((3, 5)).astype(dtype)
    e = element(dtype)
    one = "1.0" if dtype.kind not in "iub" else "1"
    body = f"""
      %one = arith.constant {one} : {e}
      %padded = tensor.pad %x low[1, 0] high[0, 2] {{
      ^body(%i: index, %j: index):
        tensor.yield %one : {e}
      }} : tensor<3x5x{e}> to tensor<4x7x{e}>
      %slice = tensor.extract_slice %padded[0, 1] [2, 3] [2, 2] : tensor<4x7x{e}> to tensor<2x3x{e}>
      %set = tensor.insert_slice %slice into %padded[1, 0] [2, 3] [1, 2] : tensor<2x3x{e}> into tensor<4x7x{e}>
      %joined = tensor.concat dim(1) %set, %set, %padded : (tensor<4x7x{e}>, tensor<4x7x{e}>, tensor<4x7x{e}>) -> tensor<4x21x{e}>
      %flat = tensor.collapse_shape %joined [[0, 1]] : tensor<4x21x{e}> into tensor<84x{e}>
      %cube = tensor.expand_shape %flat [[0, 1, 2]] output_shape [2, 6, 7] : tensor<84x{e}> into tensor<2x6x7x{e}>
      %empty = tensor.empty() : tensor<7x2x6x{e}>
      %turned = linalg.transpose ins(%cube : tensor<2x6x7x{e}>) outs(%empty : tensor<7x2x6x{e}>) permutation = [2, 0, 1]
      return %padded, %slice, %turned : tensor<4x7x{e}>, tensor<2x3x{e}>, tensor<7x2x6x{e}>"""
    results = {"p": ((4, 7), dtype), "s": ((2, 3), dtype), "t": ((7, 2, 6), dtype)}
    found = compute({"x": x}, results, body, tmp_path)
    padded = np.pad(x, ((1, 0), (0, 2)), constant_values=np.array(1, dtype))
    part = padded[0:4:2, 1:7:2]
    changed = padded.copy()
    changed[1:3, 0:6:2] = part
    np.testing.assert_array_equal(found["p"], padded)
    np.testing.assert_array_equal(found["s"], part)
    np.testing.assert_array_equal(found["t"], np.concatenate([changed, changed, padded], 1).reshape(2, 6, 7).transpose(2, 0, 1))


def test_generated_elements(tmp_path):
    """tensor.generate, tensor.splat and tensor.from_elements; padding by what the place says."""
    x = random((4,))
    body = """
      %one = arith.constant 1 : index
      %three = arith.constant 3 : index
      %g = tensor.generate {
      ^body(%i: index, %j: index):
        %back = arith.subi %three, %j : index
        %v = tensor.extract %x[%back] : tensor<4xf32>
        %n = arith.index_cast %i : index to i32
        %f = arith.sitofp %n : i32 to f32
        %s = arith.addf %v, %f : f32
        tensor.yield %s : f32
      } : tensor<3x4xf32>
      %a = tensor.extract %x[%one] : tensor<4xf32>
      %b = tensor.extract %x[%three] : tensor<4xf32>
      %f = tensor.from_elements %a, %b, %a, %b : tensor<2x2xf32>
      %s = tensor.splat %a : tensor<5xf32>
      %p = tensor.pad %x low[2] high[1] {
      ^body(%i: index):
        %n = arith.index_cast %i : index to i32
        %v = arith.sitofp %n : i32 to f32
        tensor.yield %v : f32
      } : tensor<4xf32> to tensor<7xf32>
      return %g, %f, %s, %p : tensor<3x4xf32>, tensor<2x2xf32>, tensor<5xf32>, tensor<7xf32>"""
    results = {"g": ((3, 4), np.float32), "f": ((2, 2), np.float32), "s": ((5,), np.float32), "p": ((7,), np.float32)}
    found = compute({"x": x}, results, body, tmp_path)
    close(found["g"], x[::-1] + np.arange(3)[:, None])
    close(found["f"], np.array([[x[1], x[3]], [x[1], x[3]]]))
    close(found["s"], np.full(5, x[1]))
    close(found["p"], np.array([0, 1, *x, 6]))


def test_rank_0(tmp_path):
    x, n = np.array(2.5, np.float32), np.array(7, np.int64)
    body = f"""
      %two = arith.constant dense<2.0> : tensor<f32>
      %y = arith.mulf %x, %two : tensor<f32>
      %m = arith.addi %n, %n : tensor<i64>
      %v = tensor.extract %m[] : tensor<i64>
      %z = tensor.from_elements %v : tensor<i64>
      %w = tensor.expand_shape %y [] output_shape [1, 1] : tensor<f32> into tensor<1x1xf32>
      %e = tensor.empty() : tensor<3xf32>
      %b = {generic("i", [("%y", "tensor<f32>", "")], [("%e", "tensor<3xf32>", "i")], "linalg.yield %a0 : f32")}
      return %y, %z, %w, %b, %x : tensor<f32>, tensor<i64>, tensor<1x1xf32>, tensor<3xf32>, tensor<f32>"""
    results = {"y": ((), np.float32), "z": ((), np.int64), "w": ((1, 1), np.float32), "b": ((3,), np.float32), "s": ((), np.float32)}
    found = compute({"x": x, "n": n}, results, body, tmp_path)
    assert found["y"] == 5 and found["z"] == 14 and found["w"] == [[5]] and found["s"] == 2.5
    np.testing.assert_array_equal(found["b"], [5, 5, 5])


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_no_elements(dtype, tmp_path):
    dtype = np.dtype(dtype)
    e = element(dtype)
    x, y = np.zeros((4, 0), dtype), np.ones((4, 3), dtype)
    body = f"""{INDICES}
      %joined = tensor.concat dim(1) %x, %y, %x : (tensor<4x0x{e}>, tensor<4x3x{e}>, tensor<4x0x{e}>) -> tensor<4x3x{e}>
      %none = tensor.extract_slice %y[0, 0] [4, 0] [1, 1] : tensor<4x3x{e}> to tensor<4x0x{e}>
      %flat = tensor.collapse_shape %x [[0, 1]] : tensor<4x0x{e}> into tensor<0x{e}>
      %empty = tensor.empty() : tensor<0x4x{e}>
      %turned = linalg.transpose ins(%none : tensor<4x0x{e}>) outs(%empty : tensor<0x4x{e}>) permutation = [1, 0]
      %carried = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %none) -> (tensor<4x0x{e}>) {{
        %w = tensor.empty() : tensor<4x0x{e}>
        %u = linalg.transpose ins(%turned : tensor<0x4x{e}>) outs(%w : tensor<4x0x{e}>) permutation = [1, 0]
        scf.yield %u : tensor<4x0x{e}>
      }}
      %constant = arith.constant dense<> : tensor<2x0x{e}>
      return %joined, %flat, %turned, %x, %carried, %constant
        : tensor<4x3x{e}>, tensor<0x{e}>, tensor<0x4x{e}>, tensor<4x0x{e}>, tensor<4x0x{e}>, tensor<2x0x{e}>"""
    shapes = {"j": (4, 3), "f": (0,), "t": (0, 4), "s": (4, 0), "c": (4, 0), "k": (2, 0)}
    found = compute({"x": x, "y": y}, {name: (shape, dtype) for name, shape in shapes.items()}, body, tmp_path)
    np.testing.assert_array_equal(found["j"], y)


def test_reshapes_of_what_lies_in_blocks(tmp_path):
    """A convolution's result, blocked, is read as a plain tensor by everything that knows no blocks."""
    x = random((1, 3, 4, 4))
    body = f"""
      %w = arith.constant dense<0.5> : tensor<10x3x1x1xf32>
      %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
        : (tensor<1x3x4x4xf32>, tensor<10x3x1x1xf32>) -> tensor<1x10x4x4xf32>
      %1 = arith.truncf %0 : tensor<1x10x4x4xf32> to tensor<1x10x4x4xf16>
      %2 = arith.extf %1 : tensor<1x10x4x4xf16> to tensor<1x10x4x4xf64>
      %3 = tensor.collapse_shape %2 [[0, 1], [2, 3]] : tensor<1x10x4x4xf64> into tensor<10x16xf64>
      %e = tensor.empty() : tensor<10xf64>
      %zero = arith.constant 0.0 : f64
      %f = linalg.fill ins(%zero : f64) outs(%e : tensor<10xf64>) -> tensor<10xf64>
      %4 = {generic("i *j", [("%3", "tensor<10x16xf64>", "i, j")], [("%f", "tensor<10xf64>", "i")],
                    "%s = arith.addf %r0, %a0 : f64 linalg.yield %s : f64")}
      return %1, %4 : tensor<1x10x4x4xf16>, tensor<10xf64>"""
    found = compute({"x": x}, {"h": ((1, 10, 4, 4), np.float16), "s": ((10,), np.float64)}, body, tmp_path)
    y = np.broadcast_to(x.sum(1, keepdims=True) * 0.5, (1, 10, 4, 4))
    close(found["h"].astype(np.float32), y, 2e-3)
    close(found["s"], found["h"].astype(np.float64).sum((0, 2, 3)), 1e-12)
