# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Losses of rows and their gradients, in one pass over each row.

Arrays (N, C) are C-contiguous and checked by the caller. Sums over a row are in double, columns
ascending. Rows are few and short beside a network's work: the calling thread computes them.
"""
from libc.math cimport INFINITY, exp, fabs, log, log1p

from api cimport floatstate_flush, floatstate_restore, floatstate_t

ctypedef fused real:
    float
    double

cdef double EPSILON = 1e-7  # Keras's: probabilities are clipped to [EPSILON, 1 - EPSILON]


cdef inline double lowest(const real *_) noexcept nogil:
    """The clip's ends are rounded to the element type: in float32, 1 - 1.2e-7."""
    return <double>(<real>EPSILON)


cdef inline double highest(const real *_) noexcept nogil:
    return <double>(<real>(1 - EPSILON))


cdef inline bint inside(double p, double low, double high) noexcept nogil:
    """Whether clipping leaves p alone, which makes its gradient 1 (else 0). NaN stays NaN."""
    return not (p < low or p > high)


cdef inline double clipped(double p, double low, double high) noexcept nogil:
    return low if p < low else high if p > high else p


cdef inline double of_probabilities(const real *t, const real *y, real *grad,
                                    ptrdiff_t columns) noexcept nogil:
    """-sum t log(clip(y / sum y)), and its gradient in y unless grad is NULL."""
    cdef double total = 0, loss = 0, inner = 0, p, low = lowest(y), high = highest(y)
    cdef ptrdiff_t j
    for j in range(columns):
        total += y[j]
    for j in range(columns):
        p = y[j] / total
        loss -= t[j] * log(clipped(p, low, high))
        inner += t[j] if inside(p, low, high) else 0
    if grad != NULL:
        for j in range(columns):
            p = y[j] / total
            grad[j] = <real>(((-t[j] / p if inside(p, low, high) else 0) + inner) / total)
    return loss


cdef inline double of_logits(const real *t, const real *x, real *grad,
                             ptrdiff_t columns) noexcept nogil:
    """-sum t log(softmax(x)), the maximum subtracted first; its gradient softmax(x) sum t - t.

    A column that is no target adds nothing even at -inf, where 0 * inf would be NaN.
    """
    cdef double largest = x[0], total = 0, loss = 0, targets = 0, log_total
    cdef ptrdiff_t j
    for j in range(1, columns):
        largest = x[j] if x[j] > largest else largest
    for j in range(columns):
        total += exp(x[j] - largest)
        targets += t[j]
    log_total = log(total)
    for j in range(columns):
        if t[j] != 0 or x[j] != -INFINITY:
            loss += t[j] * (log_total - (x[j] - largest))
    if grad != NULL:
        for j in range(columns):
            grad[j] = <real>(exp(x[j] - largest) / total * targets - t[j])
    return loss


cdef inline double of_binary(const real *t, const real *y, real *grad, ptrdiff_t columns,
                             bint from_logits) noexcept nogil:
    """The mean over columns of -(t log p + (1 - t) log(1 - p)), p = y clipped or sigmoid(y)."""
    cdef double loss = 0, p, slope, low = lowest(y), high = highest(y)
    cdef ptrdiff_t j
    for j in range(columns):
        if from_logits:
            p = exp(-fabs(y[j]))
            loss += (y[j] if y[j] > 0 else 0) - <double>y[j] * t[j] + log1p(p)
            slope = (1 / (1 + p) if y[j] >= 0 else p / (1 + p)) - t[j]
        else:
            p = clipped(y[j], low, high)
            loss -= t[j] * log(p) + (1 - t[j]) * log(1 - p)
            slope = (p - t[j]) / (p * (1 - p)) if inside(y[j], low, high) else 0
        if grad != NULL:
            grad[j] = <real>(slope / columns)
    return loss / columns


cdef inline double of_squares(const real *t, const real *y, real *grad,
                              ptrdiff_t columns) noexcept nogil:
    """The mean over columns of (y - t)^2."""
    cdef double loss = 0, difference
    cdef ptrdiff_t j
    for j in range(columns):
        difference = <double>y[j] - t[j]
        loss += difference * difference
        if grad != NULL:
            grad[j] = <real>(2 * difference / columns)
    return loss / columns


cdef enum:
    CROSSENTROPY, CROSSENTROPY_LOGITS, BINARY, BINARY_LOGITS, SQUARES

KINDS = {
    "crossentropy": CROSSENTROPY,
    "crossentropy_logits": CROSSENTROPY_LOGITS,
    "binary": BINARY,
    "binary_logits": BINARY_LOGITS,
    "squares": SQUARES,
}


def rows(str kind not None, const real[:, ::1] target not None, const real[:, ::1] y not None,
         real[::1] values not None, real[:, ::1] grad):
    """values[i] = the loss of row i; grad[i, j] = its derivative in y[i, j], unless None."""
    cdef int which = KINDS[kind]
    cdef ptrdiff_t i, count = y.shape[0], columns = y.shape[1]
    cdef real *slope = NULL
    cdef double loss
    cdef floatstate_t before
    if (target.shape[0] != count or target.shape[1] != columns or values.shape[0] != count
            or (grad is not None and (grad.shape[0] != count or grad.shape[1] != columns))):
        raise ValueError("target, values and grad must have y's sizes")
    if columns == 0:
        raise ValueError("y must have at least one column")
    with nogil:
        before = floatstate_flush()
        for i in range(count):
            if grad is not None:
                slope = &grad[i, 0]
            if which == CROSSENTROPY:
                loss = of_probabilities(&target[i, 0], &y[i, 0], slope, columns)
            elif which == CROSSENTROPY_LOGITS:
                loss = of_logits(&target[i, 0], &y[i, 0], slope, columns)
            elif which == SQUARES:
                loss = of_squares(&target[i, 0], &y[i, 0], slope, columns)
            else:
                loss = of_binary(&target[i, 0], &y[i, 0], slope, columns, which == BINARY_LOGITS)
            values[i] = <real>loss
        floatstate_restore(before)
