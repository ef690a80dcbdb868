"""Kernels with indices of 64 bits, which buffers of 2**31 elements need, compute the same bits as with 32. So that no test needs
gigabytes, all kernels of small networks are made such kernels, in the stage in which it is written beside them."""

import re

import numpy as np
import pytest

from gpu_target import ARCHITECTURE, CHECKED
from toeplitz_process import Library, compile_network, run_toeplitz, write_description

CONVOLUTIONS = {
    "name": "convolutions", "weights": {"random": 3}, "inputs": [{"name": "x", "shape": [3, 16, 13, 11]}],
    "layers": [
        {"name": "first", "op": "conv", "out_channels": 32, "kernel_size": 3, "padding": 1},
        {"name": "second", "op": "conv", "out_channels": 24, "kernel_size": 3, "stride": 2, "padding": 1},
        {"name": "pool", "op": "max_pool", "kernel_size": 2},
        {"name": "relu", "op": "relu"},
        {"name": "rows", "op": "flatten"},
        {"name": "dense", "op": "linear", "out_features": 10},
        {"name": "y", "op": "softmax", "dim": 1},
    ],
    "outputs": ["pool", "y"],
}  # fmt: skip
OTHERS = {
    "name": "others", "weights": {"random": 4}, "inputs": [{"name": "x", "shape": [2, 8, 9, 10]}],
    "layers": [
        {"name": "norm", "op": "group_norm", "num_groups": 4},
        {"name": "average", "op": "average_pool", "kernel_size": 3, "padding": 1},
        {"name": "gelu", "op": "gelu"},
        {"name": "columns", "op": "softmax", "dim": 1},
        {"name": "mean", "op": "global_average_pool"},
    ],
    "outputs": ["columns", "mean"],
}  # fmt: skip
CASES = {
    "implicit-gemm": (CONVOLUTIONS, ["--algorithm=implicit-gemm"]),
    "direct": (CONVOLUTIONS, ["--algorithm=direct"]),
    "winograd": (CONVOLUTIONS, ["--algorithm=first=winograd"]),
    "tensor-core-gemm-tf32": (CONVOLUTIONS, ["--tf32", "--algorithm=tensor-core-gemm"]),
    "tensor-core-gemm-bf16": (CONVOLUTIONS, ["--precision=bf16", "--algorithm=tensor-core-gemm"]),
    "others": (OTHERS, []),
}


@pytest.mark.parametrize("name", CASES)
def test_wide_indices(name, tmp_path):
    network, options = CASES[name]
    description, loops, wide = write_description(network, tmp_path), tmp_path / "loops.mlir", tmp_path / "wide.mlir"
    process = run_toeplitz("compile", description, "--target=cuda", f"--gpu-arch={ARCHITECTURE}", *options, "--emit=loops", "-o", loops)
    assert process.returncode == 0, process.stderr
    text, count = re.subn(r"(?<=kernel attributes \{)known_block_size", "toeplitz.index_bits = 64 : i64, known_block_size", loops.read_text())
    assert count >= 3 and count == len(re.findall(r"gpu\.func @", text))
    wide.write_text(text)
    shape = network["inputs"][0]["shape"]
    x = np.random.default_rng(6).normal(size=shape).astype(np.float32)
    found = []
    for path in (loops, wide):
        folder = tmp_path / path.stem
        folder.mkdir()
        found.append(Library(compile_network(path, folder, *CHECKED)).run({"x": x}))
    assert sorted(found[0]) == sorted(network["outputs"])
    for output, expected in found[0].items():
        assert expected.size and found[1][output].tobytes() == expected.tobytes()


def test_large_buffers_get_them(tmp_path):
    """A layer of 2**31 outputs computes places with 64 bits, and the others don't."""
    network = {
        "name": "large", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [256, 2, 512, 512]}],
        "layers": [
            {"name": "wide", "op": "conv", "out_channels": 32, "kernel_size": 3, "padding": 1},
            {"name": "pool", "op": "max_pool", "kernel_size": 2},
            {"name": "narrow", "op": "conv", "out_channels": 4, "kernel_size": 1},
        ],
    }  # fmt: skip
    loops = tmp_path / "loops.mlir"
    process = run_toeplitz("compile", write_description(network, tmp_path), "--target=cuda", "--emit=loops", "-o", loops)
    assert process.returncode == 0, process.stderr
    kernels = re.findall(r"gpu\.func @kernel_(\w+)\(.*kernel attributes \{(.*)\} \{", loops.read_text())
    found = {name: "toeplitz.index_bits = 64" in attributes for name, attributes in kernels}
    assert found["wide"] and not found["narrow"], found
    ptx = tmp_path / "large.ptx"
    process = run_toeplitz("compile", loops, "--target=cuda", "--emit=ptx", "-o", ptx)
    assert process.returncode == 0, process.stderr
    bodies = {body[: body.index("(")]: body for body in ptx.read_text().split(".entry kernel_")[1:]}
    wide_sums, narrow_sums = (len(re.findall(r"\badd\.s64", bodies[name])) for name in ("wide", "narrow"))
    assert wide_sums > 4 * narrow_sums, (wide_sums, narrow_sums)
