"""Loop and Scan: against ONNX Runtime, on a CPU and on a GPU, emulated by default, and by the naive evaluator."""

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest

from gpu_target import CHECKED
from onnx_cases import make_model, run_model
from onnx_runtime import run_onnx_model
from toeplitz_process import Library, compile_network, run_toeplitz

make = onnx.helper.make_node
F, I, B = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.BOOL
X = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
EVERYWHERE = [(), CHECKED, ("--reference",)]
KINDS = ["cpu", "gpu", "reference"]


def tensor(value, name, dtype=np.float32):
    return onnx.numpy_helper.from_array(np.array(value, dtype), name)


def describe(name, kind=F, shape=None):
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def loop_body(nodes, carried=(), collected=(), initializers=(), name="body", kinds=None):
    """Carried values are pairs of names, before an iteration and after it; the body makes `again` of `go`, or hands that on."""
    kinds = kinds or {}
    if not any("again" in node.output for node in nodes):
        nodes = [*nodes, make("Identity", ["go"], ["again"])]
    inputs = [describe("i", I, []), describe("go", B, []), *(describe(before, kinds.get(before, F)) for before, _ in carried)]
    outputs = [describe("again", B, []), *(describe(after, kinds.get(after, F)) for _, after in carried), *(describe(n, kinds.get(n, F)) for n in collected)]
    return onnx.helper.make_graph(nodes, name, inputs, outputs, list(initializers))


def scan_body(nodes, inputs, outputs, initializers=()):
    return onnx.helper.make_graph(nodes, "body", [describe(n) for n in inputs], [describe(n) for n in outputs], list(initializers))


def build(nodes, inputs, outputs, initializers=(), opset=17):
    """A model; outputs are names, or pairs with types."""
    model = make_model(nodes, inputs, {}, opset, initializers)
    for output in outputs:
        name, kind = output if isinstance(output, tuple) else (output, F)
        model.graph.output.append(describe(name, kind))
    return model


def run_in_runtime(model, inputs):
    """The outputs by ONNX Runtime, which wants a name for every result of a loop."""
    named = onnx.ModelProto.FromString(model.SerializeToString())
    for node in named.graph.node:
        for place, name in enumerate(node.output):
            node.output[place] = name or f"unnamed{place}_{node.output[0]}"
    return run_onnx_model(named, {name: np.asarray(array) for name, array in inputs.items()})


def check(tmp_path, model, inputs, options=(), expected=None):
    inputs = {name: np.asarray(array) for name, array in inputs.items()}
    if expected is None:
        expected = run_in_runtime(model, inputs)
    process, found = run_model(model, inputs, tmp_path, *options)
    assert process.returncode == 0, process.stderr
    for name, array in expected.items():
        assert found[name].shape == array.shape and found[name].dtype == array.dtype, name
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6, err_msg=name)
    return found


def check_error(tmp_path, message, model, inputs, *options):
    process, _ = run_model(model, {name: np.asarray(array) for name, array in inputs.items()}, tmp_path, *options)
    assert process.returncode == 1
    assert process.stderr.startswith("error: ") and process.stderr.count("error:") == 1, process.stderr
    assert message in process.stderr, process.stderr


def emit(tmp_path, *options):
    process = run_toeplitz("compile", tmp_path / "model.onnx", "--emit=cnn", "-o", "-", *options)
    assert process.returncode == 0, process.stderr
    return process.stdout


# --- Loop: a known number of iterations ------------------------------------------------------------------------------------


# y = 2 y + i x, of which every y is collected, and the number itself.
COUNTED = loop_body(
    [
        make("Cast", ["i"], ["number"], to=F), make("Mul", ["number", "x"], ["part"]), make("Add", ["v", "v"], ["twice"]),
        make("Add", ["twice", "part"], ["next"]), make("Identity", ["next"], ["kept"]), make("Identity", ["number"], ["counted"]),
    ],
    [("v", "next")],
    ["kept", "counted"],
)  # fmt: skip


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
@pytest.mark.parametrize("trips", [0, 1, 5])
def test_a_known_number_of_iterations(trips, options, tmp_path):
    """Values that are carried, values that are collected, and one of the graph around the loop."""
    model = build([make("Loop", ["trips", "", "x"], ["y", "all", "numbers"], body=COUNTED)], {"x": X}, ["y", "all", "numbers"], [tensor(trips, "trips", np.int64)])
    expected = None
    if trips == 0:  # ONNX Runtime takes the shapes from the declaration, which has none.
        expected = {"y": X, "all": np.zeros((0, 2, 3), np.float32), "numbers": np.zeros(0, np.float32)}
    check(tmp_path, model, {"x": X}, options, expected)
    if trips > 1:
        assert "scf.for" in emit(tmp_path)


