"""Checks what `toeplitz bench --layers --json --svg` wrote: python check_layers.py LAYERS.json PICTURE.svg"""

import json
import sys
import xml.etree.ElementTree

with open(sys.argv[1]) as file:
    report = json.load(file)
assert report["network"] == "small" and report["threads"] == 2 and report["runs"] == 3
assert min(report[key] for key in ("peak_gflops", "memory_gbps", "cache_gbps")) > 0
layers = report["layers"]
times = [layer["microseconds"] for layer in layers]
assert abs(sum(times) - report["layers_ms"] * 1e3) < 1e-6 * sum(times)
# Kernels' times, measured inside of the run, can't be more than the whole; their shortest times can't either.
assert 0 <= report["outside_ms"] < report["minimum_ms"]
assert report["layers_ms"] + report["outside_ms"] <= report["minimum_ms"] * (1 + 1e-9)
for layer in layers:
    moved = layer["read_bytes"] + layer["weight_bytes"] + layer["written_bytes"]
    if layer["microseconds"] > 0:
        assert abs(layer["gflops"] - layer["flops"] / layer["microseconds"] / 1e3) <= 1e-9 * layer["gflops"]
        assert abs(layer["gbps"] - moved / layer["microseconds"] / 1e3) <= 1e-9 * layer["gbps"]
assert layers[0]["name"] == "conv1" and layers[0]["algorithm"] == "direct"

svg = "{http://www.w3.org/2000/svg}"
root = xml.etree.ElementTree.parse(sys.argv[2]).getroot()
assert root.tag == svg + "svg"
kinds = {(layer["operation"], layer["algorithm"], layer["description"]) for layer in layers if layer["flops"] and layer["microseconds"]}
assert len(root.findall(f"{svg}circle/{svg}title")) == len(kinds)
x, y, width, height = map(float, root.attrib["viewBox"].split())
for circle in root.findall(svg + "circle"):
    assert x < float(circle.attrib["cx"]) < width and y < float(circle.attrib["cy"]) < height
