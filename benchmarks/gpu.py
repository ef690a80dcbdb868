"""Measures networks on a GPU, beside PyTorch with cuDNN. What `./dev bench --gpu` runs.

Both compute the same examples with the same random weights. All libraries are compiled before anything is measured, as many at a time as there are
processors; then a process of its own measures row after row. Tensors lie in the GPU's memory (with --copies: in the host's), float32 for Toeplitz, of the
precision's own type and layout for PyTorch. A run's time is the host's, from before its launch until the stream has ended; runs of the engines alternate
after a warm-up. PyTorch runs a CUDA graph, after cuDNN's search for the fastest algorithm (cudnn.benchmark), in that of both layouts (NCHW and
channels_last) in which it is faster; Toeplitz a CUDA graph too, captured by PyTorch, or launches of its own if they are faster. Errors are the largest
difference from PyTorch's outputs in float32 without TF32, relative to the largest output.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import gpu_report
import results

ROOT = pathlib.Path(__file__).resolve().parents[1]
NETWORKS = ["resnet50", "vgg16", "mobilenet_v2", "unet", "dcgan"]
PRECISIONS = ["f32", "tf32", "bf16", "f16"]
PEERS = ["torch.compile", "onnxruntime"]
START_SECONDS = 120  # the longest that a process may take to find its device


def make_description(name, batch, folder):
    """Writes an example's description with this batch. Returns its path."""
    source = ROOT / "examples" / name / f"{name}.json"
    description = json.loads(source.read_text())
    for tensor in description["inputs"]:
        tensor["shape"][0] = batch
    if isinstance(description["weights"], str):
        description["weights"] = str(source.parent / description["weights"])
    path = folder / f"{name}-{batch}.json"
    path.write_text(json.dumps(description))
    return path


def find_ptxas(choice):
    """NVIDIA's assembler: the named one, that of PATH, or that of the Python package triton. None: the driver compiles."""
    if choice == "none":
        return None
    if choice:
        return choice
    import importlib.util

    triton = importlib.util.find_spec("triton")
    folders = [pathlib.Path(folder) / "backends" / "nvidia" / "bin" for folder in (triton.submodule_search_locations if triton else [])]
    return shutil.which("ptxas") or next((str(folder / "ptxas") for folder in folders if (folder / "ptxas").exists()), None)


def compile_library(row, architecture, ptxas, compiler, seconds):
    """Compiles the library of a row unless it is there already. Returns the seconds that it took, and an error's text or None."""
    library = pathlib.Path(row["library"])
    sources = (compiler, ROOT / "examples" / row["network"] / f"{row['network']}.json")
    if library.exists() and library.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return 0.0, None
    command = [compiler, "compile", row["description"], "--target=cuda", f"--gpu-arch={architecture}", f"--precision={row['precision']}", "-o", library]
    if ptxas:
        command += [f"--cubin={architecture}", f"--ptxas={ptxas}"]
    start = time.perf_counter()
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return seconds, f"not done after {seconds:g} s"
    errors = [line for line in result.stderr.splitlines() if line.strip()] or [f"status {result.returncode}"]
    error = errors[0].replace(row["description"], pathlib.Path(row["description"]).name)[:200]
    return time.perf_counter() - start, error if result.returncode else None


def compile_all(rows, architecture, ptxas, arguments):
    """Compiles the libraries of all rows beside their descriptions, and writes where they are, or what fails, into the rows."""
    compiler = ROOT / "build" / "tools" / "toeplitz"
    for row in rows:
        kind = f"{row['precision']}-{architecture}{'-ptxas' if ptxas else ''}"
        row["library"] = str(pathlib.Path(row["description"]).with_suffix("")) + f"-{kind}.so"
    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(lambda row: compile_library(row, architecture, ptxas, compiler, arguments.row_timeout), rows))
    for row, (seconds, error) in zip(rows, outcomes):
        row["compile_seconds"] = seconds
        if error:
            row["failures"] = {"compiler": error}
    slowest = max(rows, key=lambda row: row["compile_seconds"])
    report(
        f"compiled {len(rows)} libraries for {architecture} in {time.perf_counter() - start:.1f} s, {arguments.jobs} at a time, "
        f"machine code by {ptxas or 'the driver'}; slowest {gpu_report.label(slowest)}, {slowest['compile_seconds']:.1f} s"
    )


def run_worker(connection, options):
    """What the measuring process runs. (PyTorch is imported there alone.)"""
    import gpu_worker

    gpu_worker.serve(connection, options)


class WorkerProcess:
    """A process that measures; a new one after an error that spoils it."""

    def __init__(self, options):
        self.options = options
        self.process = None

    def ask(self, request, seconds):
        """The answer to a request, or {"failures": …}."""
        if not self.process:
            context = multiprocessing.get_context("spawn")
            self.connection, theirs = context.Pipe()
            self.process = context.Process(target=run_worker, args=(theirs, self.options), daemon=True)
            self.process.start()
            theirs.close()
        try:
            self.connection.send(request)
            if self.connection.poll(seconds):
                answer = self.connection.recv()
            else:
                answer = {"failures": {"row": f"not done after {seconds:g} s"}, "is_broken": True}
        except (EOFError, OSError):
            self.process.join(10)
            answer = {"failures": {"row": f"the process ended with status {self.process.exitcode}"}, "is_broken": True}
        if answer.pop("is_broken"):
            self.stop()
        return answer

    def stop(self):
        if self.process:
            self.connection.close()
            self.process.join(2)
            self.process.kill()
            self.process.join()
            self.process = None


def report(text):
    print(text, file=sys.stderr, flush=True)


