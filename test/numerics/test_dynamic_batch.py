"""--batch=dynamic: one library for batches of any size. Each sample has the bits that it has alone."""

import ctypes
import subprocess

import numpy as np
import onnx
import pytest

from onnx import TensorProto, helper
from onnx_runtime import run_onnx_model
from toeplitz_process import CompilerError, Library, aligned_bytes, compile_network, run_toeplitz, run_with_threads

NETWORK = {
    "name": "batches",
    "weights": {"random": 3},
    "inputs": [{"name": "x", "shape": [1, 3, 12, 10]}],
    "layers": [
        {"name": "conv1", "op": "conv", "out_channels": 20, "kernel_size": 3, "padding": 1},
        {"name": "bn", "op": "batch_norm"},
        {"name": "act", "op": "relu"},
        {"name": "conv2", "op": "conv", "out_channels": 20, "kernel_size": 3, "padding": 1},
        {"name": "sum", "op": "add", "inputs": ["conv2", "act"]},
        {"name": "wide", "op": "concat", "inputs": ["sum", "x"]},
        {"name": "pool", "op": "max_pool", "kernel_size": 2},
        {"name": "flat", "op": "flatten"},
        {"name": "fc", "op": "linear", "out_features": 7},
        {"name": "scores", "op": "softmax"},
    ],
    "outputs": ["scores", "pool"],
}


def samples(count, shape=(3, 12, 10), seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


@pytest.fixture(name="libraries", scope="module")
def compiled_libraries(tmp_path_factory):
    """The same network for any batch, and for one sample."""
    directory = tmp_path_factory.mktemp("dynamic")
    return (
        Library(compile_network(NETWORK, directory, "--batch=dynamic")),
        Library(compile_network(NETWORK, directory)),
    )


@pytest.mark.parametrize("threads", (1, 2, 3, 8))
@pytest.mark.parametrize("batch", (0, 1, 2, 3, 5, 17))
def test_samples_have_the_bits_that_they_have_alone(libraries, batch, threads):
    """With fewer samples than threads, and with more."""
    dynamic, single = libraries
    x = samples(batch)
    found = run_with_threads(dynamic, {"x": x}, threads)
    assert found["scores"].shape == (batch, 7) and found["pool"].shape == (batch, 23, 6, 5)
    for place in range(batch):
        alone = single.run({"x": x[place : place + 1]})
        for name, values in alone.items():
            assert np.array_equal(found[name][place : place + 1], values), f"sample {place} of {name}"


def test_the_interface_says_that_the_batch_is_open(libraries):
    dynamic, single = libraries
    assert dynamic.inputs == {"x": (-1, 3, 12, 10)} and dynamic.outputs == {"scores": (-1, 7), "pool": (-1, 23, 6, 5)}
    assert dynamic.network.run_batch and not single.network.run_batch
    assert not single.network.batch_workspace_size
    # The plain run is one of one sample.
    x = samples(1)
    y, pool = np.zeros((1, 7), np.float32), np.zeros((1, 23, 6, 5), np.float32)
    pointers = lambda *arrays: (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])  # noqa: E731
    workspace = aligned_bytes(dynamic.network.workspace_size)
    dynamic.network.run(None, workspace.ctypes.data, pointers(x), pointers(y, pool))
    assert np.array_equal(y, single.run({"x": x})["scores"])


def test_the_workspace_grows_with_the_batch(libraries):
    network = libraries[0].network
    size = network.workspace_size
    assert size > 0 and size % 64 == 0
    assert [network.batch_workspace_size(batch) for batch in (0, 1, 2, 1000)] == [0, size, 2 * size, 1000 * size]
    impossible = 2**64 - 1
    assert network.batch_workspace_size(-1) == impossible and network.batch_workspace_size(2**62) == impossible


def call_run(library, batch, x, y, pool, workspace=None):
    """batches_run of batches.h."""
    function = library.handle.batches_run
    function.restype = ctypes.c_int
    pointer = lambda array: ctypes.c_void_p(array.ctypes.data if array is not None else None)  # noqa: E731
    return function(ctypes.c_int64(batch), pointer(x), pointer(y), pointer(pool), ctypes.c_void_p(workspace))


