"""`pip install .` into an empty folder: what is there works by itself, without the checkout.

The programs are those of the build under test (TOEPLITZ_PREBUILT): building them once more, as `pip install .` does without
it, is the same CMake files again and takes minutes. TOEPLITZ_TEST_FULL_INSTALLATION=1 asks for that too."""

import os
import pathlib
import subprocess
import sys

import pytest
from toeplitz_process import find_tool

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREBUILT = f"--config-settings=cmake.define.TOEPLITZ_PREBUILT={find_tool().parents[1]}"
FULL = pytest.param(
    None,
    id="built-anew",
    marks=pytest.mark.skipif(
        not os.environ.get("TOEPLITZ_TEST_FULL_INSTALLATION"),
        reason="builds the whole compiler, which takes minutes; TOEPLITZ_TEST_FULL_INSTALLATION=1 asks for it",
    ),
)


@pytest.mark.parametrize("option", [pytest.param(PREBUILT, id="prebuilt"), FULL])
def test_installation(option, folder, tmp_path):
    target = tmp_path / "packages"
    # The package of tests has all that building needs, so pip looks nothing up.
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-build-isolation", "--no-deps"]
    command = [*pip, "--no-index", "--target", str(target), *([option] if option else []), str(ROOT)]
    environment = {**os.environ, "CCACHE_SLOPPINESS": "pch_defines,time_macros"}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr

    package = target / "toeplitz"
    headers = ("include/toeplitz/runtime/toeplitz.h", "include/toeplitz/runtime/gpu.h")
    for name in ("py.typed", "bin/toeplitz", "lib/toeplitz/libtoeplitz_runtime.a", *headers):
        assert (package / name).is_file(), name
    program = """
import sys, numpy, toeplitz
assert toeplitz.find_executable() == sys.argv[1], toeplitz.find_executable()
network = toeplitz.compile(sys.argv[2])
print(network(numpy.zeros((1, 3, 8, 8), numpy.float32)).shape)
network.save("small")
"""
    environment = {key: value for key, value in os.environ.items() if key not in ("TOEPLITZ", "PYTHONPATH")}
    environment["PYTHONPATH"] = str(target)
    arguments = [str(package / "bin" / "toeplitz"), str(folder / "small.json")]
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "(1, 4, 8, 8)\n"
    assert (tmp_path / "small").is_file()

    module = [sys.executable, "-m", "toeplitz", "--version"]
    version = subprocess.run(module, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert version.startswith("toeplitz 0.")
    information = next(target.glob("toeplitz-*.dist-info"))
    assert information.name == f"toeplitz-{version.split()[1]}.dist-info"
    assert "toeplitz.__main__:main" in (information / "entry_points.txt").read_text()