def test_a_number_that_follows_from_a_shape(tmp_path):
    nodes = [
        make("Shape", ["x"], ["shape"]), make("Gather", ["shape", "last"], ["trips"]),
        make("Loop", ["trips", "true", "x"], ["y", "all", "numbers"], body=COUNTED),
    ]  # fmt: skip
    constants = [tensor(1, "last", np.int64), tensor(True, "true", bool)]
    check(tmp_path, build(nodes, {"x": X}, ["y", "all", "numbers"], constants), {"x": X})


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
def test_values_that_change_places(options, tmp_path):
    """Two carried values of one shape, one that is handed on, and one that nobody reads behind the loop."""
    body = loop_body([make("Add", ["a", "b"], ["c"]), make("Sub", ["d", "a"], ["e"]), make("Identity", ["k"], ["same"])],
                     [("a", "b"), ("b", "c"), ("k", "same"), ("d", "e")], ["a"])  # fmt: skip
    nodes = [make("Loop", ["trips", "", "x", "w", "x", "w"], ["p", "q", "r", "s", "t"], body=body), make("Add", ["p", "r"], ["u"])]
    constants = [tensor(7, "trips", np.int64), tensor(np.ones((2, 3)), "w")]
    check(tmp_path, build(nodes, {"x": X}, ["p", "q", "t", "u", "s"], constants), {"x": X}, options)
    constants = [tensor(6, "trips", np.int64), tensor(np.ones((2, 3)), "w")]
    check(tmp_path, build(nodes[:1], {"x": X}, ["t"], constants), {"x": X}, options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, bool])
def test_element_types(dtype, tmp_path):
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    x = (np.arange(4) % 2 if dtype is bool else np.arange(4)).astype(dtype)
    operator = "Xor" if dtype is bool else "Add"
    body = loop_body([make(operator, ["v", "x"], ["next"]), make("Identity", ["v"], ["kept"])], [("v", "next")], ["kept"], kinds=dict.fromkeys(["v", "next", "kept"], kind))
    model = build([make("Loop", ["trips", "", "x"], ["y", "all"], body=body)], {"x": x}, [("y", kind), ("all", kind)], [tensor(3, "trips", np.int64)])
    check(tmp_path, model, {"x": x})


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,)], ids=str)
def test_shapes_with_few_elements(shape, tmp_path):
    body = loop_body([make("Add", ["v", "one"], ["next"]), make("Identity", ["v"], ["kept"])], [("v", "next")], ["kept"])
    for trips in ([tensor(3, "trips", np.int64)], []):
        inputs = {"x": np.ones(shape, np.float32)} | ({} if trips else {"trips": np.int64(3)})
        outputs = ["y", "all"] if trips else ["y"]
        model = build([make("Loop", ["trips", "", "x"], ["y", "all" if trips else ""], body=body)], inputs, outputs, [*trips, tensor(1, "one")])
        expected = {"y": np.full(shape, 4, np.float32), "all": np.stack([np.full(shape, n, np.float32) for n in (1, 2, 3)])}
        check(tmp_path, model, inputs, expected={name: expected[name] for name in outputs})


def test_a_body_of_layers(tmp_path):
    """Convolutions with weights from outside, from the body, and from a constant in it."""
    numbers = np.random.default_rng(1)
    weights = (numbers.normal(size=(8, 8, 3, 3)) / 8).astype(np.float32)
    own = (numbers.normal(size=(8, 8, 1, 1)) / 3).astype(np.float32)
    nodes = [
        make("Conv", ["v", "w"], ["a"], pads=[1] * 4), make("Constant", [], ["scale"], value_float=0.5), make("Mul", ["a", "scale"], ["b"]),
        make("Conv", ["b", "own"], ["c"]), make("Relu", ["c"], ["d"]), make("Add", ["d", "x"], ["next"]), make("ReduceMean", ["next"], ["mean"], keepdims=0),
    ]  # fmt: skip
    body = loop_body(nodes, [("v", "next")], ["mean"], [tensor(own, "own")])
    x = numbers.normal(size=(1, 8, 6, 7)).astype(np.float32)
    model = build([make("Loop", ["trips", "", "x"], ["y", "means"], body=body)], {"x": x}, ["y", "means"], [tensor(3, "trips", np.int64), tensor(weights, "w")])
    for options in EVERYWHERE:
        check(tmp_path, model, {"x": x}, options)


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
def test_loops_in_loops(options, tmp_path):
    """With the number of the outer one, and a branch by an element of what is carried."""
    larger = onnx.helper.make_graph([make("Neg", ["w"], ["n"])], "larger", [], [describe("n")])
    smaller = onnx.helper.make_graph([make("Add", ["w", "number"], ["m"])], "smaller", [], [describe("m")])
    inner = onnx.helper.make_graph(
        [
            make("ReduceMax", ["w"], ["top"], keepdims=0), make("Greater", ["top", "limit"], ["large"]),
            make("If", ["large"], ["u"], then_branch=larger, else_branch=smaller), make("Identity", ["g"], ["ag"]),
        ],
        "inner", [describe("j", I, []), describe("g", B, []), describe("w")], [describe("ag", B, []), describe("u"), describe("top")],
    )  # fmt: skip
    body = loop_body([make("Cast", ["i"], ["number"], to=F), make("Loop", ["three", "", "v"], ["next", "tops"], body=inner)], [("v", "next")], ["tops"])
    constants = [tensor(4, "trips", np.int64), tensor(3, "three", np.int64), tensor(7, "limit")]
    check(tmp_path, build([make("Loop", ["trips", "", "x"], ["y", "tops"], body=body)], {"x": X}, ["y", "tops"], constants), {"x": X}, options)


