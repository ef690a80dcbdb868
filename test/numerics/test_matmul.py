"""Products of matrices that the network computes, against double precision, ONNX Runtime and the naive evaluator.

Rows and columns around register tiles and vectors, products of one, batches that repeat, and the orders of dimensions that Einsum has.
"""

import functools
import pathlib
import tempfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from foreign_machine import Program, needs_aarch64
from onnx_runtime import run_onnx_model
from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, evaluate_reference, run_toeplitz, run_with_threads

# Shapes for MatMul; an equation and shapes for Einsum.
MATMULS = [
    ((12, 49, 32), (12, 32, 49)),
    ((2, 49, 49), (2, 49, 32)),
    ((2, 3, 197, 64), (2, 3, 64, 197)),
    ((13, 1), (1, 19)),
    ((2, 2), (2, 2)),
    ((7, 11), (11, 3)),
    ((2, 5), (5, 130)),
    ((97, 89), (89, 5)),
    ((3, 31, 17), (17, 37)),
    ((31, 17), (3, 17, 37)),
    ((4, 1, 6, 5), (2, 5, 33)),
    ((1, 3, 6, 5), (2, 1, 5, 15)),
    # No matrix of two rows and two columns.
    ((1, 17), (17, 33)),
    ((9, 17), (17, 1)),
    ((17,), (17, 33)),
]
# Rows of the other matrix that span more than a second-level cache (of 2 MB at most): their columns are copied together. Rounds of products
# with a rest, one round alone, columns that are no whole vectors, few columns for many rows, rows that don't lie together.
COPIED = [
    ((29, 331), (331, 1987)),
    ((2, 40, 67), (2, 67, 8011)),
    ((131, 1300), (1300, 512)),
    ((205, 13100), (13100, 41)),
]
COPIED_EINSUMS = [("ki,kj->ij", (1031, 23), (1031, 611)), ("ik,kbj->bij", (25, 400), (400, 3, 700))]
EINSUMS = [
    ("bhid,bhjd->bhij", (2, 3, 49, 32), (2, 3, 49, 32)),
    ("bhij,bhjd->bhid", (2, 3, 49, 49), (2, 3, 49, 32)),
    ("bihd,bjhd->bhij", (2, 29, 3, 16), (2, 31, 3, 16)),
    ("bhij,bjhd->bihd", (2, 3, 29, 31), (2, 31, 3, 16)),
    ("ij,kj->ki", (23, 7), (18, 7)),
    ("ki,kj->ij", (7, 23), (7, 18)),
    ("ik,kj->ji", (23, 7), (7, 18)),
    ("ik,jk->ij", (3, 40), (5, 40)),
    ("abk,kc->abc", (4, 5, 6), (6, 7)),
    # Two sums, and sums of one tensor alone.
    ("ikl,klj->ij", (5, 3, 4), (3, 4, 6)),
    ("ikl,kj->ij", (5, 3, 4), (3, 6)),
]


def random_cases(seed, count):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        rows, columns, products = (int(size) for size in np.exp(generator.uniform(0, np.log(90), 3)))
        batch = [int(size) for size in generator.integers(1, 4, generator.integers(0, 3))]
        left, right = ([size if generator.random() < 0.8 else 1 for size in batch] for _ in range(2))
        yield (*left, rows, products), (*right[generator.integers(0, len(right) + 1) :], products, columns)


class Products:
    """A model with a result for each case."""

    def __init__(self, matmuls, einsums):
        random = np.random.default_rng(3)
        self.inputs, self.expected, self.bounds = {}, {}, {}
        nodes = []
        for number, case in enumerate([("", *shapes) for shapes in matmuls] + list(einsums)):
            equation, *shapes = case
            names = [f"a{number}", f"b{number}"]
            for name, shape in zip(names, shapes):
                self.inputs[name] = random.normal(size=shape).astype(np.float32)
            wide = [self.inputs[name].astype(np.float64) for name in names]
            multiply = functools.partial(np.einsum, equation) if equation else np.matmul
            output = f"y{number}"
            self.expected[output] = multiply(*wide)
            # Each of the sum's steps rounds it, and each product may be rounded as well.
            steps = 2 * max(shapes[0][-2:] + shapes[1][-2:])
            self.bounds[output] = steps * 2.0**-24 * multiply(*(np.abs(values) for values in wide)) + 1e-30
            attributes = {"equation": equation} if equation else {}
            nodes.append(helper.make_node("Einsum" if equation else "MatMul", names, [output], **attributes))
        self.model = helper.make_model(
            helper.make_graph(
                nodes,
                "products",
                [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in self.inputs.items()],
                [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in self.expected.items()],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )

    def write(self, directory):
        path = pathlib.Path(directory) / "products.onnx"
        onnx.save(self.model, path)
        return path

    def check(self, found):
        for name, expected in self.expected.items():
            error = np.abs(found[name].reshape(expected.shape) - expected)
            assert np.all(error <= self.bounds[name]), f"{name}: {expected.shape}, error {np.max(error)}"


SETS = {"chosen": (MATMULS, EINSUMS), "copied": (COPIED, COPIED_EINSUMS), "random": (list(random_cases(1, 60)), [])}


@functools.cache
def products(name):
    return Products(*SETS[name])


@functools.cache
def compiled(name, *options):
    with tempfile.TemporaryDirectory() as directory:
        return Library(compile_network(products(name).write(directory), directory, *options))


@pytest.mark.parametrize("cpu", ("native", "x86-64", "x86-64-v3", "x86-64-v4"))
@pytest.mark.parametrize("name", SETS)
def test_product(name, cpu):
    if cpu != "native" and not runs_here(cpu):
        pytest.skip(f"this processor is no {cpu}")
    products(name).check(compiled(name, f"--mcpu={cpu}").run(products(name).inputs))


@needs_aarch64
@pytest.mark.parametrize("name", SETS)
def test_product_on_aarch64(name, tmp_path):
    network = products(name)
    network.check(Program(network.write(tmp_path)).run(network.inputs, network.expected))


@pytest.mark.parametrize("name", SETS)
def test_onnx_runtime_and_the_naive_evaluator_agree(name, tmp_path):
    network = products(name)
    network.check(run_onnx_model(network.model, network.inputs))
    network.check(evaluate_reference(network.write(tmp_path), network.inputs, tmp_path, network.expected))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("threads", (2, 3, 7))
def test_same_bits_with_a_pool(name, threads):
    library, inputs = compiled(name, "--mcpu=native"), products(name).inputs
    alone, found = library.run(inputs), run_with_threads(library, inputs, threads)
    assert all(found[output].tobytes() == alone[output].tobytes() for output in alone)


def test_they_have_a_kernel(tmp_path):
    """All but those of single rows or columns, of several sums, and of few rows whose other matrix would have to be transposed."""
    process = run_toeplitz("compile", products("chosen").write(tmp_path), "--emit=schedule")
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("kernel.matmul ins") == len(MATMULS) - 3 + len(EINSUMS) - 3
