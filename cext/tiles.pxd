# cython: language_level=3, cdivision=True
"""Tiles of a Winograd convolution: where they lie, their points, and products of points."""
from libc.string cimport memset

from api cimport *
from arrays cimport *
from segments cimport *
from sums cimport *

cdef enum:
    TAPS = 3
    MOST_TILES = 48         # in a block
    APART = 64              # bytes between points: else all points of a tile may share L1 sets
    # Scratch: what is computed again, then the points.
    AGAIN_BYTES = 256 * 1024
    POINT_BYTES = SCRATCH_BYTES - AGAIN_BYTES


cdef struct winograd_t:
    const kernels_t *kernel
    ptrdiff_t itemsize
    int dtype, size, width, points   # size x width outputs in a tile
    array_t x, y, w                  # of a kernel gradient, y is the output's and w the result
    ptrdiff_t before[2]
    int x_pool, y_pool               # 2: the array is maxima over 2 x 2, or their gradients
    ptrdiff_t outs[2]                # along H and W
    unsigned char *places            # of such maxima; where a result is not finite, it is not
    int *strange                     # computed again then, but this is set
    ptrdiff_t high, wide, tiles      # tiles along H and W, and all of them
    const char *packed
    const char *bias
    ptrdiff_t bias_step
    edge_t edge
    activation_t activation
    activation_gradient_t slope      # that y is multiplied by, at a value that lies so many bytes
    ptrdiff_t to_value               # on from y; or NULL
    double alpha
    ptrdiff_t groups                 # of images: a kernel's gradient is made for each
    # Blocking
    ptrdiff_t ins, panels, panel_width  # input channels of a block, output channels of a panel
    ptrdiff_t slice, panels_at_once     # input channels and panels that scratch holds at once
    ptrdiff_t blocks, block_parts, panel_parts


cdef inline void set_tiles(winograd_t *s) noexcept nogil:
    cdef sum_t panels  # set_panels looks at three fields only
    panels.lanewise = False
    panels.kernel, panels.channels = s.kernel, s.y.size[4]
    set_panels(&panels)
    s.panels, s.panel_width = panels.panels, panels.panel_width
    s.points = (s.size + 2) * (s.width + 2)
    s.high, s.wide = ceil_div(s.outs[0], s.size), ceil_div(s.outs[1], s.width)
    s.tiles = s.y.size[0] * s.high * s.wide
    s.ins = s.x.size[4]


