"""docs/onnx.md lists the operators that the compiler has."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_page_is_up_to_date():
    process = subprocess.run([sys.executable, ROOT / "docs" / "generate_operators.py"], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
