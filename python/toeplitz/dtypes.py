"""The element types of networks as numpy knows them."""

from __future__ import annotations

import numpy

try:
    import ml_dtypes

    BFLOAT16 = numpy.dtype(ml_dtypes.bfloat16)
    """bfloat16 of the package ml_dtypes; without it numpy has none, and networks take and return its bits as uint16."""
except ImportError:
    BFLOAT16 = numpy.dtype(numpy.uint16)

_NAMES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
}
_BFLOAT16_NUMBER = 16


def type_name(number: int) -> str:
    """The name of the element type of that number, which is ONNX's (TensorProto.DataType)."""
    return "float32" if number == 0 else "bfloat16" if number == _BFLOAT16_NUMBER else _NAMES[number]


def numpy_type(number: int) -> numpy.dtype:
    """How numpy holds elements of that type."""
    number = number or 1
    return BFLOAT16 if number == _BFLOAT16_NUMBER else numpy.dtype(_NAMES[number])
