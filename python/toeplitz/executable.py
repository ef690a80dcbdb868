"""The `toeplitz` executable: where it is, and running it."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence

from .errors import CompileError, CompileWarning, Error

_PACKAGE = pathlib.Path(__file__).resolve().parent
_PROGRESS = "progress: "
_PATIENCE = 2.0  # seconds, as the executable itself has on a terminal


def find_executable() -> str:
    """The path of the `toeplitz` executable.

    In this order: the file that the variable TOEPLITZ names, the one installed with this package, the one built in the
    checkout that this package lies in, the first on PATH.

    Raises:
        toeplitz.Error: there is none.
    """
    named = os.environ.get("TOEPLITZ")
    if named:
        if os.access(named, os.X_OK) and os.path.isfile(named):
            return named
        raise Error(f"the variable TOEPLITZ names '{named}', which is no executable file")
    candidates = [_PACKAGE / "bin" / "toeplitz"]
    checkout = _PACKAGE.parents[1]
    if (checkout / "compiler").is_dir():
        candidates.append(checkout / "build" / "tools" / "toeplitz")
    for candidate in candidates:
        if candidate.is_file():
            return str(candidate)
    on_path = shutil.which("toeplitz")
    # The command that pip installs is this package again, which is looking for something to run.
    if on_path and not _is_script(on_path):
        return on_path
    raise Error("there is no toeplitz executable: build it (./dev build in a checkout), or name it in the variable TOEPLITZ")


def _is_script(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def run_compiler(
    arguments: Sequence[str], *, folder: str | None = None, progress: bool | None = None
) -> subprocess.CompletedProcess:
    """Runs `toeplitz ARGUMENTS`, in `folder` when given.

    Warnings of the compiler become Python warnings (toeplitz.CompileWarning). Its progress goes to the standard error:
    always, never, or (None) from two seconds on when that is a terminal.

    Raises:
        toeplitz.CompileError: the exit status isn't 0.
        toeplitz.Error: there is no executable.
    """
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    shown_from = time.monotonic() + (_PATIENCE if progress is None else 0)
    command = [find_executable(), *arguments]
    if progress or (progress is None and is_terminal):
        command.append("--progress=always")
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    messages = []
    try:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                if not line.startswith(_PROGRESS):
                    messages.append(line)
                elif time.monotonic() >= shown_from:
                    _show_progress(line)
        status = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        _end_progress()
    errors = _report_warnings("".join(messages))
    if status == 1:
        raise CompileError(errors or "the compiler failed without a message", status)
    if status < 0:
        raise CompileError(
            f"the compiler was ended by {_signal_name(-status)}: this is a fault of the compiler, please report it"
            + (f"\n{errors}" if errors else ""),
            status,
        )
    if status != 0:
        raise CompileError(f"the compiler ended with status {status}\n{errors}".rstrip(), status)
    return subprocess.CompletedProcess(command, status)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _report_warnings(text: str) -> str:
    """Issues the warnings in `text` and returns the errors in it. A message goes on to the next one's first line."""
    messages: list[list[str]] = []
    for line in text.splitlines():
        kind = next((kind for kind in ("error", "warning", "note") if line.startswith(f"{kind}: ")), None)
        if kind in ("error", "warning") or not messages:
            messages.append([kind or "error", line[len(kind) + 2 :] if kind else line])
        else:
            messages[-1][1] += "\n" + line
    errors = []
    for kind, message in messages:
        if kind == "warning":
            warnings.warn(message, CompileWarning, stacklevel=5)
        else:
            errors.append(message)
    return "\n".join(errors)


_progress_width = 0


def _show_progress(line: str) -> None:
    """One line of the terminal, written anew with each report."""
    global _progress_width
    text = line[len(_PROGRESS) :].rstrip("\n")
    if sys.stderr.isatty():
        sys.stderr.write("\r" + text.ljust(_progress_width))
        _progress_width = len(text)
    else:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _end_progress() -> None:
    global _progress_width
    if _progress_width:
        sys.stderr.write("\r" + " " * _progress_width + "\r")
        sys.stderr.flush()
        _progress_width = 0
