"""Tensors of other libraries in the memory that a network of a GPU computes in, by the DLPack protocol.

The structures are those of DLPack 1.x (github.com/dmlc/dlpack, include/dlpack/dlpack.h), what is passed to `__dlpack__` is
that of the Python array API standard (data-apis.org/array-api, `array.__dlpack__`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

from .errors import InputError

CPU, CUDA = 1, 2
"""DLDeviceType: kDLCPU and kDLCUDA."""

_MAXIMUM_VERSION = (1, 0)
_READ_ONLY, _IS_COPIED = 1, 2
_LEGACY_STREAM = 1

_pointer = ctypes.c_void_p
# Python's lock is held meanwhile: some libraries count references in it.
_Deleter = ctypes.PYFUNCTYPE(None, _pointer)


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class _DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _Tensor(ctypes.Structure):
    """DLTensor."""

    _fields_ = [
        ("data", _pointer),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _ManagedTensor(ctypes.Structure):
    """DLManagedTensor."""

    _fields_ = [("tensor", _Tensor), ("context", _pointer), ("deleter", _pointer)]


class _VersionedTensor(ctypes.Structure):
    """DLManagedTensorVersioned. Of another major version than 1, what follows the deleter is unknown."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", _pointer),
        ("deleter", _pointer),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


# The names of capsules, new and consumed, which keep the addresses of these texts.
_KINDS = (
    (b"dltensor_versioned", b"used_dltensor_versioned", _VersionedTensor),
    (b"dltensor", b"used_dltensor", _ManagedTensor),
)

