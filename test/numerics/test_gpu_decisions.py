"""Networks on a GPU, emulated by default, whose branches and loops depend on numbers that kernels compute: the host reads these
numbers and launches what they ask for. Against the naive evaluator, and where the arithmetic is exact against numpy too.
"""

import numpy as np
import pytest

from general_ir import ELEMENT_TYPES, compute, element, generic, tensor, write_network
from gpu_target import CHECKED, by_speed
from onnx import helper
from onnx_runtime import run_onnx_model
from test_dynamic_batch import F
from test_dynamic_batch import model as make_model
from test_general_loops import INDICES
from toeplitz_process import Library, compile_network, evaluate_reference

generator = np.random.default_rng(29)
SIZE = 300
VECTOR = tensor((SIZE,))


def random(shape):
    """Small whole numbers: sums and products of a few of them are exact."""
    return generator.integers(-4, 5, shape).astype(np.float32)


def evaluate(inputs, results, body, directory):
    """The results by the naive evaluator."""
    return evaluate_reference(write_network(inputs, results, body, directory), inputs, directory, names=list(results))


def check(inputs, results, body, directory):
    """The results on a GPU, which are those of the naive evaluator and of the CPU."""
    found = compute(inputs, results, body, directory, *CHECKED)
    for name, array in evaluate(inputs, results, body, directory).items():
        np.testing.assert_array_equal(found[name], array, err_msg=f"{name}, by the naive evaluator")
    for name, array in compute(inputs, results, body, directory).items():
        np.testing.assert_array_equal(found[name], array, err_msg=f"{name}, on the CPU")
    return found


# The largest element of x, by a kernel.
LARGEST = f"""
      %least = arith.constant dense<-1.0e30> : tensor<f32>
      %top = {generic("*i", [("%x", VECTOR, "i")], [("%least", "tensor<f32>", "")], "%m = arith.maximumf %a0, %r0 : f32 linalg.yield %m : f32")}
      %largest = tensor.extract %top[] : tensor<f32>"""


@pytest.mark.parametrize("place", [0, SIZE - 1])
@pytest.mark.parametrize("value", [5, 7, 9])
def test_branches_by_what_a_kernel_computed(value, place, tmp_path):
    """A branch in a branch, and one more by the same condition."""
    x = random(SIZE)
    x[place] = value
    body = f"""{INDICES}{LARGEST}
      %six = arith.constant 6.0 : f32
      %eight = arith.constant 8.0 : f32
      %more = arith.cmpf ogt, %largest, %six : f32
      %much = arith.cmpf ogt, %largest, %eight : f32
      %0:2 = scf.if %more -> ({VECTOR}, {VECTOR}) {{
        %1 = scf.if %much -> ({VECTOR}) {{
          %a = arith.addf %x, %x : {VECTOR}
          scf.yield %a : {VECTOR}
        }} else {{
          %a = arith.mulf %x, %x : {VECTOR}
          scf.yield %a : {VECTOR}
        }}
        %b = arith.subf %1, %x : {VECTOR}
        scf.yield %1, %b : {VECTOR}, {VECTOR}
      }} else {{
        %n = arith.negf %x : {VECTOR}
        scf.yield %n, %x : {VECTOR}, {VECTOR}
      }}
      %sum = arith.addf %0#0, %0#1 : {VECTOR}
      %2 = scf.if %more -> ({VECTOR}) {{
        %s = arith.mulf %sum, %0#0 : {VECTOR}
        scf.yield %s : {VECTOR}
      }} else {{
        scf.yield %sum : {VECTOR}
      }}
      return %0#0, %0#1, %2 : {VECTOR}, {VECTOR}, {VECTOR}"""
    found = check({"x": x}, {name: ((SIZE,), np.float32) for name in "abc"}, body, tmp_path)
    a = -x if value < 6 else x * x if value < 8 else x + x
    b = x if value < 6 else a - x
    np.testing.assert_array_equal(found["a"], a)
    np.testing.assert_array_equal(found["b"], b)
    np.testing.assert_array_equal(found["c"], a + b if value < 6 else (a + b) * a)


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_steps_that_a_kernel_computed(steps, tmp_path):
    """How often a loop is walked, and in each of its steps a branch by what the step before has made of a tensor."""
    x = random(SIZE)
    body = f"""{INDICES}
      %twice = arith.addi %n, %n : tensor<1xi32>
      %number = tensor.extract %twice[%c0] : tensor<1xi32>
      %steps = arith.index_cast %number : i32 to index
      %limit = arith.constant 20.0 : f32
      %0 = scf.for %i = %c0 to %steps step %c1 iter_args(%t = %x) -> ({VECTOR}) {{
        %first = tensor.extract %t[%c0] : {VECTOR}
        %many = arith.cmpf ogt, %first, %limit : f32
        %1 = scf.if %many -> ({VECTOR}) {{
          %a = arith.subf %t, %x : {VECTOR}
          scf.yield %a : {VECTOR}
        }} else {{
          %a = arith.addf %t, %t : {VECTOR}
          scf.yield %a : {VECTOR}
        }}
        scf.yield %1 : {VECTOR}
      }}
      return %0 : {VECTOR}"""
    x[0] = 3
    found = check({"x": x, "n": np.array([steps], np.int32)}, {"y": ((SIZE,), np.float32)}, body, tmp_path)
    expected = x
    for _ in range(2 * steps):
        expected = expected - x if expected[0] > 20 else expected + expected
    np.testing.assert_array_equal(found["y"], expected)