cdef inline void locate_tiles(const winograd_t *s, ptrdiff_t first, ptrdiff_t count,
                              tile_t *tiles) noexcept nogil:
    cdef ptrdiff_t t, image, row, column, top, left
    for t in range(count):
        image = (first + t) // (s.high * s.wide)
        row = (first + t) // s.wide % s.high * s.size
        column = (first + t) % s.wide * s.width
        top = (row - s.before[0]) >> (s.x_pool - 1)
        left = (column - s.before[1]) >> (s.x_pool - 1)
        tiles[t].x = s.x.data + image * s.x.step[0] + top * s.x.step[2] + left * s.x.step[3]
        tiles[t].y = (s.y.data + image * s.y.step[0] + row // s.y_pool * s.y.step[2]
                      + column // s.y_pool * s.y.step[3])
        tiles[t].row[0] = <int>clip(-top, 0, 6)
        tiles[t].row[1] = <int>clip(s.x.size[2] - top, 0, 6)
        tiles[t].column[0] = <int>clip(-left, 0, 6)
        tiles[t].column[1] = <int>clip(s.x.size[3] - left, 0, 6)
        tiles[t].rows = <int>min(s.outs[0] - row, s.size)
        tiles[t].columns = <int>min(s.outs[1] - column, s.width)


cdef inline ptrdiff_t panel_channels(const winograd_t *s, ptrdiff_t panel) noexcept nogil:
    return min(s.y.size[4] - panel * s.panel_width, s.panel_width)


cdef inline int vectors_of(const winograd_t *s, ptrdiff_t channels) noexcept nogil:
    return <int>ceil_div(channels, s.kernel.lanes)


cdef inline ptrdiff_t padded_bytes(const winograd_t *s, ptrdiff_t channels) noexcept nogil:
    return vectors_of(s, channels) * s.kernel.lanes * s.itemsize


cdef inline transform_t input_transform(const winograd_t *s, tile_t *tiles, ptrdiff_t count,
                                        const array_t *array, ptrdiff_t channels,
                                        char *points) noexcept nogil:
    """Of tiles of x, or of y where that is given."""
    cdef transform_t a
    memset(&a, 0, sizeof(a))
    if (s.x_pool if array == &s.x else s.y_pool) > 1:
        a.pools, a.places, a.first = True, s.places, array.data
    if array == &s.x:
        a.odd[0], a.odd[1] = s.before[0] & (s.x_pool - 1), s.before[1] & (s.x_pool - 1)
    a.tiles, a.count, a.channels = tiles, count, channels
    a.size, a.width = s.size, s.width
    a.row_step, a.column_step, a.channel_step = array.step[2], array.step[3], array.step[4]
    a.points, a.tile_step = points, padded_bytes(s, channels)
    a.point_step = count * a.tile_step + APART
    return a


cdef inline transform_t output_transform(const winograd_t *s, tile_t *tiles, ptrdiff_t count,
                                         ptrdiff_t panel, char *points) noexcept nogil:
    """Of the tiles' outputs in one panel's channels; `strange` lies behind the points."""
    cdef transform_t a = input_transform(s, tiles, count, &s.y, panel_channels(s, panel), points)
    a.edge, a.to_value = s.edge, s.to_value
    a.strange, a.strange_step = points + s.points * a.point_step, a.tile_step
    return a


cdef inline kernel_transform_t kernel_transform(const winograd_t *s, ptrdiff_t first,
                                                ptrdiff_t most, ptrdiff_t panel) noexcept nogil:
    """Of the kernel or its gradient, `most` input channels from the first one on, in one panel."""
    cdef kernel_transform_t a
    memset(&a, 0, sizeof(a))
    a.ins, a.channels = min(s.w.size[3] - first, most), panel_channels(s, panel)
    a.vectors, a.size = vectors_of(s, a.channels), s.size
    a.w = s.w.data + first * s.w.step[3] + panel * s.panel_width * s.w.step[4]
    a.row_step, a.column_step = s.w.step[1], s.w.step[2]
    a.in_step, a.channel_step = s.w.step[3], s.w.step[4]
    return a


cdef inline void multiply(const winograd_t *s, ptrdiff_t panel, ptrdiff_t first_in,
                          const transform_t *source, const transform_t *result) noexcept nogil:
    """At each point, the tiles' inputs from `first_in` on times one panel of the kernel, added to
    the products of those before."""
    cdef const char *xs[MOST_TILES]
    cdef char *ys[MOST_TILES]
    cdef panel_t call
    cdef ptrdiff_t t, point_bytes = s.ins * result.tile_step
    memset(&call, 0, sizeof(call))
    for t in range(source.count):
        xs[t] = source.points + t * source.tile_step
        ys[t] = result.points + t * result.tile_step
    call.x, call.y, call.rows = <const char *const *>xs, <char *const *>ys, source.count
    call.vectors = vectors_of(s, result.channels)
    call.channels, call.y_step = call.vectors * s.kernel.lanes, s.itemsize
    call.panel = (s.packed + panel * s.points * s.ins * s.panel_width * s.itemsize
                  + first_in * result.tile_step)
    call.edge.resume = first_in > 0
    call.grid.size[0] = call.grid.size[1] = call.grid.size[2] = 1
    call.grid.size[3], call.grid.x_step[3] = source.channels, s.itemsize
    call.grid.w_step[3] = result.tile_step
    call.ask_bytes = source.channels * result.tile_step
    for _ in range(s.points):
        call.ask = call.panel + point_bytes
        s.kernel.panel(&call)
        call.x_offset += source.point_step
        call.y_offset += result.point_step
        call.panel += point_bytes
