# cython: language_level=3, cdivision=True
"""Sums whose vectors run along W: images of one channel with few filters or with channels first,
few channels in a group, depthwise convolution with channels first.

Where windows step over columns of x, the rows of x that a few rows of outputs need are copied to
scratch first: for a stride of S along W, as S rows of every S-th column. The kernel is
simd/planar.h.
"""
from api cimport *
from segments cimport *
from sums cimport *

cdef enum:
    TABLE_BYTES = 32 * 1024
    COLUMN_TAPS = 1024           # that the table holds
    STAGE_BYTES = 256 * 1024     # of copied rows
    FEW_FILTERS = 8
    FEW_INPUTS = 4


cdef inline ptrdiff_t residue_count(const sum_t *s) noexcept nogil:
    """An input gradient's columns are computed residue by residue modulo the stride."""
    return min(s.along_w.stride, s.axis[3].outs) if s.along_w.adjoint else 1


cdef inline ptrdiff_t phase_count(const sum_t *s) noexcept nogil:
    return 1 if s.along_w.adjoint else s.along_w.stride


cdef inline bint is_staged(const sum_t *s) noexcept nogil:
    return phase_count(s) > 1


cdef inline ptrdiff_t phase_bytes(const sum_t *s) noexcept nogil:
    return ceil_div(s.along_w.length, phase_count(s)) * s.itemsize


cdef inline ptrdiff_t staged_rows(const sum_t *s) noexcept nogil:
    """Rows of x that may be copied at once."""
    return STAGE_BYTES // (phase_bytes(s) * phase_count(s) * s.axis[4].taps)


cdef inline bint is_first(const sum_t *s) noexcept nogil:
    """Whether columns of y lie side by side, and its channels apart."""
    return s.y_step[3] == s.itemsize != s.y_channel


cdef inline bint channels_meet(const sum_t *s) noexcept nogil:
    """Whether channels of y would be written at once though they meet in a few sets of L1, while
    there are few taps to compute. (With AVX2, vectors along W took longer than that.)"""
    return (s.axis[4].taps <= FEW_INPUTS and is_first(s) and s.y_channel % MEETING == 0
            and s.kernel.lanes * s.itemsize == 64)


cdef inline bint is_planar(const sum_t *s) noexcept nogil:
    """Whether the kernel of panels would leave most lanes idle, and this one would not."""
    cdef ptrdiff_t index, filters = s.channels, inputs = s.axis[4].taps
    if not 0 < s.along_w.taps <= COLUMN_TAPS or s.x_step[3] != s.itemsize:
        return False
    if s.axis[3].outs // residue_count(s) < (s.kernel.lanes + 1) // 2:
        return False
    if s.groups == 1 and filters > 2:
        if not (channels_meet(s) if inputs > 1 else filters < FEW_FILTERS or is_first(s)):
            return False
    if s.groups > 1 and (filters >= max(s.kernel.lanes, FEW_FILTERS)
                         or filters == 1 and inputs == 1 and s.x_group == s.itemsize):
        return False
    if is_staged(s):
        if s.axis[1].outs * s.axis[1].taps > 1 or s.along_w.length > STAGE_BYTES // s.itemsize:
            return False
        for index in range(s.axis[2].count):
            if rows_under(&s.axis[2].items[index], 1) > staged_rows(s):
                return False
    return True


# ------------------------------------------------------------------------------------- taps along W

cdef inline void add_tap(const sum_t *s, planar_t *call, column_tap_t *taps, ptrdiff_t tap,
                         ptrdiff_t offset, ptrdiff_t phase) noexcept nogil:
    """A tap that column j sees at x's column offset + j, of those of one phase."""
    cdef ptrdiff_t phases = phase_count(s)
    cdef ptrdiff_t length = ceil_div(s.along_w.length - phase, phases)
    cdef column_tap_t *own = &taps[call.width]
    own.x = phase * phase_bytes(s) + offset * s.itemsize
    own.w = tap * s.w_step[3]
    own.low = clip(-offset, 0, call.columns)
    own.high = clip(length - offset, own.low, call.columns)
    if own.low < own.high:
        call.first_whole = max(call.first_whole, own.low)
        call.end_whole = min(call.end_whole, own.high)
        call.width += 1


