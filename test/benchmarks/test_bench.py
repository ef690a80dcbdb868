"""`./dev bench` measures an example with what the tests have, its two engines agree, and compiling a large network stays within its limits of memory and time."""

import pathlib
import re
import subprocess
import sys

import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"


def test_resnet50():
    command = [sys.executable, str(BENCHMARKS / "bench.py"), "resnet50", "--threads", "1", "2", "--rounds", "1"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr  # an error in the results would end it
    tables = result.stdout.split("\n\n")

    def find_row(header):
        (table,) = [table for table in tables if table.startswith(header)]
        names, _, row = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[:3])
        assert row[0] == "resnet50"
        return dict(zip(names, row))

    for threads in ("1 thread", "2 threads"):
        run = find_row(f"| {threads} |")
        ours, theirs, ratio = (float(run[name]) for name in ("Toeplitz, ms", "ONNX Runtime, ms", "fastest peer / Toeplitz"))
        # Of what is rounded to hundredths.
        assert abs(theirs / ours - ratio) < 0.01
    assert 0 < float(find_row("| largest error |")["Toeplitz"]) <= 1e-4
    compilation = find_row("| network | compiling, s |")
    weights, seconds, memory, allowed = (
        float(compilation[name]) for name in ("weights, MB", "compiling, s", "compiler, MB", "allowed, MB")
    )
    assert round(weights) == 102 and allowed == 756
    assert memory <= allowed
    assert seconds < 30


@pytest.mark.parametrize(
    "arguments, error",
    [
        (["no_such_network"], "no example 'no_such_network'"),
        (["--table", "lenet5"], "no network 'lenet5'; --table has unet,"),
        (["--unseen", "resnet18"], "no network 'resnet18'; --unseen has alexnet,"),
        (["lenet5", "--engines", "toeplitz,tflite"], "no engine 'tflite'; there are toeplitz,"),
        (["lenet5", "--threads", "0"], "--threads and --rounds are at least 1"),
        (["lenet5", "--resume", "--add"], "--resume measures nothing twice and --add everything"),
    ],
)
def test_nonsense_is_refused(arguments, error):
    result = subprocess.run([sys.executable, str(BENCHMARKS / "bench.py"), *arguments], capture_output=True, text=True)
    assert result.returncode == 2 and error in result.stderr


def test_pages_agree():
    """The numbers that the README shows of a network are in RESULTS.md."""

    def read(page):
        measurements = re.search(r"<!-- measured: .*?-->\n(.*?)<!-- end of measurements -->", page.read_text(), re.DOTALL).group(1)
        numbers = {}
        for line in measurements.splitlines():
            name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            numbers.setdefault(name, set()).update(cell for cell in cells if re.fullmatch(r"[\d.]+", cell))
        return {name: cells for name, cells in numbers.items() if cells}

    shown, measured = read(BENCHMARKS.parent / "README.md"), read(BENCHMARKS / "RESULTS.md")
    assert {"resnet50", "mobilenet_v2", "vgg16"} <= set(shown)
    for name, numbers in shown.items():
        assert numbers <= measured[name]
