"""Maps a compiled network over a data set with Ray Data: the handwritten digits of ../digits, on a local cluster of two
workers. What travels to the workers is the path of the shared library. Each maps the file, so the processes of a machine
share one copy of code and weights in memory.

    pip install "ray[data]" scikit-learn        # and toeplitz
    python examples/ray_data/classify.py
"""

import argparse
import os
import pathlib
import sys
import tempfile

import numpy
import ray

import toeplitz

DIGITS = pathlib.Path(__file__).resolve().parents[1] / "digits"


class Classifier:
    """One worker: loads the network once, then classifies batch after batch."""

    def __init__(self, library):
        self.network = toeplitz.load(library)
        # The file behind the memory: equal numbers mean equal pages.
        self.inode = os.stat(library).st_ino
        with open("/proc/self/maps") as maps:
            self.is_mapped = any(f" {self.inode} " in line for line in maps)

    def __call__(self, batch):
        scores = numpy.concatenate([self.network(image[None]) for image in batch["image"]])
        size = len(scores)
        return {
            "found": scores.argmax(axis=1),
            "label": batch["label"],
            "process": numpy.full(size, os.getpid()),
            "inode": numpy.full(size, self.inode if self.is_mapped else 0),
        }


def make_data():
    """Scans that the network has never seen, as a data set with the columns `image` and `label`."""
    sys.path.insert(0, str(DIGITS))
    from held_out import load_digits_split

    split = load_digits_split()
    return ray.data.from_items(
        [{"image": image, "label": int(label)} for image, label in zip(split.held_out_images, split.held_out_labels)],
        override_num_blocks=8,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers

    # The workers import the package from where this process has it.
    environment = {"env_vars": {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}}
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, runtime_env=environment)
    ray.data.DataContext.get_current().enable_progress_bars = False
    with tempfile.TemporaryDirectory() as folder:  # on a real cluster: one that every machine sees
        library = os.path.join(folder, "digits.so")
        toeplitz.compile(DIGITS / "digits.json").save(library)
        results = make_data().map_batches(
            Classifier,
            fn_constructor_args=(library,),
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            batch_size=32,
            batch_format="numpy",
        )
        rows = results.take_all()
    ray.shutdown()

    right = sum(row["found"] == row["label"] for row in rows)
    processes = {int(row["process"]) for row in rows}
    inodes = {int(row["inode"]) for row in rows}
    print(f"{right} of {len(rows)} scans right, by {len(processes)} processes")
    if inodes == {0} or len(inodes) != 1:
        sys.exit("the processes don't share the library")
    print("one library in memory, mapped by all of them")


if __name__ == "__main__":
    main()
