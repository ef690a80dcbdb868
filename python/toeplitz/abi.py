"""The structures of runtime/toeplitz.h, and shared libraries that hold a network."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import sys
import tempfile

from .errors import RunError

_pointer = ctypes.c_void_p


class Tensor(ctypes.Structure):
    """toeplitz_tensor."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("rank", ctypes.c_int32),
        ("type", ctypes.c_int32),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
    ]


class GpuProgram(ctypes.Structure):
    """The beginning of toeplitz_gpu_program, of runtime/gpu.h."""

    _fields_ = [("image", _pointer)]


class Network(ctypes.Structure):
    """toeplitz_network."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32),
        ("inputs", ctypes.POINTER(Tensor)),
        ("outputs", ctypes.POINTER(Tensor)),
        ("workspace_size", ctypes.c_uint64),
        ("run", ctypes.CFUNCTYPE(None, _pointer, _pointer, _pointer, _pointer)),
        ("threads_create", ctypes.CFUNCTYPE(_pointer, ctypes.c_int)),
        ("threads_destroy", ctypes.CFUNCTYPE(None, _pointer)),
        # Where the batch is chosen for each run; NULL in other networks.
        ("run_batch", ctypes.CFUNCTYPE(None, _pointer, _pointer, _pointer, _pointer, ctypes.c_int64)),
        ("batch_workspace_size", ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_int64)),
        ("processor_features", ctypes.c_uint64),
        ("missing_feature", ctypes.CFUNCTYPE(ctypes.c_char_p, _pointer)),
        # Of networks that run on a GPU; NULL in others.
        ("gpu", ctypes.POINTER(GpuProgram)),
        ("create", ctypes.CFUNCTYPE(ctypes.c_int, _pointer, ctypes.c_int, ctypes.POINTER(_pointer))),
        ("run_checked", ctypes.CFUNCTYPE(ctypes.c_int, _pointer, _pointer, ctypes.c_int64, _pointer, _pointer, _pointer)),
        ("error_text", ctypes.CFUNCTYPE(ctypes.c_char_p, _pointer)),
        ("weights", _pointer),
        ("weights_size", ctypes.c_uint64),
        ("prepare", ctypes.CFUNCTYPE(None, _pointer, _pointer, ctypes.c_uint64)),
        ("processor", ctypes.c_char_p),
        ("run_device", ctypes.CFUNCTYPE(ctypes.c_int, _pointer, _pointer, ctypes.c_int64, _pointer, _pointer, _pointer)),
    ]


def _architecture(path: str) -> int | None:
    """The number of the architecture that an ELF file is for; None for other files."""
    with open(path, "rb") as file:
        header = file.read(20)
    return int.from_bytes(header[18:20], sys.byteorder) if header.startswith(b"\x7fELF") and len(header) == 20 else None


class Library:
    """A shared library of `toeplitz compile`, mapped into this process."""

    def __init__(self, path: str | os.PathLike) -> None:
        """Raises toeplitz.RunError when there is no such library, or it is for another processor or system."""
        path = os.path.abspath(path)
        if not os.path.exists(path):
            raise RunError(f"'{path}': there is no such file")
        # The loader takes a second library of one path for the first, even when the file is another one by now, so each
        # gets a path of its own. What it has mapped, it doesn't map again: equal files are told by their inodes.
        with tempfile.TemporaryDirectory(prefix="toeplitz") as folder:
            link = os.path.join(folder, os.path.basename(path))
            os.symlink(path, link)
            try:
                library = ctypes.CDLL(link)
            except OSError as error:
                if _architecture(path) not in (None, _architecture("/proc/self/exe")):
                    raise RunError(f"'{path}' is compiled for another kind of processor than this machine's") from None
                raise RunError(f"'{path}' can't be loaded: {str(error).replace(link, path)}") from None
        self._handle = library._handle
        try:
            find = library.toeplitz_shared_network
        except AttributeError:
            self.close()
            raise RunError(f"'{path}' is no network: a shared library made by toeplitz is expected") from None
        find.restype = ctypes.POINTER(Network)
        self.network = find().contents
        missing = self.network.missing_feature(ctypes.byref(self.network))
        if missing:
            self.close()
            raise RunError(f"'{path}': this machine lacks '{missing.decode()}', a feature of the one that the network is compiled for")

    def close(self) -> None:
        """Unmaps the code, which nothing may be using any more."""
        _ctypes.dlclose(self._handle)
