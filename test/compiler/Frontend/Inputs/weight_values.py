"""Reads a module from the standard input and prints its weights, as `KEY: VALUES`; --random SEED compares them with those of test/support/random_weights.py
instead. The blobs of a printed module are hexadecimal: four bytes of alignment, then the floats."""

import argparse
import re
import sys

import numpy as np

from random_weights import random_weight

parser = argparse.ArgumentParser()
parser.add_argument("--random", type=int)
parser.add_argument("--operator", default="conv")
parser.add_argument("--fan-in", type=float)
parser.add_argument("--sparsity", type=float, default=0.0)
arguments = parser.parse_args()

module = sys.stdin.read()
types = dict(re.findall(r"dense_resource<(\S+)> : tensor<([\dx]+)xf32>", module))
for key, shape in types.items():
    blob = re.search(rf'^\s*{re.escape(key)}: "0x([0-9A-F]+)"', module, re.M)[1]
    values = np.frombuffer(bytes.fromhex(blob)[4:], "<f4").reshape([int(size) for size in shape.split("x")])
    if arguments.random is None:
        print(f"{key}: {' '.join(str(value) for value in values.ravel())}")
    else:
        fan_in = arguments.fan_in if values.ndim > 1 else None
        expected = random_weight(key, arguments.random, values.shape, fan_in, arguments.operator, arguments.sparsity)
        assert expected.dtype == np.float32 and np.array_equal(values, expected), (key, values, expected)
        zeros = f", {np.count_nonzero(values == 0)} zeros" if arguments.sparsity else ""
        print(f"{key}: {values.size} equal, from {values.min():.3f} to {values.max():.3f}{zeros}")
