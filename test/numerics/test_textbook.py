"""Examples whose numbers were worked by hand, from courses and from the arithmetic tables of Dumoulin and Visin.

V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning (arXiv:1603.07285); its relationships are cited by number.
Every example runs compiled and in the naive evaluator. All values are small integers: the results are exact.
"""

import numpy as np
import pytest

from toeplitz_process import Library, compile_network, evaluate_reference


def compute(evaluator, layer, x, weight, directory, bias=False):
    """The output of one window layer, without batch and channel dimensions; `weight` is the kernel of one channel."""
    x, weight = np.array(x, np.float32), np.array(weight, np.float32)
    layer = {
        "name": "window", "out_channels": 1, "kernel_size": list(weight.shape), "weight": weight[None, None].tolist(), "bias": bias,
        **layer,
    }
    layer = {key: value for key, value in layer.items() if value is not None}
    description = {
        "name": "example",
        "inputs": [{"name": "x", "shape": [1, 1, *x.shape]}],
        "layers": [layer],
        "outputs": ["window"],
    }
    inputs = {"x": x[None, None]}
    if evaluator == "compiled":
        return Library(compile_network(description, directory)).run(inputs)["window"][0, 0]
    return evaluate_reference(description, inputs, directory)["window"][0, 0]


@pytest.fixture(params=("compiled", "reference"), name="window")
def evaluator_of_one_window(request, tmp_path):
    return lambda *arguments, **named: compute(request.param, *arguments, tmp_path, **named)


def test_1d_padding_and_stride_two(window):
    # x = 0 [1 2 3 4 5] 0, w = 1 0 -1: 0-2, 2-4, 4-0.
    found = window({"op": "conv", "padding": 1, "stride": 2}, [1, 2, 3, 4, 5], [1, 0, -1])
    assert found.tolist() == [-2, -2, 4]


def test_1d_is_a_correlation(window):
    """The kernel is not turned round: 1*1 + 2*10 + 3*100, ..."""
    found = window({"op": "conv"}, [1, 2, 3, 4], [1, 10, 100])
    assert found.tolist() == [321, 432]


def test_1d_bias(window):
    found = window({"op": "conv"}, [1, 2, 3, 4], [1, 1], bias=[10.0])
    assert found.tolist() == [13, 15, 17]


IMAGE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_2d_half_padding_stride_one(window):
    """Relationship 3, half (same) padding: the output is as large as the input. Sums of each position's neighbourhood."""
    found = window({"op": "conv", "padding": 1}, IMAGE, np.ones((3, 3)))
    assert found.tolist() == [[12, 21, 16], [27, 45, 33], [24, 39, 28]]


def test_2d_half_padding_stride_two(window):
    """Relationship 6: floor((3 + 2 - 3) / 2) + 1 = 2, every second position of the example before."""
    found = window({"op": "conv", "padding": 1, "stride": 2}, IMAGE, np.ones((3, 3)))
    assert found.tolist() == [[12, 16], [24, 28]]


def test_2d_the_guides_first_example(window):
    """Figure 1.1 of the guide: a 3x3 kernel over a 5x5 input, no padding, stride 1."""
    x = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
    kernel = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
    assert window({"op": "conv"}, x, kernel).tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


def test_2d_the_guides_pooling_examples(window):
    """Figures 1.5 and 1.6 of the guide: average and max pooling of the same input by 3x3 windows, stride 1."""
    x = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
    pool = {"kernel_size": 3, "stride": 1}
    largest = window_without_weights(window, {"op": "max_pool", **pool}, x)
    assert largest.tolist() == [[3, 3, 3], [3, 3, 3], [3, 2, 3]]
    mean = window_without_weights(window, {"op": "average_pool", **pool}, x)
    np.testing.assert_allclose(mean * 9, [[15, 15, 15], [9, 11, 16], [10, 7, 12]], rtol=1e-6)


def window_without_weights(window, layer, x):
    unused = {key: None for key in ("out_channels", "weight", "bias")}
    return window({**unused, **layer}, x, [[0]])


# The four classes of the guide's tables, and where transposition leads for each: (input size, kernel, stride, padding, dilation).
# The kernels are [1 2 3]: the outputs of the transposed convolutions of [1 2 ...] are sums of shifted copies of 1 2 3.


def test_no_padding_unit_stride_transposed(window):
    """Relationship 8: o' = i' + k - 1. 1*(1 2 3 _) + 2*(_ 1 2 3)."""
    found = window({"op": "conv_transpose"}, [1, 2], [1, 2, 3])
    assert found.tolist() == [1, 4, 7, 6]


