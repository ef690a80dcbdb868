"""Reductions that a GPU's threads share, against the naive evaluator and numpy; in emulation with every access of a block's memory watched.

Rows of one element to several for each of 1024 threads, at the borders of warps and blocks, alone and many at once.
"""

import numpy as np
import pytest

from general_ir import compute, element, generic, tensor
from gpu_target import CHECKED, by_speed, only_in_emulation
from operator_cases import Case, member_name, members, packs_of
from test_general_ir import REDUCTIONS, fill
from toeplitz_process import Library, compile_network, run_toeplitz, write_description

# (rows, length)
ROWS = [(1, 1), (5, 1), (1, 2), (3, 5), (33, 3), (2, 31), (7, 32), (2, 33), (1, 63), (130, 10), (300, 4), (5, 100), (1, 257), (3, 1000), (1, 4099)]
# (The naive evaluator sums up a row of a softmax for each of its elements.)
ROWS += by_speed([], [(1, 20_000), (300, 1000), (70_000, 33)])
# (rows before, length, rows that lie side by side)
COLUMNS = [(1, 2, 3), (2, 7, 2), (1, 8, 33), (3, 16, 31), (1, 64, 32), (2, 33, 5), (1, 100, 49), (1, 300, 4), (1, 1001, 1)]
COLUMNS += by_speed([], [(8, 512, 196), (2, 10_000, 3)])


def random_rows(seed, count):
    generator = np.random.default_rng(seed)
    return [(int(generator.integers(1, 40)), int(np.exp(generator.uniform(0, 6.5)))) for _ in range(count)]


def random_columns(seed, count):
    generator = np.random.default_rng(seed)
    return [tuple(int(np.exp(generator.uniform(0, limit))) for limit in (1.5, 5, 4)) for _ in range(count)]


def cases_of_rows(rows, length):
    wide = {"domain": (-10.0, 10.0), "slack": 2.0, "reduction": length}
    yield Case({"op": "softmax", "dim": 1}, ((rows, length),), **wide)
    yield Case({"op": "log_softmax", "dim": 1}, ((rows, length),), **wide)
    yield Case({"op": "layer_norm", "normalized_shape": [length]}, ((rows, length),), reduction=length, slack=2.0)
    # Means far from 0 must not cost the variance its digits.
    yield Case({"op": "layer_norm", "normalized_shape": [length]}, ((rows, length),), length, 100.0, domain=(99.0, 101.0))
    for op in ("global_average_pool", "global_max_pool", "global_lp_pool"):
        yield Case({"op": op}, ((1, rows, length),), reduction=length)
    yield Case({"op": "global_lp_pool", "norm_type": 3}, ((rows, 2, length),), reduction=length, slack=2.0)


def cases_of_columns(before, length, together):
    wide = {"domain": (-10.0, 10.0), "slack": 2.0, "reduction": length}
    yield Case({"op": "softmax", "dim": 1}, ((before, length, together),), **wide)
    yield Case({"op": "log_softmax", "dim": 1}, ((before, length, together),), **wide)
    yield Case({"op": "group_norm", "num_groups": 2}, ((before, 2 * together, length),), reduction=length * together, slack=2.0)
    yield Case({"op": "instance_norm", "affine": True}, ((before, together, length),), reduction=length, slack=2.0)


CASES = [
    *(case for rows in [*ROWS, *random_rows(1, by_speed(10, 50))] for case in cases_of_rows(*rows)),
    *(case for columns in [*COLUMNS, *random_columns(2, by_speed(10, 50))] for case in cases_of_columns(*columns)),
    # Several rows of a block, each shared by several warps: of neighbouring elements, and of rows side by side.
    Case({"op": "layer_norm", "normalized_shape": [257]}, ((2050, 257),), reduction=257, slack=2.0),
    Case({"op": "global_max_pool"}, ((1, 2300, 256),)),
    Case({"op": "softmax", "dim": 1}, ((529, 9, 32),), reduction=9, slack=2.0),
    Case({"op": "softmax", "dim": 1}, ((4, 70),), special_values=0.1, trust_onnx_runtime=False),
    Case({"op": "global_max_pool"}, ((2, 3, 6, 7),), special_values=0.1, trust_onnx_runtime=False),
]


