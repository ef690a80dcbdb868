"""LSTM, GRU and RNN: against ONNX Runtime, in all their variants."""

import numpy as np
import pytest
from onnx_cases import BFLOAT16, Cases
from onnx_node_checks import draw, evaluate_in_runtime, find_error

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": 3, "GRU": 2, "RNN": 1}
INPUTS = {"LSTM": 8, "GRU": 6, "RNN": 6}
OUTPUTS = {"LSTM": 3, "GRU": 2, "RNN": 2}
DIRECTIONS = ("forward", "reverse", "bidirectional")
OPERATORS = tuple(GATES)

# The functions that all implementations agree on, and how many numbers they take.
ACTIVATIONS = {
    "Relu": 0, "Tanh": 0, "Sigmoid": 0, "Softsign": 0, "Softplus": 0,
    "LeakyRelu": 1, "ThresholdedRelu": 1, "Elu": 1, "ScaledTanh": 2, "HardSigmoid": 2, "Affine": 2,
}  # fmt: skip


def draw_inputs(random, operator, directions=1, steps=6, batch=3, size=5, hidden=4, dtype=np.float32):
    """All inputs, optional ones too: X, W, R, B, lengths, initial states, peepholes."""
    rows = GATES[operator] * hidden
    shapes = [(steps, batch, size), (directions, rows, size), (directions, rows, hidden), (directions, 2 * rows)]
    arrays = [draw(random, shape, dtype, -1, 1) for shape in shapes]
    arrays.append(random.integers(1, steps, batch, endpoint=True).astype(np.int32))
    arrays.append(draw(random, (directions, batch, hidden), dtype, -1, 1))
    if operator == "LSTM":
        arrays.append(draw(random, (directions, batch, hidden), dtype, -1, 1))
        arrays.append(draw(random, (directions, 3 * hidden), dtype, -1, 1))
    return arrays


def leave_out(arrays, *places):
    """The inputs without some of them, and without missing ones at the end."""
    arrays = [None if place in places else array for place, array in enumerate(arrays)]
    while arrays[-1] is None:
        arrays.pop()
    return arrays


def add(cases, operator, arrays, constants=(1, 2, 3, 7), outputs=None, tolerance=1e-5, **attributes):
    outputs = OUTPUTS[operator] if outputs is None else outputs
    constants = [place for place in constants if place < len(arrays) and arrays[place] is not None]
    expected = evaluate_in_runtime(operator, arrays, 14, outputs, **attributes)
    cases.add(operator, *arrays, outputs=outputs, constants=constants, expected=expected, tolerance=tolerance, **attributes)


@pytest.mark.parametrize("known", (False, True), ids=("computed", "constant"))
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_inputs(operator, direction, known, tmp_path):
    """Each optional input is there or not; weights are known or not."""
    random = np.random.default_rng(len(direction))
    cases = Cases(14)
    constants = (1, 2, 3, 7) if known else ()
    directions = 2 if direction == "bidirectional" else 1
    arrays = draw_inputs(random, operator, directions)
    optional = range(3, INPUTS[operator])
    combinations = [(), tuple(optional), (4,), *[tuple(set(optional) - {place}) for place in optional]]
    for missing in combinations:
        add(cases, operator, leave_out(arrays, *missing), constants, direction=direction, hidden_size=4)
    cases.check(tmp_path)


@pytest.mark.parametrize("operator", OPERATORS)
def test_shapes(operator, tmp_path):
    random = np.random.default_rng(4)
    cases = Cases(14)
    for steps, batch, size, hidden in ((1, 1, 1, 1), (1, 4, 3, 2), (7, 1, 16, 32), (3, 2, 33, 17)):
        arrays = draw_inputs(random, operator, 2, steps, batch, size, hidden)
        add(cases, operator, arrays, direction="bidirectional", hidden_size=hidden)
        add(cases, operator, leave_out(arrays, 4), direction="bidirectional", hidden_size=hidden)
    cases.check(tmp_path)


