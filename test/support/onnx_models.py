"""Small ONNX models."""

from onnx import TensorProto, helper


def make_model(nodes, inputs, outputs, initializers=(), opset=17, name="network"):
    """Inputs and outputs are triples: name, type of elements (TensorProto's number or name), shape."""

    def describe(tensors):
        return [
            helper.make_tensor_value_info(n, getattr(TensorProto, t) if isinstance(t, str) else t, shape)
            for n, t, shape in tensors
        ]

    graph = helper.make_graph(nodes, name, describe(inputs), describe(outputs), initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def make_unary(operator, element_type="FLOAT", shape=(2, 3), **attributes):
    """One node, x to y."""
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    return make_model([node], [("x", element_type, shape)], [("y", element_type, shape)], name=operator.lower())
