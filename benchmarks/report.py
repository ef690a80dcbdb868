"""The measurements of bench.py as tables: in benchmarks/RESULTS.md all of them, in the README how much faster than the fastest peer.

A measurement is what bench.py says about one network, a dictionary:
    network, target, weights (bytes)
    runs          by number of threads, then by engine: seconds, first (the seconds of the first run), memory (bytes of the process)
    errors        by engine: the largest difference from ONNX Runtime's result, as a part of its largest output
    notes         by engine: why it wasn't measured
    versions      by engine
    compilation   seconds, and bytes: peak_memory, library, code; None where Toeplitz wasn't measured
"""

import datetime
import math

import chart
import engines
from results import MEGABYTE, README, RESULTS, machine, replace_measurements, replace_section, table

UNSEEN_TITLE = "## Networks that nothing was tuned to"

# How much memory compiling may take: a multiple of the weights and a constant.
MEMORY_PER_WEIGHT, MEMORY_CONSTANT = 2.5, 500 * MEGABYTE


def get_seconds(measurement, threads, engine):
    """The shortest run; nothing where it wasn't measured."""
    run = measurement["runs"].get(threads, {}).get(engine)
    return run["seconds"] if run else None


def get_ratio(measurement, threads):
    """The fastest peer's time over Toeplitz's; nothing where one of them is missing."""
    runs = measurement["runs"].get(threads, {})
    peers = [run["seconds"] for engine, run in runs.items() if engine != "toeplitz"]
    return min(peers) / runs["toeplitz"]["seconds"] if peers and "toeplitz" in runs else None


def geometric_mean(ratios):
    known = [ratio for ratio in ratios if ratio]
    return math.exp(sum(map(math.log, known)) / len(known)) if known else None


def number(value, form):
    """A dash where there is none."""
    return "-" if value is None else format(value, form)


def verdict(ratio, target):
    return "-" if ratio is None else "held" if ratio >= target else "missed"


def list_engines(measurements):
    """Those that were asked for, in the order of the table of engines."""
    seen = set()
    for measurement in measurements:
        seen.update(measurement["versions"], measurement["notes"], *measurement["runs"].values())
    return [engine for engine in engines.ENGINES if engine in seen]


def list_threads(measurements):
    return sorted({threads for measurement in measurements for threads in measurement["runs"]}, key=int)


def milliseconds(seconds):
    return "-" if seconds is None else f"{seconds * 1e3:.2f}"


def run_table(measurements, threads):
    """Milliseconds of all engines with one number of threads."""
    columns = list_engines(measurements)
    rows = []
    for measurement in measurements:
        ratio = get_ratio(measurement, threads)
        times = [milliseconds(get_seconds(measurement, threads, engine)) for engine in columns]
        target = measurement["target"]
        rows.append([measurement["network"], *times, number(ratio, ".2f"), f"{target:g}", verdict(ratio, target)])
    mean = geometric_mean(get_ratio(measurement, threads) for measurement in measurements)
    rows.append(["geometric mean", *[""] * len(columns), number(mean, ".2f"), "", ""])
    titles = [f"{engines.ENGINES[engine].title}, ms" for engine in columns]
    return table([f"{threads} thread{'s' if threads != '1' else ''}", *titles, "fastest peer / Toeplitz", "target", ""], rows)


def speedup_table(measurements):
    """How much faster with several threads than with the first number, where several were measured."""
    first, *others = list_threads(measurements)
    columns = list_engines(measurements)
    rows = []
    for measurement in measurements:
        for threads in others:
            row = [measurement["network"], threads]
            for engine in columns:
                times = [get_seconds(measurement, count, engine) for count in (first, threads)]
                row.append("-" if None in times else f"{times[0] / times[1]:.2f}")
            rows.append(row)
    titles = [engines.ENGINES[engine].title for engine in columns]
    return table(["network", f"threads, against {first}", *titles], rows)


def error_table(measurements):
    """How far the results are from ONNX Runtime's, as a part of the largest output."""
    columns = [engine for engine in list_engines(measurements) if engine != "onnxruntime"]
    rows = []
    for measurement in measurements:
        errors = [measurement["errors"].get(engine) for engine in columns]
        rows.append([measurement["network"], *(number(error, ".1e") for error in errors)])
    return table(["largest error", *(engines.ENGINES[engine].title for engine in columns)], rows)


