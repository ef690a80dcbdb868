"""What can be compiled, and how each of it gets into a file that the compiler reads."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from .errors import CompileError

SUFFIXES = (".onnx", ".json", ".mlir")
_MAXIMUM_PROTOBUF = 2**31 - 1


@contextlib.contextmanager
def model_file(model: Any, example_inputs: Any, name: str | None) -> Iterator[tuple[str, str | None]]:
    """The file of a model, for the time of the block: its path, and the folder that the path is relative to (None for the
    current one).

    Models that aren't in a file yet are written to a folder of their own, under a name that messages can show.

    Raises:
        TypeError: `model` is nothing that can be compiled.
        toeplitz.CompileError: it can't be written.
    """
    if isinstance(model, (str, os.PathLike)):
        named = os.fspath(model)
        if os.path.splitext(named)[1] not in SUFFIXES:
            raise CompileError(f"'{named}': expected a model of one of the kinds {', '.join(SUFFIXES)}")
        # What begins with a dash would be taken for an option.
        yield os.path.abspath(named) if named.startswith("-") else named, None
        return
    with tempfile.TemporaryDirectory(prefix="toeplitz") as folder:
        stem = _file_stem(name or _own_name(model))
        path = os.path.join(folder, stem + ".onnx")
        if isinstance(model, (bytes, bytearray, memoryview)):
            pathlib.Path(path).write_bytes(model)
        elif _is_model_proto(model):
            pathlib.Path(path).write_bytes(_serialize(model))
        elif is_torch_module(model):
            from .torch_export import export

            export(model, example_inputs, path)
        else:
            raise TypeError(
                f"model: found {type(model).__name__}, expected the path of a model ({', '.join(SUFFIXES)}), "
                "an onnx.ModelProto, its bytes, or a torch.nn.Module"
            )
        yield os.path.basename(path), folder


def is_torch_module(model: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _is_model_proto(model: Any) -> bool:
    """Told by what it has: onnx is needed by those alone who use it."""
    return hasattr(model, "SerializeToString") and hasattr(model, "graph")


def library_name(model: Any, name: str | None) -> str:
    """The file name of the shared library of a model, as `toeplitz compile` would choose it."""
    if name is None and isinstance(model, (str, os.PathLike)):
        return f"lib{pathlib.Path(model).stem}.so"
    return f"lib{_file_stem(name or _own_name(model))}.so"


def _own_name(model: Any) -> str:
    if _is_model_proto(model):
        return model.graph.name or "model"
    return type(model).__name__ if is_torch_module(model) else "model"


def _file_stem(name: str) -> str:
    """A file's name for a network of that name; the compiler makes an identifier of it."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)[:100] or "model"


def _serialize(model: Any) -> bytes:
    try:
        serialized = model.SerializeToString()
    except Exception as error:  # protobuf's own exception, and ValueError, by version
        raise CompileError(
            f"the model can't be serialised ({error}); one of more than two gigabytes is compiled from its file: "
            "onnx.save_model(model, path, save_as_external_data=True)"
        ) from error
    if len(serialized) > _MAXIMUM_PROTOBUF:
        raise CompileError(
            "the model has more than two gigabytes: compile it from a file, which "
            "onnx.save_model(model, path, save_as_external_data=True) writes"
        )
    return serialized
