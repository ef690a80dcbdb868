"""Measures the algorithms of the examples' convolutions, and how often the compiler's estimates choose the fastest.

    PYTHON benchmarks/selection.py [NETWORK ...] [--folder FOLDER] [--write]

Each network goes through `toeplitz explain --tune`, which times every algorithm that can compute a layer (the minimum of
interleaved rounds, one thread). Times stay in FOLDER, so that it can be interrupted. --write puts two tables into
benchmarks/RESULTS.md: for each network how many layers' choices are within a tenth of the measured best, and for each
algorithm the layer on which its choice gains most.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples"))
from compiled_network import TOEPLITZ

import results

NETWORKS = (
    "lenet5 pruned_vgg replknet periodic_flow dcgan mobilenet_v2 squeezenet resnet18 googlenet wavenet alexnet resnet50 "
    "resnext50 vgg16 mobilenet_v1 densenet121 unet deeplab r3d18"
).split()
TITLE = "## The choice of algorithms"


def explain(network, folder):
    """The report of `toeplitz explain`, measured once."""
    path = folder / f"{network}.explained.json"
    if not path.exists():
        description = ROOT / "examples" / network / f"{network}.json"
        command = [TOEPLITZ, "explain", description, "--json", "--tune", "--tuned", folder / f"{network}.tuned.json"]
        process = subprocess.run(command, capture_output=True, text=True, check=True)
        path.write_text(process.stdout)
    return json.loads(path.read_text())


def measured(layer):
    """Microseconds of the algorithms that may be chosen, without their variants: the fastest first."""
    times = {}
    for candidate in layer["candidates"]:
        if "microseconds" in candidate:
            name = candidate["algorithm"].partition(":")[0]
            times[name] = min(times.get(name, float("inf")), candidate["microseconds"])
    return sorted((time, name) for name, time in times.items())


def describe(layer):
    shape = "x".join(map(str, layer["input"]))
    kernel = "x".join(map(str, layer["kernel"])) or "dense"
    groups = f", {layer['groups']} groups" if layer["groups"] > 1 else ""
    return f"{layer['name']}: {kernel} on {shape} to {layer['result'][1]} channels{groups}"


def network_rows(reports):
    rows = []
    for network, report in reports.items():
        totals = report["totals"]
        chosen = ", ".join(f"{name} {count}" for name, count in sorted(totals["algorithms"].items()))
        rows.append([network, str(totals["measured_layers"]), str(totals["within_10_percent"]), chosen])
    layers, within = (sum(int(row[i]) for row in rows) for i in (1, 2))
    return [*rows, ["all", str(layers), f"{within} ({100 * within / layers:.0f} %)", ""]]


def algorithm_rows(reports):
    """For each algorithm the layer that gains most by it, of those on which it is chosen and measured best."""
    best = {}
    for network, report in reports.items():
        for layer in report["layers"]:
            times = measured(layer)
            name = layer["algorithm"].partition(":")[0]
            if len(times) < 2 or times[0][1] != name:
                continue
            gain = times[1][0] / times[0][0]
            if name not in best or gain > best[name][0]:
                best[name] = (gain, network, layer, times)
    rows = []
    for name, (gain, network, layer, times) in sorted(best.items()):
        second = times[1]
        rows.append([name, f"{network}, {describe(layer)}", f"{times[0][0]:.0f}", f"{second[1]}: {second[0]:.0f}", f"{gain:.2f}"])
    return rows


def format_section(reports):
    networks = results.table(
        ["network", "layers", "within 10 % of the best", "choices"], network_rows(reports)
    )
    algorithms = results.table(
        ["algorithm", "where it gains most", "us", "the next best, us", "ratio"], algorithm_rows(reports)
    )
    return (
        f"{TITLE}\n\nBy estimate, against `toeplitz explain --tune` on {results.machine()}, one thread; "
        "`PYTHON benchmarks/selection.py --write`.\n"
        f"Layers count as often as they occur.\n\n{networks}\n"
        f"Where each algorithm is chosen and measured best:\n\n{algorithms}"
    )


def write(section):
    results.RESULTS.write_text(results.replace_section(results.RESULTS.read_text(), TITLE, section))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "selection")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    reports = {}
    for network in arguments.networks:
        print(f"{network}: measuring", file=sys.stderr)
        reports[network] = explain(network, arguments.folder)
    section = format_section(reports)
    print(section)
    if arguments.write:
        write(section)


if __name__ == "__main__":
    main()
