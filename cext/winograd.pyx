# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Winograd convolution, 3 x 3 taps with stride 1, and its kernel's gradient.

A second algorithm for sums that convolution.pyx computes directly: fewer multiplications, other
last bits. For each block of tiles (see simd/tiles.h)

    input     patches to points, real[points][tile][ci], in the thread's scratch
    multiply  at each point tiles times the transformed kernel: the panel kernel, once a point
    output    points to outputs, bias, activation

and for a kernel's gradient, for each block of input channels and panel of filters,

    input, gradient   a run of tiles to points
    multiply          at each point channels times filters, summed over the run from zero, and runs
                      are added in order
    output            points to the 3 x 3 taps

No sum depends on threads, blocks or the rest of the batch. Where a tile's outputs in one channel
are not all finite they are computed again, directly: infinities and NaN spread no further than
they should.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

from api cimport *
from arrays cimport *
from blocking cimport *
from epilogue cimport *
from nest cimport *
from segments cimport *
from sums cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

cdef enum:
    TAPS = 3
    MOST_TILES = 48         # in a block
    NEAR_TILES = 24         # where the kernel stays in L2, so that the points do, too
    NEAR_PAIRS = 1 << 16    # of channels of such a kernel
    APART = 64              # bytes between points: else all points of a tile may share L1 sets
    FULL_TILES = 6          # blocks of fewer waste the register tile
    TRANSFORM_INS = 32      # input channels of a task that transforms a kernel
    MOST_CHANNEL_BYTES = 4096  # of an input pixel, so that scratch holds FULL_TILES
    LEAST_INS = 16          # likewise, of a kernel gradient's blocks of input channels
    RUN_TILES = 30          # of a kernel gradient, summed with a fresh accumulator
    GRADIENT_SIZE = 2       # of a kernel gradient's tiles, and their width: 2 x 2 is slower, 4 x 4
    GRADIENT_WIDTH = 4      # is not exact enough
    # Scratch: what is computed again, with the panels for it; then the points.
    AGAIN_PANELS = 104 * 1024
    AGAIN_BYTES = 256 * 1024
    POINT_BYTES = SCRATCH_BYTES - AGAIN_BYTES


cdef struct winograd_t:
    const kernels_t *kernel
    ptrdiff_t itemsize
    int dtype, size, width, points   # size x width outputs in a tile
    array_t x, y, w                  # of a kernel gradient, y is the output's and w the result
    ptrdiff_t before[2]
    ptrdiff_t high, wide, tiles      # tiles along H and W, and all of them
    const char *packed
    const char *bias
    ptrdiff_t bias_step
    edge_t edge
    activation_t activation
    double alpha
    # Blocking
    ptrdiff_t ins, panels, panel_width  # input channels of a block, output channels of a panel
    ptrdiff_t blocks, block_parts, panel_parts


# ----------------------------------------------------------------------------------------- geometry

cdef void set_tiles(winograd_t *s) noexcept nogil:
    cdef sum_t panels  # set_panels looks at three fields only
    panels.lanewise = False
    panels.kernel, panels.channels = s.kernel, s.y.size[4]
    set_panels(&panels)
    s.panels, s.panel_width = panels.panels, panels.panel_width
    s.points = (s.size + 2) * (s.width + 2)
    s.high, s.wide = ceil_div(s.y.size[2], s.size), ceil_div(s.y.size[3], s.width)
    s.tiles = s.y.size[0] * s.high * s.wide
    s.ins = s.x.size[4]


