"""Models as files: external data, open shapes, options, and what is said about those that can't be read."""

import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from toeplitz_process import find_tool

WEIGHTS = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
X = np.random.default_rng(1).standard_normal((1, 3, 6, 6)).astype(np.float32)


def value(name, shape, element_type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element_type, shape)


def make_model(nodes, inputs, outputs, initializers=(), opset=17, domain=""):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)], ir_version=8)


def convolution(shape=(1, 3, 6, 6)):
    return make_model(
        [helper.make_node("Conv", ["x", "w"], ["y"], name="conv1")],
        [value("x", shape)],
        [value("y", None)],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )


def toeplitz(*arguments):
    process = subprocess.run([find_tool(), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    return process.returncode, process.stderr


def run(path, inputs, *options):
    """The outputs of a model of outputs y, y1, … (those that the caller names)."""
    directory = path.parent
    command = ["run", path, *options]
    for name, array in inputs.items():
        np.save(directory / f"{name}.npy", array)
        command += ["--input", f"{name}={directory / name}.npy"]
    status, errors = toeplitz(*command, "--output", f"y={directory / 'y.npy'}")
    assert status == 0, errors
    return np.load(directory / "y.npy")


def expect_error(path, message, *options):
    output = path.parent / "net.so"
    status, errors = toeplitz("compile", path, "-o", output, *options)
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert status == 1 and lines == [f"error: {path}: {message}"], errors
    assert not output.exists()


def expected_convolution(x):
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return np.einsum("nchwij,fcij->nfhw", windows, WEIGHTS)


# --- external data ------------------------------------------------------------------------------------------------------


def save_external(path, **entries):
    """convolution() with its weights in another file, which `entries` describe."""
    model = convolution()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, entry in entries.items():
        tensor.external_data.add(key=key, value=str(entry))
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("offset", [0, 4096, 3])
def test_external_data(tmp_path, offset):
    path = tmp_path / "model.onnx"
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "all.bin").write_bytes(b"\1" * offset + WEIGHTS.tobytes() + b"\2" * 10)
    save_external(path, location="weights/all.bin", offset=offset, length=WEIGHTS.nbytes)
    np.testing.assert_allclose(run(path, {"x": X}), expected_convolution(X), atol=1e-5)


def test_external_data_as_onnx_writes_it(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(convolution(), path, save_as_external_data=True, location="data.bin", size_threshold=0)
    assert path.stat().st_size < WEIGHTS.nbytes
    np.testing.assert_allclose(run(path, {"x": X}), expected_convolution(X), atol=1e-5)


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../weights.bin", ""])
def test_external_data_outside(tmp_path, location):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    path = folder / "model.onnx"
    save_external(path, location=location)
    expect_error(path, f"layer 'w': tensor 'w': its data is in '{location}', expected a file in the model's folder")


def test_external_data_behind_a_link(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    secret = tmp_path / "weights.bin"
    secret.write_bytes(WEIGHTS.tobytes())
    os.symlink(secret, folder / "link.bin")
    path = folder / "model.onnx"
    save_external(path, location="link.bin")
    expect_error(
        path,
        f"layer 'w': tensor 'w': its data 'link.bin' is a link to '{secret.resolve()}', expected a file in the "
        "model's folder",
    )


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"location": "missing.bin"}, "its data 'missing.bin' can't be read: No such file or directory"),
        ({"location": "short.bin"}, "has 100 bytes of data, expected 432 for shape 4x3x3x3 of float32"),
        (
            {"location": "short.bin", "offset": 200},
            "its data is at 200 + 0 of 'short.bin', which has 100 bytes",
        ),
        (
            {"location": "short.bin", "offset": 4, "length": 432},
            "its data is at 4 + 432 of 'short.bin', which has 100 bytes",
        ),
        (
            {"location": "short.bin", "offset": "x"},
            "the offset of its external data is 'x', expected a number",
        ),
    ],
)
def test_external_data_errors(tmp_path, entries, message):
    (tmp_path / "short.bin").write_bytes(b"\0" * 100)
    path = tmp_path / "model.onnx"
    save_external(path, **entries)
    separator = " " if message.startswith("has") else ": "
    expect_error(path, f"layer 'w': tensor 'w'{separator}{message}")


