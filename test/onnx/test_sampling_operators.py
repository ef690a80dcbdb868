"""GridSample, AffineGrid and RoiAlign: against onnx.reference."""

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest
from onnx_cases import Cases, evaluate_node, make_model, run_model
from onnx_node_checks import find_error

PADDINGS = ["zeros", "border", "reflection"]


def draw_grid(random, shape):
    """Positions in the input, at its borders, and far outside of it."""
    grid = random.uniform(-1.3, 1.3, shape)
    grid[random.random(shape) < 0.1] *= 5
    grid[random.random(shape) < 0.1] = 1
    grid[random.random(shape) < 0.1] = -1
    return grid.astype(np.float32)


@pytest.mark.parametrize("align_corners", [0, 1])
@pytest.mark.parametrize("opset", [16, 20, 22])
def test_grid_sample(opset, align_corners, tmp_path):
    random = np.random.default_rng(1)
    cases = Cases(opset)
    x = random.normal(size=(2, 3, 4, 5)).astype(np.float32)
    grid = draw_grid(random, (2, 3, 6, 2))
    names = ["bilinear", "nearest", "bicubic"] if opset == 16 else ["linear", "nearest", "cubic"]
    for mode, plain in zip(names, ["linear", "nearest", "cubic"]):
        for padding in PADDINGS:
            attributes = {"padding_mode": padding, "align_corners": align_corners}
            node = onnx.helper.make_node("GridSample", ["x", "grid"], ["y"], mode=plain, **attributes)
            expected = evaluate_node(node, [x, grid], 20)
            cases.add("GridSample", x, grid, expected=expected, tolerance=1e-5, mode=mode, **attributes)
    cases.add("GridSample", x, grid, expected=evaluate_node(onnx.helper.make_node("GridSample", ["x", "grid"], ["y"]), [x, grid], 20), tolerance=1e-5)
    cases.check(tmp_path)


@pytest.mark.parametrize("align_corners", [0, 1])
def test_grid_sample_of_other_ranks(align_corners, tmp_path):
    random = np.random.default_rng(2)
    cases = Cases(22)
    for shape, grid in [((1, 2, 3, 4, 3), (1, 2, 2, 3, 3)), ((2, 2, 7), (2, 5, 1)), ((1, 1, 1, 1), (1, 2, 3, 2))]:
        x, positions = random.normal(size=shape).astype(np.float32), draw_grid(random, grid)
        for mode in ("linear", "nearest", "cubic"):
            for padding in PADDINGS:
                if min(shape[2:]) == 1 and align_corners and padding == "reflection":
                    continue  # The reference divides by zero.
                cases.add("GridSample", x, positions, tolerance=1e-5, mode=mode, padding_mode=padding, align_corners=align_corners)
    cases.check(tmp_path)


def test_grid_sample_of_other_types(tmp_path):
    random = np.random.default_rng(3)
    cases = Cases(22)
    grid = draw_grid(random, (1, 4, 4, 2))
    for dtype in (np.int8, np.uint8, np.int32, np.int64):
        cases.add("GridSample", random.integers(0, 99, (1, 2, 4, 4)).astype(dtype), grid, mode="nearest")
    x = random.normal(size=(1, 2, 4, 4))
    cases.add("GridSample", x, grid, tolerance=1e-6)
    half = x.astype(np.float16)
    exact = evaluate_node(onnx.helper.make_node("GridSample", ["x", "grid"], ["y"]), [half.astype(np.float32), grid], 22)[0]
    cases.add("GridSample", half, grid, expected=[exact.astype(np.float16)])
    cases.add("GridSample", x.astype(np.float32), np.zeros((1, 0, 4, 2), np.float32), expected=[np.zeros((1, 2, 0, 4), np.float32)])
    cases.check(tmp_path)


