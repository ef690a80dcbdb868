"""Writes the broken files of test/runtime/npy-errors.test into the folder that is named."""

import pathlib
import struct
import sys

import numpy

folder = pathlib.Path(sys.argv[1])


def write(name, header, data=b"", version=1, announced=None):
    header = header.encode()
    length = len(header) if announced is None else announced
    size = struct.pack("<H" if version == 1 else "<I", length)
    (folder / name).write_bytes(b"\x93NUMPY" + bytes([version, 0]) + size + header + data)


def dictionary(descr="'<f4'", order="False", shape="(2, 3)", more=""):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, %s}\n" % (descr, order, shape, more)


(folder / "nothing.npy").write_bytes(b"")
(folder / "text.npy").write_bytes(b"hello, this is no array at all")
write("header-cut.npy", dictionary(), announced=500)
write("header-huge.npy", dictionary(), version=2, announced=0xFFFFFFFF)
write("version9.npy", dictionary(), version=9)
write("data-cut.npy", dictionary(), bytes(23))
write("data-lies.npy", dictionary(shape="(1000000000, 1000000000)"), bytes(24))
write("overflow.npy", dictionary(shape="(4294967296, 4294967296, 4294967296)"), bytes(24))
write("number-too-long.npy", dictionary(shape="(99999999999999999999999, 1)"), bytes(24))
write("negative.npy", dictionary(shape="(-2, -3)"), bytes(24))
write("deep.npy", dictionary(shape="(" + "1, " * 33 + ")"), bytes(4))
write("shape-open.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", bytes(24))
write("no-shape.npy", "{'descr': '<f4', 'fortran_order': False}", bytes(24))
write("no-dictionary.npy", "[1, 2]", bytes(24))
write("strange-key.npy", dictionary(more="'extra': 1"), bytes(24))
write("order.npy", dictionary(order="Maybe"), bytes(24))
numpy.save(folder / "integers.npy", numpy.arange(6))
numpy.save(folder / "complex.npy", numpy.zeros(2, dtype=numpy.complex64))
numpy.save(folder / "records.npy", numpy.zeros(2, dtype=[("a", "f4"), ("b", "f4")]))
