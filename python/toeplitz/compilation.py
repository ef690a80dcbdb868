"""toeplitz.compile and toeplitz.load."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from .dtypes import BFLOAT16
from .errors import CompileError, RunError
from .executable import run_compiler
from .models import library_name, model_file
from .network import Network


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a compilation, as toeplitz.compile takes them."""

    name: str | None = None
    shapes: Mapping[str, Sequence[int]] | None = None
    batch: int | str | None = None
    constants: Mapping[str, Any] | None = None
    mcpu: str | None = None
    algorithm: str | Mapping[str, str] | None = None
    fold: str | Mapping[str, str] | None = None
    max_error: float | None = None
    input_range: float | None = None
    tuned: str | os.PathLike | None = None
    precise: bool = False
    typical_error: float | None = None
    target: str | None = None
    gpu_arch: str | None = None
    precision: str | None = None
    cubin: str | Sequence[str] | None = None
    ptxas: str | os.PathLike | None = None

    def arguments(self, folder: str) -> list[str]:
        """Those of the command line. The values of constants are written to `folder`."""
        words = []
        if self.name is not None:
            words.append(f"--name={self.name}")
        for name, shape in (self.shapes or {}).items():
            words.append(f"--shape={name}={'x'.join(str(int(size)) for size in shape)}")
        if self.batch is not None:
            words.append(f"--batch={self.batch}")
        for number, (name, value) in enumerate((self.constants or {}).items()):
            path = os.path.join(folder, f"constant{number}.npy")
            array = numpy.asarray(value)
            if array.dtype == BFLOAT16:
                array = array.view(numpy.uint16)  # .npy has no name for it
            numpy.save(path, array, allow_pickle=False)
            words.append(f"--constant={name}={path}")
        if self.mcpu is not None:
            words.append(f"--mcpu={self.mcpu}")
        for option, text in (("--target", self.target), ("--gpu-arch", self.gpu_arch), ("--precision", self.precision)):
            if text is not None:
                words.append(f"{option}={text}")
        if self.cubin is not None:
            words.append(f"--cubin={self.cubin if isinstance(self.cubin, str) else ','.join(self.cubin)}")
        if self.ptxas is not None:
            # A name without a folder is looked for on PATH.
            path = os.fspath(self.ptxas)
            words.append(f"--ptxas={os.path.abspath(path) if os.path.dirname(path) else path}")
        for option, choice in (("--algorithm", self.algorithm), ("--fold", self.fold)):
            if isinstance(choice, Mapping):
                words += [f"{option}={layer}={name}" for layer, name in choice.items()]
            elif choice is not None:
                words.append(f"{option}={choice}")
        if self.max_error is not None:
            words.append(f"--max-error={float(self.max_error)!r}")
        if self.precise:
            words.append("--precise")
        if self.typical_error is not None:
            limit = float(self.typical_error)
            words.append(f"--typical-error={'none' if limit == float('inf') else repr(limit)}")
        if self.input_range is not None:
            words.append(f"--input-range={float(self.input_range)!r}")
        if self.tuned is not None:
            words.append(f"--tuned={os.path.abspath(self.tuned)}")
        return words


@dataclasses.dataclass(frozen=True)
class Model:
    """What a network was compiled from, to compile it again; the user's own object, not a copy of it."""

    model: Any
    example_inputs: Any
    options: Options
    progress: bool | None

    def compile(self, output: str, *more: str) -> None:
        """Writes `output`, whose kind follows from its suffix."""
        with (
            tempfile.TemporaryDirectory(prefix="toeplitz") as scratch,
            model_file(self.model, self.example_inputs, self.options.name) as (path, folder),
        ):
            arguments = ["compile", path, "-o", os.path.abspath(output), *self.options.arguments(scratch), *more]
            run_compiler(arguments, folder=folder, progress=self.progress)


