"""Writes network descriptions: what the generators of the examples share.

A generator describes its network with a NetworkBuilder, whose methods are the operators of the JSON format, and hands its
function to `main`, which gives it a command line:

    def build(resolution, batch):
        net = NetworkBuilder("tiny", image=[batch, 3, resolution, resolution])
        x = net.conv("conv1", "image", out_channels=8, kernel_size=3)
        x = net.relu("relu1", x)
        return net

    if __name__ == "__main__":
        main(build, resolution=224)
"""

import argparse
import json
import pathlib
import sys


class NetworkBuilder:
    """A network under construction: `net.OPERATOR(name, *inputs, **parameters)` adds a layer and returns its name."""

    def __init__(self, name, *, seed=1, sparsity=0, **inputs):
        """`inputs` gives the shape of each input by its name; the weights are random ones made from `seed`, of filters and matrices a share of
        `sparsity` zeros."""
        self.description = {
            "name": name,
            "weights": {"random": seed, "sparsity": sparsity} if sparsity else {"random": seed},
            "inputs": [{"name": key, "shape": list(shape)} for key, shape in inputs.items()],
            "layers": [],
        }

    def __getattr__(self, operator):
        def add_layer(name, *inputs, **parameters):
            self.description["layers"].append({"name": name, "op": operator, "inputs": list(inputs), **parameters})
            return name

        return add_layer

    def outputs(self, *names):
        """Names the outputs; without it the last layer is the only one."""
        self.description["outputs"] = list(names)

    def to_json(self):
        """The description as text, a layer a line."""

        def lines(entries):
            return ",\n".join("    " + json.dumps(entry) for entry in entries)

        members = []
        for key, value in self.description.items():
            text = f"[\n{lines(value)}\n  ]" if key in ("inputs", "layers") else json.dumps(value)
            members.append(f'  "{key}": {text}')
        return "{\n" + ",\n".join(members) + "\n}\n"


def main(build, resolution, batch=1, meaning="height and width of the input"):
    """The command line of a generator: writes NAME.json beside it, or what --output says."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--resolution", type=int, default=resolution, help=f"{meaning}, {resolution} by default")
    parser.add_argument("--batch", type=int, default=batch, help=f"inputs at once, {batch} by default")
    parser.add_argument("--output", help="the file to write, - for the standard output")
    arguments = parser.parse_args()
    net = build(arguments.resolution, arguments.batch)
    if arguments.output == "-":
        sys.stdout.write(net.to_json())
        return
    generator = pathlib.Path(sys.argv[0]).resolve()
    output = arguments.output or generator.parent / f"{generator.parent.name}.json"
    pathlib.Path(output).write_text(net.to_json())