def measure_all(rows, information, arguments, start):
    """Measures the rows that are compiled, and writes each down at once. Returns those that there was time for."""
    options = {
        "emulate": arguments.emulate,
        "copies": arguments.copies,
        "runs": arguments.runs,
        "row_seconds": arguments.row_seconds,
        "peers": arguments.peers,
        "compile_mode": arguments.compile_mode,
        "profile": str(arguments.profile.resolve()) if arguments.profile else None,
    }
    worker = WorkerProcess(options)
    done = []
    try:
        information |= worker.ask(None, START_SECONDS)
        if information.get("failures"):
            sys.exit(f"error: {information['failures']['row']}")
        architecture = arguments.architecture or information["architecture"]
        ptxas = None if architecture.startswith("emulated") else find_ptxas(arguments.ptxas)
        information["machine_code"] = ptxas and pathlib.Path(ptxas).name
        compile_all(rows, architecture, ptxas, arguments)
        for row in rows:
            if arguments.seconds is not None and time.perf_counter() - start > arguments.seconds:
                report(f"no time left: {len(rows) - len(done)} rows aren't measured")
                break
            if not row.get("failures"):
                row |= worker.ask(row, arguments.row_timeout)
            done.append(row)
            report(gpu_report.describe_row(row))
            save(arguments.json, information, done)
    finally:
        worker.stop()
    return done


def save(path, information, rows):
    if path:
        kept = [{key: value for key, value in row.items() if key not in ("description", "library")} for row in rows]
        path.write_text(json.dumps({**information, "rows": kept}, indent=1))


def make_rows(arguments, folder):
    rows = []
    for name in arguments.networks:
        for batch in arguments.batch:
            description = make_description(name, batch, folder)
            for precision in arguments.precision:
                rows.append({"network": name, "batch": batch, "precision": precision, "description": str(description)})
    return rows


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench --gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="NETWORK", help=f"examples; the default is {' '.join(NETWORKS)}")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32, 256], metavar="N", help="the images of a run; the default is 1 32 256")
    parser.add_argument("--precision", nargs="+", default=PRECISIONS[:3], choices=PRECISIONS, help="the default is f32 tf32 bf16")
    parser.add_argument(
        "--peers", nargs="*", default=["onnxruntime"], choices=PEERS,
        help="what is measured beside PyTorch, where it is installed: the default is onnxruntime; torch.compile takes a minute a row",
    )  # fmt: skip
    parser.add_argument(
        "--compile-mode", default="max-autotune-no-cudagraphs", metavar="MODE", help="of torch.compile, whose launches are captured into a graph here"
    )
    parser.add_argument("--copies", action="store_true", help="runs from the host's memory to the host's memory")
    parser.add_argument("--runs", type=int, default=100, metavar="N", help="how many runs count; the default is 100")
    parser.add_argument(
        "--row-seconds", type=float, default=10.0, metavar="S", help="measure fewer runs of an engine (10 at least) where they take longer than this; default 10"
    )
    parser.add_argument("--row-timeout", type=float, default=300.0, metavar="S", help="give a row up after so long; the default is 300")
    parser.add_argument("--seconds", type=float, metavar="S", help="start no row later than this")
    parser.add_argument("--gpu-arch", dest="architecture", metavar="ARCH", help="as toeplitz compile takes it; the default is the GPU's own")
    parser.add_argument(
        "--ptxas", metavar="FILE|none", help="what makes machine code when libraries are compiled; the default is that of PATH or triton's, else the driver's"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="libraries compiled at a time; the default is one for each processor")
    parser.add_argument("--libraries", type=pathlib.Path, metavar="FOLDER", help="keep the libraries there, and use those that are newer than the compiler")
    parser.add_argument("--profile", type=pathlib.Path, metavar="FOLDER", help="write tables of the time of each kernel there, of Toeplitz and of the others")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all numbers there, after each row")
    parser.add_argument("--from", dest="sources", type=pathlib.Path, nargs="+", metavar="FILE", help="measure nothing: make the table of files of --json")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/RESULTS.md")
    parser.add_argument("--emulate", action="store_true", help=argparse.SUPPRESS)  # for tests: the processor in the GPU's place
    arguments = parser.parse_args()
    for name in arguments.networks:
        if not (ROOT / "examples" / name / f"{name}.json").exists():
            parser.error(f"no example '{name}'")
    if min([*arguments.batch, arguments.runs, arguments.jobs]) < 1:
        parser.error("--batch, --runs and --jobs are at least 1")
    return arguments


def main():
    start = time.perf_counter()
    arguments = parse_arguments()
    if arguments.sources:
        measurements = [json.loads(path.read_text()) for path in arguments.sources]
    else:
        information = {"command": shlex.join(["./dev", "bench", "--gpu", *sys.argv[1:]]), "copies": arguments.copies, "runs": arguments.runs}
        with tempfile.TemporaryDirectory() as scratch:
            folder = (arguments.libraries or pathlib.Path(scratch)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            rows = measure_all(make_rows(arguments, folder), information, arguments, start)
        measurements = [{**information, "rows": rows}]
    text = gpu_report.make_report(measurements)
    print(text)
    if arguments.write and any(measurement["device"] == gpu_report.EMULATED for measurement in measurements):
        sys.exit("error: times of an emulated GPU aren't for RESULTS.md")
    if arguments.write:
        page = results.RESULTS.read_text()
        before, _, rest = page.partition(gpu_report.START)
        results.RESULTS.write_text(before + gpu_report.START + text + gpu_report.END + rest.partition(gpu_report.END)[2])


if __name__ == "__main__":
    main()
