"""ONNX models of many independent nodes, compiled once and compared with ONNX Runtime or with the reference evaluator of
the onnx package, node by node."""

import pathlib

import ml_dtypes
import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from toeplitz_process import CompilerError, run_toeplitz

# The newest versions of the format that ONNX Runtime reads are older than the package's.
FORMAT_VERSION = 10
DTYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16,
    "int32": TensorProto.INT32,
    "uint32": TensorProto.UINT32,
    "int64": TensorProto.INT64,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "bfloat16": TensorProto.BFLOAT16,
}


class Known:
    """An input of a node that the model has the values of."""

    def __init__(self, array):
        self.array = np.asarray(array)


class Models:
    """Nodes of one version of the operator set, side by side in one graph."""

    def __init__(self, opset, directory):
        self.opset = opset
        self.directory = pathlib.Path(directory)
        self.nodes, self.inputs, self.initializers, self.values = [], [], [], {}
        self.outputs = {}

    def add(self, operator, inputs, outputs=1, **attributes):
        """Adds a node. Inputs are arrays, which the network reads, Known ones, or None for an optional one that isn't
        there. `outputs` is how many results it has."""
        number = len(self.nodes)
        names = []
        for place, value in enumerate(inputs):
            if value is None:
                names.append("")
                continue
            name = f"x{number}_{place}"
            names.append(name)
            if isinstance(value, Known):
                self.initializers.append(numpy_helper.from_array(value.array, name))
            else:
                value = np.asarray(value)
                self.inputs.append(helper.make_tensor_value_info(name, DTYPES[str(value.dtype)], value.shape))
                self.values[name] = value
        results = [f"y{number}_{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, names, results, name=f"node{number}", **attributes))
        for result in results:
            self.outputs[result] = f"{operator} {attributes} of " + ", ".join(
                "nothing" if value is None else describe(value) for value in inputs
            )
        return results

    def make(self):
        graph = helper.make_graph(
            self.nodes,
            "window",
            self.inputs,
            [onnx.ValueInfoProto(name=name) for name in self.outputs],
            self.initializers,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=FORMAT_VERSION
        )

    def write(self):
        """The model's file; types of its outputs are those that onnx infers."""
        model = onnx.shape_inference.infer_shapes(self.make(), strict_mode=False)
        path = self.directory / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    def run(self):
        """The results of Toeplitz by name."""
        arguments = ["run", self.write()]
        for name, array in self.values.items():
            # numpy's files don't know bfloat16: its bits stand for it.
            bits = array.view(np.uint16) if array.dtype == ml_dtypes.bfloat16 else array
            np.save(self.directory / f"{name}.npy", bits)
            arguments += ["--input", f"{name}={self.directory / name}.npy"]
        for name in self.outputs:
            arguments += ["--output", f"{name}={self.directory / name}.npy"]
        process = run_toeplitz(*arguments)
        if process.returncode != 0:
            raise CompilerError(process.stderr)
        return {name: np.load(self.directory / f"{name}.npy") for name in self.outputs}

    def run_onnx_runtime(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(self.write()), options, providers=["CPUExecutionProvider"])
        return dict(zip(self.outputs, session.run(list(self.outputs), self.values)))

    def run_reference(self):
        evaluator = onnx.reference.ReferenceEvaluator(self.make())
        with np.errstate(all="ignore"):
            return dict(zip(self.outputs, evaluator.run(list(self.outputs), self.values)))

    def check(self, expected=None, tolerance=1e-5):
        """Compares with ONNX Runtime or with `expected`, arrays by the results' names; integers and bools exactly."""
        expected = self.run_onnx_runtime() if expected is None else expected
        found = self.run()
        for name, want in expected.items():
            # The command line writes bfloat16 as the float32 that it is.
            want = want.astype(np.float32) if want.dtype == ml_dtypes.bfloat16 else want
            compare(found[name], want, tolerance, self.outputs[name])


def compare(found, want, tolerance, what):
    assert found.dtype == want.dtype, f"{what}: type {found.dtype}, expected {want.dtype}"
    assert found.shape == want.shape, f"{what}: shape {found.shape}, expected {want.shape}"
    if want.dtype.kind != "f":
        wrong = np.flatnonzero(found != want)
        assert not wrong.size, f"{what}: {found.flat[wrong[0]]} at {wrong[0]}, expected {want.flat[wrong[0]]}"
        return
    finite = np.isfinite(want)
    np.testing.assert_array_equal(found[~finite], want[~finite], what)
    scale = np.abs(want[finite].astype(np.float64)).max(initial=1e-30)
    error = np.abs(found[finite].astype(np.float64) - want[finite].astype(np.float64)).max(initial=0)
    assert error <= tolerance * scale, f"{what}: error {error / scale:.3g} of the largest output"


def describe(value):
    array = value.array if isinstance(value, Known) else np.asarray(value)
    return f"{array.dtype} {'x'.join(map(str, array.shape)) or 'scalar'}"


def find_error(directory, opset, operator, inputs, outputs=1, **attributes):
    """The error of a node that must be refused: one line, without what comes before the node's name."""
    models = Models(opset, directory)
    models.add(operator, inputs, outputs, **attributes)
    path = models.directory / "model.onnx"
    path.write_bytes(models.make().SerializeToString())
    process = run_toeplitz("compile", path, "-o", models.directory / "model.so")
    assert process.returncode == 1, process.stderr
    errors = [line for line in process.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1, process.stderr
    return errors[0].partition("layer 'node0': ")[2]
