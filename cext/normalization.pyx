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
from arrays cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

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


cdef int run(call_t *call) except -1:
    cdef int failed
    cdef ptrdiff_t tasks = (call.whole.rows + call.step - 1) // call.step
    with nogil:
        failed = api.run(norm_task, call, tasks, api.threads)
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


cdef const kernels_t *start(call_t *call, x, dy, out) except NULL:
    """Describe the matrices, of which dy and out may be None; returns their kernels."""
    cdef array_t a, b
    memset(call, 0, sizeof(call_t))
    matrix(&a, x, READ_FLAT, NULL)
    call.whole.x, call.whole.rows, call.whole.columns = a.data, a.size[3], a.size[4]
    if dy is not None:
        matrix(&b, dy, READ_FLAT, &a)
        call.whole.dy = b.data
    if out is not None:
        matrix(&b, out, WRITE_FLAT, &a)
        call.whole.y = b.data
    call.itemsize = a.itemsize
    call.step = max(NORM_BLOCK // max(call.whole.columns, 1), 1)
    return &api.kernels[FLOAT32 if a.itemsize == sizeof(float) else FLOAT64]


cdef int set_parameters(call_t *call, array, int count) except -1:
    """`count` rows, one element for each column."""
    cdef array_t a
    cdef int i
    describe(&a, array, 0, READ_FLAT)
    check_elements(&a, count * call.whole.columns, call.itemsize)
    for i in range(count):
        call.whole.p[i] = a.data + i * call.whole.columns * call.itemsize
    return 0


cdef double *statistics(array, ptrdiff_t count, int access) except NULL:
    """`count` float64 elements."""
    cdef array_t a
    describe(&a, array, 0, access)
    check_elements(&a, count, sizeof(double))
    return <double *>a.data


cdef int check_elements(const array_t *a, ptrdiff_t count, ptrdiff_t itemsize) except -1:
    if count_elements(a) != count or a.itemsize != itemsize:
        raise ValueError(f"a parameter must have {count} elements of {itemsize} bytes, got "
                         f"{count_elements(a)} of {a.itemsize}")
    return 0


cdef bint is_empty(const call_t *call) noexcept:
    return call.whole.rows == 0 or call.whole.columns == 0


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

def column_moments(x not None, mean not None, variance not None):
    """Of each column of x (at least one row), the variance being that of all rows."""
    cdef ptrdiff_t runs, i, j, first, count, rows, columns
    cdef double apart, share
    cdef double *average
    cdef double *spread
    cdef call_t call
    call.kernel = start(&call, x, None, None).norm_moments
    rows, columns = call.whole.rows, call.whole.columns
    if is_empty(&call):
        raise ValueError(f"x must have rows and columns, got {rows} x {columns}")
    average = statistics(mean, columns, WRITE_FLAT)
    spread = statistics(variance, columns, WRITE_FLAT)
    runs = begin_runs(&call)
    try:
        run(&call)
        for j in range(columns):
            average[j], spread[j] = call.whole.sums[0][j], call.whole.sums[1][j]
        for i in range(1, runs):
            first = i * call.step
            count = min(call.step, rows - first)
            share = <double>count / <double>(first + count)
            for j in range(columns):
                apart = call.whole.sums[0][i * columns + j] - average[j]
                spread[j] += (call.whole.sums[1][i * columns + j]
                              + apart * apart * <double>first * share)
                average[j] += apart * share
        for j in range(columns):
            spread[j] /= rows
    finally:
        PyMem_Free(call.whole.sums[0])


def column_products(dy not None, x not None, mean not None, total not None, product not None):
    """Sums over rows: total of dy, product of dy * (x - mean)."""
    cdef ptrdiff_t columns, runs, i, j
    cdef double *plain
    cdef double *times
    cdef call_t call
    call.kernel = start(&call, x, dy, None).norm_products
    columns = call.whole.columns
    set_parameters(&call, mean, 1)
    plain = statistics(total, columns, WRITE_FLAT)
    times = statistics(product, columns, WRITE_FLAT)
    for j in range(columns):
        plain[j] = times[j] = 0
    if is_empty(&call):
        return
    runs = begin_runs(&call)
    try:
        run(&call)
        for i in range(runs):
            for j in range(columns):
                plain[j] += call.whole.sums[0][i * columns + j]
                times[j] += call.whole.sums[1][i * columns + j]
    finally:
        PyMem_Free(call.whole.sums[0])


def column_scale(x not None, parameters not None, out not None):
    """out = (x - mean) * scale + shift; parameters are mean, scale, shift."""
    cdef call_t call
    call.kernel = start(&call, x, None, out).norm_scale
    set_parameters(&call, parameters, 3)
    if not is_empty(&call):
        run(&call)


def column_slope(dy not None, x not None, parameters not None, out not None):
    """out = (dy - level - (x - mean) * tilt) * scale; parameters are mean, scale, level, tilt."""
    cdef call_t call
    call.kernel = start(&call, x, dy, out).norm_slope
    set_parameters(&call, parameters, 4)
    if not is_empty(&call):
        run(&call)


# --------------------------------------------------------------------------------------------- rows

def rows(x not None, double epsilon, out not None, inverse not None):
    """Each row to mean 0 and variance 1: out = (x - mean) * inverse, 1/sqrt(variance + epsilon)."""
    cdef call_t call
    call.kernel = start(&call, x, None, out).norm_rows
    call.whole.sums[0] = statistics(inverse, call.whole.rows, WRITE_FLAT)
    call.whole.epsilon = epsilon
    if not is_empty(&call):
        run(&call)


def rows_slope(dy not None, y not None, inverse not None, out not None):
    """The gradient of `rows`, whose results y and inverse are."""
    cdef call_t call
    call.kernel = start(&call, y, dy, out).norm_rows_slope
    call.whole.sums[0] = statistics(inverse, call.whole.rows, READ_FLAT)
    if not is_empty(&call):
        run(&call)
