"""Compiles torchvision's networks as PyTorch exports them, and checks them against ONNX Runtime.

    PYTHON benchmarks/zoo.py [--models REGEX] [--exporters torchscript,dynamo] [--results FILE] [--write]

PYTHON is an interpreter with torch, torchvision, onnx, onnxscript and onnxruntime (none of which Toeplitz needs). Every
classification, segmentation and video network, with random weights and batch norms calibrated on random images, goes
through both of PyTorch's exporters. Each result is a line of JSON in FILE, and a network that is there already is left
out: the whole takes hours, and can be interrupted. --write puts the table into benchmarks/RESULTS.md.

A network passes when its largest difference from ONNX Runtime's result is at most 1e-4 of the largest output.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE = 1e-4
TITLE = "## The zoo: torchvision's networks"


# --- in a process of its own for each network ---------------------------------------------------------------------------


def export(name, module, exporter, directory):
    """Writes model.onnx, input.npy and expected.npy."""
    import numpy
    import onnxruntime
    import torch
    import torch_networks

    network, example = torch_networks.make_torchvision(name)
    path = os.path.join(directory, "model.onnx")
    with torch.no_grad():
        if exporter == "dynamo":
            torch.onnx.export(network, (example,), path, dynamo=True)
        else:
            torch.onnx.export(network, (example,), path, dynamo=False, opset_version=17)
    numpy.save(os.path.join(directory, "input.npy"), example.numpy())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: example.numpy()})[0]
    numpy.save(os.path.join(directory, "expected.npy"), expected)


# --- here ---------------------------------------------------------------------------------------------------------------


def run_measured(command):
    """The process's status, stderr, seconds and peak of resident megabytes."""
    # By GNU time: a process's own peak begins with that of the one that starts it, and this one is large.
    with tempfile.NamedTemporaryFile("r") as peak:
        start = time.perf_counter()
        process = subprocess.run(
            ["/usr/bin/time", "--quiet", "-f", "%M", "-o", peak.name, *command], capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        kilobytes = int(peak.read().split()[-1])
    return process.returncode, process.stderr, seconds, kilobytes / 1024


def check(name, module, exporter):
    """What is known about one network by one exporter."""
    import numpy

    result = {"network": name, "kind": module, "exporter": exporter}
    with tempfile.TemporaryDirectory() as directory:
        worker = [sys.executable, __file__, "--export", name, module, exporter, directory]
        exported = subprocess.run(worker, capture_output=True, text=True)
        if exported.returncode != 0:
            lines = exported.stderr.strip().splitlines() or ["?"]
            return {**result, "status": "not exported", "message": lines[-1][:200]}
        files = [path for path in os.listdir(directory) if path.startswith("model")]
        result["model_megabytes"] = sum(os.path.getsize(os.path.join(directory, path)) for path in files) / 1e6

        build = pathlib.Path(os.environ.get("TOEPLITZ_BUILD", ROOT / "build"))
        toeplitz = str(build / "tools" / "toeplitz")
        library = os.path.join(directory, "network.so")
        model = os.path.join(directory, "model.onnx")
        status, errors, seconds, peak = run_measured([toeplitz, "compile", model, "-o", library])
        result.update(compile_seconds=seconds, compile_megabytes=peak)
        if status != 0:
            return {**result, "status": "not compiled", "message": errors.strip()[:300]}
        result["binary_megabytes"] = os.path.getsize(library) / 1e6
        output = os.path.join(directory, "output.npy")
        command = [toeplitz, "run", library, "--input", os.path.join(directory, "input.npy"), "--output", output]
        status, errors, _, _ = run_measured(command)
        if status != 0:
            return {**result, "status": "not run", "message": errors.strip()[:300]}
        described = subprocess.run([toeplitz, "bench", library, "--runs", "1", "--json"], capture_output=True, text=True)
        result["workspace_megabytes"] = json.loads(described.stdout).get("workspace_bytes", 0) / 1e6
        expected = numpy.load(os.path.join(directory, "expected.npy"))
        actual = numpy.load(output)
        if actual.shape != expected.shape:
            return {**result, "status": "wrong", "message": f"shape {actual.shape}, expected {expected.shape}"}
        error = float(numpy.abs(actual - expected).max() / numpy.abs(expected).max())
        result["error"] = error
        result["status"] = "passed" if error <= TOLERANCE else "wrong"
    return result


def list_networks():
    from torchvision import models

    for module in ("classification", "segmentation", "video"):
        package = models if module == "classification" else getattr(models, module)
        for name in models.list_models(module=package):
            yield name, module


def read_results(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def make_table(results):
    """The section of RESULTS.md."""
    passed = sum(result["status"] == "passed" for result in results)
    lines = [
        TITLE,
        "",
        f"{passed} of {len(results)} exports of torchvision's networks give ONNX Runtime's result to 1e-4 of the largest",
        "output. Random weights, calibrated batch norms, batch 1; `PYTHON benchmarks/zoo.py --write`.",
        "Compile time and memory are of one `toeplitz compile` to a shared library on a shared machine.",
        "",
        "| network | exporter | result | largest error | model MB | compile s | compiler MB | binary MB | workspace MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]

    def number(result, key, digits=1):
        return f"{result[key]:.{digits}f}" if key in result else ""

    for result in sorted(results, key=lambda result: (result["kind"], result["network"], result["exporter"])):
        error = f"{result['error']:.1e}" if "error" in result else ""
        status = result["status"]
        if "message" in result:
            status += ": " + result["message"].replace("|", "/").replace("\n", " ")[:120]
        columns = [result["network"], result["exporter"], status, error]
        for key in ("model", "compile_s", "compile", "binary", "workspace"):
            columns.append(number(result, "compile_seconds" if key == "compile_s" else key + "_megabytes"))
        lines.append("| " + " | ".join(columns) + " |")
    return "\n".join(lines) + "\n"


def write_table(results):
    import results as pages

    pages.RESULTS.write_text(pages.replace_section(pages.RESULTS.read_text(), TITLE, make_table(results)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="", help="only networks whose name this expression finds")
    parser.add_argument("--exporters", default="torchscript,dynamo")
    parser.add_argument("--results", default=str(ROOT / "build" / "zoo.jsonl"), help="where results are collected")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    parser.add_argument("--again", action="store_true", help="also those that didn't pass before")
    parser.add_argument("--export", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.export:
        export(*options.export)
        return
    results = read_results(options.results)
    if options.again:
        results = [result for result in results if result["status"] == "passed"]
    done = {(result["network"], result["exporter"]) for result in results}
    for name, module in list_networks():
        for exporter in options.exporters.split(","):
            if (name, exporter) in done or not re.search(options.models, name):
                continue
            result = check(name, module, exporter)
            results.append(result)
            print(name, exporter, result["status"], result.get("error", ""), result.get("message", ""), flush=True)
            with open(options.results, "w") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in results)
    if options.write:
        write_table(results)


if __name__ == "__main__":
    main()
