"""`python -m toeplitz` and the command `toeplitz` of an installed package: the executable, with the same arguments."""

import os
import sys

from .errors import Error
from .executable import find_executable


def main() -> None:
    try:
        executable = find_executable()
    except Error as error:
        sys.exit(f"error: {error}")
    os.execv(executable, ["toeplitz", *sys.argv[1:]])


if __name__ == "__main__":
    main()
