"""Resize in every mode and version, and Upsample."""

import numpy as np
import pytest

from onnx_cases import BFLOAT16, Cases
from onnx_node_checks import evaluate_in_runtime, find_error
from test_shape_operators import DTYPES, integers, numbers
from toeplitz_process import run_toeplitz

COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "half_pixel_symmetric")
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
TOLERANCE = 2e-5


def normal(random, *shape):
    return random.standard_normal(shape).astype(np.float32)


def floats(*values):
    return np.array(values, np.float32)


def add_resize(cases, x, scales=None, sizes=None, roi=None, **attributes):
    """A Resize whose parameters are known. Before version 13, absent ones are empty."""
    empty = floats() if cases.opset < 13 else None
    arrays = [x, empty if roi is None else floats(*roi), empty if scales is None else floats(*scales)]
    if sizes is not None:
        arrays.append(integers(*sizes))
    known = [place for place in range(1, len(arrays)) if arrays[place] is not None]
    if cases.opset < 13:
        # onnx.reference takes no empty inputs for absent ones.
        given = [x, floats(*roi) if roi is not None else None, floats(*scales) if scales is not None else None]
        other = Cases(13)
        other.add("Resize", *given, *arrays[3:], **attributes)
        attributes["expected"] = list(other.expected.values())
    cases.add("Resize", *arrays, constants=known, tolerance=TOLERANCE, **attributes)


def draw_sizes(random, shape):
    return [size if axis < 2 else int(random.integers(1, 2 * size + 2)) for axis, size in enumerate(shape)]


@pytest.mark.parametrize(
    "opset, coordinates",
    [
        (opset, coordinates)
        for opset in (11, 13, 18, 19)
        for coordinates in COORDINATES
        if coordinates != "half_pixel_symmetric" or opset >= 19
    ],
)
def test_modes(opset, coordinates, tmp_path):
    random = np.random.default_rng(opset)
    cases = Cases(opset)
    for mode in ("nearest", "linear", "cubic"):
        for rank in (3, 4, 5):
            x = normal(random, *random.integers(1, 3, 2), *random.choice([4, 6, 8], rank - 2))
            common = {"mode": mode, "coordinate_transformation_mode": coordinates}
            if mode == "nearest":
                common["nearest_mode"] = NEAREST[rank % 4]
            if coordinates == "tf_crop_and_resize":
                region = random.uniform(-0.3, 1.3, (2, rank))
                region[:, :2] = [[0], [1]]
                common |= {"roi": region.ravel(), "extrapolation_value": -7.5}
            sizes = draw_sizes(random, x.shape)
            if coordinates == "pytorch_half_pixel":
                # (onnx.reference differs for a single position: test_single_positions.)
                sizes = [max(size, 2) if axis > 1 else size for axis, size in enumerate(sizes)]
            add_resize(cases, x, sizes=sizes, **common)
            scales = [1, 1, *random.choice([0.5, 1, 1.5, 2, 3], rank - 2)]
            add_resize(cases, x, scales=scales, **common)
    cases.check(tmp_path)


@pytest.mark.parametrize("coordinates", ("asymmetric", "half_pixel", "align_corners"))
def test_every_rounding(coordinates, tmp_path):
    cases = Cases(19)
    x = np.arange(12, dtype=np.float32)[None, None]
    for nearest in NEAREST:
        for size in (1, 3, 4, 5, 6, 12, 18, 24, 31):
            add_resize(cases, x, sizes=[1, 1, size], nearest_mode=nearest, coordinate_transformation_mode=coordinates)
    cases.check(tmp_path)


@pytest.mark.parametrize("mode", ("nearest", "linear", "cubic"))
@pytest.mark.parametrize("coordinates", ("half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"))
def test_scales_that_leave_a_fraction(coordinates, mode, tmp_path):
    """Compared with ONNX Runtime, as PyTorch's networks are: align_corners counts with the size of the result, rounded down."""
    cases = Cases(19)
    x = normal(np.random.default_rng(0), 1, 2, 7, 10)
    for scales in ((1, 1, 1.3, 1.3), (1, 1, 0.6, 0.35), (1, 1, 2.5, 0.99)):
        attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
        expected = evaluate_in_runtime("Resize", [x, None, floats(*scales)], 19, **attributes)
        cases.add("Resize", x, None, floats(*scales), constants=[2], expected=expected, tolerance=TOLERANCE, **attributes)
    cases.check(tmp_path)


