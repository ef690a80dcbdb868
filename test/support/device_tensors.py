"""Tensors in the memory of the GPU that the tests run on, handed out by DLPack: the machine's, or the CPU's, which is that of an
emulated GPU."""

import numpy
from cuda_driver import DeviceMemory
from dlpack_producer import CPU, CUDA, Producer, aligned
from gpu_target import IS_EMULATED

DEVICE = (CPU, 0) if IS_EMULATED else (CUDA, 0)


class DeviceProducer(Producer):
    """A copy of `array` on the first GPU, `offset` bytes behind an aligned address."""

    def __init__(self, array, offset=0, **options):
        super().__init__(numpy.array(array, order="C"), **{"device": DEVICE, **options})
        self._memory = DeviceMemory(self.array, offset)

    def address(self):
        return self._memory.address

    def read(self):
        self._memory.read(self.array)
        return self.array

    def write(self, values):
        super().write(values)
        self._memory.write(self.array)


def put_on_device(array, offset=0, **options):
    """A Producer (with its options) of a copy of the array, `offset` bytes behind an aligned address."""
    if not IS_EMULATED:
        return DeviceProducer(array, offset, **options)
    copy = aligned(array.shape, array.dtype, offset)
    copy[...] = array
    return Producer(copy, **options)
