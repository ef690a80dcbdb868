"""What toeplitz.compile takes, and what it says when it can't."""

import os
import pathlib
import shutil
import stat

import numpy
import pytest
from gpu_target import ARCHITECTURE

import toeplitz
from toeplitz.executable import find_executable


def test_errors_are_the_compilers(tmp_path):
    (tmp_path / "bad.json").write_text(
        '{"name": "bad", "inputs": [{"name": "x", "shape": [1, 3, 8, 8]}],\n "layers": [{"name": "c", "op": "convolve"}]}'
    )
    with pytest.raises(toeplitz.CompileError) as raised:
        toeplitz.compile(tmp_path / "bad.json")
    assert str(raised.value).startswith(f"{tmp_path}/bad.json:2:")
    assert "layer 'c'" in str(raised.value)
    assert raised.value.status == 1


def test_wrong_models(tmp_path):
    with pytest.raises(toeplitz.CompileError, match=r"'model\.pt': expected a model of one of the kinds \.onnx"):
        toeplitz.compile("model.pt")
    with pytest.raises(TypeError, match="model: found int, expected the path of a model"):
        toeplitz.compile(3)
    with pytest.raises(toeplitz.CompileError, match=r"nothing\.json.*No such file"):
        toeplitz.compile(tmp_path / "nothing.json")


def test_options(folder, x, small):
    direct = toeplitz.compile(folder / "small.json", algorithm="direct", mcpu="x86-64-v3")
    numpy.testing.assert_allclose(direct(x), small(x), rtol=1e-5, atol=1e-5)
    by_layer = toeplitz.compile(str(folder / "small.json"), algorithm={"conv": "direct"}, mcpu="x86-64-v3")
    numpy.testing.assert_array_equal(by_layer(x), direct(x))
    with pytest.raises(toeplitz.CompileError, match="--algorithm: unknown algorithm 'slow'"):
        toeplitz.compile(folder / "small.json", algorithm="slow")
    with pytest.raises(toeplitz.CompileError, match="no layer 'conv9'"):
        toeplitz.compile(folder / "small.json", algorithm={"conv9": "direct"})
    with pytest.raises(toeplitz.CompileError, match="--fold: unknown fold 'origami'"):
        toeplitz.compile(folder / "small.json", fold={"conv": "origami"})
    numpy.testing.assert_allclose(toeplitz.compile(folder / "small.json", fold="none")(x), small(x), rtol=1e-5, atol=1e-5)
    exact = toeplitz.compile(folder / "small.json", max_error=1, input_range=0.5)
    numpy.testing.assert_allclose(exact(x), small(x), rtol=1e-5, atol=1e-5)
    with pytest.raises(toeplitz.CompileError, match="--max-error allows 1e-12"):
        toeplitz.compile(folder / "small.json", max_error=1e-12)
    with pytest.raises(toeplitz.CompileError, match=r"nothing\.json.: No such file"):
        toeplitz.compile(folder / "small.json", tuned=folder / "nothing.json")
    with pytest.raises(toeplitz.CompileError, match="unknown CPU 'abacus'"):
        toeplitz.compile(folder / "small.json", mcpu="abacus")
    with pytest.raises(toeplitz.CompileError, match="--precision: only the tensor cores of a GPU"):
        toeplitz.compile(folder / "small.json", precision="tf32")
    with pytest.raises(toeplitz.CompileError, match="unknown GPU 'abacus'"):
        toeplitz.compile(folder / "small.json", target="cuda", gpu_arch="abacus")


@pytest.mark.parametrize("precision, error", [("f32", 1e-5), ("tf32", 2e-3), ("bf16", 2e-2)])
def test_precision(folder, x, small, precision, error):
    """On a GPU, tensor cores round the factors of products."""
    options = {"target": "cuda", "gpu_arch": ARCHITECTURE, "precision": precision}
    algorithm = None if precision == "f32" else "tensor-core-gemm"
    network = toeplitz.compile(folder / "small.json", algorithm=algorithm, **options)
    found = numpy.max(numpy.abs(network(x) - small(x)))
    assert found <= error
    assert precision == "f32" or found > error / 1000


