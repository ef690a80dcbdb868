"""The digits example: its files are what a PyTorch user would have, and its demonstration does what it says."""

import json
import pathlib
import re
import subprocess
import sys

import numpy
import pytest
from compiled_network import SharedLibrary, compile_network
from safetensors.numpy import load_file

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "digits"


def test_weights_are_a_state_dict():
    weights = load_file(FOLDER / "digits.safetensors")
    assert (FOLDER / "digits.safetensors").stat().st_size < 300_000
    # Batch normalisation's counter is among them, as save_file(model.state_dict()) has it.
    assert weights["bn2.num_batches_tracked"].dtype == numpy.int64
    layers = {layer["name"] for layer in json.loads((FOLDER / "digits.json").read_text())["layers"]}
    assert {key.rpartition(".")[0] for key in weights} <= layers


def test_accuracy_by_numpy():
    """The committed weights themselves, without the compiler: 98 % of the held-out fifth."""
    sys.path.insert(0, str(FOLDER))
    from held_out import load_digits_split

    split = load_digits_split()
    assert len(split.held_out_images) == 360 and len(split.training_images) == 1437
    weights = load_file(FOLDER / "digits.safetensors")

    def convolve(x, weight, stride=1):
        padded = numpy.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = numpy.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::stride, ::stride]
        return numpy.einsum("nchwij,fcij->nfhw", windows, weight, optimize=True)

    def channels(values):
        return values[:, None, None]

    x = split.held_out_images
    x = numpy.maximum(convolve(x, weights["conv1.weight"]) + channels(weights["conv1.bias"]), 0)
    x = convolve(x, weights["conv2.weight"]) - channels(weights["bn2.running_mean"])
    x = x / channels(numpy.sqrt(weights["bn2.running_var"] + 1e-5)) * channels(weights["bn2.weight"])
    x = numpy.maximum(x + channels(weights["bn2.bias"]), 0)
    x = x.reshape(len(x), 32, 4, 2, 4, 2).max((3, 5))
    x = numpy.maximum(convolve(x, weights["conv3.weight"], 2) + channels(weights["conv3.bias"]), 0)
    logits = x.reshape(len(x), -1) @ weights["fc.weight"].T + weights["fc.bias"]
    assert (logits.argmax(1) == split.held_out_labels).mean() >= 0.98


def test_demonstration():
    result = subprocess.run([sys.executable, str(FOLDER / "demo.py")], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    correct, total = map(int, re.search(r"accuracy .*: (\d+) of (\d+) held-out", result.stdout).groups())
    assert total == 360 and correct >= 0.98 * total
    assert "gives the same bits for 10 of them" in result.stdout
    assert "✓" in result.stdout and "█" in result.stdout


@pytest.mark.parametrize("shape", [(1, 1, 8, 9), (2, 1, 8, 8), (64,)])
def test_wrong_shape_is_refused(shape, tmp_path):
    network = SharedLibrary(compile_network(FOLDER / "digits.json", tmp_path / "libdigits.so"), "digits")
    with pytest.raises(ValueError, match="the network wants"):
        network(numpy.zeros(shape, numpy.float32))
