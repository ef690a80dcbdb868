"""Compiles a network with the `toeplitz` command and calls the shared library from Python, with numpy and ctypes alone:
what the examples share. Any language that can call C does the same."""

import ctypes
import os
import pathlib
import subprocess

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOEPLITZ = os.environ.get("TOEPLITZ", str(ROOT / "build" / "tools" / "toeplitz"))
ALIGNMENT = 64  # of the workspace, in bytes


def compile_network(description, output, *options):
    """`toeplitz compile DESCRIPTION -o OUTPUT OPTIONS`; what is made follows from OUTPUT's suffix. Returns OUTPUT."""
    output = pathlib.Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([TOEPLITZ, "compile", str(description), "-o", str(output), *options], check=True)
    return output


class Tensor(ctypes.Structure):
    """toeplitz_tensor of the generated header."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("rank", ctypes.c_int32),
        ("type", ctypes.c_int32),
        ("_shape", ctypes.POINTER(ctypes.c_int64)),
    ]

    @property
    def shape(self):
        return tuple(self._shape[: self.rank])


class Network(ctypes.Structure):
    """toeplitz_network of the generated header, up to the last member that is used here."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32),
        ("inputs", ctypes.POINTER(Tensor)),
        ("outputs", ctypes.POINTER(Tensor)),
        ("workspace_size", ctypes.c_uint64),
    ]


class SharedLibrary:
    """The network of a shared library, a function from numpy arrays to numpy arrays (one of them, or a tuple). A call
    allocates only its results; the workspace is made once, so threads that call it need one each. `threads` is how
    many a call computes with, itself counted."""

    def __init__(self, path, name, threads=1):
        library = ctypes.CDLL(str(pathlib.Path(path).resolve()))
        describe = getattr(library, f"{name}_network")
        describe.restype = ctypes.POINTER(Network)
        network = describe().contents
        self.input_shapes = [tensor.shape for tensor in network.inputs[: network.input_count]]
        self.output_shapes = [tensor.shape for tensor in network.outputs[: network.output_count]]
        self._run = getattr(library, f"{name}_run_threads")
        self._run.argtypes = [ctypes.c_void_p] * (network.input_count + network.output_count + 2)
        create = getattr(library, f"{name}_threads_create")
        create.restype = ctypes.c_void_p
        self._threads = create(threads) if threads != 1 else None  # None: the calling thread alone
        self._threads_destroy = getattr(library, f"{name}_threads_destroy")
        self._threads_destroy.argtypes = [ctypes.c_void_p]
        self._error_string = getattr(library, f"{name}_error_string")
        self._error_string.restype = ctypes.c_char_p
        self._memory = numpy.empty(network.workspace_size + ALIGNMENT, numpy.uint8)
        self._workspace = -(-self._memory.ctypes.data // ALIGNMENT) * ALIGNMENT
        # The page faults of weights and workspace now, so that the first call takes as long as later ones.
        prepare = getattr(library, f"{name}_prepare")
        prepare.argtypes, prepare.restype = [ctypes.c_void_p, ctypes.c_uint64], None
        prepare(self._workspace, network.workspace_size)

    def __call__(self, *arrays):
        arrays = [numpy.ascontiguousarray(array, numpy.float32) for array in arrays]
        shapes = [array.shape for array in arrays]
        if shapes != self.input_shapes:
            raise ValueError(f"the inputs have shapes {shapes}, the network wants {self.input_shapes}")
        results = tuple(numpy.empty(shape, numpy.float32) for shape in self.output_shapes)
        error = self._run(self._threads, *(array.ctypes.data for array in [*arrays, *results]), self._workspace)
        if error:
            raise RuntimeError(self._error_string(error).decode())
        return results if len(results) > 1 else results[0]

    def __del__(self):
        if getattr(self, "_threads", None):
            self._threads_destroy(self._threads)
