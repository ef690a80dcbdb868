"""Attention's scores as models write them: multiplied by a factor, a mask added, then softmax. One kernel where it can be, compared with ONNX Runtime."""

import numpy as np
import pytest
from gpu_target import CHECKED
from onnx import helper, numpy_helper
from onnx_cases import make_model
from onnx_runtime import run_onnx_model
from toeplitz_process import Library, compile_network, run_toeplitz, run_with_threads

CAUSAL = np.where(np.tril(np.ones((1, 1, 7, 7), bool)), 0, -np.inf).astype(np.float32)

# The shape of the scores; (operator, factor) or nothing; the mask's shape, or a constant, or nothing; the axis; what the schedule says.
CASES = {
    "product": ((2, 3, 5, 37), ("Mul", 0.3), None, -1, ["scale = 3.000000e-01"]),
    "quotient": ((2, 3, 5, 16), ("Div", 8.0), None, -1, ["scale = 1.250000e-01"]),
    # No number times x is the same for all x.
    "inexact_quotient": ((2, 3, 5, 16), ("Div", 3.0), None, -1, []),
    "quotient_and_mask": ((2, 3, 5, 50), ("Div", 8.0), (2, 1, 1, 50), -1, ["scale = 1.250000e-01", " add %"]),
    "mask": ((1, 4, 9, 197), None, (1, 1, 9, 197), -1, [" add %"]),
    "mask_of_heads": ((1, 4, 9, 19), ("Mul", -2.0), (1, 4, 1, 1), -1, ["scale = -2.000000e+00", " add %"]),
    "mask_of_lower_rank": ((2, 4, 9, 19), ("Mul", 0.5), (4, 1, 19), -1, ["scale = 5.000000e-01", " add %"]),
    # Which of the two are the scores?
    "mask_as_large": ((1, 4, 9, 19), ("Mul", 0.5), (1, 4, 9, 19), -1, []),
    "causal": ((2, 3, 7, 7), ("Div", 4.0), CAUSAL, -1, ["scale = 2.500000e-01", " add %"]),
    "whole_constant": ((1, 2, 3, 18), ("Mul", 2.0), np.linspace(-1, 1, 108, dtype=np.float32).reshape(1, 2, 3, 18), -1, ["scale = 2.0", " add %"]),
    "one_number": ((6, 1), ("Mul", 0.25), (1, 1), -1, [" add %"]),
    "one_row": ((1300,), ("Mul", 0.25), (1,), -1, ["scale = 2.500000e-01", " add %"]),
    "another_axis": ((2, 3, 5, 16), ("Mul", 0.5), (1, 1, 1, 16), 1, []),
}


def make_scores(shape, factor, mask, axis, kind, used_twice):
    random = np.random.default_rng(3)
    inputs = {"x": (4 * random.standard_normal(shape)).astype(np.float32)}
    constants, nodes, last = [], [], "x"
    if factor:
        constants.append(numpy_helper.from_array(np.float32(factor[1]), "factor"))
        nodes.append(helper.make_node(factor[0], [last, "factor"], ["scaled"]))
        last = "scaled"
    if isinstance(mask, np.ndarray):
        constants.append(numpy_helper.from_array(mask, "mask"))
    elif mask:
        inputs["mask"] = (3 * random.standard_normal(mask)).astype(np.float32)
    if mask is not None:
        nodes.append(helper.make_node("Add", ["mask", last], ["masked"]))
        last = "masked"
    nodes.append(helper.make_node(kind, [last], ["y"], axis=axis))
    outputs = {"y": np.zeros(shape, np.float32)}
    if used_twice:
        outputs[last] = outputs["y"]
    return make_model(nodes, inputs, outputs, 13, constants), inputs


def schedule_of(path, tmp_path, *options):
    process = run_toeplitz("compile", path, "--emit=schedule", "-o", tmp_path / "scores.mlir", *options)
    assert process.returncode == 0, process.stderr
    return [line for line in (tmp_path / "scores.mlir").read_text().splitlines() if "kernel.softmax" in line]


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("name", CASES)
def test_scaled_softmax(name, kind, tmp_path):
    shape, factor, mask, axis, expected_text = CASES[name]
    model, inputs = make_scores(shape, factor, mask, axis, kind, used_twice=False)
    path = tmp_path / "scores.onnx"
    path.write_bytes(model.SerializeToString())
    expected = run_onnx_model(model, inputs)["y"]
    for options in ([], ["--mcpu=x86-64"], list(CHECKED)):
        library = Library(compile_network(path, tmp_path, *options))
        found = library.run(inputs)["y"]
        finite = np.isfinite(expected)
        assert np.array_equal(found[~finite], expected[~finite])
        np.testing.assert_allclose(found[finite], expected[finite], rtol=2e-6, atol=2e-6 * np.abs(expected[finite]).max())
    library = Library(compile_network(path, tmp_path))
    assert run_with_threads(library, inputs, 3)["y"].tobytes() == library.run(inputs)["y"].tobytes()
    (softmax,) = schedule_of(path, tmp_path)
    for text in expected_text:
        assert text in softmax
    if not expected_text:
        assert "scale" not in softmax and " add %" not in softmax


def test_scores_that_something_else_reads(tmp_path):
    """They have to be computed anyway."""
    model, inputs = make_scores((2, 3, 5, 16), ("Mul", 0.5), (1, 1, 1, 16), -1, "Softmax", used_twice=True)
    path = tmp_path / "scores.onnx"
    path.write_bytes(model.SerializeToString())
    found, expected = Library(compile_network(path, tmp_path)).run(inputs), run_onnx_model(model, inputs)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-6, atol=2e-6)
    (softmax,) = schedule_of(path, tmp_path)
    assert "scale" not in softmax and " add %" not in softmax