def test_zero_padding_unit_stride_transposed(window):
    """Relationship 9: o' = i' + k - 1 - 2p. The example before without its ends."""
    found = window({"op": "conv_transpose", "padding": 1}, [1, 2], [1, 2, 3])
    assert found.tolist() == [4, 7]


def test_no_padding_non_unit_stride_transposed(window):
    """Relationship 12: o' = s (i' - 1) + k. 1*(1 2 3 _ _) + 2*(_ _ 1 2 3)."""
    found = window({"op": "conv_transpose", "stride": 2}, [1, 2], [1, 2, 3])
    assert found.tolist() == [1, 2, 5, 4, 6]


def test_zero_padding_non_unit_stride_transposed(window):
    """Relationship 13, and 14 with a = 1 more position: o' = s (i' - 1) + a + k - 2p."""
    layer = {"op": "conv_transpose", "stride": 2, "padding": 1}
    assert window(layer, [1, 2], [1, 2, 3]).tolist() == [2, 5, 4]
    assert window({**layer, "output_padding": 1}, [1, 2], [1, 2, 3]).tolist() == [2, 5, 4, 6]


def test_no_padding_unit_stride(window):
    """Relationship 1: o = i - k + 1 = 4 - 3 + 1."""
    assert window({"op": "conv"}, [1, 2, 3, 4], [1, 2, 3]).tolist() == [14, 20]


def test_zero_padding_unit_stride(window):
    """Relationship 2 with full padding (4): o = i + k - 1."""
    assert window({"op": "conv", "padding": 2}, [1, 2, 3, 4], [1, 2, 3]).tolist() == [3, 8, 14, 20, 11, 4]


def test_no_padding_non_unit_stride(window):
    """Relationship 5: o = floor((i - k) / s) + 1 = floor(3 / 2) + 1; the last position goes unseen."""
    assert window({"op": "conv", "stride": 2}, [1, 2, 3, 4, 5, 6], [1, 2, 3]).tolist() == [14, 26]


def test_zero_padding_non_unit_stride(window):
    """Relationship 6: o = floor((i + 2p - k) / s) + 1 = floor(5 / 2) + 1."""
    assert window({"op": "conv", "stride": 2, "padding": 1}, [1, 2, 3, 4, 5, 6], [1, 2, 3]).tolist() == [8, 20, 32]


def test_dilated(window):
    """Relationship 15: the kernel 1 2 3 reaches over 5 positions. 1*1 + 2*3 + 3*5, ..."""
    found = window({"op": "conv", "dilation": 2}, [1, 2, 3, 4, 5, 6, 7], [1, 2, 3])
    assert found.tolist() == [22, 28, 34]


def test_dilated_and_strided(window):
    found = window({"op": "conv", "dilation": 2, "stride": 2, "padding": 2}, [1, 2, 3, 4, 5, 6, 7], [1, 2, 3])
    assert found.tolist() == [11, 22, 34, 19]


def test_dilated_transposed(window):
    """1*(1 _ 2 _ 3 _) + 2*(_ 1 _ 2 _ 3)."""
    found = window({"op": "conv_transpose", "dilation": 2}, [1, 2], [1, 2, 3])
    assert found.tolist() == [1, 2, 2, 4, 3, 6]


def test_2d_transposed_stride_two(window):
    """Each input value becomes a 2x2 block of the kernel's multiples."""
    found = window({"op": "conv_transpose", "stride": 2}, [[1, 2], [3, 4]], [[1, 10], [100, 1000]])
    assert found.tolist() == [[1, 10, 2, 20], [100, 1000, 200, 2000], [3, 30, 4, 40], [300, 3000, 400, 4000]]


@pytest.mark.parametrize(
    "mode, padded",
    [
        ("circular", [3, 4, 1, 2, 3, 4, 1, 2]),
        ("reflect", [3, 2, 1, 2, 3, 4, 3, 2]),
        ("replicate", [1, 1, 1, 2, 3, 4, 4, 4]),
        ("zeros", [0, 0, 1, 2, 3, 4, 0, 0]),
    ],
)
def test_padding_modes(window, mode, padded):
    """A kernel of one 1 shows what a convolution sees beyond the borders."""
    found = window({"op": "conv", "padding": 2, "padding_mode": mode}, [1, 2, 3, 4], [1])
    assert found.tolist() == padded
