# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Statistics of matrices, and normalization by them: see simd/norm.h.

Arrays are C-contiguous and checked by the caller. Where rows are summed, they are cut into runs by
shape alone, at most RUNS, and what the runs come to is merged in order: the bits do not depend on
the number of threads.
"""
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.string cimport memset

from api cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

ctypedef fused real:
    float
    double

cdef enum:
    RUNS = 64

# An operation on all rows: each task takes `step` of them.
cdef struct call_t:
    norm_t whole
    norm_kernel_t kernel
    ptrdiff_t itemsize, step
    bint runs                  # sums are of columns, one set for each task; else of rows


cdef void norm_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef norm_t part = c.whole
    cdef ptrdiff_t first = task * c.step, offset = first * part.columns * c.itemsize
    part.rows = min(c.step, part.rows - first)
    part.x += offset
    part.dy += offset
    part.y += offset
    for i in range(2):
        part.sums[i] += task * part.columns if c.runs else first
    c.kernel(&part)


cdef call_t new_call(int dtype, ptrdiff_t rows, ptrdiff_t columns):
    cdef call_t call
    memset(&call, 0, sizeof(call))
    call.itemsize = sizeof(float) if dtype == FLOAT32 else sizeof(double)
    call.whole.rows, call.whole.columns = rows, columns
    call.step = max(NORM_BLOCK // columns, 1)
    return call


cdef int run(call_t *call) except -1:
    cdef int failed
    cdef ptrdiff_t tasks = (call.whole.rows + call.step - 1) // call.step
    with nogil:
        failed = api.run(norm_task, call, tasks, api.threads)
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


cdef int check(const Py_ssize_t *shape, const Py_ssize_t *other) except -1:
    if shape[0] != other[0] or shape[1] != other[1]:
        raise ValueError("arrays must have the same sizes")
    return 0


cdef int check_columns(ptrdiff_t columns, ptrdiff_t size) except -1:
    if columns != size:
        raise ValueError(f"a parameter must have {columns} elements, got {size}")
    return 0


cdef ptrdiff_t begin_runs(call_t *call) except -1:
    """Cut the rows into runs, each with sums of its own; how many there are."""
    cdef ptrdiff_t runs
    cdef ptrdiff_t rows = call.whole.rows, columns = call.whole.columns
    call.runs = True
    call.step = max(call.step, (rows + RUNS - 1) // RUNS)
    runs = (rows + call.step - 1) // call.step
    call.whole.sums[0] = <double *>PyMem_Malloc(2 * runs * columns * sizeof(double))
    if call.whole.sums[0] == NULL:
        raise MemoryError("no memory for sums of runs")
    call.whole.sums[1] = call.whole.sums[0] + runs * columns
    return runs


# ------------------------------------------------------------------------------------------ columns

def column_moments(const real[:, ::1] x not None, double[::1] mean not None,
                   double[::1] variance not None):
    """Of each column of x (at least one row), the variance being that of all rows."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    cdef ptrdiff_t rows = x.shape[0], columns = x.shape[1], runs, i, j, first, count
    cdef double apart, share
    check_columns(columns, mean.size)
    check_columns(columns, variance.size)
    if rows == 0 or columns == 0:
        raise ValueError(f"x must have rows and columns, got {rows} x {columns}")
    cdef call_t call = new_call(dtype, rows, columns)
    call.kernel = api.kernels[dtype].norm_moments
    call.whole.x = <const char *>&x[0, 0]
    runs = begin_runs(&call)
    try:
        run(&call)
        for j in range(columns):
            mean[j], variance[j] = call.whole.sums[0][j], call.whole.sums[1][j]
        for i in range(1, runs):
            first = i * call.step
            count = min(call.step, rows - first)
            share = <double>count / <double>(first + count)
            for j in range(columns):
                apart = call.whole.sums[0][i * columns + j] - mean[j]
                variance[j] += (call.whole.sums[1][i * columns + j]
                                + apart * apart * <double>first * share)
                mean[j] += apart * share
        for j in range(columns):
            variance[j] /= rows
    finally:
        PyMem_Free(call.whole.sums[0])


