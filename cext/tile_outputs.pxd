# cython: language_level=3, cdivision=True
"""Outputs by tiles: a convolution, or its gradient in x."""
from api cimport *
from arrays cimport *
from sums cimport *
from tile_again cimport *
from tiles cimport *

cdef enum:
    FULL_TILES = 6          # blocks of fewer waste the register tile
    NEAR_TILES = 24         # in a block where the kernel stays in L2, so that the points do, too
    NEAR_PAIRS = 1 << 16    # of channels of such a kernel
    SLICE_BYTES = 512       # of a tile's input channels, and ...
    LINE_BYTES = 64
    MOST_PANELS = 8         # ... outputs at once, where not all input channels fit
    FIRST_POINT = AGAIN_PANELS + AGAIN_OUTPUTS  # bytes of scratch: before, what is computed again


cdef inline void pack_bias(const winograd_t *s, ptrdiff_t panel, char *to) noexcept nogil:
    cdef pack_t copy
    copy.w = s.bias + panel * s.panel_width * s.bias_step
    copy.w_step, copy.rows = 0, 1
    copy.channel_step, copy.channels, copy.to = s.bias_step, panel_channels(s, panel), to
    copy.vectors = vectors_of(s, copy.channels)
    s.kernel.pack(&copy)


cdef inline void activate_tiles(const winograd_t *s, const transform_t *a) noexcept nogil:
    cdef ptrdiff_t t, i, j
    cdef char *y
    for t in range(a.count):
        for i in range(a.tiles[t].rows):
            for j in range(a.tiles[t].columns):
                y = a.tiles[t].y + i * a.row_step + j * a.column_step
                s.activation(y, a.channel_step, y, a.channel_step, a.channels, s.alpha)


cdef inline void write_panel(const winograd_t *s, transform_t *result, ptrdiff_t first,
                             ptrdiff_t panel, char *scratch) noexcept nogil:
    """From points to outputs, of tiles of which `first` is the first one's number."""
    cdef char bias[MAX_PANEL * 8]
    cdef ptrdiff_t t
    if s.bias:
        pack_bias(s, panel, bias)
        result.edge.bias = bias
    s.kernel.winograd_output(result)
    for t in range(result.count):
        if result.tiles[t].finite:
            continue
        if s.places:
            raise_flag(s.strange)
        else:
            tile_again(s, result, first + t, t, panel, scratch)
    if s.activation:
        activate_tiles(s, result)
    for t in range(result.count):
        result.tiles[t].y += s.panel_width * s.y.step[4]


cdef inline void multiply_slices(const winograd_t *s, tile_t *tiles, ptrdiff_t count,
                                 ptrdiff_t panel, ptrdiff_t panels, bint transformed,
                                 transform_t *results, char *points) noexcept nogil:
    """Some panels' products, a slice of input channels after the other; `transformed` tells whether
    the only one's points are there."""
    cdef transform_t source
    cdef ptrdiff_t first_in = 0, t, p
    cdef char *to
    while first_in < s.ins:
        source = input_transform(s, tiles, count, &s.x, min(s.ins - first_in, s.slice), points)
        if not transformed:
            s.kernel.winograd_input(&source)
        if first_in == 0:
            to = points + s.points * source.point_step
            for p in range(panels):
                results[p] = output_transform(s, tiles, count, panel + p, to)
                to = <char *>results[p].strange + count * results[p].tile_step
        for p in range(panels):
            multiply(s, panel + p, first_in, &source, &results[p])
        for t in range(count):
            tiles[t].x += source.channels * s.x.step[4]
        first_in += source.channels
    for t in range(count):
        tiles[t].x -= s.ins * s.x.step[4]