def test_the_named_entry(libraries):
    dynamic, single = libraries
    x = samples(3)
    size = dynamic.handle.batches_workspace_size
    size.restype, size.argtypes = ctypes.c_uint64, [ctypes.c_int64]
    workspace = aligned_bytes(size(3))
    for memory in (None, workspace.ctypes.data):
        y, pool = np.zeros((3, 7), np.float32), np.zeros((3, 23, 6, 5), np.float32)
        assert call_run(dynamic, 3, x, y, pool, memory) == 0
        assert np.array_equal(y[2:], single.run({"x": x[2:]})["scores"])
    # No samples need no memory at all.
    assert call_run(dynamic, 0, None, None, None) == 0


def test_wrong_batches_are_refused(libraries):
    dynamic, _ = libraries
    error_string = dynamic.handle.batches_error_string
    error_string.restype = ctypes.c_char_p
    y, pool = np.full((1, 7), 5, np.float32), np.zeros((1, 23, 6, 5), np.float32)
    assert error_string(call_run(dynamic, -1, samples(1), y, pool)).startswith(b"the batch is negative")
    assert error_string(call_run(dynamic, 2**62, samples(1), y, pool)).startswith(b"out of memory")
    assert error_string(call_run(dynamic, 1, None, y, pool)).startswith(b"an input or output is NULL")
    assert np.all(y == 5)


def test_the_commands_take_the_batch_from_the_files(libraries, tmp_path):
    _, single = libraries
    x = samples(4)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "wide.npy", samples(2, (3, 12, 11)))
    library = compile_network(NETWORK, tmp_path, "--batch=dynamic")
    description = library.parent / "batches.json"
    expected = np.concatenate([single.run({"x": x[i : i + 1]})["scores"] for i in range(4)])

    def output(*arguments):
        path = tmp_path / "y.npy"
        path.unlink(missing_ok=True)
        process = run_toeplitz("run", *arguments, "--input", tmp_path / "x.npy", "--output", f"scores={path}")
        assert process.returncode == 0, process.stderr
        return np.load(path)

    assert np.array_equal(output(library), expected)
    assert np.array_equal(output(description, "--batch=dynamic", "--threads", "2"), expected)
    np.testing.assert_allclose(output(description, "--batch=dynamic", "--reference"), expected, atol=1e-5)
    wrong = run_toeplitz("run", library, "--input", tmp_path / "wide.npy")
    assert wrong.returncode == 1
    assert "the array has shape (2, 3, 12, 11), input 'x' needs (batch, 3, 12, 10)" in wrong.stderr
    made_up = run_toeplitz("run", library, "--input", "random:1", "--samples", "3")
    assert "scores: shape (3, 7)" in made_up.stdout
    refused = run_toeplitz("run", compile_network(NETWORK, tmp_path), "--input", "random:1", "--samples", "3")
    assert refused.stderr == "error: --samples: the network's batch is not dynamic, it takes x (1, 3, 12, 10)\n"
    assert run_toeplitz("bench", library, "--runs", "3", "--samples", "5").returncode == 0

    program = tmp_path / "batches"
    assert run_toeplitz("compile", description, "--batch=dynamic", "-o", program).returncode == 0
    call = lambda *arguments: subprocess.run([program, *arguments], capture_output=True, text=True, check=False)  # noqa: E731
    assert "x (batch, 3, 12, 10)\n" in call("--help").stdout and "bytes for each sample" in call("--help").stdout
    process = call("--input", tmp_path / "x.npy", "--output", f"scores={tmp_path / 'z.npy'}", "--output", tmp_path / "p.npy")
    assert process.returncode == 0, process.stderr
    assert np.array_equal(np.load(tmp_path / "z.npy"), expected) and np.load(tmp_path / "p.npy").shape == (4, 23, 6, 5)
    wrong = call("--input", tmp_path / "x.npy", "--samples", "3")
    assert wrong.returncode == 1 and "x.npy has shape (4, 3, 12, 10), but the batch is 3" in wrong.stderr
    assert call("--bench", "--runs", "3", "--samples", "4").returncode == 0


