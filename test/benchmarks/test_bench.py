"""`./dev bench` measures, its two engines agree, and compiling a large network stays within its limits of memory and time."""

import pathlib
import re
import subprocess
import sys

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"


def test_resnet50():
    command = [sys.executable, str(BENCHMARKS / "bench.py"), "resnet50", "--threads", "1", "2", "--rounds", "1"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr  # an error in the results would end it
    runs = re.findall(r"^\| resnet50 \| (\d) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", result.stdout, re.MULTILINE)
    assert [threads for threads, *_ in runs] == ["1", "2"]
    for _, ours, theirs, ratio in runs:
        assert abs(float(theirs) / float(ours) - float(ratio)) < 0.01
    (compilation,) = re.findall(r"^\| resnet50 \| (\d+) \| ([\d.]+) \| (\d+) \| (\d+) \| \d+ \|$", result.stdout, re.MULTILINE)
    weights, seconds, memory, allowed = map(float, compilation)
    assert weights == 102 and allowed == 756
    assert memory <= allowed
    assert seconds < 30


def test_pages_agree():
    """The README shows the measurements of RESULTS.md."""
    measurements = [
        re.search(r"<!-- measured: .*?-->\n(.*?)<!-- end of measurements -->", page.read_text(), re.DOTALL).group(1)
        for page in (BENCHMARKS / "RESULTS.md", BENCHMARKS.parent / "README.md")
    ]
    assert measurements[0] == measurements[1]
    assert {"resnet50", "mobilenet_v2", "vgg16"} <= set(re.findall(r"^\| (\w+) \|", measurements[0], re.MULTILINE))
