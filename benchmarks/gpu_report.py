"""The tables of `./dev bench --gpu`, from what was measured: objects as its --json writes them."""

import results

START, END = "<!-- measured: ./dev bench --gpu --write -->\n", "<!-- end of the GPU's measurements -->\n"

# A result counts as correct if it is off by no more than this (ten times the unit roundoff of the factors; of f32 what Winograd's algorithm and long sums
# may round), or by twice as much as PyTorch's own result in this precision.
ERROR_LIMITS = {"f32": 1e-3, "tf32": 10 * 2.0**-11, "f16": 10 * 2.0**-11, "bf16": 10 * 2.0**-8}

EMULATED = "emulated"  # in the place of a GPU's name

LATENCY_TARGET = 1.3  # PyTorch's time over Toeplitz's, with one image
THROUGHPUT_TARGET = 0.6  # the same, of ResNet-50 with 256 images in bfloat16: a first floor


def label(row):
    return f"{row['network']} {row['batch']} {row['precision']}"


def ratio(row):
    """PyTorch's shortest time over Toeplitz's, or None."""
    if "toeplitz" not in row or "pytorch" not in row:
        return None
    return row["pytorch"]["minimum"] / row["toeplitz"]["minimum"]


def is_correct(row):
    """Whether Toeplitz's result is as good as the precision allows; None where there is none."""
    if "toeplitz" not in row:
        return None
    allowed = ERROR_LIMITS[row["precision"]]
    theirs = row.get("pytorch", {}).get("error", 0.0)
    if theirs == theirs:  # no NaN
        allowed = max(allowed, 2 * theirs)
    return row["toeplitz"]["error"] <= allowed


def describe_row(row):
    """A line for the terminal."""
    words = [label(row)]
    for engine in ("toeplitz", "pytorch"):
        if engine in row:
            numbers = row[engine]
            words.append(f"{engine} {numbers['minimum']:.3f} ms ({numbers['way']}, median {numbers['median']:.3f}, error {numbers['error']:.1e})")
    for peer, numbers in row.get("peers", {}).items():
        words.append(f"{peer}: {numbers['skipped']}" if "skipped" in numbers else f"{peer} {numbers['minimum']:.3f} ms (error {numbers['error']:.1e})")
    if ratio(row):
        words.append(f"PyTorch / Toeplitz {ratio(row):.2f}")
    if is_correct(row) is False:
        words.append("WRONG")
    words += [f"{engine} failed: {reason}" for engine, reason in row.get("failures", {}).items()] + row.get("notes", [])
    if "seconds" in row:
        words.append(f"{row['seconds']:.1f} s in all")
    return "; ".join(words)


def find_peers(rows):
    """The peers that have a time in any row, in their order."""
    return list(dict.fromkeys(peer for row in rows for peer, numbers in row.get("peers", {}).items() if "minimum" in numbers))


def make_table(rows, wanted_runs):
    """A row for each. A number of runs is named where it isn't the wanted one."""
    peers = find_peers(rows)
    header = ["network", "batch", "precision", "Toeplitz", "median", "by", "PyTorch", "median", "layout"]
    for peer in peers:
        header += [peer, "median"]
    header += ["PyTorch / Toeplitz", "error", "PyTorch's error", "remarks"]
    lines = []
    for row in rows:
        cells = [row["network"], str(row["batch"]), row["precision"]]
        for numbers in (row.get("toeplitz"), row.get("pytorch")):
            cells += [f"{numbers['minimum']:.3f}", f"{numbers['median']:.3f}", numbers["way"]] if numbers else ["", "", ""]
        for peer in peers:
            numbers = row.get("peers", {}).get(peer, {})
            cells += [f"{numbers['minimum']:.3f}", f"{numbers['median']:.3f}"] if "minimum" in numbers else ["", ""]
        cells.append(f"{ratio(row):.2f}" if ratio(row) else "")
        cells += [f"{row[engine]['error']:.1e}" if engine in row else "" for engine in ("toeplitz", "pytorch")]
        runs = {numbers["runs"] for numbers in (row.get("toeplitz"), row.get("pytorch")) if numbers}
        remarks = ["**wrong**"] if is_correct(row) is False else []
        remarks += [f"{count} runs" for count in sorted(runs) if count != wanted_runs]
        remarks += [f"{engine} failed: {reason}" for engine, reason in row.get("failures", {}).items()] + row.get("notes", [])
        cells.append("; ".join(remarks).replace("|", "\\|"))
        lines.append(cells)
    return results.table(header, lines)


