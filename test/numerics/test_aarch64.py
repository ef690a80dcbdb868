"""Code for AArch64, run by QEMU on other machines, against the naive evaluator: every algorithm and operator on NEON, and what programs do.

QEMU computes a hundred times slower than a processor, so that shapes are small and many cases share a program."""

import json
import platform
import subprocess
import sys

import numpy as np
import pytest

import test_activations
import test_algorithms
import test_border_cases
import test_double_math
import test_dynamic_batch
import test_element_types
import test_fourier_volumes
import test_operators
import test_separable
import test_vector_math
import toeplitz
from foreign_machine import ForeignPack, Program, compile_foreign, needs_aarch64
from operator_cases import Case, check, member_name, members
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from toeplitz_process import SOURCE_ROOT, evaluate_reference, run_toeplitz, write_description

pytestmark = needs_aarch64


def work(case):
    """Products of a case, roughly: those of one output, times its inputs."""
    return case.reduction * sum(np.prod(shape) for shape in case.shapes)


def small(cases, most=2e6):
    return [case for case in cases if work(case) <= most]


# 1 to 3 dimensions, strides, dilations, groups, asymmetric padding of every mode, transposed; special cases of each algorithm.
WINDOWS = [
    *small(test_algorithms.SPECIAL_CASES),
    *random_cases(31, 16, random_convolution),
    *random_cases(32, 8, random_transposed_convolution),
]
PACKS = [
    *[ForeignPack(f"forced_{name.replace('-', '_')}", WINDOWS, [f"--algorithm={name}"]) for name in test_algorithms.ALGORITHMS],
    ForeignPack("winograd_f2", test_algorithms.WINOGRAD_CASES, ["--algorithm=winograd:f2"]),
    ForeignPack("winograd_f4", test_algorithms.WINOGRAD_CASES, ["--algorithm=winograd:f4"]),
    ForeignPack("winograd_f6", test_algorithms.with_slack(2.0), ["--algorithm=winograd:f6"]),
    ForeignPack(
        "fourier", [*small(test_algorithms.FOURIER_CASES, 2e7), *small(test_fourier_volumes.CASES)], ["--algorithm=fft"]
    ),
    ForeignPack("pruned", [*test_algorithms.SPARSE_BORDERS, *WINDOWS[:8]], ["--algorithm=filter-toeplitz"], sparsity=0.8),
    # What is chosen, at every border.
    ForeignPack("borders", small(test_border_cases.CASES)),
    ForeignPack("poolings", random_cases(33, 12, random_pooling)),
    ForeignPack("normalizations", test_operators.NORMALIZATIONS),
    ForeignPack("resizes", test_operators.RESIZES),
    ForeignPack("arithmetic", test_operators.ARITHMETIC),
    ForeignPack("movements", test_operators.MOVEMENTS),
    # Other instructions than the base architecture's: half precision and dot products; SVE, of 128 bits and of 512.
    ForeignPack("neoverse_n1", WINDOWS, ["--mcpu=neoverse-n1"], cpu="neoverse-n1"),
    ForeignPack("sve_128", [*WINDOWS, *test_operators.NORMALIZATIONS], ["--mcpu=neoverse-v2"], cpu="max,sve128=on,sve256=off,sve512=off"),
    ForeignPack("sve_512", [*WINDOWS, *test_operators.MOVEMENTS], ["--mcpu=neoverse-v1"], cpu="max,sve512=on"),
    ForeignPack("apple_m1", [*WINDOWS, *test_operators.ARITHMETIC], ["--mcpu=apple-m1"]),
]


@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_against_the_evaluator(pack, place):
    pack.check_compiled_against_reference(place)


@pytest.fixture(name="activations", scope="module")
def compiled_activations():
    return Program(test_activations.DESCRIPTION).run(test_activations.INPUTS, test_activations.DESCRIPTION["outputs"])


@pytest.mark.parametrize("function", test_activations.FUNCTIONS, ids=lambda f: f.name)
def test_activation(function, activations):
    test_activations.check(function, activations[function.name], "compiled code")


