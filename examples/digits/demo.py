"""Compiles the digits network, then classifies the held-out scans with it: through the shared library, and some of them
through the executable. What `./dev demo` runs; exits with an error when fewer than 98 % are right."""

import pathlib
import subprocess
import sys
import time

import numpy

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
from compiled_network import ROOT, SharedLibrary, compile_network
from held_out import load_digits_split

OUTPUT = ROOT / "build" / "demo"
NEEDED_ACCURACY = 0.98
SHOWN = 12  # images drawn
ROW = 4  # of them side by side: 76 characters
THROUGH_EXECUTABLE = 10
ROUNDS = 20  # over all images, for the time


def draw(images):
    """Grey 8 x 8 images side by side, two characters a pixel."""
    shades = " ░▒▓█"
    rows = []
    for row in range(images.shape[-2]):
        line = "   ".join(
            "".join(shades[round(float(value) * (len(shades) - 1))] * 2 for value in image[0, row]) for image in images
        )
        rows.append("  " + line.rstrip())
    return "\n".join(rows)


def show(images, labels, predictions):
    """Draws the images, ROW side by side, with what the network says below them."""
    for start in range(0, len(images), ROW):
        part = slice(start, start + ROW)
        print(draw(images[part]))
        words = []
        for label, prediction in zip(labels[part], predictions[part]):
            mark = "✓" if label == prediction else f"✗ ({label})"
            words.append(f"{prediction} {mark}".center(16))
        print("  " + "   ".join(words).rstrip() + "\n")


def classify_by_executable(executable, image, folder):
    numpy.save(folder / "image.npy", image)
    subprocess.run(
        [executable, "--input", str(folder / "image.npy"), "--output", str(folder / "logits.npy")], check=True
    )
    return numpy.load(folder / "logits.npy")


def main():
    split = load_digits_split()
    images, labels = split.held_out_images, split.held_out_labels

    start = time.perf_counter()
    library = compile_network(FOLDER / "digits.json", OUTPUT / "libdigits.so")
    library_seconds = time.perf_counter() - start
    executable = compile_network(FOLDER / "digits.json", OUTPUT / "digits")
    print(f"toeplitz compile digits.json -o libdigits.so    {library_seconds:.2f} s, {library.stat().st_size / 1000:.0f} kB")
    print(f"toeplitz compile digits.json -o digits          {executable.stat().st_size / 1000:.0f} kB executable\n")

    network = SharedLibrary(library, "digits")
    logits = numpy.concatenate([network(image[None]) for image in images])
    predictions = logits.argmax(1)

    # A row of mistakes at most, so that they are seen, among images that were classified right.
    wrong = numpy.flatnonzero(predictions != labels)[:ROW]
    right = numpy.flatnonzero(predictions == labels)[: SHOWN - len(wrong)]
    shown = numpy.sort(numpy.concatenate([right, wrong]))
    show(images[shown], labels[shown], predictions[shown])

    for index in range(THROUGH_EXECUTABLE):
        by_executable = classify_by_executable(executable, images[index : index + 1], OUTPUT)
        if not numpy.array_equal(by_executable, logits[index : index + 1]):
            sys.exit(f"the executable and the shared library disagree on held-out image {index}")

    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for image in images:
            network(image[None])
        seconds.append((time.perf_counter() - start) / len(images))

    correct = int((predictions == labels).sum())
    print(f"accuracy         {correct / len(labels):.2%}: {correct} of {len(labels)} held-out scans, never seen in training")
    print(f"time per image   {min(seconds) * 1e6:.0f} microseconds on one thread, called from Python")
    print(f"executable       gives the same bits for {THROUGH_EXECUTABLE} of them, in {executable.stat().st_size / 1000:.0f} kB")
    if correct < NEEDED_ACCURACY * len(labels):
        sys.exit(f"fewer than {NEEDED_ACCURACY:.0%} are right")


if __name__ == "__main__":
    main()
