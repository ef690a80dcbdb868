"""fft in three dimensions: two of them transformed, the depth a sum over slices."""

import pytest

from operator_cases import Case, Pack, member_name, members
from random_windows import product
from toeplitz_process import run_toeplitz, write_description


def volume(shape, outputs, kernel, **parameters):
    layer = {"op": "conv", "out_channels": outputs, "kernel_size": kernel, **parameters}
    groups = parameters.get("groups", 1)
    # Outputs at the borders have fewer products than the tile, as in test_algorithms.fourier_case.
    return Case(layer, (shape,), reduction=shape[1] // groups * product(kernel), slack=2.0)


CASES = [
    # Dense: two runs of one tile, two images, padding on one side; more channels than lanes; many output channels for few.
    volume((1, 5, 6, 9, 10), 7, [3, 3, 3], padding=1),
    volume((2, 5, 5, 9, 10), 7, [3, 5, 4], padding=[[0, 2], [2, 2], [1, 2]]),
    volume((1, 17, 3, 8, 8), 20, [2, 5, 5], padding=[1, 2, 2]),
    volume((1, 16, 12, 20, 20), 64, [3, 3, 3], padding=1),
    # One slice, one tap of the depth, a depth that is less than the kernel, one point.
    volume((1, 17, 1, 8, 8), 20, [1, 5, 5], padding=[0, 2, 2]),
    volume((1, 3, 2, 8, 8), 5, [5, 5, 3], padding=[2, 2, 1]),
    volume((1, 1, 1, 1, 1), 1, [3, 3, 3], padding=1),
    volume((1, 2, 5, 1, 30), 5, [2, 1, 7], padding=[0, 0, 3]),
    # Depthwise: two blocks in a tile, two tiles of one block, one tap of the depth.
    volume((1, 20, 7, 8, 9), 20, [3, 3, 5], padding=[1, 1, 2], groups=20),
    volume((2, 16, 5, 8, 9), 16, [5, 3, 5], padding=[2, 1, 2], groups=16),
    volume((1, 33, 3, 4, 9), 33, [1, 3, 5], padding=[0, 1, 2], groups=33),
    volume((3, 8, 2, 3, 3), 8, [5, 7, 7], padding=3, groups=8),
    # A dilation of the depth; groups, whole and merged; a depth that has one output may have a stride.
    volume((1, 6, 13, 5, 6), 4, [3, 3, 3], padding=[4, 1, 1], dilation=[4, 1, 1]),
    volume((1, 20, 9, 5, 6), 20, [3, 3, 3], padding=[2, 1, 1], dilation=[2, 1, 1], groups=20),
    volume((1, 64, 4, 8, 6), 32, [3, 3, 3], padding=1, groups=2),
    volume((1, 6, 4, 8, 6), 12, [3, 3, 3], padding=1, groups=6),
    volume((1, 2, 5, 4, 9), 3, [2, 3, 3], stride=[5, 1, 1]),
    # Circular: the depth has a halo, the others have none.
    volume((1, 4, 5, 8, 6), 5, [3, 3, 3], padding=1, padding_mode="circular"),
    volume((1, 20, 4, 8, 6), 20, [3, 5, 5], padding=[1, 2, 2], padding_mode="circular", groups=20),
    volume((1, 4, 2, 8, 6), 5, [3, 3, 3], padding=[1, 2, 2], dilation=[1, 2, 2], padding_mode="circular"),
    # The phases of a transposed convolution are written apart.
    Case(
        {"op": "conv_transpose", "out_channels": 5, "kernel_size": [4, 4, 5], "stride": 2, "padding": 1}, ((1, 4, 3, 5, 4),), reduction=40,
        slack=2.0,
    ),
]
PACKS = [
    Pack("fourier_volumes", CASES, ["--algorithm=fft"]),
    Pack("fourier_volumes_v3", CASES[::3], ["--algorithm=fft", "--mcpu=x86-64-v3"]),
]


@pytest.mark.parametrize("pack, place", members(PACKS), ids=member_name)
def test_against_the_evaluator(pack, place):
    pack.check_compiled_against_reference(place)


SMALL_CASES = (volume((1, 3, 3, 3, 2), 2, [2, 2, 2], padding=1), volume((1, 2, 3, 3, 2), 2, [3, 2, 1], padding=[1, 1, 0], groups=2))


@pytest.mark.parametrize("case", SMALL_CASES, ids=lambda case: case.label)
def test_verified(case, tmp_path):
    """Within the certified bound."""
    model = write_description(case.description("volume"), tmp_path)
    process = run_toeplitz("verify", model, "--algorithm=case0=fft")
    assert process.returncode == 0 and "fft:" in process.stdout, process.stdout + process.stderr


def test_all_are_computed_by_fft(tmp_path):
    for place, case in enumerate(CASES[:-1]):
        model = write_description(case.description(f"shown{place}"), tmp_path)
        process = run_toeplitz("compile", model, "--emit=schedule", "-o", tmp_path / "shown.mlir", "--algorithm=case0=fft")
        assert process.returncode == 0, process.stderr
        assert 'kernel.conv "fft"' in (tmp_path / "shown.mlir").read_text()
