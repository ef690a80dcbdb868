"""From a torch.nn.Module to an ONNX file, by PyTorch's own exporters. Nothing else of this package imports torch."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

from .errors import CompileError


def export(module: Any, example_inputs: Any, path: str) -> None:
    """Writes `module` as it computes on `example_inputs`, a tensor or a tuple of them, to `path`.

    The module is exported as for inference (`module.eval()`) and left in the mode that it was in. The newer exporter is
    taken where its package onnxscript is installed, else the one by TorchScript.

    Raises:
        TypeError: there are no example inputs.
        toeplitz.CompileError: PyTorch can't export the module; its message is part of this one.
    """
    import torch

    if example_inputs is None:
        raise TypeError("a torch.nn.Module needs example_inputs, a tensor or a tuple of them: their shapes are compiled")
    if not isinstance(example_inputs, tuple):
        example_inputs = tuple(example_inputs) if isinstance(example_inputs, list) else (example_inputs,)
    is_new = importlib.util.find_spec("onnxscript") is not None
    was_training = module.training
    module.eval()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, about its own future
            with torch.no_grad():
                torch.onnx.export(module, example_inputs, path, dynamo=is_new, verbose=False)
    except Exception as error:
        raise CompileError(f"PyTorch can't export the module {type(module).__name__}: {error}") from error
    finally:
        module.train(was_training)
