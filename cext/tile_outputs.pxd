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


cdef inline void run_block(const winograd_t *s, ptrdiff_t block, ptrdiff_t first_panel,
                           ptrdiff_t end_panel, char *scratch) noexcept nogil:
    cdef tile_t tiles[MOST_TILES]
    cdef transform_t source, result
    cdef char bias[MAX_PANEL * 8]
    cdef ptrdiff_t first = s.tiles * block // s.blocks, panel, t
    cdef ptrdiff_t count = s.tiles * (block + 1) // s.blocks - first
    locate_tiles(s, first, count, tiles)
    source = input_transform(s, tiles, count, &s.x, s.ins, scratch + FIRST_POINT)
    s.kernel.winograd_input(&source)
    for t in range(count):
        tiles[t].y += first_panel * s.panel_width * s.y.step[4]
    for panel in range(first_panel, end_panel):
        result = output_transform(s, tiles, count, panel,
                                  source.points + s.points * source.point_step)
        multiply(s, panel, &source, &result)
        if s.bias:
            pack_bias(s, panel, bias)
            result.edge.bias = bias
        s.kernel.winograd_output(&result)
        for t in range(count):
            if tiles[t].finite:
                continue
            if s.places:
                raise_flag(s.strange)
            else:
                tile_again(s, &result, first + t, t, panel, scratch)
        if s.activation:
            activate_tiles(s, &result)
        for t in range(count):
            tiles[t].y += s.panel_width * s.y.step[4]


cdef inline void run_forward(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const winograd_t *s = <const winograd_t *>context
    cdef ptrdiff_t panel_part = task % s.panel_parts, block = task // s.panel_parts
    cdef ptrdiff_t end = s.blocks * (block + 1) // s.block_parts
    block = s.blocks * block // s.block_parts
    while block < end:
        run_block(s, block, s.panels * panel_part // s.panel_parts,
                  s.panels * (panel_part + 1) // s.panel_parts, <char *>scratch)
        block += 1


cdef inline ptrdiff_t plan_forward(winograd_t *s, int threads) noexcept nogil:
    """Tiles are split first, panels where tiles are too few: those transform the input again.
    Returns the number of tasks."""
    cdef ptrdiff_t width = s.panel_width * s.itemsize
    cdef ptrdiff_t most = ((SCRATCH_BYTES - FIRST_POINT - 2 * s.points * APART)
                           // (s.points * (padded_bytes(s, s.ins) + width) + width))
    cdef ptrdiff_t wanted = 1
    cdef ptrdiff_t enough = NEAR_TILES if s.ins * s.y.size[4] <= NEAR_PAIRS else MOST_TILES
    cdef double work = <double>s.tiles * s.points * s.ins * s.y.size[4]
    most = min(most, enough)
    if threads > 1:
        wanted = <ptrdiff_t>min(4.0 * threads, 1 + work / SMALL_WORK)
    s.blocks = max(ceil_div(s.tiles, most), min(wanted, ceil_div(s.tiles, 2 * FULL_TILES)))
    if s.blocks < wanted:  # as many for each thread
        s.blocks = max(s.blocks, min(ceil_div(s.blocks, threads) * threads,
                                     ceil_div(s.tiles, FULL_TILES)))
    s.block_parts = min(s.blocks, wanted)
    s.panel_parts = min(s.panels, ceil_div(wanted, s.block_parts))
    return s.block_parts * s.panel_parts
