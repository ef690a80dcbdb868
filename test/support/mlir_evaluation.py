"""Evaluates MLIR text with the naive evaluator (pass evaluate-reference) on numpy arrays."""

import re
import subprocess

import ml_dtypes
import numpy as np

from toeplitz_process import CompilerError, find_tool

ELEMENT_TYPES = {
    np.dtype(np.float16): "f16",
    np.dtype(ml_dtypes.bfloat16): "bf16",
    np.dtype(np.float32): "f32",
    np.dtype(np.float64): "f64",
    np.dtype(np.int8): "i8",
    np.dtype(np.uint8): "i8",
    np.dtype(np.int16): "i16",
    np.dtype(np.uint16): "i16",
    np.dtype(np.int32): "i32",
    np.dtype(np.uint32): "i32",
    np.dtype(np.int64): "i64",
    np.dtype(np.uint64): "i64",
}


def tensor_type(shape, dtype):
    """The type of an array; integers are signless."""
    return f"tensor<{''.join(f'{size}x' for size in shape)}{ELEMENT_TYPES[np.dtype(dtype)]}>"


def _parse(text, shape, dtype):
    """An array from what stands in dense<...>, which is hexadecimal or one value for all elements."""
    if text.startswith('"0x'):
        return np.frombuffer(bytes.fromhex(text[3:-1]), dtype).reshape(shape)
    if text.startswith("0x"):
        bits = np.dtype(f"u{dtype.itemsize}").type(int(text, 16))
        return np.full(shape, bits.view(dtype), dtype)
    if np.issubdtype(dtype, np.integer):
        return np.full(shape, int(text)).astype(dtype)
    return np.full(shape, float(text)).astype(dtype)


def evaluate(body, inputs, results, *options, definitions=""):
    """The values of `results`, which are (name, shape, dtype), after the operations of `body`, which reads the arrays
    `inputs` by name (%name). `definitions` stands before the function: aliases of maps."""
    types = [tensor_type(shape, dtype) for _, shape, dtype in results]
    lines = [definitions, f"func.func @main() -> ({', '.join(types)}) {{"]
    resources = []
    for name, values in inputs.items():
        type_ = tensor_type(values.shape, values.dtype)
        if values.size == 0:
            lines.append(f"  %{name} = arith.constant dense<> : {type_}")
            continue
        lines.append(f"  %{name} = arith.constant dense_resource<{name}> : {type_}")
        # Four bytes of alignment, then the elements.
        resources.append(f'{name}: "0x01000000{np.ascontiguousarray(values).tobytes().hex()}"')
    names = ", ".join(f"%{name}" for name, _, _ in results)
    lines += [body, f"  return {names} : {', '.join(types)}", "}"]
    lines += ["{-# dialect_resources: { builtin: {", ",\n".join(resources), "} } #-}"]
    command = [find_tool("toeplitz-opt"), f"--evaluate-reference={' '.join(options)}"]
    command += ["--mlir-print-elementsattrs-with-hex-if-larger=0", "-o", "-"]
    process = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=600, check=False)
    if process.returncode != 0:
        raise CompilerError(process.stderr)
    constants = dict(re.findall(r"(%\w+) = arith.constant dense<(.*?)> :", process.stdout))
    returned = re.search(r"return (.*?) :", process.stdout).group(1).split(", ")
    assert len(returned) == len(results)
    return [
        _parse(constants[name], shape, np.dtype(dtype))
        if np.prod(shape) != 0
        else np.zeros(shape, dtype)
        for name, (_, shape, dtype) in zip(returned, results)
    ]
