# cython: language_level=3, cdivision=True
"""What follows a sum: its activation."""
from libc.math cimport INFINITY

from api cimport *


cdef inline activation_t activation_after(const api_t *api, tuple activation, ptrdiff_t itemsize,
                                          edge_t *edge, double *alpha) except *:
    """The function for a pass over a block that is still in cache; NULL where there is nothing to
    do, or where `edge`, in registers, does it: ReLU and ReLU6."""
    cdef int kind
    kind, alpha[0] = activation
    if kind == RELU or kind == RELU6:
        edge.clamp, edge.low, edge.high = True, 0, 6 if kind == RELU6 else INFINITY
    elif kind >= 0:
        return api.activation(kind, FLOAT32 if itemsize == sizeof(float) else FLOAT64)
    return NULL
