"""Writes each description of a folder's subfolders in the standard form, twice. write_twice.py FOLDER"""

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile


def write(path):
    result = subprocess.run(["toeplitz", "compile", path, "--emit=json"], capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == "", (path, result.stderr)
    return result.stdout


def check(path):
    once = write(path)
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "copy.json"
        copy.write_text(once)
        assert write(copy) == once, path
    # The standard form drops nothing.
    assert json.loads(once) == {"name": path.stem, **json.loads(path.read_text())}, path


with concurrent.futures.ThreadPoolExecutor() as executor:
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*/*.json"))
    list(executor.map(check, paths))
    print(len(paths), "networks")
