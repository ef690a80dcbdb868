"""Where weights come from: files of every type that is read, the description itself, and the generator of random ones."""

import json

import numpy as np
import pytest

from onnx_runtime import run_onnx_runtime
from random_weights import key_hash, random_weight, uniform
from toeplitz_process import Library, compile_network, evaluate_reference


def as_bfloat16(values):
    """The bytes of the upper halves."""
    return (values.view(np.uint32) >> 16).astype("<u2").tobytes()


ENCODINGS = {
    "F32": lambda values: values.astype("<f4").tobytes(),
    "F16": lambda values: values.astype("<f2").tobytes(),
    "F64": lambda values: values.astype("<f8").tobytes(),
    "BF16": as_bfloat16,
}


def write_safetensors(path, tensors, dtype, leading_bytes=0):
    """`leading_bytes` of another tensor come first, which puts the rest where no float is aligned."""
    header, data = {}, b""
    if leading_bytes:
        header["unaligned"] = {"dtype": "U8", "shape": [leading_bytes], "data_offsets": [0, leading_bytes]}
        data = bytes(leading_bytes)
    for key, values in tensors.items():
        encoded = ENCODINGS[dtype](values)
        header[key] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(encoded)]}
        data += encoded
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


DESCRIPTION = {
    "name": "weighted",
    "weights": "weighted.safetensors",
    "inputs": [{"name": "x", "shape": [1, 6, 7, 7]}],
    "layers": [
        {"name": "conv", "op": "conv", "out_channels": 40, "kernel_size": 3},
        {"name": "bn", "op": "batch_norm"},
        {"name": "act", "op": "prelu", "num_parameters": 40},
        {"name": "up", "op": "conv_transpose", "out_channels": 5, "kernel_size": 2, "stride": 2},
        {"name": "norm", "op": "group_norm", "num_groups": 5},
        {"name": "flat", "op": "flatten"},
        {"name": "fc", "op": "linear", "out_features": 9},
    ],
    "outputs": ["fc"],
}


def tensors():
    generator = np.random.default_rng(3)
    shapes = {
        "conv.weight": (40, 6, 3, 3), "conv.bias": (40,), "bn.weight": (40,), "bn.bias": (40,), "bn.running_mean": (40,),
        "bn.running_var": (40,), "act.weight": (40,), "up.weight": (40, 5, 2, 2), "up.bias": (5,), "norm.weight": (5,),
        "norm.bias": (5,), "fc.weight": (9, 500), "fc.bias": (9,),
    }
    # Positive, as variances must be, and multiples of 2^-7 that every type holds exactly.
    return {key: (generator.integers(1, 64, shape) / 128).astype(np.float32) for key, shape in shapes.items()}


def check_network(description, directory):
    x = {"x": np.random.default_rng(4).uniform(-1, 1, (1, 6, 7, 7)).astype(np.float32)}
    expected = run_onnx_runtime(description, x, directory)["fc"]
    limit = 1e-5 * np.max(np.abs(expected))
    assert np.max(np.abs(evaluate_reference(description, x, directory)["fc"] - expected)) <= limit
    assert np.max(np.abs(Library(compile_network(description, directory)).run(x)["fc"] - expected)) <= limit


@pytest.mark.parametrize("dtype", ENCODINGS)
def test_types(dtype, tmp_path):
    write_safetensors(tmp_path / "weighted.safetensors", tensors(), dtype)
    check_network(DESCRIPTION, tmp_path)


@pytest.mark.parametrize("leading_bytes", (1, 2, 3, 60))
def test_unaligned_file(leading_bytes, tmp_path):
    """The format promises no alignment of a tensor within its file."""
    write_safetensors(tmp_path / "weighted.safetensors", tensors(), "F32", leading_bytes)
    check_network(DESCRIPTION, tmp_path)


def test_inline(tmp_path):
    values = tensors()
    layers = [
        {**layer, **{key.split(".")[1]: v.tolist() for key, v in values.items() if key.split(".")[0] == layer["name"]}}
        for layer in DESCRIPTION["layers"]
    ]
    description = {key: value for key, value in {**DESCRIPTION, "layers": layers}.items() if key != "weights"}
    check_network(description, tmp_path)


@pytest.mark.parametrize("seed", (0, 1, 2**31, 2**53))
def test_random(seed, tmp_path):
    check_network({**DESCRIPTION, "weights": {"random": seed}}, tmp_path)


def test_random_numbers_are_the_published_generators():
    # The test vectors of draft-eastlake-fnv, and splitmix64's first numbers from the state 0.
    assert key_hash("a") == 0xAF63DC4C8601EC8C
    assert key_hash("foobar") == 0x85944171F73967E8
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    expected = [(number >> 40) / 2**23 - 1 for number in first]
    assert uniform("a", key_hash("a"), 3).tolist() == expected


def test_random_weights_keep_their_bounds():
    filters = random_weight("c.weight", 1, (64, 32, 3, 3), fan_in=288.0)
    bound = np.sqrt(6 / 288)
    assert 0.99 * bound < np.max(np.abs(filters)) <= bound and abs(np.mean(filters)) < 0.01 * bound
    variance = random_weight("c.running_var", 1, (4096,))
    assert 0.5 <= variance.min() < 0.51 and 1.49 < variance.max() <= 1.5
