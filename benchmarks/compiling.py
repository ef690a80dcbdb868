"""What compiling a network with Toeplitz costs."""

import os
import pathlib
import re
import subprocess
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOEPLITZ = os.environ.get("TOEPLITZ", str(ROOT / "build" / "tools" / "toeplitz"))


class Compilation(typing.NamedTuple):
    """Sizes are in bytes."""

    seconds: float
    peak_memory: int
    library: int
    code: int


def peak_so_far(pid):
    """The largest resident size of a process until now, in bytes; 0 once it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def code_size(library):
    """The size of the sections that are executed."""
    lines = subprocess.run(["size", "-A", str(library)], capture_output=True, text=True, check=True).stdout.splitlines()
    return sum(int(line.split()[1]) for line in lines if line.split()[:1] == [".text"])


def compile_measured(files, options):
    """Compiles a network to a shared library. Raises subprocess.CalledProcessError when the compiler has refused it.

    The memory is that of the compiler itself. The linker that it starts maps the object and the library, whose pages the system counts as
    that process's; of its own it has a few megabytes."""
    command = [TOEPLITZ, "compile", str(files.source), "-o", str(files.library), "--name", files.name, *options]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_so_far(process.pid))
        time.sleep(0.01)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Compilation(seconds, peak, files.library.stat().st_size, code_size(files.library))
