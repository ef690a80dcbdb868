"""DFT and STFT: against numpy."""

import numpy as np
import pytest
from onnx_cases import Cases
from onnx_node_checks import find_error


def as_parts(spectra):
    """Complex numbers as a last dimension of two."""
    return np.stack([spectra.real, spectra.imag], -1).astype(np.float32)


def as_complex(x):
    return x[..., 0] + 1j * x[..., 1] if x.shape[-1] == 2 else x[..., 0]


def add_dft(cases, x, axis=None, length=None, tolerance=1e-5, **attributes):
    """One node, whose axis is an attribute or an input, depending on the opset."""
    place = len(x.shape) - 2 if axis is None else axis
    inverse, onesided = attributes.get("inverse", 0), attributes.get("onesided", 0)
    transform = np.fft.rfft if onesided else np.fft.ifft if inverse else np.fft.fft
    expected = as_parts(transform(as_complex(x.astype(np.float64)), n=length, axis=place - len(x.shape) + 1 if place < 0 else place))
    arrays = [x, None if length is None else np.int64(length)]
    constants = [] if length is None else [1]
    if cases.opset >= 20:
        arrays.append(None if axis is None else np.int64(axis))
        constants += [] if axis is None else [2]
    else:
        attributes["axis"] = place
    while arrays[-1] is None:
        arrays.pop()
    cases.add("DFT", *arrays, constants=constants, expected=[expected], tolerance=tolerance, **attributes)


@pytest.mark.parametrize("opset", [17, 20, 22])
def test_dft(opset, tmp_path):
    random = np.random.default_rng(1)
    cases = Cases(opset)
    for shape in [(2, 16, 1), (2, 15, 2), (3, 4, 5, 2), (1, 1, 1), (2, 1, 2)]:
        x = random.normal(size=shape).astype(np.float32)
        add_dft(cases, x)
        add_dft(cases, x, axis=1)
        add_dft(cases, x, axis=0)
        add_dft(cases, x, axis=1, inverse=1)
        add_dft(cases, x, axis=1, length=7)
        add_dft(cases, x, axis=1, length=24)
        if shape[-1] == 1:
            add_dft(cases, x, axis=1, onesided=1)
            add_dft(cases, x, axis=1, length=9, onesided=1)
    # Sums of a thousand numbers, of angles that are many times around.
    add_dft(cases, random.normal(size=(1, 1000, 1)).astype(np.float32), axis=1, tolerance=1e-4)
    cases.check(tmp_path)


@pytest.mark.parametrize("opset", [17, 20])
def test_inverse_of_onesided_spectra(opset, tmp_path):
    """Real results; the imaginary parts of the first number and of the middle one don't count."""
    random = np.random.default_rng(4)
    cases = Cases(opset)
    for shape, length in [((2, 9, 2), None), ((2, 9, 2), 16), ((2, 9, 2), 17), ((1, 5, 3, 2), 8), ((1, 9, 2), 6), ((1, 4, 2), 16)]:
        x = random.normal(size=shape).astype(np.float32)
        expected = np.fft.irfft(as_complex(x.astype(np.float64)), n=length, axis=1)[..., None].astype(np.float32)
        arrays, attributes = [x, None if length is None else np.int64(length)], {"inverse": 1, "onesided": 1}
        if opset >= 20:
            arrays.append(np.int64(1))
        else:
            attributes["axis"] = 1
        while arrays[-1] is None:
            arrays.pop()
        constants = [place for place, array in enumerate(arrays) if place and array is not None]
        cases.add("DFT", *arrays, constants=constants, expected=[expected], tolerance=1e-5, **attributes)
    cases.check(tmp_path)


def test_dft_of_no_rows(tmp_path):
    cases = Cases(20)
    cases.add("DFT", np.zeros((0, 4, 1), np.float32), expected=[np.zeros((0, 4, 2), np.float32)])
    cases.check(tmp_path)


def transform_frames(x, step, window, onesided):
    """Batch x frames x bins."""
    x, length = as_complex(x.astype(np.float64)), len(window)
    frames = [x[:, i : i + length] * window for i in range(0, x.shape[1] - length + 1, step)]
    return np.stack([(np.fft.rfft if onesided else np.fft.fft)(frame, axis=1) for frame in frames], 1)