_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))
_get_pointer = ctypes.PYFUNCTYPE(_pointer, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_set_name = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_SetName", ctypes.pythonapi))

# DLDataTypeCode by the beginning of a type's name.
_CODES = {"int": 0, "uint": 1, "float": 2, "bfloat": 4, "bool": 6}
_CODE_NAMES = {code: name for name, code in _CODES.items()} | {3: "handle", 5: "complex"}


def _data_type(name: str) -> tuple[int, int, int]:
    """Code, bits and lanes of an element type: "float32", "bool", …"""
    letters = name.rstrip("0123456789")
    return _CODES[letters], int(name[len(letters) :] or 8), 1


def _name_of(code: int, bits: int, lanes: int) -> str:
    name = _CODE_NAMES.get(code, f"code {code}, ")
    return name + ("" if name == "bool" and bits == 8 else str(bits)) + (f"x{lanes}" if lanes != 1 else "")


class DeviceTensor:
    """A tensor that another library has handed out. It is this network's until `release`."""

    def __init__(self, name: str, managed: Any, deleter: int | None) -> None:
        self._managed = managed
        self._deleter = deleter
        self._name = name
        self.address = 0
        self.shape: tuple[int, ...] = ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def read(self, device: tuple[int, int], type: str, itemsize: int, writes: bool) -> None:
        """Checks everything but the shape, and finds address and shape. Raises toeplitz.InputError."""
        if isinstance(self._managed, _VersionedTensor):
            if self._managed.major != _MAXIMUM_VERSION[0]:
                raise self._error(f"comes by version {self._managed.major} of DLPack, expected {_MAXIMUM_VERSION[0]}")
            if writes and self._managed.flags & (_READ_ONLY | _IS_COPIED):
                what = "is read-only" if self._managed.flags & _READ_ONLY else "is handed out as a copy"
                raise self._error(f"{what}: it can't be written to")
        tensor = self._managed.tensor
        _check_device(self._name, (tensor.device.type, tensor.device.id), device)
        found = (tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes)
        if found != _data_type(type):
            raise self._error(f"found elements of type {_name_of(*found)}, expected {type}", ": ")
        shape = tuple(tensor.shape[: tensor.ndim]) if tensor.ndim > 0 else ()
        if tensor.ndim > 0 and tensor.strides:
            self._check_strides(shape, tensor.strides[: tensor.ndim])
        self.shape = shape
        self.bytes = itemsize
        for size in shape:
            self.bytes *= size
        self.address = (tensor.data or 0) + tensor.byte_offset
        if self.bytes > 0 and not tensor.data:
            raise self._error("has no address")
        if self.bytes > 0 and self.address % itemsize != 0:
            raise self._error(f"lies at {self.address:#x}, which isn't aligned to its elements of {itemsize} bytes")

    def _check_strides(self, shape: Sequence[int], strides: Sequence[int]) -> None:
        """A dimension of one element may have any stride, and so may all of a tensor without elements."""
        expected = 1
        for size, stride in zip(reversed(shape), reversed(strides)):
            if size != 1 and stride != expected and 0 not in shape:
                raise self._error(f"isn't contiguous in C order: strides of {tuple(strides)} elements for shape {tuple(shape)}")
            expected *= size

    def release(self) -> None:
        """Gives it back to its library."""
        deleter, self._deleter = self._deleter, None
        if deleter:
            _Deleter(deleter)(ctypes.addressof(self._managed))

    def overlaps(self, other: DeviceTensor) -> bool:
        return self.address < other.address + other.bytes and other.address < self.address + self.bytes

    def _error(self, problem: str, separator: str = " ") -> InputError:
        return InputError(f"{self._name}{separator}{problem}")


def _check_device(name: str, found: tuple[int, int], expected: tuple[int, int]) -> None:
    if found != expected:
        where = "in the CPU's memory, as the GPU is emulated" if expected[0] == CPU else f"on the CUDA device {expected[1]}"
        raise InputError(f"{name} is on device {found[1]} of DLPack's type {found[0]}, expected it {where} (type {expected[0]})")


def _export(value: Any, stream: int | None) -> Any:
    """The capsule. `value` makes the stream wait for what is still to be written to the tensor."""
    try:
        return value.__dlpack__(stream=stream, max_version=_MAXIMUM_VERSION)
    except TypeError:
        return value.__dlpack__(stream=stream)  # a library that is older than this keyword


def take(value: Any, name: str, device: tuple[int, int], stream: int | None) -> DeviceTensor:
    """Takes a tensor over, by the old or the versioned protocol; nothing of it has been read yet.

    Args:
        name: what errors call it: "input 'x'".
        device: its type and number, as of DLPack.
        stream: what `__dlpack__` is told: in which stream the tensor will be used.

    Raises:
        toeplitz.InputError: it isn't one, or on another device, or its library refuses.
    """
    if not hasattr(value, "__dlpack__") or not hasattr(value, "__dlpack_device__"):
        raise InputError(f"{name}: found {type(value).__name__}, expected a tensor that has __dlpack__ and __dlpack_device__")
    kind, number = value.__dlpack_device__()
    _check_device(name, (int(kind), int(number)), device)
    try:
        capsule = _export(value, stream)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{name}: {type(value).__name__} doesn't hand it out: {error}") from error
    for fresh, used, structure in _KINDS:
        if _is_valid(capsule, fresh):
            managed = structure.from_address(_get_pointer(capsule, fresh))
            _set_name(capsule, used)
            return DeviceTensor(name, managed, managed.deleter)
    raise InputError(f"{name}: __dlpack__ of {type(value).__name__} has returned no capsule of DLPack's that is still to be used")


def check_overlaps(inputs: Sequence[DeviceTensor], outputs: Sequence[DeviceTensor]) -> None:
    """Raises toeplitz.InputError where an output shares memory with another tensor."""
    for place, output in enumerate(outputs):
        for other in (*inputs, *outputs[:place]):
            if output.bytes > 0 and other.bytes > 0 and output.overlaps(other):
                raise output._error(f"shares memory with {other._name}")


def choose_stream(stream: Any) -> int:
    """The CUstream for what a user calls a stream, by the rules of `__dlpack__`: None and 1 are the legacy default stream, 2
    is that of the thread, other numbers are a CUstream; or an object of the protocol `__cuda_stream__`."""
    if stream is None:
        return _LEGACY_STREAM
    if hasattr(stream, "__cuda_stream__"):
        _, handle = stream.__cuda_stream__()
        return int(handle) or _LEGACY_STREAM
    if isinstance(stream, bool) or not isinstance(stream, int):
        raise TypeError(f"stream: found {type(stream).__name__}, expected a number or an object that has __cuda_stream__")
    if stream <= 0:
        raise ValueError(
            f"stream: found {stream}, expected 1 (the legacy default stream), 2 (the thread's default stream) or the address of a CUstream"
        )
    return stream


def release(tensors: Iterable[DeviceTensor]) -> None:
    for tensor in tensors:
        tensor.release()
