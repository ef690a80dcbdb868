"""Compares the files that npy-types.test has written with what NumPy makes of the same numbers."""

import pathlib
import sys

import ml_dtypes
import numpy as np

folder = pathlib.Path(sys.argv[1])
if "rounding" in sys.argv:
    exact = np.load(folder / "rounding.npy")
    with np.errstate(over="ignore"):
        half = exact.astype(np.float16)
    np.testing.assert_array_equal(np.load(folder / "half.npy").view(np.uint16), half.view(np.uint16))
    # bfloat16 is written as float32; ml_dtypes goes there by way of float32, so it's compared where that's no difference.
    brain = exact.astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(np.load(folder / "bfloat.npy"), brain)
else:
    for path in folder.glob("again-*.npy"):
        original, again = np.load(folder / path.name.removeprefix("again-")), np.load(path)
        assert original.dtype == again.dtype and original.tobytes() == again.tobytes(), path.name
