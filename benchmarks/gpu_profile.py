"""What each kernel of a network takes on a GPU: tables of the traces that PyTorch's profiler writes, which has the kernels of the whole process."""

import json

import results

KINDS = ("kernel", "gpu_memcpy", "gpu_memset")


def read_kernels(trace, runs):
    """The kernels of a trace (the object of Chrome's format) by their names: the one that takes longest first.

    Each has its name, launches a run, microseconds a run, its share of all, and of its first launch blocks, threads, registers and bytes of shared memory
    (None where the trace has no such number)."""
    kernels = {}
    events = [event for event in trace["traceEvents"] if event.get("ph") == "X" and event.get("cat") in KINDS]
    for event in sorted(events, key=lambda event: event["ts"]):
        more = event.get("args", {})
        first = {
            "name": event["name"],
            "launches": 0,
            "microseconds": 0.0,
            "blocks": more.get("grid"),
            "threads": more.get("block"),
            "registers": more.get("registers per thread"),
            "shared": more.get("shared memory"),
        }
        kernel = kernels.setdefault(event["name"], first)
        kernel["launches"] += 1 / runs
        kernel["microseconds"] += event["dur"] / runs
    total = sum(kernel["microseconds"] for kernel in kernels.values())
    for kernel in kernels.values():
        kernel["share"] = kernel["microseconds"] / total if total else 0.0
    return sorted(kernels.values(), key=lambda kernel: -kernel["microseconds"])


def describe_sizes(sizes):
    return "x".join(map(str, sizes)) if sizes else ""


def make_table(kernels, runs):
    """A table of read_kernels' list, and a line of the sum."""
    if not kernels:
        return "The profiler has recorded no kernels.\n"

    def optional(value):
        return "" if value is None else str(value)

    rows = [
        [
            kernel["name"].replace("|", "\\|"),
            f"{kernel['launches']:g}",
            f"{kernel['microseconds']:.1f}",
            f"{100 * kernel['share']:.1f}",
            describe_sizes(kernel["blocks"]),
            describe_sizes(kernel["threads"]),
            optional(kernel["registers"]),
            optional(kernel["shared"]),
        ]
        for kernel in kernels
    ]
    total = sum(kernel["microseconds"] for kernel in kernels)
    launches = sum(kernel["launches"] for kernel in kernels)
    text = f"{launches:g} launches, {total:.1f} us in kernels: the mean of {runs} runs. Blocks, threads, registers and bytes of shared memory are the first launch's.\n\n"
    return text + results.table(["kernel", "launches", "us", "%", "blocks", "threads", "registers", "shared"], rows)


def profile(device, run, runs, path):
    """Runs under the profiler; writes the table to `path`, and returns its kernels."""
    import torch

    device.synchronize()
    with torch.profiler.profile(activities=device.activities()) as profiler:
        for _ in range(runs):
            run()
        device.synchronize()
    trace = path.with_suffix(".trace.json")
    profiler.export_chrome_trace(str(trace))
    kernels = read_kernels(json.loads(trace.read_text(errors="replace"), strict=False), runs)
    trace.unlink()
    path.write_text(make_table(kernels, runs))
    return kernels
