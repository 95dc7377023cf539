# cython: language_level=3, cdivision=True
"""Sums of few output channels over images with their channels last: a last layer's forward, a first
layer's input gradient. Channels would fill a few lanes of a panel only, so roles are turned:

                    panel's rows     its lanes           rows
    usual           taps             output channels     output pixels
    turned          taps             columns of x        output channels

The panel is x itself: a band of its rows, transposed into scratch so that columns lie side by
side; a step to the next tap along W is a step of one element. Columns at a border, which see some
of the taps only, are few and computed the usual way. Each sum runs over the same taps in order.
"""
from api cimport *
from segments cimport *
from sums cimport *

cdef enum:
    BAND_BYTES = 640 * 1024      # of transposed rows, and room to read beyond the last
    WEIGHTS_BYTES = 320 * 1024   # the panel for borders
    LEAST_VECTORS = 3            # in a line of columns
    MOST_CHANNELS = 12           # of 16 lanes


cdef inline ptrdiff_t plane_bytes(const sum_t *s) noexcept nogil:
    """One channel of one row, an odd number of vectors: planes must not meet in the same sets."""
    return (ceil_div(s.along_w.length, s.kernel.lanes) | 1) * s.kernel.lanes * s.itemsize


cdef inline ptrdiff_t rows_in_band(const sum_t *s) noexcept nogil:
    cdef ptrdiff_t beyond = MAX_PANEL * s.itemsize
    return (BAND_BYTES - beyond) // (plane_bytes(s) * s.axis[4].taps)


cdef inline bint is_turned(const sum_t *s) noexcept nogil:
    """Whether the usual panel would leave a quarter of its lanes idle, and this one would not; with
    one tap in a window, transposing takes as long as it saves."""
    cdef const segment_t *seg
    cdef ptrdiff_t index, lanes = s.kernel.lanes
    if s.along_w.taps == 0 or s.groups > 1:
        return False
    if 4 * s.channels > 3 * lanes or s.x_step[4] != s.itemsize:
        return False
    if s.axis[1].outs * s.axis[1].taps > 1:
        return False
    if s.axis[2].taps * s.axis[3].taps == 1:
        return False
    if s.axis[3].outs < LEAST_VECTORS * lanes * s.axis[3].items[0].out_step:
        return False
    if s.along_w.length > BAND_BYTES // s.itemsize or s.axis[4].taps > WEIGHTS_BYTES // (
            lanes * s.itemsize * s.axis[2].taps * s.axis[3].taps):
        return False
    for index in range(s.axis[3].count):
        seg = &s.axis[3].items[index]
        if seg.outs >= lanes and seg.taps and seg.source_step != 1:
            return False
    for index in range(s.axis[2].count):
        if rows_under(&s.axis[2].items[index], 1) > rows_in_band(s):
            return False
    return True


# -------------------------------------------------------------------------------------------- bands

cdef inline ptrdiff_t band_reach(const sum_t *s, ptrdiff_t low, ptrdiff_t high,
                                 ptrdiff_t *end) noexcept nogil:
    """The first row of x that output rows `low` to `high` see, and where they end."""
    return find_sources(&s.axis[2], low, high, 0, s.axis[2].taps, end)


