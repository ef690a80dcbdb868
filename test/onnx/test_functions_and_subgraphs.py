"""Functions of a model, branches that are chosen when compiling or when the network runs, and outputs that nothing computes."""

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest

from onnx_cases import make_model, run_model
from toeplitz_process import run_toeplitz

make = onnx.helper.make_node
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def tensor(value, name, dtype=np.float32):
    return onnx.numpy_helper.from_array(np.array(value, dtype), name)


def describe(name, shape=None):
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def branch(name, nodes, outputs, initializers=()):
    return onnx.helper.make_graph(nodes, name, [], [describe(output) for output in outputs], list(initializers))


def make_function(name, inputs, outputs, nodes, attributes=(), defaults=(), domain="own", opset=17):
    opsets = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid("own", 1)]
    return onnx.helper.make_function(domain, name, inputs, outputs, nodes, opsets, attributes, defaults)


def run(tmp_path, nodes, inputs, outputs, functions=(), initializers=(), opset=17):
    model = make_model(nodes, inputs, outputs, opset, initializers)
    model.opset_import.append(onnx.helper.make_opsetid("own", 1))
    model.functions.extend(functions)
    return run_model(model, inputs, tmp_path)


def check(tmp_path, nodes, inputs, outputs, functions=(), initializers=(), opset=17):
    process, found = run(tmp_path, nodes, inputs, outputs, functions, initializers, opset)
    assert process.returncode == 0, process.stderr
    for name, expected in outputs.items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)
        assert found[name].dtype == np.asarray(expected).dtype, name


def check_error(tmp_path, message, *arguments, **options):
    process, _ = run(tmp_path, *arguments, **options)
    assert process.returncode == 1
    assert process.stderr.startswith("error: ") and process.stderr.count("error:") == 1, process.stderr
    assert message in process.stderr


# --- functions -------------------------------------------------------------------------------------------------------------


def test_functions_call_functions(tmp_path):
    double = make_function("Double", ["a"], ["b"], [make("Add", ["a", "a"], ["b"])])
    # The same names inside as in the graph outside mean other values.
    square = make_function("Square", ["x"], ["y"], [make("Double", ["x"], ["twice"], domain="own"), make("Mul", ["x", "twice"], ["y"])])
    nodes = [make("Square", ["x"], ["s"], domain="own"), make("Double", ["s"], ["y"], domain="own"), make("Square", ["y"], ["z"], domain="own")]
    y = 2 * (X * 2 * X)
    check(tmp_path, nodes, {"x": X}, {"s": X * 2 * X, "y": y, "z": y * 2 * y}, [double, square])


def test_attributes_of_functions(tmp_path):
    """References to attributes get the caller's values, or the function's defaults, or vanish."""
    transpose = make("Transpose", ["a"], ["t"])
    transpose.attribute.append(onnx.AttributeProto(name="perm", ref_attr_name="order", type=onnx.AttributeProto.INTS))
    concat = make("Concat", ["t", "t"], ["b"])
    concat.attribute.append(onnx.AttributeProto(name="axis", ref_attr_name="where", type=onnx.AttributeProto.INT))
    function = make_function("Twice", ["a"], ["b"], [transpose, concat], ["order"], [onnx.helper.make_attribute("where", 0)])
    nodes = [
        make("Twice", ["x"], ["p"], domain="own"),
        make("Twice", ["x"], ["q"], domain="own", where=1),
        make("Twice", ["x"], ["r"], domain="own", where=1, order=[0, 1]),
    ]
    expected = {"p": np.concatenate([X.T, X.T], 0), "q": np.concatenate([X.T, X.T], 1), "r": np.concatenate([X, X], 1)}
    check(tmp_path, nodes, {"x": X}, expected, [function])


def test_optional_inputs_of_functions(tmp_path):
    function = make_function("Cut", ["a", "low", "high"], ["b"], [make("Clip", ["a", "low", "high"], ["b"])])
    nodes = [make("Cut", ["x", "", "three"], ["y"], domain="own"), make("Cut", ["x", "three"], ["z"], domain="own")]
    check(tmp_path, nodes, {"x": X}, {"y": np.minimum(X, 3), "z": np.maximum(X, 3)}, [function], [tensor(3, "three")])


