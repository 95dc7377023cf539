# cython: language_level=3, cdivision=True
"""Arrays as drivers see them: five axes, strides in bytes, elements of 4 or 8 bytes.

An array is read by Python's buffer protocol; a typed memory view would take five times as long,
which is most of the time of a small call, and one body for each element type.
"""
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)

cdef enum:
    AXES = 5
    ALIGNMENT = 64
    READ = PyBUF_STRIDES
    WRITE = PyBUF_STRIDES | PyBUF_WRITABLE
    READ_FLAT = PyBUF_C_CONTIGUOUS
    WRITE_FLAT = PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE


cdef struct array_t:
    char *data
    ptrdiff_t size[AXES]
    ptrdiff_t step[AXES]
    ptrdiff_t itemsize


cdef inline int describe(array_t *to, array, int leading, int access) except -1:
    """An array that the caller keeps alive; axes that it lacks are inserted at axis `leading`.

    An axis of one element may have any stride, which must not matter. `access` is READ, WRITE, or
    one of those that refuse what is not C-contiguous.
    """
    cdef Py_buffer buffer
    cdef int axis, at, missing
    PyObject_GetBuffer(array, &buffer, access)
    missing = AXES - buffer.ndim
    if missing >= 0:
        to.data, to.itemsize = <char *>buffer.buf, buffer.itemsize
        for axis in range(AXES):
            to.size[axis], to.step[axis] = 1, 0
        for axis in range(buffer.ndim):
            at = axis if axis < leading else axis + missing
            to.size[at] = buffer.shape[axis]
            if buffer.shape[axis] > 1:
                to.step[at] = buffer.strides[axis]
    PyBuffer_Release(&buffer)
    if missing < 0:
        raise ValueError(f"an array must have at most {AXES} axes, got {AXES - missing}")
    return 0


cdef inline int same_type(const array_t *a, const array_t *b) except -1:
    if a.itemsize != b.itemsize:
        raise ValueError(
            f"arrays must have elements of one size, got {a.itemsize} and {b.itemsize} bytes")
    return 0


cdef inline int matrix(array_t *to, array, int access, const array_t *like) except -1:
    """Rows and columns of float32 or float64, as many as another matrix has unless that is NULL."""
    describe(to, array, 0, access)
    if to.itemsize != sizeof(float) and to.itemsize != sizeof(double):
        raise TypeError(f"arrays must be float32 or float64, got {to.itemsize} bytes an element")
    if count_elements(to) != to.size[3] * to.size[4]:
        raise ValueError("arrays must have rows and columns only")
    if like:
        same_type(to, like)
        if to.size[3] != like.size[3] or to.size[4] != like.size[4]:
            raise ValueError("arrays must have the same sizes")
    return 0


cdef inline char *aligned(void *memory) noexcept:
    """The first aligned byte of memory that is ALIGNMENT bytes larger than what is wanted."""
    return <char *>((<size_t>memory + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT)


cdef inline ptrdiff_t count_elements(const array_t *array) noexcept:
    cdef ptrdiff_t count = 1
    cdef int axis
    for axis in range(AXES):
        count *= array.size[axis]
    return count