def describe_targets(rows):
    """A line for each aim that something in the rows says something about."""
    lines = []
    verdicts = [is_correct(row) for row in rows]
    failed = [label(row) for row, verdict in zip(rows, verdicts) if verdict is None]
    wrong = [label(row) for row, verdict in zip(rows, verdicts) if verdict is False]
    text = f"- Correct: {verdicts.count(True)} of {len(rows)}"
    text += f"; wrong: {', '.join(wrong)}" if wrong else ""
    lines.append(text + (f"; without a result: {', '.join(failed)}" if failed else ""))
    latencies = [row for row in rows if row["batch"] == 1 and ratio(row)]
    if latencies:
        least = min(latencies, key=ratio)
        reached = sum(ratio(row) >= LATENCY_TARGET for row in latencies)
        lines.append(
            f"- One image, at least {LATENCY_TARGET} times as fast as PyTorch with CUDA graphs: {reached} of {len(latencies)}; the least is {ratio(least):.2f} ({label(least)})"
        )
    for row in rows:
        if (row["network"], row["batch"], row["precision"]) == ("resnet50", 256, "bf16") and ratio(row):
            lines.append(f"- ResNet-50, 256 images, bf16, at least {THROUGHPUT_TARGET} of cuDNN's throughput: {ratio(row):.2f}")
    return "\n".join(lines) + "\n"


def describe_clocks(clocks):
    """What nvidia-smi says, in words."""
    if not clocks:
        return "clocks unknown"
    return (
        f"clocks at most {clocks['clocks.max.sm']} MHz (multiprocessors) and {clocks['clocks.max.mem']} MHz (memory), "
        f"driver {clocks['driver_version']}"
    )


def describe_loaded_clocks(rows):
    """The range of the multiprocessors' clock while the networks ran."""
    speeds = [int(row["clocks"]["clocks.sm"]) for row in rows if row.get("clocks", {}).get("clocks.sm", "").isdigit()]
    return f", under load {min(speeds)} to {max(speeds)} MHz" if speeds else ""


def describe_measurement(measurement):
    """The device, versions and the command."""
    packages = [f"{name} {version}" for name, version in measurement["packages"].items()]
    code = f"machine code by {measurement['machine_code']}" if measurement["machine_code"] else "PTX compiled by the driver"
    parts = [measurement["device"], describe_clocks(measurement["clocks"]) + describe_loaded_clocks(measurement["rows"])]
    parts += [f"PyTorch {measurement['torch']}", f"cuDNN {measurement['cudnn']}", *packages, code]
    memory = "the host's memory to the host's memory" if measurement["copies"] else "the GPU's memory to the GPU's memory"
    return f"{', '.join(parts)}. Milliseconds from {memory}, the least and the median of {measurement['runs']} runs in turns: `{measurement['command']}`\n"


def describe_skipped(rows):
    """Why peers have no time."""
    reasons = {}
    for row in rows:
        for peer, numbers in row.get("peers", {}).items():
            if "skipped" in numbers:
                reasons.setdefault((peer, numbers["skipped"]), []).append(row["precision"])
    return "".join(
        f"- {peer} isn't measured ({', '.join(dict.fromkeys(precisions))}): {reason}\n" for (peer, reason), precisions in reasons.items()
    )


def make_report(measurements):
    """The text between RESULTS.md's marks."""
    rows = [row for measurement in measurements for row in measurement["rows"]]
    if not rows:
        return "Nothing was measured.\n"
    head = "\n".join(describe_measurement(measurement) for measurement in measurements)
    if any(measurement["device"] == EMULATED for measurement in measurements):
        head += "\nThe GPU is emulated: these times say nothing.\n"
    return head + "\n" + make_table(rows, measurements[0]["runs"]) + "\n" + describe_targets(rows) + describe_skipped(rows)