def test_loops_in_branches_and_functions(tmp_path):
    body = loop_body([make("Add", ["v", "a"], ["next"])], [("v", "next")])
    yes = onnx.helper.make_graph([make("Loop", ["n", "", "a"], ["r"], body=body)], "yes", [], [describe("r")])
    no = onnx.helper.make_graph([make("Neg", ["a"], ["s"])], "no", [], [describe("s")])
    opsets = [onnx.helper.make_opsetid("", 17)]
    function = onnx.helper.make_function("own", "Choose", ["a", "n", "c"], ["b"], [make("If", ["c"], ["b"], then_branch=yes, else_branch=no)], opsets)
    model = build([make("Choose", ["x", "trips", "c"], ["y"], domain="own")], {"x": X, "c": np.array(True)}, ["y"], [tensor(3, "trips", np.int64)])
    model.opset_import.append(onnx.helper.make_opsetid("own", 1))
    model.functions.append(function)
    for taken in (True, False):
        check(tmp_path, model, {"x": X, "c": taken}, expected={"y": 4 * X if taken else -X})


# --- Loop: iterations that must be known -----------------------------------------------------------------------------------


def test_the_number_decides_about_shapes(tmp_path):
    """Each iteration cuts another part, which makes the carried value longer."""
    nodes = [
        make("Unsqueeze", ["i", "zero"], ["end"]), make("Add", ["end", "one"], ["behind"]), make("Slice", ["x", "zero", "behind"], ["part"]),
        make("Concat", ["v", "part"], ["next"], axis=0), make("ReduceSum", ["part"], ["sum"], keepdims=0),
    ]  # fmt: skip
    body = loop_body(nodes, [("v", "next")], ["sum"])
    constants = [tensor(4, "trips", np.int64), tensor([0], "zero", np.int64), tensor([1], "one", np.int64), tensor([], "none")]
    x = np.arange(1, 6, dtype=np.float32)
    model = build([make("Loop", ["trips", "", "none"], ["y", "sums"], body=body)], {"x": x}, ["y", "sums"], constants)
    check(tmp_path, model, {"x": x}, expected={"y": np.concatenate([x[:n] for n in (1, 2, 3, 4)]), "sums": np.cumsum(x)[:4]})
    # Without an iteration the shape of the sums is that of one.
    model.graph.initializer[0].CopyFrom(tensor(0, "trips", np.int64))
    check(tmp_path, model, {"x": x}, expected={"y": np.zeros(0, np.float32), "sums": np.zeros(0, np.float32)})
    model.graph.initializer[0].CopyFrom(tensor(257, "trips", np.int64))
    check_error(tmp_path, "Loop: it has more than 256 iterations, each of which must be known when compiling, since Slice: input 2 must be known", model, {"x": x})


def test_shapes_that_a_loop_computes(tmp_path):
    """Constants alone: the loop is computed while importing, and its result can be a shape."""
    body = loop_body([make("Mul", ["v", "two"], ["next"])], [("v", "next")], kinds={"v": I, "next": I})
    nodes = [make("Loop", ["trips", "", "one"], ["eight"], body=body), make("Expand", ["x", "eight"], ["y"])]
    constants = [tensor(3, "trips", np.int64), tensor([2], "two", np.int64), tensor([1], "one", np.int64)]
    x = np.ones(1, np.float32)
    check(tmp_path, build(nodes, {"x": x}, ["y"], constants), {"x": x}, expected={"y": np.ones(8, np.float32)})
    assert "scf." not in emit(tmp_path)


def test_constants_that_are_handed_on(tmp_path):
    """What the body gives back as it got it stays known in it."""
    body = loop_body([make("Reshape", ["v", "shape"], ["flat"]), make("Identity", ["shape"], ["s"]), make("Identity", ["s"], ["same"]), make("Add", ["flat", "flat"], ["next"])],
                     [("v", "next"), ("shape", "same")], kinds={"shape": I, "same": I})  # fmt: skip
    nodes = [make("Loop", ["trips", "", "x", "six"], ["y", "t"], body=body), make("Expand", ["y", "t"], ["z"])]
    constants = [tensor(3, "trips", np.int64), tensor([6], "six", np.int64)]
    x = X.reshape(6)
    check(tmp_path, build(nodes, {"x": x}, ["z"], constants), {"x": x}, expected={"z": 8 * x})


@pytest.mark.parametrize("last", [0, 3])
def test_a_condition_that_counts(last, tmp_path):
    """A condition of nothing but the number says how many iterations there are, and what is collected has a shape."""
    body = loop_body([make("Add", ["v", "x"], ["next"]), make("Less", ["i", "last"], ["again"])], [("v", "next")], ["v"])
    nodes = [make("Loop", ["", "true", "x"], ["y", "all"], body=body)]
    constants = [tensor(True, "true", bool), tensor(last, "last", np.int64)]
    check(tmp_path, build(nodes, {"x": X}, ["y", "all"], constants), {"x": X})
    assert "scf.while" not in emit(tmp_path)


