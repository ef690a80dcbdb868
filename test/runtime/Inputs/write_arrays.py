"""Writes the arrays of test/runtime/npy.test into the folder that is named."""

import pathlib
import sys

import numpy

folder = pathlib.Path(sys.argv[1])
# Exact in half precision: the largest one, the smallest normal one and the smallest of all are among them.
matrix = numpy.array([[0, -1.5, 2.25], [65504, 2.0**-14, 2.0**-24]], dtype=numpy.float32)
numpy.save(folder / "float32.npy", matrix)
numpy.save(folder / "float64.npy", matrix.astype(numpy.float64))
numpy.save(folder / "float16.npy", matrix.astype(numpy.float16))
numpy.save(folder / "big-endian.npy", matrix.astype(">f4"))
numpy.save(folder / "big-endian-double.npy", matrix.astype(">f8"))
numpy.save(folder / "fortran.npy", numpy.asfortranarray(matrix))
numpy.save(folder / "fortran3.npy", numpy.asfortranarray(numpy.arange(12, dtype=numpy.float32).reshape(2, 3, 2)))
numpy.save(folder / "special.npy", numpy.array([numpy.inf, -numpy.inf, numpy.nan, -0.0], dtype=numpy.float16))
numpy.save(folder / "scalar.npy", numpy.float32(42))
numpy.save(folder / "empty.npy", numpy.zeros((0, 5), dtype=numpy.float32))
for version in (2, 3):
    with open(folder / f"version{version}.npy", "wb") as file:
        numpy.lib.format.write_array(file, matrix, version=(version, 0))
