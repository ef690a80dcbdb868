"""Reads a JSON network description: its layers in an order in which they can be computed, and its weights as float32 arrays."""

import json
import pathlib

import numpy as np

from random_weights import random_weight


NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def read_safetensors(path):
    """The tensors of a .safetensors file as float32 (numpy itself has no bfloat16)."""
    data = pathlib.Path(path).read_bytes()
    header_size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_size])
    tensors = {}
    for key, entry in header.items():
        if key == "__metadata__" or entry["dtype"] not in ("BF16", *NUMPY_TYPES):
            continue
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        raw = data[begin:end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, NUMPY_TYPES[entry["dtype"]])
        tensors[key] = values.astype(np.float32).reshape(entry["shape"])
    return tensors


class NetworkDescription:
    """`layers` are the description's, each with "inputs" filled in, every layer after those it reads."""

    def __init__(self, description, directory="."):
        self.name = description.get("name", "network")
        self.inputs = {entry["name"]: tuple(entry["shape"]) for entry in description["inputs"]}
        self.layers = self._ordered(self._with_inputs(description["layers"]))
        self.outputs = description.get("outputs") or [description["layers"][-1]["name"]]
        source = description.get("weights")
        self._seed = source["random"] if isinstance(source, dict) else None
        self._sparsity = source.get("sparsity", 0.0) if isinstance(source, dict) else 0.0
        self._tensors = read_safetensors(pathlib.Path(directory) / source) if isinstance(source, str) else {}

    @classmethod
    def load(cls, path):
        path = pathlib.Path(path)
        return cls(json.loads(path.read_text()), path.parent)

    def _with_inputs(self, layers):
        result = []
        previous = next(iter(self.inputs))
        for layer in layers:
            result.append({**layer, "inputs": list(layer.get("inputs", [previous]))})
            previous = layer["name"]
        return result

    def _ordered(self, layers):
        by_name = {layer["name"]: layer for layer in layers}
        done, order = set(self.inputs), []

        # Without recursion: a network can be thousands of layers deep.
        for layer in layers:
            stack = [layer]
            while stack:
                top = stack[-1]
                missing = [name for name in top["inputs"] if name not in done]
                if top["name"] in done:
                    stack.pop()
                elif missing:
                    stack.append(by_name[missing[0]])
                    if len(stack) > len(layers):
                        raise ValueError(f"layer '{top['name']}' depends on itself")
                else:
                    done.add(top["name"])
                    order.append(top)
                    stack.pop()
        return order

    def weight(self, layer, part, shape, fan_in=None):
        """The weight `part` of a layer: written in the description, from the file, or random."""
        written = layer.get(part)
        if written is not None and not isinstance(written, bool):
            return np.array(written, np.float32).reshape(shape)
        key = f"{layer['name']}.{part}"
        if self._seed is not None:
            return random_weight(key, self._seed, shape, fan_in, layer["op"], self._sparsity)
        return self._tensors[key].reshape(shape)
