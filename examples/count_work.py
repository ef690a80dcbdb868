"""Counts the parameters and multiply-adds of the example networks and writes the table of examples/README.md.

    count_work.py            print the table
    count_work.py --write    put it into README.md

The numbers come from the compiler's own reading of each description (`toeplitz compile --emit=cnn`), whose types have every
shape. Parameters are what training changes, without the running statistics of batch normalisation; multiply-adds are those
of convolutions, transposed convolutions and dense layers, for one run. Weights that are zero count like others.
"""

import argparse
import ast
import math
import pathlib
import re
import subprocess
import typing

from compiled_network import TOEPLITZ

FOLDER = pathlib.Path(__file__).resolve().parent
README = FOLDER / "README.md"
TABLE_START, TABLE_END = "<!-- table: count_work.py --write -->\n", "<!-- end of table -->\n"

TENSOR = r"tensor<((?:\d+x)*)f32>"
PARAMETER = re.compile(rf"arith\.constant dense_resource<\"?([^\">]+)\"?> : {TENSOR}")
WINDOW = re.compile(rf"cnn\.(conv|conv_transpose) .*: \({TENSOR}, {TENSOR}(?:, {TENSOR})?\) -> {TENSOR}")
INPUT = re.compile(rf"func\.func @main\(%\w+: {TENSOR}")


class Work(typing.NamedTuple):
    input_shape: list
    parameters: int
    multiply_adds: int


def sizes(dimensions):
    """The numbers of `1x3x224x224x`, the inside of a tensor type."""
    return [int(size) for size in dimensions.split("x") if size]


def count_work(description):
    """The Work of a description, a path."""
    listing = subprocess.run([TOEPLITZ, "compile", str(description), "--emit=cnn", "-o", "-"], capture_output=True, text=True)
    if listing.returncode:
        raise RuntimeError(listing.stderr)
    parameters = multiply_adds = 0
    for name, dimensions in PARAMETER.findall(listing.stdout):
        if not re.search(r"running_(mean|var)", name):
            parameters += math.prod(sizes(dimensions))
    for kind, data, filters, _, result in WINDOW.findall(listing.stdout):
        # Each result (each input, when transposed) meets every weight of one filter.
        filter_sizes = sizes(filters)
        multiply_adds += math.prod(sizes(result if kind == "conv" else data)) * math.prod(filter_sizes[1:])
    return Work(sizes(INPUT.search(listing.stdout).group(1)), parameters, multiply_adds)


def examples():
    """The folders of the networks, in the order of the table: the smallest idea first."""
    names = "lenet5 alexnet vgg16 pruned_vgg googlenet resnet18 resnet50 resnext50 densenet121 squeezenet mobilenet_v1 mobilenet_v2"
    names += " unet dcgan deeplab wavenet r3d18 periodic_flow replknet"
    return [FOLDER / name for name in names.split()]


def table():
    lines = ["| network | what it shows | input | parameters | multiply-adds |\n", "|---|---|---|---:|---:|\n"]
    for folder in examples():
        summary = ast.get_docstring(ast.parse((folder / "generate.py").read_text())).partition("\n\n")[0]
        title, _, shown = summary.replace("\n", " ").partition(": ")
        work = count_work(folder / f"{folder.name}.json")
        shape = " x ".join(map(str, work.input_shape))
        lines.append(
            f"| [{title}]({folder.name}/generate.py) | {shown.rstrip('.')} | {shape} "
            f"| {work.parameters:,} | {work.multiply_adds:,} |\n"
        )
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    if not parser.parse_args().write:
        print(table(), end="")
        return
    before, _, rest = README.read_text().partition(TABLE_START)
    after = rest.partition(TABLE_END)[2]
    README.write_text(before + TABLE_START + table() + TABLE_END + after)


if __name__ == "__main__":
    main()
