"""The Python environment of the benchmark: PyTorch, which makes the networks, and the peers, from PyPI in the versions of requirements.txt."""

import filecmp
import pathlib
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = FOLDER.parent / "build" / "benchmarks" / "venv"
REQUIREMENTS = FOLDER / "requirements.txt"
ON_REQUEST = {"iree": FOLDER / "requirements-iree.txt"}


def prepare(engines):
    """The interpreter of an environment that has these engines, which is made or completed first where it isn't there."""
    python = ENVIRONMENT / "bin" / "python"
    for wanted in [REQUIREMENTS, *(ON_REQUEST[engine] for engine in engines if engine in ON_REQUEST)]:
        # What is installed holds a copy of the list that it was made from.
        installed = ENVIRONMENT / wanted.name
        if installed.exists() and filecmp.cmp(wanted, installed, shallow=False):
            continue
        print(f"installing the packages of {wanted.name} into {ENVIRONMENT}; this takes some gigabytes", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)]
        subprocess.run(command, check=True)
        shutil.copyfile(wanted, installed)
    return python
