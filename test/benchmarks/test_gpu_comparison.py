"""`./dev bench --gpu` on an emulated GPU, its tables from measurements that are made up here, and descriptions as modules of PyTorch."""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import numpy
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu
import gpu_profile
import gpu_report

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


# --- tables -----------------------------------------------------------------------------------------------------------


def make_row(network, batch, precision, ours, theirs, error=1e-6, their_error=1e-6, **more):
    """A row of shortest times; medians are a tenth longer."""

    def numbers(time, way, error):
        return {"minimum": time, "median": 1.1 * time, "in_stream": time, "way": way, "runs": 100, "error": error}

    row = {"network": network, "batch": batch, "precision": precision, "failures": {}, "notes": [], "peers": {}, "clocks": {"clocks.sm": "1700"}}
    return row | {"toeplitz": numbers(ours, "graph", error), "pytorch": numbers(theirs, "channels_last", their_error)} | more


def make_measurement(rows, **more):
    clocks = {"clocks.sm": "345", "clocks.mem": "2619", "clocks.max.sm": "1980", "clocks.max.mem": "2619", "power.draw": "70.1", "driver_version": "580.1"}
    return {
        "device": "NVIDIA H100",
        "clocks": clocks,
        "torch": "2.11.0",
        "cudnn": "91900",
        "packages": {"triton": "3.6.0"},
        "machine_code": "ptxas",
        "copies": False,
        "runs": 100,
        "command": "./dev bench --gpu",
        "rows": rows,
    } | more


def read_rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_table():
    peers = {"torch.compile": {"minimum": 0.5, "median": 0.6, "error": 1e-6}, "onnxruntime": {"skipped": "its model is float32"}}
    failed = {"network": "vgg16", "batch": 1, "precision": "f32", "failures": {"compiler": "error: a | b"}}
    rows = [make_row("resnet50", 1, "f32", 1.0, 2.0, peers=peers), failed]
    header, _, first, second = read_rows(gpu_report.make_table(rows, 100).replace("\\|", "/"))
    first, second = ([*zip(header, row, strict=True)] for row in (first, second))
    assert ("Toeplitz", "1.000") in first and ("PyTorch", "2.000") in first and ("layout", "channels_last") in first
    assert ("torch.compile", "0.500") in first and ("PyTorch / Toeplitz", "2.00") in first and ("remarks", "") in first
    assert "onnxruntime" not in header
    assert ("Toeplitz", "") in second and ("remarks", "compiler failed: error: a / b") in second


def test_fewer_runs_are_named():
    row = make_row("unet", 256, "f32", 900, 800)
    row["toeplitz"]["runs"] = row["pytorch"]["runs"] = 11
    assert "| 11 runs |" in gpu_report.make_table([row], 100)


@pytest.mark.parametrize(
    "precision, error, their_error, correct",
    [
        ("f32", 9e-4, 1e-6, True),
        ("f32", 2e-3, 1e-6, False),
        ("bf16", 0.03, 0.02, True),
        ("bf16", 0.05, 0.02, False),
        ("bf16", 0.05, 0.03, True),  # within twice of PyTorch's
        ("bf16", 0.05, float("nan"), False),
        ("tf32", float("nan"), 1e-3, False),
        ("tf32", float("nan"), float("nan"), False),
    ],
)
def test_correctness(precision, error, their_error, correct):
    row = make_row("resnet50", 1, precision, 1, 1, error, their_error)
    assert gpu_report.is_correct(row) == correct
    assert ("**wrong**" in gpu_report.make_table([row], 100)) != correct
    assert ("WRONG" in gpu_report.describe_row(row)) != correct


def test_targets():
    rows = [
        make_row("resnet50", 1, "f32", 1.0, 1.5),
        make_row("vgg16", 1, "f32", 1.0, 1.2),
        make_row("resnet50", 256, "bf16", 10.0, 7.0),
        make_row("vgg16", 256, "bf16", 10.0, 1.0, error=1.0),
        {"network": "unet", "batch": 1, "precision": "f32", "failures": {"row": "it fails"}},
    ]
    assert gpu_report.describe_targets(rows).splitlines() == [
        "- Correct: 3 of 5; wrong: vgg16 256 bf16; without a result: unet 1 f32",
        "- One image, at least 1.3 times as fast as PyTorch with CUDA graphs: 1 of 2; the least is 1.20 (vgg16 1 f32)",
        "- ResNet-50, 256 images, bf16, at least 0.6 of cuDNN's throughput: 0.70",
    ]


