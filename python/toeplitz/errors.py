"""What can go wrong, as exceptions. All of them are a toeplitz.Error."""

from __future__ import annotations


class Error(Exception):
    """The base of everything that this package raises on its own account."""


class CompileError(Error):
    """The compiler refused a model; the text is its message, with the place in the model.

    Attributes:
        status: the exit status of the compiler: 1 when it refused the model, another number when it failed itself.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self):
        return CompileError, (str(self), self.status)


class CompileWarning(UserWarning):
    """The compiler took a model, with a reservation that its text states."""


class RunError(Error):
    """A compiled network can't be loaded or run."""


class InputError(RunError, ValueError):
    """An input has a wrong name, element type or shape, or is missing."""