def test_grid_sample_at_no_position(tmp_path):
    """Infinities and NaN read nothing that isn't there."""
    x = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
    grid = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 3e9], np.float32).reshape(1, 1, 3, 2)
    cases = Cases(22)
    for mode in ("linear", "nearest", "cubic"):
        cases.add("GridSample", x, grid, mode=mode, expected=[np.zeros((1, 1, 1, 3), np.float32)])
    cases.check(tmp_path)
    cases = Cases(22)
    for mode in ("linear", "nearest", "cubic"):
        for padding in ("border", "reflection"):
            cases.add("GridSample", x, grid, mode=mode, padding_mode=padding, expected=[np.zeros((1, 1, 1, 3), np.float32)])
    model = make_model([node for node, _ in cases.nodes], cases.inputs, cases.expected, 22)
    process, found = run_model(model, cases.inputs, tmp_path)
    assert process.returncode == 0, process.stderr
    for values in found.values():
        assert np.all(np.isnan(values) | ((values > -20) & (values < 40)))


@pytest.mark.parametrize("align_corners", [0, 1])
def test_affine_grid(align_corners, tmp_path):
    random = np.random.default_rng(4)
    cases = Cases(20)
    for size in [(2, 3, 5, 6), (1, 1, 4, 4), (2, 1, 3, 4, 5)]:
        rank = len(size) - 2
        theta = random.normal(size=(size[0], rank, rank + 1)).astype(np.float32)
        cases.add("AffineGrid", theta, np.array(size, np.int64), constants=(1,), align_corners=align_corners, tolerance=1e-5)
    node = onnx.helper.make_node("AffineGrid", ["theta", "size"], ["y"], align_corners=align_corners)
    for dtype in (np.float64, np.float16):
        wide = evaluate_node(node, [theta.astype(dtype).astype(np.float32), np.array(size, np.int64)], 20)[0]
        tolerance = 1e-5 if dtype == np.float64 else 2e-3
        cases.add("AffineGrid", theta.astype(dtype), np.array(size, np.int64), constants=(1,), align_corners=align_corners,
                  expected=[wide.astype(dtype)], tolerance=tolerance)  # fmt: skip
    cases.check(tmp_path)


REGIONS = np.array([[0, 0, 9, 9], [1.5, 2.5, 7, 4], [-3, -2, 12, 14], [4, 4, 4.2, 4.1], [8, 8, 2, 3], [30, 30, 40, 40]], np.float32)
IMAGES = np.array([0, 1, 0, 1, 1, 0], np.int64)


@pytest.mark.parametrize("opset", [10, 16, 22])
def test_roi_align(opset, tmp_path):
    random = np.random.default_rng(5)
    cases = Cases(opset)
    x = random.normal(size=(2, 3, 10, 11)).astype(np.float32)
    transforms = [{}] if opset < 16 else [{}, {"coordinate_transformation_mode": "output_half_pixel"}]
    for transform in transforms:
        for mode in ("avg", "max"):
            for ratio in (0, 1, 2, 3):
                attributes = {"mode": mode, "sampling_ratio": ratio, "output_height": 3, "output_width": 2, "spatial_scale": 0.75}
                coordinates = transform.get("coordinate_transformation_mode", "output_half_pixel" if opset < 16 else "half_pixel")
                node = onnx.helper.make_node("RoiAlign", ["x", "r", "i"], ["y"], coordinate_transformation_mode=coordinates, **attributes)
                regions = REGIONS
                if coordinates == "half_pixel" and ratio == 0:
                    # The reference fails where a region has a negative size; no samples give 0.
                    regions = np.delete(REGIONS, 4, 0)
                images = IMAGES[: len(regions)]
                expected = evaluate_node(node, [x, regions, images], 16)
                cases.add("RoiAlign", x, regions, images, expected=expected, tolerance=1e-5, **attributes, **transform)
    if opset >= 16:
        cases.add("RoiAlign", x, REGIONS[:1], IMAGES[:1], tolerance=1e-5)
    cases.check(tmp_path)


def test_roi_align_of_odd_regions(tmp_path):
    random = np.random.default_rng(6)
    x = random.normal(size=(2, 1, 4, 4)).astype(np.float32)
    regions = np.array([[3, 3, 1, 1], [np.nan, 0, 3, 3], [0, 0, 3, 3], [0, 0, 3, 3]], np.float32)
    cases = Cases(16)
    # A negative size has no samples; images that aren't there are the first and the last one.
    images = np.array([0, 0, -7, 9], np.int64)
    for mode in ("avg", "max"):
        node = onnx.helper.make_node("RoiAlign", ["x", "r", "i"], ["y"], mode=mode)
        inside = evaluate_node(node, [x, regions[2:], np.array([0, 1], np.int64)], 16)[0]
        expected = np.concatenate([np.zeros((2, 1, 1, 1), np.float32), inside])
        cases.add("RoiAlign", x, regions, images, expected=[expected], tolerance=1e-5, mode=mode)
    cases.check(tmp_path)