@pytest.fixture(name="vector_math", scope="module")
def compiled_vector_math(tmp_path_factory):
    """Every 64th point, and as many more as make a number that no vector divides."""
    x = test_vector_math.points()[::64][:-1]
    x = x[: x.size // 4 * 4 - 1]
    path = test_vector_math.write_functions(tmp_path_factory.mktemp("functions"), x.size)
    return x, Program(path).run({"x": x}, [function.name for function in test_vector_math.FUNCTIONS])


@pytest.mark.parametrize("function", test_vector_math.FUNCTIONS, ids=lambda f: f.name)
def test_vector_function(function, vector_math):
    """Within the bounds that hold with fused multiply-adds."""
    x, found = vector_math
    assert test_vector_math.errors(function, found[function.name], x).max() <= function.ulp[0]


def run_double_math(arguments, folder):
    """Every 16th of the numbers that the functions are tested with, and what they are there."""
    functions = [function for function in test_double_math.FUNCTIONS if function.arguments == arguments]
    x = test_double_math.arguments_of(functions[0])[:, ::16]
    path = test_double_math.write_functions(folder, functions, x.shape[1])
    return x, Program(path).run(dict(zip("xz", x)), [function.name for function in functions])


@pytest.fixture(name="double_math", scope="module")
def compiled_double_math(tmp_path_factory):
    return {arguments: run_double_math(arguments, tmp_path_factory.mktemp("functions")) for arguments in (1, 2)}


@pytest.mark.parametrize("function", test_double_math.FUNCTIONS, ids=lambda f: f.name)
def test_double_function(function, double_math):
    x, found = double_math[function.arguments]
    assert test_double_math.errors_of(function, found[function.name], x).max() <= test_double_math.bound_of(function, lanes=4)


@pytest.mark.parametrize("name", ("residual", "strided", "inverted_residual"))
def test_separable_pair(name, tmp_path):
    """Computed together a few rows at a time, of which those before the depthwise convolution lie in a ring."""
    description = test_separable.description_of(name, test_separable.PAIRS[name])
    options = (test_separable.algorithms_of(description),)
    process = run_toeplitz(
        "compile", write_description(description, tmp_path), "--emit=schedule", "--brief", "--mtriple=aarch64-linux-gnu", *options
    )
    assert "kernel.separable" in process.stdout
    inputs = {"x": np.random.default_rng(6).uniform(-1, 1, description["inputs"][0]["shape"]).astype(np.float32)}
    program = Program(description, *options)
    (output,) = description["outputs"]
    found, expected = program.run(inputs, [output])[output], evaluate_reference(description, inputs, tmp_path)[output]
    case = Case(description["layers"][1], (inputs["x"].shape,), reduction=40)
    check(case, found, expected, "compiled code", "the evaluator")
    assert np.array_equal(program.run(inputs, [output], "--threads", "2")[output], found)


# Lower resolutions than in test/examples/test_networks.py.
EXAMPLES = {"lenet5": (28, 2), "squeezenet": (48, 1), "mobilenet_v2": (32, 1)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, tmp_path):
    """With one thread and with two: the same bits."""
    resolution, batch = EXAMPLES[name]
    path = tmp_path / f"{name}.json"
    command = [sys.executable, SOURCE_ROOT / "examples" / name / "generate.py", "--output", path]
    subprocess.run([*command, "--resolution", str(resolution), "--batch", str(batch)], check=True)
    description = json.loads(path.read_text())
    (source,), output = description["inputs"], description["layers"][-1]["name"]
    inputs = {source["name"]: np.random.default_rng(0).standard_normal(source["shape"], np.float32)}
    program = Program(path)
    found = program.run(inputs, [output])[output]
    expected = evaluate_reference(path, inputs, tmp_path, [output])[output]
    assert np.abs(found - expected).max() <= 2e-5 * np.abs(expected).max()
    assert np.array_equal(program.run(inputs, [output], "--threads", "2")[output], found)


def test_batch_of_any_size(tmp_path):
    """Each sample of a batch has the bits that it has alone, with two threads and with one."""
    network = test_dynamic_batch.NETWORK
    program = Program(network, "--batch=dynamic")
    x = test_dynamic_batch.samples(3)
    found = program.run({"x": x}, network["outputs"], "--threads", "2")
    expected = evaluate_reference(network, {"x": x[1:2]}, tmp_path)
    for name in network["outputs"]:
        alone = program.run({"x": x[1:2]}, [name])[name]
        assert found[name].shape[0] == 3 and np.array_equal(found[name][1:2], alone)
        np.testing.assert_allclose(alone, expected[name], rtol=0, atol=1e-5)


HALVES = """
func.func @main(%x: tensor<20xf32> {toeplitz.name = "x"}) -> (
    tensor<20xf16> {toeplitz.name = "half", toeplitz.type = "float16"}, tensor<20xf32> {toeplitz.name = "half_again"},
    tensor<20xf32> {toeplitz.name = "bfloat_again"}) {
  %0 = arith.truncf %x : tensor<20xf32> to tensor<20xf16>
  %1 = arith.extf %0 : tensor<20xf16> to tensor<20xf32>
  %2 = arith.truncf %x : tensor<20xf32> to tensor<20xbf16>
  %3 = arith.extf %2 : tensor<20xbf16> to tensor<20xf32>
  return %0, %1, %3 : tensor<20xf16>, tensor<20xf32>, tensor<20xf32>
}
"""


@pytest.mark.parametrize("options", ([], ["--mcpu=neoverse-v2"]), ids=["generic", "neoverse-v2"])
def test_half_precision(options, tmp_path):
    """With the base architecture's conversions, and with those of bfloat16."""
    model = tmp_path / "halves.mlir"
    model.write_text(HALVES)
    x = test_element_types.AWKWARD
    found = Program(model, *options).run({"x": x}, ["half", "half_again", "bfloat_again"])
    with np.errstate(all="ignore"):
        half, bfloat = x.astype(np.float16), x.astype(test_element_types.BFLOAT16)
    for name, expected in (("half", half), ("half_again", half), ("bfloat_again", bfloat)):
        np.testing.assert_array_equal(found[name].astype(np.float32), expected.astype(np.float32), err_msg=name)


SMALL = {
    "name": "small",
    "weights": {"random": 1},
    "inputs": [{"name": "x", "shape": [1, 3, 8, 8]}],
    "layers": [{"name": "y", "op": "conv", "out_channels": 4, "kernel_size": 3}],
}


def test_wrong_shape(tmp_path):
    program = Program(SMALL)
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 8, 9), np.float32))
    process = program.start("--input", tmp_path / "x.npy")
    assert process.returncode == 1
    assert process.stderr.startswith("error: ") and "(1, 3, 8, 9)" in process.stderr and "(1, 3, 8, 8)" in process.stderr


