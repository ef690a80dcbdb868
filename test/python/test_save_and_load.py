"""Files that networks become, and networks that files become."""

import gc
import os
import shutil
import subprocess
import sys

import numpy
import pytest

import toeplitz


def test_round_trip(small, x, tmp_path):
    small.save(tmp_path / "libsmall.so")
    assert sorted(os.listdir(tmp_path)) == ["libsmall.so", "small.h"]
    loaded = toeplitz.load(tmp_path / "libsmall.so")
    assert (loaded.name, loaded.inputs, loaded.outputs) == (small.name, small.inputs, small.outputs)
    numpy.testing.assert_array_equal(loaded(x), small(x))
    loaded.save(tmp_path / "copy.so")
    numpy.testing.assert_array_equal(toeplitz.load(tmp_path / "copy.so")(x), small(x))


def test_load_needs_no_compiler(small, x, tmp_path):
    """A process without the executable, by a path relative to its folder."""
    small.save(tmp_path / "small.so")
    numpy.save(tmp_path / "x.npy", x)
    program = "import numpy, toeplitz; numpy.save('y.npy', toeplitz.load('small.so')(numpy.load('x.npy')))"
    environment = {**os.environ, "TOEPLITZ": "/nothing", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    numpy.testing.assert_array_equal(numpy.load(tmp_path / "y.npy"), small(x))


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("suffix", ["so", "a", "o"])
def test_program_in_c(small, x, tmp_path, suffix):
    """The library and the header that save() writes link with a program."""
    small.save(tmp_path / f"libsmall.{suffix}")
    (tmp_path / "main.c").write_text(
        """#include "small.h"
        #include <stdio.h>
        static float x[SMALL_X_SIZE], y[SMALL_RELU_SIZE];
        int main(void) {
          FILE *input = fopen("x", "rb"), *output = fopen("y", "wb");
          fread(x, sizeof x, 1, input);
          int error = small_run(x, y, NULL);
          fwrite(y, sizeof y, 1, output);
          fclose(output);
          return error;
        }"""
    )
    x.tofile(tmp_path / "x")
    link = ["main.c", f"libsmall.{suffix}", "-Wl,-rpath,.", "-lpthread", "-lm", "-o", "main"]
    subprocess.run(["cc", *link], cwd=tmp_path, check=True)
    subprocess.run(["./main"], cwd=tmp_path, check=True)
    result = numpy.fromfile(tmp_path / "y", numpy.float32).reshape(1, 4, 8, 8)
    numpy.testing.assert_array_equal(result, small(x))


def test_executable(folder, x, small, tmp_path):
    network = toeplitz.compile(folder / "small.json", threads=2)
    network.save(tmp_path / "small")
    numpy.save(tmp_path / "x.npy", x)
    subprocess.run(["./small", "--input", "x.npy", "--output", "y.npy"], cwd=tmp_path, check=True)
    numpy.testing.assert_array_equal(numpy.load(tmp_path / "y.npy"), small(x))
    text = subprocess.run(["./small", "--help"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "default 2" in text


def test_texts(small, tmp_path):
    for suffix, content in ((".h", "small_run"), (".mlir", "cnn.conv"), (".s", ".text"), (".ll", "define")):
        small.save(tmp_path / f"small{suffix}")
        assert content in (tmp_path / f"small{suffix}").read_text()


def test_saving_fails(small, tmp_path):
    with pytest.raises(toeplitz.CompileError, match=r"cannot write '.*/nowhere/small\.so'"):
        small.save(tmp_path / "nowhere" / "small.so")
    with pytest.raises(toeplitz.CompileError, match=r"cannot write '.*/nowhere/small\.a'"):
        small.save(tmp_path / "nowhere" / "small.a")
    with pytest.raises(toeplitz.CompileError, match="suffix"):
        small.save(tmp_path / "small.exe")
    small.save(tmp_path / "small.so")
    with pytest.raises(toeplitz.RunError, match="can only be copied"):
        toeplitz.load(tmp_path / "small.so").save(tmp_path / "small.a")
    assert sorted(os.listdir(tmp_path)) == ["small.h", "small.so"]


def test_loading_fails(tmp_path):
    with pytest.raises(toeplitz.RunError, match=r"'/nothing\.so': there is no such file"):
        toeplitz.load("/nothing.so")
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(toeplitz.RunError, match=r"'.*/text\.so' can't be loaded: .*/text\.so: "):
        toeplitz.load(tmp_path / "text.so")
    other = next(path for path in _mapped_libraries() if "libc.so" in path)
    with pytest.raises(toeplitz.RunError, match="is no network: a shared library made by toeplitz is expected"):
        toeplitz.load(other)


def _mapped_libraries():
    with open("/proc/self/maps") as maps:
        return {line.split()[-1] for line in maps if ".so" in line}


def test_replaced_file(folder, small, two, x, tmp_path):
    """A second load of one path is the file that is there by then, and the first goes on with its own."""
    small.save(tmp_path / "network.so")
    first = toeplitz.load(tmp_path / "network.so")
    two.save(tmp_path / "network.so")
    second = toeplitz.load(tmp_path / "network.so")
    assert (first.name, second.name) == ("small", "two")
    numpy.testing.assert_array_equal(first(x), small(x))


def test_nothing_is_left(folder, x, tmp_path, monkeypatch):
    """No temporary files while a network lives, no code in memory when it is gone."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    network = toeplitz.compile(folder / "small.json")
    assert os.listdir(tmp_path) == []
    assert any(str(tmp_path) in path for path in _mapped_paths())
    network(x)
    del network
    gc.collect()
    assert not any(str(tmp_path) in path for path in _mapped_paths())
    with pytest.raises(toeplitz.CompileError):
        toeplitz.compile(folder / "nothing.json")
    assert os.listdir(tmp_path) == []


def _mapped_paths():
    with open("/proc/self/maps") as maps:
        return {line.split(maxsplit=5)[5].strip() for line in maps if len(line.split(maxsplit=5)) == 6}