def column_products(const real[:, ::1] dy not None, const real[:, ::1] x not None,
                    const real[::1] mean not None, double[::1] total not None,
                    double[::1] product not None):
    """Sums over rows: total of dy, product of dy * (x - mean)."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    cdef ptrdiff_t columns = x.shape[1], runs, i, j
    check(x.shape, dy.shape)
    check_columns(columns, mean.size)
    check_columns(columns, total.size)
    check_columns(columns, product.size)
    total[:] = 0
    product[:] = 0
    if x.size == 0:
        return
    cdef call_t call = new_call(dtype, x.shape[0], columns)
    call.kernel = api.kernels[dtype].norm_products
    call.whole.x, call.whole.dy = <const char *>&x[0, 0], <const char *>&dy[0, 0]
    call.whole.p[0] = <const char *>&mean[0]
    runs = begin_runs(&call)
    try:
        run(&call)
        for i in range(runs):
            for j in range(columns):
                total[j] += call.whole.sums[0][i * columns + j]
                product[j] += call.whole.sums[1][i * columns + j]
    finally:
        PyMem_Free(call.whole.sums[0])


def column_scale(const real[:, ::1] x not None, const real[:, ::1] parameters not None,
                 real[:, ::1] out not None):
    """out = (x - mean) * scale + shift; parameters are mean, scale, shift."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    check(x.shape, out.shape)
    check_columns(x.shape[1], parameters.shape[1])
    check_columns(3, parameters.shape[0])
    if x.size == 0:
        return
    cdef call_t call = new_call(dtype, x.shape[0], x.shape[1])
    call.kernel = api.kernels[dtype].norm_scale
    call.whole.x, call.whole.y = <const char *>&x[0, 0], <char *>&out[0, 0]
    for i in range(3):
        call.whole.p[i] = <const char *>&parameters[i, 0]
    run(&call)


def column_slope(const real[:, ::1] dy not None, const real[:, ::1] x not None,
                 const real[:, ::1] parameters not None, real[:, ::1] out not None):
    """out = (dy - level - (x - mean) * tilt) * scale; parameters are mean, scale, level, tilt."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    check(x.shape, out.shape)
    check(x.shape, dy.shape)
    check_columns(x.shape[1], parameters.shape[1])
    check_columns(4, parameters.shape[0])
    if x.size == 0:
        return
    cdef call_t call = new_call(dtype, x.shape[0], x.shape[1])
    call.kernel = api.kernels[dtype].norm_slope
    call.whole.x, call.whole.dy = <const char *>&x[0, 0], <const char *>&dy[0, 0]
    call.whole.y = <char *>&out[0, 0]
    for i in range(4):
        call.whole.p[i] = <const char *>&parameters[i, 0]
    run(&call)


# --------------------------------------------------------------------------------------------- rows

def rows(const real[:, ::1] x not None, double epsilon, real[:, ::1] out not None,
         double[::1] inverse not None):
    """Each row to mean 0 and variance 1: out = (x - mean) * inverse, 1/sqrt(variance + epsilon)."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    check(x.shape, out.shape)
    check_columns(x.shape[0], inverse.size)
    if x.size == 0:
        return
    cdef call_t call = new_call(dtype, x.shape[0], x.shape[1])
    call.kernel = api.kernels[dtype].norm_rows
    call.whole.x, call.whole.y = <const char *>&x[0, 0], <char *>&out[0, 0]
    call.whole.sums[0], call.whole.epsilon = &inverse[0], epsilon
    run(&call)


def rows_slope(const real[:, ::1] dy not None, const real[:, ::1] y not None,
               double[::1] inverse not None, real[:, ::1] out not None):
    """The gradient of `rows`, whose results y and inverse are."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    check(y.shape, out.shape)
    check(y.shape, dy.shape)
    check_columns(y.shape[0], inverse.size)
    if y.size == 0:
        return
    cdef call_t call = new_call(dtype, y.shape[0], y.shape[1])
    call.kernel = api.kernels[dtype].norm_rows_slope
    call.whole.x, call.whole.dy = <const char *>&y[0, 0], <const char *>&dy[0, 0]
    call.whole.y = <char *>&out[0, 0]
    call.whole.sums[0] = &inverse[0]
    run(&call)
