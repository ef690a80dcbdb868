"""The weights that `"weights": {"random": SEED}` stands for, the same numbers as the compiler's.

Each number depends on the seed, the weight's key ("conv1.weight") and its place alone, so that a network keeps its other weights when a layer is added.
"""

import numpy as np

MASK = (1 << 64) - 1
GOLDEN_GAMMA = 0x9E3779B97F4A7C15


def key_hash(key):
    """FNV-1a, 64 bits (Fowler, Noll, Vo)."""
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def uniform(key, seed, count):
    """`count` numbers in [-1, 1), multiples of 2^-23: splitmix64 (Steele et al. 2014) started at the key's hash."""
    start = key_hash(key) ^ (seed & MASK)
    with np.errstate(over="ignore"):  # the arithmetic is modulo 2^64
        z = np.uint64(start) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN_GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) / 2**24 * 2 - 1).astype(np.float32)


def random_weight(key, seed, shape, fan_in=None, operator=None, sparsity=0.0):
    """The tensor of the weight `key`. `fan_in` is needed for weights of rank 2 and above; `operator` tells a slope from a scale. A share of
    `sparsity` of a filter's weights, the smallest ones, is zero."""
    values = uniform(key, seed, int(np.prod(shape, dtype=np.int64))).reshape(shape)
    part = key.rsplit(".", 1)[1]
    if part == "weight" and operator == "prelu":
        return np.float32(0.25) + np.float32(0.1) * values
    if part == "weight" and fan_in is not None:
        return np.where(np.abs(values).astype(np.float64) <= sparsity, np.float32(0), values * np.float32(np.sqrt(6.0 / fan_in)))
    if part == "weight":
        return np.float32(1) + np.float32(0.1) * values
    if part == "running_var":
        return np.float32(1) + np.float32(0.5) * values
    return np.float32(0.1) * values
