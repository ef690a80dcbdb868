"""Networks on a GPU, emulated by default: compiled code against the naive evaluator and ONNX Runtime, which share no code with the kernels.

In emulation, convolutions run with every access to a block's memory watched, so that a missing barrier fails them. The emulator
switches between threads in software: shapes are small there.
"""

import numpy as np
import pytest

import test_border_cases
import test_operators
from general_ir import BFLOAT16, generic, tensor, write_network
from gpu_target import CHECKED, ON_GPU, by_speed, only_in_emulation
from onnx import helper
from onnx_runtime import run_onnx_model
from operator_cases import Pack, comparisons, description_of, member_name, packs_of
from random_windows import (
    product,
    random_cases,
    random_convolution,
    random_large_convolution,
    random_pooling,
    random_transposed_convolution,
)
from test_dynamic_batch import F, samples, weights
from test_dynamic_batch import model as make_model
from toeplitz_process import SOURCE_ROOT, Library, compile_network, evaluate_reference, run_toeplitz, write_description

ALGORITHMS = ("implicit-gemm", "direct")
WINDOWS = ("conv", "conv_transpose", "linear")
# Multiplications (at stride 1) of the largest convolution that the GPU is given; on a real one the naive evaluator is the limit.
LARGEST_WORK = by_speed(15_000, 200_000_000)


def work(case):
    """The multiplications of a convolution, at most; for other operators the elements that they read, each by every window."""
    layer, shape = case.layer, case.shapes[0]
    outputs = layer.get("out_channels", layer.get("out_features", shape[1] if len(shape) > 1 else 1))
    sizes = shape[2:]
    if layer["op"] == "conv_transpose":
        strides = layer.get("stride", 1)
        strides = strides if isinstance(strides, list) else [strides] * len(sizes)
        sizes = [size * stride for size, stride in zip(sizes, strides)]
    return shape[0] * product(sizes) * outputs * case.reduction


def small(cases, limit=LARGEST_WORK):
    return [case for case in cases if work(case) <= limit]


CONVOLUTIONS = [
    *small(random_cases(1, by_speed(140, 200), random_convolution))[: by_speed(25, 200)],
    *small(random_cases(2, by_speed(60, 100), random_transposed_convolution))[: by_speed(12, 100)],
    *small(random_cases(4, by_speed(0, 100), random_large_convolution))[:75],
    *(case for case in small(test_border_cases.CASES) if case.layer["op"] in WINDOWS),
]
CONVOLUTION_PACKS = [
    pack for name in ALGORITHMS for pack in packs_of(name.replace("-", "_"), CONVOLUTIONS, options=(*CHECKED, f"--algorithm={name}"))
]
POOLINGS = [
    *small(random_cases(3, by_speed(80, 200), random_pooling))[: by_speed(25, 200)],
    *(case for case in small(test_border_cases.CASES) if case.layer["op"] not in WINDOWS),
]
OPERATOR_PACKS = [
    *packs_of("poolings", POOLINGS, options=ON_GPU),
    *(Pack(pack.name, pack.cases, ON_GPU) for pack in test_operators.PACKS),
]


def of_compiled_code(packs):
    """Other tests compare the oracles with each other."""
    return [test for test in comparisons(packs) if test[2] != Pack.check_reference_against_onnx_runtime]


@pytest.mark.parametrize("pack, place, comparison", of_compiled_code(CONVOLUTION_PACKS), ids=member_name)
def test_convolution(pack, place, comparison):
    comparison(pack, place)


@pytest.mark.parametrize("pack, place, comparison", of_compiled_code(OPERATOR_PACKS), ids=member_name)
def test_operator(pack, place, comparison):
    comparison(pack, place)


RECURRENT = {"RNN": 1, "GRU": 3, "LSTM": 4}


@pytest.mark.parametrize("batch", ["1", "2", "dynamic"])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("op", RECURRENT)
def test_recurrent_layer(op, direction, batch, tmp_path):
    """Its steps are a loop of the network, which the host walks."""
    directions = 2 if direction == "bidirectional" else 1
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node(op, ["steps", "w", "r"], ["all", "last"], hidden_size=5, direction=direction),
        helper.make_node("Transpose", ["all"], ["y"], perm=[2, 0, 1, 3]),
        helper.make_node("Transpose", ["last"], ["z"], perm=[1, 0, 2]),
    ]
    initializers = {"w": weights(directions, 5 * RECURRENT[op], 3), "r": weights(directions, 5 * RECURRENT[op], 5)}
    outputs = {"y": (F, ["N", 9, directions, 5]), "z": (F, ["N", directions, 5])}
    model = make_model(nodes, {"x": (F, ["N", 9, 3])}, outputs, initializers, tmp_path / "network.onnx")
    library = Library(compile_network(tmp_path / "network.onnx", tmp_path, f"--batch={batch}", *CHECKED))
    values = {"x": samples(5 if batch == "dynamic" else int(batch), (9, 3))}
    found, expected = library.run(values), run_onnx_model(model, values)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=1e-6, err_msg=name)
    assert write_ptx(tmp_path / "network.onnx", tmp_path / "kernels.ptx").returncode == 0


def write_ptx(model, path):
    """The finished process of a compilation to the text of a real GPU's kernels."""
    return run_toeplitz("compile", model, "--target=cuda", "--gpu-arch=sm_80", "--emit=ptx", "-o", path)


