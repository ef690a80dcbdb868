"""Runs the compiler as its users do, by its command line, and the shared libraries that it makes, through their C ABI."""

import ctypes
import itertools
import json
import os
import pathlib
import subprocess

import ml_dtypes
import numpy as np

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]


_library_numbers = itertools.count()


class CompilerError(Exception):
    """`toeplitz` exited with a status other than 0; the text is what it wrote to stderr."""


def find_tool(name="toeplitz"):
    """A tool of the build folder, which TOEPLITZ_BUILD names (default: build/ of this checkout)."""
    build = pathlib.Path(os.environ.get("TOEPLITZ_BUILD", SOURCE_ROOT / "build"))
    for candidate in (build / "bin" / name, build / "tools" / name, build / "tools" / name / name):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"no {name} in {build}: run ./dev build first")


def run_toeplitz(*arguments, timeout=600):
    """The finished process, whatever its exit status, but for one that a signal ended: that is a crash."""
    command = [str(find_tool()), *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if process.returncode not in (0, 1):
        raise CompilerError(f"{' '.join(command)} crashed (status {process.returncode}):\n{process.stderr}")
    return process


def write_description(description, directory):
    """The description as a file; a path is left as it is."""
    if not isinstance(description, dict):
        return pathlib.Path(description)
    path = pathlib.Path(directory) / f"{description['name']}.json"
    path.write_text(json.dumps(description))
    return path


def compile_network(description, directory, *options):
    """The path of the shared library made of a description (a dict, or the path of a model)."""
    model = write_description(description, directory)
    # A name of its own each time: the loader takes a second library of one path for the first.
    output = pathlib.Path(directory) / f"lib{model.stem}{next(_library_numbers)}.so"
    process = run_toeplitz("compile", model, "-o", output, *options)
    if process.returncode != 0:
        raise CompilerError(process.stderr)
    return output


def evaluate_reference(description, inputs, directory, names=None):
    """The network's outputs by name, from the compiler's naive evaluator; `names` are they, where the model is no description."""
    model = write_description(description, directory)
    arguments = ["run", model, "--reference"]
    for place, (name, values) in enumerate(inputs.items()):
        path = pathlib.Path(directory) / f"input{place}.npy"
        np.save(path, values)
        arguments += ["--input", f"{name}={path}"]
    names = names or (description if isinstance(description, dict) else json.loads(model.read_text()))["outputs"]
    paths = {name: pathlib.Path(directory) / f"output{place}.npy" for place, name in enumerate(names)}
    for name, path in paths.items():
        arguments += ["--output", f"{name}={path}"]
    process = run_toeplitz(*arguments)
    if process.returncode != 0:
        raise CompilerError(process.stderr)
    return {name: np.load(path) for name, path in paths.items()}


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("rank", ctypes.c_int32),
        ("type", ctypes.c_int32),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
    ]


# The types of elements, by their numbers in runtime/toeplitz.h.
DTYPES = {
    1: np.dtype(np.float32),
    2: np.dtype(np.uint8),
    3: np.dtype(np.int8),
    4: np.dtype(np.uint16),
    5: np.dtype(np.int16),
    6: np.dtype(np.int32),
    7: np.dtype(np.int64),
    9: np.dtype(np.bool_),
    10: np.dtype(np.float16),
    11: np.dtype(np.float64),
    12: np.dtype(np.uint32),
    13: np.dtype(np.uint64),
    16: np.dtype(ml_dtypes.bfloat16),
}


FloatPointer = ctypes.POINTER(ctypes.c_float)
_POINTERS = ctypes.POINTER(ctypes.c_void_p)
_RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, _POINTERS, _POINTERS)
_RUN_BATCH = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, _POINTERS, _POINTERS, ctypes.c_int64)
_BATCH_WORKSPACE_SIZE = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_int64)
_THREADS_CREATE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int)
_THREADS_DESTROY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_MISSING_FEATURE = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)
_CREATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, _POINTERS)
_RUN_CHECKED = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, _POINTERS, _POINTERS, ctypes.c_void_p
)
_ERROR_TEXT = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)