def test_functions_have_their_own_operator_set(tmp_path):
    """Axes were an attribute of Unsqueeze in opset 11."""
    function = make_function("Front", ["a"], ["b"], [make("Unsqueeze", ["a"], ["b"], axes=[0])], opset=11)
    check(tmp_path, [make("Front", ["x"], ["y"], domain="own")], {"x": X}, {"y": X[None]}, [function])


def test_shapes_are_known_in_functions(tmp_path):
    """What the dynamo exporter writes: shape arithmetic inside of a function."""
    nodes = [
        make("Shape", ["a"], ["s"]),
        make("Constant", [], ["one"], value_ints=[1]),
        make("Gather", ["s", "one"], ["n"]),
        make("Constant", [], ["rest"], value_ints=[-1]),
        make("Concat", ["n", "rest"], ["shape"], axis=0),
        make("Reshape", ["a", "shape"], ["b"]),
    ]
    check(tmp_path, [make("Swap", ["x"], ["y"], domain="own")], {"x": X}, {"y": X.reshape(3, 2)}, [make_function("Swap", ["a"], ["b"], nodes)])


def test_functions_take_the_place_of_operators(tmp_path):
    function = make_function("Relu", ["a"], ["b"], [make("Neg", ["a"], ["b"])], domain="")
    check(tmp_path, [make("Relu", ["x"], ["y"])], {"x": X}, {"y": -X}, [function])


def test_functions_that_are_wrong(tmp_path):
    def error(message, function, call=None):
        call = call or make("F", ["x"], ["y"], domain="own", name="it")
        check_error(tmp_path, message, [call], {"x": X}, {"y": X}, [function])

    error("calls itself", make_function("F", ["a"], ["b"], [make("F", ["a"], ["b"], domain="own")]))
    error("doesn't compute 'b'", make_function("F", ["a"], ["b"], [make("Neg", ["a"], ["c"])]))
    error("operator 'Strange' is not supported", make_function("F", ["a"], ["b"], [make("Strange", ["a"], ["b"])]))
    wide = make("F", ["x", "x"], ["y"], domain="own", name="it")
    error("has 1 inputs and 1 outputs, called with 2 and 1", make_function("F", ["a"], ["b"], [make("Neg", ["a"], ["b"])]), wide)
    # A function doesn't see the graph around it.
    error("'x'", make_function("F", ["a"], ["b"], [make("Neg", ["x"], ["b"])]))


# --- branches --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", (True, False))
def test_a_known_condition_chooses_the_branch(taken, tmp_path):
    """The other branch need not even fit."""
    yes = branch("yes", [make("Add", ["x", "one"], ["a"])], ["a"], [tensor(1, "one")])
    no = branch("no", [make("Reshape", ["x", "shape"], ["b"])], ["b"], [tensor([3, 2], "shape", np.int64)])
    nodes = [make("If", ["condition"], ["y"], then_branch=yes, else_branch=no)]
    expected = {"y": X + 1 if taken else X.reshape(3, 2)}
    check(tmp_path, nodes, {"x": X}, expected, initializers=[tensor(taken, "condition", bool)])


def test_a_condition_that_follows_from_a_shape(tmp_path):
    """torch's squeeze: If the dimension is 1, it is removed."""
    yes = branch("yes", [make("Squeeze", ["x", "axis"], ["a"])], ["a"])
    no = branch("no", [make("Identity", ["x"], ["b"])], ["b"])
    nodes = [
        make("Shape", ["x"], ["s"]),
        make("Gather", ["s", "axis"], ["size"]),
        make("Equal", ["size", "one"], ["is_one"]),
        make("If", ["is_one"], ["y"], then_branch=yes, else_branch=no),
    ]
    constants = [tensor([1], "axis", np.int64), tensor([1], "one", np.int64)]
    check(tmp_path, nodes, {"x": X}, {"y": X}, initializers=constants)
    check(tmp_path, nodes, {"x": X[:, :1]}, {"y": X[:, 0]}, initializers=constants)


