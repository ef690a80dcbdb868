"""The arrays that npy-types.test reads."""

import pathlib
import sys

import ml_dtypes
import numpy as np

folder = pathlib.Path(sys.argv[1])


def save(name, values, dtype):
    np.save(folder / f"{name}.npy", np.array(values, dtype))


for size in (8, 16, 32, 64):
    for kind in ("int", "uint"):
        limits = np.iinfo(f"{kind}{size}")
        save(f"{kind}{size}", [limits.min, limits.max, 3], f"{kind}{size}")
for size in (16, 32, 64):
    limits = np.finfo(f"float{size}")
    save(f"float{size}", [limits.max, limits.smallest_subnormal, -1 / 3], f"float{size}")
save("bool", [False, True], bool)

matrix = [[-1, 2, 300], [4, 5, 1 << 40]]
save("big-endian", matrix, ">i8")
np.save(folder / "fortran.npy", np.asfortranarray(np.array(matrix, np.int64)))

save("small", [0, 1, 1, 255], np.int64)
save("zero-one", [0, 1], np.int64)
save("signed", [1, 200, -1], np.int16)
# What np.array(..., bool) never holds, but a file can.
data = (folder / "bool.npy").read_bytes()
(folder / "bytes.npy").write_bytes(data[:-2] + b"\0\2")

# In order: exact; just above a tie of float16, which as a float32 would be the tie; a tie; the largest; a tie that becomes
# infinite; far too large; half of the smallest, a tie to zero; the smallest; the smallest that isn't subnormal; -0; NaN; infinity.
rounding = [1, 1 + 3 * 2**-11 + 2**-40, 1 + 2**-11 + 2**-40, 65519, 65520, -1e300, 2**-25, 2**-24, 2**-14, -0.0, np.nan, np.inf]
save("rounding", rounding, np.float64)

brain = np.array([1, -2.5, 3.3895e38], ml_dtypes.bfloat16)
np.save(folder / "ml-dtypes.npy", brain)
np.save(folder / "bits.npy", brain.view(np.uint16))
