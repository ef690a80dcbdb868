"""The tables of the benchmark, and their place in RESULTS.md and the README."""

import datetime
import pathlib
import re
import typing

FOLDER = pathlib.Path(__file__).resolve().parent
PAGES = [FOLDER / "RESULTS.md", FOLDER.parent / "README.md"]
START, END = "<!-- measured: ./dev bench --write -->\n", "<!-- end of measurements -->\n"
MEGABYTE = 1e6

# How much memory compiling may take: a multiple of the weights and a constant.
MEMORY_PER_WEIGHT, MEMORY_CONSTANT = 2.5, 500 * MEGABYTE


class Run(typing.NamedTuple):
    """The shortest runs of one network, in seconds."""

    network: str
    threads: int
    toeplitz: float
    onnx_runtime: float


class Compilation(typing.NamedTuple):
    """What compiling one network cost. Sizes are in bytes."""

    network: str
    weights: int
    seconds: float
    peak_memory: int
    library: int


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def run_table(runs):
    header = ["network", "threads", "Toeplitz, ms", "ONNX Runtime, ms", "ONNX Runtime / Toeplitz"]
    return table(
        header,
        [
            [
                run.network,
                str(run.threads),
                f"{run.toeplitz * 1e3:.2f}",
                f"{run.onnx_runtime * 1e3:.2f}",
                f"{run.onnx_runtime / run.toeplitz:.2f}",
            ]
            for run in runs
        ],
    )


def compilation_table(compilations):
    header = ["network", "weights, MB", "compiling, s", "peak memory, MB", "allowed, MB", "library, MB"]
    return table(
        header,
        [
            [
                compilation.network,
                f"{compilation.weights / MEGABYTE:.0f}",
                f"{compilation.seconds:.1f}",
                f"{compilation.peak_memory / MEGABYTE:.0f}",
                f"{(MEMORY_PER_WEIGHT * compilation.weights + MEMORY_CONSTANT) / MEGABYTE:.0f}",
                f"{compilation.library / MEGABYTE:.0f}",
            ]
            for compilation in compilations
        ],
    )


def machine():
    """The processor, as the system describes it."""
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", information)
    flags = set(information.split())
    widest = [name for flag, name in (("avx2", "AVX2"), ("avx512f", "AVX-512"), ("amx_tile", "AMX")) if flag in flags]
    count = len(re.findall(r"^processor\s*:", information, re.MULTILINE))
    return f"{model.group(1) if model else 'unknown processor'} ({', '.join(widest) or 'no AVX2'}), {count} logical cores"


def report(runs, compilations, real_time):
    import onnxruntime

    priority = ", with real-time priority" if real_time else ""
    return (
        f"Measured {datetime.date.today()} on {machine()}{priority}; ONNX Runtime {onnxruntime.__version__}; float32, batch 1.\n\n"
        + run_table(runs)
        + "\n"
        + compilation_table(compilations)
    )


def write(text):
    for page in PAGES:
        before, _, rest = page.read_text().partition(START)
        after = rest.partition(END)[2]
        page.write_text(before + START + text + END + after)
