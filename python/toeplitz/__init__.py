"""Toeplitz compiles convolutional networks ahead of time; this package compiles and runs them from Python.

    import toeplitz
    network = toeplitz.compile("model.onnx")
    y = network(x)                            # arrays of numpy, or of anything that has DLPack or __array__
    network.save("libmodel.so")               # toeplitz.load("libmodel.so") needs no compiler

`toeplitz.backend` is the same behind the interface of onnx.backend.base (import it by itself; it needs onnx).
"""

from .compilation import compile, load
from .errors import CompileError, CompileWarning, Error, InputError, RunError
from .executable import find_executable
from .network import DYNAMIC, Network, Tensor
from .timing import Timing

__version__ = "0.1.0"
__all__ = [
    "DYNAMIC",
    "CompileError",
    "CompileWarning",
    "Error",
    "InputError",
    "Network",
    "RunError",
    "Tensor",
    "Timing",
    "compile",
    "find_executable",
    "load",
]
