"""Random loops, branches and partial overwriting against the same values in arrays of their own: no buffer is shared by mistake."""

import numpy as np
import pytest

from general_ir import compute
from random_loops import LENGTH, Generator


@pytest.mark.parametrize("seed", range(40))
def test_random_loops(seed, tmp_path):
    body, run = Generator(seed).network()
    values = np.random.default_rng(seed)
    inputs = {name: values.integers(-9, 10, LENGTH).astype(np.int32) for name in "xy"}
    results = {name: ((LENGTH,), np.int32) for name in "abc"}
    found = compute(inputs, results, body, tmp_path)
    with np.errstate(over="ignore"):
        expected = run(**inputs)
    for (name, array), values in zip(found.items(), expected):
        np.testing.assert_array_equal(array, values, err_msg=name)