@pytest.mark.parametrize("pack", OPERATOR_PACKS, ids=member_name)
def test_operators_have_ptx(pack, tmp_path):
    model = write_description(description_of(pack.cases, pack.name), tmp_path)
    process = write_ptx(model, tmp_path / "kernels.ptx")
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "kernels.ptx").read_text().count(".entry") >= 1


def write_function(function, kind, directory):
    """A network that applies a function of one argument, or of two that are the same, to each element."""
    dtype = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "bf16": BFLOAT16}[kind]
    type_ = tensor((70,), dtype)
    arguments = "%a0, %a0" if function in ("math.powf", "math.atan2", "arith.remf") else "%a0"
    code = generic("i", [("%x", type_, "i")], [("%e", type_, "i")], f"%v = {function} {arguments} : {kind}\nlinalg.yield %v : {kind}")
    body = f"%e = tensor.empty() : {type_}\n%0 = {code}\nreturn %0 : {type_}"
    return write_network({"x": np.zeros(70, dtype)}, {"y": ((70,), dtype)}, body, directory)


# Compiled to arithmetic: by approximate-math, or by LLVM.
FUNCTIONS = [
    *(
        (kind, f"math.{name}")
        for kind in ("f32", "f64", "f16", "bf16")
        for name in "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 log10 log1p powf erf erfc cbrt".split()
    ),
    *((kind, "arith.remf") for kind in ("f32", "f64", "f16", "bf16")),
    *((kind, f"math.{name}") for kind in ("f32", "f64") for name in "sqrt rsqrt floor ceil round roundeven trunc absf".split()),
]


@pytest.mark.parametrize("kind, function", FUNCTIONS)
def test_function_has_ptx(kind, function, tmp_path):
    process = write_ptx(write_function(function, kind, tmp_path), tmp_path / "kernels.ptx")
    assert process.returncode == 0, process.stderr


def compare(found, expected):
    for name, values in expected.items():
        error = np.max(np.abs(found[name].astype(np.float64) - values))
        assert error <= 1e-4 * np.max(np.abs(values)), f"output {name}: error {error:.3g}"


RESIDUAL = {
    "name": "residual", "weights": {"random": 3}, "inputs": [{"name": "x", "shape": [2, 9, 6, 7]}],
    "layers": [
        {"name": "first", "op": "conv", "inputs": ["x"], "out_channels": 17, "kernel_size": 3, "padding": 1},
        {"name": "second", "op": "conv", "inputs": ["x"], "out_channels": 17, "kernel_size": 3, "padding": 1},
        {"name": "sum", "op": "add", "inputs": ["first", "second"]},
        {"name": "y", "op": "silu", "inputs": ["sum"]},
    ],
    "outputs": ["y"],
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_bias_residual_and_activation(algorithm, tmp_path):
    x = {"x": np.random.default_rng(1).normal(size=(2, 9, 6, 7)).astype(np.float32)}
    found = Library(compile_network(RESIDUAL, tmp_path, *CHECKED, f"--algorithm={algorithm}")).run(x)
    compare(found, evaluate_reference(RESIDUAL, x, tmp_path))


@pytest.mark.parametrize("name", ("lenet5", "digits", "periodic_flow"))
def test_example(name, tmp_path):
    model = SOURCE_ROOT / "examples" / name / f"{name}.json"
    library = Library(compile_network(model, tmp_path, *ON_GPU))
    generator = np.random.default_rng(2)
    inputs = {key: generator.normal(size=shape).astype(np.float32) for key, shape in library.inputs.items()}
    found, again = library.run(inputs), library.run(inputs)
    compare(found, evaluate_reference(model, inputs, tmp_path, names=list(found)))
    assert all(found[key].tobytes() == again[key].tobytes() for key in found)


def test_dynamic_batch(tmp_path):
    model = SOURCE_ROOT / "examples" / "lenet5" / "lenet5.json"
    single = Library(compile_network(model, tmp_path, *ON_GPU))
    dynamic = Library(compile_network(model, tmp_path, *ON_GPU, "--batch=dynamic"))
    images = np.random.default_rng(3).normal(size=(3, 1, 28, 28)).astype(np.float32)
    found = dynamic.run({"image": images})
    for i in range(3):
        for key, values in single.run({"image": images[i : i + 1]}).items():
            assert values.tobytes() == found[key][i : i + 1].tobytes()


@only_in_emulation("races are not watched")
def test_a_missing_barrier_is_a_race(tmp_path):
    """The kernel of implicit-gemm with its barriers, and without them."""
    description = {**RESIDUAL, "layers": [{**RESIDUAL["layers"][0], "name": "y"}]}
    loops = tmp_path / "loops.mlir"
    model = write_description(description, tmp_path)
    process = run_toeplitz("compile", model, *CHECKED, "--algorithm=implicit-gemm", "--emit=loops", "-o", loops)
    assert process.returncode == 0, process.stderr
    x = {"x": np.ones((2, 9, 6, 7), np.float32)}
    Library(compile_network(loops, tmp_path, *CHECKED)).run(x)
    lines = loops.read_text().splitlines()
    broken = tmp_path / "broken.mlir"
    broken.write_text("\n".join(line for line in lines if "gpu.barrier" not in line))
    library = Library(compile_network(broken, tmp_path, *CHECKED))
    with pytest.raises(AssertionError, match="status 12: .*race"):
        library.run(x)