def test_branches_see_the_graph_around_them(tmp_path):
    """Values and initializers, through two levels; an initializer that is read in a branch first can be read again after it."""
    inner = branch("inner", [make("Mul", ["sum", "two"], ["deep"])], ["deep"])
    other = branch("other", [make("Neg", ["sum"], ["o"])], ["o"])
    outer = branch("outer", [make("Add", ["x", "two"], ["sum"]), make("If", ["yes"], ["d"], then_branch=inner, else_branch=other)], ["d", "sum"])
    never = branch("never", [make("Neg", ["x"], ["n"]), make("Neg", ["n"], ["m"])], ["n", "m"])
    nodes = [make("If", ["yes"], ["p", "q"], then_branch=outer, else_branch=never), make("Sub", ["p", "two"], ["r"])]
    expected = {"p": (X + 2) * 2, "q": X + 2, "r": (X + 2) * 2 - 2}
    check(tmp_path, nodes, {"x": X}, expected, initializers=[tensor(True, "yes", bool), tensor(2, "two")])


def test_names_in_branches_are_their_own(tmp_path):
    yes = branch("yes", [make("Add", ["x", "c"], ["t"])], ["t"], [tensor(10, "c")])
    no = branch("no", [make("Neg", ["x"], ["t"])], ["t"])
    nodes = [
        make("If", ["true"], ["y"], then_branch=yes, else_branch=no),
        make("If", ["false"], ["z"], then_branch=yes, else_branch=no),
        make("Mul", ["x", "c"], ["t"]),
    ]
    constants = [tensor(True, "true", bool), tensor(False, "false", bool), tensor(3, "c")]
    check(tmp_path, nodes, {"x": X}, {"y": X + 10, "z": -X, "t": X * 3}, initializers=constants)


def test_branches_of_constants_and_outer_values_alone(tmp_path):
    yes = branch("yes", [], ["c"], [tensor([1, 2], "c")])
    no = branch("no", [], ["x"])
    nodes = [make("If", ["true"], ["y"], then_branch=yes, else_branch=no), make("If", ["false"], ["z"], then_branch=yes, else_branch=no)]
    constants = [tensor(True, "true", bool), tensor(False, "false", bool)]
    check(tmp_path, nodes, {"x": X}, {"y": np.array([1, 2], np.float32), "z": X}, initializers=constants)


def test_branches_in_functions(tmp_path):
    inside = make("If", ["c"], ["b"], then_branch=branch("yes", [make("Neg", ["a"], ["n"])], ["n"]),
                  else_branch=branch("no", [make("Abs", ["a"], ["m"])], ["m"]))
    function = make_function("Choose", ["a", "c"], ["b"], [inside])
    nodes = [make("Choose", ["x", "true"], ["y"], domain="own"), make("Choose", ["x", "false"], ["z"], domain="own")]
    constants = [tensor(True, "true", bool), tensor(False, "false", bool)]
    check(tmp_path, nodes, {"x": X}, {"y": -X, "z": X}, [function], constants)


def test_branches_that_are_wrong(tmp_path):
    one = branch("one", [make("Neg", ["x"], ["a"])], ["a"])
    two = branch("two", [make("Neg", ["x"], ["a"]), make("Neg", ["a"], ["b"])], ["a", "b"])
    lost = branch("lost", [make("Neg", ["x"], ["a"])], ["b"])
    condition = np.array(True)

    def error(message, inputs, constants, then_branch):
        node = make("If", ["condition"], ["y"], name="it", then_branch=then_branch, else_branch=one)
        check_error(tmp_path, message, [node], inputs, {"y": X}, initializers=constants)

    known = [tensor(True, "condition", bool)]
    error("layer 'it': If: the branch that is taken has 2 results, expected 1", {"x": X}, known, two)
    error("'b' is no input, initializer or result of the model", {"x": X}, known, lost)


# --- branches by a condition that is computed ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)], ids=str)
@pytest.mark.parametrize("taken", (True, False))
def test_an_input_chooses_the_branch(taken, shape, tmp_path):
    yes = branch("yes", [make("Add", ["x", "one"], ["a"])], ["a"], [tensor(1, "one")])
    no = branch("no", [], ["x"])
    nodes = [make("If", ["condition"], ["y"], then_branch=yes, else_branch=no)]
    check(tmp_path, nodes, {"x": X, "condition": np.full(shape, taken)}, {"y": X + 1 if taken else X})


