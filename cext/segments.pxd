# cython: language_level=3, cdivision=True
"""Along one axis: runs of outputs that see the same taps.

A convolution, its gradients and a pooling are all sums over taps of a source. Padding is skipped,
not multiplied by zero, so an output near a border has fewer taps. A segment is a maximal run of
outputs, `out_step` apart, that have the same taps, `tap_step` apart; for its output i and tap j
(both counted from 0) the source position is

    source + i * source_step + j * source_tap_step
"""
from libc.stdlib cimport free, malloc

cdef enum:
    LARGEST = 0x2000000000000000  # no position is larger: _geometry.py sees to it
    FEW_SEGMENTS = 8              # need no memory of their own


cdef struct segment_t:
    ptrdiff_t out, out_step, outs
    ptrdiff_t tap, tap_step, taps
    ptrdiff_t source, source_step, source_tap_step


cdef struct segments_t:
    segment_t *items
    segment_t few[FEW_SEGMENTS]
    ptrdiff_t count
    ptrdiff_t outs, taps  # of the whole axis


cdef inline ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    """a / b rounded up, for b > 0 and any a.

    A division takes some twenty cycles and a call makes dozens, most of them of these kinds.
    """
    if b == 1:
        return a
    if 0 < a <= b:
        return 1
    return a // b + (a % b > 0) if a >= 0 else -((-a) // b)


cdef inline ptrdiff_t clip(ptrdiff_t value, ptrdiff_t low, ptrdiff_t high) noexcept nogil:
    return low if value < low else high if value > high else value


cdef inline ptrdiff_t common_divisor(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    while b:
        a, b = b, a % b
    return a


cdef inline int reserve(segments_t *s, ptrdiff_t outs, ptrdiff_t taps,
                        ptrdiff_t most) noexcept nogil:
    """Room for `most` segments. -1 without memory."""
    s.outs, s.taps, s.count, s.items = outs, taps, 0, s.few
    if most > FEW_SEGMENTS:
        s.items = <segment_t *>malloc(most * sizeof(segment_t))
    return 0 if s.items else -1


cdef inline void free_segments(segments_t *s) noexcept nogil:
    if s.items != s.few:
        free(s.items)
    s.items = s.few


cdef inline void append(segments_t *s, ptrdiff_t out, ptrdiff_t out_step, ptrdiff_t outs,
                        ptrdiff_t tap, ptrdiff_t tap_step, ptrdiff_t taps, ptrdiff_t source,
                        ptrdiff_t source_step, ptrdiff_t source_tap_step) noexcept nogil:
    """Add a run of outputs, or lengthen the last one where it sees the same taps."""
    cdef segment_t *last
    if taps == 0:
        tap = source = source_step = 0
    if taps < 2:
        source_tap_step = 0
    if s.count:
        last = &s.items[s.count - 1]
        if last.tap == tap and last.taps == taps and last.out + last.outs * out_step == out:
            last.outs += outs
            return
    s.items[s.count] = segment_t(
        out=out, out_step=out_step, outs=outs, tap=tap, tap_step=tap_step, taps=taps,
        source=source, source_step=source_step, source_tap_step=source_tap_step)
    s.count += 1


cdef inline segment_t part_of(const segment_t *seg, ptrdiff_t low,
                              ptrdiff_t high) noexcept nogil:
    """The outputs of a segment that lie in [low, high)."""
    cdef segment_t part = seg[0]
    cdef ptrdiff_t first = clip(ceil_div(low - seg.out, seg.out_step), 0, seg.outs)
    part.outs = clip(ceil_div(high - seg.out, seg.out_step), first, seg.outs) - first
    part.out += first * seg.out_step
    part.source += first * seg.source_step
    return part


cdef inline ptrdiff_t rows_under(const segment_t *seg, ptrdiff_t outs) noexcept nogil:
    """From the first row of x that `outs` outputs see to the last."""
    cdef ptrdiff_t reach = (seg.taps - 1) * seg.source_tap_step
    return (outs - 1) * seg.source_step + (reach if reach > 0 else -reach) + 1


cdef inline ptrdiff_t find_sources(const segments_t *s, ptrdiff_t low, ptrdiff_t high,
                                   ptrdiff_t low_tap, ptrdiff_t high_tap,
                                   ptrdiff_t *end) noexcept nogil:
    """The first source that outputs [low, high) see at taps [low_tap, high_tap), and where they
    end."""
    cdef ptrdiff_t first = LARGEST, index, one, other, nth, taps
    cdef segment_t seg
    end[0] = 0
    for index in range(s.count):
        seg = part_of(&s.items[index], low, high)
        nth = clip(ceil_div(low_tap - seg.tap, seg.tap_step), 0, seg.taps)
        taps = clip(ceil_div(high_tap - seg.tap, seg.tap_step), nth, seg.taps) - nth
        if seg.outs and taps:
            one = seg.source + nth * seg.source_tap_step
            other = one + (taps - 1) * seg.source_tap_step
            first = min(first, one, other)
            end[0] = max(end[0], max(one, other) + (seg.outs - 1) * seg.source_step + 1)
    return min(first, end[0])


cdef inline int plain_segment(segments_t *s, ptrdiff_t outs, ptrdiff_t taps) noexcept nogil:
    """A batch or channel axis: every output sees every tap."""
    reserve(s, outs, taps, 1)
    s.count = 1
    s.items[0] = segment_t(out=0, out_step=1, outs=outs, tap=0, tap_step=1, taps=taps,
                           source=0, source_step=1, source_tap_step=1)
    return 0


cdef inline int window_segments(segments_t *s, ptrdiff_t outs, ptrdiff_t taps, ptrdiff_t length,
                                ptrdiff_t stride, ptrdiff_t dilation,
                                ptrdiff_t before) noexcept nogil:
    """Output o sees source o * stride + t * dilation - before at tap t. -1 without memory."""
    cdef ptrdiff_t o, first, end, start, run, whole
    if reserve(s, outs, taps, min(outs, 2 * taps + 2) + 1):
        return -1
    # Outputs up to `whole` that see no padding before see none after either: one run.
    whole = (length + before - (taps - 1) * dilation - 1) // stride + 1 if (
        length + before > (taps - 1) * dilation) else 0
    o = 0
    while o < outs:
        start = o * stride - before
        first = clip(ceil_div(-start, dilation), 0, taps)
        end = clip(ceil_div(length - start, dilation), first, taps)
        run = min(whole, outs) - o if first == 0 and end == taps and o < whole else 1
        append(s, o, 1, run, first, 1, end - first, start + first * dilation, stride, dilation)
        o += run
    return 0


