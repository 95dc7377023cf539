# cython: language_level=3, cdivision=True
"""Taps by tiles: a convolution's gradient in its kernel."""
from libc.string cimport memset

from api cimport *
from arrays cimport *
from sums cimport *
from tile_again cimport *
from tiles cimport *

cdef enum:
    RUN_TILES = 30          # summed with a fresh accumulator
    LEAST_INS = 16          # input channels of a block, so that scratch holds a run


cdef inline void multiply_run(const winograd_t *s, const transform_t *source,
                              const transform_t *grad, const kernel_transform_t *result,
                              bint add) noexcept nogil:
    """At each point, input channels times filters, summed over a run of tiles."""
    cdef const char *xs[MAX_PANEL]
    cdef char *ys[MAX_PANEL]
    cdef panel_t call
    cdef ptrdiff_t i, row = grad.tile_step
    memset(&call, 0, sizeof(call))
    for i in range(source.channels):
        xs[i] = source.points + i * s.itemsize
        ys[i] = result.panel + i * row
    call.x, call.y, call.rows = <const char *const *>xs, <char *const *>ys, source.channels
    call.vectors = result.vectors
    call.channels, call.y_step = call.vectors * s.kernel.lanes, s.itemsize
    call.panel, call.edge.add = grad.points, add
    call.grid.size[0] = call.grid.size[1] = call.grid.size[2] = 1
    call.grid.size[3], call.grid.x_step[3] = source.count, source.tile_step
    call.grid.w_step[3] = row
    for _ in range(s.points):
        s.kernel.panel(&call)
        call.x_offset += source.point_step
        call.y_offset += result.point_step
        call.panel += grad.point_step


cdef inline void sum_runs(const winograd_t *s, ptrdiff_t first_in, ptrdiff_t panel,
                          const kernel_transform_t *result, char *points) noexcept nogil:
    """All tiles of the batch, a run at a time."""
    cdef tile_t tiles[RUN_TILES]
    cdef tile_t grads[RUN_TILES]
    cdef transform_t source, grad
    cdef ptrdiff_t number, first, count, t
    for number in range(ceil_div(s.tiles, RUN_TILES)):
        first = number * RUN_TILES
        count = min(s.tiles - first, RUN_TILES)
        locate_tiles(s, first, count, tiles)
        for t in range(count):
            grads[t].x = tiles[t].y + panel * s.panel_width * s.y.step[4]
            grads[t].row[0] = grads[t].column[0] = 0
            grads[t].row[1] = tiles[t].rows // s.y_pool
            grads[t].column[1] = tiles[t].columns // s.y_pool
            tiles[t].x += first_in * s.x.step[4]
        source = input_transform(s, tiles, count, &s.x, result.ins, points)
        grad = input_transform(s, grads, count, &s.y, result.channels,
                               points + s.points * source.point_step)
        s.kernel.winograd_input(&source)
        s.kernel.winograd_gradient(&grad)
        multiply_run(s, &source, &grad, result, first > 0)


cdef inline winograd_t of_group(const winograd_t *whole, ptrdiff_t group) noexcept nogil:
    """The gradient of some images."""
    cdef winograd_t s = whole[0]
    cdef ptrdiff_t first = s.x.size[0] * group // s.groups
    s.x.size[0] = s.y.size[0] = s.x.size[0] * (group + 1) // s.groups - first
    s.tiles = s.x.size[0] * s.high * s.wide
    s.x.data += first * s.x.step[0]
    s.y.data += first * s.y.step[0]
    if s.places:
        s.places += first * s.y.step[0] // s.itemsize
    s.w.data += group * s.w.step[0]
    return s


cdef inline void run_taps_block(const winograd_t *s, ptrdiff_t task, char *scratch) noexcept nogil:
    cdef ptrdiff_t panel = task % s.panels, first_in = task // s.panels * s.ins
    cdef kernel_transform_t a = kernel_transform(s, first_in, s.ins, panel)
    a.panel = scratch + AGAIN_BYTES
    a.point_step = a.ins * padded_bytes(s, a.channels)
    a.strange = a.panel + s.points * a.point_step
    sum_runs(s, first_in, panel, &a, a.strange + a.point_step)
    if s.kernel.winograd_kernel_gradient(&a):
        return
    if s.places:
        raise_flag(s.strange)
    else:
        taps_again(s, &a, first_in, panel, scratch)


cdef inline void run_gradient(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    """One block of input channels by one panel of filters, of one group of images."""
    cdef const winograd_t *whole = <const winograd_t *>context
    cdef ptrdiff_t tasks = ceil_div(whole.w.size[3], whole.ins) * whole.panels
    cdef winograd_t group = of_group(whole, task // tasks)
    run_taps_block(&group, task % tasks, <char *>scratch)


cdef inline ptrdiff_t plan_gradient(winograd_t *s, int threads) noexcept nogil:
    """Blocks of input channels that fit the scratch, as few as give every thread the same: each
    transforms all of the output's gradient. Returns the number of tasks."""
    cdef ptrdiff_t width = s.panel_width, ins = s.x.size[4], run = s.points * RUN_TILES, parts
    cdef ptrdiff_t each = threads // common_divisor(s.groups * s.panels, threads)
    cdef ptrdiff_t left = (POINT_BYTES - 2 * s.points * APART) // s.itemsize - run * width
    cdef ptrdiff_t most = left // ((s.points + 1) * width + run)
    most = min(most, MAX_PANEL) // s.kernel.lanes * s.kernel.lanes
    parts = ceil_div(ins, most)
    parts = max(parts, min(ceil_div(parts, each) * each, ceil_div(ins, LEAST_INS)))
    s.ins = ceil_div(ceil_div(ins, parts), LEAST_INS) * LEAST_INS
    s.ins = min(s.ins, most)
    return s.groups * ceil_div(ins, s.ins) * s.panels