@pytest.mark.parametrize("first", (1, -1))
@pytest.mark.parametrize("last", (2, 5))
def test_computed_branches_see_the_graph_around_them(first, last, tmp_path):
    """Two levels, a condition for two nodes, several results and types, and initializers that are read in a branch first."""
    x = X.copy()
    x[0, 0], x[1, 2] = first, last
    integers = onnx.helper.make_tensor_value_info("i", onnx.TensorProto.INT64, None)
    inner = branch("inner", [make("Mul", ["sum", "two"], ["deep"])], ["deep"])
    other = branch("other", [make("Sub", ["sum", "three"], ["o"])], ["o"])
    outer = branch("outer", [make("Add", ["x", "two"], ["sum"]), make("If", ["many"], ["d"], then_branch=inner, else_branch=other),
                             make("Cast", ["d"], ["i"], to=onnx.TensorProto.INT64)], ["d", "sum"])
    outer.output.append(integers)
    never = branch("never", [make("Neg", ["x"], ["n"]), make("Neg", ["n"], ["m"]), make("Cast", ["three"], ["k"], to=onnx.TensorProto.INT64),
                             make("Expand", ["k", "shape"], ["i"])], ["n", "m"])
    never.output.append(integers)
    again = branch("again", [make("Mul", ["p", "three"], ["r"])], ["r"])
    nodes = [
        make("ReduceSum", ["head"], ["total"], keepdims=0), make("Greater", ["total", "zero"], ["positive"]),
        make("Slice", ["x", "begin", "end"], ["tail"]), make("Greater", ["tail", "three"], ["many"]),
        make("Slice", ["x", "start", "begin"], ["head"]),
        make("If", ["positive"], ["p", "q", "w"], then_branch=outer, else_branch=never),
        make("If", ["positive"], ["s"], then_branch=branch("same", [make("Sub", ["q", "two"], ["t"])], ["t"]), else_branch=again),
        make("Sub", ["p", "two"], ["r"]),
    ]
    constants = [tensor(2, "two"), tensor(3, "three"), tensor(0, "zero"), tensor([0, 0], "start", np.int64), tensor([1, 2], "begin", np.int64),
                 tensor([2, 3], "end", np.int64), tensor([2, 3], "shape", np.int64)]
    total, many = x[0, :2].sum(), x[1, 2] > 3
    p, q = ((x + 2) * 2 if many else x + 2 - 3, x + 2) if total > 0 else (-x, x)
    w = p.astype(np.int64) if total > 0 else np.full((2, 3), 3)
    expected = {"p": p, "q": q, "w": w, "s": q - 2 if total > 0 else p * 3, "r": p - 2}
    check(tmp_path, nodes, {"x": x}, expected, initializers=constants)


def test_computed_branches_in_functions(tmp_path):
    inside = make("If", ["c"], ["b"], then_branch=branch("yes", [make("Neg", ["a"], ["n"])], ["n"]),
                  else_branch=branch("no", [make("Abs", ["a"], ["m"])], ["m"]))
    function = make_function("Choose", ["a", "c"], ["b"], [inside])
    nodes = [make("Not", ["c"], ["d"]), make("Choose", ["x", "c"], ["y"], domain="own"), make("Choose", ["x", "d"], ["z"], domain="own")]
    for condition in (True, False):
        check(tmp_path, nodes, {"x": X - 2, "c": np.array(condition)}, {"y": 2 - X if condition else abs(X - 2), "z": abs(X - 2) if condition else 2 - X}, [function])


