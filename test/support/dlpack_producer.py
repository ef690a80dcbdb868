"""A library whose tensors leave it by DLPack alone, written by its header, dlpack.h, with every field a test's to choose."""

import ctypes

import numpy

CPU, CUDA = 1, 2
_CODES = {"i": 0, "u": 1, "f": 2, "c": 5, "b": 6}

_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_get_name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Managed(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("manager_ctx", ctypes.c_void_p), ("deleter", _Deleter)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager_ctx", ctypes.c_void_p),
        ("deleter", _Deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


class Producer:
    """The memory of `array` as a tensor of this library.

    Args:
        device: type and number.
        versioned: whether the library knows the keyword max_version and hands out the versioned capsule.
        strided: whether it says strides, which may be NULL for contiguous tensors.
        fields: of the structures, in the place of what is true: `lanes`, `flags`, `major`, `device_type`, …
    """

    def __init__(self, array, device=(CPU, 0), versioned=True, strided=True, error=None, **fields):
        self.array = array
        self.device = device
        self.versioned = versioned
        self.strided = strided
        self.error = error
        self.fields = fields
        self.asked = []
        self.deleted = 0
        self.capsules = []
        self._kept = []

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **options):
        if not self.versioned and "max_version" in options:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        self.asked.append(options)
        if self.error:
            raise self.error
        managed = self._describe()
        name = b"dltensor_versioned" if self.versioned else b"dltensor"
        self._kept += [managed, name]
        capsule = _new_capsule(ctypes.addressof(managed), name, None)
        self.capsules.append(capsule)
        return capsule

    def address(self):
        return self.array.ctypes.data

    def read(self):
        """What lies there now."""
        return self.array

    def write(self, values):
        self.array[...] = values

    def names(self):
        """Of the capsules that were handed out."""
        return [_get_name(capsule) for capsule in self.capsules]

    def _describe(self):
        array = self.array
        managed = Versioned(major=1, minor=0) if self.versioned else Managed()
        tensor = managed.tensor
        tensor.data = self.address()
        tensor.device_type, tensor.device_id = self.device
        tensor.ndim = array.ndim
        tensor.code, tensor.bits, tensor.lanes = _CODES[array.dtype.kind], 8 * array.dtype.itemsize, 1
        tensor.shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        if self.strided:
            tensor.strides = (ctypes.c_int64 * array.ndim)(*(stride // array.dtype.itemsize for stride in array.strides))
        for name, value in self.fields.items():
            setattr(tensor if hasattr(tensor, name) else managed, name, value)
        address = ctypes.addressof(managed)

        def delete(found):
            assert found == address
            self.deleted += 1

        managed.deleter = _Deleter(delete)
        self._kept.append(managed.deleter)
        return managed


def aligned(shape, dtype=numpy.float32, offset=0, alignment=64):
    """An array of zeros that begins `offset` bytes behind a multiple of the alignment."""
    size = int(numpy.prod(shape)) * numpy.dtype(dtype).itemsize
    memory = numpy.zeros(size + alignment + offset, numpy.uint8)
    start = -memory.ctypes.data % alignment + offset
    return memory[start : start + size].view(dtype).reshape(shape)