cdef inline void set_columns(const sum_t *s, ptrdiff_t residue, planar_t *call,
                             column_tap_t *taps) noexcept nogil:
    """The columns of one residue and their taps."""
    cdef const along_w_t *w = &s.along_w
    cdef ptrdiff_t residues = residue_count(s), tap, at, phase
    call.columns = ceil_div(s.axis[3].outs - residue, residues)
    call.y_step = residues * s.y_step[3]
    call.taps, call.width, call.even = taps, 0, not is_staged(s)
    call.first_whole, call.end_whole = 0, call.columns
    for tap in range(w.taps):
        if w.adjoint:
            at = residue + w.before - tap * w.dilation
            if at % w.stride == 0:
                add_tap(s, call, taps, tap, at // w.stride, 0)
        else:
            at = tap * w.dilation - w.before
            phase = (at % w.stride + w.stride) % w.stride
            add_tap(s, call, taps, tap, (at - phase) // w.stride, phase)


# --------------------------------------------------------------------------------------------- rows

cdef inline void stage(const sum_t *s, const segment_t *seg, const char *x, ptrdiff_t first,
                       ptrdiff_t rows, planar_t *call, char *scratch) noexcept nogil:
    """Copy what output rows `first` on see, from x of one image and group; point the call there."""
    cdef ptrdiff_t bytes = phase_bytes(s), phases = phase_count(s), row_bytes = bytes * phases
    cdef ptrdiff_t reach = (seg.taps - 1) * seg.source_tap_step, count = rows_under(seg, rows)
    cdef ptrdiff_t low = seg.source + first * seg.source_step + min(reach, 0)
    cdef ptrdiff_t channel, row, phase
    call.x_height, call.x_channel = seg.source_tap_step * row_bytes, count * row_bytes
    call.x_line = seg.source_step * row_bytes
    call.x = scratch - min(reach, 0) * row_bytes
    if seg.taps == 0:
        return
    for channel in range(s.axis[4].taps):
        for row in range(low, low + count):
            for phase in range(min(phases, s.along_w.length)):
                s.kernel.collect(x + channel * s.x_step[4] + row * s.x_step[2]
                                 + phase * s.x_step[3], phases * s.x_step[3],
                                 ceil_div(s.along_w.length - phase, phases),
                                 scratch + phase * bytes)
            scratch += row_bytes


cdef inline void finish_lines(const sum_t *s, const planar_t *call) noexcept nogil:
    cdef ptrdiff_t line
    cdef char *y
    if s.activation:
        for line in range(call.lines):
            y = call.y + line * call.y_line
            s.activation(y, call.y_step, y, call.y_step, call.columns, s.alpha)


cdef inline void run_filters(const sum_t *s, planar_t *call, ptrdiff_t group) noexcept nogil:
    """Some rows for all filters of a group: rows of one, or one row of several, at a time."""
    cdef planar_t part = call[0]
    cdef ptrdiff_t filter = 0, row, count
    while filter < s.channels:
        count = 8 if s.channels - filter >= 8 else 4 if s.channels - filter >= 4 else 1
        part.w = call.w + filter * s.w_channel
        if s.bias:
            part.bias = s.bias + (group * s.channels + filter) * s.bias_step
        part.y = call.y + filter * s.y_channel
        if count == 1:
            part.x, part.x_line = call.x, call.x_line
            part.lines, part.w_line, part.y_line, part.bias_line = call.lines, 0, call.y_line, 0
            s.kernel.planar(&part)
            finish_lines(s, &part)
        else:
            part.lines, part.x_line, part.w_line = count, 0, s.w_channel
            part.y_line, part.bias_line = s.y_channel, s.bias_step
            for row in range(call.lines):
                part.x = call.x + row * call.x_line
                s.kernel.planar(&part)
                finish_lines(s, &part)
                part.y += call.y_line
        filter += count


cdef inline void run_rows(const sum_t *s, const segment_t *seg, ptrdiff_t first, ptrdiff_t end,
                          const char *x, char *y, planar_t *call, ptrdiff_t group,
                          char *scratch) noexcept nogil:
    """Output rows `first` to `end` of a segment along H; x and y are at the plane's row 0."""
    cdef ptrdiff_t count, most = end - first
    if is_staged(s) and seg.source_step > 0:
        most = (staged_rows(s) - rows_under(seg, 1)) // seg.source_step + 1
    call.height, call.w = seg.taps, call.w + seg.tap * s.w_step[2]
    call.w_height = seg.tap_step * s.w_step[2]
    call.y_line = seg.out_step * s.y_step[2]
    while first < end:
        count = min(end - first, most)
        call.lines, call.y = count, y + (seg.out + first * seg.out_step) * s.y_step[2]
        if is_staged(s):
            stage(s, seg, x, first, count, call, scratch)
        else:
            call.x = x + (seg.source + first * seg.source_step) * s.x_step[2]
            call.x_height = seg.source_tap_step * s.x_step[2]
            call.x_line = seg.source_step * s.x_step[2]
        run_filters(s, call, group)
        first += count


cdef inline void run_image(const sum_t *s, ptrdiff_t image, ptrdiff_t first, ptrdiff_t end,
                           ptrdiff_t residue, const planar_t *columns,
                           char *scratch) noexcept nogil:
    """Rows `first` to `end`, counted through segments and outputs along D and H, of one group."""
    cdef ptrdiff_t group = image % s.groups, plane, low, high, row = 0, d, h
    cdef const char *x = s.x + image // s.groups * s.x_step[0] + group * s.x_group
    cdef char *y = (s.y + image // s.groups * s.y_step[0] + group * s.y_group
                    + residue * s.y_step[3])
    cdef const segment_t *depth
    cdef const segment_t *height
    cdef planar_t call
    for d in range(s.axis[1].count):
        depth = &s.axis[1].items[d]
        for plane in range(depth.outs):
            for h in range(s.axis[2].count):
                height = &s.axis[2].items[h]
                low, high = clip(first - row, 0, height.outs), clip(end - row, 0, height.outs)
                row += height.outs
                if low >= high:
                    continue
                call = columns[0]
                call.depth, call.x_depth = depth.taps, depth.source_tap_step * s.x_step[1]
                call.w_depth = depth.tap_step * s.w_step[1]
                call.w = s.w + group * s.w_group + depth.tap * s.w_step[1]
                run_rows(s, height, low, high,
                         x + (depth.source + plane * depth.source_step) * s.x_step[1],
                         y + (depth.out + plane * depth.out_step) * s.y_step[1], &call, group,
                         scratch)


# -------------------------------------------------------------------------------------------- tasks

cdef inline ptrdiff_t plan_planar(sum_t *s, int threads) noexcept nogil:
    """Cut the rows of all images and groups; returns the number of tasks."""
    cdef ptrdiff_t rows = s.axis[0].outs * s.groups * s.axis[1].outs * s.axis[2].outs
    cdef double work = <double>rows * s.axis[3].outs * s.channels
    cdef int axis
    for axis in range(1, AXES):
        work *= s.axis[axis].taps
    s.blocks = rows
    s.block_parts = 1
    if threads > 1:
        s.block_parts = <ptrdiff_t>min(4.0 * threads, min(<double>rows, 1 + work / SMALL_WORK))
    return s.block_parts


cdef inline void run_planar(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const sum_t *s = <const sum_t *>context
    cdef ptrdiff_t end = s.blocks // s.block_parts * (task + 1) + min(task + 1,
                                                                     s.blocks % s.block_parts)
    cdef ptrdiff_t begin = s.blocks // s.block_parts * task + min(task, s.blocks % s.block_parts)
    cdef ptrdiff_t rows = s.axis[1].outs * s.axis[2].outs, row, residue, high
    cdef planar_t call
    call.bias, call.channels = NULL, s.axis[4].taps
    call.clamp, call.low, call.high = s.edge.clamp, s.edge.low, s.edge.high
    call.x_channel, call.w_channel = s.x_step[4], s.w_step[4]
    for residue in range(residue_count(s)):
        set_columns(s, residue, &call, <column_tap_t *>scratch)
        row = begin
        while row < end:
            high = min(rows, row % rows + end - row)
            run_image(s, row // rows, row % rows, high, residue, &call,
                      <char *>scratch + TABLE_BYTES)
            row += high - row % rows
