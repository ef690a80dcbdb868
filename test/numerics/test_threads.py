"""Any number of threads gives the same bits, and any number of callers may use one library at once."""

import functools
import tempfile
import threading

import numpy as np
import pytest

from operator_cases import description_of, inputs_of
from random_networks import RandomNetwork
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from toeplitz_process import Library, compile_network, run_toeplitz, run_with_threads, write_description

CASES = [
    *random_cases(11, 12, random_convolution),
    *random_cases(12, 6, random_transposed_convolution),
    *random_cases(13, 6, random_pooling),
]


@functools.cache
def compiled(kind):
    """A library and its inputs."""
    if kind == "operators":
        description, inputs = description_of(CASES, "operators"), inputs_of(CASES)
    else:
        network = RandomNetwork(100, layers=30)
        description, inputs = network.description, network.inputs()
    with tempfile.TemporaryDirectory() as directory:
        return Library(compile_network(description, directory)), inputs


def same_bits(found, expected):
    return all(found[name].tobytes() == expected[name].tobytes() for name in expected)


@pytest.mark.parametrize("kind", ("operators", "network"))
@pytest.mark.parametrize("threads", (1, 2, 3, 7))
def test_same_bits_with_a_pool(kind, threads):
    library, inputs = compiled(kind)
    alone = library.run(inputs)
    for _ in range(5):
        assert same_bits(run_with_threads(library, inputs, threads), alone)


@pytest.mark.parametrize("kind", ("operators", "network"))
@pytest.mark.parametrize("pool_threads", (None, 3))
def test_many_callers_at_once(kind, pool_threads):
    """Eight threads, each with inputs of its own, share the library and, in one case, a pool."""
    library, inputs = compiled(kind)
    variants = [{name: values * np.float32(1 + i / 8) for name, values in inputs.items()} for i in range(8)]
    expected = [library.run(variant) for variant in variants]
    pool = library.create_pool(pool_threads) if pool_threads else None
    wrong, start = [], threading.Barrier(len(variants))

    def call(place):
        start.wait()
        for _ in range(10):
            try:
                if not same_bits(library.run(variants[place], pool), expected[place]):
                    wrong.append(f"caller {place} got other bits")
            except AssertionError as error:
                wrong.append(str(error))

    callers = [threading.Thread(target=call, args=(place,)) for place in range(len(variants))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if pool:
        library.destroy_pool(pool)
    assert not wrong


def test_equal_runs_give_equal_bits():
    library, inputs = compiled("network")
    assert same_bits(library.run(inputs), library.run(inputs))


def test_compiling_twice_gives_the_same_bytes(tmp_path):
    model = write_description(RandomNetwork(100, layers=30).description, tmp_path)
    files = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        output = tmp_path / folder / "libnetwork100.so"
        process = run_toeplitz("compile", model, "-o", output)
        assert process.returncode == 0, process.stderr
        files.append(output.read_bytes())
    assert files[0] == files[1], "the libraries differ"