cdef inline void transpose_rows(const sum_t *s, const char *x, ptrdiff_t rows,
                                char *to) noexcept nogil:
    cdef pack_t run
    run.w_step, run.rows = s.x_step[4], s.axis[4].taps
    run.channel_step, run.channels = s.x_step[3], s.along_w.length
    run.vectors = <int>(plane_bytes(s) // (s.kernel.lanes * s.itemsize))
    run.w, run.to = x, to
    for _ in range(rows):
        s.kernel.pack(&run)
        run.w += s.x_step[2]
        run.to += plane_bytes(s) * s.axis[4].taps


cdef inline void run_line(const sum_t *s, const segment_t *wide, panel_t *call) noexcept nogil:
    """The columns of one segment in one row; call.panel is at the first of them."""
    cdef ptrdiff_t vectors = ceil_div(wide.outs, s.kernel.lanes), first, end, part
    cdef ptrdiff_t parts = ceil_div(vectors, s.kernel.tile_vectors)
    cdef const char *panel = call.panel
    for part in range(parts):
        first = vectors * part // parts
        end = vectors * (part + 1) // parts
        call.vectors = <int>(end - first)
        first *= s.kernel.lanes
        call.channels = min(end * s.kernel.lanes, wide.outs) - first
        call.panel = panel + first * s.itemsize
        call.y_offset = first * call.y_step
        s.kernel.panel(call)
        if s.activation:
            finish_activation(s, call)


cdef inline void repeat_bias(const sum_t *s, edge_t *edge, char *to) noexcept nogil:
    """A channel is a row here: so many vectors of its bias as a panel may have."""
    cdef pack_t copy
    edge.bias, edge.bias_row = to, s.kernel.tile_vectors * s.kernel.lanes * s.itemsize
    copy.w, copy.w_step, copy.rows, copy.channel_step = s.bias, s.bias_step, s.channels, 0
    copy.vectors, copy.channels = s.kernel.tile_vectors, s.kernel.tile_vectors * s.kernel.lanes
    copy.to = to
    s.kernel.pack(&copy)


cdef inline void run_lines(const sum_t *s, const segment_t *high, const segment_t *wide, char *y,
                           const char *band) noexcept nogil:
    """One segment of columns in the rows of one segment; y is at the image, `band` at row 0."""
    cdef char bias[MOST_CHANNELS * MAX_PANEL * 4]
    cdef const char *xs[MAX_PANEL]
    cdef char *ys[MAX_PANEL]
    cdef ptrdiff_t row_bytes = plane_bytes(s) * s.axis[4].taps, row, channel
    cdef panel_t call
    cdef grid_t *grid = &call.grid
    call.x, call.y, call.rows = <const char *const *>xs, <char *const *>ys, s.channels
    call.ask_bytes, call.nonzero = 0, NULL
    call.edge, call.x_offset, call.y_step = s.edge, 0, wide.out_step * s.y_step[3]
    grid.size[0], grid.size[1] = 1, high.taps
    grid.size[2], grid.size[3] = wide.taps, s.axis[4].taps
    grid.x_step[0], grid.x_step[1] = 0, high.tap_step * s.w_step[2]
    grid.x_step[2], grid.x_step[3] = wide.tap_step * s.w_step[3], s.w_step[4]
    grid.w_step[0], grid.w_step[1] = 0, high.source_tap_step * row_bytes
    grid.w_step[2], grid.w_step[3] = wide.source_tap_step * s.itemsize, plane_bytes(s)
    if s.bias:
        repeat_bias(s, &call.edge, bias)
    for channel in range(s.channels):
        xs[channel] = (s.w + high.tap * s.w_step[2] + wide.tap * s.w_step[3]
                       + channel * s.w_channel)
    for row in range(high.outs):
        for channel in range(s.channels):
            ys[channel] = (y + (high.out + row * high.out_step) * s.y_step[2]
                           + wide.out * s.y_step[3] + channel * s.y_channel)
        call.panel = (band + (high.source + row * high.source_step) * row_bytes
                      + wide.source * s.itemsize)
        run_line(s, wide, &call)


cdef inline void run_border(const sum_t *s, const segment_t *const *of, const box_t *box,
                            const char *packed) noexcept nogil:
    """A few columns, as rows of a usual sum."""
    cdef const char *xs[BLOCK_ROWS]
    cdef char *ys[BLOCK_ROWS]
    cdef panel_t call
    cdef ptrdiff_t rows = class_rows(of), first = 0
    call.x, call.y = <const char *const *>xs, <char *const *>ys
    call.ask_bytes, call.nonzero = 0, NULL
    while first < rows:
        call.rows = min(rows - first, BLOCK_ROWS)
        locate_rows(s, of, first, call.rows, s.x, s.y, xs, ys)
        run_panel(s, 0, of, box, 0, packed, &call)
        first += call.rows


cdef inline void run_band(const sum_t *s, ptrdiff_t image, ptrdiff_t low, ptrdiff_t end,
                          const box_t *box, const char *packed, char *band) noexcept nogil:
    """Output rows `low` to `end` of an image."""
    cdef ptrdiff_t last, first = band_reach(s, low, end, &last), h, w
    cdef ptrdiff_t row_bytes = plane_bytes(s) * s.axis[4].taps
    cdef segment_t one = part_of(s.axis[0].items, image, image + 1), high
    cdef const segment_t *of[AXES]
    cdef const segment_t *wide
    transpose_rows(s, s.x + image * s.x_step[0] + first * s.x_step[2], last - first, band)
    of[0], of[1], of[2], of[4] = &one, s.axis[1].items, &high, s.axis[4].items
    for h in range(s.axis[2].count):
        high = part_of(&s.axis[2].items[h], low, end)
        if high.outs == 0:
            continue
        for w in range(s.axis[3].count):
            wide = of[3] = &s.axis[3].items[w]
            if wide.outs >= s.kernel.lanes:
                run_lines(s, &high, wide, s.y + image * s.y_step[0], band - first * row_bytes)
            else:
                run_border(s, of, box, packed)


# -------------------------------------------------------------------------------------------- tasks

cdef inline ptrdiff_t plan_turned(sum_t *s, int threads) noexcept nogil:
    """Cut the rows of all images; returns the number of tasks."""
    cdef double work
    cdef int axis
    s.taps = 1
    for axis in range(AXES):
        s.taps *= s.axis[axis].taps
    set_panels(s)
    set_chunk(s, s.taps)
    s.blocks = s.axis[0].outs * s.axis[2].outs
    work = <double>s.blocks * s.axis[3].outs * s.channels * s.taps
    s.block_parts = 1
    if threads > 1:
        work = min(<double>s.blocks, 1 + work / SMALL_WORK)
        s.block_parts = <ptrdiff_t>min(4.0 * threads, work)
    return s.block_parts


cdef inline ptrdiff_t band_end(const sum_t *s, ptrdiff_t low, ptrdiff_t end) noexcept nogil:
    """Where output rows from `low` on must stop for what they see to fit a band."""
    cdef ptrdiff_t last, first = band_reach(s, low, end, &last)
    while last - first > rows_in_band(s):
        end = low + (end - low + 1) // 2
        first = band_reach(s, low, end, &last)
    return end


cdef inline void run_turned(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const sum_t *s = <const sum_t *>context
    cdef ptrdiff_t row = s.blocks * task // s.block_parts, rows = s.axis[2].outs, low, end
    cdef ptrdiff_t end_row = s.blocks * (task + 1) // s.block_parts
    cdef box_t box = chunk_box(s, 0)
    cdef const char *packed = s.packed
    if packed == NULL:
        packed = <const char *>scratch
        pack_panel(s, s.w, &box, 0, <char *>scratch)
    while row < end_row:
        low = row % rows
        end = band_end(s, low, min(rows, low + end_row - row))
        run_band(s, row // rows, low, end, &box, packed, <char *>scratch + WEIGHTS_BYTES)
        row += end - low
