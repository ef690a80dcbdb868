"""Programs for AArch64: compiled on whatever machine runs the tests, and run by QEMU where that is another one."""

import functools
import pathlib
import platform
import shutil
import subprocess
import tempfile

import numpy as np
import pytest

from operator_cases import Pack
from toeplitz_process import CompilerError, find_tool, run_toeplitz, write_description

SYSTEM = "aarch64-linux-gnu"
# Where Debian has the system's C library, among others.
LIBRARIES = pathlib.Path("/usr") / SYSTEM
IS_HERE = platform.machine() == "aarch64"


@functools.cache
def why_not():
    """Why programs for AArch64 can't be made or run here; nothing if they can."""
    if IS_HERE:
        return ""
    if not (find_tool().parents[1] / "lib" / "toeplitz" / SYSTEM / "libtoeplitz_runtime.a").is_file():
        return f"this build has no runtime for {SYSTEM}, which takes libc6-dev-arm64-cross and libgcc-12-dev-arm64-cross"
    if not shutil.which("qemu-aarch64"):
        return "there is no qemu-aarch64, which Debian's qemu-user has"
    return ""


needs_aarch64 = pytest.mark.skipif(bool(why_not()), reason=why_not() or "AArch64 is here")


def run_foreign(*command, cpu="max"):
    """The finished process of a program for AArch64."""
    emulator = [] if IS_HERE else ["qemu-aarch64", "-cpu", cpu, "-L", str(LIBRARIES)]
    return subprocess.run([*emulator, *map(str, command)], capture_output=True, text=True, timeout=600, check=False)


def compile_foreign(description, output, *options):
    """The kind of binary that the name `output` says, made of a description (a dict, or the path of a model)."""
    model = write_description(description, output.parent)
    process = run_toeplitz("compile", model, "-o", output, f"--mtriple={SYSTEM}", *options)
    if process.returncode != 0:
        raise CompilerError(process.stderr)
    return output


class Program:
    """An executable for AArch64, in a folder of its own that goes when it goes."""

    def __init__(self, description, *options, cpu="max"):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        self.cpu = cpu
        self.path = compile_foreign(description, self.folder / "program", *options)

    def start(self, *arguments):
        return run_foreign(self.path, *arguments, cpu=self.cpu)

    def run(self, inputs, outputs, *arguments):
        """The values of the outputs of these names."""
        words = list(arguments)
        for name, values in inputs.items():
            np.save(self.folder / f"{name}.npy", values)
            words += ["--input", f"{name}={self.folder / name}.npy"]
        for name in outputs:
            words += ["--output", f"{name}={self.folder / name}.npy"]
        process = self.start(*words)
        assert process.returncode == 0, f"status {process.returncode}: {process.stderr}"
        return {name: np.load(self.folder / f"{name}.npy") for name in outputs}


class ForeignPack(Pack):
    """Cases that are compiled into one program for AArch64."""

    def __init__(self, name, cases, options=(), sparsity=0.0, cpu="max"):
        super().__init__(name, cases, options, sparsity)
        self.cpu = cpu

    def run(self, description, inputs):
        return Program(description, *self.options, cpu=self.cpu).run(inputs, description["outputs"])
