"""The few functions of the GPU's driver that tests call themselves: what the first GPU is, and memory of it."""

import contextlib
import ctypes
import functools
import weakref

# CUdevice_attribute of cuda.h.
COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR = 75, 76


class DriverError(Exception):
    """There is no driver or no GPU, or a call of the driver failed."""


@functools.cache
def open_driver():
    """The initialised driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise DriverError(f"no GPU driver: {error}") from None
    check(driver, "cuInit", 0)
    return driver


def check(driver, name, *arguments):
    if status := getattr(driver, name)(*arguments):
        text = ctypes.c_char_p()
        driver.cuGetErrorName(status, ctypes.byref(text))
        raise DriverError(f"{name}: {text.value.decode() if text.value else status}")


def call(name, *arguments):
    check(open_driver(), name, *arguments)


def find_device():
    """The number of the first GPU."""
    device = ctypes.c_int()
    call("cuDeviceGet", ctypes.byref(device), 0)
    return device


def find_capability():
    """Of the first GPU: (9, 0) of an H100."""
    device, number = find_device(), ctypes.c_int()
    capability = []
    for attribute in (COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR):
        call("cuDeviceGetAttribute", ctypes.byref(number), attribute, device)
        capability.append(number.value)
    return tuple(capability)


@functools.cache
def retain_context():
    """Makes the primary context of the first GPU, which networks compute in, and holds it until the process ends: making it takes longer
    than most tests."""
    context = ctypes.c_void_p()
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), find_device())
    return context


@contextlib.contextmanager
def use_context():
    call("cuCtxPushCurrent_v2", retain_context())
    try:
        yield
    finally:
        call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


def is_lost():
    """Whether a kernel has failed. No call of this process that needs the context succeeds after that."""
    try:
        with use_context():
            call("cuStreamSynchronize", None)
    except DriverError:
        return True
    return False


class DeviceMemory:
    """A copy of an array in the memory of the first GPU, `offset` bytes behind a multiple of 256. It is freed with this object."""

    def __init__(self, array, offset=0):
        start = ctypes.c_uint64()
        with use_context():
            # (Nothing of no bytes can be allocated.)
            call("cuMemAlloc_v2", ctypes.byref(start), ctypes.c_size_t(array.nbytes + offset + 1))
        weakref.finalize(self, self._free, start)
        self.address = start.value + offset
        self.write(array)

    @staticmethod
    def _free(start):
        with use_context():
            call("cuMemFree_v2", start)

    def write(self, array):
        self._copy("cuMemcpyHtoDAsync_v2", ctypes.c_uint64(self.address), ctypes.c_void_p(array.ctypes.data), array)

    def read(self, array):
        """After all that was put into the default stream."""
        self._copy("cuMemcpyDtoHAsync_v2", ctypes.c_void_p(array.ctypes.data), ctypes.c_uint64(self.address), array)

    @staticmethod
    def _copy(function, target, source, array):
        assert array.flags.c_contiguous
        with use_context():
            if array.nbytes:
                call(function, target, source, ctypes.c_size_t(array.nbytes), None)
            call("cuStreamSynchronize", None)