def test_report():
    skipped = {"onnxruntime": {"skipped": "this ONNX Runtime has no CUDAExecutionProvider"}}
    first = make_measurement([make_row("resnet50", 1, "f32", 1, 2, peers=skipped, clocks={"clocks.sm": "1500"})])
    second = make_measurement([make_row("resnet50", 32, "f32", 1, 2)], device="NVIDIA H200", clocks={}, machine_code=None)
    text = gpu_report.make_report([first, second])
    assert "NVIDIA H100, clocks at most 1980 MHz (multiprocessors) and 2619 MHz (memory), driver 580.1, under load 1500 to 1500 MHz" in text
    assert "NVIDIA H200, clocks unknown, under load 1700 to 1700 MHz" in text
    assert "machine code by ptxas" in text and "PTX compiled by the driver" in text
    assert "- onnxruntime isn't measured (f32): this ONNX Runtime has no CUDAExecutionProvider" in text
    assert len(read_rows(text)) == 4
    assert gpu_report.make_report([make_measurement([])]) == "Nothing was measured.\n"


def test_tables_of_files(tmp_path):
    for number, batch in enumerate((1, 32)):
        (tmp_path / f"{number}.json").write_text(json.dumps(make_measurement([make_row("resnet50", batch, "f32", 1, 2)])))
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--from", str(tmp_path / "0.json"), str(tmp_path / "1.json")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [row[1] for row in read_rows(result.stdout)[2:]] == ["1", "32"]


def test_emulated_times_are_not_written(tmp_path):
    (tmp_path / "0.json").write_text(json.dumps(make_measurement([make_row("resnet50", 1, "f32", 1, 2)], device=gpu_report.EMULATED)))
    page = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--from", str(tmp_path / "0.json"), "--write"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1 and "times of an emulated GPU aren't for RESULTS.md" in result.stderr
    assert (ROOT / "benchmarks" / "RESULTS.md").read_text() == page


def test_kernels_of_a_trace():
    def event(name, start, duration, **more):
        return {"ph": "X", "cat": "kernel", "name": name, "ts": start, "dur": duration, **more}

    sizes = {"grid": [12, 3, 1], "block": [128, 1, 1], "registers per thread": 40, "shared memory": 4096}
    trace = {
        "traceEvents": [
            event("a|b", 20, 5.0),
            event("conv", 30, 10.0),
            event("conv", 10, 20.0, args=sizes),
            event("Memcpy HtoD", 5, 1.0, cat="gpu_memcpy"),
            event("aten::conv2d", 0, 99.0, cat="cpu_op"),
            {"ph": "M", "name": "process_name"},
        ]
    }
    kernels = gpu_profile.read_kernels(trace, 2)
    assert [(kernel["name"], kernel["launches"], kernel["microseconds"]) for kernel in kernels] == [
        ("conv", 1.0, 15.0), ("a|b", 0.5, 2.5), ("Memcpy HtoD", 0.5, 0.5),
    ]  # fmt: skip
    assert sum(kernel["share"] for kernel in kernels) == pytest.approx(1)
    text = gpu_profile.make_table(kernels, 2)
    assert text.startswith("2 launches, 18.0 us in kernels: the mean of 2 runs.")
    assert read_rows(text)[2] == ["conv", "1", "15.0", "83.3", "12x3x1", "128x1x1", "40", "4096"]
    assert gpu_profile.make_table([], 2) == "The profiler has recorded no kernels.\n"


# --- arguments and failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, error",
    [
        (["no_such_network"], "no example 'no_such_network'"),
        (["lenet5", "--batch", "0"], "--batch, --runs and --jobs are at least 1"),
        (["lenet5", "--precision", "f64"], "invalid choice: 'f64'"),
    ],
)
def test_nonsense_is_refused(arguments, error):
    result = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *arguments], capture_output=True, text=True)
    assert result.returncode == 2 and error in result.stderr


def test_what_the_compiler_refuses(tmp_path):
    """It is written into its row, without the folder of the description, and the others are compiled."""
    description = gpu.make_description("lenet5", 2, tmp_path)
    assert json.loads(description.read_text())["inputs"][0]["shape"] == [2, 1, 28, 28]
    row = {"network": "lenet5", "batch": 2, "description": str(description)}
    rows = [row | {"precision": precision} for precision in ("f32", "f3")]

    class Arguments:
        jobs, row_timeout = 2, 60.0

    gpu.compile_all(rows, "emulated", None, Arguments)
    assert (tmp_path / "lenet5-2-f32-emulated.so").exists() and "failures" not in rows[0]
    assert "f3" in rows[1]["failures"]["compiler"]
    description.write_text(description.read_text().replace("average_pool", "no_such_layer"))
    _, error = gpu.compile_library(rows[1] | {"precision": "f32"}, "emulated", None, ROOT / "build" / "tools" / "toeplitz", 60.0)
    assert error.startswith("error: lenet5-2.json:") and "no_such_layer" in error
    # What is there and newer than the compiler isn't compiled again.
    assert gpu.compile_library(rows[0], "emulated", None, ROOT / "build" / "tools" / "toeplitz", 60.0) == (0.0, None)



def test_a_process_that_ends(monkeypatch):
    """It is reported in the row's place, and the next row has a new process."""
    monkeypatch.setattr(gpu, "run_worker", print)  # ends without an answer
    worker = gpu.WorkerProcess({})
    for _ in range(2):
        answer = worker.ask(None, 60)
        assert answer["failures"] == {"row": "the process ended with status 0"}
        assert worker.process is None