def compilation_table(measurements):
    header = ["network", "compiling, s", "compiler, MB", "allowed, MB", "weights, MB", "library, MB", "code, MB", "run, MB", "first run / shortest"]
    rows = []
    for measurement in measurements:
        compilation = measurement["compilation"]
        if not compilation:
            continue
        threads = next(iter(measurement["runs"]), None)
        run = measurement["runs"].get(threads, {}).get("toeplitz")
        allowed = MEMORY_PER_WEIGHT * measurement["weights"] + MEMORY_CONSTANT
        rows.append(
            [
                measurement["network"],
                f"{compilation['seconds']:.1f}",
                f"{compilation['peak_memory'] / MEGABYTE:.0f}",
                f"{allowed / MEGABYTE:.0f}",
                f"{measurement['weights'] / MEGABYTE:.1f}",
                f"{compilation['library'] / MEGABYTE:.1f}",
                f"{compilation['code'] / MEGABYTE:.2f}",
                number(run and run["memory"] / MEGABYTE, ".0f"),
                number(run and run["first"] / run["seconds"], ".2f"),
            ]
        )
    return table(header, rows)


def list_notes(measurements):
    """Why dashes are dashes."""
    lines = []
    for measurement in measurements:
        for engine, reason in sorted(measurement["notes"].items()):
            lines.append(f"- {measurement['network']}, {engines.ENGINES[engine].title}: {reason.replace('|', '/')}\n")
    return "".join(lines)


def describe_run(measurements, real_time):
    """When, where and with what."""
    versions = {}
    for measurement in measurements:
        versions.update(measurement["versions"])
    peers = [f"{engines.ENGINES[engine].title} {versions[engine]}" for engine in engines.ENGINES if versions.get(engine)]
    priority = ", with real-time priority" if real_time else ""
    return f"Measured {datetime.date.today()} on {machine()}{priority}; {', '.join(peers)}; float32, batch 1.\n"


def describe(measurements, real_time):
    """Everything, for RESULTS.md."""
    parts = [describe_run(measurements, real_time)]
    threads = list_threads(measurements)
    parts += [run_table(measurements, count) for count in threads]
    if len(threads) > 1:
        parts.append(speedup_table(measurements))
    parts += [error_table(measurements), compilation_table(measurements)]
    notes = list_notes(measurements)
    if notes:
        parts.append("Not measured:\n\n" + notes)
    return "\n".join(parts)


def describe_unseen(measurements, real_time):
    """The section of RESULTS.md about networks that aren't of the table."""
    parts = [
        f"{UNSEEN_TITLE}\n",
        "`./dev bench --unseen --write`: other networks of torchvision's, and those of `benchmarks/unseen_networks.py`, of kinds that the table hasn't. No choice of the compiler was made for them;\n"
        "where one was slower than a peer, what it lacked was built for all networks of its kind.\n",
        describe_run(measurements, real_time),
        *(run_table(measurements, count) for count in list_threads(measurements)),
        error_table(measurements),
    ]
    notes = list_notes(measurements)
    return "\n".join([*parts, *(["Not measured:\n\n" + notes] if notes else [])])


def write_unseen(measurements, real_time):
    """Into its section."""
    RESULTS.write_text(replace_section(RESULTS.read_text(), UNSEEN_TITLE, describe_unseen(measurements, real_time)))


def summarize(measurements, real_time):
    """How much faster than the fastest peer, for the README."""
    threads = list_threads(measurements)
    rows = []
    for measurement in measurements:
        best = {count: get_ratio(measurement, count) for count in threads}
        times = [milliseconds(get_seconds(measurement, count, "toeplitz")) for count in threads]
        rows.append([measurement["network"], *times, *(number(best[count], ".2f") for count in threads)])
    means = [geometric_mean(get_ratio(measurement, count) for measurement in measurements) for count in threads]
    rows.append(["geometric mean", *[""] * len(threads), *(number(mean, ".2f") for mean in means)])
    words = [f"{count} thread{'s' if count != '1' else ''}" for count in threads]
    header = ["network", *(f"ms, {word}" for word in words), *(f"fastest peer / Toeplitz, {word}" for word in words)]
    return describe_run(measurements, real_time) + "\n" + table(header, rows)


def write(measurements, real_time):
    """Into the pages, and the picture beside them."""
    picture = "\n![How much longer the fastest peer takes](results.svg)\n"
    for page, text in ((RESULTS, describe(measurements, real_time) + picture), (README, summarize(measurements, real_time))):
        page.write_text(replace_measurements(page.read_text(), text))
    bars = [
        (measurement["network"], measurement["target"], [get_ratio(measurement, count) for count in list_threads(measurements)])
        for measurement in measurements
    ]
    words = [f"{count} thread{'s' if count != '1' else ''}" for count in list_threads(measurements)]
    (RESULTS.parent / "results.svg").write_text(chart.draw(bars, words))