@pytest.mark.parametrize("pack, place", members(packs_of("reductions", CASES, options=CHECKED)), ids=member_name)
def test_operator(pack, place):
    pack.check_compiled_against_reference(place)


@pytest.mark.parametrize("sizes", [*COLUMNS, *random_columns(3, 6)], ids=str)
def test_normalization_of_channels(sizes, tmp_path):
    batch, channels, positions = sizes
    generator = np.random.default_rng(channels)
    x = generator.normal(3, 2, sizes).astype(np.float32)
    scale, bias = generator.normal(size=(2, channels)).astype(np.float32)
    kind, vector = tensor(sizes), tensor((channels,))

    def constant(values):
        return f"arith.constant dense<[{', '.join(f'{float(value):e}' for value in values)}]> : {vector}"

    body = f"""%s = {constant(scale)}
      %b = {constant(bias)}
      %y = cnn.layer_norm %x scale %s bias %b axis 1 to 2 epsilon 1.0e-05 : ({kind}, {vector}, {vector}) -> {kind}
      return %y : {kind}"""
    found = compute({"x": x}, {"y": (sizes, np.float32)}, body, tmp_path, *CHECKED)["y"]
    wide = x.astype(np.float64)
    normal = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    expected = normal * scale[None, :, None] + bias[None, :, None]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.max(np.abs(expected)))


# Shape and the dimensions that are reduced: neighbouring elements, neighbouring results, several loops, nothing left.
GENERAL = [
    ((70,), (0,)), ((3000,), (0,)), ((5, 37), (1,)), ((37, 5), (0,)), ((200, 33), (0,)), ((2, 3, 40, 19), (1, 3)), ((3, 4), (0, 1)),
    ((2, 9, 6, 7), (2, 3)), ((4, 1, 5), (1,)), ((3, 2, 50), (0, 2)), ((6, 64, 2), (1,)),
]  # fmt: skip
GENERAL += by_speed([], [((4000, 600), (1,)), ((600, 4000), (0,)), ((9, 50, 40, 31), (1, 3))])


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "int8"])
@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("shape, axes", GENERAL, ids=str)
def test_general_reduction(shape, axes, name, dtype, tmp_path):
    dtype = np.dtype(dtype)
    on_floats, on_integers, start, function = REDUCTIONS[name]
    if dtype == np.int8:
        start = np.clip(start, -128, 127)
    generator = np.random.default_rng(sum(shape))
    x = (generator.normal(0, 0.3, shape) if dtype.kind == "f" else generator.integers(0, 50, shape)).astype(dtype)
    names = "ijkl"[: len(shape)]
    kept = [d for d in range(len(shape)) if d not in axes]
    result = tuple(shape[d] for d in kept)
    loops = " ".join(("*" if d in axes else "") + n for d, n in enumerate(names))
    operation = on_floats if dtype.kind == "f" else on_integers
    kind = tensor(result, dtype)
    body = f"""{fill("start", start, result, dtype)}
      %0 = {generic(loops, [("%x", tensor(shape, dtype), ", ".join(names))], [("%start", kind, ", ".join(names[d] for d in kept))],
                    f"%s = {operation} %r0, %a0 : {element(dtype)}" + chr(10) + f"linalg.yield %s : {element(dtype)}")}
      return %0 : {kind}"""
    found = compute({"x": x}, {"y": (result, dtype)}, body, tmp_path, *CHECKED)["y"]
    if dtype.kind == "i":
        expected = function(x, axis=axes, initial=int(start), dtype=dtype) if name in ("sum", "product") else function(x, axis=axes, initial=int(start))
        np.testing.assert_array_equal(found, expected.astype(dtype))
        return
    expected = function(x.astype(np.float64), axis=axes, initial=float(start))
    tolerance = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-13}[dtype.name]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * np.max(np.abs(expected), initial=1))


