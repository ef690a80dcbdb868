"""linalg, tensor and scf in the naive evaluator, compared with numpy on random shapes: iteration spaces that are larger
and smaller than the lanes that a body has at once, in every order of dimensions."""

import itertools

import numpy as np
import pytest
from mlir_evaluation import evaluate, tensor_type


def random_of(*seed):
    return np.random.default_rng([place if isinstance(place, int) else len(place) for place in seed])


def integers(shape, random, dtype=np.int64):
    return random.integers(-100, 100, shape).astype(dtype)


def generic(maps, iterators, inputs, outputs, body, name="r"):
    """A linalg.generic. `inputs` and `outputs` are (name, type)."""
    iterator_types = ", ".join(f'"{iterator}"' for iterator in iterators)
    maps = ", ".join(f"affine_map<{map}>" for map in maps)

    def group(word, values):
        names = ", ".join(f"%{name}" for name, _ in values)
        return f"{word}({names} : {', '.join(type_ for _, type_ in values)}) " if values else ""

    results = ", ".join(type_ for _, type_ in outputs)
    count = f":{len(outputs)}" if len(outputs) > 1 else ""
    return (
        f"%{name}{count} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterator_types}]}} "
        f"{group('ins', inputs)}{group('outs', outputs)} {{\n{body}\n}} -> "
        + (f"({results})" if len(outputs) > 1 else results)
    )