def test_no_step_at_all(tmp_path):
    """The bounds and the step of a loop are read; it may begin behind its end."""
    x = random(SIZE)
    body = f"""
      %0 = arith.constant 0 : index
      %1 = arith.constant 1 : index
      %2 = arith.constant 2 : index
      %first = tensor.extract %range[%0] : tensor<3xi64>
      %last = tensor.extract %range[%1] : tensor<3xi64>
      %by = tensor.extract %range[%2] : tensor<3xi64>
      %from = arith.index_cast %first : i64 to index
      %to = arith.index_cast %last : i64 to index
      %step = arith.index_cast %by : i64 to index
      %one = arith.constant dense<1.0> : {VECTOR}
      %y = scf.for %i = %from to %to step %step iter_args(%t = %x) -> ({VECTOR}) {{
        %u = arith.addf %t, %one : {VECTOR}
        scf.yield %u : {VECTOR}
      }}
      return %y : {VECTOR}"""
    library = Library(compile_network(write_network({"x": x, "range": np.zeros(3, np.int64)}, {"y": ((SIZE,), np.float32)}, body, tmp_path), tmp_path, *CHECKED))
    for bounds in ((2, 9, 3), (5, 5, 1), (7, 2, 1), (-3, 3, 2)):
        found = library.run({"x": x, "range": np.array(bounds)})["y"]
        np.testing.assert_array_equal(found, x + len(range(*bounds)))


@pytest.mark.parametrize("limit", [-1, 0, 10])
def test_a_loop_until_a_number_is_reached(limit, tmp_path):
    """Each step reads the number that decides whether there is another one."""
    body = f"""{INDICES}
      %zero = arith.constant 0 : i64
      %limit = tensor.extract %n[] : tensor<i64>
      %reached = scf.while (%i = %zero) : (i64) -> (i64) {{
        %less = arith.cmpi slt, %i, %limit : i64
        scf.condition(%less) %i : i64
      }} do {{
      ^body(%i: i64):
        %at = arith.index_cast %i : i64 to index
        %step = tensor.extract %x[%at] : tensor<16xi64>
        %next = arith.addi %i, %step : i64
        scf.yield %next : i64
      }}
      %all = tensor.splat %reached : tensor<16xi64>
      %y = arith.addi %all, %x : tensor<16xi64>
      return %y : tensor<16xi64>"""
    inputs, x = {"x": generator.integers(1, 5, 16), "n": np.array(limit)}, 0
    found = compute(inputs, {"y": ((16,), np.int64)}, body, tmp_path, *CHECKED)["y"]
    while x < limit:
        x += inputs["x"][x]
    np.testing.assert_array_equal(found, inputs["x"] + x)


