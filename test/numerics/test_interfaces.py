"""What goes in and out: outputs that are inputs or intermediate values, values read twice, names that C could mind."""

import ctypes

import numpy as np
import pytest

from toeplitz_process import FloatPointer, Library, aligned_bytes, compile_network


def network(layers, outputs, inputs=None):
    return {
        "name": "interface",
        "weights": {"random": 7},
        "inputs": inputs or [{"name": "x", "shape": [1, 3, 4, 5]}],
        "layers": layers,
        "outputs": outputs,
    }


def values(shape=(1, 3, 4, 5), seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def run(description, directory, **inputs):
    return Library(compile_network(description, directory)).run(inputs)


def test_an_input_is_an_output(tmp_path):
    found = run(network([{"name": "same", "op": "identity"}], ["same"]), tmp_path, x=values())
    assert np.array_equal(found["same"], values())


def test_only_the_shape_changes(tmp_path):
    found = run(network([{"name": "flat", "op": "flatten"}], ["flat"]), tmp_path, x=values())
    assert np.array_equal(found["flat"], values().reshape(1, 60))


def test_an_output_is_read_by_later_layers(tmp_path):
    layers = [{"name": "first", "op": "relu"}, {"name": "second", "op": "neg"}, {"name": "third", "op": "abs"}]
    found = run(network(layers, ["third", "first", "second"]), tmp_path, x=values())
    assert np.array_equal(found["first"], np.maximum(values(), 0))
    assert np.array_equal(found["second"], -np.maximum(values(), 0))
    assert np.array_equal(found["third"], np.maximum(values(), 0))


def test_one_value_is_two_outputs(tmp_path):
    layers = [{"name": "act", "op": "relu"}, {"name": "again", "op": "identity"}]
    found = run(network(layers, ["act", "again"]), tmp_path, x=values())
    assert np.array_equal(found["act"], np.maximum(values(), 0))
    assert np.array_equal(found["again"], found["act"])


def test_a_value_is_read_twice_by_one_layer(tmp_path):
    layers = [{"name": "double", "op": "add", "inputs": ["x", "x"]}, {"name": "wide", "op": "concat", "inputs": ["double", "double"]}]
    found = run(network(layers, ["wide"]), tmp_path, x=values())
    assert np.array_equal(found["wide"], np.concatenate([2 * values(), 2 * values()], axis=1))


def test_an_input_nobody_reads(tmp_path):
    inputs = [{"name": "x", "shape": [1, 3, 4, 5]}, {"name": "unused", "shape": [2, 2]}]
    layers = [{"name": "act", "op": "relu", "inputs": ["x"]}]
    found = run(network(layers, ["act"], inputs), tmp_path, x=values(), unused=np.zeros((2, 2)))
    assert np.array_equal(found["act"], np.maximum(values(), 0))


def test_a_layer_nobody_reads(tmp_path):
    layers = [{"name": "dead", "op": "conv", "out_channels": 8, "kernel_size": 3}, {"name": "act", "op": "relu", "inputs": ["x"]}]
    found = run(network(layers, ["act"]), tmp_path, x=values())
    assert np.array_equal(found["act"], np.maximum(values(), 0))


def test_layers_in_any_order(tmp_path):
    layers = [{"name": "second", "op": "neg", "inputs": ["first"]}, {"name": "first", "op": "relu", "inputs": ["x"]}]
    found = run(network(layers, ["second"]), tmp_path, x=values())
    assert np.array_equal(found["second"], -np.maximum(values(), 0))


@pytest.mark.parametrize("name", ("layer1.0.conv1", "while", "a b", "int", "main", "run"))
def test_names(name, tmp_path):
    """Layers of PyTorch have dots in their names; others are words of C."""
    found = run(network([{"name": name, "op": "relu"}], [name]), tmp_path, x=values())
    assert np.array_equal(found[name], np.maximum(values(), 0))


@pytest.mark.parametrize("shape", ((1,), (7,), (3, 1), (2, 3, 1), (1, 1, 1, 1, 1)))
def test_ranks(shape, tmp_path):
    inputs = [{"name": "x", "shape": list(shape)}]
    found = run(network([{"name": "act", "op": "relu"}], ["act"], inputs), tmp_path, x=values(shape))
    assert np.array_equal(found["act"], np.maximum(values(shape), 0))


@pytest.fixture(name="convolution", scope="module")
def compiled_convolution(tmp_path_factory):
    """Two layers, so that there is something in the workspace."""
    layers = [
        {"name": "conv", "op": "conv", "out_channels": 20, "kernel_size": 3, "padding": 1},
        {"name": "pool", "op": "max_pool", "kernel_size": 2},
    ]
    return Library(compile_network(network(layers, ["pool"]), tmp_path_factory.mktemp("convolution")))


def call_run(library, x, y, workspace=None):
    """interface_run of interface.h."""
    function = library.handle.interface_run
    function.restype = ctypes.c_int
    pointer = lambda array: array.ctypes.data_as(FloatPointer) if array is not None else None  # noqa: E731
    return function(pointer(x), pointer(y), ctypes.c_void_p(workspace))


def test_the_named_entry(convolution):
    """With and without a workspace of the caller's."""
    expected = convolution.run({"x": values()})["pool"]
    workspace = aligned_bytes(max(1, convolution.network.workspace_size))
    for memory in (None, workspace.ctypes.data):
        found = np.zeros_like(expected)
        assert call_run(convolution, values(), found, memory) == 0
        assert np.array_equal(found, expected)


def test_wrong_arguments_are_refused(convolution):
    """A number that says what is wrong, and nothing written."""
    error_string = convolution.handle.interface_error_string
    error_string.restype = ctypes.c_char_p
    y = np.full(convolution.outputs["pool"], 5, np.float32)
    workspace = aligned_bytes(convolution.network.workspace_size + 64)
    wrong = [
        call_run(convolution, None, y),
        call_run(convolution, values(), None),
        call_run(convolution, values(), y, workspace.ctypes.data + 4),
    ]
    assert all(status != 0 for status in wrong)
    assert len({error_string(status) for status in (0, *wrong)}) >= 3
    assert np.all(y == 5)