def test_conditions_that_are_false(tmp_path):
    """Before the first iteration, and after it, with a number of iterations and without one, known or not."""
    stop = loop_body([make("Add", ["v", "x"], ["next"]), make("Constant", [], ["again"], value=tensor(False, "", bool))], [("v", "next")], ["next"])
    for trips in (["trips"], [""]):
        nodes = [make("Loop", [*trips, "true", "x"], ["y", "all"], body=stop), make("Loop", [*trips, "false", "x"], ["z", "none"], body=stop)]
        constants = [tensor(True, "true", bool), tensor(False, "false", bool), tensor(4, "trips", np.int64)]
        expected = {"y": 2 * X, "all": 2 * X[None], "z": X, "none": np.zeros((0, 2, 3), np.float32)}
        check(tmp_path, build(nodes, {"x": X}, list(expected), constants), {"x": X}, expected=expected)
    for count in (0, 1, 2, -1):
        model = build([make("Loop", ["n", "", "x"], ["y", ""], body=stop)], {"x": X, "n": np.int64(0)}, ["y"])
        check(tmp_path, model, {"x": X, "n": np.int64(count)}, expected={"y": 2 * X if count > 0 else X})


# --- Loop: numbers and conditions that are computed ------------------------------------------------------------------------


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
@pytest.mark.parametrize("shape", [(), (1,)], ids=str)
def test_a_number_that_an_input_says(shape, options, tmp_path):
    nodes = [make("Loop", ["n", "", "x"], ["y", "", ""], body=COUNTED)]
    for count in (0, 1, 4, -3):
        inputs = {"x": X, "n": np.full(shape, count)}
        check(tmp_path, build(nodes, inputs, ["y"]), inputs, options)


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
def test_a_first_condition_that_an_input_says(options, tmp_path):
    for trips in ([tensor(3, "n", np.int64)], []):
        for go in (True, False):
            inputs = {"x": X, "go": np.array(go)} | ({} if trips else {"n": np.int64(2)})
            check(tmp_path, build([make("Loop", ["n", "go", "x"], ["y", "", ""], body=COUNTED)], inputs, ["y"], trips), inputs, options)


# v doubles until its largest element is more than a limit.
UNTIL = loop_body(
    [make("Add", ["v", "v"], ["next"]), make("Add", ["count", "one"], ["counted"]), make("ReduceMax", ["next"], ["top"], keepdims=0), make("Less", ["top", "limit"], ["again"])],
    [("v", "next"), ("count", "counted")],
)


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
@pytest.mark.parametrize("limit", [3, 25, 100])
def test_a_condition_that_is_computed(limit, options, tmp_path):
    """Without a number of iterations, with a known one and with a computed one, and a condition that is false at first."""
    constants = [tensor(0, "zero"), tensor(1, "one"), tensor(3, "three", np.int64)]
    outputs = ["y", "n"]
    for trips, first in (("", ""), ("three", ""), ("k", ""), ("", "go"), ("k", "go")):
        for k, go in ((2, True), (5, True), (5, False), (0, True)):
            inputs = {"x": X, "limit": np.float32(limit)} | ({"k": np.int64(k)} if trips == "k" else {}) | ({"go": np.array(go)} if first else {})
            check(tmp_path, build([make("Loop", [trips, first, "x", "zero"], outputs, body=UNTIL)], inputs, outputs, constants), inputs, options)
            if (trips, first) in (("", ""), ("three", "")):
                break
    assert "scf.while" in emit(tmp_path)


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
def test_conditional_loops_in_loops(options, tmp_path):
    """Values change places in the inner one, whose condition reads what is carried, and a branch is between them."""
    inner = onnx.helper.make_graph(
        [make("Add", ["a", "b"], ["c"]), make("ReduceSum", ["c"], ["s"], keepdims=0), make("Less", ["s", "limit"], ["ag"])],
        "inner", [describe("j", I, []), describe("g", B, []), describe("a"), describe("b")], [describe("ag", B, []), describe("b"), describe("c")],
    )  # fmt: skip
    walk = onnx.helper.make_graph([make("Loop", ["", "", "v", "x"], ["p", "q"], body=inner), make("Sub", ["q", "p"], ["r"])], "walk", [], [describe("r")])
    skip = onnx.helper.make_graph([make("Add", ["v", "one"], ["t"])], "skip", [], [describe("t")])
    nodes = [
        make("ReduceMin", ["v"], ["least"], keepdims=0), make("Less", ["least", "small"], ["small_one"]),
        make("If", ["small_one"], ["next"], then_branch=walk, else_branch=skip), make("ReduceMax", ["next"], ["top"], keepdims=0), make("Less", ["top", "limit"], ["again"]),
    ]  # fmt: skip
    body = loop_body(nodes, [("v", "next")])
    constants = [tensor(1, "one"), tensor(4, "small"), tensor(9, "trips", np.int64)]
    for limit in (6, 12, 40, 300):
        inputs = {"x": X, "limit": np.float32(limit)}
        check(tmp_path, build([make("Loop", ["trips", "", "x"], ["y"], body=body)], inputs, ["y"], constants), inputs, options)


