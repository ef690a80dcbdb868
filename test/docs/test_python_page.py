"""docs/python.md runs as written: its blocks of Python, in their order, print what the blocks after them say."""

import pathlib
import re
import subprocess
import sys

from toeplitz_process import find_tool

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "python.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_quickstart(tmp_path, monkeypatch):
    program = "\n".join(text for language, text in BLOCKS if language == "python")
    assert program.count("toeplitz.compile(") >= 3
    first = next(place for place, (language, _) in enumerate(BLOCKS) if language == "python")
    expected = "".join(text for language, text in BLOCKS[first:] if not language)
    assert len(expected.splitlines()) >= 9
    monkeypatch.setenv("TOEPLITZ", str(find_tool()))
    monkeypatch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout == expected
    assert {"features.onnx", "libfeatures.so", "features.h"} == {path.name for path in tmp_path.iterdir()}
