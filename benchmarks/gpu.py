"""Measures networks on a GPU, beside PyTorch with cuDNN. What `./dev bench --gpu` runs.

Both have the same architecture and random weights, in float32 without TF32; a run takes its input from the host's memory and leaves its output there.
PyTorch captures the network into a CUDA graph, with cuDNN's search for the fastest algorithm (cudnn.benchmark), in both layouts (NCHW and channels_last), of
which the faster one counts. After a warm-up, runs of the two alternate; what counts is the shortest one. Results aren't compared here (the weights differ):
test/numerics does that, in emulation.

A machine with a GPU but without the compiler measures libraries that were compiled elsewhere (--compile-to, then --libraries).
"""

import argparse
import json
import lzma
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

import results

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))
START, END = "<!-- measured: ./dev bench --gpu --write -->\n", "<!-- end of the GPU's measurements -->\n"
NETWORKS = ["resnet50", "vgg16", "mobilenet_v2", "resnet18", "densenet121", "squeezenet", "googlenet"]
TORCHVISION = {"squeezenet": "squeezenet1_1"}
RUNS, WARM_UP = 100, 10


def compile_network(name, batch, folder, architecture):
    """The library of an example with this batch."""
    description = json.loads((ROOT / "examples" / name / f"{name}.json").read_text())
    for tensor in description["inputs"]:
        tensor["shape"][0] = batch
    path = folder / f"{name}-{batch}.json"
    path.write_text(json.dumps(description))
    library = path.with_suffix(".so")
    compiler = ROOT / "build" / "tools" / "toeplitz"
    subprocess.run([compiler, "compile", path, "--target=cuda", f"--gpu-arch={architecture}", "-o", library], check=True)
    return library


def find_library(name, batch, arguments, scratch):
    if not arguments.libraries:
        return compile_network(name, batch, scratch, arguments.architecture)
    packed = arguments.libraries / f"{name}-{batch}.so.xz"
    library = scratch / f"{name}-{batch}.so"
    library.write_bytes(lzma.decompress(packed.read_bytes()))
    return library


def torch_runs(name, batch):
    """A function for each layout, which computes the network from the host's memory to it."""
    import torch
    import torchvision

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    runs = {}
    for layout in (torch.contiguous_format, torch.channels_last):
        options = {"init_weights": False} if name == "googlenet" else {}
        network = getattr(torchvision.models, TORCHVISION.get(name, name))(weights=None, **options)
        network = network.cuda().eval().to(memory_format=layout)
        source = torch.randn(batch, 3, 224, 224).contiguous(memory_format=layout).pin_memory()
        x = source.cuda()
        with torch.inference_mode():
            stream = torch.cuda.Stream()
            with torch.cuda.stream(stream):
                for _ in range(5):
                    network(x)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                y = network(x)
        target = torch.empty_like(y, device="cpu").pin_memory()

        def run(network=network, source=source, x=x, graph=graph, y=y, target=target):
            x.copy_(source, non_blocking=True)
            graph.replay()
            target.copy_(y, non_blocking=True)
            torch.cuda.synchronize()

        runs[str(layout).rpartition(".")[2]] = run
    return runs


def measure(runs):
    """The milliseconds of each function's runs, in turns."""
    for run in runs.values():
        for _ in range(WARM_UP):
            run()
    times = {name: [] for name in runs}
    for _ in range(RUNS):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(1000 * (time.perf_counter() - start))
    return times


def compare(name, batch, arguments, scratch):
    import toeplitz

    network = toeplitz.load(find_library(name, batch, arguments, scratch))
    generator = numpy.random.default_rng(1)
    inputs = [generator.standard_normal(tensor.shape).astype(numpy.float32) for tensor in network.inputs]
    times = measure({"toeplitz": lambda: network(*inputs), **torch_runs(name, batch)})
    ours = times.pop("toeplitz")
    layout = min(times, key=lambda key: min(times[key]))
    theirs = times[layout]
    return [
        name,
        str(batch),
        f"{min(ours):.3f}",
        f"{statistics.median(ours):.3f}",
        f"{min(theirs):.3f}",
        f"{statistics.median(theirs):.3f}",
        layout,
        f"{min(theirs) / min(ours):.2f}",
    ]


def describe():
    import torch

    return (
        f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, float32 without TF32; milliseconds from the "
        f"host's memory to the host's memory, of {RUNS} runs in turns.\n\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="NETWORK", help="examples that torchvision has too")
    parser.add_argument("--batch", type=int, nargs="+", default=[1], help="the images of a run")
    parser.add_argument("--gpu-arch", dest="architecture", default="sm_80", help="as toeplitz compile takes it")
    parser.add_argument("--compile-to", type=pathlib.Path, metavar="FOLDER", help="only compile, for --libraries on another machine")
    parser.add_argument("--libraries", type=pathlib.Path, metavar="FOLDER", help="measure the libraries of --compile-to")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    pairs = [(name, batch) for batch in arguments.batch for name in arguments.networks]
    if arguments.compile_to:
        arguments.compile_to.mkdir(parents=True, exist_ok=True)
        for name, batch in pairs:
            library = compile_network(name, batch, arguments.compile_to, arguments.architecture)
            library.with_suffix(".so.xz").write_bytes(lzma.compress(library.read_bytes(), preset=1))
            library.unlink()
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, batch in pairs:
            rows.append(compare(name, batch, arguments, pathlib.Path(scratch)))
            print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    header = ["network", "batch", "Toeplitz", "median", "PyTorch", "median", "PyTorch's layout", "PyTorch / Toeplitz"]
    text = describe() + results.table(header, rows)
    print(text)
    if arguments.write:
        page = results.RESULTS.read_text()
        before, _, rest = page.partition(START)
        results.RESULTS.write_text(before + START + text + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
