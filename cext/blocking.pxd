# cython: language_level=3, cdivision=True
"""How a sum is cut: chunks of taps, blocks of rows, tasks. The reasons are cache sizes and threads.

Forward and input gradient have the same bits however they are cut. A kernel gradient's chunks of
taps are part of its result, so they depend on shapes alone.
"""
from api cimport *
from arrays cimport *
from segments cimport *
from sums cimport *


cdef inline ptrdiff_t count_rows(const sum_t *s) noexcept nogil:
    return (s.axis[0].outs * s.axis[1].outs * s.axis[2].outs * s.axis[3].outs * s.axis[4].outs)


cdef inline ptrdiff_t count_blocks(const sum_t *s) noexcept nogil:
    cdef const segment_t *of[AXES]
    cdef segment_t parts[AXES]
    cdef box_t band
    cdef ptrdiff_t index, blocks = 0
    for index in range(s.bands * s.classes):
        band = band_rows(s, index // s.classes)
        class_segments(s, index % s.classes, of)
        band_segments(s, &band, parts, of)
        blocks += ceil_div(class_rows(of), s.block_rows)
    return blocks


cdef inline ptrdiff_t source_bytes_per_row(const sum_t *s) noexcept nogil:
    """What a row adds to the sources of its neighbour along W; windows overlap there."""
    cdef const segment_t *seg = s.axis[3].items
    cdef ptrdiff_t along_w = s.axis[3].taps
    if s.axis[3].outs > 1:
        along_w = min(along_w, max(seg.source_step, 1))
    return s.taps // s.axis[3].taps * along_w * s.itemsize * (s.channels if s.lanewise else 1)


cdef inline bint passes_panels(const sum_t *s, ptrdiff_t bytes) noexcept nogil:
    """Whether what rows see, `bytes` without what windows share along H and D, stays in L2 while
    all rows meet one panel after the other: it always would, or does and panels do not."""
    cdef double exact = s.itemsize
    cdef ptrdiff_t first, end
    cdef int axis
    if s.runs or s.sparse:
        return False
    if bytes <= L2_BYTES:
        return True
    for axis in range(AXES):
        first = find_sources(&s.axis[axis], 0, s.axis[axis].outs, 0, s.axis[axis].taps, &end)
        exact *= end - first
    return exact <= L2_BYTES and s.panels * s.panel_width * s.taps * s.itemsize > 2 * L2_BYTES


cdef inline ptrdiff_t run_taps(const array_t *kernel, ptrdiff_t groups) noexcept nogil:
    """Of the kernel's gradient, by shape alone. Long runs store fewer sums; of many channels they
    would leave L2, and for few rows L1."""
    cdef ptrdiff_t ins = kernel.size[3], rows = ins, axis
    for axis in range(3):
        rows *= kernel.size[axis]
    if rows < FEW_ROWS:
        return LEAST_RUN
    return clip(RUN_BYTES // ((ins + kernel.size[4] // groups) * kernel.itemsize),
                LEAST_RUN, LONGEST_RUN)


cdef inline void plan_blocks(sum_t *s) noexcept nogil:
    """Sizes that keep a block's sources in L2 and, where a panel has few rows to serve, a chunk
    of the panel in L1. Forward and input gradient have the same bits for any such sizes."""
    cdef ptrdiff_t row_bytes = s.panel_width * s.itemsize, rows = count_rows(s)
    cdef ptrdiff_t source = source_bytes_per_row(s), most = s.taps
    cdef int axis
    s.block_rows = BLOCK_ROWS
    if s.runs:
        most = s.runs
    elif rows < FEW_ROWS or source * 48 > L2_BYTES:
        most = CHUNK_TAPS
    else:
        s.block_rows = clip(L2_BYTES // source // 24 * 24, 48, BLOCK_ROWS)
    s.by_tap = (rows < FEW_ROWS and s.classes > 1 and s.axis[4].taps >= LONG_RUN
                and not s.runs and not s.lanewise)
    if s.packed == NULL:
        most = min(most, s.scratch_bytes // row_bytes)
    if s.by_tap:
        most = min(most, s.axis[4].taps)
    set_chunk(s, most)
    if s.by_tap:
        for axis in range(4):
            s.chunk[axis] = 1
        s.chunk_taps = s.chunk[4]
    s.panels_at_once = s.panels
    if s.packed == NULL:
        s.panels_at_once = min(s.panels, s.scratch_bytes // (row_bytes * s.chunk_taps))
    s.asks_panels = False
    s.asks_rows = (s.taps <= SHORT_SUM and s.bands == 1 and not s.runs and not s.lanewise
                   and rows * s.channels * s.itemsize > L2_BYTES)
    if passes_panels(s, source * rows):
        s.panels_at_once = 1
        s.asks_panels = s.packed != NULL


cdef inline void set_bands(sum_t *s) noexcept nogil:
    """Where classes interleave, as in the input gradient of strides, each writes some pixels of
    every page: classes of an image, or of some of its rows, follow each other while these are in
    L2, and what the next ones read and write is asked for (ahead.pxd)."""
    cdef ptrdiff_t bytes = s.itemsize * s.channels, images = s.axis[0].outs
    cdef bint interleaved = False
    cdef int axis
    s.bands = s.row_bands = 1
    for axis in range(1, 4):
        bytes *= s.axis[axis].outs
        interleaved |= s.axis[axis].items[0].out_step > 1
    if not interleaved:
        return
    s.bands = clip(images * bytes // Y_BAND_BYTES, 1, images)
    if s.bands == images and s.axis[1].outs == 1:
        s.row_bands = clip(bytes // Y_BAND_BYTES, 1, s.axis[2].outs)
        s.bands *= s.row_bands


cdef inline ptrdiff_t plan_tasks(sum_t *s, int threads) noexcept nogil:
    """Rows are split first where panels are packed already, or x is gathered, panels first where
    each task packs its own; into as few rows as a panel is hardly reused for only if threads were
    idle else. Returns the number of tasks."""
    cdef ptrdiff_t rows = count_rows(s), wanted = 1, some, share
    cdef double work = <double>rows * s.taps * s.channels * s.groups
    if threads > 1:
        wanted = ceil_div(<ptrdiff_t>min(4.0 * threads, 1 + work / SMALL_WORK), s.groups)
    some = min(wanted, max(threads, rows // FEW_ROWS))
    s.panel_parts = 1 if s.packed or s.gathers else min(s.panels, wanted)
    share = ceil_div(some, s.panel_parts)
    s.block_rows = min(s.block_rows, max(ceil_div(rows, share * 24) * 24, 48))
    s.blocks = 1 if s.by_tap else count_blocks(s)
    s.block_parts = min(s.blocks, share)
    if s.packed:
        s.panel_parts = min(s.panels, ceil_div(wanted, s.block_parts))
    elif s.runs:  # panels are as long as the batch: as few parts as give all threads the same
        s.block_parts = min(s.block_parts, threads // common_divisor(s.panel_parts, threads))
    return s.groups * s.block_parts * s.panel_parts


cdef inline bint shares_vectors(const sum_t *s) noexcept nogil:
    """Whether channels of so many groups make a vector that it pays to permute x for them, of which
    they read one vector. (With two groups it took as long as the kernel of panels.)"""
    cdef ptrdiff_t lanes = s.kernel.lanes, inputs = s.x_group // s.itemsize
    return (s.kernel.permutes and s.channels > 1 and 4 * s.channels <= lanes
            and lanes % s.channels == 0 and s.x_step[4] == s.itemsize
            and (lanes // s.channels - 1) * inputs < lanes
            and s.w_group == s.channels * s.w_channel and s.y_group == s.channels * s.y_channel)


cdef inline void join_groups(sum_t *s) noexcept nogil:
    """Groups of one output channel each, or of a few, are the channels of one lanewise sum."""
    if s.groups > 1 and (s.channels == 1 or shares_vectors(s)):
        s.lanewise, s.packed = True, NULL
        s.share, s.x_channel = s.channels, s.x_group
        if s.channels == 1:
            s.w_channel, s.y_channel = s.w_group, s.y_group
        s.channels, s.groups = s.groups * s.channels, 1


cdef inline void join_classes(sum_t *s) noexcept nogil:
    """Outputs along W are one class, borders included, where the lanewise kernel can tell what
    each of them sees: in small images borders are most of the outputs."""
    cdef const along_w_t *w = &s.along_w
    if (s.lanewise and (w.taps == 3 or w.taps == 5) and w.dilation == 1 and not s.runs
            and w.stride <= (1 if w.adjoint else 2) and s.axis[4].taps == 1
            and s.taps <= CHUNK_TAPS and s.channels >= s.kernel.lanes
            and s.share == 1 and s.x_channel == s.itemsize):
        s.line, s.line_step = s.axis[3].outs, -1 if w.adjoint else w.stride
        s.axis[3].count = 1
        s.axis[3].items[0] = segment_t(
            out=0, out_step=1, outs=s.line, tap=0, tap_step=1, taps=w.taps,
            source=w.before if w.adjoint else -w.before, source_step=w.stride,
            source_tap_step=-1 if w.adjoint else 1)


cdef inline bint is_panel(const sum_t *s) noexcept nogil:
    """Whether w lies in memory as one packed panel would.

    It is read where it is if rows are few, as in the gradient of a bias; many would feel that its
    vectors are not aligned.
    """
    cdef ptrdiff_t step = s.panel_width * s.itemsize
    cdef int axis
    if s.lanewise or s.w_channel != s.itemsize or s.channels != s.panel_width:
        return False
    if count_rows(s) >= FEW_ROWS:
        return False
    for axis in range(AXES - 1, -1, -1):
        if s.axis[axis].taps > 1 and s.w_step[axis] != step:
            return False
        step *= s.axis[axis].taps
    return s.groups == 1 or s.w_group == step


cdef inline bint is_far(const sum_t *s) noexcept nogil:
    """Whether a kernel gradient's taps are a page apart, as a dense layer's: they meet in the same
    sets of L1, and nothing fetches them ahead."""
    return (s.runs and not s.lanewise and s.scratch_bytes == SCRATCH_BYTES
            and s.taps == s.axis[0].taps and count_rows(s) == s.axis[4].outs >= BLOCK_ROWS
            and s.x_step[4] == s.itemsize and not -FAR < s.x_step[0] < FAR)


cdef inline ptrdiff_t plan(sum_t *s, int threads) noexcept nogil:
    """Of a sum with arrays and axes, all the rest. Returns the number of tasks."""
    cdef int axis
    s.taps = s.classes = 1
    for axis in range(AXES):
        s.taps *= s.axis[axis].taps
    join_groups(s)
    join_classes(s)
    for axis in range(AXES):
        s.classes *= s.axis[axis].count
    set_bands(s)
    set_panels(s)
    if s.packed == NULL and is_panel(s):
        s.packed = s.w
    s.gathers = is_far(s)
    if s.gathers:
        s.scratch_bytes -= GATHERED_BYTES
    plan_blocks(s)
    return plan_tasks(s, threads)