cdef void locate_tiles(const winograd_t *s, ptrdiff_t first, ptrdiff_t count,
                       tile_t *tiles) noexcept nogil:
    cdef ptrdiff_t t, image, row, column, top, left
    for t in range(count):
        image = (first + t) // (s.high * s.wide)
        row = (first + t) // s.wide % s.high * s.size
        column = (first + t) % s.wide * s.width
        top, left = row - s.before[0], column - s.before[1]
        tiles[t].x = s.x.data + image * s.x.step[0] + top * s.x.step[2] + left * s.x.step[3]
        tiles[t].y = s.y.data + image * s.y.step[0] + row * s.y.step[2] + column * s.y.step[3]
        tiles[t].row[0] = <int>clip(-top, 0, 6)
        tiles[t].row[1] = <int>clip(s.x.size[2] - top, 0, 6)
        tiles[t].column[0] = <int>clip(-left, 0, 6)
        tiles[t].column[1] = <int>clip(s.x.size[3] - left, 0, 6)
        tiles[t].rows = <int>min(s.y.size[2] - row, s.size)
        tiles[t].columns = <int>min(s.y.size[3] - column, s.width)


cdef ptrdiff_t panel_channels(const winograd_t *s, ptrdiff_t panel) noexcept nogil:
    return min(s.y.size[4] - panel * s.panel_width, s.panel_width)


cdef int vectors_of(const winograd_t *s, ptrdiff_t channels) noexcept nogil:
    return <int>ceil_div(channels, s.kernel.lanes)


cdef ptrdiff_t padded_bytes(const winograd_t *s, ptrdiff_t channels) noexcept nogil:
    return vectors_of(s, channels) * s.kernel.lanes * s.itemsize


# --------------------------------------------------------------------------------------- transforms

cdef transform_t input_transform(const winograd_t *s, tile_t *tiles, ptrdiff_t count,
                                 const array_t *array, ptrdiff_t channels,
                                 char *points) noexcept nogil:
    """Of tiles of x, or of y where that is given."""
    cdef transform_t a
    memset(&a, 0, sizeof(a))
    a.tiles, a.count, a.channels = tiles, count, channels
    a.size, a.width = s.size, s.width
    a.row_step, a.column_step, a.channel_step = array.step[2], array.step[3], array.step[4]
    a.points, a.tile_step = points, padded_bytes(s, channels)
    a.point_step = count * a.tile_step + APART
    return a


cdef transform_t output_transform(const winograd_t *s, tile_t *tiles, ptrdiff_t count,
                                  ptrdiff_t panel, char *points) noexcept nogil:
    """Of the tiles' outputs in one panel's channels; `strange` lies behind the points."""
    cdef transform_t a = input_transform(s, tiles, count, &s.y, panel_channels(s, panel), points)
    a.edge = s.edge
    a.strange, a.strange_step = points + s.points * a.point_step, a.tile_step
    return a


cdef void multiply(const winograd_t *s, ptrdiff_t panel, const transform_t *source,
                   const transform_t *result) noexcept nogil:
    """At each point, the tiles' inputs times one panel of the kernel."""
    cdef const char *xs[MOST_TILES]
    cdef char *ys[MOST_TILES]
    cdef panel_t call
    cdef ptrdiff_t t
    memset(&call, 0, sizeof(call))
    for t in range(source.count):
        xs[t] = source.points + t * source.tile_step
        ys[t] = result.points + t * result.tile_step
    call.x, call.y, call.rows = <const char *const *>xs, <char *const *>ys, source.count
    call.vectors = vectors_of(s, result.channels)
    call.channels, call.y_step = call.vectors * s.kernel.lanes, s.itemsize
    call.panel = s.packed + panel * s.points * s.ins * s.panel_width * s.itemsize
    call.grid.size[0] = call.grid.size[1] = call.grid.size[2] = 1
    call.grid.size[3], call.grid.x_step[3] = s.ins, s.itemsize
    call.grid.w_step[3] = result.tile_step
    call.panel_bytes = s.ins * result.tile_step
    for _ in range(s.points):
        s.kernel.panel(&call)
        call.x_offset += source.point_step
        call.y_offset += result.point_step
        call.panel += s.ins * result.tile_step


# ------------------------------------------------------------------------------------------ forward

