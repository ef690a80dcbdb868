"""The GPU that tests compile networks for and run them on.

By default it is emulated, which any machine can do. Where the variable TOEPLITZ_TEST_GPU names an architecture, as --gpu-arch does
(sm_90), it is the first GPU of this machine, and the same tests run there through its driver. Those of products by warpgroups need sm_90a.

Use: gpu_target.py prints the name for the GPU of this machine, or says why there is none.
"""

import os
import re
import sys

import pytest
from cuda_driver import DriverError, find_capability

ARCHITECTURE = os.environ.get("TOEPLITZ_TEST_GPU") or "emulated"
IS_EMULATED = ARCHITECTURE == "emulated"
ON_GPU = ("--target=cuda", f"--gpu-arch={ARCHITECTURE}")
# In emulation every access to a block's memory is watched, so that a missing barrier fails.
CHECKED = ("--target=cuda", "--gpu-arch=emulated-checked") if IS_EMULATED else ON_GPU
# The same for a GPU whose warpgroups multiply matrices.
HAS_WARPGROUPS = IS_EMULATED or ARCHITECTURE == "sm_90a"
ON_SM90A = ("--target=cuda", "--gpu-arch=emulated-sm_90a") if IS_EMULATED else ON_GPU
SM90A_CHECKED = ("--target=cuda", "--gpu-arch=emulated-checked-sm_90a") if IS_EMULATED else ON_GPU


def only_in_emulation(reason):
    """Marks a test that a GPU can't run."""
    return pytest.mark.skipif(not IS_EMULATED, reason=f"runs on the machine's GPU: {reason}")


# A few shapes are computed by emulation, which takes each thread's steps in turn, and many larger ones by a GPU.
def by_speed(emulated, real):
    """A size or number of cases: what emulation has time for, and what a GPU has."""
    return emulated if IS_EMULATED else real


def find_architecture():
    """The newest that both the machine's GPU and the tests know."""
    major, minor = find_capability()
    if (major, minor) < (8, 0):
        raise DriverError(f"the GPU has compute capability {major}.{minor}, kernels need 8.0")
    if (major, minor) == (9, 0):
        return "sm_90a"
    return "sm_90" if major >= 9 else "sm_80"


def check_machine():
    """Fails unless what TOEPLITZ_TEST_GPU names can run here."""
    if IS_EMULATED:
        return
    name = re.fullmatch(r"sm_(\d+)(\d)(a?)", ARCHITECTURE)
    if not name:
        raise DriverError(f"'{ARCHITECTURE}' is no GPU, such as sm_90")
    *needed, exact = name.groups()
    found, needed = find_capability(), tuple(map(int, needed))
    if found < needed or (exact and found != needed):
        raise DriverError("the GPU has compute capability {}.{}".format(*find_capability()))


def main():
    try:
        print(find_architecture())
    except DriverError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