def test_matrix_times_vector(tmp_path):
    """Rows of a product, the elements of which lie together in one buffer alone."""
    generator = np.random.default_rng(4)
    x, v = generator.normal(size=(7, 300)).astype(np.float32), generator.normal(size=300).astype(np.float32)
    kind = tensor((7,))
    product = "%p = arith.mulf %a0, %a1 : f32\n%s = arith.addf %r0, %p : f32\nlinalg.yield %s : f32"
    body = f"""{fill("start", 0, (7,))}
      %0 = {generic("i *k", [("%x", tensor((7, 300)), "i, k"), ("%v", tensor((300,)), "k")], [("%start", kind, "i")], product)}
      return %0 : {kind}"""
    found = compute({"x": x, "v": v}, {"y": ((7,), np.float32)}, body, tmp_path, *CHECKED)["y"]
    np.testing.assert_allclose(found, x.astype(np.float64) @ v, rtol=1e-5, atol=1e-4)


# How an element comes before the one that was taken: the condition of a linalg body, and numpy's of it.
COMPARISONS = {
    "first_largest": ("ogt", "sgt", np.greater), "last_largest": ("oge", "sge", np.greater_equal),
    "first_smallest": ("olt", "slt", np.less), "last_smallest": ("ole", "sle", np.less_equal),
}  # fmt: skip


def choose_one_by_one(rows, start, is_taken):
    """Of each row the value and the place that are left when its elements are looked at from the first to the last."""
    value, place = np.full(len(rows), start, rows.dtype), np.full(len(rows), 77)
    for i in range(rows.shape[1]):
        taken = is_taken(rows[:, i], value)
        value, place = np.where(taken, rows[:, i], value), np.where(taken, i, place)
    return value, place


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int8"])
@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("shape, axes", GENERAL, ids=str)
def test_choice(shape, axes, name, dtype, tmp_path):
    """The largest or smallest element and its place, with many elements that are equal, NaN, infinities and zeros of both signs."""
    dtype = np.dtype(dtype)
    on_floats, on_integers, is_taken = COMPARISONS[name]
    generator = np.random.default_rng(sum(shape))
    x = generator.integers(-3, 4, shape).astype(dtype)
    if dtype.kind == "f":
        x[generator.random(shape) < 0.1] = np.nan
        x[generator.random(shape) < 0.02] = np.inf
        x[generator.random(shape) < 0.1] = -0.0
    start = -2
    kept = [d for d in range(len(shape)) if d not in axes]
    result = tuple(shape[d] for d in kept)
    names = "ijkl"[: len(shape)]
    loops = " ".join(("*" if d in axes else "") + n for d, n in enumerate(names))
    place, lines = "%zero", ["%zero = arith.constant 0 : index"]
    for d in axes:
        lines += [f"%size{d} = arith.constant {shape[d]} : index", f"%index{d} = linalg.index {d} : index"]
        lines += [f"%high{d} = arith.muli {place}, %size{d} : index", f"%place{d} = arith.addi %high{d}, %index{d} : index"]
        place = f"%place{d}"
    compare = f"cmpf {on_floats}" if dtype.kind == "f" else f"cmpi {on_integers}"
    lines += [
        f"%place = arith.index_cast {place} : index to i64",
        f"%taken = arith.{compare}, %a0, %r0 : {element(dtype)}",
        f"%value = arith.select %taken, %a0, %r0 : {element(dtype)}",
        "%where = arith.select %taken, %place, %r1 : i64",
        f"linalg.yield %value, %where : {element(dtype)}, i64",
    ]
    where = ", ".join(names[d] for d in kept)
    kinds = tensor(result, dtype), tensor(result, np.int64)
    body = f"""{fill("start", start, result, dtype)}
      {fill("nowhere", 77, result, np.int64)}
      %0:2 = {generic(loops, [("%x", tensor(shape, dtype), ", ".join(names))], [("%start", kinds[0], where), ("%nowhere", kinds[1], where)],
                      chr(10).join(lines))}
      return %0#0, %0#1 : {", ".join(kinds)}"""
    found = compute({"x": x}, {"value": (result, dtype), "place": (result, np.int64)}, body, tmp_path, *CHECKED)
    rows = np.moveaxis(x, kept, range(len(kept))).reshape(int(np.prod(result)), -1)
    value, place = choose_one_by_one(rows, start, is_taken)
    np.testing.assert_array_equal(found["place"].reshape(-1), place)
    np.testing.assert_array_equal(found["value"].reshape(-1), value)
    np.testing.assert_array_equal(np.signbit(found["value"].reshape(-1)), np.signbit(value))


