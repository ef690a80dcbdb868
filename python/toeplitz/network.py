"""Compiled networks as functions of arrays."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from . import abi, device_tensors
from .arrays import to_array
from .dtypes import numpy_type, type_name
from .errors import InputError, RunError
from .timing import Timing, measure
from .workspaces import WorkspacePool

DYNAMIC = -1
"""In a shape: the size is that of the arrays of each call."""

_NO_SIZE = 2**64 - 1


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An input or output of a network.

    Attributes:
        name: as in the model.
        shape: the sizes of its dimensions; the first is -1 where each call chooses the batch.
        dtype: numpy's type of its elements. bfloat16 is that of the package ml_dtypes, or uint16 (the bits) without it.
        type: the name of the element type: "float32", "int64", "bfloat16", "bool", …
    """

    name: str
    shape: tuple[int, ...]
    dtype: numpy.dtype
    type: str

    def __str__(self) -> str:
        sizes = ", ".join("batch" if size == DYNAMIC else str(size) for size in self.shape)
        return f"{self.name}: {self.type}[{sizes}]"


def _describe(tensors: Any, count: int) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(
            name=tensors[index].name.decode(),
            shape=tuple(tensors[index].shape[: tensors[index].rank]),
            dtype=numpy_type(tensors[index].type),
            type=type_name(tensors[index].type),
        )
        for index in range(count)
    )