cdef inline void run_block(const winograd_t *s, ptrdiff_t block, ptrdiff_t first_panel,
                           ptrdiff_t end_panel, char *scratch) noexcept nogil:
    cdef tile_t tiles[MOST_TILES]
    cdef transform_t results[MOST_PANELS]
    cdef ptrdiff_t first = s.tiles * block // s.blocks, panel = first_panel, panels, t, p
    cdef ptrdiff_t count = s.tiles * (block + 1) // s.blocks - first
    locate_tiles(s, first, count, tiles)
    for t in range(count):
        tiles[t].y += first_panel * s.panel_width * s.y.step[4]
    while panel < end_panel:
        panels = min(s.panels_at_once, end_panel - panel)
        multiply_slices(s, tiles, count, panel, panels, panel > first_panel and s.slice >= s.ins,
                        results, scratch + FIRST_POINT)
        for p in range(panels):
            write_panel(s, &results[p], first, panel + p, scratch)
        panel += panels


cdef inline void run_forward(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const winograd_t *s = <const winograd_t *>context
    cdef ptrdiff_t panel_part = task % s.panel_parts, block = task // s.panel_parts
    cdef ptrdiff_t end = s.blocks * (block + 1) // s.block_parts
    block = s.blocks * block // s.block_parts
    while block < end:
        run_block(s, block, s.panels * panel_part // s.panel_parts,
                  s.panels * (panel_part + 1) // s.panel_parts, <char *>scratch)
        block += 1


cdef inline bint fits(const winograd_t *s, ptrdiff_t count) noexcept nogil:
    """Whether scratch holds what of `count` tiles it is to hold at once."""
    cdef ptrdiff_t width = s.panels_at_once * s.panel_width * s.itemsize
    cdef ptrdiff_t points = (count * (padded_bytes(s, s.slice) + width)
                             + (1 + s.panels_at_once) * APART)
    return s.points * points + count * width <= SCRATCH_BYTES - FIRST_POINT


cdef inline ptrdiff_t most_tiles(const winograd_t *s) noexcept nogil:
    """In a block: all input channels of them fit scratch or, where each block of so few would read
    the kernel from L3 again, slices.

    Slices pay only with kernels that ask for what comes next, of vectors of a line: without,
    14x14x512 took 1.2 times as long (float32) or 1.4.
    """
    cdef bint near = s.ins * s.y.size[4] <= NEAR_PAIRS
    cdef ptrdiff_t most = NEAR_TILES if near else MOST_TILES
    cdef ptrdiff_t sliced = NEAR_TILES if s.size > 2 else MOST_TILES
    if not (near or s.kernel.lanes * s.itemsize < LINE_BYTES or fits(s, min(s.tiles, sliced))):
        return sliced
    while not fits(s, most):
        most -= 1
    return most


cdef inline void set_slices(winograd_t *s, ptrdiff_t count) noexcept nogil:
    """Where not all input channels of `count` tiles fit: as many panels with a slice as do."""
    if fits(s, count):
        return
    s.slice, s.panels_at_once = SLICE_BYTES // s.itemsize, min(s.panels, MOST_PANELS)
    while not fits(s, count):
        s.panels_at_once -= 1


cdef inline ptrdiff_t plan_forward(winograd_t *s, int threads) noexcept nogil:
    """Tiles are split first, panels where tiles are too few: those transform the input again.
    Returns the number of tasks."""
    cdef ptrdiff_t wanted = 1
    cdef double work = <double>s.tiles * s.points * s.ins * s.y.size[4]
    s.slice, s.panels_at_once = s.ins, 1
    if threads > 1:
        wanted = <ptrdiff_t>min(4.0 * threads, 1 + work / SMALL_WORK)
    s.blocks = max(ceil_div(s.tiles, most_tiles(s)), min(wanted, ceil_div(s.tiles, 2 * FULL_TILES)))
    if s.blocks < wanted:  # as many for each thread
        s.blocks = max(s.blocks, min(ceil_div(s.blocks, threads) * threads,
                                     ceil_div(s.tiles, FULL_TILES)))
    set_slices(s, ceil_div(s.tiles, s.blocks))
    s.block_parts = min(s.blocks, wanted)
    s.panel_parts = min(s.panels, ceil_div(wanted, s.block_parts))
    return s.block_parts * s.panel_parts