@pytest.mark.parametrize("dtype", list(ELEMENT_TYPES), ids=str)
def test_numbers_of_every_type(dtype, tmp_path):
    """Each is compared with another element, and one that is no first one decides."""
    kind, compared = element(dtype), "arith.cmpf ogt" if np.dtype(dtype).kind not in "iub" else "arith.cmpi ne"
    body = f"""{INDICES}
      %a = tensor.extract %n[%c1, %c2] : {tensor((3, 5), dtype)}
      %b = tensor.extract %n[%c2, %c4] : {tensor((3, 5), dtype)}
      %condition = {compared}, %a, %b : {kind}
      %y = scf.if %condition -> ({VECTOR}) {{
        %s = arith.addf %x, %x : {VECTOR}
        scf.yield %s : {VECTOR}
      }} else {{
        scf.yield %x : {VECTOR}
      }}
      return %y : {VECTOR}"""
    x = random(SIZE)
    for numbers in ((1, 0), (0, 0)):
        n = np.zeros((3, 5)).astype(dtype)
        n[1, 2], n[2, 4] = numbers
        if dtype == np.dtype(np.float64):  # a number that has all of its bits
            n[1, 2] = n[1, 2] + np.pi
            n[2, 4] = np.pi
        found = compute({"x": x, "n": n}, {"y": ((SIZE,), np.float32)}, body, tmp_path, *CHECKED)["y"]
        np.testing.assert_array_equal(found, x + x if numbers[0] else x)


def test_a_number_is_an_argument_and_a_place(tmp_path):
    """What is read also goes to kernels, as a number and as the place of a slice, and is written elsewhere by one."""
    x, y = random((7, 40)), random(40)
    body = f"""{INDICES}
      %n = tensor.extract %where[%c1] : tensor<2xi64>
      %at = arith.index_cast %n : i64 to index
      %0 = scf.for %i = %c0 to %at step %c1 iter_args(%t = %y) -> (tensor<40xf32>) {{
        %row = tensor.extract_slice %x[%at, 0] [1, 40] [1, 1] : tensor<7x40xf32> to tensor<40xf32>
        %value = tensor.extract %t[%at] : tensor<40xf32>
        %u = {generic("j", [("%row", "tensor<40xf32>", "j")], [("%t", "tensor<40xf32>", "j")],
                      "%p = arith.mulf %a0, %value : f32 %s = arith.addf %r0, %p : f32 linalg.yield %s : f32")}
        %v = tensor.insert %value into %u[%i] : tensor<40xf32>
        scf.yield %v : tensor<40xf32>
      }}
      return %0 : tensor<40xf32>"""
    for n in (0, 1, 4):
        where = np.array([6, n])
        found = check({"x": x, "y": y, "where": where}, {"z": ((40,), np.float32)}, body, tmp_path)["z"]
        expected = y.copy()
        for i in range(n):
            value = expected[n]
            expected = expected + x[n] * value
            expected[i] = value
        np.testing.assert_array_equal(found, expected)


def test_a_number_that_a_loop_over_elements_computes(tmp_path):
    """The host walks the loop, and a kernel writes what is written in it."""
    x = np.abs(random(9))
    kind = tensor((9,))
    body = f"""
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c9 = arith.constant 9 : index
      %zero = arith.constant 0.0 : f32
      %limit = arith.constant 12.0 : f32
      %empty = tensor.empty() : {kind}
      %sums, %sum = scf.for %i = %c0 to %c9 step %c1 iter_args(%t = %empty, %s = %zero) -> ({kind}, f32) {{
        %e = tensor.extract %x[%i] : {kind}
        %n = arith.addf %s, %e : f32
        %u = tensor.insert %n into %t[%i] : {kind}
        scf.yield %u, %n : {kind}, f32
      }}
      %many = arith.cmpf ogt, %sum, %limit : f32
      %y = scf.if %many -> ({kind}) {{
        %d = arith.addf %sums, %x : {kind}
        scf.yield %d : {kind}
      }} else {{
        scf.yield %sums : {kind}
      }}
      return %sums, %y : {kind}, {kind}"""
    for x in (x + 2, np.zeros(9, np.float32)):
        found = check({"x": x}, {"s": ((9,), np.float32), "y": ((9,), np.float32)}, body, tmp_path)
        np.testing.assert_array_equal(found["s"], np.cumsum(x))
        np.testing.assert_array_equal(found["y"], np.cumsum(x) + (x if x.sum() > 12 else 0))


