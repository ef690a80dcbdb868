"""Broken ONNX models: the compiler ends with status 0 or 1 and says what is wrong in one line, in bounded time and memory.

The models are made by mutations.py from those of base_models.py: more than 500, the same ones each time. `./dev test
--sanitize` runs this with a compiler that checks its own use of memory.
"""

import os
import signal
import subprocess

import pytest
from base_models import make_base_models
from mutations import MUTATIONS, make_mutants
from toeplitz_process import find_tool

SECONDS = 60
# Of the compiler; a sanitizer's shadow memory counts as well.
RESIDENT_MEGABYTES = 2048
ROUNDS = 3
BATCHES = 40


def compile_model(path, output):
    """The exit status ("timeout" if there is none in time, the memory that it took if that was too much), and stderr."""
    memory = path + ".memory"
    # GNU time starts the compiler and measures its memory: of a process that this one starts, the system would count
    # what this one has, too.
    command = ["/usr/bin/time", "-f", "%M", "-o", memory, find_tool(), "compile", path, "--mcpu=x86-64-v3", "-o", output]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        stderr = process.communicate(timeout=SECONDS)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "timeout", ""
    with open(memory) as file:
        megabytes = int(file.read().split()[-1]) / 1024
    if megabytes >= RESIDENT_MEGABYTES:
        return f"{megabytes:.0f} MB", stderr
    return process.returncode, stderr


def check(name, data, directory):
    """A sentence about what the compiler does wrong with this model, or None."""
    path = os.path.join(directory, name + ".onnx")
    output = os.path.join(directory, name + ".o")
    with open(path, "wb") as file:
        file.write(data)
    status, stderr = compile_model(path, output)
    errors = [line for line in stderr.splitlines() if line.startswith("error: ")]
    if status not in (0, 1):
        return f"{name}: status {status}: {stderr[-2000:]}"
    if len(errors) != status:
        return f"{name}: status {status} with {len(errors)} errors: {stderr[-2000:]}"
    if os.path.exists(output) != (status == 0):
        return f"{name}: status {status}, but the output is {'there' if status else 'missing'}"
    return None


MUTANTS = list(make_mutants(make_base_models(), ROUNDS))


def test_there_are_enough():
    assert len(MUTANTS) >= 500
    assert len(MUTATIONS) >= 30


@pytest.mark.parametrize("name", make_base_models())
def test_base_models_compile(name, tmp_path):
    """What is broken is sound before."""
    data = make_base_models()[name].SerializeToString()
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    status, stderr = compile_model(str(path), str(tmp_path / "model.o"))
    assert (status, stderr) == (0, "")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutants(batch, tmp_path):
    problems = [check(name, data, str(tmp_path)) for name, data in MUTANTS[batch::BATCHES]]
    problems = [problem for problem in problems if problem]
    assert not problems, "\n".join(problems)