@pytest.mark.parametrize("operator", OPERATORS)
def test_activations(operator, tmp_path):
    """Numbers go to the functions that take them, in the functions' order; capital letters don't matter (but to ONNX Runtime's RNN)."""
    random = np.random.default_rng(7)
    cases = Cases(14)
    for number in range(8):
        directions = 1 + number % 2
        names = [str(name) for name in random.choice(list(ACTIVATIONS), FUNCTIONS[operator] * directions)]
        alphas = [float(a) for a in random.uniform(0.1, 0.6, sum(ACTIVATIONS[name] > 0 for name in names))]
        betas = [float(b) for b in random.uniform(0.1, 0.6, sum(ACTIVATIONS[name] > 1 for name in names))]
        attributes = {"activations": [name.lower() if number == 3 and operator != "RNN" else name for name in names]}
        if alphas:
            attributes["activation_alpha"] = alphas
        if betas:
            attributes["activation_beta"] = betas
        direction = "bidirectional" if directions == 2 else "forward"
        arrays = draw_inputs(random, operator, directions)
        add(cases, operator, arrays, direction=direction, hidden_size=4, tolerance=1e-4, **attributes)
    cases.check(tmp_path)


@pytest.mark.parametrize("operator", OPERATORS)
def test_attributes(operator, tmp_path):
    random = np.random.default_rng(9)
    cases = Cases(14)
    arrays = draw_inputs(random, operator)
    add(cases, operator, arrays, clip=0.3, hidden_size=4)
    if operator == "LSTM":
        add(cases, operator, arrays, input_forget=1, hidden_size=4)
        add(cases, operator, arrays, input_forget=1, clip=0.2, hidden_size=4)
    if operator == "GRU":
        add(cases, operator, arrays, linear_before_reset=1, hidden_size=4)
        add(cases, operator, arrays, constants=(), linear_before_reset=1, hidden_size=4)
        add(cases, operator, leave_out(arrays, 3), linear_before_reset=1, hidden_size=4, direction="reverse")
        add(cases, operator, arrays, linear_before_reset=1, clip=0.2, hidden_size=4)
    cases.check(tmp_path)


@pytest.mark.parametrize("operator", OPERATORS)
def test_results_that_nobody_wants(operator, tmp_path):
    """Any of the results may have no name."""
    random = np.random.default_rng(10)
    cases = Cases(14)
    arrays = draw_inputs(random, operator)
    whole = evaluate_in_runtime(operator, arrays, 14, OUTPUTS[operator], hidden_size=4)
    number = len(cases.nodes)
    for wanted in range(OUTPUTS[operator]):
        cases.add(operator, *arrays, constants=[1, 2], outputs=wanted + 1, expected=whole[: wanted + 1], tolerance=1e-5, hidden_size=4)
        # The results before the last one lose their names.
        node, _ = cases.nodes[number + wanted]
        for place in range(wanted):
            del cases.expected[node.output[place]]
            node.output[place] = ""
    cases.check(tmp_path)


@pytest.mark.parametrize("operator", OPERATORS)
def test_batches_first(operator, tmp_path):
    """Layout 1; ONNX Runtime has layout 0 alone."""
    random = np.random.default_rng(11)
    cases = Cases(14)
    arrays = draw_inputs(random, operator, 2)
    expected = evaluate_in_runtime(operator, arrays, 14, OUTPUTS[operator], direction="bidirectional", hidden_size=4)
    swapped = [a.swapaxes(0, 1) if place in (0, 5) or (place == 6 and operator == "LSTM") else a for place, a in enumerate(arrays)]
    expected = [expected[0].transpose(2, 0, 1, 3), *[state.swapaxes(0, 1) for state in expected[1:]]]
    swapped, expected = ([np.ascontiguousarray(a) for a in arrays] for arrays in (swapped, expected))
    options = {"direction": "bidirectional", "hidden_size": 4, "layout": 1}
    cases.add(operator, *swapped, constants=[1, 2], outputs=OUTPUTS[operator], expected=expected, tolerance=1e-5, **options)
    cases.check(tmp_path)


