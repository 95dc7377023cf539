# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Losses whose elements depend on the whole row: the value, and the gradient in y unless NULL."""
from libc.math cimport INFINITY, exp, log, pow, sqrt

from loss_elements cimport *

ctypedef fused real:
    float
    double


cdef inline double over_elements(element_t element, const real *t, const real *y, real *grad,
                                 ptrdiff_t columns, double divisor, const double *p) noexcept nogil:
    """The sum over the row's elements by a divisor."""
    cdef double loss = 0, slope = 0
    cdef ptrdiff_t j
    for j in range(columns):
        loss += element(t[j], y[j], p, &slope)
        if grad != NULL:
            grad[j] = <real>(slope / divisor)
    return loss / divisor


cdef inline double of_probabilities(const real *t, const real *y, real *grad, ptrdiff_t columns,
                                    const double *p) noexcept nogil:
    """-sum t log(clip(y / sum y))"""
    cdef double total = 0, loss = 0, inner = 0, q
    cdef ptrdiff_t j
    for j in range(columns):
        total += y[j]
    for j in range(columns):
        q = y[j] / total
        loss -= t[j] * log(clipped(q, p[LOW], p[HIGH]))
        inner += t[j] if inside(q, p[LOW], p[HIGH]) else 0
    if grad != NULL:
        for j in range(columns):
            q = y[j] / total
            grad[j] = <real>(((-t[j] / q if inside(q, p[LOW], p[HIGH]) else 0) + inner) / total)
    return loss


cdef inline double largest_of(const real *x, ptrdiff_t columns) noexcept nogil:
    cdef double largest = x[0]
    cdef ptrdiff_t j
    for j in range(1, columns):
        largest = x[j] if x[j] > largest else largest
    return largest


cdef inline double of_logits(const real *t, const real *x, real *grad,
                             ptrdiff_t columns) noexcept nogil:
    """-sum t log(softmax(x)), the maximum subtracted first; its gradient softmax(x) sum t - t.

    A column that is no target adds nothing even at -inf, where 0 * inf would be NaN.
    """
    cdef double largest = largest_of(x, columns), total = 0, loss = 0, targets = 0, log_total
    cdef ptrdiff_t j
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


cdef inline double focal(double t, double q, const double *p, double *slope) noexcept nogil:
    """-alpha t (1 - q)^gamma log(q), q clipped; p: gamma, alpha."""
    cdef double gamma = p[FIRST], c = clipped(q, p[LOW], p[HIGH]), power = pow(1 - c, gamma)
    cdef double steep = 0 if gamma == 0 else gamma * pow(1 - c, gamma - 1)
    slope[0] = p[SECOND] * t * (steep * log(c) - power / c) if inside(q, p[LOW], p[HIGH]) else 0
    return -p[SECOND] * t * power * log(c)


cdef inline double of_focal(const real *t, const real *y, real *grad, ptrdiff_t columns,
                            bint from_logits, const double *p) noexcept nogil:
    """The sum of `focal` over softmax(y), or over y / sum y."""
    cdef double largest = largest_of(y, columns), total = 0, loss = 0, inner = 0, slope = 0, q
    cdef ptrdiff_t j
    for j in range(columns):
        total += exp(y[j] - largest) if from_logits else y[j]
    for j in range(columns):
        q = (exp(y[j] - largest) if from_logits else y[j]) / total
        loss += focal(t[j], q, p, &slope)
        inner += slope * q
    if grad != NULL:
        for j in range(columns):
            q = (exp(y[j] - largest) if from_logits else y[j]) / total
            focal(t[j], q, p, &slope)
            grad[j] = <real>((slope - inner) * (q if from_logits else 1 / total))
    return loss


cdef inline double of_classes(const real *t, const real *y, real *grad,
                              ptrdiff_t columns) noexcept nogil:
    """max(max((1 - t) y) - sum t y + 1, 0), the first of equal maxima."""
    cdef double right = 0, wrong = (1 - <double>t[0]) * y[0], one, missing
    cdef ptrdiff_t j, worst = 0
    for j in range(columns):
        right += <double>t[j] * y[j]
        one = (1 - <double>t[j]) * y[j]
        if one > wrong:
            wrong, worst = one, j
    missing = wrong - right + 1
    if grad != NULL:
        for j in range(columns):
            one = (1 - <double>t[j] if j == worst else 0) - <double>t[j]
            grad[j] = <real>(0 if missing <= 0 else one if missing > 0 else missing)
    return at_least(0, missing)


cdef inline double inverse_norm(const real *x, ptrdiff_t columns, double epsilon) noexcept nogil:
    """1 / |x|, at most 1 / epsilon."""
    cdef double total = 0
    cdef ptrdiff_t j
    for j in range(columns):
        total += <double>x[j] * x[j]
    total = 1 / sqrt(total)
    return 1 / epsilon if total > 1 / epsilon else total


cdef inline double of_angles(const real *t, const real *y, real *grad, ptrdiff_t columns,
                             double epsilon) noexcept nogil:
    """-t y / (|t| |y|)"""
    cdef double of_t = inverse_norm(t, columns, epsilon), of_y = inverse_norm(y, columns, epsilon)
    cdef double cosine = 0, along
    cdef ptrdiff_t j
    for j in range(columns):
        cosine += <double>t[j] * of_t * (<double>y[j] * of_y)
    if grad != NULL:
        along = 0 if of_y == 1 / epsilon else cosine * of_y
        for j in range(columns):
            grad[j] = <real>(of_y * (along * y[j] - of_t * <double>t[j]))
    return -cosine


cdef inline double of_overlap(const real *t, const real *y, real *grad, ptrdiff_t columns,
                              const double *p) noexcept nogil:
    """1 - I / (I + alpha (sum t - I) + beta (sum y - I) + epsilon), I = sum t y; p: these three."""
    cdef double common = 0, targets = 0, found = 0, whole, slope
    cdef ptrdiff_t j
    for j in range(columns):
        common += <double>t[j] * y[j]
        targets += <double>t[j] * (1 - <double>y[j])
        found += <double>y[j] * (1 - <double>t[j])
    whole = common + p[FIRST] * targets + p[SECOND] * found + p[THIRD]
    if grad != NULL:
        for j in range(columns):
            slope = t[j] - p[FIRST] * t[j] + p[SECOND] * (1 - <double>t[j])
            grad[j] = <real>((common * slope - t[j] * whole) / (whole * whole))
    return 1 - common / whole
