"""Toeplitz as a backend of ONNX (onnx.backend.base).

    import onnx, toeplitz.backend
    prepared = toeplitz.backend.prepare(onnx.load("model.onnx"))
    outputs = prepared.run([x])

What a model leaves open is chosen by the first run that shows it: sizes of inputs that it doesn't state, and the values of
inputs on which shapes depend (Reshape's second, say), which become constants. Such a model is compiled anew for each new
choice; the last ones are kept. All other models are compiled once, by prepare.
"""

from __future__ import annotations

import collections
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import onnx
from onnx.backend.base import Backend, BackendRep, Device, DeviceType

from .compilation import compile as compile_model
from .errors import CompileError, InputError, RunError
from .network import Network

_MUST_BE_KNOWN = re.compile(r"input '((?:[^'\\]|\\.)*)' must be known when compiling")
_KEPT_NETWORKS = 16


def _needed_constant(error: CompileError, names: Sequence[str]) -> str | None:
    """The input that the compiler asks to be a constant."""
    match = _MUST_BE_KNOWN.search(str(error))
    return match.group(1) if match and match.group(1) in names else None


def _has_open_shape(value: onnx.ValueInfoProto) -> bool:
    tensor = value.type.tensor_type
    return value.type.HasField("tensor_type") and (
        not tensor.HasField("shape") or any(not size.HasField("dim_value") for size in tensor.shape.dim)
    )


class PreparedModel(BackendRep):
    """A model that is compiled, or that is as soon as a run shows what it leaves open. Threads may run it side by side."""

    def __init__(self, model: onnx.ModelProto, **options: Any) -> None:
        """`options` are those of toeplitz.compile."""
        self._model = model
        self._options = options
        initialized = {tensor.name for tensor in model.graph.initializer}
        initialized |= {tensor.values.name for tensor in model.graph.sparse_initializer}
        given = set(options.get("constants") or {})
        self._inputs = [value for value in model.graph.input if value.name not in initialized | given]
        self._names = [value.name for value in self._inputs]
        stated = set(options.get("shapes") or {})
        self._open = [value.name for value in self._inputs if _has_open_shape(value) and value.name not in stated]
        if options.get("batch") is not None:
            self._open = []  # the caller has said what to do about them
        self._constants: list[str] = []
        self._networks: collections.OrderedDict[Any, Network] = collections.OrderedDict()
        self._lock = threading.Lock()
        if not self._open:
            try:
                self._networks[()] = compile_model(model, **options)
            except CompileError as error:
                name = _needed_constant(error, self._names)
                if name is None:
                    raise
                self._constants.append(name)

    @property
    def fixed_inputs(self) -> tuple[str, ...]:
        """The inputs that the compiler has asked to be constants so far."""
        return tuple(self._constants)

    def run(self, inputs: Any, **kwargs: Any) -> tuple[numpy.ndarray, ...]:
        """The outputs in the model's order.

        Args:
            inputs: the inputs in the model's order, those with initialisers left out; or by their names; or the one.

        Raises:
            toeplitz.CompileError: the model can't be compiled for these inputs.
            toeplitz.InputError: they don't fit the model.
        """
        if kwargs:
            raise TypeError(f"run: unknown options {', '.join(kwargs)}")
        values = self._bind(inputs)
        network = self._find_network(values)
        outputs = network.run({tensor.name: values[tensor.name] for tensor in network.inputs})
        return tuple(outputs[tensor.name] for tensor in network.outputs)

    def _bind(self, inputs: Any) -> dict[str, Any]:
        if isinstance(inputs, Mapping):
            return dict(inputs)
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        if len(inputs) != len(self._names):
            raise InputError(f"found {len(inputs)} inputs, expected {len(self._names)}: {', '.join(self._names)}")
        return dict(zip(self._names, inputs))

    def _find_network(self, values: Mapping[str, Any]) -> Network:
        with self._lock:
            for _ in range(len(self._names) + 1):
                shapes = {name: numpy.shape(values[name]) for name in self._open if name not in self._constants}
                constants = {name: numpy.asarray(values[name]) for name in self._constants}
                key = (
                    *shapes.items(),
                    *((name, value.dtype.str, value.shape, value.tobytes()) for name, value in constants.items()),
                )
                if key in self._networks:
                    self._networks.move_to_end(key)
                    return self._networks[key]
                options = dict(self._options)
                options["shapes"] = {**(options.get("shapes") or {}), **shapes}
                options["constants"] = {**(options.get("constants") or {}), **constants}
                try:
                    network = compile_model(self._model, **options)
                except CompileError as error:
                    name = _needed_constant(error, self._names)
                    if name is None or name in self._constants:
                        raise
                    self._constants.append(name)
                    continue
                self._networks[key] = network
                if len(self._networks) > _KEPT_NETWORKS:
                    self._networks.popitem(last=False)
                return network
        raise RunError("the compiler asked for more constants than there are inputs")


class ToeplitzBackend(Backend):
    """The interface of onnx.backend.base.Backend; the module has its methods as functions too."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether the model can be compiled, which this finds out by compiling it."""
        if not cls.supports_device(device):
            return False
        try:
            cls.prepare(model, device, **kwargs)
        except CompileError:
            return False
        return True

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> PreparedModel:
        """Compiles the model. The options are those of toeplitz.compile: threads, mcpu, …

        Raises:
            toeplitz.CompileError: the model can't be compiled; the text is the compiler's.
            ValueError: another device than the CPU.
        """
        if not cls.supports_device(device):
            raise ValueError(f"device: found {device}, expected CPU")
        return PreparedModel(model, **kwargs)

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        """Compiles the model and runs it once."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[numpy.dtype, tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Compiles one node and runs it once.

        Args:
            inputs: the arrays of the node's inputs that aren't left out (empty names), in their order.
            outputs_info: the element type and shape of each output; by default inferred.
            kwargs: opset_version, the version of ONNX that the node is of (by default the newest); options of
                toeplitz.compile.
        """
        version = kwargs.pop("opset_version", onnx.defs.onnx_opset_version())
        names = list(dict.fromkeys(name for name in node.input if name))
        arrays = dict(zip(names, inputs)) if not isinstance(inputs, Mapping) else dict(inputs)
        if len(arrays) != len(names):
            raise InputError(f"found {len(arrays)} inputs, expected {len(names)}: {', '.join(names)}")
        make_type = onnx.helper.np_dtype_to_tensor_dtype
        declared = [
            onnx.helper.make_tensor_value_info(name, make_type(numpy.asarray(value).dtype), numpy.shape(value))
            for name, value in arrays.items()
        ]
        outputs = [name for name in node.output if name]
        if outputs_info is not None:
            results = [
                onnx.helper.make_tensor_value_info(name, make_type(numpy.dtype(dtype)), shape)
                for name, (dtype, shape) in zip(outputs, outputs_info)
            ]
        else:
            results = [onnx.helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = onnx.helper.make_graph([node], node.name or node.op_type, declared, results)
        opset = onnx.helper.make_opsetid(node.domain, version)
        model = onnx.helper.make_model(graph, opset_imports=[opset])
        return cls.run_model(model, arrays, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether networks run there: on the CPU."""
        try:
            return Device(device).type == DeviceType.CPU
        except (AttributeError, KeyError, ValueError):
            return False


is_compatible = ToeplitzBackend.is_compatible
prepare = ToeplitzBackend.prepare
run_model = ToeplitzBackend.run_model
run_node = ToeplitzBackend.run_node
supports_device = ToeplitzBackend.supports_device