@pytest.mark.parametrize("opset", [17, 22])
def test_stft(opset, tmp_path):
    random = np.random.default_rng(2)
    cases = Cases(opset)
    for shape, step, length in [((1, 64, 1), 8, 16), ((3, 50, 1), 3, 15), ((2, 40, 2), 10, 16), ((2, 33), 7, 8), ((1, 5, 1), 2, 5)]:
        x = random.normal(size=shape).astype(np.float32)
        parts = x[..., None] if len(shape) == 2 else x
        window = random.normal(size=length).astype(np.float32)
        for onesided in ([1, 0] if parts.shape[-1] == 1 else [0]):
            for given, numbers in [((window, None), window), ((None, np.int64(length)), np.ones(length)), ((window, np.int64(length)), window)]:
                arrays = [x, np.int64(step), *given]
                constants = [place for place in (1, 2, 3) if arrays[place] is not None]
                while arrays[-1] is None:
                    arrays.pop()
                expected = as_parts(transform_frames(parts, step, numbers, onesided))
                cases.add("STFT", *arrays, constants=constants, expected=[expected], tolerance=1e-5, onesided=onesided)
    cases.check(tmp_path)


def test_of_other_types(tmp_path):
    random = np.random.default_rng(3)
    cases = Cases(20)
    x = random.normal(size=(1, 16, 1))
    cases.add("DFT", x, expected=[as_parts(np.fft.fft(x[..., 0])).astype(np.float64)], tolerance=1e-5)
    half = x.astype(np.float16)
    cases.add("DFT", half, expected=[as_parts(np.fft.fft(half[..., 0].astype(np.float64))).astype(np.float16)], tolerance=2e-3)
    cases.check(tmp_path)


SIGNAL, WINDOW = np.zeros((1, 16, 1), np.float32), np.ones(4, np.float32)
STEP, COMPLEX = np.int64(2), np.zeros((1, 16, 2), np.float32)


@pytest.mark.parametrize(
    "operator, arrays, known, attributes, message",
    [
        ("DFT", [np.zeros((1, 16, 3), np.float32)], [], {}, "has shape 1x16x3, expected a last dimension of 1 (real numbers) or 2"),
        ("DFT", [COMPLEX], [], {"onesided": 1}, "attribute 'onesided' is 1, expected 0 for a transform of complex numbers"),
        ("DFT", [SIGNAL], [], {"onesided": 1, "inverse": 1}, "has shape 1x16x1, expected complex numbers for an inverse of onesided spectra"),
        ("DFT", [SIGNAL, None, np.int64(2)], [2], {}, "transforms the last dimension"),
        ("DFT", [SIGNAL, None, np.int64(3)], [2], {}, "input 2 is 3"),
        ("DFT", [SIGNAL, np.int64(0)], [1], {}, "a transform of length 0, expected 1 to 4096"),
        ("DFT", [SIGNAL, np.int64(4097)], [1], {}, "a transform of length 4097, expected 1 to 4096"),
        ("DFT", [np.zeros((1, 16, 1), np.int32)], [], {}, "int32"),
        ("DFT", [np.zeros((1, 0, 1), np.float32), np.int64(4)], [1], {}, "in which there is nothing to transform"),
        ("STFT", [np.zeros((1, 16, 4), np.float32), STEP, WINDOW], [1, 2], {}, "has shape 1x16x4, expected a last dimension"),
        ("STFT", [COMPLEX, STEP, WINDOW], [1, 2], {}, "attribute 'onesided' is 1, expected 0 for a transform of complex numbers"),
        ("STFT", [SIGNAL, np.int64(0), WINDOW], [1, 2], {}, "input 1 is 0, expected at least 1"),
        ("STFT", [SIGNAL, STEP], [1], {}, "has neither a window nor the length of a frame"),
        ("STFT", [SIGNAL, STEP, WINDOW, np.int64(5)], [1, 2, 3], {}, "input 3 is 5, expected 4, the length of the window"),
        ("STFT", [SIGNAL, STEP, None, np.int64(5000)], [1, 3], {}, "a transform of length 5000, expected 1 to 4096"),
        ("STFT", [SIGNAL, STEP, np.ones((2, 2), np.float32)], [1, 2], {}, "input 2 has shape 2x2, expected rank 1"),
        ("STFT", [SIGNAL, STEP, WINDOW], [1], {}, "x2"),
        ("STFT", [SIGNAL, STEP, None, np.int64(17)], [1, 3], {}, "17"),
    ],
)
def test_refusals(operator, arrays, known, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 22, operator, arrays, known, **attributes)