def model(nodes, inputs, outputs, initializers=(), path=None):
    """Inputs and outputs by name: shapes, whose leading "N" is the open batch."""
    infos = [
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in tensors.items()]
        for tensors in (inputs, outputs)
    ]
    constants = [onnx.numpy_helper.from_array(np.asarray(values), name) for name, values in dict(initializers).items()]
    graph = helper.make_graph(nodes, "graph", *infos, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(made)
    if path:
        onnx.save(made, path)
    return made


def weights(*shape):
    return np.random.default_rng(len(shape)).uniform(-1, 1, shape).astype(np.float32) / 4


CLASSIFIER = [
    helper.make_node("Conv", ["x", "w1", "b1"], ["c"], pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["c"], ["r"]),
    helper.make_node("GlobalAveragePool", ["r"], ["p"]),
    # As exporters write it: the batch is read off the shape.
    helper.make_node("Shape", ["p"], ["s"]),
    helper.make_node("Gather", ["s", "zero"], ["n"]),
    helper.make_node("Unsqueeze", ["n", "axes"], ["n1"]),
    helper.make_node("Concat", ["n1", "rest"], ["target"], axis=0),
    helper.make_node("Reshape", ["p", "target"], ["f"]),
    helper.make_node("Gemm", ["f", "w2", "b2"], ["g"]),
    helper.make_node("Mul", ["g", "scale"], ["y"]),
    helper.make_node("ArgMax", ["y"], ["best"], axis=1, keepdims=0),
]
CLASSIFIER_WEIGHTS = {
    "w1": weights(6, 3, 3, 3),
    "b1": weights(6),
    "w2": weights(6, 4),
    "b2": weights(4),
    "zero": np.int64(0),
    "axes": np.array([0]),
    "rest": np.array([-1]),
}


@pytest.mark.parametrize("leading", ("N", 1), ids=("open", "stated"))
def test_an_onnx_model(leading, tmp_path):
    """A batch that the model leaves open, and one that it states; a second input is the same for all samples."""
    path = tmp_path / "classifier.onnx"
    made = model(
        CLASSIFIER,
        {"x": (TensorProto.FLOAT, [leading, 3, 8, 8]), "scale": (TensorProto.FLOAT, [4])},
        {"y": (TensorProto.FLOAT, [leading, 4]), "best": (TensorProto.INT64, [leading])},
        CLASSIFIER_WEIGHTS,
        path,
    )
    library = Library(compile_network(path, tmp_path, "--batch=dynamic"))
    assert library.inputs == {"x": (-1, 3, 8, 8), "scale": (4,)} and library.outputs == {"y": (-1, 4), "best": (-1,)}
    scale = np.array([1, -2, 3, 0.5], np.float32)
    x = samples(5, (3, 8, 8))
    found = library.run({"x": x, "scale": scale})
    batches = [x] if leading == "N" else [x[i : i + 1] for i in range(5)]
    expected = [run_onnx_model(made, {"x": batch, "scale": scale}) for batch in batches]
    np.testing.assert_allclose(found["y"], np.concatenate([part["y"] for part in expected]), atol=1e-5)
    assert np.array_equal(found["best"], np.concatenate([part["best"] for part in expected]))


F, I = TensorProto.FLOAT, TensorProto.INT64
# Name: nodes, inputs, outputs, initializers. Networks that a batch goes through in other ways than window by window.
INDEPENDENT = {
    "broadcast": (
        [helper.make_node("Add", ["x", "a"], ["s"]), helper.make_node("Mul", ["s", "x"], ["y"])],
        {"x": (F, ["N", 3, 4])},
        {"y": (F, ["N", 3, 4])},
        {"a": weights(1, 3, 1)},
    ),
    # Weights may happen to have as many channels as there are samples when this is tried, and be all the same.
    "equal weights": (
        [helper.make_node("Mul", ["x", "a"], ["m"]), helper.make_node("Add", ["m", "b"], ["y"])],
        {"x": (F, ["N", 22, 3])},
        {"y": (F, ["N", 22, 3])},
        {"a": np.full((22, 1), 2, np.float32), "b": weights(22, 1)},
    ),
    "attention": (
        [
            helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["x", "t"], ["s"]),
            helper.make_node("Softmax", ["s"], ["p"], axis=-1),
            helper.make_node("MatMul", ["p", "x"], ["y"]),
        ],
        {"x": (F, ["N", 5, 4])},
        {"y": (F, ["N", 5, 4])},
        {},
    ),
    "reductions": (
        [
            helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=1),
            helper.make_node("Sub", ["x", "m"], ["d"]),
            helper.make_node("ReduceMax", ["d", "axes"], ["y"], keepdims=0),
        ],
        {"x": (F, ["N", 5, 4])},
        {"y": (F, ["N", 4])},
        {"axes": np.array([1])},
    ),
    "slices": (
        [
            helper.make_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=2),
            helper.make_node("Concat", ["b", "a"], ["c"], axis=2),
            helper.make_node("Pad", ["c", "pads"], ["y"], mode="reflect"),
        ],
        {"x": (F, ["N", 6, 4])},
        {"y": (F, ["N", 3, 11])},
        {"pads": np.array([0, 0, 1, 0, 0, 2])},
    ),
    "gather": (
        [helper.make_node("Gather", ["x", "rows"], ["y"], axis=1)],
        {"x": (F, ["N", 6, 4])},
        {"y": (F, ["N", 3, 4])},
        {"rows": np.array([5, 0, 2])},
    ),
    "class token": (
        [
            helper.make_node("Shape", ["x"], ["s"], start=0, end=1),
            helper.make_node("Concat", ["s", "rest"], ["target"], axis=0),
            helper.make_node("Expand", ["token", "target"], ["e"]),
            helper.make_node("Concat", ["e", "x"], ["y"], axis=1),
        ],
        {"x": (F, ["N", 6, 4])},
        {"y": (F, ["N", 7, 4])},
        {"token": weights(1, 1, 4), "rest": np.array([1, 4])},
    ),
    "types": (
        [
            helper.make_node("Cast", ["x"], ["i"], to=I),
            helper.make_node("Greater", ["i", "two"], ["b"]),
            helper.make_node("Where", ["b", "i", "two"], ["y"]),
        ],
        {"x": (F, ["N", 6])},
        {"y": (I, ["N", 6])},
        {"two": np.array([2])},
    ),
    "windows of tokens": (
        [
            helper.make_node("Reshape", ["x", "apart"], ["a"]),
            helper.make_node("MatMul", ["a", "w"], ["b"]),
            helper.make_node("Softmax", ["b"], ["c"], axis=-1),
            helper.make_node("Reshape", ["c", "together"], ["y"]),
        ],
        {"x": (F, ["N", 4, 6])},
        {"y": (F, ["N", 2, 2, 5])},
        {"w": weights(6, 5), "apart": np.array([-1, 6]), "together": np.array([-1, 2, 2, 5])},
    ),
    "recurrent": (
        [
            helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
            helper.make_node("LSTM", ["t", "w", "r"], ["l"], hidden_size=5, direction="bidirectional"),
            helper.make_node("Transpose", ["l"], ["u"], perm=[2, 0, 1, 3]),
            helper.make_node("Reshape", ["u", "shape"], ["y"]),
        ],
        {"x": (F, ["N", 22, 3])},
        {"y": (F, ["N", 22, 10])},
        {"w": weights(2, 20, 3), "r": weights(2, 20, 5), "shape": np.array([0, 22, 10])},
    ),
    "sorted": (
        [
            helper.make_node("TopK", ["x", "k"], ["t", "i"], axis=2),
            helper.make_node("GatherElements", ["x", "i"], ["g"], axis=2),
            helper.make_node("CumSum", ["g", "one"], ["c"]),
            helper.make_node("Add", ["t", "c"], ["y"]),
        ],
        {"x": (F, ["N", 2, 9])},
        {"y": (F, ["N", 2, 3])},
        {"k": np.array([3]), "one": np.array(1)},
    ),
    "grid": (
        [helper.make_node("GridSample", ["x", "g"], ["y"], mode="linear")],
        {"x": (F, ["N", 2, 5, 6]), "g": (F, ["N", 3, 4, 2])},
        {"y": (F, ["N", 2, 3, 4])},
        {},
    ),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_ways_of_a_batch(name, tmp_path):
    nodes, inputs, outputs, initializers = INDEPENDENT[name]
    path = tmp_path / "network.onnx"
    made = model(nodes, inputs, outputs, initializers, path)
    library = Library(compile_network(path, tmp_path, "--batch=dynamic"))
    values = {key: 4 * samples(5, shape[1:], seed) for seed, (key, (_, shape)) in enumerate(inputs.items())}
    found, expected = library.run(values), run_onnx_model(made, values)
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, atol=1e-5, err_msg=key)