PTXAS = shutil.which("ptxas") or shutil.which("/usr/local/cuda/bin/ptxas")


@pytest.mark.skipif(PTXAS is None, reason="ptxas is not on this machine")
@pytest.mark.parametrize("cubin", ["sm_80,sm_90", ["sm_80", "sm_90"]], ids=str)
def test_machine_code_of_gpus(folder, cubin, monkeypatch):
    """What ptxas makes lies in the library, a file of the ELF format for each GPU."""
    with_code = toeplitz.compilation.Options(target="cuda", cubin=cubin, ptxas=PTXAS)
    library, plain = folder / "libcubin.so", folder / "libplain.so"
    toeplitz.compilation.Model(folder / "small.json", None, with_code, False).compile(str(library))
    toeplitz.compilation.Model(folder / "small.json", None, toeplitz.compilation.Options(target="cuda"), False).compile(str(plain))
    assert library.read_bytes().count(b"\x7fELF") == plain.read_bytes().count(b"\x7fELF") + 2
    monkeypatch.setenv("PATH", f"{pathlib.Path(PTXAS).parent}:{os.environ['PATH']}")
    on_path = toeplitz.compilation.Options(target="cuda", cubin=cubin, ptxas="ptxas")
    again = folder / "again" / library.name
    again.parent.mkdir(exist_ok=True)
    toeplitz.compilation.Model(folder / "small.json", None, on_path, False).compile(str(again))
    assert again.read_bytes() == library.read_bytes()


def test_options_of_machine_code_are_checked(folder):
    with pytest.raises(toeplitz.CompileError, match="--cubin: only --target=cuda is for a GPU"):
        toeplitz.compile(folder / "small.json", cubin="sm_80")
    with pytest.raises(toeplitz.CompileError, match="--ptxas: it is for --cubin, which isn't given"):
        toeplitz.compile(folder / "small.json", target="cuda", ptxas="ptxas")
    with pytest.raises(toeplitz.CompileError, match="--cubin: "):
        toeplitz.compile(folder / "small.json", target="cuda", cubin=["sm_80"], ptxas=folder / "nothing")


def write_program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_compiler_fails(folder, tmp_path, monkeypatch):
    """A crash isn't taken for a mistake in the model."""
    monkeypatch.setenv("TOEPLITZ", write_program(tmp_path / "crash", "kill -SEGV $$"))
    with pytest.raises(toeplitz.CompileError, match="ended by SIGSEGV: this is a fault of the compiler") as raised:
        toeplitz.compile(folder / "small.json")
    assert raised.value.status == -11


def test_warnings(folder, tmp_path, monkeypatch):
    text = f"echo 'warning: the batch is taken as 1' >&2\nexec {find_executable()} \"$@\"\n"
    monkeypatch.setenv("TOEPLITZ", write_program(tmp_path / "warn", text))
    with pytest.warns(toeplitz.CompileWarning, match="^the batch is taken as 1$") as caught:
        toeplitz.compile(folder / "small.json")
    assert pathlib.Path(caught[0].filename).name == "test_compile.py"


def test_no_executable(folder, monkeypatch):
    monkeypatch.setenv("TOEPLITZ", "/nothing/toeplitz")
    with pytest.raises(toeplitz.Error, match="the variable TOEPLITZ names '/nothing/toeplitz', which is no executable"):
        toeplitz.compile(folder / "small.json")


def test_progress(folder, capfd):
    """Asked for, it comes in lines; off by default, because this is no terminal."""
    toeplitz.compile(folder / "small.json")
    assert capfd.readouterr().err == ""
    toeplitz.compile(folder / "small.json", progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "reading the network"
    assert any(line.startswith("machine code, part 1 of ") for line in lines)
