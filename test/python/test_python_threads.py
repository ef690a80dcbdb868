"""Many threads in one network, many threads in one call."""

import concurrent.futures
import gc
import os
import threading
import time

import numpy
import pytest

import toeplitz


def test_side_by_side(small):
    """Each thread gets its own results."""
    random = numpy.random.default_rng(0)
    images = [random.standard_normal((1, 3, 8, 8), numpy.float32) for _ in range(8)]
    expected = [small(image) for image in images]

    def compute(number):
        for _ in range(200):
            numpy.testing.assert_array_equal(small(images[number]), expected[number])

    with concurrent.futures.ThreadPoolExecutor(len(images)) as executor:
        for future in [executor.submit(compute, number) for number in range(len(images))]:
            future.result(timeout=120)


def test_pool(folder, small, x):
    """The same bits with any number of threads, also when several callers share the pool."""
    expected = small(x)
    for threads in (0, 1, 3):
        network = toeplitz.compile(folder / "small.json", threads=threads)
        assert network.threads == threads
        with concurrent.futures.ThreadPoolExecutor(3) as executor:
            for result in executor.map(network, [x] * 30):
                numpy.testing.assert_array_equal(result, expected)
    with pytest.raises(ValueError, match="threads: found -1"):
        toeplitz.compile(folder / "small.json", threads=-1)


def count_threads():
    return len(os.listdir("/proc/self/task"))


def test_threads_end_with_the_network(folder, tmp_path, small):
    small.save(tmp_path / "small.so")
    gc.collect()
    before = count_threads()
    network = toeplitz.load(tmp_path / "small.so", threads=4)
    assert count_threads() == before + 3
    del network
    gc.collect()
    assert count_threads() == before


def test_after_fork(folder, x):
    """A child process has none of its parent's threads; it starts its own."""
    network = toeplitz.compile(folder / "small.json", threads=2)
    expected = network(x)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if numpy.array_equal(network(x), expected) and count_threads() >= 2 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    numpy.testing.assert_array_equal(network(x), expected)


def test_python_goes_on_during_a_run(tmp_path):
    """A run holds no lock of Python's: another thread works while it computes."""
    (tmp_path / "slow.json").write_text(
        """{"name": "slow", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [1, 256, 96, 96]}],
        "layers": [{"name": "conv", "op": "conv", "out_channels": 256, "kernel_size": 3, "padding": 1}]}"""
    )
    network = toeplitz.compile(tmp_path / "slow.json", algorithm="direct")
    x = numpy.zeros((1, 256, 96, 96), numpy.float32)
    begun, ended = threading.Event(), threading.Event()

    def run():
        begun.set()
        network(x)
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(timeout=60)
    steps = 0
    while not ended.is_set():
        steps += 1
        time.sleep(0)  # offers the lock: were it taken for the run, the next step would come after it
    thread.join()
    assert steps > 100