def test_roi_align_of_other_types(tmp_path):
    random = np.random.default_rng(7)
    cases = Cases(22)
    x = random.normal(size=(2, 3, 10, 11))
    for dtype, tolerance in ((np.float64, 1e-10), (np.float16, 2e-3)):
        node = onnx.helper.make_node("RoiAlign", ["x", "r", "i"], ["y"], output_height=2)
        arrays = [x.astype(dtype), REGIONS[:3].astype(dtype)]
        expected = evaluate_node(node, [a.astype(np.float64) for a in arrays] + [IMAGES[:3]], 22)[0]
        cases.add("RoiAlign", *arrays, IMAGES[:3], expected=[expected.astype(dtype)], tolerance=tolerance, output_height=2)
    cases.check(tmp_path)


X = np.ones((1, 2, 4, 4), np.float32)
GRID = np.zeros((1, 3, 3, 2), np.float32)
ERRORS = [
    ("GridSample", [X, GRID], {"mode": "bilinear"}, "attribute 'mode' is 'bilinear', expected 'linear', 'nearest', 'cubic'"),
    ("GridSample", [X, GRID], {"padding_mode": "wrap"}, "attribute 'padding_mode' is 'wrap'"),
    ("GridSample", [X, GRID[..., :1]], {}, "input 1 has shape 1x3x3x1, expected 1 x ... x 2 for an input of shape 1x2x4x4"),
    ("GridSample", [X, GRID[0]], {}, "input 1 has shape 3x3x2, expected rank 4"),
    ("GridSample", [X.astype(np.int32), GRID], {}, "input 0 has type int32, expected a floating-point type"),
    ("AffineGrid", [np.ones((1, 2, 3), np.float32), np.array([1, 1, 4, 4])], {}, "input 'x1' must be known when compiling"),
    ("RoiAlign", [X, REGIONS, IMAGES[:2]], {}, "input 2 has shape 2, expected 6, one number for each region"),
    ("RoiAlign", [X, REGIONS[:, :3].copy(), IMAGES], {}, "input 1 has shape 6x3, expected four numbers for each region"),
    ("RoiAlign", [X, REGIONS, IMAGES.astype(np.int32)], {}, "input 2 has type int32, expected int64"),
    ("RoiAlign", [X, REGIONS, IMAGES], {"output_height": 0}, "attribute 'output_height' is 0, expected at least 1"),
    ("RoiAlign", [X, REGIONS, IMAGES], {"mode": "sum"}, "attribute 'mode' is 'sum', expected 'avg', 'max'"),
]  # fmt: skip


@pytest.mark.parametrize("operator, arrays, attributes, message", ERRORS, ids=[f"{e[0]}{n}" for n, e in enumerate(ERRORS)])
def test_errors(operator, arrays, attributes, message, tmp_path):
    assert message in find_error(tmp_path, 22, operator, arrays, **attributes)


@pytest.mark.parametrize(
    "size, message",
    [
        ([1, 1, -4, 4], "input 1 has -4, expected sizes of at least 0"),
        ([1, 1, 4], "input 1 has 3 numbers, expected 4 or 5"),
        ([2, 1, 4, 4], "input 0 has shape 1x2x3, expected 2x2x3 for size 2x1x4x4"),
        ([1, 1, 1 << 40, 4], "its result would have a dimension of 1099511627776"),
    ],
)
def test_affine_grid_errors(size, message, tmp_path):
    node = onnx.helper.make_node("AffineGrid", ["theta", "size"], ["y"])
    theta = np.ones((1, 2, 3), np.float32)
    sizes = onnx.numpy_helper.from_array(np.array(size, np.int64), "size")
    model = make_model([node], {"theta": theta}, {"y": GRID}, 20, [sizes])
    process, _ = run_model(model, {"theta": theta}, tmp_path)
    assert process.returncode == 1
    assert message in process.stderr