class Network:
    """A compiled network in this process: a function from arrays to arrays.

    Any number of threads may call one network at the same time: each call has a workspace of its own, and runs without
    Python's lock. Made by toeplitz.compile and toeplitz.load.
    """

    def __init__(self, path: str | os.PathLike, threads: int = 1, source: Any = None, prepare: bool = True) -> None:
        """Use toeplitz.compile or toeplitz.load."""
        if threads < 0:
            raise ValueError(f"threads: found {threads}, expected 0 (one for each processor) or more")
        library = abi.Library(path)
        self._description = library.network
        self._threads = threads
        self._source = source
        self._pools = _Pools(self._description, threads)
        self._workspaces = WorkspacePool()
        description = self._description
        self._runs_on_gpu = bool(description.gpu)
        self._name = description.name.decode()
        self._inputs = _describe(description.inputs, description.input_count)
        self._outputs = _describe(description.outputs, description.output_count)
        self._has_dynamic_batch = any(DYNAMIC in tensor.shape for tensor in self._inputs + self._outputs)
        # When Python ends, threads may still be in the code; the system takes all of it then.
        weakref.finalize(self, _unload, self._pools, library).atexit = False
        self._pools.get()
        if prepare:
            self._prepare_memory()

    @property
    def name(self) -> str:
        """The name of the network, a C identifier."""
        return self._name

    @property
    def processor(self) -> str:
        """LLVM's name of the processor, or GPU, that the code is for; of several that a library has code for, the chosen one."""
        return self._description.processor.decode()

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What a call takes, in the order of its arguments."""
        return self._inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What a call returns, in its order."""
        return self._outputs

    @property
    def threads(self) -> int:
        """The threads that a call computes with, its own counted; 0 is one for each processor. A GPU has no use for it."""
        return self._threads

    def workspace_bytes(self, batch: int = 1) -> int:
        """The bytes of memory that a call needs beside its inputs, its outputs and the weights.

        Raises:
            MemoryError: for a batch that no memory could hold.
        """
        if not self._has_dynamic_batch:
            return self._description.workspace_size
        size = self._description.batch_workspace_size(batch)
        if size == _NO_SIZE:
            raise MemoryError(f"no workspace is large enough for a batch of {batch}")
        return size

    def __repr__(self) -> str:
        inputs = ", ".join(map(str, self._inputs))
        outputs = ", ".join(map(str, self._outputs))
        return f"<toeplitz.Network {self._name}: ({inputs}) -> ({outputs})>"

    def __call__(self, /, *arrays: Any, **named: Any) -> numpy.ndarray | tuple[numpy.ndarray, ...]:
        """Computes the outputs.

        The inputs are given in their order, or by name: `network(x)`, `network(x=x)`, `network({"x": x})` (for names that
        are no Python identifiers). Each is an array of numpy, or of anything that has DLPack or __array__ (torch, jax, …),
        in the CPU's memory, of exactly the element type of the input; Python's numbers and lists of them take that type.
        Arrays that aren't contiguous are copied, others are read where they are.

        Returns:
            A new array, or a tuple of them in the order of `outputs` when there are several (or none).

        Raises:
            toeplitz.InputError: an input is missing, unknown, or of a wrong type or shape.
            toeplitz.RunError: the threads can't be started, or the GPU has failed.
            MemoryError: there is no memory for the outputs or the workspace.
        """
        results = self._run(self._bind(arrays, named))
        return results[0] if len(results) == 1 else results

    def run(self, inputs: Mapping[str, Any]) -> dict[str, numpy.ndarray]:
        """As a call, from inputs by name to outputs by name."""
        results = self._run(self._bind((inputs,), {}))
        return {tensor.name: array for tensor, array in zip(self._outputs, results)}

    def run_device(self, inputs: Any, outputs: Any, *, stream: Any = None) -> None:
        """Puts a run on tensors in the GPU's memory into a stream, and returns without waiting for it; but a network in which
        numbers that are computed decide which kernels run waits for each of these.

        Args:
            inputs: tensors of any library that has DLPack (torch, cupy, jax, …), on the network's CUDA device, which is the
                first: a dict of them by names, a list in the order of `inputs`, or a single one. They are contiguous in C
                order, and have exactly the shape and element type of the network's.
            outputs: the tensors to write into, likewise. They share no memory with others.
            stream: in which the run takes place, as of the array API's `__dlpack__`: None or 1 for the legacy default
                stream, 2 for the thread's default stream, else the address of a CUstream as a number; or an object that has
                `__cuda_stream__`. The libraries are told, so that it waits for what they still have to write. Whoever uses
                the outputs does that in this stream or makes his own wait for it.

        The tensors must not be freed before the stream has come to the end of the run; libraries that free memory in the
        order of this stream see to that. Where the GPU is emulated its memory is the CPU's, no stream is looked at, and the
        run has ended on return.

        Raises:
            toeplitz.InputError: a tensor is missing, unknown, on another device, or of a wrong type, shape or layout.
            toeplitz.RunError: the network runs on the processor, the GPU has failed, or the stream is being captured and would
                have to be waited for.
            TypeError, ValueError: `stream` is none.
        """
        description = self._description
        if not description.run_device:
            raise RunError(f"'{self._name}' runs on the processor here, which has no use for tensors of a GPU: call the network")
        handle = device_tensors.choose_stream(stream)
        emulated = not description.gpu.contents.image
        device = (device_tensors.CPU if emulated else device_tensors.CUDA, 0)
        told = None if emulated else handle
        taken: list[device_tensors.DeviceTensor] = []
        try:
            for kind, tensors, values in (("input", self._inputs, inputs), ("output", self._outputs, outputs)):
                for tensor, value in zip(tensors, _arrange(values, tensors, kind)):
                    taken.append(device_tensors.take(value, f"{kind} '{tensor.name}'", device, told))
                    taken[-1].read(device, tensor.type, tensor.dtype.itemsize, writes=kind == "output")
            sources, targets = taken[: len(self._inputs)], taken[len(self._inputs) :]
            batch = self._choose_batch(sources)
            self._check_output_shapes(targets, batch)
            device_tensors.check_overlaps(sources, targets)
            error = description.run_device(
                ctypes.byref(description), self._pools.get(), batch, handle, _pointers(sources), _pointers(targets)
            )
            if error:
                raise _gpu_error(description)
        finally:
            device_tensors.release(taken)

    def bench(self, /, *arrays: Any, runs: int | None = None, **named: Any) -> Timing:
        """Measures how long a call takes, without the checks and copies around the computation.

        Args:
            arrays, named: inputs, as of a call; by default random numbers in [-1, 1), and zeros for integers.
            runs: how many to measure; by default two seconds' worth. Warm-up runs come first and aren't counted.

        Returns:
            A toeplitz.Timing: minimum, median and mean in milliseconds. Compare minima.
        """
        if runs is not None and runs < 1:
            raise ValueError(f"runs: found {runs}, expected 1 or more")
        inputs = self._bind(arrays, named) if arrays or named else self._make_inputs()
        run, _ = self._prepare(inputs)
        with self._workspaces.borrow(run.workspace_bytes) as workspace:
            timing = measure(lambda: run(workspace), runs)
        return timing

    def save(self, path: str | os.PathLike) -> None:
        """Writes the network to a file, which appears complete or not at all.

        The suffix says what it becomes: `.so` a shared library (for toeplitz.load, and for C: NAME.h is written beside it),
        `.a` a static library and `.o` an object (with NAME.h too), `.h` the header, `.s` assembly, `.ll` LLVM's IR, `.mlir`
        the network as written, none an executable that reads and writes .npy files. For all but `.so` the model is compiled
        again, with the same options, so it must still be there; and for a `.so` whose name begins with lib, because linkers
        find it by that name, unless it is the model's own name.

        Raises:
            toeplitz.CompileError: the file can't be written, or the model can't be compiled any more.
            toeplitz.RunError: a network that was loaded from a library can't become anything else.
        """
        if self._source is None:
            raise RunError("this network has no model to make other files of")
        self._source.save(os.fspath(path), self._threads)

    def __reduce__(self):
        path = getattr(self._source, "path", None)
        if path is None:
            raise TypeError(
                "a network that is in no file can't be sent to another process: save() it there as a .so, and load() that"
            )
        from . import load

        return load, (path, self._threads)

    def _prepare_memory(self) -> None:
        """Takes the page faults of the weights and of a workspace, which the first call will find idle."""
        try:
            size = self.workspace_bytes()
            with self._workspaces.borrow(size) as workspace:
                self._description.prepare(ctypes.byref(self._description), workspace, size)
        except MemoryError:
            pass  # a call says so

    def _bind(self, arrays: tuple[Any, ...], named: Mapping[str, Any]) -> list[numpy.ndarray]:
        """The arrays of the inputs, in order."""
        if len(arrays) == 1 and isinstance(arrays[0], Mapping):
            if named:
                raise InputError("the inputs are given in a dict and by keyword, expected one of both")
            named, arrays = arrays[0], ()
        names = [tensor.name for tensor in self._inputs]
        if len(arrays) > len(names):
            raise InputError(f"found {len(arrays)} inputs, expected {len(names)}: {self._list_inputs()}")
        values = dict(zip(names, arrays))
        for name, value in named.items():
            if name not in names:
                raise InputError(f"there is no input '{name}', expected {self._list_inputs()}")
            if name in values:
                raise InputError(f"input '{name}' is given twice, by its place and by its name")
            values[name] = value
        missing = [name for name in names if name not in values]
        if missing:
            raise InputError(f"missing input '{missing[0]}', expected {self._list_inputs()}")
        return [to_array(values[tensor.name], tensor.dtype, tensor.name) for tensor in self._inputs]

    def _list_inputs(self) -> str:
        return _list(self._inputs)

    def _choose_batch(self, inputs: Sequence[numpy.ndarray | device_tensors.DeviceTensor]) -> int:
        """Checks the shapes, and returns the size of the dimensions that are left open; 1 when there is none."""
        batch, chosen_by = 1, None
        for tensor, array in zip(self._inputs, inputs):
            expected = tensor.shape
            if expected and expected[0] == DYNAMIC and array.ndim == len(expected):
                if chosen_by is None:
                    batch, chosen_by = array.shape[0], tensor.name
                elif array.shape[0] != batch:
                    raise InputError(
                        f"input '{tensor.name}' has a batch of {array.shape[0]}, input '{chosen_by}' one of {batch}"
                    )
                expected = (batch, *expected[1:])
            if array.shape != expected:
                sizes = ", ".join("batch" if size == DYNAMIC else str(size) for size in tensor.shape)
                raise InputError(f"input '{tensor.name}': found shape {array.shape}, expected ({sizes})")
        return batch

    def _check_output_shapes(self, outputs: Sequence[device_tensors.DeviceTensor], batch: int) -> None:
        for tensor, found in zip(self._outputs, outputs):
            expected = tuple(batch if size == DYNAMIC else size for size in tensor.shape)
            if found.shape != expected:
                raise InputError(f"output '{tensor.name}': found shape {found.shape}, expected {expected}")

    def _make_inputs(self) -> list[numpy.ndarray]:
        random = numpy.random.default_rng(1)
        inputs = []
        for tensor in self._inputs:
            shape = tuple(1 if size == DYNAMIC else size for size in tensor.shape)
            is_integer = tensor.type.startswith(("int", "uint", "bool"))
            if is_integer:
                inputs.append(numpy.zeros(shape, tensor.dtype))
            else:
                inputs.append((random.random(shape, numpy.float32) * 2 - 1).astype(tensor.dtype))
        return inputs

    def _prepare(self, inputs: list[numpy.ndarray]) -> tuple[_Run, tuple[numpy.ndarray, ...]]:
        batch = self._choose_batch(inputs)
        outputs = tuple(
            numpy.empty(tuple(batch if size == DYNAMIC else size for size in tensor.shape), tensor.dtype)
            for tensor in self._outputs
        )
        more = (batch,) if self._has_dynamic_batch else ()
        if self._runs_on_gpu:
            function = functools.partial(_run_on_gpu, self._description)
        else:
            function = self._description.run_batch if self._has_dynamic_batch else self._description.run
        run = _Run(function, self._pools.get(), inputs, outputs, more, self.workspace_bytes(batch))
        return run, outputs

    def _run(self, inputs: list[numpy.ndarray]) -> tuple[numpy.ndarray, ...]:
        run, outputs = self._prepare(inputs)
        with self._workspaces.borrow(run.workspace_bytes) as workspace:
            run(workspace)
        return outputs


