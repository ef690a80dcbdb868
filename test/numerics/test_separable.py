"""Depthwise convolutions with the pointwise ones before and behind them, computed together a few rows at a time."""

import pytest

from processor import needs_tiles
from separable_blocks import PADDED, check_network, check_one_kernel, compile_schedule, description_of

ALGORITHMS = {"expansion": "pointwise", "depthwise": "depthwise", "pointwise": "pointwise"}

# Large enough not to stay in a second-level cache of 512 KiB, in which case the two would not be computed together. Channels that are
# no multiple of a vector, rows that no chunk divides, what may stand between and behind them. With an expansion: windows that share
# rows, one, and none (a stride beyond the kernel), rows of padding at either end, several tasks for each image.
PAIRS = {
    "plain": dict(channels=40, outputs=17, sizes=[41, 43], layer={"kernel_size": 3, "padding": 1}),
    "activations": dict(
        channels=33, outputs=40, sizes=[47, 47], layer={"kernel_size": 3, "padding": 1}, between="relu6", behind="silu"
    ),
    "residual": dict(
        channels=40, outputs=40, sizes=[43, 41], layer={"kernel_size": 3, "padding": 1}, between="relu", residual=True
    ),
    "strided": dict(
        channels=24, outputs=9, sizes=[107, 109], layer={"kernel_size": [3, 5], "stride": 2, "padding": [1, 2]}, between="relu"
    ),
    "dilated": dict(
        channels=33, outputs=8, sizes=[49, 51], layer={"kernel_size": 3, "dilation": [2, 3], "padding": [[3, 1], [2, 4]]}
    ),
    "batch": dict(channels=40, outputs=5, sizes=[41, 41], batch=3, layer={"kernel_size": 3, "padding": 1}, between="relu"),
    "three_dimensions": dict(channels=24, outputs=31, sizes=[13, 15, 16], layer={"kernel_size": 3, "padding": 1}),
    "expanded": dict(inputs=9, channels=40, outputs=17, sizes=[51, 47], layer={"kernel_size": 3, "padding": 1}),
    "inverted_residual": dict(
        inputs=7, channels=41, outputs=7, sizes=[50, 49], layer={"kernel_size": 3, "padding": 1}, before="relu6", between="relu6",
        residual=True,
    ),
    "expanded_strided": dict(
        inputs=8, channels=33, outputs=20, sizes=[61, 58], layer={"kernel_size": 3, "stride": 2, "padding": 1}, before="hardswish"
    ),
    "expanded_stride_beyond_kernel": dict(
        inputs=5, channels=24, outputs=9, sizes=[83, 85], layer={"kernel_size": 2, "stride": [3, 4]}, before="relu"
    ),
    "expanded_wide_kernel": dict(
        inputs=7, channels=24, outputs=8, sizes=[113, 40], layer={"kernel_size": 5, "padding": 2}, before="silu", behind="relu"
    ),
    "expanded_dilated": dict(
        inputs=16, channels=25, outputs=8, sizes=[97, 39], layer={"kernel_size": 3, "dilation": [2, 3], "padding": [[4, 1], [2, 5]]}
    ),
    "expanded_batch": dict(
        inputs=10, channels=33, outputs=5, sizes=[48, 46], batch=3, layer={"kernel_size": 3, "padding": 1}, before="relu"
    ),
    "much_padding": dict(
        inputs=6, channels=33, outputs=7, sizes=[49, 48], layer={"kernel_size": 3, "padding": [[12, 11], [3, 0]]}, before="relu"
    ),
    "nothing_behind": dict(
        inputs=6, channels=35, sizes=[49, 51], layer={"kernel_size": 3, "padding": 1}, before="relu", between="silu"
    ),
    "nothing_behind_strided": dict(inputs=6, channels=41, sizes=[53, 57], layer={"kernel_size": 3, "stride": 2, "padding": 1}),
}


def algorithms_of(description):
    names = [layer["name"] for layer in description["layers"]]
    return "--algorithm=" + ",".join(f"{name}={algorithm}" for name, algorithm in ALGORITHMS.items() if name in names)


def options_of(description):
    return ("--mcpu=x86-64-v3", algorithms_of(description))


@pytest.mark.parametrize("name", PAIRS)
def test_pair(name, tmp_path):
    pair = PAIRS[name]
    description = description_of(name, pair)
    check_one_kernel("kernel.separable_conv", description, tmp_path, options_of(description))
    check_network(description, pair, tmp_path, options_of(description))


@pytest.mark.parametrize("sizes, layer", [([14, 14], {"kernel_size": 3, "padding": 1}), ([3600], {"kernel_size": 5})])
def test_pairs_that_stay_apart(sizes, layer, tmp_path):
    """What stays in the cache anyway, and a single row, is computed by the two kernels, whose tasks can be divided further."""
    description = description_of("small", dict(channels=40, outputs=17, sizes=sizes, layer=layer))
    schedule = compile_schedule(description, tmp_path, options_of(description))
    assert 'kernel.conv "depthwise"' in schedule and "separable_conv" not in schedule


