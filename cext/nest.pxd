# cython: language_level=3, cdivision=True
"""The loop nest of a sum (sums.pxd), whose sizes blocking.pxd has chosen.

    panels at once > chunk of taps > band of images > class > block of rows > panel > register tile

Where rows are few and channels many, a chunk is of one kernel position and serves at once all rows
that see it, of whatever class: borders are most of a small image, and each class would read the
panel again.
"""
from ahead cimport *
from api cimport *
from segments cimport *
from sums cimport *


cdef inline void gather_rows(const sum_t *s, const box_t *box, ptrdiff_t count, const char **xs,
                             char *to) noexcept nogil:
    """Copy what rows that lie side by side see within a chunk of taps, and point them there."""
    cdef pack_t run
    cdef ptrdiff_t row
    run.w, run.w_step = xs[0] + box.low[0] * s.x_step[0], s.x_step[0]
    run.rows, run.channels, run.channel_step = box.high[0] - box.low[0], count, s.itemsize
    run.vectors, run.to = <int>(gathered_step(s) // (s.kernel.lanes * s.itemsize)), to
    s.kernel.pack(&run)
    for row in range(count):
        xs[row] = to + row * s.itemsize - box.low[0] * gathered_step(s)


cdef inline void run_blocks(const sum_t *s, ptrdiff_t group, const box_t *box,
                            ptrdiff_t first_block, ptrdiff_t end_block, ptrdiff_t panel,
                            ptrdiff_t panels, const char *packed, ptrdiff_t panel_bytes,
                            char *gathered, ahead_t *ahead) noexcept nogil:
    """Blocks of rows, numbered through all classes, times some panels."""
    cdef const char *xs[BLOCK_ROWS]
    cdef char *ys[BLOCK_ROWS]
    cdef const segment_t *of[AXES]
    cdef segment_t parts[AXES]
    cdef box_t band, next_band
    cdef panel_t call
    cdef nonzero_t nonzero
    cdef ptrdiff_t block = 0, index, rows, blocks, b, p, first
    call.share, call.x_lane = s.share, s.x_channel
    call.line, call.line_step, call.first_column = s.line, s.line_step, s.axis[3].items.source
    call.line_columns = s.along_w.length
    call.x, call.y = <const char *const *>xs, <char *const *>ys
    nonzero.count = -1
    call.nonzero = &nonzero if s.sparse else NULL
    for index in range(s.bands * s.classes):
        if index % s.classes == 0:
            band = band_rows(s, index // s.classes)
            if index // s.classes + 1 < s.bands:
                next_band = band_rows(s, index // s.classes + 1)
                ask_for_band(s, group, &next_band, s.blocks // s.bands * panels, ahead)
        class_segments(s, index % s.classes, of)
        band_segments(s, &band, parts, of)
        rows = class_rows(of)
        blocks = ceil_div(rows, s.block_rows)
        for b in range(max(first_block - block, 0), min(end_block - block, blocks)):
            first = rows * b // blocks
            call.rows = rows * (b + 1) // blocks - first
            call.line_at = first % s.line if s.line else 0
            locate_rows(s, of, first, call.rows, s.x + group * s.x_group, s.y + group * s.y_group,
                        xs, ys)
            if s.gathers:
                gather_rows(s, box, call.rows, xs, gathered)
            if s.asks_rows:
                ask_for_rows(ys[0], ys[call.rows - 1], panels, ahead)
            for p in range(panels):
                take_share(ahead, &call)
                run_panel(s, group, of, box, panel + p, packed + p * panel_bytes, &call)
        block += blocks
        if block >= end_block:
            return


cdef inline segment_t untapped_segment(ptrdiff_t outs) noexcept nogil:
    return segment_t(out=0, out_step=1, outs=outs, tap=0, tap_step=1, taps=0,
                     source=0, source_step=0, source_tap_step=0)


cdef inline segment_t seen_segment(const segments_t *s, ptrdiff_t tap) noexcept nogil:
    """The outputs along one axis that see this tap: neighbours, whatever else they see."""
    cdef segment_t seen = untapped_segment(0)
    cdef ptrdiff_t index, nth
    cdef const segment_t *seg
    for index in range(s.count):
        seg = &s.items[index]
        nth = tap - seg.tap
        if nth < 0 or nth % seg.tap_step or nth // seg.tap_step >= seg.taps:
            continue
        if seen.outs == 0:
            seen = seg[0]
            seen.source += nth // seg.tap_step * seg.source_tap_step
            seen.tap, seen.taps = tap, 1
        else:
            seen.outs += seg.outs
    return seen


cdef inline void run_rows_at_once(const sum_t *s, ptrdiff_t group, const box_t *box,
                                  ptrdiff_t panel, ptrdiff_t panels, const char *packed,
                                  ptrdiff_t panel_bytes, ahead_t *ahead) noexcept nogil:
    """All rows that see a box of one kernel position, or, where the box is the first or the last,
    all that there are, of no taps: to start sums at zero, and to finish them."""
    cdef const char *xs[BLOCK_ROWS]
    cdef char *ys[BLOCK_ROWS]
    cdef segment_t seen[AXES]
    cdef const segment_t *of[AXES]
    cdef panel_t call
    cdef ptrdiff_t p
    cdef int axis
    for axis in range(AXES):
        of[axis] = &seen[axis]
        if box.first or box.last:
            seen[axis] = untapped_segment(s.axis[axis].outs)
        elif 0 < axis < 4:
            seen[axis] = seen_segment(&s.axis[axis], box.low[axis])
        else:
            seen[axis] = s.axis[axis].items[0]
    call.x, call.y, call.nonzero = <const char *const *>xs, <char *const *>ys, NULL
    call.rows = class_rows(of)
    if call.rows == 0:
        return
    locate_rows(s, of, 0, call.rows, s.x + group * s.x_group, s.y + group * s.y_group, xs, ys)
    for p in range(panels):
        take_share(ahead, &call)
        run_panel(s, group, of, box, panel + p, packed + p * panel_bytes, &call)


cdef inline void add_totals(const sum_t *s, ptrdiff_t group, const box_t *box, ptrdiff_t panel,
                            const char *packed) noexcept nogil:
    """A chunk of one more row, whose x is 1 at every tap."""
    cdef char *y = s.totals + group * s.total_group
    cdef segment_t whole[AXES]
    cdef const segment_t *of[AXES]
    cdef panel_t call
    cdef int axis
    for axis in range(AXES):
        whole[axis] = untapped_segment(1)
        whole[axis].taps = s.axis[axis].taps
        of[axis] = &whole[axis]
    call.x, call.y, call.rows, call.nonzero, call.ask_bytes = &s.one, &y, 1, NULL, 0
    run_panel(s, group, of, box, panel, packed, &call)


cdef inline void run_part(const sum_t *s, ptrdiff_t group, ptrdiff_t first_block,
                          ptrdiff_t end_block, ptrdiff_t first_panel, ptrdiff_t end_panel,
                          char *scratch) noexcept nogil:
    """Some panels at a time: all chunks of taps, all blocks of rows."""
    cdef ptrdiff_t taps = s.taps if s.packed else s.chunk_taps
    cdef ptrdiff_t panel_bytes = taps * s.panel_width * s.itemsize
    cdef ptrdiff_t panel = first_panel, panels, index, p
    cdef const char *packed = scratch
    cdef box_t box, next_box
    cdef ahead_t ahead
    while panel < end_panel:
        panels = min(s.panels_at_once, end_panel - panel)
        if s.packed:
            packed = s.packed + (group * s.panels + panel) * panel_bytes
        ahead.call = ahead.calls = 0
        if s.by_tap:
            box.first, box.last = True, False
            run_rows_at_once(s, group, &box, panel, panels, packed, panel_bytes, &ahead)
        for index in range(chunk_count(s)):
            box = chunk_box(s, index)
            if not s.packed:
                for p in range(panels):
                    pack_panel(s, s.w + group * s.w_group, &box, panel + p,
                               scratch + p * panel_bytes)
            ahead.calls = 0
            if s.runs and not box.last:
                next_box = chunk_box(s, index + 1)
                ask_for_chunk(s, group, &next_box, (end_block - first_block) * panels, &ahead)
            elif s.asks_panels and not (box.last and panel + 1 == s.panels):
                ask_for_panel(s, &box, packed, end_block - first_block, &ahead)
            if s.by_tap:
                box.first = box.last = False
                run_rows_at_once(s, group, &box, panel, panels, packed, panel_bytes, &ahead)
            else:
                run_blocks(s, group, &box, first_block, end_block, panel, panels, packed,
                           panel_bytes, scratch + s.scratch_bytes, &ahead)
            if s.totals and first_block == 0:
                for p in range(panels):
                    add_totals(s, group, &box, panel + p, packed + p * panel_bytes)
        if s.by_tap:
            box.last = True
            run_rows_at_once(s, group, &box, panel, panels, packed, panel_bytes, &ahead)
        panel += panels


cdef inline void run_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const sum_t *s = <const sum_t *>context
    cdef ptrdiff_t panel_part = task % s.panel_parts
    cdef ptrdiff_t block_part = task // s.panel_parts % s.block_parts
    cdef ptrdiff_t group = task // s.panel_parts // s.block_parts
    run_part(s, group,
             s.blocks * block_part // s.block_parts, s.blocks * (block_part + 1) // s.block_parts,
             s.panels * panel_part // s.panel_parts, s.panels * (panel_part + 1) // s.panel_parts,
             <char *>scratch)