@pytest.mark.parametrize("dtype,tolerance", [(np.float64, 1e-5), (np.float16, 2e-3), (BFLOAT16, 1.6e-2)], ids=("f8", "f2", "bf16"))
@pytest.mark.parametrize("operator", OPERATORS)
def test_types(operator, dtype, tolerance, tmp_path):
    """Half precision is computed in float32 and rounded at the end."""
    random = np.random.default_rng(12)
    cases = Cases(22)
    arrays = draw_inputs(random, operator, 2, dtype=dtype)
    single = [a if a.dtype == np.int32 else a.astype(np.float32) for a in arrays]
    options = {"direction": "bidirectional", "hidden_size": 4}
    expected = evaluate_in_runtime(operator, single, 14, OUTPUTS[operator], **options)
    for constants in ((), (1, 2, 3)):
        cases.add(
            operator,
            *arrays,
            outputs=OUTPUTS[operator],
            constants=constants,
            expected=[e.astype(dtype) for e in expected],
            tolerance=tolerance,
            **options,
        )
    cases.check(tmp_path)


def test_lengths_beyond_the_sequence_read_nothing_outside(tmp_path):
    """Undefined in ONNX: here they count as the nearest length there is."""
    random = np.random.default_rng(13)
    cases = Cases(14)
    for direction in ("forward", "reverse"):
        arrays = draw_inputs(random, "GRU")
        arrays[4] = np.array([6, 6, 1], np.int32)
        expected = evaluate_in_runtime("GRU", arrays, 14, 2, hidden_size=4, direction=direction)
        arrays[4] = np.array([1000000, 7, 1], np.int32)
        cases.add("GRU", *arrays, outputs=2, expected=expected, tolerance=1e-5, hidden_size=4, direction=direction)
    cases.check(tmp_path)


X = np.zeros((6, 3, 5), np.float32)
W = np.zeros((1, 4, 5), np.float32)
R = np.zeros((1, 4, 4), np.float32)


@pytest.mark.parametrize(
    "arrays,options,message",
    [
        ([X, W, R], {"hidden_size": 5}, "attribute 'hidden_size' is 5, but input 2 has shape 1x4x4"),
        ([X, W[:, :3], R], {}, "input 1 has shape 1x3x5, expected 1x4x5"),
        ([X, W, R], {"direction": "bidirectional"}, "input 1 has shape 1x4x5, expected 2x4x5"),
        ([X, W, R, np.zeros((1, 4), np.float32)], {}, "input 3 has shape 1x4, expected 1x8"),
        ([X, W, R, None, np.zeros(2, np.int32)], {}, "input 4 has shape 2, expected 3"),
        ([X, W, R, None, np.zeros(3, np.int64)], {}, "input 4 has type int64, expected int32"),
        ([X, W, R, None, None, np.zeros((3, 1, 4), np.float32)], {}, "input 5 has shape 3x1x4, expected 1x3x4"),
        ([X, W.astype(np.float64), R], {}, "input 1 has type float64, expected float32"),
        ([X[:0], W, R], {}, "empty ones are not supported"),
        ([X[0], W, R], {}, "expected rank 3"),
        ([X, W, R], {"activations": ["Tan"]}, "has 'Tan', which is no activation function"),
        ([X, W, R], {"activations": ["Tanh", "Tanh", "Relu"]}, "has 3 functions, expected 1"),
        ([X, W, R], {"direction": "sideways"}, "is 'sideways', expected 'forward', 'reverse', 'bidirectional'"),
        ([X, W, R], {"clip": -1.0}, "attribute 'clip' is -1"),
        ([X, W, R], {"input_forget": 1}, "attribute 'input_forget' is not one that the operator has"),
    ],
)
def test_errors(arrays, options, message, tmp_path):
    assert message in find_error(tmp_path, 14, "RNN", arrays, **options)
