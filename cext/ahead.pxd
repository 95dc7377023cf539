# cython: language_level=3, cdivision=True
"""What the loop nest (nest.pxd) will read and write next is asked for while it is still busy.

Where strides part what a register tile sees first, the processor does not see what comes next, and
waits for third-level cache or memory line by line. So each call of the kernel asks for its share of
two stretches of memory, from the first byte to the last.
"""
from api cimport *
from segments cimport *
from sums cimport *


cdef struct ahead_t:
    const char *start[2]
    ptrdiff_t bytes[2]
    ptrdiff_t call, calls  # that ask, each for its share


cdef inline void set_stretch(ahead_t *ahead, int which, const char *start,
                             ptrdiff_t bytes) noexcept nogil:
    """Unless it is empty, runs backwards, or is more than L2 has room for, by its holes mostly."""
    ahead.start[which] = start
    ahead.bytes[which] = bytes if 0 < bytes <= 2 * L2_BYTES else 0


cdef inline void set_sources(const sum_t *s, const box_t *rows, const box_t *taps,
                             const char *x, ahead_t *ahead) noexcept nogil:
    """What some rows of all classes see at some taps."""
    cdef ptrdiff_t bytes = s.itemsize, first, end
    cdef int axis
    for axis in range(AXES):
        first = find_sources(&s.axis[axis], rows.low[axis], rows.high[axis], taps.low[axis],
                             taps.high[axis], &end)
        x += first * s.x_step[axis]
        bytes += (end - 1 - first) * s.x_step[axis]
    set_stretch(ahead, 0, x, bytes)


cdef inline void ask_for_chunk(const sum_t *s, ptrdiff_t group, const box_t *taps,
                               ptrdiff_t calls, ahead_t *ahead) noexcept nogil:
    """What all rows see of x and w."""
    cdef box_t rows = all_rows(s)
    cdef ptrdiff_t bytes = s.channels * s.w_channel
    cdef const char *w = s.w + group * s.w_group
    cdef int axis
    for axis in range(AXES):
        w += taps.low[axis] * s.w_step[axis]
        bytes += (taps.high[axis] - 1 - taps.low[axis]) * s.w_step[axis]
    set_sources(s, &rows, taps, s.x + group * s.x_group, ahead)
    set_stretch(ahead, 1, w, bytes)
    ahead.call, ahead.calls = 0, calls


cdef inline void ask_for_band(const sum_t *s, ptrdiff_t group, const box_t *rows, ptrdiff_t calls,
                              ahead_t *ahead) noexcept nogil:
    """What its rows read of x at all taps, and y."""
    cdef box_t taps
    cdef ptrdiff_t bytes = s.channels * s.y_channel
    cdef const char *y = s.y + group * s.y_group
    cdef int axis
    for axis in range(AXES):
        taps.low[axis], taps.high[axis] = 0, s.axis[axis].taps
        y += rows.low[axis] * s.y_step[axis]
        bytes += (rows.high[axis] - 1 - rows.low[axis]) * s.y_step[axis]
    set_sources(s, rows, &taps, s.x + group * s.x_group, ahead)
    set_stretch(ahead, 1, y, bytes)
    ahead.call, ahead.calls = 0, calls


cdef inline void ask_for_panel(const sum_t *s, const box_t *taps, const char *packed,
                               ptrdiff_t calls, ahead_t *ahead) noexcept nogil:
    """What follows a chunk of a packed panel: the next chunk, or the next panel's first."""
    cdef ptrdiff_t row_bytes = s.panel_width * s.itemsize, end = s.chunk_taps
    cdef int axis
    for axis in range(AXES):
        end += taps.low[axis] * taps.step[axis]
    set_stretch(ahead, 0, packed + end * row_bytes, s.chunk_taps * row_bytes)
    ahead.bytes[1] = 0
    ahead.call, ahead.calls = 0, calls


cdef inline void ask_for_rows(const char *first, const char *last, ptrdiff_t calls,
                              ahead_t *ahead) noexcept nogil:
    """As much of y as there is between rows of this block, for the next one."""
    set_stretch(ahead, 0, last, last - first)
    ahead.bytes[1], ahead.call, ahead.calls = 0, 0, calls


cdef inline void take_share(ahead_t *ahead, panel_t *call) noexcept nogil:
    """Of the one stretch or the other."""
    cdef ptrdiff_t total = ahead.bytes[0] + ahead.bytes[1], low, high
    call.ask_bytes = 0
    if ahead.call >= ahead.calls:
        return
    low = total * ahead.call // ahead.calls
    ahead.call += 1
    high = total * ahead.call // ahead.calls
    if low < ahead.bytes[0]:
        call.ask, call.ask_bytes = ahead.start[0] + low, min(high, ahead.bytes[0]) - low
    else:
        low -= ahead.bytes[0]
        call.ask, call.ask_bytes = ahead.start[1] + low, high - ahead.bytes[0] - low
