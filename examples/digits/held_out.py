"""The data of the digits example: scikit-learn's 1,797 scans of handwritten digits, 8 x 8 grey levels from 0 to 16, split
once and for all into a part for training and a fifth that is held out."""

import typing

import numpy
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class DigitsSplit(typing.NamedTuple):
    """Images are float32 in [0, 1] of shape N x 1 x 8 x 8, labels integers from 0 to 9."""

    training_images: numpy.ndarray
    held_out_images: numpy.ndarray
    training_labels: numpy.ndarray
    held_out_labels: numpy.ndarray


def load_digits_split():
    digits = load_digits()
    images = (digits.images / 16).astype(numpy.float32)[:, None]
    return DigitsSplit(*train_test_split(images, digits.target, test_size=0.2, random_state=0, stratify=digits.target))