def _list(tensors: Sequence[Tensor]) -> str:
    return ", ".join(map(str, tensors)) or "none"


def _arrange(values: Any, tensors: Sequence[Tensor], kind: str) -> list[Any]:
    """The values in the order of the tensors, from a dict by names, a list, or a single value."""
    names = [tensor.name for tensor in tensors]
    if not isinstance(values, Mapping):
        values = list(values) if isinstance(values, (list, tuple)) else [values]
        if len(values) != len(names):
            raise InputError(f"found {len(values)} {kind}s, expected {len(names)}: {_list(tensors)}")
        return values
    for name in values:
        if name not in names:
            raise InputError(f"there is no {kind} '{name}', expected {_list(tensors)}")
    for name in names:
        if name not in values:
            raise InputError(f"missing {kind} '{name}', expected {_list(tensors)}")
    return [values[name] for name in names]


def _run_on_gpu(description: abi.Network, pool, workspace, inputs, outputs, batch: int = 1) -> None:
    if description.run_checked(ctypes.byref(description), pool, batch, inputs, outputs, workspace):
        raise _gpu_error(description)


def _gpu_error(description: abi.Network) -> RunError:
    """What this thread's last call has failed with."""
    reason = description.error_text(None).decode(errors="replace")
    return RunError(f"'{description.name.decode()}' can't be run on a GPU: {reason}")