cdef void pack_bias(const winograd_t *s, ptrdiff_t panel, char *to) noexcept nogil:
    cdef pack_t copy
    copy.w = s.bias + panel * s.panel_width * s.bias_step
    copy.w_step, copy.rows = 0, 1
    copy.channel_step, copy.channels, copy.to = s.bias_step, panel_channels(s, panel), to
    copy.vectors = vectors_of(s, copy.channels)
    s.kernel.pack(&copy)


cdef void activate_tiles(const winograd_t *s, const transform_t *a) noexcept nogil:
    cdef ptrdiff_t t, i, j
    cdef char *y
    for t in range(a.count):
        for i in range(a.tiles[t].rows):
            for j in range(a.tiles[t].columns):
                y = a.tiles[t].y + i * a.row_step + j * a.column_step
                s.activation(y, a.channel_step, y, a.channel_step, a.channels, s.alpha)


cdef void run_block(const winograd_t *s, ptrdiff_t block, ptrdiff_t first_panel,
                    ptrdiff_t end_panel, char *scratch) noexcept nogil:
    cdef tile_t tiles[MOST_TILES]
    cdef transform_t source, result
    cdef char bias[MAX_PANEL * 8]
    cdef ptrdiff_t first = s.tiles * block // s.blocks, panel, t
    cdef ptrdiff_t count = s.tiles * (block + 1) // s.blocks - first
    locate_tiles(s, first, count, tiles)
    source = input_transform(s, tiles, count, &s.x, s.ins, scratch + AGAIN_BYTES)
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
            if not tiles[t].finite:
                tile_again(s, &result, first + t, t, panel, scratch)
        if s.activation:
            activate_tiles(s, &result)
        for t in range(count):
            tiles[t].y += s.panel_width * s.y.step[4]


