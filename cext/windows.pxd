# cython: language_level=3, cdivision=True
"""Windows of pools along each axis: runs of those that keep all their taps, and what they cover."""
from api cimport TAP_AXES
from segments cimport ceil_div


# convlet.ops._geometry.Window; a stride of 0 means bins (see bin_at) of at most `size`
cdef struct axis_t:
    ptrdiff_t length, size, stride, dilation, before, after, out


# Neighbouring windows with the same valid taps; the first one's first tap is input `source`.
cdef struct run_t:
    ptrdiff_t source, taps, windows
    double divisor


cdef inline run_t bin_at(const axis_t *a, ptrdiff_t window) noexcept nogil:
    """The window over all inputs that lie, in part at least, in this one of `out` equal parts."""
    cdef run_t run
    run.source = window * a.length // a.out
    run.taps = ceil_div((window + 1) * a.length, a.out) - run.source
    run.windows = 1
    run.divisor = run.taps
    return run


cdef inline run_t run_at(const axis_t *a, ptrdiff_t window, bint include_pad) noexcept nogil:
    """The run that begins with this window."""
    if a.stride == 0:
        return bin_at(a, window)
    cdef run_t run
    cdef ptrdiff_t start = window * a.stride - a.before, last = (a.size - 1) * a.dilation
    cdef ptrdiff_t first = ceil_div(-start, a.dilation) if start < 0 else 0
    cdef ptrdiff_t end = min(a.size, ceil_div(a.length - start, a.dilation))
    run.source = start + first * a.dilation
    run.taps = end - first
    run.windows = 1
    run.divisor = run.taps
    if run.taps == a.size:
        run.windows = min(a.out - window, (a.length - 1 - last - start) // a.stride + 1)
    elif include_pad:
        run.divisor = min(a.size, ceil_div(a.length + a.after - start, a.dilation))
    return run


cdef inline bint windows_overlap(const axis_t *axis) noexcept nogil:
    cdef int a
    for a in range(TAP_AXES):
        if axis[a].out > 1 and (axis[a].size - 1) * axis[a].dilation >= axis[a].stride:
            return True
    return False


cdef inline bint windows_adjoin(const axis_t *axis) noexcept nogil:
    """Whether no input between two windows, or two taps of one, is left out."""
    cdef int a
    for a in range(TAP_AXES):
        if axis[a].dilation > 1 or (axis[a].out > 1 and axis[a].stride > axis[a].size):
            return False
    return True


cdef inline ptrdiff_t end_before(const axis_t *a, ptrdiff_t window) noexcept nogil:
    """One past the last input of the windows before this one, which adjoin."""
    if window == 0:
        return 0
    if a.stride == 0:
        return ceil_div(window * a.length, a.out)
    return min(a.length, (window - 1) * a.stride - a.before + a.size)


cdef inline double taps_of(const axis_t *axis) noexcept nogil:
    cdef double taps = 1
    cdef int a
    for a in range(TAP_AXES):
        taps *= min(axis[a].size, axis[a].length)
    return taps


cdef inline ptrdiff_t span_of(const axis_t *axis) noexcept nogil:
    """How far apart a window's first and last input can be, in elements of one flattened plane."""
    cdef ptrdiff_t span = 0
    cdef int a
    for a in range(TAP_AXES):
        span = span * axis[a].length + min((axis[a].size - 1) * axis[a].dilation,
                                           axis[a].length - 1)
    return span