def test_cubic(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(19)
    x = normal(random, 2, 3, 5, 6)
    for coefficient in (-0.75, -0.5):
        for exclude in (0, 1):
            for sizes in ((2, 3, 9, 4), (2, 3, 3, 12)):
                add_resize(cases, x, sizes=sizes, mode="cubic", cubic_coeff_a=coefficient, exclude_outside=exclude)
    cases.check(tmp_path)


@pytest.mark.parametrize("mode", ("linear", "cubic"))
def test_antialias(mode, tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(18)
    x = normal(random, 1, 2, 11, 13)
    for sizes in ((1, 2, 4, 5), (1, 2, 3, 20), (1, 2, 11, 2)):
        for exclude in (0, 1):
            add_resize(cases, x, sizes=sizes, mode=mode, antialias=1, exclude_outside=exclude)
    add_resize(cases, x, scales=(1, 1, 0.6, 0.3), mode=mode, antialias=1)
    cases.check(tmp_path)


def test_axes_and_aspect_ratios(tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(18)
    x = normal(random, 2, 3, 6, 8)
    for policy in ("stretch", "not_larger", "not_smaller"):
        for mode in ("nearest", "linear", "cubic"):
            add_resize(cases, x, sizes=(9, 5), axes=[2, 3], keep_aspect_ratio_policy=policy, mode=mode)
    # (onnx.reference takes axes in their order only.)
    for axes, scales in (([3, 2], (0.5, 2)), ([1, -1], (2, 0.5)), ([-2], (3,))):
        full = np.ones(4)
        full[axes] = scales
        arrays = [x, None, floats(*scales)]
        other = Cases(18)
        other.add("Resize", x, None, floats(*full), mode="linear")
        cases.add("Resize", *arrays, constants=[2], mode="linear", axes=axes, expected=list(other.expected.values()), tolerance=TOLERANCE)
    add_resize(cases, x, sizes=(3, 4), axes=[2, 3], roi=(0.5, 0.1, 1.2, 0.8), mode="linear",
               coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=9.0)
    cases.check(tmp_path)


@pytest.mark.parametrize("mode", ("nearest", "linear", "cubic"))
@pytest.mark.parametrize("coordinates", ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"))
def test_single_positions(coordinates, mode, tmp_path):
    """Compared with ONNX Runtime."""
    cases = Cases(13)
    x = normal(np.random.default_rng(0), 1, 1, 4, 5)
    for sizes in ((1, 1, 1, 5), (1, 1, 4, 1), (1, 1, 1, 1)):
        attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
        expected = evaluate_in_runtime("Resize", [x, None, None, integers(*sizes)], 13, **attributes)
        cases.add("Resize", x, None, None, integers(*sizes), constants=[3], expected=expected, tolerance=TOLERANCE, **attributes)
    cases.check(tmp_path)


def test_all_dimensions(tmp_path):
    """Batch and channels can be resized as well, and tensors of any rank."""
    random = np.random.default_rng(0)
    cases = Cases(19)
    for mode in ("nearest", "linear", "cubic"):
        add_resize(cases, normal(random, 3), sizes=[7], mode=mode)
        add_resize(cases, normal(random, 2, 3), sizes=[5, 2], mode=mode)
        add_resize(cases, normal(random, 2, 3, 4, 2), sizes=[3, 5, 2, 6], mode=mode)
    add_resize(cases, normal(random, 1, 2, 2, 2, 3, 2), sizes=[1, 2, 3, 4, 2, 3], mode="linear")
    cases.check(tmp_path)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_types(dtype, tmp_path):
    random = np.random.default_rng(0)
    cases = Cases(19)
    x = numbers(random, dtype, 1, 2, 4, 5)
    rows, columns = np.array([0, 0, 0, 1, 2, 2, 3]), np.array([0, 2, 3])
    expected = [x[:, :, rows][:, :, :, columns]]
    cases.add("Resize", x, None, None, integers(1, 2, 7, 3), constants=[3], nearest_mode="floor", expected=expected)
    cases.add("Resize", x, None, floats(1, 1, 2, 3), constants=[2], expected=[x.repeat(2, 2).repeat(3, 3)])
    # (onnx.reference has neither of them.)
    if dtype not in (bool, BFLOAT16):
        for mode in ("linear", "cubic"):
            # float64's results are compared with those of coefficients in float32.
            tolerance = TOLERANCE if dtype.itemsize > 2 else None
            cases.add("Resize", x, None, None, integers(1, 2, 7, 3), constants=[3], mode=mode, tolerance=tolerance)
    cases.check(tmp_path)


@pytest.mark.parametrize("folded", (False, True), ids=("computed", "folded"))
@pytest.mark.parametrize("mode", ("nearest", "linear"))
def test_old_versions(mode, folded, tmp_path):
    """Upsample, and Resize in opset 10, compared with ONNX Runtime."""
    random = np.random.default_rng(0)
    x = normal(random, 1, 2, 4, 6)
    for opset, operator, scales in (
        (7, "Upsample", (1.0, 1.0, 2.0, 3.0)),
        (9, "Upsample", (1, 1, 2, 1.5)),
        (10, "Resize", (1, 1, 2, 1.5)),
        (10, "Resize", (1, 1, 0.5, 2)),
        (10, "Resize", (1, 1, 0.6, 0.4)),
    ):
        cases = Cases(opset)
        arrays, attributes = ([x, floats(*scales)], {}) if opset > 7 else ([x], {"scales": scales})
        expected = evaluate_in_runtime(operator, arrays, opset, mode=mode, **attributes)
        known = range(0 if folded else 1, len(arrays))
        cases.add(operator, *arrays, constants=known, mode=mode, expected=expected, tolerance=TOLERANCE, **attributes)
        cases.check(tmp_path)


def test_tf_half_pixel_for_nn(tmp_path):
    cases = Cases(11)
    x = normal(np.random.default_rng(0), 1, 1, 5, 7)
    for sizes in ((1, 1, 3, 4), (1, 1, 9, 11)):
        attributes = {"coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": "floor"}
        arrays = [x, floats(), floats(), integers(*sizes)]
        cases.add("Resize", *arrays, constants=[1, 2, 3], expected=evaluate_in_runtime("Resize", arrays, 11, **attributes), **attributes)
    cases.check(tmp_path)


def test_empty_results(tmp_path):
    cases = Cases(19)
    x = np.zeros((1, 2, 3, 4), np.float32)
    for mode in ("nearest", "linear"):
        empty = [np.zeros((1, 2, 0, 5), np.float32)]
        cases.add("Resize", x, None, None, integers(1, 2, 0, 5), constants=[3], mode=mode, expected=empty)
        cases.add("Resize", x, None, floats(1, 1, 0.1, 1.25), constants=[2], mode=mode, expected=empty)
    cases.check(tmp_path)


@pytest.mark.parametrize(
    "attributes, sizes, is_fast",
    (
        ({}, (8, 10), True),
        ({"nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}, (6, 3), True),
        ({"nearest_mode": "ceil"}, (8, 10), False),
        ({"mode": "linear"}, (7, 3), True),
        ({"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}, (7, 3), True),
        ({"mode": "linear", "coordinate_transformation_mode": "align_corners"}, (7, 3), True),
        ({"mode": "linear", "coordinate_transformation_mode": "asymmetric"}, (7, 3), False),
        ({"mode": "linear", "antialias": 1}, (8, 10), True),
        ({"mode": "linear", "antialias": 1}, (2, 3), False),
        ({"mode": "cubic"}, (8, 10), False),
    ),
)
def test_the_fast_operation_is_taken_where_it_is_exact(attributes, sizes, is_fast, tmp_path):
    cases = Cases(19)
    add_resize(cases, normal(np.random.default_rng(0), 1, 2, 4, 5), sizes=(1, 2, *sizes), **attributes)
    cases.check(tmp_path)
    process = run_toeplitz("compile", tmp_path / "model.onnx", "--emit=cnn", "-o", "-")
    assert ("cnn.resize" in process.stdout) == is_fast, process.stdout


X = np.zeros((1, 2, 3, 4), np.float32)
CROP = {"coordinate_transformation_mode": "tf_crop_and_resize"}


@pytest.mark.parametrize(
    "inputs, known, attributes, message",
    (
        ([X], [], {}, "it needs input 2, 'scales', or input 3, 'sizes', and not both"),
        ([X, None, floats(1, 1, 2, 2), integers(1, 2, 6, 8)], [2, 3], {}, "and not both"),
        ([X, None, floats(1, 1, 2)], [2], {}, "it has 3 scales, expected one for each of 4 dimensions"),
        ([X, None, floats(1, 1, 0, 2)], [2], {}, "has a scale of 0"),
        ([X, None, floats(1, 1, np.nan, 2)], [2], {}, "expected a number above 0"),
        ([X, None, floats(1, 1, 1e30, 2)], [2], {}, "expected a number above 0 for a result of at most"),
        ([X, None, None, integers(1, 2, -3, 4)], [3], {}, "dimension 2 gets a size of -3"),
        ([X, None, None, integers(1, 2, 2**20, 2**20)], [3], {}, "more than 4294967296 elements"),
        ([X, None, None, integers(6, 8)], [3], {}, "it has 2 sizes, expected one for each of 4 dimensions"),
        ([X, None, None, integers(1, 2, 6, 8)], [], {}, "input 'x3' must be known when compiling"),
        ([X, None, None, integers(6, 8)], [3], {"axes": [2, 2]}, "names dimension 2 twice"),
        ([X, None, None, integers(1, 2, 6, 8)], [3], {"mode": "lanczos", "axes": [9]}, "'mode'"),
        ([X, None, None, integers(1, 2, 6, 8)], [3], {"antialias": 1}, "goes with the modes linear and cubic"),
        ([X, None, None, integers(1, 2, 6, 8)], [3], CROP, "input 1, 'roi', is missing"),
        ([X, floats(0, 1), None, integers(1, 2, 6, 8)], [1, 3], CROP, "'roi' has 2 numbers"),
        ([X[:, :, :0], None, None, integers(1, 2, 6, 8)], [3], {}, "is empty, but its result"),
    ),
)
def test_errors(inputs, known, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 19, "Resize", inputs, known, **attributes)
