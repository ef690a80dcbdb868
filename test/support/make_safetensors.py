"""Writes a safetensors file, good or broken on purpose.

    make_safetensors.py OUT a.weight=F32:2x3 a.bias=BF16:2:1.5,-2 …

Each tensor is KEY=DTYPE:SHAPE[:VALUES]; without values the elements are 0, 1, 2, … A shape of "" is a scalar's. The other options break
the file; what they leave alone stays as the format wants it. The file is written byte by byte, not with the safetensors package, which
refuses to write what the reader must refuse to read.
"""

import argparse
import json
import struct

import numpy as np

NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "<u1", "BOOL": "<u1", "F8_E4M3": "<u1"}


def encode(dtype, values):
    if dtype == "BF16":
        # The values of the tests are exact in bfloat16, so that dropping the lower half is no rounding.
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype(NUMPY_TYPES[dtype]).tobytes()


def parse_tensor(text):
    key, _, description = text.partition("=")
    dtype, shape, *values = description.split(":")
    shape = [int(size) for size in shape.split("x")] if shape else []
    count = int(np.prod(shape, dtype=np.int64))
    numbers = np.array([float(value) for value in values[0].split(",")]) if values else np.arange(count)
    return key, dtype, shape, encode(dtype, numbers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("tensors", nargs="*")
    parser.add_argument("--header", help="the header's text, in place of that of the tensors")
    parser.add_argument("--header-length", type=int, help="the length that the file claims for its header")
    parser.add_argument("--data-size", type=int, help="cut the data, or fill it up with zeros, to this many bytes")
    parser.add_argument("--file-size", type=int, help="cut the file to this many bytes")
    parser.add_argument("--pad-header", type=int, default=0, help="spaces after the header, which shift the data")
    arguments = parser.parse_intermixed_args()

    header, data = {"__metadata__": {"format": "pt"}}, b""
    for text in arguments.tensors:
        key, dtype, shape, encoded = parse_tensor(text)
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(encoded)]}
        data += encoded
    text = json.dumps(header) if arguments.header is None else arguments.header
    text = text.encode()
    text += b" " * (-len(text) % 8 + arguments.pad_header)
    if arguments.data_size is not None:
        data = data[: arguments.data_size].ljust(arguments.data_size, b"\0")
    length = len(text) if arguments.header_length is None else arguments.header_length
    content = struct.pack("<Q", length) + text + data
    with open(arguments.out, "wb") as file:
        file.write(content[: arguments.file_size])


if __name__ == "__main__":
    main()
