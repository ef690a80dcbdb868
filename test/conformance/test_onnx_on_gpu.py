"""ONNX's own tests of each operator on a GPU, emulated by default: of each combination of element types the first. What the CPU's code
computes a GPU's computes too, but for what `expectations.REFUSED_ON_GPU` says."""

import conformance_cases
import expectations
import onnx
import pytest
from gpu_target import ARCHITECTURE
from onnx.helper import tensor_dtype_to_np_dtype

import toeplitz

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore::toeplitz.CompileWarning")]


def find_types(model):
    """The element types of its inputs and outputs by numpy's names; None if there is another one or no tensor."""
    values = [*model.graph.input, *model.graph.output]
    numbers = {value.type.tensor_type.elem_type for value in values if value.type.HasField("tensor_type")}
    if any(not value.type.HasField("tensor_type") for value in values) or onnx.TensorProto.STRING in numbers:
        return None
    types = frozenset(str(tensor_dtype_to_np_dtype(number)) for number in numbers)
    return types if types <= expectations.TYPES else None


def choose_cases():
    """The first case of one node for each operator and combination of types."""
    chosen = {}
    for case in conformance_cases.load_cases().values():
        if case.kind != "node" or case.name in expectations.EXCLUDED:
            continue
        model = case.load_model()
        if len(model.graph.node) == 1 and (types := find_types(model)):
            chosen.setdefault((case.subject, types), case)
    return list(chosen.values())


@pytest.mark.parametrize("case", choose_cases(), ids=lambda case: case.name)
def test_operator(case, operators):
    unsupported = sorted(conformance_cases.operators_of(case.load_model()) - set(operators))
    if unsupported:
        pytest.skip(f"not supported on any target: {', '.join(unsupported)}")
    if reason := expectations.REFUSED_ON_GPU.get(case.name):
        with pytest.raises(toeplitz.CompileError, match=reason):
            case.check(target="cuda", gpu_arch=ARCHITECTURE)
        return
    case.check(target="cuda", gpu_arch=ARCHITECTURE)


def test_every_operator_is_there(operators):
    """But for those whose tests have no tensor of a supported type, or several nodes."""
    assert len({case.subject for case in choose_cases()} & set(operators)) >= 165
