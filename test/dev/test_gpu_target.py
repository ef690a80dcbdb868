"""What the choice of a GPU for the tests says where it can't be had."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(name="variables")
def without_driver(tmp_path):
    """Of an environment whose libcuda.so.1 is no library."""
    (tmp_path / "libcuda.so.1").write_text("no library")
    return os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}


def run(variables, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)


def test_no_driver(variables):
    process = run(variables, "test/support/gpu_target.py")
    assert process.returncode == 1 and process.stdout == ""
    assert process.stderr.startswith("no GPU driver: ") and "libcuda.so.1" in process.stderr


@pytest.mark.parametrize(
    "name, reason", [("sm_90", "no GPU driver: "), ("abacus", "'abacus' is no GPU, such as sm_90"), ("sm_", "'sm_' is no GPU, such as sm_90")]
)
def test_tests_do_not_start(variables, name, reason):
    process = run(variables | {"TOEPLITZ_TEST_GPU": name}, "-m", "pytest", "-p", "no:cacheprovider", "test/dev/test_gpu_target.py")
    assert process.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"TOEPLITZ_TEST_GPU={name}: {reason}" in process.stderr


def test_emulation_is_the_default(variables):
    program = "import gpu_target; print(*gpu_target.ON_GPU, *gpu_target.CHECKED)"
    variables = {name: value for name, value in variables.items() if name != "TOEPLITZ_TEST_GPU"}
    for given, expected in (
        ({}, "--target=cuda --gpu-arch=emulated --target=cuda --gpu-arch=emulated-checked"),
        ({"TOEPLITZ_TEST_GPU": "sm_90"}, "--target=cuda --gpu-arch=sm_90 --target=cuda --gpu-arch=sm_90"),
    ):
        process = run(variables | {"PYTHONPATH": "test/support"} | given, "-c", program)
        assert process.stdout.strip() == expected
