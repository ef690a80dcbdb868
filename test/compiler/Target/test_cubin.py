"""Machine code of GPUs by NVIDIA's assembler, where it is on the machine."""

import pathlib
import shutil
import subprocess

import pytest
from toeplitz_process import SOURCE_ROOT, run_toeplitz

PTXAS = shutil.which("ptxas") or shutil.which("/usr/local/cuda/bin/ptxas")
NETWORK = pathlib.Path(SOURCE_ROOT) / "examples" / "lenet5" / "lenet5.json"

pytestmark = [
    pytest.mark.skipif(PTXAS is None, reason="ptxas is not on this machine"),
    pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler"),
]


def compile_network(path, *more):
    path.parent.mkdir(exist_ok=True)
    process = run_toeplitz("compile", NETWORK, "--target=cuda", f"--ptxas={PTXAS}", "-o", path, *more)
    assert process.returncode == 0, process.stderr
    return path.read_bytes()


def test_machine_code_is_beside_the_ptx(tmp_path):
    """What ptxas makes of the PTX is in the binary as it is, for each architecture, and so is the PTX."""
    architectures = ["sm_90", "sm_80"]
    binary = compile_network(tmp_path / "liblenet5.so", f"--cubin={','.join(architectures)}")
    ptx = tmp_path / "lenet5.ptx"
    assert run_toeplitz("compile", NETWORK, "--target=cuda", "--emit=ptx", "-o", ptx).returncode == 0
    assert ptx.read_bytes() in binary
    images = set()
    for architecture in architectures:
        cubin = tmp_path / "kernels.cubin"
        subprocess.run([PTXAS, f"-arch={architecture}", ptx, "-o", cubin], check=True, timeout=300)
        image = cubin.read_bytes()
        assert image.startswith(b"\x7fELF") and image in binary
        # As the driver reads it: in memory that is aligned as a file of the ELF format wants it.
        assert binary.index(image) % 64 == 0
        images.add(image)
    assert len(images) == 2
    for folder in ("one", "another"):
        assert compile_network(tmp_path / folder / "liblenet5.so", f"--cubin={','.join(architectures)}") == binary


def test_errors_of_the_assembler_are_shown(tmp_path):
    """An architecture that it doesn't know: the name is right, and newer than the kernels'."""
    output = tmp_path / "liblenet5.so"
    process = run_toeplitz("compile", NETWORK, "--target=cuda", f"--ptxas={PTXAS}", "--cubin=sm_999", "-o", output)
    assert process.returncode == 1
    assert "the kernels can't be assembled for sm_999: " in process.stderr
    assert "'sm_999' is not defined for option 'gpu-name'" in process.stderr
    assert not list(tmp_path.iterdir())
