"""The memory that runs of a network compute in."""

from __future__ import annotations

import collections

import numpy

ALIGNMENT = 64
"""Of a workspace, in bytes: TOEPLITZ_ALIGNMENT of runtime/toeplitz.h."""


class WorkspacePool:
    """Workspaces that runs borrow, so that threads side by side have one each and none is allocated twice.

    As many stay as were ever used at the same time, up to `limit`; the rest is given back to the system.
    """

    def __init__(self, limit: int = 16) -> None:
        # deque's append and pop are atomic: no lock.
        self._idle: collections.deque[_Workspace] = collections.deque(maxlen=limit)

    def borrow(self, size: int) -> _Loan:
        """A context whose value is the address of at least `size` bytes, nobody else's until its end. Raises MemoryError."""
        try:
            workspace = self._idle.pop()
            if workspace.size >= size:
                return _Loan(self._idle, workspace)
        except IndexError:
            pass
        return _Loan(self._idle, _Workspace(size))


class _Workspace:
    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = numpy.empty(size + ALIGNMENT, numpy.uint8)
        self.address = -(-self._memory.ctypes.data // ALIGNMENT) * ALIGNMENT


class _Loan:
    """A class of its own rather than a generator: it is a part of every call."""

    def __init__(self, idle: collections.deque[_Workspace], workspace: _Workspace) -> None:
        self._idle = idle
        self._workspace = workspace

    def __enter__(self) -> int:
        return self._workspace.address

    def __exit__(self, *_: object) -> None:
        self._idle.append(self._workspace)
