"""What the compiler keeps in memory: weights once, not as they came and as they are packed."""

import subprocess

import pytest

from toeplitz_process import find_tool, write_description

LAYERS, CHANNELS = 12, 512
WEIGHT_BYTES = 4 * LAYERS * CHANNELS * CHANNELS * 9


def peak_bytes(channels, tmp_path, *options):
    layers = [{"name": f"conv{n}", "op": "conv", "out_channels": channels, "kernel_size": 3, "padding": 1} for n in range(LAYERS)]
    model = write_description(
        {"name": f"memory{channels}", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [1, channels, 4, 4]}], "layers": layers}, tmp_path
    )
    memory = tmp_path / "memory"
    # GNU time starts the compiler and measures its memory: of a process that this one starts, the system would count what this one
    # has, too.
    command = ["/usr/bin/time", "-f", "%M", "-o", memory, find_tool(), "compile", model, "-o", tmp_path / "network.a"]
    subprocess.run([*command, "--mcpu=x86-64-v3", *options], check=True)
    return int(memory.read_text().split()[-1]) * 1024


@pytest.mark.parametrize("algorithm", ["direct", "im2col"])
def test_weights_are_freed_when_they_are_packed(algorithm, tmp_path):
    """One copy of the weights and less than half of another, beside what the compiler needs for a network without."""
    small, large = (peak_bytes(channels, tmp_path, f"--algorithm={algorithm}") for channels in (8, CHANNELS))
    assert WEIGHT_BYTES < large - small < 1.5 * WEIGHT_BYTES