REFUSED = {
    "softmax over the batch": (
        [helper.make_node("Softmax", ["x"], ["y"], axis=0)],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", 4])},
        {},
    ),
    "mean over the batch": (
        [helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=1), helper.make_node("Sub", ["x", "m"], ["y"])],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", 4])},
        {"axes": np.array([0])},
    ),
    "batch as matrix": (
        [helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]), helper.make_node("MatMul", ["x", "t"], ["y"])],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", "N"])},
        {},
    ),
    "batch reshaped away": (
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        {"x": (F, ["N", 4])},
        {"y": (F, ["M"])},
        {"shape": np.array([-1])},
    ),
    "batch moved": (
        [helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0])],
        {"x": (F, ["N", 4])},
        {"y": (F, [4, "N"])},
        {},
    ),
    "samples in the place of steps": (
        [
            helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
            helper.make_node("Reshape", ["t", "shape"], ["f"]),
            helper.make_node("Reshape", ["x", "shape"], ["g"]),
            helper.make_node("Add", ["f", "g"], ["s"]),
            helper.make_node("Reshape", ["s", "back"], ["y"]),
        ],
        {"x": (F, ["N", 4, 3])},
        {"y": (F, ["N", 4, 3])},
        {"shape": np.array([-1, 3]), "back": np.array([-1, 4, 3])},
    ),
    "concatenated samples": (
        [helper.make_node("Concat", ["x", "x"], ["y"], axis=0)],
        {"x": (F, ["N", 4])},
        {"y": (F, ["M", 4])},
        {},
    ),
    "first sample": (
        [helper.make_node("Slice", ["x", "zero", "one", "zero"], ["f"]), helper.make_node("Add", ["x", "f"], ["y"])],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", 4])},
        {"zero": np.array([0]), "one": np.array([1])},
    ),
    "running sum over the batch": (
        [helper.make_node("CumSum", ["x", "axis"], ["y"])],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", 4])},
        {"axis": np.array(0)},
    ),
    "size of the batch": (
        [
            helper.make_node("Shape", ["x"], ["s"], start=0, end=1),
            helper.make_node("Cast", ["s"], ["n"], to=F),
            helper.make_node("Mul", ["x", "n"], ["y"]),
        ],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", 4])},
        {},
    ),
    "number of the sample": (
        [
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node("Gather", ["s", "zero"], ["n"]),
            helper.make_node("Range", ["zero", "n", "one"], ["r"]),
            helper.make_node("Unsqueeze", ["r", "last"], ["u"]),
            helper.make_node("Cast", ["u"], ["c"], to=F),
            helper.make_node("Add", ["x", "c"], ["y"]),
        ],
        {"x": (F, ["N", 4])},
        {"y": (F, ["N", 4])},
        {"zero": np.int64(0), "one": np.int64(1), "last": np.array([1])},
    ),
    "a result without batch": (
        [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["a"], ["z"])],
        {"x": (F, ["N", 4]), "a": (F, [3])},
        {"y": (F, ["N", 4]), "z": (F, [3])},
        {},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_mixed_samples_are_refused(name, tmp_path):
    """With one sentence, which says how samples are mixed; a batch of a known size is no problem."""
    nodes, inputs, outputs, initializers = REFUSED[name]
    path = tmp_path / "network.onnx"
    model(nodes, inputs, outputs, initializers, path)
    with pytest.raises(CompilerError) as raised:
        compile_network(path, tmp_path, "--batch=dynamic")
    message = str(raised.value)
    assert message.count("error: ") == 1 and "network.onnx" in message, message
    assert "the samples of the batch can't be computed one by one" in message, message
    Library(compile_network(path, tmp_path, "--batch=2"))


