"""ONNX's own tests, through toeplitz.backend: each passes, or is refused for an operator or a type that isn't supported, or
is excluded in expectations.py. The table at the end of the run counts them by operator (build/test-results/conformance.md)."""

import re

import conformance_cases
import expectations
import numpy
import pytest
from onnx.backend.test.runner import Runner

import toeplitz

# A test compiles in a fraction of a second, a real network in some; what takes this long hangs.
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore::toeplitz.CompileWarning")]

OPERATOR_REFUSED = re.compile(r"operator '([\w.]+)' is not supported(?:, nor are ('[\w.]+'(?:, '[\w.]+')*))?$")
VERSION_REFUSED = re.compile(r"operator '([\w.]+)' is not supported in opset (\d+), the model's$")
TYPE_REFUSED = re.compile(r"\btype ([\w ]+?)(?:,? which)? is not supported$")


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        cases = conformance_cases.load_cases().values()
        metafunc.parametrize("case", cases, ids=lambda case: case.name)


def check_refusal(error, model, operators):
    """A refusal is one message, about something that really isn't supported."""
    message = str(error)
    assert error.status == 1, message
    assert "\n" not in message, f"one line is expected: {message}"
    if match := OPERATOR_REFUSED.search(message):
        for name in [match[1], *re.findall(r"'([\w.]+)'", match[2] or "")]:
            assert name not in operators, f"the compiler lists the operator {name}, but: {message}"
            assert name in conformance_cases.operators_of(model)
        return
    if match := VERSION_REFUSED.search(message):
        assert not any(first <= int(match[2]) <= last for first, last in operators.get(match[1], [])), message
        return
    match = TYPE_REFUSED.search(message)
    if not match or match[1] in expectations.TYPES:
        raise error


def test_conformance(case, operators, record_property):
    record_property("subject", case.subject)
    record_property("outcome", "failed")
    if case.name in expectations.EXCLUDED:
        try:
            case.check()
        except Exception:  # noqa: BLE001 - whatever the reason says
            record_property("outcome", "excluded")
            pytest.xfail(expectations.EXCLUDED[case.name])
        pytest.fail(f"{case.name} is excluded but passes: take it out of expectations.py")
    try:
        prepared = case.check()
    except toeplitz.CompileError as error:
        check_refusal(error, case.load_model(), operators)
        record_property("outcome", "refused")
        return
    unsupported = conformance_cases.operators_of(case.load_model()) - set(operators)
    assert not unsupported, f"passes with operators that the compiler doesn't list: {unsupported}"
    record_property("outcome", "passed")
    record_property("fixed", bool(prepared.fixed_inputs))


def test_operators_are_listed(operators):
    assert sorted(expectations.OPERATORS - set(operators)) == []


def test_expectations():
    assert len(expectations.EXCLUDED) <= expectations.MOST_EXCLUDED
    for name, reason in expectations.EXCLUDED.items():
        assert name in conformance_cases.load_cases()
        assert len(reason) > 20


def test_all_are_there():
    """The package has the tests that it had: nothing is counted as passed because it wasn't found."""
    kinds = {kind: 0 for kind in conformance_cases.KINDS}
    for case in conformance_cases.load_cases().values():
        kinds[case.kind] += 1
    assert kinds["node"] >= 1884
    assert kinds["pytorch-operator"] >= 35
    assert kinds["pytorch-converted"] >= 82
    assert kinds["simple"] >= 23
    assert kinds["real"] == 9


def test_the_comparison_can_fail():
    """The judge of the results is ONNX's; that it judges is checked here."""
    with pytest.raises(AssertionError):
        Runner.assert_similar_outputs([numpy.float32([1])], [numpy.float32([1.01])], 1e-3, 1e-7)
    with pytest.raises(AssertionError):
        Runner.assert_similar_outputs([numpy.float32([1])], [numpy.float64([1])], 1e-3, 1e-7)
    with pytest.raises(AssertionError):
        Runner.assert_similar_outputs([numpy.float32([1])], [numpy.float32([[1]])], 1e-3, 1e-7)
