"""The example that maps a network over a data set with Ray Data. Ray is large and not among the packages of the tests."""

import importlib.util
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "examples" / "ray_data" / "classify.py"


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason='Ray is not installed: pip install "ray[data]"')
def test_two_workers():
    result = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-2:] == [
        "358 of 360 scans right, by 2 processes",
        "one library in memory, mapped by all of them",
    ]
