"""From what a user has to the memory that a network reads: contiguous arrays of exactly the right type."""

from __future__ import annotations

import sys
from typing import Any

import numpy

from .dtypes import BFLOAT16
from .errors import InputError

_DLPACK_CPU_DEVICES = (1, 3, 11, 13)  # kDLCPU, and what the CPU can read of CUDA's and ROCm's memory


def to_array(value: Any, dtype: numpy.dtype, name: str) -> numpy.ndarray:
    """`value` as a C-contiguous array of `dtype`: itself or a view when it already is one, else a copy.

    What has an element type must have this one: nothing is converted behind the caller's back. Python's numbers, and lists
    of them, have none and take this one, where that doesn't change their kind (2.5 never becomes an integer).

    Raises:
        toeplitz.InputError: `value` is no array, or has elements of another type; the message names input `name`.
    """
    array = _find_array(value, dtype, name)
    if array.dtype != dtype:
        raise InputError(
            f"input '{name}': found elements of type {array.dtype}, expected {dtype}; "
            f"convert them where you want that, as by array.astype('{dtype}')"
        )
    return array if array.flags.c_contiguous and array.flags.aligned else numpy.array(array, order="C")


def _find_array(value: Any, dtype: numpy.dtype, name: str) -> numpy.ndarray:
    if isinstance(value, numpy.ndarray):
        return _as_bfloat16(value, dtype)
    if isinstance(value, (bool, int, float, list, tuple)):
        return _from_numbers(value, dtype, name)
    if hasattr(value, "__dlpack__"):
        return _from_dlpack(value, dtype, name)
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__") or isinstance(value, numpy.generic):
        return _as_bfloat16(numpy.asarray(value), dtype)
    raise InputError(f"input '{name}': found {type(value).__name__}, expected an array (numpy, DLPack or __array__)")


def _as_bfloat16(array: numpy.ndarray, dtype: numpy.dtype) -> numpy.ndarray:
    """The bits of bfloat16 may come as uint16, for those who have no type for it."""
    if dtype == BFLOAT16 and array.dtype == numpy.uint16:
        return array.view(BFLOAT16)
    return array


def _from_numbers(value: Any, dtype: numpy.dtype, name: str) -> numpy.ndarray:
    try:
        found = numpy.asarray(value)
    except ValueError as error:  # lists of different lengths
        raise InputError(f"input '{name}': {error}") from error
    if found.size and not _keeps_kind(found, dtype):
        raise InputError(f"input '{name}': found numbers of type {found.dtype}, expected {dtype}")
    return found.astype(dtype)


def _keeps_kind(numbers: numpy.ndarray, dtype: numpy.dtype) -> bool:
    """Whether numbers without a type of their own may take this one: 200 fits into uint8; 300, -1 and 2.5 don't."""
    if numbers.dtype.kind in "bui" and dtype.kind in "ui":
        limits = numpy.iinfo(dtype)
        return limits.min <= int(numbers.min()) and int(numbers.max()) <= limits.max
    if dtype == BFLOAT16:
        return numbers.dtype.kind in "buif"
    return numpy.can_cast(numbers.dtype, dtype, "same_kind")


def _from_dlpack(value: Any, dtype: numpy.dtype, name: str) -> numpy.ndarray:
    device, _ = value.__dlpack_device__() if hasattr(value, "__dlpack_device__") else (1, 0)
    if device not in _DLPACK_CPU_DEVICES:
        raise InputError(
            f"input '{name}' is on another device than the CPU: copy it there first, or use Network.run_device "
            "where the network is for that device"
        )
    if getattr(value, "requires_grad", False):
        value = value.detach()  # torch: a run has no gradient
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
        value = value.view(torch.int16)  # numpy's reader of DLPack knows no bfloat16
        return _as_bfloat16(numpy.from_dlpack(value).view(numpy.uint16), dtype)
    try:
        return _as_bfloat16(numpy.from_dlpack(value), dtype)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        if hasattr(value, "__array__"):  # jax's bfloat16, for one
            return _as_bfloat16(numpy.asarray(value), dtype)
        raise InputError(f"input '{name}': {error}") from error