@pytest.mark.parametrize("shape", [(1, 4000), (7, 100), (40, 33), (3, 5)])
def test_choice_by_two_numbers(shape, tmp_path):
    """Of equal keys the one with the smaller number, in whatever order they come."""
    generator = np.random.default_rng(9)
    keys = generator.integers(0, 4, shape).astype(np.int32)
    numbers = generator.permuted(np.broadcast_to(np.arange(shape[1]), shape), axis=1)
    kinds = tensor(shape[:1], np.int32), tensor(shape[:1], np.int64)
    lines = """%greater = arith.cmpi sgt, %a0, %r0 : i32
      %equal = arith.cmpi eq, %a0, %r0 : i32
      %less = arith.cmpi slt, %a1, %r1 : i64
      %both = arith.andi %equal, %less : i1
      %taken = arith.ori %greater, %both : i1
      %key = arith.select %taken, %a0, %r0 : i32
      %number = arith.select %taken, %a1, %r1 : i64
      linalg.yield %key, %number : i32, i64"""
    inputs = [("%k", tensor(shape, np.int32), "i, j"), ("%n", tensor(shape, np.int64), "i, j")]
    body = f"""{fill("start", -1, shape[:1], np.int32)}
      {fill("nowhere", 99999, shape[:1], np.int64)}
      %0:2 = {generic("i *j", inputs, [("%start", kinds[0], "i"), ("%nowhere", kinds[1], "i")], lines)}
      return %0#0, %0#1 : {", ".join(kinds)}"""
    results = {"key": (shape[:1], np.int32), "number": (shape[:1], np.int64)}
    found = compute({"k": keys, "n": numbers}, results, body, tmp_path, *CHECKED)
    best = keys.max(1)
    np.testing.assert_array_equal(found["key"], best)
    np.testing.assert_array_equal(found["number"], np.where(keys == best[:, None], numbers, 99999).min(1))


@only_in_emulation("races are not watched")
def test_a_missing_barrier_is_a_race(tmp_path):
    """The joining of warps with its barriers, and without them."""
    layers = [{"name": "y", "op": "layer_norm", "inputs": ["x"], "normalized_shape": [700]}]
    description = {"name": "row", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [1, 700]}], "layers": layers, "outputs": ["y"]}
    loops = tmp_path / "loops.mlir"
    process = run_toeplitz("compile", write_description(description, tmp_path), *CHECKED, "--emit=loops", "-o", loops)
    assert process.returncode == 0, process.stderr
    x = {"x": np.ones((1, 700), np.float32)}
    Library(compile_network(loops, tmp_path, *CHECKED)).run(x)
    lines = loops.read_text().splitlines()
    assert sum("gpu.barrier" in line for line in lines) == 2
    broken = tmp_path / "broken.mlir"
    broken.write_text("\n".join(line for line in lines if "gpu.barrier" not in line))
    library = Library(compile_network(broken, tmp_path, *CHECKED))
    with pytest.raises(AssertionError, match="status 12: .*race"):
        library.run(x)


def test_same_bits_in_every_run(tmp_path):
    layers = [
        {"name": "normal", "op": "layer_norm", "inputs": ["x"], "normalized_shape": [700]},
        {"name": "y", "op": "softmax", "inputs": ["normal"], "dim": 1},
    ]
    description = {"name": "same", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [3, 700]}], "layers": layers, "outputs": ["y"]}
    library = Library(compile_network(description, tmp_path, *CHECKED))
    x = {"x": np.random.default_rng(5).normal(size=(3, 700)).astype(np.float32)}
    assert len({library.run(x)["y"].tobytes() for _ in range(3)}) == 1