cdef inline int adjoint_segments(segments_t *s, ptrdiff_t outs, ptrdiff_t taps, ptrdiff_t length,
                                 ptrdiff_t stride, ptrdiff_t dilation,
                                 ptrdiff_t before) noexcept nogil:
    """The adjoint of `window_segments`: output i sees source o at tap t where
    i = o * stride + t * dilation - before. -1 without memory.

    Outputs of one residue modulo the stride share their taps, every stride / gcd-th of them.
    """
    cdef ptrdiff_t divisor = common_divisor(stride, dilation)
    cdef ptrdiff_t tap_step = stride // divisor
    cdef ptrdiff_t largest = LARGEST
    cdef ptrdiff_t period = dilation * tap_step if tap_step <= largest // dilation else largest
    cdef ptrdiff_t residues = min(stride, outs), residue, i, reach, tap, count, first, end
    if reserve(s, outs, taps, min(outs, 2 * taps + 2 * residues) + 1):
        return -1
    for residue in range(residues):
        tap = 0  # the first tap that reaches outputs of this residue, if one does
        while tap < min(taps, tap_step) and (residue + before - tap * dilation) % stride:
            tap += 1
        count = ceil_div(taps - tap, tap_step) if tap < tap_step else 0
        i = residue
        while i < outs:  # a range of unknown step would be a Python loop
            # Of taps tap + j * tap_step, those whose source lies within [0, length).
            reach = i + before - tap * dilation
            first = clip(ceil_div(reach - (length - 1) * stride, period), 0, count)
            end = clip(reach // period + 1 if reach >= 0 else 0, first, count)
            append(s, i, stride, 1, tap + first * tap_step, tap_step, end - first,
                   (reach - first * period) // stride if end > first else 0, 1,
                   -(dilation // divisor))
            i += stride
    return 0