def test_a_search(tmp_path):
    """Newton's square root, element by element of a batch, until all have settled: a body that keeps what it began with."""
    nodes = [
        make("Div", ["x", "v"], ["d"]), make("Add", ["v", "d"], ["s"]), make("Mul", ["s", "half"], ["next"]), make("Sub", ["next", "v"], ["change"]),
        make("Abs", ["change"], ["size"]), make("ReduceMax", ["size"], ["most"], keepdims=0), make("Greater", ["most", "small"], ["again"]),
    ]  # fmt: skip
    constants = [tensor(0.5, "half"), tensor(1e-3, "small"), tensor(2**63 - 1, "trips", np.int64), tensor(True, "true", bool)]
    model = build([make("Loop", ["trips", "true", "x"], ["y"], body=loop_body(nodes, [("v", "next")]))], {"x": X}, ["y"], constants)
    for options in EVERYWHERE:
        found = check(tmp_path, model, {"x": X}, options)
        np.testing.assert_allclose(found["y"], np.sqrt(X), rtol=1e-5)


# --- batches of any size ---------------------------------------------------------------------------------------------------


def dynamic(nodes, outputs, constants=(), inputs=()):
    model = build(nodes, {}, outputs, constants)
    model.graph.input.append(describe("x", F, ["N", 4]))
    model.graph.input.extend(inputs)
    return model


@pytest.mark.parametrize("options", [(), CHECKED], ids=["cpu", "gpu"])
def test_batches_of_any_size(options, tmp_path):
    """A loop and a scan along another dimension compute each sample by itself, with what is collected beside the batch."""
    body = loop_body([make("Add", ["v", "x"], ["next"]), make("Neg", ["v"], ["kept"])], [("v", "next")], ["kept"])
    scanned = scan_body([make("Add", ["h", "part"], ["g"]), make("Tanh", ["g"], ["o"])], ["h", "part"], ["g", "o"])
    nodes = [
        make("Loop", ["trips", "", "x"], ["y", "all"], body=body), make("Transpose", ["all"], ["z"], perm=[1, 0, 2]),
        make("ReduceSum", ["x", "axis"], ["start"], keepdims=0), make("Scan", ["start", "x"], ["h", "w"], body=scanned, num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1]),
        make("Loop", ["n", "", "x"], ["v", ""], body=body),
    ]  # fmt: skip
    constants = [tensor(3, "trips", np.int64), tensor([1], "axis", np.int64)]
    model = dynamic(nodes, ["y", "z", "h", "w", "v"], constants, [describe("n", I, [])])
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    library = Library(compile_network(tmp_path / "model.onnx", tmp_path, "--batch=dynamic", *options))
    for batch in (1, 5, 3):
        inputs = {"x": np.random.default_rng(batch).normal(size=(batch, 4)).astype(np.float32), "n": np.array(batch)}
        expected = run_in_runtime(model, inputs)
        for name, array in library.run(inputs).items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("options", [(), CHECKED], ids=["cpu", "gpu"])
def test_batches_with_a_condition_of_all(options, tmp_path):
    """The condition depends on an input that isn't a batch."""
    nodes = [make("Add", ["v", "x"], ["next"]), make("Mul", ["c", "two"], ["d"]), make("Less", ["d", "limit"], ["again"])]
    model = dynamic([make("Loop", ["", "", "x", "two"], ["y", ""], body=loop_body(nodes, [("v", "next"), ("c", "d")]))], ["y"], [tensor(2, "two")], [describe("limit", F, [])])
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    library = Library(compile_network(tmp_path / "model.onnx", tmp_path, "--batch=dynamic", *options))
    for batch in (1, 5):
        for limit in (1, 30):
            x = np.random.default_rng(batch).normal(size=(batch, 4)).astype(np.float32)
            found = library.run({"x": x, "limit": np.float32(limit)})["y"]
            np.testing.assert_allclose(found, run_in_runtime(model, {"x": x, "limit": np.float32(limit)})["y"], rtol=1e-5)


