"""Draws the matrices of docs/algorithms.md, as the compiler writes them.

    generate_matrices.py            print the names of the pictures that would change
    generate_matrices.py --write    write docs/images/toeplitz_*.svg

Each picture is `toeplitz compile algorithms_network.json --emit=matrix --layer=NAME` of the layer of its name.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
IMAGES = FOLDER / "images"
TOEPLITZ = os.environ.get("TOEPLITZ", str(FOLDER.parent / "build" / "tools" / "toeplitz"))
# Which of the two matrices of each layer is shown.
VIEWS = {
    "filter": "filter",
    "data": "data",
    "circulant": "filter",
    "strided": "filter",
    "dilated": "filter",
    "transposed": "filter",
}


def draw(layer):
    """The picture of a layer's matrix."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "matrix.svg"
        command = [TOEPLITZ, "compile", str(FOLDER / "algorithms_network.json"), "--emit=matrix", "-o", str(path)]
        subprocess.run([*command, "--layer", layer, "--view", VIEWS[layer]], check=True)
        return path.read_text()


def picture(layer):
    return IMAGES / f"toeplitz_{layer}.svg"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="write the pictures")
    write = parser.parse_args().write
    for layer in VIEWS:
        drawn = draw(layer)
        if write:
            picture(layer).write_text(drawn)
        elif not picture(layer).exists() or picture(layer).read_text() != drawn:
            print(picture(layer).name)


if __name__ == "__main__":
    main()