cdef void run_forward(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const winograd_t *s = <const winograd_t *>context
    cdef ptrdiff_t panel_part = task % s.panel_parts, block = task // s.panel_parts
    cdef ptrdiff_t end = s.blocks * (block + 1) // s.block_parts
    block = s.blocks * block // s.block_parts
    while block < end:
        run_block(s, block, s.panels * panel_part // s.panel_parts,
                  s.panels * (panel_part + 1) // s.panel_parts, <char *>scratch)
        block += 1


cdef ptrdiff_t plan_forward(winograd_t *s, int threads) noexcept nogil:
    """Tiles are split first, panels where tiles are too few: those transform the input again.
    Returns the number of tasks."""
    cdef ptrdiff_t width = s.panel_width * s.itemsize
    cdef ptrdiff_t most = ((POINT_BYTES - 2 * s.points * APART)
                           // (s.points * (padded_bytes(s, s.ins) + width) + width))
    cdef ptrdiff_t wanted = 1
    cdef ptrdiff_t enough = NEAR_TILES if s.ins * s.y.size[4] <= NEAR_PAIRS else MOST_TILES
    cdef double work = <double>s.tiles * s.points * s.ins * s.y.size[4]
    most = min(most, enough)
    if threads > 1:
        wanted = <ptrdiff_t>min(4.0 * threads, 1 + work / SMALL_WORK)
    s.blocks = max(ceil_div(s.tiles, most), min(wanted, ceil_div(s.tiles, 2 * FULL_TILES)))
    if s.blocks < wanted:  # as many for each thread
        s.blocks = min(ceil_div(s.blocks, threads) * threads, ceil_div(s.tiles, FULL_TILES))
    s.block_parts = min(s.blocks, wanted)
    s.panel_parts = min(s.panels, ceil_div(wanted, s.block_parts))
    return s.block_parts * s.panel_parts


# ---------------------------------------------------------------------------------- kernel gradient

cdef void multiply_run(const winograd_t *s, const transform_t *source, const transform_t *grad,
                       const kernel_transform_t *result, bint add) noexcept nogil:
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


cdef void sum_runs(const winograd_t *s, ptrdiff_t first_in, ptrdiff_t panel,
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
            grads[t].row[1], grads[t].column[1] = tiles[t].rows, tiles[t].columns
            tiles[t].x += first_in * s.x.step[4]
        source = input_transform(s, tiles, count, &s.x, result.ins, points)
        grad = input_transform(s, grads, count, &s.y, result.channels,
                               points + s.points * source.point_step)
        s.kernel.winograd_input(&source)
        s.kernel.winograd_gradient(&grad)
        multiply_run(s, &source, &grad, result, first > 0)


cdef void run_gradient(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    """One block of input channels by one panel of filters."""
    cdef const winograd_t *s = <const winograd_t *>context
    cdef ptrdiff_t panel = task % s.panels, first_in = task // s.panels * s.ins
    cdef kernel_transform_t a
    memset(&a, 0, sizeof(a))
    a.ins, a.channels = min(s.ins, s.w.size[3] - first_in), panel_channels(s, panel)
    a.vectors, a.size = vectors_of(s, a.channels), s.size
    a.w = s.w.data + first_in * s.w.step[3] + panel * s.panel_width * s.w.step[4]
    a.row_step, a.column_step = s.w.step[1], s.w.step[2]
    a.in_step, a.channel_step = s.w.step[3], s.w.step[4]
    a.panel = <char *>scratch + AGAIN_BYTES
    a.point_step = a.ins * padded_bytes(s, a.channels)
    a.strange = a.panel + s.points * a.point_step
    sum_runs(s, first_in, panel, &a, a.strange + a.point_step)
    if not s.kernel.winograd_kernel_gradient(&a):
        taps_again(s, &a, first_in, panel, <char *>scratch)


cdef ptrdiff_t plan_gradient(winograd_t *s, int threads) noexcept nogil:
    """Blocks of input channels that fit the scratch, as few as give every thread the same: each
    transforms all of the output's gradient. Returns the number of tasks."""
    cdef ptrdiff_t width = s.panel_width, ins = s.x.size[4], run = s.points * RUN_TILES, parts
    cdef ptrdiff_t each = threads // common_divisor(s.panels, threads)
    cdef ptrdiff_t left = (POINT_BYTES - 2 * s.points * APART) // s.itemsize - run * width
    cdef ptrdiff_t most = left // ((s.points + 1) * width + run)
    most = min(most, MAX_PANEL) // s.kernel.lanes * s.kernel.lanes
    parts = ceil_div(ins, most)
    parts = max(parts, min(ceil_div(parts, each) * each, ceil_div(ins, LEAST_INS)))
    s.ins = ceil_div(ceil_div(ins, parts), LEAST_INS) * LEAST_INS
    s.ins = min(s.ins, most)
    return ceil_div(ins, s.ins) * s.panels


# --------------------------------------------------------------------- what is not finite, directly

cdef bint is_marked(const char *strange, ptrdiff_t itemsize) noexcept nogil:
    """Whether a mark is anything but 0."""
    cdef char zero[8]
    memset(zero, 0, sizeof(zero))
    return memcmp(strange, zero, itemsize) != 0


cdef sum_t direct_sum(const winograd_t *s) noexcept nogil:
    """Without axes and arrays."""
    cdef sum_t d
    memset(&d, 0, sizeof(d))
    d.kernel, d.itemsize, d.groups, d.scratch_bytes = s.kernel, s.itemsize, 1, AGAIN_PANELS
    return d


cdef void tile_again(const winograd_t *s, const transform_t *a, ptrdiff_t number, ptrdiff_t index,
                     ptrdiff_t panel, char *scratch) noexcept nogil:
    """Compute a tile's outputs in one panel directly, and copy them to the marked channels."""
    cdef sum_t d = direct_sum(s)
    cdef const tile_t *tile = &a.tiles[index]
    cdef ptrdiff_t row = number // s.wide % s.high * s.size, column = number % s.wide * s.size
    cdef ptrdiff_t image = number // (s.high * s.wide), first = panel * s.panel_width, channel, i, j
    cdef char *outputs = scratch + AGAIN_PANELS
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
    for channel in range(a.channels):
        if not is_marked(a.strange + index * a.strange_step + channel * s.itemsize, s.itemsize):
            continue
        for i in range(tile.rows):
            for j in range(tile.columns):
                memcpy(tile.y + i * a.row_step + j * a.column_step + channel * a.channel_step,
                       outputs + i * d.y_step[2] + j * d.y_step[3] + channel * s.itemsize,
                       s.itemsize)


cdef void taps_again(const winograd_t *s, const kernel_transform_t *a, ptrdiff_t first_in,
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


# ------------------------------------------------------------------------------------- entry points

cdef class Transformed:
    """A kernel at the points of a transform, in the panels that the micro-kernel reads.

    Immutable. It fits one shape, tile size, element type and instruction set.
    """
    cdef void *memory
    cdef char *panels
    cdef readonly ptrdiff_t nbytes
    cdef int isa, size
    cdef array_t kernel

    def __dealloc__(self):
        free(self.memory)


cdef int check(winograd_t *s, const array_t *array, int size) except -1:
    """A kernel of 3 x 3 taps, and few enough input channels for a block of tiles to fit scratch."""
    s.dtype, s.itemsize = FLOAT32 if array.itemsize == 4 else FLOAT64, array.itemsize
    s.size = s.width = size
    s.kernel = &api.kernels[s.dtype]
    if array.itemsize != 4 and array.itemsize != 8:
        raise TypeError(f"arrays must be float32 or float64, got {array.itemsize} bytes an element")
    if s.w.size[0] != 1 or s.w.size[1] != TAPS or s.w.size[2] != TAPS or size not in (2, 4):
        raise ValueError("kernel must have 3 x 3 taps, and tiles size 2 or 4")
    if s.w.size[3] * s.itemsize > MOST_CHANNEL_BYTES:
        raise ValueError(f"kernel must have fewer input channels, got {s.w.size[3]}")
    if s.w.size[3] == 0 or s.w.size[4] == 0:
        raise ValueError("kernel must not be empty")
    return 0


cdef int start(winograd_t *s, x, y, int y_access, w, int w_access, geometry,
               int size) except -1:
    """Describe the arrays; all else is zero."""
    memset(s, 0, sizeof(winograd_t))
    describe(&s.x, x, 1, READ)
    describe(&s.y, y, 1, y_access)
    describe(&s.w, w, 0, w_access)
    same_type(&s.x, &s.y)
    same_type(&s.x, &s.w)
    check(s, &s.x, size)
    _, s.before[0], s.before[1] = geometry[2]
    if s.w.size[3] != s.x.size[4] or s.w.size[4] != s.y.size[4]:
        raise ValueError("x, kernel and result must have channels that fit")
    if s.x.size[0] != s.y.size[0] or s.x.size[1] != 1 or s.y.size[1] != 1:
        raise ValueError("x and result must have the same number of images, and two spatial axes")
    if not (count_elements(&s.x) and count_elements(&s.y)):
        raise ValueError("arrays must not be empty")
    return 0


cdef int run(task_t task, winograd_t *s, ptrdiff_t tasks) except -1:
    cdef int failed
    with nogil:
        failed = api.run(task, s, tasks, api.threads)
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


cdef void copy_taps(const winograd_t *s, kernel_transform_t *a, char *to) noexcept nogil:
    """Channels side by side, as they are not in a kernel whose channels are swapped."""
    cdef ptrdiff_t width = padded_bytes(s, a.channels), kh, kw
    cdef pack_t copy
    copy.w_step, copy.rows, copy.vectors = a.in_step, a.ins, a.vectors
    copy.channel_step, copy.channels, copy.to = a.channel_step, a.channels, to
    for kh in range(TAPS):
        for kw in range(TAPS):
            copy.w = a.w + kh * a.row_step + kw * a.column_step
            s.kernel.pack(&copy)
            copy.to += a.ins * width
    a.w, a.row_step, a.column_step = to, TAPS * a.ins * width, a.ins * width
    a.in_step, a.channel_step = width, s.itemsize


cdef void run_transform(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    """Some input channels of one panel of the kernel."""
    cdef const winograd_t *s = <const winograd_t *>context
    cdef ptrdiff_t panel = task % s.panels, first = task // s.panels * TRANSFORM_INS
    cdef kernel_transform_t a
    memset(&a, 0, sizeof(a))
    a.ins, a.channels = min(s.ins - first, TRANSFORM_INS), panel_channels(s, panel)
    a.vectors, a.size = vectors_of(s, a.channels), s.size
    a.w = s.w.data + first * s.w.step[3] + panel * s.panel_width * s.w.step[4]
    a.row_step, a.column_step = s.w.step[1], s.w.step[2]
    a.in_step, a.channel_step = s.w.step[3], s.w.step[4]
    a.point_step = s.ins * padded_bytes(s, a.channels)
    a.panel = (<char *>s.packed + panel * s.points * s.ins * s.panel_width * s.itemsize
               + first * padded_bytes(s, a.channels))
    if a.channel_step != s.itemsize:
        copy_taps(s, &a, <char *>scratch)
    s.kernel.winograd_kernel(&a)


def transform(kernel not None, int size):
    """The `Transformed` form of kernel (3 3 CI CO) for tiles of size x size outputs, 2 or 4."""
    cdef Transformed result = Transformed.__new__(Transformed)
    cdef winograd_t s
    memset(&s, 0, sizeof(s))
    describe(&s.w, kernel, 0, READ)
    check(&s, &s.w, size)
    s.x.size[4], s.y.size[4] = s.w.size[3], s.w.size[4]
    set_tiles(&s)
    result.nbytes = s.points * s.ins * padded_bytes(&s, s.w.size[4])
    result.memory = malloc(result.nbytes + ALIGNMENT)
    if result.memory == NULL:
        raise MemoryError("no memory for the transformed kernel")
    result.panels = aligned(result.memory)
    result.isa, result.size, result.kernel = api.isa, size, s.w
    s.packed = result.panels
    run(run_transform, &s, s.panels * ceil_div(s.ins, TRANSFORM_INS))
    return result


def forward(x not None, kernel not None, bias, out not None, geometry not None,
            tuple activation not None, Transformed transformed not None):
    """out (N OH OW CO) = x (N H W CI) convolved with kernel (3 3 CI CO), plus bias, activated.

    `transformed` is the kernel's transform. Of `geometry` only the padding before counts.
    """
    cdef winograd_t s
    cdef array_t b
    start(&s, x, out, WRITE, kernel, READ, geometry, transformed.size)
    set_tiles(&s)
    if transformed.isa != api.isa or transformed.kernel.itemsize != s.itemsize or memcmp(
            transformed.kernel.size, s.w.size, sizeof(s.w.size)):
        raise ValueError("transformed must be the transform of this kernel")
    s.packed = transformed.panels
    if bias is not None:
        describe(&b, bias, 0, READ)
        same_type(&s.x, &b)
        if b.size[4] != s.y.size[4] or count_elements(&b) != b.size[4]:
            raise ValueError("bias must have one element for each output channel")
        s.bias, s.bias_step = b.data, b.step[4]
    s.activation = activation_after(api, activation, s.itemsize, &s.edge, &s.alpha)
    run(run_forward, &s, plan_forward(&s, api.threads))


def kernel_gradient(x not None, grad not None, out not None, geometry not None):
    """out (3 3 CI CO): the gradient of `forward` in its kernel, of grad (N OH OW CO)."""
    cdef winograd_t s
    start(&s, x, grad, READ, out, WRITE, geometry, GRADIENT_SIZE)
    s.width = GRADIENT_WIDTH
    set_tiles(&s)
    run(run_gradient, &s, plan_gradient(&s, api.threads))
