"""Inverted residual blocks by bf16x3, some of their channels at a time."""

import pytest

from processor import needs_tiles
from separable_blocks import PADDED, check_network, check_one_kernel, compile_schedule, description_of

OPTIONS = ("--mcpu=sapphirerapids", "--algorithm=expansion=bf16x3,depthwise=depthwise,pointwise=bf16x3")

# Channels that are no multiple of a step or of a vector, one vector and two channels of them; an odd number of tiles, of vectors of the
# result; one position; several chunks of a task; images that are tasks themselves; windows of every kind.
BLOCKS = {
    "plain": dict(inputs=33, channels=160, outputs=24, sizes=[14, 14], layer=PADDED),
    "inverted_residual": dict(
        inputs=64, channels=384, outputs=64, sizes=[14, 14], layer=PADDED, before="relu6", between="relu6", residual=True
    ),
    "half_a_step": dict(inputs=20, channels=144, outputs=40, sizes=[11, 13], layer=PADDED, before="hardswish", behind="silu"),
    "part_of_a_vector": dict(
        inputs=9, channels=100, outputs=9, sizes=[9, 10], layer=PADDED, before="sigmoid", between="relu", residual=True
    ),
    "one_vector": dict(inputs=5, channels=16, outputs=3, sizes=[7, 7], batch=2, layer=PADDED),
    "two_channels": dict(inputs=1, channels=2, outputs=1, sizes=[6, 5], batch=2, layer=PADDED, before="relu", between="relu"),
    "one_position": dict(inputs=48, channels=96, outputs=33, sizes=[1, 1], layer=PADDED, before="relu"),
    "strided": dict(
        inputs=32, channels=192, outputs=70, sizes=[28, 27], layer={"kernel_size": [3, 5], "stride": 2, "padding": [1, 2]}, before="relu6"
    ),
    "stride_beyond_kernel": dict(inputs=24, channels=72, outputs=20, sizes=[15, 17], layer={"kernel_size": 2, "stride": [3, 4]}, before="relu"),
    "dilated": dict(
        inputs=32, channels=64, outputs=16, sizes=[16, 18], layer={"kernel_size": 3, "dilation": [2, 3], "padding": [[4, 1], [2, 5]]}
    ),
    "kernel_beyond_input": dict(inputs=16, channels=64, outputs=16, sizes=[3, 4], layer={"kernel_size": 7, "padding": 3}, before="relu"),
    "no_padding": dict(inputs=48, channels=96, outputs=17, sizes=[10, 9], layer={"kernel_size": 3}, between="silu"),
    "several_chunks": dict(inputs=32, channels=392, outputs=32, sizes=[30, 30], layer=PADDED, before="relu6", residual=True),
    "deep": dict(inputs=160, channels=960, outputs=320, sizes=[7, 7], layer=PADDED, before="relu6", between="relu6"),
    "batch": dict(inputs=40, channels=120, outputs=40, sizes=[8, 9], batch=3, layer=PADDED, before="relu", residual=True),
    "large_batch": dict(inputs=16, channels=64, outputs=24, sizes=[5, 4], batch=11, layer=PADDED),
    "one_dimension": dict(inputs=32, channels=128, outputs=32, sizes=[100], layer={"kernel_size": 5, "padding": 2}, before="relu"),
    "three_dimensions": dict(inputs=20, channels=64, outputs=20, sizes=[4, 5, 6], layer=PADDED, before="relu", residual=True),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_block_is_one_kernel(name, tmp_path):
    check_one_kernel("kernel.inverted_residual", description_of(name, BLOCKS[name]), tmp_path, OPTIONS)


@needs_tiles
@pytest.mark.parametrize("name", BLOCKS)
def test_block(name, tmp_path):
    block = BLOCKS[name]
    check_network(description_of(name, block), block, tmp_path, OPTIONS, slack=3.0)


@pytest.mark.parametrize(
    "block",
    [
        # Too large for the second-level cache, alone and with the sums of four tasks; as wide within as without; one task.
        dict(inputs=24, channels=144, outputs=24, sizes=[112, 112], layer=PADDED),
        dict(inputs=64, channels=256, outputs=64, sizes=[32, 32], layer=PADDED),
        dict(inputs=116, channels=116, outputs=116, sizes=[14, 14], layer=PADDED),
        dict(inputs=32, channels=96, outputs=64, sizes=[14, 14], layer=PADDED),
        dict(inputs=16, channels=32, outputs=16, sizes=[14, 14], layer=PADDED),
    ],
)
def test_blocks_that_stay_apart(block, tmp_path):
    schedule = compile_schedule(description_of("apart", block), tmp_path, OPTIONS)
    assert "kernel.inverted_residual" not in schedule
    # (The one behind may be computed with the depthwise one some rows at a time.)
    assert schedule.count('kernel.conv "bf16x3"') + schedule.count("kernel.separable_conv") == 2