@pytest.mark.parametrize(
    "inputs, channels, sizes, layer",
    [
        # Large enough, but of few rows, of which tasks would recompute many; of short rows; with a filter that is large itself.
        (6, 200, [26, 41], {"kernel_size": 3, "padding": 1}),
        (6, 200, [100, 14], {"kernel_size": 3, "padding": 1}),
        (200, 120, [49, 47], {"kernel_size": 3, "padding": 1}),
        (6, 20, [12, 25, 41], {"kernel_size": 3, "padding": 1}),
    ],
)
def test_expansions_that_stay_apart(inputs, channels, sizes, layer, tmp_path):
    description = description_of("apart", dict(inputs=inputs, channels=channels, sizes=sizes, layer=layer))
    assert "separable_conv" not in compile_schedule(description, tmp_path, options_of(description))


# The pointwise convolution behind by bf16x3, with a second-level cache of 2 MiB. An odd number of vectors, of tiles, of vectors of the
# result; positions that fill no tile; chunks that rows are not divided by; three outputs.
SPLIT_PAIRS = {
    "plain": dict(channels=96, outputs=17, sizes=[57, 55], layer=PADDED),
    "odd_vectors": dict(channels=112, outputs=40, sizes=[53, 51], layer=PADDED, between="relu6", behind="silu"),
    "residual": dict(channels=96, outputs=96, sizes=[59, 54], layer=PADDED, between="relu", residual=True),
    "strided": dict(
        channels=144, outputs=33, sizes=[109, 111], layer={"kernel_size": [3, 5], "stride": 2, "padding": [1, 2]}, between="sigmoid"
    ),
    "dilated": dict(
        channels=80, outputs=24, sizes=[61, 63], layer={"kernel_size": 3, "dilation": [2, 3], "padding": [[3, 1], [2, 4]]}
    ),
    "batch": dict(channels=64, outputs=16, sizes=[71, 69], batch=2, layer=PADDED, between="relu"),
    "three_dimensions": dict(channels=96, outputs=20, sizes=[14, 15, 16], layer=PADDED),
    "expanded": dict(inputs=24, channels=144, outputs=24, sizes=[56, 56], layer=PADDED, before="relu6", between="relu6", residual=True),
    "part_of_a_vector": dict(inputs=9, channels=100, outputs=9, sizes=[61, 59], layer=PADDED, before="sigmoid", residual=True),
    "expanded_strided": dict(
        inputs=7, channels=88, outputs=3, sizes=[83, 86], layer={"kernel_size": 3, "stride": 2, "padding": 1}, before="hardswish",
        behind="relu",
    ),
    "expanded_batch": dict(inputs=10, channels=96, outputs=50, sizes=[58, 57], batch=3, layer=PADDED, before="relu", between="silu"),
}


def split_options_of(description):
    return ("--mcpu=sapphirerapids", algorithms_of(description).removesuffix("pointwise") + "bf16x3")


@pytest.mark.parametrize("name", SPLIT_PAIRS)
def test_split_pair_is_one_kernel(name, tmp_path):
    description = description_of(name, SPLIT_PAIRS[name])
    check_one_kernel("kernel.separable_conv", description, tmp_path, split_options_of(description))


@needs_tiles
@pytest.mark.parametrize("name", SPLIT_PAIRS)
def test_split_pair(name, tmp_path):
    pair = SPLIT_PAIRS[name]
    description = description_of(name, pair)
    check_network(description, pair, tmp_path, split_options_of(description), slack=3.0)


def test_unknown_lanes_are_not_split(tmp_path):
    """What fills up the last vector of the network's tensors may be anything, and zeros times infinity would be no zeros."""
    description = description_of("lanes", dict(channels=100, outputs=17, sizes=[57, 55], layer=PADDED))
    assert "separable_conv" not in compile_schedule(description, tmp_path, split_options_of(description))


def test_split_projections_are_chosen(tmp_path):
    """MobileNetV2's third block: what lies between is split when it is written, which alone makes bf16x3 the faster one."""
    block = dict(inputs=24, channels=144, outputs=24, sizes=[56, 56], layer=PADDED, before="relu6", between="relu6", residual=True)
    schedule = compile_schedule(description_of("chosen", block), tmp_path, ("--mcpu=sapphirerapids",))
    assert schedule.count("kernel.separable_conv") == 1 and "xbf16>" in schedule
    precise = compile_schedule(description_of("precise", block), tmp_path, ("--mcpu=sapphirerapids", "--precise"))
    assert "xbf16>" not in precise