def test_convolutions_in_branches(tmp_path):
    """Layers with weights and blocked layouts, of which one branch has none."""
    kind = tensor((1, 8, 6, 6))
    x = random((1, 8, 6, 6))
    conv = "strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros"
    body = f"""{INDICES}
      %w = arith.constant dense<0.125> : tensor<8x8x3x3xf32>
      %0 = cnn.conv %x, %w {conv} : ({kind}, tensor<8x8x3x3xf32>) -> {kind}
      %first = tensor.extract %0[%c0, %c0, %c0, %c0] : {kind}
      %zero = arith.constant 0.0 : f32
      %positive = arith.cmpf ogt, %first, %zero : f32
      %1 = scf.if %positive -> ({kind}) {{
        %2 = cnn.conv %0, %w {conv} : ({kind}, tensor<8x8x3x3xf32>) -> {kind}
        %3 = cnn.activation relu %2 : {kind}
        scf.yield %3 : {kind}
      }} else {{
        %4 = arith.negf %0 : {kind}
        scf.yield %4 : {kind}
      }}
      return %1 : {kind}"""
    for factor in (1, -1):
        x[0, :, :2, :2] = 2 * factor
        found = compute({"x": x}, {"y": (x.shape, np.float32)}, body, tmp_path, *CHECKED)["y"]
        expected = evaluate({"x": x}, {"y": (x.shape, np.float32)}, body, tmp_path)["y"]
        assert np.any(expected != 0) and np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def write_random_program(seed):
    """Statements in up to three levels of branches and loops on tensors of 7, an element of one of which decides."""
    random_numbers = np.random.default_rng(seed)
    kind = tensor((7,), np.int32)
    lines, count = [], iter(range(10**6))

    def new():
        return f"%v{next(count)}"

    def choose(values):
        return values[random_numbers.integers(len(values))]

    def number(values, indent):
        """An element of one of the tensors, that isn't negative and less than 4."""
        place, read, three, cut = new(), new(), new(), new()
        lines.append(f"{indent}{place} = arith.constant {random_numbers.integers(7)} : index")
        lines.append(f"{indent}{read} = tensor.extract {choose(values)}[{place}] : {kind}")
        lines.append(f"{indent}{three} = arith.constant 3 : i32")
        lines.append(f"{indent}{cut} = arith.andi {read}, {three} : i32")
        return cut

    def statement(values, depth, indent):
        """Emits one; returns the name of its result."""
        choice = random_numbers.integers(7 if depth < 3 else 3)
        if choice < 2:
            result = new()
            operation = choose(["addi", "subi", "muli", "xori"])
            lines.append(f"{indent}{result} = arith.{operation} {choose(values)}, {choose(values)} : {kind}")
            return result
        decided = number(values, indent)
        if choice == 2:
            place, result = new(), new()
            lines.append(f"{indent}{place} = arith.index_cast {decided} : i32 to index")
            lines.append(f"{indent}{result} = tensor.insert {number(values, indent)} into {choose(values)}[{place}] : {kind}")
            return result
        if choice < 5:
            one, condition, result = new(), new(), new()
            lines.append(f"{indent}{one} = arith.constant {random_numbers.integers(1, 3)} : i32")
            lines.append(f"{indent}{condition} = arith.cmpi ugt, {decided}, {one} : i32")
            lines.append(f"{indent}{result} = scf.if {condition} -> ({kind}) {{")
            block(values, depth + 1, indent + "  ")
            lines.append(f"{indent}}} else {{")
            block(values, depth + 1, indent + "  ")
            lines.append(f"{indent}}}")
            return result
        if choice == 6:
            return conditional_loop(values, decided, depth, indent)
        zero, step, end, result, carried = new(), new(), new(), new(), new()
        lines.append(f"{indent}{zero} = arith.constant 0 : index")
        lines.append(f"{indent}{step} = arith.constant 1 : index")
        lines.append(f"{indent}{end} = arith.index_cast {decided} : i32 to index")
        start = choose(values)
        lines.append(
            f"{indent}{result} = scf.for {new()} = {zero} to {end} step {step} iter_args({carried} = {start}) -> ({kind}) {{"
        )
        block([*values, carried], depth + 1, indent + "  ")
        lines.append(f"{indent}}}")
        return result

    def conditional_loop(values, decided, depth, indent):
        """Walked as often as `decided` says, or until an element of what it carries is 0 by three bits. It carries two tensors."""
        zero, one, yes, result, index, goes = new(), new(), new(), new(), new(), new()
        (a, b), (c, d) = (new(), new()), (new(), new())
        lines.append(f"{indent}{zero} = arith.constant 0 : i32")
        lines.append(f"{indent}{one} = arith.constant 1 : i32")
        lines.append(f"{indent}{yes} = arith.constant true")
        types = f"i32, i1, {kind}, {kind}"
        starts = f"{index} = {zero}, {goes} = {yes}, {a} = {choose(values)}, {b} = {choose(values)}"
        less, both, again, next_index = new(), new(), new(), new()
        lines.append(f"{indent}{result}:4 = scf.while ({starts}) : ({types}) -> ({types}) {{")
        lines.append(f"{indent}  {less} = arith.cmpi ult, {index}, {decided} : i32")
        lines.append(f"{indent}  {both} = arith.andi {less}, {goes} : i1")
        lines.append(f"{indent}  scf.condition({both}) {index}, {goes}, {a}, {b} : {types}")
        lines.append(f"{indent}}} do {{")
        inner_index, inner_goes = new(), new()
        lines.append(f"{indent}^bb0({inner_index}: i32, {inner_goes}: i1, {c}: {kind}, {d}: {kind}):")
        inside = [*values, c, d]
        for _ in range(random_numbers.integers(1, 3)):
            inside.append(statement(inside, depth + 1, indent + "  "))
        rest = number(inside, indent + "  ")
        lines.append(f"{indent}  {again} = arith.cmpi ne, {rest}, {zero} : i32")
        lines.append(f"{indent}  {next_index} = arith.addi {inner_index}, {one} : i32")
        lines.append(f"{indent}  scf.yield {next_index}, {again}, {inside[-1]}, {choose(inside)} : {types}")
        lines.append(f"{indent}}}")
        return f"{result}#{random_numbers.integers(2, 4)}"

    def block(values, depth, indent):
        values = list(values)
        for _ in range(random_numbers.integers(1, 4)):
            values.append(statement(values, depth, indent))
        lines.append(f"{indent}scf.yield {values[-1]} : {kind}")

    values = ["%a", "%b"]
    for _ in range(6):
        values.append(statement(values, 0, "  "))
    results = values[-3:]
    inputs = {name: random_numbers.integers(-9, 10, 7).astype(np.int32) for name in "ab"}
    lines.append(f"  return {', '.join(results)} : {', '.join([kind] * 3)}")
    return inputs, {name: ((7,), np.int32) for name in "pqr"}, "\n".join(lines)


