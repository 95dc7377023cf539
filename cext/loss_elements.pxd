# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Losses that are a mean or a sum over elements: each element's value and its derivative in y.

t is the target. p: numbers of the loss, after the ends that probabilities are clipped to.
"""
from libc.math cimport exp, fabs, log, log1p, pow, tanh

ctypedef double (*element_t)(double t, double y, const double *p, double *slope) noexcept nogil

cdef enum:
    LOW, HIGH, FIRST, SECOND, THIRD, PARAMETERS  # places in p


cdef inline bint inside(double p, double low, double high) noexcept nogil:
    """Whether clipping leaves p alone, which makes its gradient 1 (else 0). NaN stays NaN."""
    return not (p < low or p > high)


cdef inline double clipped(double p, double low, double high) noexcept nogil:
    return low if p < low else high if p > high else p


cdef inline double at_least(double low, double x) noexcept nogil:
    return low if x < low else x


cdef inline double sign(double x) noexcept nogil:
    """Of zero and NaN themselves."""
    return 1 if x > 0 else -1 if x < 0 else x


cdef inline double binary(double t, double y, const double *p, double *slope) noexcept nogil:
    """-(t log y + (1 - t) log(1 - y)), y clipped."""
    cdef double q = clipped(y, p[LOW], p[HIGH])
    slope[0] = (q - t) / (q * (1 - q)) if inside(y, p[LOW], p[HIGH]) else 0
    return -(t * log(q) + (1 - t) * log(1 - q))


cdef inline double sigmoid(double x) noexcept nogil:
    cdef double e = exp(-fabs(x))
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


cdef inline double binary_logits(double t, double x, const double *p, double *slope) noexcept nogil:
    """The same of sigmoid(x), exact also where that rounds to 0 or 1."""
    slope[0] = sigmoid(x) - t
    return (x if x > 0 else 0) - x * t + log1p(exp(-fabs(x)))


cdef inline double binary_focal(double t, double y, const double *p, double *slope) noexcept nogil:
    """`binary` times (1 - what the target has)^gamma and its weight; p: gamma, alpha, balanced."""
    cdef double gamma = p[FIRST], alpha = p[SECOND], steep, factor, missing, weight, value
    missing = 1 - (t * y + (1 - t) * (1 - y))
    factor = pow(missing, gamma)
    steep = 0 if gamma == 0 else gamma * pow(missing, gamma - 1) * (1 - 2 * t)
    weight = t * alpha + (1 - t) * (1 - alpha) if p[THIRD] != 0 else 1
    value = binary(t, y, p, slope)
    slope[0] = weight * (steep * value + factor * slope[0])
    return weight * factor * value


cdef inline double binary_focal_logits(double t, double x, const double *p,
                                       double *slope) noexcept nogil:
    cdef double y = sigmoid(x)
    cdef double value = binary_focal(t, y, p, slope)
    slope[0] *= y * (1 - y)
    return value


cdef inline double squares(double t, double y, const double *p, double *slope) noexcept nogil:
    """(y - t)^2"""
    slope[0] = 2 * (y - t)
    return (y - t) * (y - t)


cdef inline double distances(double t, double y, const double *p, double *slope) noexcept nogil:
    """|y - t|"""
    slope[0] = sign(y - t)
    return fabs(y - t)


cdef inline double percentages(double t, double y, const double *p, double *slope) noexcept nogil:
    """100 |y - t| / max(|t|, epsilon)"""
    cdef double scale = 100 / at_least(p[LOW], fabs(t))
    slope[0] = sign(y - t) * scale
    return fabs(y - t) * scale


cdef inline double log_squares(double t, double y, const double *p, double *slope) noexcept nogil:
    """(log(1 + y) - log(1 + t))^2, both at least epsilon."""
    cdef double difference = log(at_least(p[LOW], y) + 1) - log(at_least(p[LOW], t) + 1)
    slope[0] = 0 if y < p[LOW] else 2 * difference / (y + 1)
    return difference * difference


cdef inline double huber(double t, double y, const double *p, double *slope) noexcept nogil:
    """d^2 / 2 up to |d| = delta, from there on a line; d = y - t."""
    cdef double d = y - t, delta = p[FIRST]
    if fabs(d) <= delta:
        slope[0] = d
        return d * d / 2
    slope[0] = delta * sign(d)
    return delta * fabs(d) - delta * delta / 2


cdef inline double log_cosh(double t, double y, const double *p, double *slope) noexcept nogil:
    """log(cosh(y - t))"""
    cdef double size = fabs(y - t)
    slope[0] = tanh(y - t)
    return size + log1p(exp(-2 * size)) - log(2.0)


cdef inline double hinge(double t, double y, const double *p, double *slope) noexcept nogil:
    """max(1 - t y, 0)"""
    cdef double missing = 1 - t * y
    slope[0] = 0 if missing <= 0 else -t if missing > 0 else missing
    return at_least(0, missing)


cdef inline double squared_hinge(double t, double y, const double *p, double *slope) noexcept nogil:
    """max(1 - t y, 0)^2"""
    cdef double missing = at_least(0, 1 - t * y)
    slope[0] = -2 * t * missing
    return missing * missing


cdef inline double poisson(double t, double y, const double *p, double *slope) noexcept nogil:
    """y - t log(y + epsilon)"""
    slope[0] = 1 - t / (y + p[LOW])
    return y - t * log(y + p[LOW])


cdef inline double divergence(double t, double y, const double *p, double *slope) noexcept nogil:
    """t log(t / y), both clipped to [epsilon, 1]."""
    cdef double target = clipped(t, p[LOW], 1), q = clipped(y, p[LOW], 1)
    slope[0] = -target / q if inside(y, p[LOW], 1) else 0
    return target * log(target / q)