# --- open shapes --------------------------------------------------------------------------------------------------------


def test_shape_fixes_symbols_everywhere(tmp_path):
    path = tmp_path / "model.onnx"
    model = make_model(
        [helper.make_node("Add", ["x", "z"], ["y"])],
        [value("x", [2, "width"]), value("z", ["width"])],
        [value("y", [2, "width"])],
    )
    onnx.save(model, path)
    x, z = np.ones((2, 5), np.float32), np.arange(5, dtype=np.float32)
    np.testing.assert_array_equal(run(path, {"x": x, "z": z}, "--shape", "x=2x5"), x + z)
    message = "dimension 'width' is given two sizes, 5 and 6"
    expect_error(path, message, "--shape", "x=2x5", "--shape", "z=6")
    expect_error(path, "dimension 0 of input 'x' is 2, but is given as 3", "--shape", "x=3x5")
    expect_error(path, "input 'x' has rank 2, but is given the shape 5", "--shape", "x=5")
    expect_error(
        path,
        "--shape names the input 'X', which the model doesn't have; did you mean 'x'?",
        "--shape",
        "X=2x5",
    )


def test_open_dimensions(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(convolution(("n", 3, "height", 6)), path)
    status, errors = toeplitz("compile", path, "-o", tmp_path / "net.so")
    assert status == 1
    assert errors == (
        f"warning: {path}: the batch of input 'x' is left open; it is compiled for 1 (--batch=N for another, "
        f"--batch=dynamic for any)\n"
        f"error: {path}: dimension 2 of input 'x' is left open ('height'); fix its shape with --shape x=Nx3xNx6\n"
    )
    onnx.save(convolution(("n", 3, 6, 6)), path)
    x = np.concatenate([X, 2 * X])
    np.testing.assert_allclose(run(path, {"x": x}, "--batch=2"), expected_convolution(x), atol=1e-5)


def test_input_without_shape(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(convolution(None), path)
    expect_error(path, "input 'x' has no shape; fix it with --shape x=1x3x224x224")
    np.testing.assert_allclose(run(path, {"x": X}, "--shape", "x=1x3x6x6"), expected_convolution(X), atol=1e-5)


def test_constants(tmp_path):
    path = tmp_path / "model.onnx"
    model = make_model(
        [helper.make_node("Reshape", ["x", "shape"], ["y"], name="reshape")],
        [value("x", [2, 3]), value("shape", [1], TensorProto.INT64)],
        [value("y", [6])],
    )
    onnx.save(model, path)
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "shape.npy", np.int64([-1]))
    result = run(path, {"x": x}, "--constant", f"shape={tmp_path / 'shape.npy'}")
    np.testing.assert_array_equal(result, x.reshape(6))
    expect_error(
        path,
        "layer 'reshape': Reshape: input 'shape' must be known when compiling: input 1 depends on it "
        "(--constant shape=FILE.npy)",
    )
    np.save(tmp_path / "text.npy", np.float32([1.5]))
    status, errors = toeplitz("compile", path, "-o", tmp_path / "n.so", "--constant", f"shape={tmp_path / 'text.npy'}")
    assert status == 1 and errors.startswith(f"error: {path}: --constant shape: ") and errors.count("\n") == 1


@pytest.mark.parametrize(
    "option, message",
    [
        ("--shape=x", "--shape: found 'x', expected NAME=1x3x224x224"),
        ("--shape=x=1x-3", "--shape: found 'x=1x-3', expected NAME=1x3x224x224"),
        ("--shape=x=1xa", "--shape: found 'x=1xa', expected NAME=1x3x224x224"),
        ("--constant=x", "--constant: found 'x', expected NAME=FILE.npy"),
    ],
)
def test_option_errors(tmp_path, option, message):
    path = tmp_path / "model.onnx"
    onnx.save(convolution(), path)
    assert toeplitz("compile", path, "-o", tmp_path / "n.so", option) == (1, f"error: {message}\n")


# --- models that aren't read --------------------------------------------------------------------------------------------


def test_no_model(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    expect_error(path, "is no ONNX model: it has no graph, or no version")
    path.write_bytes(b"PK\3\4 not a model at all")
    expect_error(
        path,
        "is no ONNX model, or a damaged one (a model of more than 2 GB keeps its weights in external data)",
    )


@pytest.mark.parametrize("opset", [29, 2**40])
def test_opset(tmp_path, opset):
    path = tmp_path / "model.onnx"
    model = convolution()
    model.opset_import[0].version = opset
    path.write_bytes(model.SerializeToString())
    status, errors = toeplitz("compile", path, "-o", tmp_path / "net.so")
    assert status == 1 and f"opset {opset}" in errors and errors.count("\n") == 1


def test_unknown_operators_are_listed_together(tmp_path):
    path = tmp_path / "model.onnx"
    nodes = [
        helper.make_node("Fancy", ["x"], ["a"], name="first", domain="com.example"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("StringNormalizer", ["b"], ["y"], name="second"),
    ]
    onnx.save(make_model(nodes, [value("x", [1])], [value("y", [1])]), path)
    expect_error(path, "layer 'first': operator 'com.example.Fancy' is not supported, nor are 'StringNormalizer'")


@pytest.mark.parametrize(
    "element_type, name", [(TensorProto.STRING, "string"), (TensorProto.COMPLEX64, "complex64"), (TensorProto.INT4, "int4")]
)
def test_types(tmp_path, element_type, name):
    path = tmp_path / "model.onnx"
    node = helper.make_node("Identity", ["x"], ["y"])
    onnx.save(make_model([node], [value("x", [1], element_type)], [value("y", [1], element_type)]), path)
    expect_error(path, f"input 'x': type {name} is not supported")


def test_graph_errors(tmp_path):
    path = tmp_path / "model.onnx"

    def save(nodes):
        path.write_bytes(make_model(nodes, [value("x", [2])], [value("y", [2])]).SerializeToString())

    save([helper.make_node("Add", ["x", "nowhere"], ["y"], name="add")])
    expect_error(path, "layer 'add': Add: its input 'nowhere' is no input, initializer or result of the model")
    save([helper.make_node("Add", ["x", "b"], ["y"], name="a"), helper.make_node("Relu", ["y"], ["b"], name="b")])
    expect_error(path, "layer 'a': Add: it depends on its own result: the graph has a cycle")
    save([helper.make_node("Relu", ["x"], ["x"], name="again"), helper.make_node("Relu", ["x"], ["y"])])
    expect_error(path, "layer 'again': Relu: its result 'x' has the name of another value")
    save([helper.make_node("Relu", ["x"], ["z"], name="relu")])
    expect_error(path, "output 'y' is no input, initializer or result of the model")
    save([helper.make_node("Relu", ["x", "x"], ["y"], name="relu")])
    expect_error(path, "layer 'relu': Relu: it has 2 inputs, expected at most 1")
    save([helper.make_node("Relu", ["x"], ["y"], name="relu", alpha=1.0)])
    expect_error(path, "layer 'relu': Relu: attribute 'alpha' is not one that the operator has")
    save([helper.make_node("LeakyRelu", ["x"], ["y"], name="relu", alpha="steep")])
    expect_error(path, "layer 'relu': LeakyRelu: attribute 'alpha' is a string, expected a number")


def test_nodes_in_any_order(tmp_path):
    """The specification demands an order; some exporters forget."""
    path = tmp_path / "model.onnx"
    nodes = [helper.make_node("Neg", ["a"], ["y"]), helper.make_node("Relu", ["x"], ["a"])]
    path.write_bytes(make_model(nodes, [value("x", [2])], [value("y", [2])]).SerializeToString())
    np.testing.assert_array_equal(run(path, {"x": np.float32([-1, 2])}), np.float32([0, -2]))
