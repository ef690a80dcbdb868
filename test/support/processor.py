"""What the processor can do that the tests run on."""

import pathlib

import pytest


def processor_flags():
    """As Linux names them; none where there is no such list."""
    path = pathlib.Path("/proc/cpuinfo")
    return set(path.read_text().split()) if path.exists() else set()


def has_tiles():
    """Whether what is compiled for this processor may use AMX (compiler/Analysis/TargetDescription.cpp)."""
    return {"amx_tile", "amx_bf16", "avx512_bf16"} <= processor_flags()


# --mcpu=sapphirerapids has more than what the kernels need.
needs_tiles = pytest.mark.skipif(
    not has_tiles() or "avx512_fp16" not in processor_flags(), reason="this processor has no AMX"
)
