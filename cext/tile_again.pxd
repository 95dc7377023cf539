# cython: language_level=3, cdivision=True
"""Where a sum by tiles is not finite: the same, directly."""
from libc.string cimport memcmp, memcpy, memset

from api cimport *
from arrays cimport *
from blocking cimport *
from nest cimport *
from segments cimport *
from sums cimport *
from tiles cimport *

cdef enum:
    AGAIN_PANELS = 104 * 1024  # of AGAIN_BYTES of scratch; then what is computed
    AGAIN_OUTPUTS = 8 * 1024   # ... of which 4 x 4 outputs of a panel and their maxima take 5 KiB


cdef inline bint is_marked(const char *strange, ptrdiff_t itemsize) noexcept nogil:
    """Whether a mark is anything but 0."""
    cdef char zero[8]
    memset(zero, 0, sizeof(zero))
    return memcmp(strange, zero, itemsize) != 0


cdef inline sum_t direct_sum(const winograd_t *s) noexcept nogil:
    """Without axes and arrays."""
    cdef sum_t d
    memset(&d, 0, sizeof(d))
    d.kernel, d.itemsize, d.groups, d.scratch_bytes = s.kernel, s.itemsize, 1, AGAIN_PANELS
    return d


cdef inline char *pool_again(const winograd_t *s, const tile_t *tile, ptrdiff_t channels,
                             char *outputs) noexcept nogil:
    """Maxima of a tile's outputs, behind them; both lie side by side."""
    cdef window_t a
    cdef ptrdiff_t pixel = channels * s.itemsize, row = tile.columns * pixel
    memset(&a, 0, sizeof(a))
    a.rows, a.outer, a.lanes = tile.rows // 2, tile.columns // 2, channels
    a.taps[0], a.taps[1], a.taps[2] = 1, 2, 2
    a.x.data, a.x.tap_step[1], a.x.tap_step[2] = outputs, row, pixel
    a.x.row_step, a.x.outer_step, a.x.lane_step = 2 * row, 2 * pixel, s.itemsize
    a.y.data = outputs + tile.rows * row
    a.y.row_step, a.y.outer_step, a.y.lane_step = a.outer * pixel, pixel, s.itemsize
    s.kernel.pool(&a)
    return a.y.data


cdef inline void tile_again(const winograd_t *s, const transform_t *a, ptrdiff_t number,
                            ptrdiff_t index, ptrdiff_t panel, char *scratch) noexcept nogil:
    """Compute a tile's outputs in one panel directly, and copy them to the marked channels."""
    cdef sum_t d = direct_sum(s)
    cdef const tile_t *tile = &a.tiles[index]
    cdef ptrdiff_t row = number // s.wide % s.high * s.size, column = number % s.wide * s.size
    cdef ptrdiff_t image = number // (s.high * s.wide), first = panel * s.panel_width, channel, i, j
    cdef char *outputs = scratch + AGAIN_PANELS
    cdef char *y
    cdef int axis
    d.x = s.x.data + image * s.x.step[0]
    d.w, d.w_channel, d.channels = s.w.data + first * s.w.step[4], s.w.step[4], a.channels
    d.y, d.y_channel, d.y_step[3] = outputs, s.itemsize, a.channels * s.itemsize
    d.y_step[2] = tile.columns * d.y_step[3]
    if s.bias:
        d.bias, d.bias_step = s.bias + first * s.bias_step, s.bias_step
    d.edge = s.edge
    for axis in range(2, AXES):
        d.x_step[axis], d.w_step[axis] = s.x.step[axis], s.w.step[axis - 1]
    plain_segment(&d.axis[0], 1, 1)
    plain_segment(&d.axis[1], 1, 1)
    window_segments(&d.axis[2], tile.rows, TAPS, s.x.size[2], 1, 1, s.before[0] - row)
    window_segments(&d.axis[3], tile.columns, TAPS, s.x.size[3], 1, 1, s.before[1] - column)
    plain_segment(&d.axis[4], 1, s.ins)
    plan(&d, 1)
    run_part(&d, 0, 0, d.blocks, 0, d.panels, scratch)
    if s.y_pool > 1:
        outputs = pool_again(s, tile, a.channels, outputs)
    for channel in range(a.channels):
        if not is_marked(a.strange + index * a.strange_step + channel * s.itemsize, s.itemsize):
            continue
        for i in range(tile.rows // s.y_pool):
            for j in range(tile.columns // s.y_pool):
                y = tile.y + i * a.row_step + j * a.column_step + channel * a.channel_step
                memcpy(y, outputs + ((i * (tile.columns // s.y_pool) + j) * a.channels + channel)
                       * s.itemsize, s.itemsize)
                if s.slope:
                    s.slope(y, y + s.to_value, y, 1, s.alpha)


cdef inline void taps_again(const winograd_t *s, const kernel_transform_t *a, ptrdiff_t first_in,
                            ptrdiff_t panel, char *scratch) noexcept nogil:
    """Compute a block of the kernel's gradient directly, and copy what is marked."""
    cdef sum_t d = direct_sum(s)
    cdef ptrdiff_t row = a.vectors * s.kernel.lanes * s.itemsize, i, channel, at
    cdef char *taps = scratch + AGAIN_PANELS
    cdef int axis, kh, kw
    d.runs = run_taps(&s.w, 1)
    d.x = s.x.data + first_in * s.x.step[4]
    d.w, d.w_channel = s.y.data + panel * s.panel_width * s.y.step[4], s.y.step[4]
    d.y, d.y_channel, d.channels = taps, s.itemsize, a.channels
    for axis in range(4):
        d.x_step[axis], d.w_step[axis] = s.x.step[axis], s.y.step[axis]
    d.x_step[4], d.y_step[4] = s.x.step[4], row
    d.y_step[3] = a.ins * row
    d.y_step[2] = TAPS * d.y_step[3]
    plain_segment(&d.axis[0], 1, s.x.size[0])
    plain_segment(&d.axis[1], 1, 1)
    for axis in range(2, 4):
        window_segments(&d.axis[axis], TAPS, s.y.size[axis], s.x.size[axis], 1, 1,
                        s.before[axis - 2])
    plain_segment(&d.axis[4], a.ins, 1)
    plan(&d, 1)
    run_part(&d, 0, 0, d.blocks, 0, d.panels, scratch)
    for i in range(a.ins):
        for channel in range(a.channels):
            at = i * row + channel * s.itemsize
            if not is_marked(a.strange + at, s.itemsize):
                continue
            for kh in range(TAPS):
                for kw in range(TAPS):
                    memcpy(a.w + kh * a.row_step + kw * a.column_step + i * a.in_step
                           + channel * a.channel_step,
                           taps + kh * d.y_step[2] + kw * d.y_step[3] + at, s.itemsize)
