# cython: language_level=3, cdivision=True
"""One sum of products over a regular grid: what every convolution and its gradients are.

For each row (a pixel, or an element of the kernel) and each output channel,

    y[row, channel] = sum over taps of x[source of (row, tap)] * w[tap, channel]

over five axes (N D H W C), each with its rows and its taps. Rows that see the same taps form a
class: a box of rows (see segments.pxd) for which the micro-kernel walks one regular grid. Weights
are packed in panels, a register tile's channels side by side, a row for each tap. Taps are summed
in ascending order, whatever the loops (nest.pxd) and their sizes (blocking.pxd).
"""
from api cimport *
from arrays cimport *
from segments cimport *

cdef enum:
    BLOCK_ROWS = 192      # a multiple of every tile's rows; the block's input stays in L2
    FEW_ROWS = 100        # below, a panel is hardly reused: cut it to stay in L1
    CHUNK_TAPS = 512      # ... at this many taps
    LONG_RUN = 128        # input channels that make a kernel position worth a pass of its own
    LEAST_RUN = 256       # taps of a kernel gradient that have a fresh accumulator ...
    LONGEST_RUN = 400     # ... and as many where channels are few, ...
    RUN_BYTES = 256 * 1024  # ... of x and w; GATHERED_BYTES and AGAIN_PANELS have room for them
    SMALL_WORK = 100000   # multiply-adds worth a task of their own
    L2_BYTES = 512 * 1024  # half of what is common
    Y_BAND_BYTES = 256 * 1024  # of y: the next band has room in L2, too
    FAR = 4096             # bytes
    GATHERED_BYTES = 432 * 1024  # of a scratch: a run's x for a block of rows
    MAX_PANEL = 64        # elements: four vectors of 16
    WIDE_PANEL = 256      # of a lanewise panel


# Windows along W, as given: see window_segments and adjoint_segments. No taps: not to be used.
cdef struct along_w_t:
    ptrdiff_t taps, length, stride, dilation, before
    bint adjoint


# One operation, as every task sees it. Steps are in bytes.
cdef struct sum_t:
    const kernels_t *kernel
    ptrdiff_t itemsize
    segments_t axis[AXES]
    along_w_t along_w
    const char *x
    char *y
    const char *w
    ptrdiff_t x_step[AXES]
    ptrdiff_t y_step[AXES]
    ptrdiff_t w_step[AXES]            # by tap
    ptrdiff_t y_channel, w_channel
    bint lanewise                     # every `share` channels have an x of their own, x_channel on
    ptrdiff_t share
    ptrdiff_t x_channel
    ptrdiff_t line, line_step         # outputs along W in one class, see panel_t; 0: in several
    ptrdiff_t groups, channels        # channels of one group
    ptrdiff_t x_group, y_group, w_group
    const char *bias
    ptrdiff_t bias_step
    const char *packed                # panels of all taps, or NULL: pack while computing
    bint sparse                       # one row of finite panels: zeros of x are passed over
    ptrdiff_t runs                    # of so many taps at most, each a sum of its own; or 0
    bint gathers                      # x is copied first: its taps lie far apart
    char *totals                      # of w over all taps, in steps of y_channel; or NULL
    ptrdiff_t total_group
    const char *one                   # the element 1
    ptrdiff_t scratch_bytes           # of a task, where panels are packed
    edge_t edge
    activation_t activation
    double alpha
    # Blocking
    ptrdiff_t panels, panel_width, taps
    ptrdiff_t chunk[AXES]             # taps of one pass
    ptrdiff_t chunk_taps
    bint by_tap                       # few rows: a chunk is of one kernel position
    ptrdiff_t block_rows, blocks, classes
    ptrdiff_t bands                   # of images or rows, each with all its classes before the next
    ptrdiff_t row_bands               # ... of one image, or 1
    ptrdiff_t block_parts, panel_parts
    ptrdiff_t panels_at_once
    bint asks_panels                  # the next chunk of a panel is asked for
    bint asks_rows                    # lines of y that the next block writes are


