"""Dense layers of tensors of several dimensions, as MatMul and what follows it: against ONNX Runtime and the naive evaluator.

Bias, activation, residual and the next layer, on one row and many, channels around vectors, and what is read more than once.
"""

import functools
import pathlib
import tempfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_runtime import run_onnx_model
from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads

SHAPES = [(1, 1, 7), (1, 13, 16), (2, 3, 17), (1, 5, 7, 33), (2, 1, 3, 4, 8), (1, 97, 64), (197, 1, 48), (1, 131, 160), (3, 177, 48)]
ACTIVATIONS = ("gelu", "Relu", "Sigmoid", "Tanh")


class Blocks:
    """A model with a block for each shape: two dense layers with all that stands around them, and other things behind some."""

    def __init__(self):
        self.random = np.random.default_rng(5)
        self.nodes, self.constants, self.outputs, self.inputs = [], [], {}, {}
        for number, shape in enumerate(SHAPES):
            self.add_block(f"x{number}", shape, ACTIVATIONS[number % len(ACTIVATIONS)], number)
        graph = helper.make_graph(
            self.nodes,
            "rows",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in self.inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in self.outputs.items()],
            self.constants,
        )
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def add(self, operator, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def draw(self, *shape):
        return self.constant((self.random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32))

    def activate(self, name, x):
        if name != "gelu":
            return self.add(name, x)
        numbers = [self.constant(np.float32(value)) for value in (np.sqrt(2), 1, 0.5)]
        factor = self.add("Add", self.add("Erf", self.add("Div", x, numbers[0])), numbers[1])
        return self.add("Mul", self.add("Mul", x, factor), numbers[2])

    def add_block(self, x, shape, activation, number):
        self.inputs[x] = self.random.normal(size=shape).astype(np.float32)
        channels, wide = shape[-1], 3 * shape[-1] + number
        product = self.add("MatMul", x, self.draw(channels, wide))
        biased = product if number == 3 else self.add("Add", self.draw(wide), product)
        if number % 2:
            # As exporters reshape.
            flat = self.add("Reshape", biased, self.constant(np.array([-1])))
            biased = self.add("Reshape", flat, self.constant(np.array([*shape[:-1], wide])))
        narrow = self.add("MatMul", self.activate(activation, biased), self.draw(wide, channels))
        shifted = self.add("Add", narrow, self.draw(*[1] * (len(shape) - 1), channels))
        found = [self.add("Add", shifted, x)]
        if number in (2, 4, 6):
            # Factors of the rows, and another reader, of more dimensions.
            found.append(self.add("Mul", narrow, self.draw(1, *shape[1:-1], 1)))
            halves = self.add("Reshape", product, self.constant(np.array([-1, wide, 1])))
            found.append(self.add("Relu", halves))
        for value, size in zip(found, (shape, shape, (int(np.prod(shape[:-1])), wide, 1))):
            self.outputs[value] = size

    def write(self, directory):
        path = pathlib.Path(directory) / "rows.onnx"
        onnx.save(self.model, path)
        return path

    @functools.cached_property
    def expected(self):
        return run_onnx_model(self.model, self.inputs)

    def check(self, found):
        for name, expected in self.expected.items():
            np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-5 * np.max(np.abs(expected)), err_msg=name)


@functools.cache
def blocks():
    return Blocks()


@functools.cache
def compiled(*options):
    with tempfile.TemporaryDirectory() as directory:
        return Library(compile_network(blocks().write(directory), directory, *options))


@pytest.mark.parametrize("algorithm", (None, "pointwise", "direct", "strassen"))
@pytest.mark.parametrize("cpu", ("native", "x86-64", "x86-64-v3"))
def test_blocks(cpu, algorithm):
    if cpu != "native" and not runs_here(cpu):
        pytest.skip(f"this processor is no {cpu}")
    options = [f"--algorithm={algorithm}"] if algorithm else []
    blocks().check(compiled(f"--mcpu={cpu}", *options).run(blocks().inputs))


def test_the_naive_evaluator_agrees(tmp_path):
    network = blocks()
    network.check(evaluate_reference(network.write(tmp_path), network.inputs, tmp_path, network.outputs))


@pytest.mark.parametrize("threads", (2, 3))
def test_same_bits_with_a_pool(threads):
    library = compiled("--mcpu=native")
    alone, found = library.run(blocks().inputs), run_with_threads(library, blocks().inputs, threads)
    assert all(found[output].tobytes() == alone[output].tobytes() for output in alone)


def test_epilogues(tmp_path):
    """Every first layer has its activation, every second one its residual."""
    process = run_toeplitz("compile", blocks().write(tmp_path), "--emit=schedule")
    assert process.returncode == 0, process.stderr
    layers = [line for line in process.stdout.splitlines() if "kernel.conv " in line]
    assert len(layers) == 2 * len(SHAPES)
    # (Of three blocks, something else reads the results as well.)
    assert sum(" activation <" in line for line in layers) == len(SHAPES) - 3
    assert sum(" residual " in line for line in layers) == len(SHAPES) - 3