class _Run:
    """One run, ready but for its workspace. Keeps the arrays that it reads and writes."""

    def __init__(self, function, pool, inputs, outputs, more, workspace_bytes) -> None:
        self._function = function
        self._pool = pool
        self._arrays = (inputs, outputs)
        self._inputs = _addresses(inputs)
        self._outputs = _addresses(outputs)
        self._more = more
        self.workspace_bytes = workspace_bytes

    def __call__(self, workspace: int) -> None:
        # ctypes gives Python's lock back while the function runs.
        self._function(self._pool, workspace, self._inputs, self._outputs, *self._more)


def _addresses(arrays: Sequence[numpy.ndarray]) -> ctypes.Array:
    # Of length 1 at least: an array of none may have no address.
    return (ctypes.c_void_p * max(len(arrays), 1))(*[array.__array_interface__["data"][0] for array in arrays])


def _pointers(tensors: Sequence[device_tensors.DeviceTensor]) -> ctypes.Array:
    return (ctypes.c_void_p * max(len(tensors), 1))(*[tensor.address for tensor in tensors])


class _Pools:
    """The threads of a network, or what it has on a GPU. A process that forked has none of its parent's, and makes its own."""

    def __init__(self, description: abi.Network, threads: int) -> None:
        self._description = description
        self._threads = threads
        self._lock = threading.Lock()
        self._process: int | None = None
        self._pool: int | None = None

    def get(self) -> int | None:
        """The pool of this process, None for the calling thread alone."""
        if self._process == os.getpid() or (self._threads == 1 and not self._description.create):
            return self._pool
        with self._lock:
            if self._process != os.getpid():
                self._pool = self._create()
                self._process = os.getpid()
        return self._pool

    def _create(self) -> int:
        if self._description.create:
            handle = ctypes.c_void_p()
            if self._description.create(ctypes.byref(self._description), 0, ctypes.byref(handle)):
                raise _gpu_error(self._description)
            return handle.value
        pool = self._description.threads_create(self._threads)
        if not pool:
            raise RunError(f"{self._threads} threads can't be started")
        return pool

    def destroy(self) -> None:
        if self._pool and self._process == os.getpid():
            self._description.threads_destroy(self._pool)


def _unload(pools: _Pools, library: abi.Library) -> None:
    pools.destroy()
    library.close()