@pytest.mark.parametrize(
    "options, cpu, missing",
    [
        ([], "cortex-a53", None),
        (["--mcpu=cortex-a72"], "cortex-a53", None),
        (["--mcpu=neoverse-n1"], "neoverse-n1", None),
        (["--mcpu=neoverse-n1"], "cortex-a72", "lse"),
        (["--mcpu=a64fx"], "neoverse-n1", "complxnum"),
        (["--mcpu=neoverse-v1"], "a64fx", "rcpc"),
        (["--mcpu=neoverse-v2"], "max,sve=off", "sve"),
        (["--mcpu=neoverse-v2"], "max", None),
    ],
)
@pytest.mark.skipif(platform.machine() == "aarch64", reason="the processor is this machine's")
def test_processor(options, cpu, missing):
    """What the code needs is compared with what the kernel says of the processor."""
    process = Program(SMALL, *options, cpu=cpu).start("--bench", "--runs", "1")
    if missing is None:
        assert process.returncode == 0, process.stderr
        return
    assert process.returncode == 1
    assert process.stderr == f"error: this machine lacks '{missing}', a feature of the one that the network 'small' is compiled for\n"


@pytest.mark.skipif(platform.machine() == "aarch64", reason="such libraries run here")
def test_not_loaded_elsewhere(tmp_path):
    """Refused before the system's loader, whose message is that there is no such file."""
    library = compile_foreign(SMALL, tmp_path / "libsmall.so")
    for command in ("run", "bench"):
        process = run_toeplitz(command, library)
        assert process.returncode == 1
        assert process.stderr == f"error: '{library}' is compiled for aarch64, which this machine isn't\n"
    with pytest.raises(toeplitz.RunError, match="is compiled for another kind of processor"):
        toeplitz.load(library)
    process = run_toeplitz("bench", tmp_path / "small.json", "--mtriple=aarch64-linux-gnu")
    assert process.returncode == 1 and "can't run code for generic (aarch64-unknown-linux-gnu)" in process.stderr
