"""The image filters example against scipy's filters."""

import pathlib
import subprocess
import sys

import numpy
import pytest
from PIL import Image
from scipy import ndimage

FILTER_IMAGE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "image_filters" / "filter_image.py"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """What filter_image.py makes of a photograph that is given as PNG: values from 0 to 255 by name."""
    from sklearn.datasets import load_sample_image

    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(load_sample_image("flower.jpg")[100:260, 200:391]).save(folder / "input.png")
    command = [sys.executable, str(FILTER_IMAGE), str(folder / "input.png"), "--output", str(folder / "filtered")]
    subprocess.run(command, check=True)
    return {path.stem: numpy.asarray(Image.open(path), float) for path in (folder / "filtered").glob("*.png")}


def assert_same_picture(actual, expected):
    """Equal but for the rounding to whole grey levels, which may fall either way at a half."""
    assert actual.shape == expected.shape
    assert numpy.abs(actual - expected.clip(0, 255)).max() <= 0.51


def each_channel(photograph, function):
    return numpy.stack([function(photograph[:, :, channel]) for channel in range(3)], axis=2)


def test_photograph_is_kept(pictures):
    assert pictures["photograph"].shape == (160, 191, 3)
    assert pictures["photograph"].std() > 20


def test_gaussian(pictures):
    binomial = numpy.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    expected = each_channel(pictures["photograph"], lambda x: ndimage.correlate(x, binomial, mode="nearest"))
    assert_same_picture(pictures["gaussian"], expected)


def test_sharpen(pictures):
    expected = each_channel(pictures["photograph"], lambda x: x - ndimage.laplace(x, mode="nearest"))
    assert_same_picture(pictures["sharpen"], expected)


def test_sobel(pictures):
    grey = pictures["photograph"] @ [0.299, 0.587, 0.114]
    expected = numpy.hypot(ndimage.sobel(grey, 0, mode="nearest"), ndimage.sobel(grey, 1, mode="nearest"))
    assert_same_picture(pictures["sobel"], expected)


def test_laplacian(pictures):
    grey = pictures["photograph"] @ [0.299, 0.587, 0.114]
    assert_same_picture(pictures["laplacian"], ndimage.laplace(grey, mode="nearest") + 127.5)