class _Network(ctypes.Structure):
    """toeplitz_network of runtime/toeplitz.h."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32),
        ("inputs", ctypes.POINTER(_Tensor)),
        ("outputs", ctypes.POINTER(_Tensor)),
        ("workspace_size", ctypes.c_uint64),
        ("run", _RUN),
        ("threads_create", _THREADS_CREATE),
        ("threads_destroy", _THREADS_DESTROY),
        ("run_batch", _RUN_BATCH),
        ("batch_workspace_size", _BATCH_WORKSPACE_SIZE),
        ("processor_features", ctypes.c_uint64),
        ("missing_feature", _MISSING_FEATURE),
        # Of networks that run on a GPU; NULL in others.
        ("gpu", ctypes.c_void_p),
        ("create", _CREATE),
        ("run_checked", _RUN_CHECKED),
        ("error_text", _ERROR_TEXT),
    ]


def aligned_bytes(size, alignment=64):
    """An array of `size` bytes that starts at a multiple of `alignment`."""
    memory = np.empty(size + alignment, np.uint8)
    offset = -memory.ctypes.data % alignment
    return memory[offset : offset + size]


# What surrounds every output and the workspace while a network runs: a run that writes beyond them is caught.
GUARD = 64
CANARY = 0xA5


class Library:
    """A compiled network: a shared library loaded into this process."""

    def __init__(self, path):
        self.handle = ctypes.CDLL(str(path))
        find = self.handle.toeplitz_shared_network
        find.restype = ctypes.POINTER(_Network)
        self.network = find().contents
        self.name = self.network.name.decode()
        self.inputs = self._shapes(self.network.inputs, self.network.input_count)
        self.outputs = self._shapes(self.network.outputs, self.network.output_count)
        self.input_types = self._types(self.network.inputs, self.network.input_count)
        self.output_types = self._types(self.network.outputs, self.network.output_count)

    @staticmethod
    def _shapes(tensors, count):
        """A first size of -1 is the batch, which is chosen for each run."""
        return {t.name.decode(): tuple(t.shape[: t.rank]) for t in (tensors[i] for i in range(count))}

    @staticmethod
    def _types(tensors, count):
        return {tensors[i].name.decode(): DTYPES[tensors[i].type] for i in range(count)}

    def create_pool(self, threads):
        pool = self.network.threads_create(threads)
        assert pool, f"no pool of {threads} threads"
        return pool

    def destroy_pool(self, pool):
        self.network.threads_destroy(pool)

    def run(self, inputs, pool=None):
        """The outputs by name. Safe to call from many threads at once: all its memory is its own."""
        arrays, batch = [], 1
        for name, shape in self.inputs.items():
            array = np.asarray(inputs[name], self.input_types[name], order="C")
            if shape[:1] == (-1,):
                batch, shape = array.shape[0], (array.shape[0], *shape[1:])
            assert array.shape == shape, f"input {name} has shape {array.shape}, the network takes {shape}"
            arrays.append(array)

        guarded, results = [], {}
        for name, shape in self.outputs.items():
            shape = tuple(batch if size < 0 else size for size in shape)
            size = int(np.prod(shape, dtype=np.int64)) * self.output_types[name].itemsize
            memory = aligned_bytes(size + 2 * GUARD)
            memory[:] = CANARY
            guarded.append((name, memory))
            results[name] = memory[GUARD : GUARD + size].view(self.output_types[name]).reshape(shape)
        # What lies in the workspace before a run must not matter: 0xFF is a NaN.
        dynamic = bool(self.network.run_batch)
        workspace_size = self.network.batch_workspace_size(batch) if dynamic else self.network.workspace_size
        workspace = aligned_bytes(workspace_size + GUARD)
        workspace[:-GUARD] = 0xFF
        workspace[-GUARD:] = CANARY
        guarded.append(("the workspace", workspace))

        input_pointers = (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
        output_pointers = (ctypes.c_void_p * len(results))(*[a.ctypes.data for a in results.values()])
        if self.network.gpu:
            self._run_on_gpu(pool, batch, input_pointers, output_pointers)
        else:
            run, more = (self.network.run_batch, (batch,)) if dynamic else (self.network.run, ())
            run(pool, workspace.ctypes.data, input_pointers, output_pointers, *more)
        for name, memory in guarded:
            borders = memory[-GUARD:] if name == "the workspace" else np.concatenate([memory[:GUARD], memory[-GUARD:]])
            assert np.all(borders == CANARY), f"{self.name} wrote beyond {name}"
        return {name: np.array(array) for name, array in results.items()}

    def _run_on_gpu(self, pool, batch, inputs, outputs):
        """Without a pool, what a run needs is made for this one alone."""
        network = self.network
        status = network.run_checked(ctypes.addressof(network), pool, batch, inputs, outputs, None)
        assert status == 0, f"{self.name}: status {status}: {network.error_text(None).decode()}"


def run_with_threads(library, inputs, threads):
    """The outputs computed by a pool of `threads` threads."""
    pool = library.create_pool(threads)
    try:
        return library.run(inputs, pool)
    finally:
        library.destroy_pool(pool)
