"""Measures Toeplitz against ONNX Runtime: the time of a run, and what compiling costs. What `./dev bench` runs.

Each network is run by either in a process of its own, in turns, so that a machine that gets slower or faster meanwhile is so for
both; what counts is the shortest time of each. Both get the same weights and the same input, and the results are compared.
Compiling is measured with the weights in a safetensors file, from the start of `toeplitz compile` to the finished library.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import typing

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "test" / "support")]
from compiled_network import TOEPLITZ, SharedLibrary
from network_description import NetworkDescription

import results

WORK = ROOT / "build" / "benchmarks"
NETWORKS = ["resnet50", "mobilenet_v2", "vgg16"]
THREADS = [1, 2]
TURN_SECONDS = 0.5  # how long one of the two runs before it is the other's turn
TOLERANCE = 1e-4  # of the largest output; see test/examples/test_networks.py


class Files(typing.NamedTuple):
    """What is made of one network."""

    description: pathlib.Path
    weights: pathlib.Path
    library: pathlib.Path
    onnx: pathlib.Path


class RecordingDescription(NetworkDescription):
    """Remembers the weights that the conversion to ONNX asks for, by their keys."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.recorded = {}

    def weight(self, layer, part, shape, fan_in=None):
        values = super().weight(layer, part, shape, fan_in)
        self.recorded[f"{layer['name']}.{part}"] = values
        return values


def files_of(name):
    return Files(*(WORK / f"{name}{suffix}" for suffix in (".json", ".safetensors", ".so", ".onnx")))


def prepare(files, name):
    """Writes a network's random weights into a safetensors file, its description that refers to it, and its ONNX model."""
    import onnx
    from network_to_onnx import Converter
    from safetensors.numpy import save_file

    WORK.mkdir(parents=True, exist_ok=True)
    source = ROOT / "examples" / name / f"{name}.json"
    if files.onnx.exists() and files.onnx.stat().st_mtime > source.stat().st_mtime:
        return
    network = RecordingDescription.load(source)
    model = Converter(network).convert()
    save_file(network.recorded, files.weights)
    description = json.loads(source.read_text())
    description["weights"] = files.weights.name
    files.description.write_text(json.dumps(description))
    onnx.save(model, files.onnx)


def peak_so_far(pid):
    """The largest resident size of a process until now, in bytes; 0 once it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except ProcessLookupError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def compile_measured(files, options):
    """Compiles to a shared library; seconds, and the peak memory in bytes of the compiler itself.

    The linker that it starts maps the object and the library, whose pages the system counts as that process's; of its own it
    has a few megabytes."""
    command = [TOEPLITZ, "compile", str(files.description), "-o", str(files.library), *options]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_so_far(process.pid))
        time.sleep(0.01)
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return seconds, peak


def make_runner(engine, name, threads):
    """A function that runs the network once and returns its result, and a fixed random input for it."""
    library, model = WORK / f"{name}.so", WORK / f"{name}.onnx"
    if engine == "toeplitz":
        network = SharedLibrary(library, name, threads)
        (shape,) = network.input_shapes
    else:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        (only,) = session.get_inputs()
        shape = only.shape

        def network(x):
            return session.run(None, {only.name: x})[0]

    return network, numpy.random.default_rng(0).standard_normal(shape, numpy.float32)


def work(engine, name, threads):
    """A worker's life: at each line of the standard input it runs for a turn and answers with the shortest time in seconds."""
    network, x = make_runner(engine, name, threads)
    numpy.save(WORK / f"{name}.{engine}.npy", network(x))
    print("ready", flush=True)
    for _ in sys.stdin:
        shortest = float("inf")
        end = time.perf_counter() + TURN_SECONDS
        while time.perf_counter() < end:
            start = time.perf_counter()
            network(x)
            shortest = min(shortest, time.perf_counter() - start)
        print(shortest, flush=True)


class Worker:
    """A process that runs one network by one engine whenever it is told to."""

    def __init__(self, engine, name, threads):
        command = [sys.executable, __file__, "--worker", engine, name, str(threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer("ready")

    def _answer(self, expected=None):
        line = self._process.stdout.readline().strip()
        if not line or (expected and line != expected):
            sys.exit(f"a worker ended: {' '.join(self._process.args)}")
        return line

    def turn(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._answer())

    def end(self):
        self._process.stdin.close()
        self._process.wait()


def compare(name, threads, rounds):
    """The shortest times in seconds of Toeplitz and of ONNX Runtime, in turns."""
    workers = [Worker(engine, name, threads) for engine in ("toeplitz", "onnxruntime")]
    turns = [[worker.turn() for worker in workers] for _ in range(rounds)]
    for worker in workers:
        worker.end()
    ours, theirs = (numpy.load(WORK / f"{name}.{engine}.npy") for engine in ("toeplitz", "onnxruntime"))
    error = numpy.abs(ours - theirs).max() / numpy.abs(theirs).max()
    if not error <= TOLERANCE:
        sys.exit(f"{name}: the results differ by {error:.1e} of the largest output")
    return min(turn[0] for turn in turns), min(turn[1] for turn in turns)


def main():
    # What this script says to itself.
    if sys.argv[1:2] == ["--prepare"]:
        return prepare(files_of(sys.argv[2]), sys.argv[2])
    if sys.argv[1:2] == ["--worker"]:
        engine, name, threads = sys.argv[2:]
        return work(engine, name, int(threads))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS, help=f"examples to measure, {' '.join(NETWORKS)} by default")
    parser.add_argument("--threads", type=int, nargs="+", default=THREADS, help="numbers of threads, 1 2 by default")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each, 10 by default")
    parser.add_argument("--option", action="append", default=[], help="an option for toeplitz compile, as --option=--algorithm=direct")
    parser.add_argument(
        "--real-time", action="store_true", help="run before all other processes, on a machine that isn't quiet; needs root"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/RESULTS.md and the README")
    arguments = parser.parse_args()
    if arguments.real_time:
        # What this process starts inherits it.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))

    compilations, runs = [], []
    for name in arguments.networks:
        print(f"{name}: compiling", file=sys.stderr)
        subprocess.run([sys.executable, __file__, "--prepare", name], check=True)
        files = files_of(name)
        seconds, memory = compile_measured(files, arguments.option)
        weights = files.weights.stat().st_size
        compilations.append(results.Compilation(name, weights, seconds, memory, files.library.stat().st_size))
        for threads in arguments.threads:
            print(f"{name}: running with {threads} thread{'s' if threads > 1 else ''}", file=sys.stderr)
            runs.append(results.Run(name, threads, *compare(name, threads, arguments.rounds)))
    text = results.report(runs, compilations, arguments.real_time)
    print(text)
    if arguments.write:
        results.write(text)


if __name__ == "__main__":
    main()
