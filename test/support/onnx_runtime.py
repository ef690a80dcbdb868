"""Runs a JSON network description in ONNX Runtime."""

import onnxruntime

from network_to_onnx import network_to_onnx


def run_onnx_model(model, inputs):
    """The outputs by name. One thread, no rewriting of the graph that could change what is computed."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def run_onnx_runtime(description, inputs, directory="."):
    return run_onnx_model(network_to_onnx(description, directory), inputs)