def test_a_shape_that_fits_one_sample(tmp_path):
    """What the importer says is about a size that nobody asked for; a note tells whose it is."""
    path = tmp_path / "flat.onnx"
    shape = {"shape": np.array([1, 8])}
    model([helper.make_node("Reshape", ["x", "shape"], ["y"])], {"x": (F, [1, 2, 4])}, {"y": (F, [1, 8])}, shape, path)
    with pytest.raises(CompilerError) as raised:
        compile_network(path, tmp_path, "--batch=dynamic")
    error, note = str(raised.value).splitlines()
    assert "layer 'y': Reshape: its input of shape 11x2x4 can't be reshaped to [1, 8]" in error
    assert note.startswith("note: ") and note.endswith("tried with a batch of 11, as any size must do for --batch=dynamic")


def test_a_network_without_a_batch(tmp_path):
    path = tmp_path / "scalar.onnx"
    model([helper.make_node("Neg", ["x"], ["y"])], {"x": (F, [])}, {"y": (F, [])}, {}, path)
    with pytest.raises(CompilerError, match="--batch=dynamic: no input has a leading dimension that could be the batch"):
        compile_network(path, tmp_path, "--batch=dynamic")


def test_a_number_of_samples_that_is_none(tmp_path):
    path = tmp_path / "x.onnx"
    model([helper.make_node("Neg", ["x"], ["y"])], {"x": (F, ["N"])}, {"y": (F, ["N"])}, {}, path)
    with pytest.raises(CompilerError, match="--batch: found 'any', expected a number of at least 1, or dynamic"):
        compile_network(path, tmp_path, "--batch=any")