class CompiledModel:
    """A model and the shared library that was made of it, whose file has no name: nothing is left of it, however the
    process ends."""

    def __init__(self, model: Model, library: str, header: str) -> None:
        self._model = model
        self._header = pathlib.Path(header).read_bytes()
        self._header_name = os.path.basename(header)
        self._library_name = os.path.basename(library)
        self._library = os.open(library, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if hasattr(self, "_library"):
            os.close(self._library)

    def save(self, path: str, threads: int) -> None:
        suffix = os.path.splitext(path)[1]
        # A linker knows a library by the name that was given when it was made, and looks for names that begin with lib.
        name = os.path.basename(path)
        if suffix == ".so" and (name == self._library_name or not name.startswith("lib")):
            with open(os.dup(self._library), "rb") as library:
                library.seek(0)
                _replace(path, library)
            header = os.path.join(os.path.dirname(path), self._header_name)
            _replace(header, self._header)
        else:
            self._model.compile(path, *([f"--threads={threads}"] if not suffix else []))


@dataclasses.dataclass(frozen=True)
class LoadedFile:
    """The file of a network that was loaded."""

    path: str

    def save(self, path: str, threads: int) -> None:
        if os.path.splitext(path)[1] != ".so":
            raise RunError(
                f"'{path}': this network was loaded from the library '{self.path}', which can only be copied (.so); "
                "other kinds are made from the model, with toeplitz.compile"
            )
        with open(self.path, "rb") as library:
            _replace(path, library)


def _replace(path: str, content: Any) -> None:
    """Writes a file that appears complete or not at all; `content` is bytes or an open file."""
    try:
        handle, beside = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=os.path.basename(path))
        try:
            with open(handle, "wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    shutil.copyfileobj(content, file, 1 << 20)
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(beside, (0o777 if path.endswith(".so") else 0o666) & ~umask)
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise CompileError(f"cannot write '{path}': {error.strerror}") from error


def compile(
    model: Any,
    example_inputs: Any = None,
    *,
    name: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    batch: int | str | None = None,
    constants: Mapping[str, Any] | None = None,
    mcpu: str | None = None,
    algorithm: str | Mapping[str, str] | None = None,
    fold: str | Mapping[str, str] | None = None,
    max_error: float | None = None,
    input_range: float | None = None,
    tuned: str | os.PathLike | None = None,
    precise: bool = False,
    typical_error: float | None = None,
    target: str | None = None,
    gpu_arch: str | None = None,
    precision: str | None = None,
    cubin: str | Sequence[str] | None = None,
    ptxas: str | os.PathLike | None = None,
    threads: int = 1,
    progress: bool | None = None,
) -> Network:
    """Compiles a model to native code and loads it.

    Args:
        model: the path of a model (`.onnx`, `.json`: docs/network-format.md, `.mlir`: any stage of the compiler); an
            onnx.ModelProto, or the bytes of one; or a torch.nn.Module.
        example_inputs: for a torch.nn.Module alone: a tensor or a tuple of them, of the shapes to compile for.
        name: the network's name, a C identifier; by default the model's.
        shapes: shapes of inputs by their names, where the model leaves sizes open: `{"x": (1, 3, 224, 224)}`.
        batch: the size of leading dimensions that the model leaves open, or "dynamic": each call chooses it.
        constants: inputs that are to be constants of the network, by their names: arrays. Needed for inputs on which
            shapes depend.
        mcpu: the processor to compile for, by LLVM's name, such as "x86-64-v3"; by default this one. Several, separated by
            commas, make a library with code for each, of which the best that a machine can run is chosen when it is loaded.
        algorithm: the algorithm of every convolution that it can compute, or a dict of them by layers' names; by default
            the cheapest for each. `toeplitz compile --help` lists them.
        fold: how convolutions are taken apart into simpler ones, "none" for not at all, or a dict by layers' names; by
            default where that is cheaper. `toeplitz compile --help` lists them.
        max_error: leaves out algorithms whose certified rounding error for a layer may be larger (docs/verification.md).
        input_range: the largest absolute value of the inputs, for `max_error`; by default 1.
        tuned: a file of times that `toeplitz compile --tune` has measured, which count before estimates.
        precise: leaves out algorithms that round more than a sum of products (winograd, strassen, fft, bf16x3).
        typical_error: keeps the estimated rounding error of the outputs, relative to the largest output, below this, by
            slower algorithms where needed; by default 6e-5; infinity sets no limit (docs/verification.md).
        target: "cpu", the default, "cuda": kernels for a GPU of NVIDIA, or "cuda,cpu": for either, as the machine has one
            (docs/gpu.md).
        gpu_arch: the oldest GPU that they are for, such as "sm_90" ("sm_90a": the only one); by default "sm_80". "emulated" runs them on the CPU.
        precision: what convolutions on a GPU may round the factors of products to, so that its tensor cores multiply them:
            "tf32", "bf16" or "f16"; by default "f32", not at all. With another one `typical_error` has no default.
        cubin: the GPUs whose machine code the library holds beside the code that the driver compiles, such as "sm_80,sm_90"
            or ["sm_80", "sm_90"]: made by ptxas of the CUDA toolkit; by default none (docs/gpu.md).
        ptxas: the path of ptxas; by default the one on PATH.
        threads: that calls compute with, the calling one counted; 0 is one for each processor. The results have the same
            bits for any number.
        progress: whether compilations of more than two seconds report on the standard error how far they are; by default
            when that is a terminal.

    Returns:
        A toeplitz.Network, to be called with arrays.

    Raises:
        toeplitz.CompileError: the model can't be compiled; the text is the compiler's, with the place in the model.
        toeplitz.RunError: the code can't be loaded or its threads not started.
        toeplitz.Error: there is no `toeplitz` executable.
        TypeError: `model` is nothing of the above.

    Warns:
        toeplitz.CompileWarning: the compiler has a reservation.
    """
    options = Options(
        name, shapes, batch, constants, mcpu, algorithm, fold, max_error, input_range, tuned, precise, typical_error,
        target, gpu_arch, precision, cubin, ptxas,
    )  # fmt: skip
    source = Model(model, example_inputs, options, progress)
    with tempfile.TemporaryDirectory(prefix="toeplitz") as folder:
        library = os.path.join(folder, library_name(model, name))
        source.compile(library)
        header = next(os.path.join(folder, file) for file in os.listdir(folder) if file.endswith(".h"))
        return Network(library, threads, CompiledModel(source, library, header))


def load(path: str | os.PathLike, threads: int = 1, *, prepare: bool = True) -> Network:
    """Loads a network from a shared library that Toeplitz made. No compiler is needed.

    Processes that load one file share its code and weights in memory.

    Args:
        path: of the library; a relative path starts at the current folder.
        threads: that calls compute with, the calling one counted; 0 is one for each processor.
        prepare: whether to read the weights from the file and to take the memory of a call now, so that the first call
            takes as long as later ones. Otherwise each is had when a call first touches it.

    Raises:
        toeplitz.RunError: the file is no network, isn't for this processor or system, or the threads can't be started.
    """
    path = os.path.abspath(path)
    return Network(path, threads, LoadedFile(path), prepare)
