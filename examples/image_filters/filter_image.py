"""Filters a photograph: Gaussian blur, sharpening, Sobel's edges and the Laplacian, compiled from a description that holds
their weights. PNG in, PNG out.

    filter_image.py [PHOTOGRAPH.png] [--width WIDTH] [--output FOLDER]

Without a photograph it takes one that scikit-learn brings.
"""

import argparse
import json
import pathlib
import sys

import numpy
from PIL import Image
from sklearn.datasets import load_sample_image

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
from compiled_network import ROOT, SharedLibrary, compile_network


def compile_for(width, height, folder):
    """Networks have fixed shapes: compiles the description with the photograph's in it."""
    description = json.loads((FOLDER / "image_filters.json").read_text())
    description["inputs"][0]["shape"] = [1, 3, height, width]
    path = folder / "image_filters.json"
    path.write_text(json.dumps(description))
    return SharedLibrary(compile_network(path, folder / "libimage_filters.so"), "image_filters"), description["outputs"]


def to_tensor(image):
    """A picture as 1 x 3 x height x width, from 0 to 1."""
    return numpy.asarray(image, numpy.float32).transpose(2, 0, 1)[None] / 255


def to_image(tensor):
    values = numpy.rint(tensor[0] * 255).astype(numpy.uint8)
    return Image.fromarray(values[0]) if len(values) == 1 else Image.fromarray(values.transpose(1, 2, 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("photograph", nargs="?", help="a picture; scikit-learn's china.jpg by default")
    parser.add_argument("--width", type=int, help="make the photograph this many pixels wide first")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "image_filters", help="folder of the results")
    arguments = parser.parse_args()

    if arguments.photograph:
        image = Image.open(arguments.photograph).convert("RGB")
    else:
        image = Image.fromarray(load_sample_image("china.jpg"))
    if arguments.width:
        image = image.resize((arguments.width, round(image.height * arguments.width / image.width)), Image.LANCZOS)

    build = ROOT / "build" / "image_filters"
    build.mkdir(parents=True, exist_ok=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    network, names = compile_for(image.width, image.height, build)
    image.save(arguments.output / "photograph.png", optimize=True)
    for name, tensor in zip(names, network(to_tensor(image))):
        to_image(tensor).save(arguments.output / f"{name}.png", optimize=True)
        print(arguments.output / f"{name}.png")


if __name__ == "__main__":
    main()