def test_computed_branches_that_are_wrong(tmp_path):
    one = branch("one", [make("Neg", ["x"], ["a"])], ["a"])
    two = branch("two", [make("Neg", ["x"], ["a"]), make("Neg", ["a"], ["b"])], ["a", "b"])
    narrow = branch("narrow", [make("Squeeze", ["x", "axis"], ["a"])], ["a"], [tensor([0], "axis", np.int64)])
    turned = branch("turned", [make("Transpose", ["x"], ["a"])], ["a"])
    integers = branch("integers", [make("Cast", ["x"], ["a"], to=onnx.TensorProto.INT64)], ["a"])
    strange = branch("strange", [make("Strange", ["x"], ["a"])], ["a"])
    must = "layer 'it': If: input 'c' must be known when compiling: input 0 depends on it (--constant c=FILE.npy), since "

    def error(message, then_branch, else_branch, condition=np.array(True)):
        node = make("If", ["c"], ["y"], name="it", then_branch=then_branch, else_branch=else_branch)
        check_error(tmp_path, message, [node], {"x": X, "c": condition}, {"y": X})

    error("layer 'it': If: then_branch has 2 results, expected 1", two, one)
    error("layer 'it': If: else_branch has 2 results, expected 1", one, two)
    error("layer 'it': If: result 0 has type float32 in then_branch and int64 in else_branch", one, integers)
    error(must + "result 0 has shape 2x3 in then_branch and 3x2 in else_branch", one, turned)
    error(must + "then_branch: Squeeze: ", narrow, one)
    error(must + "else_branch: operator 'Strange' is not supported", one, strange)
    error("layer 'it': If: input 0 has shape 2, expected one number", one, one, np.array([True, False]))
    error("layer 'it': If: input 0 has type float32, expected bool", one, one, np.float32(1))


# --- outputs ---------------------------------------------------------------------------------------------------------------


def test_outputs_that_nothing_computes(tmp_path):
    """An input, a constant, a value twice, and what is known of a shape."""
    nodes = [make("Identity", ["x"], ["same"]), make("Identity", ["w"], ["constant"]), make("Shape", ["x"], ["shape"]),
             make("Neg", ["x"], ["n"]), make("Identity", ["n"], ["m"])]
    expected = {"x": X, "w": np.float32([7, 8]), "same": X, "constant": np.float32([7, 8]), "shape": np.array([2, 3]), "n": -X, "m": -X}
    check(tmp_path, nodes, {"x": X}, expected, initializers=[tensor([7, 8], "w")])


def test_a_network_of_constants(tmp_path):
    nodes = [make("Add", ["a", "a"], ["y"])]
    check(tmp_path, nodes, {}, {"y": np.float32([2, 4])}, initializers=[tensor([1, 2], "a")])


# --- folding ---------------------------------------------------------------------------------------------------------------


def emit(tmp_path, nodes, inputs, outputs, initializers):
    process, _ = run(tmp_path, nodes, inputs, outputs, initializers=initializers)
    assert process.returncode == 0, process.stderr
    process = run_toeplitz("compile", tmp_path / "model.onnx", "--emit=cnn", "-o", "-")
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_weights_are_computed_when_compiling(tmp_path):
    """Casts, transpositions and reshapes of weights leave a constant, which lies in the network once."""
    random = np.random.default_rng(0)
    weights = random.standard_normal((64, 3)).astype(np.float16)
    nodes = [make("Cast", ["w"], ["wide"], to=1), make("Transpose", ["wide"], ["t"]), make("MatMul", ["x", "t"], ["p"]), make("Add", ["p", "b"], ["y"])]
    expected = {"y": (X @ weights.astype(np.float32).T) + 1}
    constants = [tensor(weights, "w", np.float16), tensor(np.ones(64), "b")]
    model = make_model(nodes, {"x": X}, expected, 17, constants)
    process, found = run_model(model, {"x": X}, tmp_path)
    assert process.returncode == 0, process.stderr
    np.testing.assert_allclose(found["y"], expected["y"], atol=1e-5)
    process = run_toeplitz("compile", tmp_path / "model.onnx", "--emit=cnn", "-o", "-")
    assert "arith.extf" not in process.stdout and "linalg.transpose" not in process.stdout, process.stdout


def test_large_results_of_small_constants_are_computed_at_run_time(tmp_path):
    """Otherwise the network would hold 40 MB that it can make of 40 bytes."""
    nodes = [make("Expand", ["row", "shape"], ["wide"]), make("ReduceMax", ["wide"], ["top"], keepdims=0), make("Add", ["x", "top"], ["y"])]
    constants = [tensor(np.arange(10), "row"), tensor([1000000, 10], "shape", np.int64)]
    text = emit(tmp_path, nodes, {"x": X}, {"y": X + 9}, constants)
    assert "1000000x10xf32" in text
    assert len(text) < 100000
