"""Small sound models, one for each part of the importer, that the fuzz tests break in many ways."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def _value(name, shape, element_type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element_type, shape)


def _weights(generator, name, *shape):
    return numpy_helper.from_array(generator.standard_normal(shape).astype(np.float32), name)


def _model(nodes, inputs, outputs, initializers=(), functions=(), opset=17, extra_opsets=()):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), *extra_opsets]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def convolutions(generator):
    """Windows, normalisation, a dense head: what most models are made of."""
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c1", "s", "t", "m", "v"], ["n1"], name="norm1", epsilon=1e-5),
        helper.make_node("Relu", ["n1"], ["r1"], name="relu1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], name="pool1", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], name="conv2", group=4, dilations=[2, 2], pads=[2, 2, 2, 2]),
        helper.make_node("GlobalAveragePool", ["c2"], ["g"], name="pool2"),
        helper.make_node("Flatten", ["g"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["y"], name="dense", transB=1),
    ]
    weights = [
        _weights(generator, "w1", 4, 3, 3, 3),
        _weights(generator, "b1", 4),
        _weights(generator, "s", 4),
        _weights(generator, "t", 4),
        _weights(generator, "m", 4),
        numpy_helper.from_array(np.abs(generator.standard_normal(4)).astype(np.float32) + 0.5, "v"),
        _weights(generator, "w2", 4, 1, 3, 3),
        _weights(generator, "w3", 5, 4),
        _weights(generator, "b3", 5),
    ]
    return _model(nodes, [_value("x", [1, 3, 8, 8])], [_value("y", [1, 5])], weights)


def shape_arithmetic(generator):
    """A reshape whose target is computed from shapes, as exporters write it."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"], name="shape"),
        helper.make_node("Constant", [], ["zero"], name="zero", value=numpy_helper.from_array(np.int64([0]))),
        helper.make_node("Gather", ["shape", "zero"], ["batch"], name="gather", axis=0),
        helper.make_node("Constant", [], ["rest"], name="rest", value_ints=[-1]),
        helper.make_node("Concat", ["batch", "rest"], ["target"], name="concat", axis=0),
        helper.make_node("Reshape", ["x", "target"], ["flat"], name="reshape"),
        helper.make_node("Slice", ["flat", "start", "end", "axes"], ["y"], name="slice"),
    ]
    numbers = [
        numpy_helper.from_array(np.int64([1]), "start"),
        numpy_helper.from_array(np.int64([9]), "end"),
        numpy_helper.from_array(np.int64([1]), "axes"),
    ]
    return _model(nodes, [_value("x", [2, 3, 4])], [_value("y", [2, 8])], numbers)


def quantized(generator):
    """Integers and floats side by side."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"], name="quantize"),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"], name="dequantize"),
        helper.make_node("DequantizeLinear", ["wq", "ws"], ["w"], name="weight", axis=0),
        helper.make_node("Conv", ["d", "w"], ["y"], name="conv"),
    ]
    weights = [
        numpy_helper.from_array(np.float32(0.05), "scale"),
        numpy_helper.from_array(np.uint8(128), "zero"),
        numpy_helper.from_array(generator.integers(-100, 100, (2, 3, 3, 3)).astype(np.int8), "wq"),
        numpy_helper.from_array(np.float32([0.01, 0.02]), "ws"),
    ]
    return _model(nodes, [_value("x", [1, 3, 6, 6])], [_value("y", [1, 2, 4, 4])], weights)


def branches(generator):
    """Subgraphs that read values from outside; the condition is known."""
    then_branch = helper.make_graph(
        [helper.make_node("Add", ["x", "one"], ["t"], name="add")], "then", [], [_value("t", [2, 3])]
    )
    else_branch = helper.make_graph(
        [helper.make_node("Sub", ["x", "one"], ["e"], name="sub")], "else", [], [_value("e", [2, 3])]
    )
    nodes = [
        helper.make_node("If", ["condition"], ["y"], name="if", then_branch=then_branch, else_branch=else_branch)
    ]
    constants = [
        numpy_helper.from_array(np.array(True), "condition"),
        numpy_helper.from_array(np.ones(3, np.float32), "one"),
    ]
    return _model(nodes, [_value("x", [2, 3])], [_value("y", [2, 3])], constants)


def functions(generator):
    """A function of the model's own with an attribute that is handed on."""
    body = [
        helper.make_node("LeakyRelu", ["a"], ["l"], name="leaky"),
        helper.make_node("Mul", ["l", "b"], ["c"], name="product"),
    ]
    body[0].attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    function = helper.make_function(
        "local", "Scaled", ["a", "b"], ["c"], body, [helper.make_opsetid("", 17)], attributes=["slope"]
    )
    nodes = [helper.make_node("Scaled", ["x", "x"], ["y"], name="call", domain="local", slope=0.25)]
    return _model(
        nodes, [_value("x", [2, 3])], [_value("y", [2, 3])], functions=[function],
        extra_opsets=[helper.make_opsetid("local", 1)],
    )


def recurrent(generator):
    """An LSTM, and a softmax over its last state."""
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r"], ["", "h"], name="lstm", hidden_size=4),
        helper.make_node("Squeeze", ["h", "axes"], ["s"], name="squeeze"),
        helper.make_node("Softmax", ["s"], ["y"], name="softmax", axis=-1),
    ]
    weights = [
        _weights(generator, "w", 1, 16, 3),
        _weights(generator, "r", 1, 16, 4),
        numpy_helper.from_array(np.int64([0]), "axes"),
    ]
    return _model(nodes, [_value("x", [5, 2, 3])], [_value("y", [2, 4])], weights)


def resizing(generator):
    """Lists of numbers as inputs and attributes with words."""
    nodes = [
        helper.make_node("Pad", ["x", "pads", "fill"], ["p"], name="pad", mode="constant"),
        helper.make_node(
            "Resize", ["p", "", "scales"], ["r"], name="resize", mode="linear",
            coordinate_transformation_mode="half_pixel",
        ),
        helper.make_node("ReduceMean", ["r"], ["m"], name="mean", axes=[2, 3], keepdims=0),
        helper.make_node("TopK", ["m", "k"], ["y", "i"], name="top", axis=1),
    ]
    numbers = [
        numpy_helper.from_array(np.int64([0, 0, 1, 1, 0, 0, 1, 1]), "pads"),
        numpy_helper.from_array(np.float32(0.5), "fill"),
        numpy_helper.from_array(np.float32([1, 1, 2, 2]), "scales"),
        numpy_helper.from_array(np.int64([2]), "k"),
    ]
    outputs = [_value("y", [1, 2]), _value("i", [1, 2], TensorProto.INT64)]
    return _model(nodes, [_value("x", [1, 3, 4, 4])], outputs, numbers)


BASE_MODELS = [convolutions, shape_arithmetic, quantized, branches, functions, recurrent, resizing]


def make_base_models(seed=0):
    """The models by name."""
    return {make.__name__: make(np.random.default_rng(seed)) for make in BASE_MODELS}
