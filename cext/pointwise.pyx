# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""One pass over arrays where NumPy would need several: activations, softmax, dropout.

Arrays are C-contiguous and checked by the caller. They are cut into pieces by size alone, and no
element's result depends on its piece, so the bits do not depend on the number of threads.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport exp, expf
from libc.stdint cimport uint64_t
from libc.string cimport memset

from api cimport *
from arrays cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

ctypedef fused real:
    float
    double

# In the order of activations.h's enumeration.
ACTIVATIONS = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "sigmoid", "hard_sigmoid",
    "silu", "hard_silu", "softplus", "softsign", "tanh", "exponential", "hard_tanh",
    "hard_shrink", "soft_shrink", "tanh_shrink", "squareplus", "sparse_plus", "sparse_sigmoid",
    "mish", "log_sigmoid",
)

cdef enum:
    PIECE = 16384  # elements of one task; a multiple of PHILOX_WORDS

cdef struct call_t:
    const char *x
    const char *value
    char *out
    ptrdiff_t count, columns, itemsize, piece
    int dtype
    activation_t function
    activation_gradient_t gradient
    double alpha
    dropout_t drop


cdef int run(task_t task, call_t *call) except -1:
    """`call.count` elements or rows, in pieces, with the GIL released."""
    cdef int failed
    if call.count == 0:
        return 0
    with nogil:
        failed = api.run(task, call, (call.count + call.piece - 1) // call.piece, api.threads)
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


cdef int describe_like(array_t *to, array, int access, const array_t *like) except -1:
    """An array with the rows and columns of another one."""
    describe(to, array, 0, access)
    same_type(like, to)
    if count_elements(like) != count_elements(to) or like.size[4] != to.size[4]:
        raise ValueError(
            f"arrays must have the same number of elements and columns, got {count_elements(like)} "
            f"of {like.size[4]} and {count_elements(to)} of {to.size[4]}")
    return 0


cdef array_t start(call_t *call, x, value, out, ptrdiff_t piece) except *:
    """A call on x, `value` unless None, and `out`, element by element."""
    cdef array_t a, b
    memset(call, 0, sizeof(call_t))
    describe(&a, x, 0, READ_FLAT)
    if value is not None:
        describe_like(&b, value, READ_FLAT, &a)
        call.value = b.data
    describe_like(&b, out, WRITE_FLAT, &a)
    call.x, call.out = a.data, b.data
    call.dtype, call.itemsize = FLOAT32 if a.itemsize == 4 else FLOAT64, a.itemsize
    call.count, call.piece = count_elements(&a), piece
    return a


cdef int start_rows(call_t *call, x, value, out) except -1:
    """The same, row by row; exp makes an element of softmax cost some sixteen times a copy."""
    cdef array_t a = start(call, x, value, out, 0)
    call.columns = max(a.size[4], 1)
    call.count //= call.columns
    call.piece = max(1, PIECE // 16 // call.columns)
    return 0


# -------------------------------------------------------------------------------------- activations

def activation_code(str name not None):
    """The compiled code's number for an activation function of one element."""
    return ACTIVATIONS.index(name)


def gradient_from_output(int code):
    """Whether the derivative is a function of the activation's output (else of its input)."""
    return bool(api.gradient_from_output(checked_code(code)))


cdef int checked_code(int code) except -1:
    if not 0 <= code < ACTIVATION_COUNT:
        raise ValueError(f"code must be an activation's, got {code}")
    return code


cdef void activation_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef ptrdiff_t first = task * c.piece, count = min(c.piece, c.count - first)
    c.function(c.x + first * c.itemsize, c.itemsize, c.out + first * c.itemsize, c.itemsize, count,
               c.alpha)


cdef void gradient_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef ptrdiff_t first = task * c.piece, count = min(c.piece, c.count - first)
    c.gradient(c.x + first * c.itemsize, c.value + first * c.itemsize, c.out + first * c.itemsize,
               count, c.alpha)


def activation(int code, double alpha, x not None, out not None):
    """out = the activation of x; out may be x."""
    cdef call_t call
    start(&call, x, None, out, PIECE)
    call.function, call.alpha = api.activation(checked_code(code), call.dtype), alpha
    run(activation_task, &call)


def activation_gradient(int code, double alpha, grad not None, value not None, out not None):
    """out = grad times the derivative at `value` (see `gradient_from_output`); out may be grad."""
    cdef call_t call
    start(&call, grad, value, out, PIECE)
    call.gradient, call.alpha = api.activation_gradient(checked_code(code), call.dtype), alpha
    run(gradient_task, &call)


# ------------------------------------------------------------------------------------------ softmax

cdef inline void softmax_row(const real *x, real *y, ptrdiff_t columns) noexcept nogil:
    cdef real largest = x[0]
    cdef double total = 0
    cdef ptrdiff_t j
    for j in range(1, columns):
        largest = x[j] if x[j] > largest else largest
    for j in range(columns):
        y[j] = expf(x[j] - largest) if real is float else exp(x[j] - largest)
        total += y[j]
    for j in range(columns):
        y[j] = <real>(y[j] / total)


cdef void softmax_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef ptrdiff_t row, at
    for row in range(task * c.piece, min((task + 1) * c.piece, c.count)):
        at = row * c.columns
        if c.dtype == FLOAT32:
            softmax_row(<const float *>c.x + at, <float *>c.out + at, c.columns)
        else:
            softmax_row(<const double *>c.x + at, <double *>c.out + at, c.columns)


cdef inline void softmax_gradient_row(const real *grad, const real *y, real *out,
                                      ptrdiff_t columns) noexcept nogil:
    cdef double product = 0
    cdef ptrdiff_t j
    for j in range(columns):
        product += <double>grad[j] * y[j]
    for j in range(columns):
        out[j] = <real>(y[j] * (grad[j] - product))


cdef void softmax_gradient_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef ptrdiff_t row, at
    for row in range(task * c.piece, min((task + 1) * c.piece, c.count)):
        at = row * c.columns
        if c.dtype == FLOAT32:
            softmax_gradient_row(<const float *>c.x + at, <const float *>c.value + at,
                                 <float *>c.out + at, c.columns)
        else:
            softmax_gradient_row(<const double *>c.x + at, <const double *>c.value + at,
                                 <double *>c.out + at, c.columns)


def softmax(x not None, out not None):
    """Rows of out = exp(x) over its sum, x shifted by its maximum; sums in double, j ascending."""
    cdef call_t call
    start_rows(&call, x, None, out)
    run(softmax_task, &call)


def softmax_gradient(grad not None, y not None, out not None):
    """out = y * (grad - sum of grad * y over the row), y being softmax's result."""
    cdef call_t call
    start_rows(&call, grad, y, out)
    run(softmax_gradient_task, &call)


# ------------------------------------------------------------------------------------------ dropout

cdef void dropout_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef dropout_t d = c.drop
    d.first = task * c.piece
    d.end = min(d.first + c.piece, c.count)
    api.kernels[c.dtype].dropout(&d)


def dropout(x not None, out not None, double rate, uint64_t seed, uint64_t step):
    """out = x times 0 with probability `rate`, else times 1 / (1 - rate); out may be x.

    Which elements are dropped depends on (seed, step, position) alone: random bits are
    Philox4x32-10's. The same call on a gradient is dropout's gradient.
    """
    cdef call_t call
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
    start(&call, x, None, out, PIECE)
    call.drop.x, call.drop.y = call.x, call.out
    call.drop.seed, call.drop.step = seed, step
    call.drop.threshold, call.drop.scale = <uint32_t>(rate * 4294967296.0), 1 / (1 - rate)
    run(dropout_task, &call)