@pytest.mark.parametrize("seed", range(by_speed(12, 60)))
def test_random_programs(seed, tmp_path):
    inputs, results, body = write_random_program(seed)
    model = write_network(inputs, results, body, tmp_path)
    library = Library(compile_network(model, tmp_path, *CHECKED))
    random_numbers = np.random.default_rng(seed + 1000)
    pool = library.create_pool(1)
    try:
        for _ in range(3):
            found = library.run(inputs, pool)
            for name, array in evaluate(inputs, results, body, tmp_path).items():
                np.testing.assert_array_equal(found[name], array)
            inputs = {name: random_numbers.integers(-9, 10, 7).astype(np.int32) for name in inputs}
    finally:
        library.destroy_pool(pool)


# --- ONNX ----------------------------------------------------------------------------------------------------------------


def make_layers(numbers, prefix, constants):
    """Some layers from `x` to a result of the same shape, and the name of it; their weights are added to the constants."""
    nodes, name = [], "x"

    def weights(shape):
        constant = f"{prefix}w{len(constants)}"
        constants[constant] = (numbers.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        return constant

    for layer in range(numbers.integers(1, 4)):
        result = f"{prefix}{layer}"
        kind = numbers.integers(6)
        if kind == 0:
            nodes.append(helper.make_node("Conv", [name, weights((12, 12, 3, 3)), weights((12,))], [result], pads=[1] * 4))
        elif kind == 1:
            nodes.append(helper.make_node("Conv", [name, weights((12, 1, 3, 3))], [result], pads=[1] * 4, group=12))
        elif kind == 2:
            nodes.append(helper.make_node("Conv", [name, weights((12, 12, 1, 1))], [f"{result}c"]))
            nodes.append(helper.make_node("Relu", [f"{result}c"], [result]))
        elif kind == 3:
            nodes.append(helper.make_node("AveragePool", [name], [result], kernel_shape=[3, 3], pads=[1] * 4))
        elif kind == 4:
            nodes.append(helper.make_node("Softmax", [name], [result], axis=1))
        else:
            nodes.append(helper.make_node("Add", [name, "x"], [f"{result}s"]))
            nodes.append(helper.make_node("Tanh", [f"{result}s"], [result]))
        name = result
    return nodes, name


def make_choosing(numbers, directory):
    """Layers, and a branch by the sign of the sum of what they compute, in which there is another one."""
    constants = {"zero": np.float32(0), "half": np.float32(0.02)}
    before, name = make_layers(numbers, "before", constants)
    unknown = lambda name: helper.make_tensor_value_info(name, F, None)  # noqa: E731
    branches = []
    for prefix in ("then", "inner", "other"):
        nodes, result = make_layers(numbers, prefix, constants)
        branches.append(helper.make_graph(nodes, prefix, [], [unknown(result)]))
    deciding = [
        helper.make_node("ReduceMean", ["h"], ["mean"], keepdims=0), helper.make_node("Greater", ["mean", "half"], ["much"]),
        helper.make_node("If", ["much"], ["deep"], then_branch=branches[1], else_branch=branches[2]),
        helper.make_node("Mul", ["deep", "h"], ["product"]),
    ]  # fmt: skip
    nodes = [
        *before,
        helper.make_node("Mul", [name, "sign"], ["h"]),
        helper.make_node("ReduceSum", ["h"], ["sum"], keepdims=0),
        helper.make_node("Less", ["sum", "zero"], ["negative"]),
        helper.make_node(
            "If", ["negative"], ["chosen"], then_branch=branches[0], else_branch=helper.make_graph(deciding, "else", [], [unknown("product")])
        ),
        helper.make_node("Add", ["chosen", "h"], ["y"]),
    ]
    inputs = {"x": (F, [1, 12, 7, 9]), "sign": (F, [])}
    return make_model(nodes, inputs, {"y": (F, [1, 12, 7, 9])}, constants, directory / "network.onnx")


@pytest.mark.parametrize("options", [(), CHECKED], ids=["cpu", "gpu"])
@pytest.mark.parametrize("seed", range(by_speed(6, 30)))
def test_onnx_models(seed, options, tmp_path):
    numbers = np.random.default_rng(seed)
    model = make_choosing(numbers, tmp_path)
    library = Library(compile_network(tmp_path / "network.onnx", tmp_path, *options))
    for sign in (1, -1, 0.01, 0):
        inputs = {"x": numbers.normal(size=(1, 12, 7, 9)).astype(np.float32), "sign": np.array(sign, np.float32)}
        expected = run_onnx_model(model, inputs)["y"]
        np.testing.assert_allclose(library.run(inputs)["y"], expected, atol=1e-5 * max(1, np.abs(expected).max()))
