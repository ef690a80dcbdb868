"""The few functions of the GPU's driver that tests call themselves: what the first GPU is, and memory of it."""

import ctypes
import functools
import weakref

import numpy

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


class DeviceMemory:
    """A copy of an array in the memory of the first GPU, `offset` bytes behind a multiple of 256. It is freed with this object."""

    def __init__(self, array, offset=0):
        self._start = ctypes.c_uint64()
        self._use_context()
        # (Nothing of no bytes can be allocated.)
        call("cuMemAlloc_v2", ctypes.byref(self._start), ctypes.c_size_t(array.nbytes + offset + 1))
        weakref.finalize(self, open_driver().cuMemFree_v2, self._start)
        self.address = self._start.value + offset
        self.write(array)

    @staticmethod
    def _use_context():
        call("cuCtxSetCurrent", retain_context())

    def write(self, array):
        array = numpy.ascontiguousarray(array)
        self._use_context()
        call("cuMemcpyHtoD_v2", ctypes.c_uint64(self.address), ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes))

    def read(self, array):
        """Into a contiguous array, after all that was put into the default stream."""
        self._use_context()
        call("cuMemcpyDtoH_v2", ctypes.c_void_p(array.ctypes.data), ctypes.c_uint64(self.address), ctypes.c_size_t(array.nbytes))
