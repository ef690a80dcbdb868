"""Batches on a GPU, emulated by default, of networks whose branches and loops depend on numbers that kernels compute: each sample decides
by itself, against numpy; and what of such a network is a real GPU's code.
"""

import numpy as np
import pytest

import toeplitz
from device_tensors import put_on_device
from gpu_target import CHECKED, ON_GPU
from onnx import TensorProto, helper
from onnx_runtime import run_onnx_model
from test_dynamic_batch import F
from test_dynamic_batch import model as make_model
from test_gpu_decisions import make_layers
from toeplitz_process import Library, compile_network, run_toeplitz

# A sample is negated, or as often doubled as its second number says.
SAMPLE = "tensor<1x30xf32>"
DECIDING = f"""
module attributes {{toeplitz.dynamic_batch = {{inputs = array<i64: 0>, outputs = array<i64: 0>}}}} {{
  func.func @main(%x: {SAMPLE} {{toeplitz.name = "x"}}) -> ({SAMPLE} {{toeplitz.name = "y"}}) {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0.0 : f32
    %same = arith.addf %x, %x : {SAMPLE}
    %a = tensor.extract %same[%c0, %c0] : {SAMPLE}
    %b = tensor.extract %x[%c0, %c1] : {SAMPLE}
    %positive = arith.cmpf ogt, %a, %zero : f32
    %number = arith.fptosi %b : f32 to i64
    %steps = arith.index_cast %number : i64 to index
    %0 = scf.if %positive -> ({SAMPLE}) {{
      %1 = scf.for %i = %c0 to %steps step %c1 iter_args(%t = %x) -> ({SAMPLE}) {{
        %u = arith.addf %t, %t : {SAMPLE}
        scf.yield %u : {SAMPLE}
      }}
      scf.yield %1 : {SAMPLE}
    }} else {{
      %n = arith.negf %x : {SAMPLE}
      scf.yield %n : {SAMPLE}
    }}
    return %0 : {SAMPLE}
  }}
}}
"""


def decided(x):
    return np.stack([row * 2 ** int(row[1]) if row[0] > 0 else -row for row in x]) if len(x) else x


def deciding_samples(count, seed=0):
    numbers = np.random.default_rng(seed)
    x = numbers.integers(-4, 5, (count, 30)).astype(np.float32)
    x[:, 1] = numbers.integers(0, 5, count)
    return x


@pytest.fixture(name="model", scope="module")
def write_deciding(tmp_path_factory):
    path = tmp_path_factory.mktemp("deciding") / "deciding.mlir"
    path.write_text(DECIDING)
    return path


@pytest.mark.parametrize("options", [(), CHECKED, ("--target=cuda,cpu", *CHECKED[1:])], ids=["cpu", "gpu", "both"])
def test_samples_decide_by_themselves(model, options, tmp_path):
    library = Library(compile_network(model, tmp_path, *options))
    pool = library.create_pool(1)
    try:
        for seed, batch in enumerate((5, 1, 0, 9, 4, 9)):
            x = deciding_samples(batch, seed)
            np.testing.assert_array_equal(library.run({"x": x}, pool)["y"], decided(x))
    finally:
        library.destroy_pool(pool)


@pytest.mark.parametrize("batch", [0, 1, 2, 7])
@pytest.mark.parametrize("offset", [0, 4])
def test_samples_in_the_memory_of_the_device(model, batch, offset):
    network = toeplitz.compile(model, target="cuda", gpu_arch=ON_GPU[1].split("=")[1])
    x = deciding_samples(batch, 17)
    y = put_on_device(np.zeros_like(x), offset)
    network.run_device(put_on_device(x, offset), y)
    np.testing.assert_array_equal(y.read(), decided(x))


@pytest.mark.parametrize("options", [(), CHECKED], ids=["cpu", "gpu"])
def test_a_batch_of_any_size_that_an_input_decides_about(options, tmp_path):
    """The condition is the same for all samples, which have weights and pools in their branches."""
    numbers, constants = np.random.default_rng(4), {}
    branches = {}
    for name in ("then_branch", "else_branch"):
        nodes, result = make_layers(numbers, name, constants)
        branches[name] = helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(result, F, None)])
    nodes = [helper.make_node("If", ["flag"], ["chosen"], **branches), helper.make_node("Relu", ["chosen"], ["y"])]
    inputs = {"x": (F, ["N", 12, 7, 9]), "flag": (TensorProto.BOOL, [])}
    model = make_model(nodes, inputs, {"y": (F, ["N", 12, 7, 9])}, constants, tmp_path / "network.onnx")
    library = Library(compile_network(tmp_path / "network.onnx", tmp_path, "--batch=dynamic", *options))
    for flag, batch in ((True, 5), (False, 5), (False, 1), (True, 0)):
        inputs = {"x": numbers.normal(size=(batch, 12, 7, 9)).astype(np.float32), "flag": np.array(flag)}
        expected = run_onnx_model(model, inputs)["y"]
        np.testing.assert_allclose(library.run(inputs)["y"], expected, atol=1e-5)


# --- a real GPU's code ------------------------------------------------------------------------------------------------


def test_ptx(model, tmp_path):
    """The kernels are those of both branches, and the host's part reads two numbers."""
    path = tmp_path / "kernels.ptx"
    process = run_toeplitz("compile", model, "--target=cuda", "--gpu-arch=sm_80", "--emit=ptx", "-o", path)
    assert process.returncode == 0, process.stderr
    assert path.read_text().count(".visible .entry") >= 3
    process = run_toeplitz("compile", model, "--target=cuda", "--gpu-arch=sm_80", "--emit=llvm")
    assert process.stdout.count("call @toeplitz_gpu_read(") == 2 and "toeplitz.reads_elements" in process.stdout
