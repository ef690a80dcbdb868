"""The README's own network compiles and runs as it says, and its example of an error message is a real one."""

import json
import pathlib
import re
import subprocess

import numpy
from compiled_network import TOEPLITZ
from safetensors.numpy import save_file

README = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text()
DESCRIPTION = re.search(r"```json\n(.*?)```", README, re.DOTALL).group(1)


def write_network(folder, description=DESCRIPTION):
    """What a PyTorch user has: the description, and a state dict in a safetensors file."""
    random = numpy.random.default_rng(0)
    shapes = {"conv1.weight": (16, 3, 3, 3), "conv1.bias": (16,), "fc.weight": (10, 16), "fc.bias": (10,)}
    weights = {key: random.standard_normal(shape, numpy.float32) for key, shape in shapes.items()}
    save_file(weights, folder / "tiny.safetensors")
    (folder / "tiny.json").write_text(description)
    numpy.save(folder / "x.npy", random.standard_normal((1, 3, 32, 32), numpy.float32))


def run(folder, *command):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_tiny_network(tmp_path):
    write_network(tmp_path)
    assert run(tmp_path, TOEPLITZ, "compile", "tiny.json", "-o", "tiny").returncode == 0
    assert run(tmp_path, "./tiny", "--input", "x.npy", "--output", "y.npy").returncode == 0
    reference = [TOEPLITZ, "run", "tiny.json", "--reference", "--input", "x.npy", "--output", "reference.npy"]
    assert run(tmp_path, *reference).returncode == 0
    result = numpy.load(tmp_path / "y.npy")
    assert result.shape == (1, 10)
    numpy.testing.assert_allclose(result, numpy.load(tmp_path / "reference.npy"), rtol=1e-5, atol=1e-5)
    assert run(tmp_path, TOEPLITZ, "compile", "tiny.json", "-o", "libtiny.so").returncode == 0
    assert (tmp_path / "tiny.h").exists()


def test_error_message(tmp_path):
    """`stride` misspelt."""
    message = re.search(r"^error: tiny\.json:.*$", README, re.MULTILINE).group()
    write_network(tmp_path, DESCRIPTION.replace('"stride"', '"strides"'))
    result = run(tmp_path, TOEPLITZ, "compile", "tiny.json", "-o", "tiny")
    assert result.returncode == 1
    assert result.stderr.startswith(message)  # the keys that there are follow
    assert not (tmp_path / "tiny").exists()


def test_nothing_is_left_open():
    """No place that waits for a number."""
    assert not re.search(r"\b(GAP|TODO|FIXME)\b", README)
    json.loads(DESCRIPTION)
