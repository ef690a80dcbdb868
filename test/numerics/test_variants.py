"""A binary with code for several processors computes on each of them with the best code that it can run. QEMU plays the processors."""

import platform
import re
import shutil
import subprocess

import numpy as np
import pytest

import toeplitz
from toeplitz_process import evaluate_reference, run_toeplitz, write_description

SEVERAL = "--mcpu=x86-64-v3,x86-64,x86-64-v4,x86-64-v2"
# What QEMU plays, and what is to run there. It doesn't have AVX-512.
PLAYED = {"max": "x86-64-v3", "Haswell": "x86-64-v3", "Nehalem": "x86-64-v2", "core2duo": "x86-64", "qemu64": "x86-64"}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="these are x86's processors")
needs_qemu = pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="there is no qemu-x86_64, which Debian's qemu-user has")

NETWORK = {
    "name": "net",
    "weights": {"random": 5},
    "inputs": [{"name": "x", "shape": [1, 3, 20, 21]}],
    "layers": [
        {"name": "conv1", "op": "conv", "out_channels": 19, "kernel_size": 3, "padding": 1},
        {"name": "act", "op": "relu"},
        {"name": "conv2", "op": "conv", "out_channels": 40, "kernel_size": 1, "stride": 2},
        {"name": "conv3", "op": "conv", "out_channels": 40, "kernel_size": 3, "padding": 1},
        {"name": "flat", "op": "flatten"},
        {"name": "fc", "op": "linear", "out_features": 7},
        {"name": "scores", "op": "softmax"},
    ],
    "outputs": ["scores", "conv3"],
}


def samples(count=1):
    return np.random.default_rng(2).uniform(-1, 1, (count, 3, 20, 21)).astype(np.float32)


def compile_to(folder, name, *options):
    process = run_toeplitz("compile", write_description(NETWORK, folder), "-o", folder / name, *options)
    assert process.returncode == 0, process.stderr
    return folder / name


@pytest.fixture(name="folder", scope="module")
def folder_with_programs(tmp_path_factory):
    """A program for all processors, and one for each alone."""
    folder = tmp_path_factory.mktemp("variants")
    compile_to(folder, "all", SEVERAL)
    for cpu in set(PLAYED.values()):
        compile_to(folder, cpu, f"--mcpu={cpu}")
    np.save(folder / "x.npy", samples())
    return folder


def start(cpu, *command):
    return subprocess.run(
        ["qemu-x86_64", "-cpu", cpu, *map(str, command)], capture_output=True, text=True, timeout=600, check=False
    )


def play(cpu, *command):
    process = start(cpu, *command)
    assert process.returncode == 0, process.stderr
    return process.stdout


@needs_qemu
@pytest.mark.parametrize("cpu", PLAYED)
def test_programs_choose(folder, tmp_path, cpu):
    """What is chosen, and that it computes to the bit what the code for that processor alone does."""
    assert f"compiled by Toeplitz for {PLAYED[cpu]}\n" in play(cpu, folder / "all", "--help")
    results = []
    for name in ("all", PLAYED[cpu]):
        outputs = {output: tmp_path / f"{name}-{output}.npy" for output in NETWORK["outputs"]}
        words = [word for output, path in outputs.items() for word in ("--output", f"{output}={path}")]
        play(cpu, folder / name, "--input", folder / "x.npy", *words)
        results.append({output: np.load(path) for output, path in outputs.items()})
    expected = evaluate_reference(write_description(NETWORK, tmp_path), {"x": samples()}, tmp_path, names=NETWORK["outputs"])
    for output, values in expected.items():
        np.testing.assert_array_equal(results[0][output], results[1][output])
        np.testing.assert_allclose(results[0][output], values, rtol=1e-4, atol=1e-5)


@needs_qemu
def test_none_fits(folder):
    """The least demanding code says what is missing."""
    program = compile_to(folder, "demanding", "--mcpu=x86-64-v4,x86-64-v3")
    process = start("Nehalem", program, "--input", folder / "x.npy")
    assert process.returncode == 1
    assert re.search("this machine lacks '.*', a feature of the one that the network 'net' is compiled for", process.stderr)
    assert "avx512" not in process.stderr


def test_libraries(tmp_path):
    """In Python: this machine's code, and a batch of any size."""
    library = toeplitz.load(compile_to(tmp_path, "libnet.so", SEVERAL, "--batch=dynamic"))
    assert library.processor in SEVERAL.removeprefix("--mcpu=").split(",")
    alone = toeplitz.load(compile_to(tmp_path, "libalone.so", f"--mcpu={library.processor}", "--batch=dynamic"))
    assert alone.processor == library.processor
    x = samples(3)
    for one, other in zip(library(x), alone(x), strict=True):
        np.testing.assert_array_equal(one, other)
    assert library.workspace_bytes(3) == alone.workspace_bytes(3)


CALLER = """
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
static float x[NET_X_SIZE], scores[2][NET_SCORES_SIZE], conv3[NET_CONV3_SIZE];
int main(void) {
  for (int i = 0; i < NET_X_SIZE; ++i)
    x[i] = (float)(i % 17) / 17 - 0.5f;
  void *workspace = aligned_alloc(64, (NET_WORKSPACE_SIZE + 63) / 64 * 64);
  if (net_network()->workspace_size > NET_WORKSPACE_SIZE)
    return 2;
  net_prepare(workspace, NET_WORKSPACE_SIZE);
  net_threads *threads = net_threads_create(2);
  int error = net_run(x, scores[0], conv3, workspace);
  if (!error)
    error = net_run_threads(threads, x, scores[1], conv3, NULL);
  net_threads_destroy(threads);
  puts(net_error_string(error));
  puts(net_network()->processor);
  for (int run = 0; run < 2; ++run)
    for (int i = 0; i < NET_SCORES_SIZE; ++i)
      printf("%.9g\\n", scores[run][i]);
  free(workspace);
  return error;
}
"""


@pytest.mark.skipif(not shutil.which("clang-22"), reason="there is no clang-22")
@pytest.mark.parametrize("kind", ["libnet.a", "net.o"])
def test_c_programs(tmp_path, kind):
    """Every function of the header."""
    (tmp_path / "caller.c").write_text(CALLER)
    outputs = []
    for options in (SEVERAL, None):
        options = options or f"--mcpu={outputs[0][1]}"
        library = compile_to(tmp_path, kind, options)
        subprocess.run(
            ["clang-22", "-O1", "caller.c", library, "-lm", "-pthread", "-o", "caller"], cwd=tmp_path, check=True
        )
        process = subprocess.run([tmp_path / "caller"], capture_output=True, text=True, timeout=600, check=True)
        outputs.append(process.stdout.splitlines())
    assert outputs[0][0] == "success"
    assert outputs[0] == outputs[1]
    scores = [float(line) for line in outputs[0][2:]]
    assert scores[:7] == scores[7:]
    assert sum(scores[:7]) == pytest.approx(1, abs=1e-5)
