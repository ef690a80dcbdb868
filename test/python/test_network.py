"""What a compiled network takes, returns and refuses."""

import pickle

import numpy
import pytest

import toeplitz


def test_description(small, two):
    assert small.name == "small"
    assert [(tensor.name, tensor.shape, tensor.dtype, tensor.type) for tensor in small.inputs] == [
        ("x", (1, 3, 8, 8), numpy.dtype(numpy.float32), "float32")
    ]
    assert [(tensor.name, tensor.shape) for tensor in small.outputs] == [("relu", (1, 4, 8, 8))]
    assert [tensor.name for tensor in two.outputs] == ["sum", "product"]
    assert repr(two) == (
        "<toeplitz.Network two: (a: float32[2, 3], b: float32[2, 3]) -> (sum: float32[2, 3], product: float32[2, 3])>"
    )
    assert small.workspace_bytes() >= 0


def test_result_is_right(small, x, folder, tmp_path):
    """The naive evaluator of the compiler agrees."""
    numpy.save(tmp_path / "x.npy", x)
    from toeplitz_process import evaluate_reference

    expected = evaluate_reference(folder / "small.json", {"x": x}, tmp_path, names=["relu"])["relu"]
    result = small(x)
    assert isinstance(result, numpy.ndarray)
    numpy.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


def test_several_outputs(two):
    a, b = numpy.float32([[1, 2, 3], [4, 5, 6]]), numpy.full((2, 3), 2, numpy.float32)
    total, product = two(a, b)
    numpy.testing.assert_array_equal(total, a + 2)
    numpy.testing.assert_array_equal(product, a * 2)
    by_name = two.run({"b": b, "a": a})
    assert list(by_name) == ["sum", "product"]
    numpy.testing.assert_array_equal(by_name["product"], product)


def test_arguments_by_name(two):
    a, b = numpy.full((2, 3), 5, numpy.float32), numpy.zeros((2, 3), numpy.float32)
    for result in (two(a, b), two(a, b=b), two(b=b, a=a), two({"a": a, "b": b})):
        numpy.testing.assert_array_equal(result[0], a)


def test_results_are_new_arrays(small, x):
    first = small(x)
    kept = first.copy()
    small(-x)
    numpy.testing.assert_array_equal(first, kept)


def test_layouts(small, x):
    """Arrays that don't lie in memory as the network reads them are copied."""
    expected = small(x)
    twice = numpy.repeat(x, 2, axis=3)
    for array in (
        numpy.asfortranarray(x),
        twice[..., ::2],
        x[..., ::-1].copy()[..., ::-1],
        numpy.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    ):
        assert not array.flags.c_contiguous
        numpy.testing.assert_array_equal(small(array), expected)
    misplaced = numpy.empty(x.nbytes + 1, numpy.uint8)[1:].view(numpy.float32).reshape(x.shape)
    misplaced[...] = x
    assert not misplaced.flags.aligned
    numpy.testing.assert_array_equal(small(misplaced), expected)
    read_only = x.copy()
    read_only.flags.writeable = False
    numpy.testing.assert_array_equal(small(read_only), expected)


def test_numbers_without_a_type(two):
    """Lists of Python's numbers take the type of the input."""
    ones = [[1, 1, 1], [1.5, 1, 1]]
    total, product = two(ones, [[2, 2, 2]] * 2)
    assert total.dtype == numpy.float32
    numpy.testing.assert_array_equal(product, 2 * numpy.float32(ones))


class WithDlpack:
    """Another library's array: nothing but the protocol."""

    def __init__(self, array, device=(1, 0)):
        self.array = array
        self.device = device

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device


class WithArray:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def test_other_libraries(small, x):
    expected = small(x)
    numpy.testing.assert_array_equal(small(WithDlpack(x)), expected)
    numpy.testing.assert_array_equal(small(WithArray(x)), expected)
    with pytest.raises(toeplitz.InputError, match="input 'x': found elements of type float64, expected float32"):
        small(WithArray(x.astype(float)))
    with pytest.raises(toeplitz.InputError, match="input 'x' is on another device than the CPU"):
        small(WithDlpack(x, device=(2, 0)))


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "int64", "bool", ">f4"])
def test_element_types_are_exact(small, x, dtype):
    with pytest.raises(toeplitz.InputError, match=f"input 'x': found elements of type {dtype}, expected float32"):
        small(x.astype(dtype))


def test_wrong_inputs(small, two, x):
    def refused(message, call):
        with pytest.raises(toeplitz.InputError) as raised:
            call()
        assert str(raised.value) == message
        assert isinstance(raised.value, (toeplitz.RunError, ValueError))

    a = numpy.zeros((2, 3), numpy.float32)
    refused("input 'x': found shape (3, 8, 8), expected (1, 3, 8, 8)", lambda: small(x[0]))
    refused("input 'x': found shape (2, 3, 8, 8), expected (1, 3, 8, 8)", lambda: small(numpy.repeat(x, 2, axis=0)))
    refused("missing input 'x', expected x: float32[1, 3, 8, 8]", lambda: small())
    refused("found 2 inputs, expected 1: x: float32[1, 3, 8, 8]", lambda: small(x, x))
    refused("there is no input 'y', expected x: float32[1, 3, 8, 8]", lambda: small(y=x))
    refused("input 'a' is given twice, by its place and by its name", lambda: two(a, a=a))
    refused("the inputs are given in a dict and by keyword, expected one of both", lambda: two({"a": a}, b=a))
    refused("input 'x': found str, expected an array (numpy, DLPack or __array__)", lambda: small("x"))
    with pytest.raises(toeplitz.InputError, match="input 'a': found numbers of type <U1, expected float32"):
        two([["1", "2", "3"]] * 2, a)
    with pytest.raises(toeplitz.InputError, match="input 'a': "):
        two([[1], [2, 3]], a)


def test_pickling(small, x, tmp_path):
    """What is in a file goes to other processes as its path; the rest says what to do."""
    with pytest.raises(TypeError, match=r"save\(\) it there as a \.so"):
        pickle.dumps(small)
    small.save(tmp_path / "small.so")
    loaded = toeplitz.load(tmp_path / "small.so", threads=2)
    again = pickle.loads(pickle.dumps(loaded))  # noqa: S301
    assert again.threads == 2
    numpy.testing.assert_array_equal(again(x), small(x))


def test_bench(small, x):
    timing = small.bench(runs=20)
    assert timing.runs == 20
    assert 0 < timing.minimum_ms <= timing.median_ms
    assert timing.minimum_ms <= timing.mean_ms < 1000
    assert str(timing).startswith("20 runs: minimum ")
    assert small.bench(x, runs=1).runs == 1
    with pytest.raises(ValueError, match="runs: found 0, expected 1 or more"):
        small.bench(runs=0)
    with pytest.raises(toeplitz.InputError):
        small.bench(x[0])