@pytest.mark.parametrize("options", [(), CHECKED], ids=["cpu", "gpu"])
def test_batches_whose_samples_decide(options, tmp_path):
    """In opset 8's Scan each sample is scanned by itself, and a loop in it may end at another iteration for each."""
    inner = loop_body([make("Add", ["v", "p"], ["next"]), make("Abs", ["next"], ["size"]), make("ReduceMax", ["size"], ["most"], keepdims=0), make("Less", ["most", "limit"], ["again"])], [("v", "next")])
    body = scan_body([make("Loop", ["twenty", "", "h"], ["g"], body=inner), make("Neg", ["g"], ["o"])], ["h", "p"], ["g", "o"])
    node = make("Scan", ["", "h", "x"], ["g", "y"], body=body, num_scan_inputs=1)
    model = build([node], {}, ["g", "y"], [tensor(20, "twenty", np.int64), tensor(3, "limit")], opset=8)
    model.graph.input.extend([describe("h", F, ["N", 4]), describe("x", F, ["N", 3, 4])])
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    library = Library(compile_network(tmp_path / "model.onnx", tmp_path, "--batch=dynamic", *options))
    for batch in (1, 4):
        numbers = np.random.default_rng(batch)
        x = numbers.normal(size=(batch, 3, 4)).astype(np.float32)
        h = numbers.normal(size=(batch, 4)).astype(np.float32)
        found = library.run({"x": x, "h": h})
        for sample in range(batch):
            state = h[sample]
            for step in range(3):
                for _ in range(20):
                    state = state + x[sample, step]
                    if np.abs(state).max() >= 3:
                        break
                np.testing.assert_allclose(found["y"][sample, step], -state, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(found["g"][sample], state, rtol=1e-5, atol=1e-5)


def test_loops_that_mix_samples(tmp_path):
    def error(message, nodes, outputs, constants=(), inputs=()):
        (tmp_path / "model.onnx").write_bytes(dynamic(nodes, outputs, constants, inputs).SerializeToString())
        process = run_toeplitz("compile", tmp_path / "model.onnx", "--batch=dynamic", "-o", tmp_path / "libnet.so")
        assert process.returncode == 1 and message in process.stderr, process.stderr

    # A condition of all samples, one step for each sample, and as many iterations as there are samples.
    nodes = [make("Add", ["v", "v"], ["next"]), make("ReduceMax", ["next"], ["top"], keepdims=0), make("Less", ["top", "limit"], ["again"])]
    error("layer 'it/", [make("Loop", ["", "", "x"], ["y"], name="it", body=loop_body(nodes, [("v", "next")]))], ["y"], [tensor(99, "limit")])
    scanned = scan_body([make("Add", ["h", "part"], ["g"])], ["h", "part"], ["g"])
    error("layer 'it", [make("Scan", ["zero", "x"], ["y"], name="it", body=scanned, num_scan_inputs=1)], ["y"], [tensor(np.zeros(4), "zero")])
    body = loop_body([make("Add", ["v", "x"], ["next"])], [("v", "next")])
    nodes = [make("Shape", ["x"], ["shape"], end=1), make("Loop", ["shape", "", "x"], ["y"], name="it", body=body)]
    error("layer 'it': the samples of the batch can't be computed one by one, so the batch can't be left open (--batch=dynamic): the number of its iterations depends on the size of the batch", nodes, ["y"])
    # The same as a number, and as the end of a loop with a condition.
    stops = loop_body([make("Add", ["v", "w"], ["next"]), make("ReduceMax", ["next"], ["top"], keepdims=0), make("Less", ["top", "limit"], ["again"])], [("v", "next")])
    for loop in (loop_body([make("Add", ["v", "w"], ["next"])], [("v", "next")]), stops):
        nodes = [make("Shape", ["x"], ["shape"], end=1), make("ReduceSum", ["limits"], ["limit"]), make("Loop", ["shape", "", "one"], ["s"], name="it", body=loop),
                 make("Mul", ["x", "s"], ["y"])]  # fmt: skip
        error("can't be left open", nodes, ["y"], [tensor(1, "one")], [describe("limits", F, [3]), describe("w", F, [])])


# --- Scan ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
@pytest.mark.parametrize("directions", [(0, 0, 0, 0), (1, 0, 0, 1), (0, 1, 1, 0), (1, 1, 1, 1)])
def test_scans(directions, options, tmp_path):
    """Two states, two inputs along different axes in both directions, two outputs."""
    numbers = np.random.default_rng(3)
    nodes = [
        make("Add", ["h", "p"], ["s"]), make("Mul", ["s", "scale"], ["g"]), make("Sub", ["k", "q"], ["l"]), make("Tanh", ["s"], ["o"]),
        make("MatMul", ["q", "w"], ["u"]),
    ]  # fmt: skip
    body = scan_body(nodes, ["h", "k", "p", "q"], ["g", "l", "o", "u"], [tensor(0.5, "scale")])
    node = make("Scan", ["a", "b", "x", "z"], ["h1", "k1", "y", "v"], body=body, num_scan_inputs=2, scan_input_axes=[1, -1],
                scan_input_directions=directions[:2], scan_output_axes=[-1, 1], scan_output_directions=directions[2:])  # fmt: skip
    shapes = {"a": (3,), "b": (2, 4), "x": (3, 5), "z": (2, 4, 5)}
    inputs = {name: numbers.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    constants = [tensor(numbers.normal(size=(4, 3)), "w")]
    check(tmp_path, build([node], inputs, ["h1", "k1", "y", "v"], constants, 17), inputs, options)


@pytest.mark.parametrize("opset", [9, 11, 16])
def test_scans_of_few_elements(opset, tmp_path):
    """Scalars at a time without a state, and no steps at all."""
    body = scan_body([make("Mul", ["p", "p"], ["s"])], ["p"], ["s"])
    for count in (4, 1):
        x = np.arange(1, count + 1, dtype=np.float32)
        check(tmp_path, build([make("Scan", ["x"], ["y"], body=body, num_scan_inputs=1)], {"x": x}, ["y"], opset=opset), {"x": x})
    body = scan_body([make("Add", ["h", "p"], ["g"]), make("Concat", ["g", "p"], ["o"], axis=0)], ["h", "p"], ["g", "o"])
    inputs = {"h": np.ones(3, np.float32), "x": np.zeros((0, 3), np.float32)}
    model = build([make("Scan", ["h", "x"], ["g", "y"], body=body, num_scan_inputs=1)], inputs, ["g", "y"], opset=opset)
    check(tmp_path, model, inputs, expected={"g": inputs["h"], "y": np.zeros((0, 6), np.float32)})


@pytest.mark.parametrize("options", EVERYWHERE, ids=KINDS)
@pytest.mark.parametrize("direction", [0, 1])
def test_scans_of_batches(direction, options, tmp_path):
    """Opset 8: each sample is scanned by itself."""
    body = scan_body([make("Add", ["h", "p"], ["g"]), make("Mul", ["h", "q"], ["o"])], ["h", "p", "q"], ["g", "o"])
    numbers = np.random.default_rng(5)
    inputs = {name: numbers.normal(size=shape).astype(np.float32) for name, shape in {"h": (2, 3), "x": (2, 5, 3), "z": (2, 5, 3)}.items()}
    node = make("Scan", ["", "h", "x", "z"], ["g", "y"], body=body, num_scan_inputs=2, directions=[direction, 0])
    check(tmp_path, build([node], inputs, ["g", "y"], opset=8), inputs, options)


def test_a_scan_with_a_loop_in_it(tmp_path):
    inner = loop_body([make("Add", ["v", "p"], ["next"]), make("ReduceSum", ["next"], ["sum"], keepdims=0), make("Less", ["sum", "limit"], ["again"])], [("v", "next")])
    body = scan_body([make("Loop", ["", "", "h"], ["g"], body=inner), make("Identity", ["g"], ["o"])], ["h", "p"], ["g", "o"])
    inputs = {"x": X, "h": np.zeros(3, np.float32)}
    model = build([make("Scan", ["h", "x"], ["g", "y"], body=body, num_scan_inputs=1)], inputs, ["g", "y"], [tensor(50, "limit")])
    expected = {"y": []}
    for p in X:  # ONNX Runtime wants to know the shapes of what a body computes.
        h = inputs["h"] if not expected["y"] else expected["y"][-1]
        h = h + p
        while h.sum() < 50:
            h = h + p
        expected["y"].append(h)
    expected = {"y": np.stack(expected["y"]), "g": expected["y"][-1]}
    for options in EVERYWHERE:
        check(tmp_path, model, inputs, options, expected)


# --- what is refused -------------------------------------------------------------------------------------------------------


def test_loops_that_are_wrong(tmp_path):
    plain = loop_body([make("Add", ["v", "x"], ["next"])], [("v", "next")], ["next"])
    grows = loop_body([make("Concat", ["v", "x"], ["next"], axis=0)], [("v", "next")])
    casts = loop_body([make("Cast", ["v"], ["next"], to=I)], [("v", "next")])
    strange = loop_body([make("Strange", ["v"], ["next"])], [("v", "next")])
    numeric = loop_body([make("Identity", ["v"], ["next"]), make("Identity", ["i"], ["again"])], [("v", "next")])
    uneven = loop_body([make("Neg", ["v"], ["next"]), make("Unsqueeze", ["i", "zero"], ["end"]), make("Slice", ["flat", "zero", "end"], ["part"])], [("v", "next")], ["part"])

    def error(message, inputs, results, body, more=(), constants=()):
        constants = [tensor(3, "three", np.int64), tensor(True, "true", bool), tensor([0], "zero", np.int64), tensor(9, "limit"), tensor([1, 2, 3], "flat"), *constants]
        model = build([make("Loop", inputs, results, name="it", body=body)], {"x": X, **dict(more)}, results[:1], constants)
        check_error(tmp_path, message, model, {"x": X, **dict(more)})

    n = [("n", np.int64(3))]
    c = [("c", np.array(True))]
    must = "layer 'it': Loop: input '{0}' must be known when compiling: input {1} depends on it (--constant {0}=FILE.npy), since "
    error(must.format("n", 0) + "result 1 has a part for each iteration, and its shape must be known", ["n", "", "x"], ["y", "z"], plain, n)
    error(must.format("c", 1) + "result 1 has a part for each iteration", ["three", "c", "x"], ["y", "z"], plain, c)
    until = loop_body([make("Add", ["v", "x"], ["next"]), make("ReduceMax", ["next"], ["top"], keepdims=0), make("Less", ["top", "limit"], ["again"])], [("v", "next")], ["next"])
    error("layer 'it': Loop: result 1 has a part for each iteration, and its shape must be known when compiling, but the condition that ends the loop is computed",
          ["three", "", "x"], ["y", "z"], until)  # fmt: skip
    error(must.format("n", 0) + "body: Loop: the body makes shape 4x3 of carried value 0, which has shape 2x3", ["n", "", "x"], ["y"], grows, n)
    error(must.format("c", 1) + "body: Loop: the body makes shape 4x3", ["three", "c", "x"], ["y"], grows, c)
    stops = loop_body([make("Concat", ["v", "x"], ["next"], axis=0), make("ReduceMax", ["v"], ["top"], keepdims=0), make("Less", ["top", "limit"], ["again"])], [("v", "next")])
    error("whether iteration 1 follows is computed when the network runs, and must be known when compiling, since Loop: the body makes shape 4x3", ["", "", "x"], ["y"], stops)
    error("the body makes int64 of carried value 0, which is float32", ["three", "", "x"], ["y"], casts)
    error("operator 'Strange' is not supported", ["three", "", "x"], ["y"], strange)
    error("layer 'it': Loop: the body's condition has type int64 and shape (), expected one bool", ["three", "", "x"], ["y"], numeric)
    error("layer 'it': Loop: collected value 0 has shape 1 in iteration 1 and 0 in the first one", ["three", "", "x"], ["y", "z"], uneven)
    error("layer 'it': Loop: it never ends: it has no number of iterations, and its condition stays true", ["", "", "x"], ["y", "z"], plain)
    error("layer 'it': Loop: it never ends", ["", "c", "x"], ["y", "z"], plain, c)
    error("layer 'it': Loop: the body has 3 inputs, expected 4", ["three", "", "x", "x"], ["y", "z"], plain)
    error("layer 'it': Loop: the body has 3 results, expected 2", ["three", "", "x"], ["y"], plain)
    error("layer 'it': Loop: it has 1 results, expected at least 2", ["three", "", "x", "x"], ["y"], plain)
    error("layer 'it': Loop: input 2 is missing", ["three", "", "", "x"], ["y"], plain)
    error("layer 'it': Loop: input 0 has type float32, expected int64", ["limit", "", "x"], ["y", "z"], plain)
    error("layer 'it': Loop: input 0 has shape 3, expected one number", ["many", "", "x"], ["y", "z"], plain, constants=[tensor([1, 2, 3], "many", np.int64)])
    error("layer 'it': Loop: input 1 has type int64, expected bool", ["three", "three", "x"], ["y", "z"], plain)
    body = loop_body([make("Identity", ["v"], ["next"]), make("Less", ["i", "three"], ["again"]), make("Expand", ["v", "wide"], ["w"])], [("v", "next")], ["w"])
    error("layer 'it': Loop: its result of shape 4x1000000x512x2x3 would have more than", ["", "", "x"], ["y", "z"], body,
          constants=[tensor([1000000, 512, 2, 3], "wide", np.int64)])  # fmt: skip
    error("dimension of", ["huge", "", "x"], ["y", "z"], plain, constants=[tensor(2**31, "huge", np.int64)])


def test_scans_that_are_wrong(tmp_path):
    body = scan_body([make("Add", ["h", "p"], ["g"])], ["h", "p"], ["g"])

    def error(message, inputs, results, opset=17, body=body, **attributes):
        arrays = {"x": X, "h": np.zeros(3, np.float32)}
        attributes = {"num_scan_inputs": 1, **attributes}
        model = build([make("Scan", inputs, results, name="it", body=body, **attributes)], arrays, results[:1], [tensor(np.zeros((4, 2)), "w"), tensor(1, "one"), tensor([2, 2], "n", np.int64)], opset)
        check_error(tmp_path, message, model, arrays)

    error("layer 'it': Scan: attribute 'num_scan_inputs' is 3, expected at most 2", ["h", "x"], ["y"], num_scan_inputs=3)
    error("layer 'it': Scan: attribute 'num_scan_inputs' is 0", ["h", "x"], ["y"], num_scan_inputs=0)
    error("layer 'it': Scan: attribute 'scan_input_axes' has 2 numbers, expected 1", ["h", "x"], ["y"], scan_input_axes=[0, 1])
    error("layer 'it': Scan: attribute 'scan_input_axes' is 2", ["h", "x"], ["y"], scan_input_axes=[2])
    error("layer 'it': Scan: attribute 'scan_input_directions' has 2, expected 0 or 1", ["h", "x"], ["y"], scan_input_directions=[2])
    error("layer 'it': Scan: attribute 'scan_output_directions' has 1 numbers, expected 0", ["h", "x"], ["y"], scan_output_directions=[0])
    error("layer 'it': Scan: input 1 has shape 4x2, expected 2 in dimension 0 as input 0", ["x", "w"], ["y"], num_scan_inputs=2)
    error("layer 'it': Scan: input 1 has shape (), expected rank 1 to", ["h", "one"], ["y"])
    error("layer 'it': Scan: input 0 is missing", ["", "x"], ["y"])
    error("layer 'it': Scan: it has 1 results, expected at least 2", ["h", "h", "x"], ["y"])
    error("layer 'it': Scan: the body has 1 results, expected 2", ["h", "x"], ["y", "z"])
    error("layer 'it': Scan: the body makes shape 6 of carried value 0, which has shape 3", ["h", "x"], ["y"], body=scan_body([make("Concat", ["p", "p"], ["g"], axis=0)], ["h", "p"], ["g"]))
    wide = scan_body([make("Identity", ["p"], ["g"])], ["p"], ["g"])
    error("layer 'it': Scan: attribute 'scan_output_axes' is 2", ["x"], ["y"], body=wide, scan_output_axes=[2])
    error("layer 'it': Scan: input 0, the lengths of the sequences, is not supported", ["n", "x", "x"], ["y"], opset=8)
    error("layer 'it': Scan: input 2 has shape 3, expected rank 2", ["", "h", "h"], ["y"], opset=8)
