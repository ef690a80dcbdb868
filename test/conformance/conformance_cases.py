"""The tests of onnx.backend.test, and what each is made of."""

import functools
import os
import pathlib
import warnings

import numpy
import onnx
from onnx import numpy_helper
from onnx.backend.test.runner import Runner

import toeplitz.backend

KINDS = ("node", "pytorch-operator", "pytorch-converted", "simple", "real")


@functools.cache
def load_cases():
    """The cases by name. The names of all kinds differ."""
    from onnx.backend.test.loader import load_model_tests

    cases = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about the overflows that the cases want
        for kind in KINDS:
            for case in load_model_tests(kind=kind):
                assert case.name not in cases
                cases[case.name] = Case(kind, case)
    return cases


class Case:
    def __init__(self, kind, case):
        self.kind = kind
        self.name = case.name
        self.tolerances = (case.rtol, case.atol)
        self._case = case

    @functools.cached_property
    def model_path(self):
        """The model's file; None where the model is made by the test itself."""
        if self.kind == "real":
            return pathlib.Path(onnx.__file__).parents[1] / self._case.url
        return pathlib.Path(self._case.model_dir) / "model.onnx" if self._case.model_dir else None

    def load_model(self):
        return onnx.load(self.model_path) if self.model_path else self._case.model

    @property
    def subject(self):
        """The operator that a node test is about; the kind of the others. Tests of what a function operator expands to
        have names that go on from that of its own test."""
        if self.kind != "node":
            return self.kind
        name = self.name
        while (own := load_cases().get(name)) is None or len(own.load_model().graph.node) != 1:
            if "_" not in name:
                return "several operators"
            name = name.rpartition("_")[0]
        node = own.load_model().graph.node[0]
        return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type

    def data_sets(self, model):
        """Pairs of inputs and expected outputs."""
        if self._case.data_sets is not None:
            return [([_array(i) for i in inputs], [_array(o) for o in outputs]) for inputs, outputs in self._case.data_sets]
        if self.kind == "real":
            return [([_ramp(value) for value in _inputs(model)], self._stored_outputs(model))]
        return [
            (_read_all(folder, "input", model.graph.input), _read_all(folder, "output", model.graph.output))
            for folder in sorted(pathlib.Path(self._case.model_dir).glob("test_data_set*"))
        ]

    def check(self, **options):
        """Compiles the model with these options of toeplitz.compile, runs it, and compares; the model as it was prepared."""
        model = self.load_model()
        prepared = toeplitz.backend.prepare(model, **options)
        for inputs, expected in self.data_sets(model):
            Runner.assert_similar_outputs(expected, prepared.run(inputs), *self.tolerances)
        return prepared

    def _stored_outputs(self, model):
        stem = os.path.splitext(self.model_path)[0]
        return [_read(f"{stem}_output_{index}.pb", value) for index, value in enumerate(model.graph.output)]


def _inputs(model):
    initialized = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in initialized]


def _array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _ramp(value):
    """What ONNX feeds to its real networks (Runner.generate_dummy_data)."""
    shape = [size.dim_value if size.HasField("dim_value") else 1 for size in value.type.tensor_type.shape.dim]
    count = int(numpy.prod(shape))
    return (numpy.arange(count).reshape(shape) / count).astype(numpy.float32)


def _read_all(folder, prefix, values):
    count = len(list(folder.glob(f"{prefix}_*.pb")))
    return [_read(folder / f"{prefix}_{index}.pb", values[index]) for index in range(count)]


def _read(path, value):
    content = pathlib.Path(path).read_bytes()
    kind = value.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(onnx.SequenceProto.FromString(content))
    if kind == "optional_type":
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(content))
    return numpy_helper.to_array(onnx.TensorProto.FromString(content))


def operators_of(model):
    """The operators of a model, its subgraphs and its functions, as the compiler names them, without the functions
    themselves."""
    functions = {(function.domain, function.name) for function in model.functions}
    found = set()

    def visit(nodes):
        for node in nodes:
            if (node.domain, node.op_type) not in functions:
                domain = "" if node.domain in ("", "ai.onnx") else node.domain + "."
                found.add(domain + node.op_type)
            for attribute in node.attribute:
                for graph in [attribute.g, *attribute.graphs]:
                    visit(graph.node)

    visit(model.graph.node)
    for function in model.functions:
        visit(function.node)
    return found