# --- with PyTorch -----------------------------------------------------------------------------------------------------


def bench(*arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--emulate", "--runs", "10", "--row-seconds", "1", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@needs_torch
def test_emulated(tmp_path):
    options = ["--batch", 1, 33, "--precision", "f32", "bf16", "--json", tmp_path / "rows.json", "--profile", tmp_path / "profile"]
    result = bench("lenet5", *options)
    assert result.returncode == 0, result.stderr
    assert "The GPU is emulated: these times say nothing." in result.stdout and "- Correct: 4 of 4" in result.stdout
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [(row["batch"], row["precision"]) for row in rows] == [(1, "f32"), (1, "bf16"), (33, "f32"), (33, "bf16")]
    for row in rows:
        largest = 1e-5 if row["precision"] == "f32" else 3e-2
        for engine in ("toeplitz", "pytorch"):
            numbers = row[engine]
            assert numbers["error"] < largest and numbers["runs"] == 10 and 0 < numbers["minimum"] <= numbers["median"]
        assert (row["precision"] == "bf16") == (row["toeplitz"]["error"] > 1e-4)
    assert rows[0]["peers"]["onnxruntime"]["error"] < 1e-5
    assert rows[1]["peers"]["onnxruntime"] == {"skipped": "its model is float32"}
    assert (tmp_path / "profile" / "lenet5-1-f32-toeplitz.md").exists()


@needs_torch
def test_emulated_copies():
    result = bench("lenet5", "--batch", 2, "--precision", "f32", "--copies")
    assert result.returncode == 0, result.stderr
    assert "the host's memory to the host's memory" in result.stdout and "- Correct: 1 of 1" in result.stdout


@needs_torch
def test_unknown_layers_and_budgets():
    """A row that fails is in the table; later ones are measured, until the time is over."""
    result = bench("wavenet", "lenet5", "--batch", 1, "--precision", "f32")
    assert result.returncode == 0, result.stderr
    assert re.search(r"\| wavenet \| 1 \| f32 .* row failed: NotInTorch: layer 'causal': different paddings at both ends", result.stdout)
    assert "- Correct: 1 of 2; without a result: wavenet 1 f32" in result.stdout
    result = bench("lenet5", "--batch", 1, 2, "--precision", "f32", "--seconds", 0)
    assert result.returncode == 0 and "no time left: 2 rows aren't measured" in result.stderr and "Nothing was measured." in result.stdout


@needs_torch
@pytest.mark.parametrize("name", ["lenet5", "resnet18", "resnet50", "mobilenet_v2", "dcgan", "densenet121", "squeezenet", "googlenet", "deeplab", "unet"])
def test_module_of_a_description(name):
    """The same outputs as the model for ONNX, a reading of the format of its own; inputs stay as they are."""
    import onnxruntime
    import torch
    from network_to_onnx import network_to_onnx
    from torch_description import load_network

    path = ROOT / "examples" / name / f"{name}.json"
    description = json.loads(path.read_text())
    if name in ("unet", "deeplab"):  # as large as they must be
        description["inputs"][0]["shape"][2:] = [64, 64] if name == "unet" else [224, 224]
    generator = numpy.random.default_rng(1)
    x = generator.standard_normal(description["inputs"][0]["shape"], numpy.float32)
    kept = x.copy()
    with torch.no_grad():
        (found,) = load_network(description)(torch.from_numpy(x))
    assert (x == kept).all()
    session = onnxruntime.InferenceSession(network_to_onnx(description).SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {description["inputs"][0]["name"]: x})
    assert numpy.abs(found.numpy() - expected).max() <= 2e-5 * numpy.abs(expected).max()


@needs_torch
def test_overwriting():
    """A result that something else reads, or that is an output, is not overwritten by the activation or sum after it."""
    import torch
    from torch_description import load_network

    convolution = {"op": "conv", "out_channels": 3, "kernel_size": 1, "bias": False, "weight": numpy.eye(3).ravel().tolist()}
    layers = [
        {"name": "a", **convolution},
        {"name": "a.relu", "op": "relu", "inputs": ["a"]},
        {"name": "b", "op": "add", "inputs": ["a", "a.relu"]},
        {"name": "c", **convolution, "inputs": ["b"]},
        {"name": "c.relu", "op": "relu", "inputs": ["c"]},
        {"name": "view", "op": "identity", "inputs": ["c.relu"]},
        {"name": "sum", "op": "add", "inputs": ["view", "view"]},
    ]
    description = {"inputs": [{"name": "x", "shape": [1, 3, 2, 2]}], "layers": layers, "outputs": ["sum", "c", "c.relu"], "weights": {"random": 1}}
    x = torch.randn(1, 3, 2, 2)
    with torch.no_grad():
        total, c, relu = load_network(description)(x)
    expected = x + x.relu()
    assert torch.allclose(c, expected) and torch.allclose(relu, expected.relu()) and torch.allclose(total, 2 * expected.relu())
