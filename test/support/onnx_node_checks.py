"""Single nodes of ONNX: random inputs, what ONNX Runtime makes of them, and what the compiler says about wrong ones."""

import onnx
import onnx.helper
import onnx.numpy_helper
import onnx_cases
from onnx_cases import make_model, run_model
from onnx_runtime import run_onnx_model


def draw(random, shape, dtype, low=-4, high=4):
    """Small numbers, whole ones for integers: their sums and products stay exact."""
    return onnx_cases.draw(random, shape, dtype, low, high)


def evaluate_in_runtime(operator, arrays, opset, outputs=1, **attributes):
    """The results of a node in ONNX Runtime. Outputs are their number, or their names with "" for those left out."""
    if isinstance(outputs, int):
        outputs = [f"y{place}" for place in range(outputs)]
    names = ["" if array is None else f"x{place}" for place, array in enumerate(arrays)]
    node = onnx.helper.make_node(operator, names, outputs, **attributes)
    inputs = {name: array for name, array in zip(names, arrays) if name}
    model = make_model([node], inputs, {}, opset)
    for name in filter(None, outputs):
        value = model.graph.output.add()
        value.name = name
    results = run_onnx_model(model, inputs)
    return [results[name] for name in filter(None, outputs)]


def find_error(directory, opset, operator, arrays, known=(), outputs=1, **attributes):
    """What `toeplitz run` says about one node that it refuses: one line. Inputs whose positions are in `known` are constants."""
    names = ["" if array is None else f"x{place}" for place, array in enumerate(arrays)]
    node = onnx.helper.make_node(operator, names, [f"y{place}" for place in range(outputs)], name="it", **attributes)
    inputs = {name: array for name, array in zip(names, arrays) if name}
    constants = [onnx.numpy_helper.from_array(inputs.pop(names[place]), names[place]) for place in known]
    model = make_model([node], inputs, {}, opset, constants)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 0, None) for name in node.output)
    process, _ = run_model(model, inputs, directory)
    assert process.returncode == 1, process.stderr
    assert process.stderr.startswith("error: ") and process.stderr.count("error:") == 1, process.stderr
    assert f"model.onnx: layer 'it': {operator}: " in process.stderr, process.stderr
    return process.stderr