SHAPES = [(), (1,), (5,), (255,), (256,), (257,), (3, 100), (100, 3), (2, 1, 7, 40), (0,), (4, 0, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_identity(shape):
    """Rank 0 and tensors of no elements too."""
    values = integers(shape, random_of(1, *shape))
    dimensions = ", ".join(f"d{place}" for place in range(len(shape)))
    identity = f"({dimensions}) -> ({dimensions})"
    type_ = tensor_type(shape, np.int64)
    body = f"%e = tensor.empty() : {type_}\n" + generic(
        [identity, identity],
        ["parallel"] * len(shape),
        [("x", type_)],
        [("e", type_)],
        "^bb0(%a: i64, %o: i64): %b = arith.addi %a, %a : i64 linalg.yield %b : i64",
    )
    (result,) = evaluate(body, {"x": values}, [("r", shape, np.int64)])
    np.testing.assert_array_equal(result, values + values)


@pytest.mark.parametrize("permutation", list(itertools.permutations(range(3))))
def test_permutations_and_broadcasts(permutation):
    shape = (6, 9, 11)
    random = random_of(2, *permutation)
    a = integers([shape[d] for d in permutation], random)
    b = integers((shape[permutation[0]],), random)
    type_ = tensor_type(shape, np.int64)
    body = f"%e = tensor.empty() : {type_}\n" + generic(
        [
            f"(d0, d1, d2) -> ({', '.join(f'd{d}' for d in permutation)})",
            f"(d0, d1, d2) -> (d{permutation[0]})",
            "(d0, d1, d2) -> (d0, d1, d2)",
        ],
        ["parallel"] * 3,
        [("a", tensor_type(a.shape, a.dtype)), ("b", tensor_type(b.shape, b.dtype))],
        [("e", type_)],
        "^bb0(%x: i64, %y: i64, %o: i64): %z = arith.subi %x, %y : i64 linalg.yield %z : i64",
    )
    (result,) = evaluate(body, {"a": a, "b": b}, [("r", shape, np.int64)])
    view = [1, 1, 1]
    view[permutation[0]] = -1
    expected = a.transpose(np.argsort(permutation)) - b.reshape(view)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("reduced", [axes for count in range(4) for axes in itertools.combinations(range(3), count)])
def test_several_reductions_at_once(reduced):
    """The sum, the largest value and its first position, along every subset of the dimensions."""
    shape = (7, 10, 12)
    values = integers(shape, random_of(3, *reduced), np.int32)
    kept = [d for d in range(3) if d not in reduced]
    result_shape = tuple(shape[d] for d in kept)
    result_map = f"(d0, d1, d2) -> ({', '.join(f'd{d}' for d in kept)})"
    identity = "(d0, d1, d2) -> (d0, d1, d2)"
    type32, type64 = tensor_type(result_shape, np.int32), tensor_type(result_shape, np.int64)
    body = generic(
        [identity, result_map, result_map, result_map],
        ["reduction" if d in reduced else "parallel" for d in range(3)],
        [("x", tensor_type(shape, np.int32))],
        [("sum", type64), ("largest", type32), ("position", type64)],
        """^bb0(%a: i32, %s: i64, %l: i32, %p: i64):
        %wide = arith.extsi %a : i32 to i64
        %t = arith.addi %s, %wide : i64
        %more = arith.cmpi sgt, %a, %l : i32
        %m = arith.select %more, %a, %l : i32
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %k = linalg.index 2 : index
        %c10 = arith.constant 10 : index
        %c12 = arith.constant 12 : index
        %u = arith.muli %i, %c10 : index
        %v = arith.addi %u, %j : index
        %w = arith.muli %v, %c12 : index
        %place = arith.addi %w, %k : index
        %y = arith.index_cast %place : index to i64
        %q = arith.select %more, %y, %p : i64
        linalg.yield %t, %m, %q : i64, i32, i64""",
    )
    inputs = {
        "x": values,
        "sum": np.full(result_shape, 5, np.int64),
        "largest": np.full(result_shape, -1000, np.int32),
        "position": np.full(result_shape, -1, np.int64),
    }
    results = [("r#0", result_shape, np.int64), ("r#1", result_shape, np.int32), ("r#2", result_shape, np.int64)]
    sums, largest, positions = evaluate(body, inputs, results)
    np.testing.assert_array_equal(sums, values.sum(reduced, dtype=np.int64) + 5 if reduced else values + 5)
    np.testing.assert_array_equal(largest, values.max(reduced) if reduced else values)
    runs = np.moveaxis(np.arange(values.size).reshape(shape), kept, range(len(kept))).reshape(*result_shape, -1)
    first = np.take_along_axis(
        runs, values.reshape(-1)[runs].argmax(-1)[..., None], -1
    ).reshape(result_shape)
    np.testing.assert_array_equal(positions, first)


def test_f32_sums_are_formed_in_the_order_of_the_loops():
    values = random_of(4).normal(size=(50, 60)).astype(np.float32)
    type_ = tensor_type((60,), np.float32)
    body = generic(
        ["(d0, d1) -> (d1, d0)", "(d0, d1) -> (d0)"],
        ["parallel", "reduction"],
        [("x", tensor_type(values.shape, values.dtype))],
        [("zero", type_)],
        "^bb0(%a: f32, %s: f32): %t = arith.addf %s, %a : f32 linalg.yield %t : f32",
    )
    (result,) = evaluate(
        body, {"x": values, "zero": np.zeros(60, np.float32)}, [("r", (60,), np.float32)], "typed"
    )
    expected = np.zeros(60, np.float32)
    for row in values:
        expected += row
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("window", [(3, 2, 1), (2, 1, 3)])
def test_windows_by_linear_maps(window):
    """A convolution in one dimension: d1 * stride + d3 * dilation."""
    size, stride, dilation = window
    random = random_of(5, *window)
    x, w = integers((4, 60), random), integers((5, 4, size), random)
    positions = (60 - (size - 1) * dilation - 1) // stride + 1
    shape = (5, positions)
    body = generic(
        [
            f"(d0, d1, d2, d3) -> (d2, d1 * {stride} + d3 * {dilation})",
            "(d0, d1, d2, d3) -> (d0, d2, d3)",
            "(d0, d1, d2, d3) -> (d0, d1)",
        ],
        ["parallel", "parallel", "reduction", "reduction"],
        [("x", tensor_type(x.shape, x.dtype)), ("w", tensor_type(w.shape, w.dtype))],
        [("zero", tensor_type(shape, np.int64))],
        "^bb0(%a: i64, %b: i64, %s: i64): %p = arith.muli %a, %b : i64 "
        "%t = arith.addi %s, %p : i64 linalg.yield %t : i64",
    )
    (result,) = evaluate(body, {"x": x, "w": w, "zero": np.zeros(shape, np.int64)}, [("r", shape, np.int64)])
    expected = np.zeros(shape, np.int64)
    for f, o, c, k in np.ndindex(5, positions, 4, size):
        expected[f, o] += x[c, o * stride + k * dilation] * w[f, c, k]
    np.testing.assert_array_equal(result, expected)


def test_maps_with_divisions():
    """Nearest neighbours and a pixel shuffle: what is not linear."""
    x = integers((8, 90), random_of(6))
    shape = (2, 90, 4)
    body = generic(
        ["(d0, d1, d2) -> (d0 * 4 + d2, (d1 floordiv 3) * 3 + (d1 + 1) mod 3)", "(d0, d1, d2) -> (d0, d1, d2)"],
        ["parallel"] * 3,
        [("x", tensor_type(x.shape, x.dtype))],
        [("zero", tensor_type(shape, np.int64))],
        "^bb0(%a: i64, %s: i64): linalg.yield %a : i64",
    )
    (result,) = evaluate(body, {"x": x, "zero": np.zeros(shape, np.int64)}, [("r", shape, np.int64)])
    i, j, k = np.indices(shape)
    np.testing.assert_array_equal(result, x[i * 4 + k, j // 3 * 3 + (j + 1) % 3])


def test_gather_in_a_body():
    random = random_of(7)
    x, indices = random.normal(size=(9, 13)).astype(np.float32), random.integers(0, 9, (40, 11))
    shape = (40, 11, 13)
    body = generic(
        ["(d0, d1, d2) -> (d0, d1)", "(d0, d1, d2) -> (d0, d1, d2)"],
        ["parallel"] * 3,
        [("i", tensor_type(indices.shape, np.int64))],
        [("zero", tensor_type(shape, np.float32))],
        """^bb0(%a: i64, %s: f32):
        %row = arith.index_cast %a : i64 to index
        %column = linalg.index 2 : index
        %v = tensor.extract %x[%row, %column] : tensor<9x13xf32>
        linalg.yield %v : f32""",
    )
    inputs = {"x": x, "i": indices, "zero": np.zeros(shape, np.float32)}
    (result,) = evaluate(body, inputs, [("r", shape, np.float32)])
    np.testing.assert_array_equal(result, x[indices])


def test_a_body_with_a_loop():
    """Each row has its own number of terms, and negative ones don't count."""
    x = integers((30, 20), random_of(8))
    counts = random_of(9).integers(0, 21, 30)
    type_ = tensor_type((30,), np.int64)
    body = generic(
        ["(d0) -> (d0)", "(d0) -> (d0)"],
        ["parallel"],
        [("n", type_)],
        [("zero", type_)],
        """^bb0(%n0: i64, %s: i64):
        %row = linalg.index 0 : index
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %end = arith.index_cast %n0 : i64 to index
        %sum = scf.for %k = %c0 to %end step %c1 iter_args(%t = %s) -> (i64) {
          %v = tensor.extract %x[%row, %k] : tensor<30x20xi64>
          %positive = arith.cmpi sgt, %v, %s : i64
          %u = scf.if %positive -> (i64) {
            %w = arith.addi %t, %v : i64
            scf.yield %w : i64
          } else {
            scf.yield %t : i64
          }
          scf.yield %u : i64
        }
        linalg.yield %sum : i64""",
    )
    (result,) = evaluate(body, {"x": x, "n": counts, "zero": np.zeros(30, np.int64)}, [("r", (30,), np.int64)])
    np.testing.assert_array_equal(result, [sum(v for v in row[:n] if v > 0) for row, n in zip(x, counts)])


def test_a_result_that_is_read_elsewhere_keeps_its_value():
    """The initial value is an operand twice, and returned: nothing may be changed in place."""
    x = integers((300,), random_of(10))
    type_ = tensor_type((300,), np.int64)
    body = f"%y = arith.addi %x, %x : {type_}\n" + generic(
        ["(d0) -> (299 - d0)", "(d0) -> (d0)"],
        ["parallel"],
        [("y", type_)],
        [("y", type_)],
        "^bb0(%a: i64, %o: i64): %s = arith.addi %a, %o : i64 linalg.yield %s : i64",
    )
    result, initial = evaluate(body, {"x": x}, [("r", (300,), np.int64), ("y", (300,), np.int64)])
    np.testing.assert_array_equal(initial, 2 * x)
    np.testing.assert_array_equal(result, 2 * x + 2 * x[::-1])


@pytest.mark.parametrize("seed", range(10))
def test_slices(seed):
    """Extracted, and inserted into another tensor, with offsets that are known and that are not."""
    random = random_of(11, seed)
    shape = tuple(int(size) for size in random.integers(1, 9, 3))
    strides = [int(stride) for stride in random.integers(1, 4, 3)]
    offsets = [int(random.integers(0, size)) for size in shape]
    sizes = [int(random.integers(0, (n - o - 1) // s + 2)) for n, o, s in zip(shape, offsets, strides)]
    dynamic = int(random.integers(0, 3))
    written = list(map(str, offsets))
    written[dynamic] = "%offset"
    place = f"[{', '.join(written)}] [{', '.join(map(str, sizes))}] [{', '.join(map(str, strides))}]"
    x, y = integers(shape, random, np.int16), integers(shape, random, np.int16)
    whole, part = tensor_type(shape, np.int16), tensor_type(sizes, np.int16)
    body = f"""
      %offset = arith.constant {offsets[dynamic]} : index
      %s = tensor.extract_slice %x{place} : {whole} to {part}
      %r = tensor.insert_slice %s into %y{place} : {part} into {whole}
    """
    part, inserted, untouched = evaluate(
        body, {"x": x, "y": y}, [("s", tuple(sizes), np.int16), ("r", shape, np.int16), ("y", shape, np.int16)]
    )
    box = tuple(slice(o, o + n * s, s) if n else slice(0, 0) for o, n, s in zip(offsets, sizes, strides))
    np.testing.assert_array_equal(part, x[box])
    expected = y.copy()
    expected[box] = x[box]
    np.testing.assert_array_equal(inserted, expected)
    np.testing.assert_array_equal(untouched, y)


@pytest.mark.parametrize("axis", range(3))
def test_concatenation(axis):
    random = random_of(12, axis)
    shapes = []
    for size in (3, 0, 1, 5):
        shape = [4, 6, 7]
        shape[axis] = size
        shapes.append(tuple(shape))
    arrays = {f"x{place}": integers(shape, random, np.int8) for place, shape in enumerate(shapes)}
    expected = np.concatenate(list(arrays.values()), axis)
    types = ", ".join(tensor_type(shape, np.int8) for shape in shapes)
    body = f"%r = tensor.concat dim({axis}) %x0, %x1, %x2, %x3 : ({types}) -> {tensor_type(expected.shape, np.int8)}"
    (result,) = evaluate(body, arrays, [("r", expected.shape, np.int8)])
    np.testing.assert_array_equal(result, expected)


def test_padding_by_a_value_and_by_position():
    x = integers((3, 4), random_of(13), np.int32)
    body = """
      %c9 = arith.constant 9 : i32
      %three = arith.constant 3 : index
      %a = tensor.pad %x low[1, 0] high[0, %three] {
      ^bb0(%i: index, %j: index):
        tensor.yield %c9 : i32
      } : tensor<3x4xi32> to tensor<4x?xi32>
      %b = tensor.cast %a : tensor<4x?xi32> to tensor<4x7xi32>
      %r = tensor.pad %x low[0, 2] high[2, 0] {
      ^bb0(%i: index, %j: index):
        %ten = arith.constant 10 : index
        %k = arith.muli %i, %ten : index
        %l = arith.addi %k, %j : index
        %v = arith.index_cast %l : index to i32
        tensor.yield %v : i32
      } : tensor<3x4xi32> to tensor<5x6xi32>
    """
    padded, positions = evaluate(body, {"x": x}, [("b", (4, 7), np.int32), ("r", (5, 6), np.int32)])
    np.testing.assert_array_equal(padded, np.pad(x, ((1, 0), (0, 3)), constant_values=9))
    expected = np.add.outer(np.arange(5) * 10, np.arange(6)).astype(np.int32)
    expected[:3, 2:] = x
    np.testing.assert_array_equal(positions, expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.int64])
def test_cumulative_sum_by_a_loop(dtype):
    """tensor.insert into the tensor that the loop carries, which is returned before the loop too."""
    x = random_of(14).integers(-9, 9, 50).astype(dtype)
    element = tensor_type((), dtype)[7:-1]
    add = "arith.addi" if np.issubdtype(dtype, np.integer) else "arith.addf"
    zero = "0" if add == "arith.addi" else "0.0"
    type_ = tensor_type((50,), dtype)
    body = f"""
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c50 = arith.constant 50 : index
      %zero = arith.constant {zero} : {element}
      %r:2 = scf.for %i = %c0 to %c50 step %c1 iter_args(%t = %x, %s = %zero) -> ({type_}, {element}) {{
        %v = tensor.extract %t[%i] : {type_}
        %sum = {add} %s, %v : {element}
        %u = tensor.insert %sum into %t[%i] : {type_}
        scf.yield %u, %sum : {type_}, {element}
      }}
      %last = tensor.from_elements %r#1, %r#1 : {tensor_type((2,), dtype)}
    """
    results = [("r#0", (50,), dtype), ("x", (50,), dtype), ("last", (2,), dtype)]
    sums, untouched, last = evaluate(body, {"x": x}, results)
    np.testing.assert_array_equal(sums, np.cumsum(x, dtype=dtype))
    np.testing.assert_array_equal(untouched, x)
    np.testing.assert_array_equal(last, np.full(2, sums[-1]))


def test_sorting_by_loops_and_branches():
    """A bubble sort: nested loops that carry a tensor through a branch."""
    x = integers((17,), random_of(15), np.int32)
    body = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %r = scf.for %i = %c0 to %c16 step %c1 iter_args(%t = %x) -> (tensor<17xi32>) {
        %s = scf.for %j = %c0 to %c16 step %c1 iter_args(%u = %t) -> (tensor<17xi32>) {
          %k = arith.addi %j, %c1 : index
          %a = tensor.extract %u[%j] : tensor<17xi32>
          %b = tensor.extract %u[%k] : tensor<17xi32>
          %wrong = arith.cmpi sgt, %a, %b : i32
          %w = scf.if %wrong -> (tensor<17xi32>) {
            %y = tensor.insert %b into %u[%j] : tensor<17xi32>
            %z = tensor.insert %a into %y[%k] : tensor<17xi32>
            scf.yield %z : tensor<17xi32>
          } else {
            scf.yield %u : tensor<17xi32>
          }
          scf.yield %w : tensor<17xi32>
        }
        scf.yield %s : tensor<17xi32>
      }
    """
    result, untouched = evaluate(body, {"x": x}, [("r", (17,), np.int32), ("x", (17,), np.int32)])
    np.testing.assert_array_equal(result, np.sort(x))
    np.testing.assert_array_equal(untouched, x)


def test_a_loop_that_swaps_what_it_carries():
    a, b = integers((40,), random_of(16)), integers((40,), random_of(17))
    type_ = tensor_type((40,), np.int64)
    body = f"""
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %one = arith.constant 1000 : i64
      %r:2 = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %a, %y = %b) -> ({type_}, {type_}) {{
        %z = tensor.insert %one into %x[%i] : {type_}
        scf.yield %y, %z : {type_}, {type_}
      }}
    """
    first, second, before = evaluate(
        body, {"a": a, "b": b}, [("r#0", (40,), np.int64), ("r#1", (40,), np.int64), ("a", (40,), np.int64)]
    )
    np.testing.assert_array_equal(before, a)
    a, b = a.copy(), b.copy()
    for place in range(3):
        a[place] = 1000
        a, b = b, a
    np.testing.assert_array_equal(first, a)
    np.testing.assert_array_equal(second, b)


def test_named_operations():
    random = random_of(18)
    a, b = integers((7, 9), random, np.int32), integers((9, 12), random, np.int32)
    body = """
      %zero = arith.constant 0 : i32
      %e = tensor.empty() : tensor<7x12xi32>
      %f = linalg.fill ins(%zero : i32) outs(%e : tensor<7x12xi32>) -> tensor<7x12xi32>
      %m = linalg.matmul ins(%a, %b : tensor<7x9xi32>, tensor<9x12xi32>) outs(%f : tensor<7x12xi32>) -> tensor<7x12xi32>
      %te = tensor.empty() : tensor<12x7xi32>
      %t = linalg.transpose ins(%m : tensor<7x12xi32>) outs(%te : tensor<12x7xi32>) permutation = [1, 0]
      %be = tensor.empty() : tensor<7x2x12xi32>
      %w = linalg.broadcast ins(%m : tensor<7x12xi32>) outs(%be : tensor<7x2x12xi32>) dimensions = [1]
      %re = tensor.empty() : tensor<12xi32>
      %rf = linalg.fill ins(%zero : i32) outs(%re : tensor<12xi32>) -> tensor<12xi32>
      %r = linalg.reduce ins(%m : tensor<7x12xi32>) outs(%rf : tensor<12xi32>) dimensions = [0]
        (%in: i32, %sum: i32) {
          %s = arith.addi %in, %sum : i32
          linalg.yield %s : i32
        }
      %p = linalg.map { arith.muli } ins(%m, %m : tensor<7x12xi32>, tensor<7x12xi32>) outs(%e : tensor<7x12xi32>)
    """
    results = [("m", (7, 12)), ("t", (12, 7)), ("w", (7, 2, 12)), ("r", (12,)), ("p", (7, 12))]
    product, transposed, widened, sums, squares = evaluate(
        body, {"a": a, "b": b}, [(name, shape, np.int32) for name, shape in results]
    )
    expected = a @ b
    np.testing.assert_array_equal(product, expected)
    np.testing.assert_array_equal(transposed, expected.T)
    np.testing.assert_array_equal(widened, np.repeat(expected[:, None], 2, 1))
    np.testing.assert_array_equal(sums, expected.sum(0))
    np.testing.assert_array_equal(squares, expected * expected)