# A chunk of taps, and where they stand in the panel: one row of it each.
cdef struct box_t:
    ptrdiff_t low[AXES]
    ptrdiff_t high[AXES]
    ptrdiff_t origin[AXES]            # the tap of the panel's first row
    ptrdiff_t step[AXES]              # in panel rows
    bint first, last


# ----------------------------------------------------------------------------- taps: chunks, panels

cdef inline ptrdiff_t set_chunk(sum_t *s, ptrdiff_t most) noexcept nogil:
    """Cut the taps into boxes of at most `most` taps that follow each other in order."""
    cdef ptrdiff_t taps = 1, parts
    cdef int axis
    for axis in range(AXES - 1, -1, -1):
        if taps * s.axis[axis].taps <= most:
            s.chunk[axis] = s.axis[axis].taps
        else:
            parts = ceil_div(s.axis[axis].taps, max(most // taps, 1))
            s.chunk[axis] = ceil_div(s.axis[axis].taps, parts)
            most = 0  # axes further out advance one by one
        taps *= s.chunk[axis]
    s.chunk_taps = taps
    return taps


cdef inline ptrdiff_t chunk_count(const sum_t *s) noexcept nogil:
    cdef ptrdiff_t count = 1
    for axis in range(AXES):
        count *= ceil_div(s.axis[axis].taps, s.chunk[axis])
    return count


cdef inline box_t chunk_box(const sum_t *s, ptrdiff_t index) noexcept nogil:
    cdef box_t box
    cdef ptrdiff_t parts, rest = index, packed = 1
    cdef int axis
    for axis in range(AXES - 1, -1, -1):
        parts = ceil_div(s.axis[axis].taps, s.chunk[axis])
        box.low[axis] = 0
        if parts > 1:
            box.low[axis] = rest % parts * s.chunk[axis]
            rest //= parts
        box.high[axis] = min(box.low[axis] + s.chunk[axis], s.axis[axis].taps)
        box.origin[axis] = 0 if s.packed else box.low[axis]
        box.step[axis] = packed
        packed *= s.axis[axis].taps if s.packed else box.high[axis] - box.low[axis]
    box.first = index == 0
    box.last = index == chunk_count(s) - 1
    return box


cdef inline void set_panels(sum_t *s) noexcept nogil:
    """Panels of equal width: a narrow last one would run at a fraction of the speed."""
    cdef ptrdiff_t vectors = ceil_div(s.channels, s.kernel.lanes), most = s.kernel.tile_vectors
    if s.lanewise:  # the kernel cuts them up itself
        most = WIDE_PANEL // s.kernel.lanes
    s.panels = ceil_div(vectors, most)
    s.panel_width = ceil_div(vectors, s.panels) * s.kernel.lanes
    s.panels = ceil_div(s.channels, s.panel_width)


cdef inline ptrdiff_t panel_vectors(const sum_t *s, ptrdiff_t panel) noexcept nogil:
    """The last panel is as narrow as its channels allow."""
    return ceil_div(min(s.channels - panel * s.panel_width, s.panel_width), s.kernel.lanes)


cdef inline void pack_panel(const sum_t *s, const char *w, const box_t *box, ptrdiff_t panel,
                            char *to) noexcept nogil:
    """Copy the taps of a box, `panel_width` channels side by side, zeros beyond the last one."""
    cdef ptrdiff_t first = panel * s.panel_width, a, b, c, d
    cdef ptrdiff_t row_bytes = panel_vectors(s, panel) * s.kernel.lanes * s.itemsize
    cdef pack_t run
    run.w_step, run.rows = s.w_step[4], box.high[4] - box.low[4]
    run.channel_step, run.channels = s.w_channel, min(s.channels - first, s.panel_width)
    run.vectors = <int>panel_vectors(s, panel)
    run.to = to
    w += first * s.w_channel + box.low[4] * s.w_step[4]
    for a in range(box.low[0], box.high[0]):
        for b in range(box.low[1], box.high[1]):
            for c in range(box.low[2], box.high[2]):
                for d in range(box.low[3], box.high[3]):
                    run.w = (w + a * s.w_step[0] + b * s.w_step[1] + c * s.w_step[2]
                             + d * s.w_step[3])
                    s.kernel.pack(&run)
                    run.to += run.rows * row_bytes


# ---------------------------------------------------------------------------- rows: classes, blocks

cdef inline void class_segments(const sum_t *s, ptrdiff_t index,
                                const segment_t **of) noexcept nogil:
    cdef int axis
    for axis in range(AXES - 1, -1, -1):
        of[axis] = s.axis[axis].items
        if s.axis[axis].count > 1:
            of[axis] += index % s.axis[axis].count
            index //= s.axis[axis].count


cdef inline ptrdiff_t class_rows(const segment_t *const *of) noexcept nogil:
    return of[0].outs * of[1].outs * of[2].outs * of[3].outs * of[4].outs


cdef inline box_t all_rows(const sum_t *s) noexcept nogil:
    cdef box_t box
    cdef int axis
    for axis in range(AXES):
        box.low[axis], box.high[axis] = 0, s.axis[axis].outs
    return box


cdef inline box_t band_rows(const sum_t *s, ptrdiff_t band) noexcept nogil:
    """Of whatever class."""
    cdef box_t box = all_rows(s)
    cdef ptrdiff_t images = s.bands // s.row_bands, image = band // s.row_bands
    band %= s.row_bands
    box.low[0] = s.axis[0].outs * image // images
    box.high[0] = s.axis[0].outs * (image + 1) // images
    box.low[2] = s.axis[2].outs * band // s.row_bands
    box.high[2] = s.axis[2].outs * (band + 1) // s.row_bands
    return box


cdef inline void band_segments(const sum_t *s, const box_t *box, segment_t *parts,
                               const segment_t **of) noexcept nogil:
    """Of a class, what lies in a band."""
    cdef int axis
    if s.bands > 1:
        for axis in range(0, 4, 2):
            parts[axis] = part_of(of[axis], box.low[axis], box.high[axis])
            of[axis] = &parts[axis]


cdef inline void locate_rows(const sum_t *s, const segment_t *const *of, ptrdiff_t first,
                             ptrdiff_t count, const char *x, char *y, const char **xs,
                             char **ys) noexcept nogil:
    """The addresses of `count` rows of a class, from the `first` on."""
    cdef ptrdiff_t at[AXES]
    cdef ptrdiff_t x_by[AXES]
    cdef ptrdiff_t y_by[AXES]
    cdef ptrdiff_t rest = first, row = 0, run
    cdef int axis, fastest = AXES - 1
    while fastest > 0 and of[fastest].outs == 1:
        fastest -= 1
    for axis in range(AXES - 1, -1, -1):
        at[axis] = x_by[axis] = y_by[axis] = 0
        if of[axis].outs > 1:
            at[axis] = rest % of[axis].outs
            rest //= of[axis].outs
            x_by[axis] = of[axis].source_step * s.x_step[axis]
            y_by[axis] = of[axis].out_step * s.y_step[axis]
        x += of[axis].source * s.x_step[axis] + at[axis] * x_by[axis]
        y += of[axis].out * s.y_step[axis] + at[axis] * y_by[axis]
    while row < count:
        run = row + min(of[fastest].outs - at[fastest], count - row)
        at[fastest] += run - row
        for row in range(row, run):
            xs[row] = x
            ys[row] = y
            x += x_by[fastest]
            y += y_by[fastest]
        row = run
        axis = fastest
        while axis > 0 and at[axis] == of[axis].outs:
            x += x_by[axis - 1] - at[axis] * x_by[axis]
            y += y_by[axis - 1] - at[axis] * y_by[axis]
            at[axis] = 0
            axis -= 1
            at[axis] += 1


cdef inline void set_grid(const sum_t *s, const segment_t *const *of, const box_t *box,
                          panel_t *call) noexcept nogil:
    """The taps of a class that lie within a chunk: at most four axes, neighbours merged."""
    cdef ptrdiff_t row_bytes = call.vectors * s.kernel.lanes * s.itemsize
    cdef ptrdiff_t low, high, size, x_step, w_step, panel_row = 0
    cdef grid_t *grid = &call.grid
    cdef int axis, slot = GRID_AXES - 1
    cdef const segment_t *seg
    for axis in range(GRID_AXES):
        grid.size[axis] = 1
        grid.x_step[axis] = grid.w_step[axis] = 0
    call.x_offset = 0
    for axis in range(AXES - 1, -1, -1):
        seg = of[axis]
        low = clip(ceil_div(box.low[axis] - seg.tap, seg.tap_step), 0, seg.taps)
        high = clip(ceil_div(box.high[axis] - seg.tap, seg.tap_step), low, seg.taps)
        size = high - low
        if size == 0:
            grid.size[0] = 0
            return
        x_step = seg.source_tap_step * (gathered_step(s) if s.gathers else s.x_step[axis])
        call.x_offset += low * x_step
        panel_row += (seg.tap + low * seg.tap_step - box.origin[axis]) * box.step[axis]
        if size == 1:
            continue
        w_step = seg.tap_step * box.step[axis] * row_bytes
        if grid.size[slot] > 1:
            if (not s.line and x_step == grid.size[slot] * grid.x_step[slot]
                    and w_step == grid.size[slot] * grid.w_step[slot]):
                grid.size[slot] *= size
                continue
            slot -= 1
        grid.size[slot], grid.x_step[slot], grid.w_step[slot] = size, x_step, w_step
    call.panel += panel_row * row_bytes
    if slot < GRID_AXES - 1 or grid.size[slot] > MOST_NONZERO:
        call.nonzero = NULL


# ------------------------------------------------------------------------------------ one panel

cdef inline void finish_activation(const sum_t *s, const panel_t *call) noexcept nogil:
    cdef ptrdiff_t row
    cdef char *y
    for row in range(call.rows):
        y = call.y[row] + call.y_offset
        s.activation(y, call.y_step, y, call.y_step, call.channels, s.alpha)


cdef inline void run_panel(const sum_t *s, ptrdiff_t group, const segment_t *const *of,
                           const box_t *box, ptrdiff_t panel, const char *packed,
                           panel_t *call) noexcept nogil:
    """One block of rows times one packed panel; packed holds the box's taps."""
    cdef char bias[WIDE_PANEL * 8]
    cdef ptrdiff_t first = panel * s.panel_width
    cdef pack_t copy
    call.vectors = <int>panel_vectors(s, panel)
    call.channels = min(s.channels - first, s.panel_width)
    call.y_step = s.y_channel
    call.y_offset = first * s.y_channel
    call.panel = packed
    call.edge = s.edge
    call.edge.resume = not s.runs and not box.first
    call.edge.add = s.runs and not box.first
    call.edge.clamp = s.edge.clamp and box.last
    call.edge.bias = NULL
    if s.bias and box.last:
        copy.w = s.bias + (group * s.channels + first) * s.bias_step
        copy.w_step, copy.rows, copy.vectors = 0, 1, call.vectors
        copy.channel_step, copy.channels, copy.to = s.bias_step, call.channels, bias
        s.kernel.pack(&copy)
        call.edge.bias = bias
    set_grid(s, of, box, call)
    if s.lanewise:
        call.x_offset += first // s.share * s.x_channel
        s.kernel.lanewise(call)
    else:
        s.kernel.panel(call)
    if s.activation and box.last:
        finish_activation(s, call)


cdef inline ptrdiff_t gathered_step(const sum_t *s) noexcept nogil:
    """From tap to tap, an odd number of vectors: taps must not meet in the same sets."""
    return (ceil_div(BLOCK_ROWS, s.kernel.lanes) | 1) * s.kernel.lanes * s.itemsize
