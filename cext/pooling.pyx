# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Maximum and average pooling and their gradients.

Every window is clipped to the taps that lie within the input, so padding contributes nothing.
Along an axis, neighbouring windows that keep all their taps form a run; a kernel call takes a box,
a run along H by a run along W.

Forward, and backward where every input is under one window, tasks are boxes of windows. Where
windows share inputs or leave some out, a task is a range of images by a range of channels; it takes
rows of windows one by one, so that an input's gradients are summed in ascending order of windows
whoever sums them. The first window that sees an input overwrites its gradient: only what no window
sees is cleared before. Where windows are in the lanes of vectors, everything is.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from api cimport *
from arrays cimport *
from segments cimport ceil_div
from windows cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

cdef enum:
    SMALL_WORK = 65536     # elements: below, a sleeping worker would come too late
    TASK_WORK = 32768
    TASKS_PER_THREAD = 4
    CHANNEL_BLOCK = 16     # at least a cache line: two threads should not write to one


cdef struct pool_t:
    const kernels_t *kernel
    ptrdiff_t itemsize
    axis_t axis[TAP_AXES]
    array_t x, y, dx, index            # no data where the operation has no such array
    ptrdiff_t position_step, positions   # of dx, where indices are given
    ptrdiff_t images, channels
    ptrdiff_t rows                       # of windows in one image: OD * OH
    ptrdiff_t covered[TAP_AXES]          # inputs that windows overwrite: the others are cleared
    bint average, include_pad, gradient
    bint whole, by_channel               # tasks are images; lanes are channels whatever the box
    ptrdiff_t row_parts, column_parts, channel_parts, channel_block


# ------------------------------------------------------------------------------------------ one box

# Windows [first, end) along each axis: one along D, a run or part of it along H and W.
cdef struct box_t:
    ptrdiff_t image, channel, channels
    ptrdiff_t first[TAP_AXES]
    run_t runs[TAP_AXES]
    bint columns_in_lanes


cdef operand_t input_side(const pool_t *p, const array_t *a, const box_t *box) noexcept nogil:
    """x or dx, from the first window's first tap on."""
    cdef operand_t operand
    cdef ptrdiff_t along_w = 0
    cdef int axis
    memset(&operand, 0, sizeof(operand))
    if a.data == NULL:
        return operand
    operand.data = a.data + box.image * a.step[0] + box.channel * a.step[4]
    for axis in range(TAP_AXES):
        operand.data += box.runs[axis].source * a.step[axis + 1]
        if box.runs[axis].taps > 1:
            operand.tap_step[axis] = p.axis[axis].dilation * a.step[axis + 1]
    if box.runs[1].windows > 1:
        operand.row_step = p.axis[1].stride * a.step[2]
    if box.runs[2].windows > 1:
        along_w = p.axis[2].stride * a.step[3]
    operand.outer_step = a.step[4] if box.columns_in_lanes else along_w
    operand.lane_step = along_w if box.columns_in_lanes else a.step[4]
    return operand


cdef operand_t output_side(const array_t *a, const box_t *box) noexcept nogil:
    """y or index, from the first window on."""
    cdef operand_t operand
    memset(&operand, 0, sizeof(operand))
    if a.data == NULL:
        return operand
    operand.data = (a.data + box.image * a.step[0] + box.first[0] * a.step[1]
                    + box.first[1] * a.step[2] + box.first[2] * a.step[3]
                    + box.channel * a.step[4])
    operand.row_step = a.step[2]
    operand.outer_step = a.step[4] if box.columns_in_lanes else a.step[3]
    operand.lane_step = a.step[3] if box.columns_in_lanes else a.step[4]
    return operand


cdef position_t flat_position(const pool_t *p, const box_t *box) noexcept nogil:
    """Of x's elements, in row-major order of its spatial axes."""
    cdef position_t position
    cdef ptrdiff_t row = p.axis[2].length, plane = row * p.axis[1].length
    cdef ptrdiff_t along_w = p.axis[2].stride
    position.first = box.runs[0].source * plane + box.runs[1].source * row + box.runs[2].source
    position.tap_step[0] = p.axis[0].dilation * plane
    position.tap_step[1] = p.axis[1].dilation * row
    position.tap_step[2] = p.axis[2].dilation
    position.row_step = p.axis[1].stride * row
    position.outer_step = 0 if box.columns_in_lanes else along_w
    position.lane_step = along_w if box.columns_in_lanes else 0
    return position


cdef bint columns_fill_lanes(const pool_t *p, ptrdiff_t columns, ptrdiff_t channels) noexcept nogil:
    """Channels go to the lanes where they are contiguous and fill a vector, or there are few
    columns."""
    if (channels >= p.kernel.lanes and p.y.step[4] == p.itemsize
            and (p.x.data == NULL or p.x.step[4] == p.itemsize)
            and (p.dx.data == NULL or p.dx.step[4] == p.itemsize)):
        return False
    return columns >= min(channels, p.kernel.lanes)


cdef ptrdiff_t old_taps(const pool_t *p, const box_t *box, int axis) noexcept nogil:
    """So many first taps of the box's first window add to a gradient that is there already."""
    if not p.covered[axis]:
        return box.runs[axis].taps
    return max(0, end_before(&p.axis[axis], box.first[axis]) - box.runs[axis].source)


cdef void clear_rest(const pool_t *p, const box_t *box) noexcept nogil:
    """dx = 0 where no window overwrites it, in the box's image and channels."""
    cdef const array_t *dx = &p.dx
    cdef ptrdiff_t row, column, channel, nbytes = box.channels * dx.itemsize
    cdef char *at
    for row in range(dx.size[1] * dx.size[2]):
        column = p.covered[2]
        if row // dx.size[2] >= p.covered[0] or row % dx.size[2] >= p.covered[1]:
            column = 0
        at = (dx.data + box.image * dx.step[0] + row // dx.size[2] * dx.step[1]
              + row % dx.size[2] * dx.step[2] + box.channel * dx.step[4])
        if dx.step[4] == dx.itemsize:
            while column < dx.size[3]:
                memset(at + column * dx.step[3], 0, nbytes)
                column += 1
        else:
            for channel in range(box.channels):
                memset(at + channel * dx.step[4] + column * dx.step[3], 0,
                       (dx.size[3] - column) * dx.itemsize)


cdef void pool_box(const pool_t *p, box_t *box) noexcept nogil:
    cdef window_t call
    cdef int axis
    box.columns_in_lanes = (not p.by_channel
                            and columns_fill_lanes(p, box.runs[2].windows, box.channels))
    call.count = p.average
    for axis in range(TAP_AXES):
        call.taps[axis] = box.runs[axis].taps
        call.count *= box.runs[axis].divisor
        call.old[axis] = old_taps(p, box, axis)
    call.first_old = call.old[2]
    if box.first[2] == 0 and box.runs[2].windows > 1 and p.covered[2]:
        call.old[2] = max(0, p.axis[2].size - p.axis[2].stride)
    call.rows = box.runs[1].windows
    call.outer = box.channels if box.columns_in_lanes else box.runs[2].windows
    call.lanes = box.runs[2].windows if box.columns_in_lanes else box.channels
    call.x = input_side(p, &p.x, box)
    call.dx = input_side(p, &p.dx, box)
    call.y = output_side(&p.y, box)
    call.index = output_side(&p.index, box)
    call.position = flat_position(p, box)
    if p.gradient:
        if p.index.data:
            call.dx.tap_step[0], call.positions = p.position_step, p.positions
        p.kernel.pool_gradient(&call)
    else:
        p.kernel.pool(&call)


# -------------------------------------------------------------------------------------------- tasks

cdef ptrdiff_t share(ptrdiff_t total, ptrdiff_t part, ptrdiff_t parts) noexcept nogil:
    """Where a part begins; sizes differ by one at most."""
    return total // parts * part + min(part, total % parts)


cdef void pool_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const pool_t *p = <const pool_t *>context
    cdef ptrdiff_t channel_part = task % p.channel_parts, parts = task // p.channel_parts
    cdef ptrdiff_t column_part = parts % p.column_parts, row_part = parts // p.column_parts
    cdef ptrdiff_t unit = p.rows if p.whole else 1, units = p.images * p.rows // unit
    cdef ptrdiff_t row = share(units, row_part, p.row_parts) * unit
    cdef ptrdiff_t end_row = share(units, row_part + 1, p.row_parts) * unit
    cdef ptrdiff_t end_column = share(p.axis[2].out, column_part + 1, p.column_parts)
    cdef box_t box
    box.channel = channel_part * p.channel_block
    box.channels = min(p.channel_block, p.channels - box.channel)
    while row < end_row:
        box.image = row // p.rows
        box.first[0] = row % p.rows // p.axis[1].out
        box.first[1] = row % p.axis[1].out
        box.first[2] = share(p.axis[2].out, column_part, p.column_parts)
        box.runs[0] = run_at(&p.axis[0], box.first[0], p.include_pad)
        box.runs[1] = run_at(&p.axis[1], box.first[1], p.include_pad)
        box.runs[1].windows = 1 if p.whole else min(box.runs[1].windows, end_row - row)
        if p.whole and row % p.rows == 0:
            clear_rest(p, &box)
        while box.first[2] < end_column:
            box.runs[2] = run_at(&p.axis[2], box.first[2], p.include_pad)
            box.runs[2].windows = min(box.runs[2].windows, end_column - box.first[2])
            pool_box(p, &box)
            box.first[2] += box.runs[2].windows
        row += box.runs[1].windows


cdef int compute(pool_t *p) except -1:
    """Cut the work into tasks and run them with the GIL released."""
    cdef double work = taps_of(p.axis) * p.images * p.rows * p.axis[2].out * p.channels
    cdef int threads = api.threads if work >= SMALL_WORK else 1, failed
    cdef ptrdiff_t wanted = 1, blocks, block = 1
    if p.images == 0:
        return 0
    if threads > 1:
        wanted = <ptrdiff_t>min(work / TASK_WORK, <double>threads * TASKS_PER_THREAD)
    p.row_parts = min(p.images if p.whole else p.images * p.rows, wanted)
    wanted = ceil_div(wanted, p.row_parts)
    p.column_parts = 1 if p.whole else min(p.axis[2].out, wanted)
    wanted = ceil_div(wanted, p.column_parts)
    if p.y.step[4] == p.itemsize:
        block = CHANNEL_BLOCK
    blocks = ceil_div(p.channels, block)
    p.channel_block = block * ceil_div(blocks, min(blocks, wanted))
    p.channel_parts = ceil_div(p.channels, p.channel_block)
    with nogil:
        failed = api.run(pool_task, p, p.row_parts * p.column_parts * p.channel_parts, threads)
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


# ------------------------------------------------------------------------------------- entry points

cdef pool_t new_pool(y, int access, windows) except *:
    """y: the array with an element for each window."""
    cdef pool_t p
    cdef axis_t *a
    cdef int axis
    memset(&p, 0, sizeof(p))
    describe(&p.y, y, 1, access)
    p.itemsize = p.y.itemsize
    p.kernel = &api.kernels[FLOAT32 if p.itemsize == 4 else FLOAT64]
    p.images, p.channels = p.y.size[0], p.y.size[4]
    p.rows = p.y.size[1] * p.y.size[2]
    for axis, window in enumerate(windows):
        if not isinstance(window, tuple) or axis >= TAP_AXES:
            raise TypeError("windows must be three tuples")
        a = &p.axis[axis]
        a.length, a.size, a.stride, a.dilation, a.before, a.after, a.out = <tuple>window
    return p


cdef int check_fit(const pool_t *p, const array_t *input, const array_t *index) except -1:
    """Shapes are as they were checked: an argument's own code, or a thread, may have set one since.
    """
    cdef int axis
    cdef bint fits = input.size[0] == p.images and input.size[4] == p.channels
    for axis in range(TAP_AXES):
        fits &= (input.size[axis + 1] == p.axis[axis].length
                 and p.y.size[axis + 1] == p.axis[axis].out)
    for axis in range(AXES):
        fits &= index.data == NULL or index.size[axis] == p.y.size[axis]
    if not fits:
        raise ValueError("arrays must keep their shapes during a call")
    return 0


cdef int check_span(const pool_t *p) except -1:
    cdef ptrdiff_t span = span_of(p.axis)
    if span >= LARGEST_SPAN:
        raise ValueError(
            f"pool_size must span fewer than {LARGEST_SPAN} input elements of one channel where "
            f"the maxima's positions are needed, got {span}"
        )
    return 0


cdef int describe_like(array_t *to, array, int access, const pool_t *p) except -1:
    describe(to, array, 1, access)
    same_type(&p.y, to)
    return 0


def max_pool(x not None, y not None, indices, windows):
    """y (N, OD, OH, OW, C) = maxima of x (N, D, H, W, C); their positions, unless indices is None.

    `windows` are three `convlet.ops._geometry.Window`, none of them without an input element.
    """
    cdef pool_t p = new_pool(y, WRITE, windows)
    describe_like(&p.x, x, READ, &p)
    if indices is not None:
        check_span(&p)
        describe_positions(&p, indices, WRITE)
    check_fit(&p, &p.x, &p.index)
    compute(&p)


cdef int describe_positions(pool_t *p, indices, int access) except -1:
    describe(&p.index, indices, 1, access)
    if p.index.itemsize != sizeof(int64_t):
        raise ValueError(f"indices must have 8 bytes each, got {p.index.itemsize}")
    return 0


def average_pool(x not None, y not None, bint include_pad, windows):
    """y (N, OD, OH, OW, C) = averages of x (N, D, H, W, C)."""
    cdef pool_t p = new_pool(y, WRITE, windows)
    describe_like(&p.x, x, READ, &p)
    p.average, p.include_pad = True, include_pad
    check_fit(&p, &p.x, &p.index)
    compute(&p)


cdef void set_gradient(pool_t *p) noexcept:
    """Who overwrites dx; its axes are not checked yet."""
    cdef bint adjoin = windows_adjoin(p.axis)
    cdef int axis
    p.gradient, p.whole = True, not adjoin or windows_overlap(p.axis)
    for axis in range(TAP_AXES):
        p.covered[axis] = end_before(&p.axis[axis], p.axis[axis].out)
        p.whole |= p.covered[axis] < p.axis[axis].length
    p.by_channel = p.whole and adjoin and not columns_fill_lanes(p, p.kernel.lanes, p.channels)
    if p.whole and not p.by_channel:
        memset(p.covered, 0, sizeof(p.covered))


def max_pool_gradient(grad not None, x not None, dx not None, windows):
    """dx (N, D, H, W, C): each element of grad (N, OD, OH, OW, C), at its window's maximum of x.

    dx is C-contiguous, or a view of such an array with its channels moved to the end.
    """
    cdef pool_t p = new_pool(grad, READ, windows)
    check_span(&p)
    describe_like(&p.x, x, READ, &p)
    describe_like(&p.dx, dx, WRITE, &p)
    set_gradient(&p)
    check_fit(&p, &p.x, &p.index)
    check_fit(&p, &p.dx, &p.index)
    compute(&p)


def average_pool_gradient(grad not None, dx not None, bint include_pad, windows):
    """dx (N, D, H, W, C): each element of grad, shared among its window's inputs; dx as above."""
    cdef pool_t p = new_pool(grad, READ, windows)
    describe_like(&p.dx, dx, WRITE, &p)
    p.average, p.include_pad = True, include_pad
    set_gradient(&p)
    check_fit(&p, &p.dx, &p.index)
    compute(&p)


cdef int check_indices(const array_t *a, int64_t positions) except -1:
    """All of them before any is used."""
    cdef ptrdiff_t row, channel, rest, rows = a.size[0] * a.size[1] * a.size[2] * a.size[3]
    cdef const char *at
    cdef int64_t index = 0
    cdef int axis
    for row in range(rows):
        at, rest = a.data, row
        for axis in range(3, -1, -1):
            at += rest % a.size[axis] * a.step[axis]
            rest //= a.size[axis]
        for channel in range(a.size[4]):
            memcpy(&index, at + channel * a.step[4], sizeof(index))
            if not 0 <= index < positions:
                raise ValueError(f"indices must be between 0 and {positions - 1}, got {index}")
    return 0


def max_pool_gradient_at(grad not None, indices not None, dx not None):
    """Add each element of grad (N, OD, OH, OW, C) to dx (N, D * H * W, C), at its index."""
    cdef pool_t p = new_pool(grad, READ, [(1, 1, 1, 1, 0, 0, 1)] * TAP_AXES)
    cdef int axis
    describe_positions(&p, indices, READ)
    describe_like(&p.dx, dx, WRITE, &p)  # (N, 1, 1, D * H * W, C)
    p.positions, p.position_step, p.dx.step[3] = p.dx.size[3], p.dx.step[3], 0
    check_indices(&p.index, p.positions)
    for axis in range(TAP_AXES):
        p.axis[axis].length = p.axis[axis].out = p.dx.size[axis + 1] = p.y.size[axis + 1]
        p.covered[axis] = p.axis[axis].length
    check_fit(&p, &p.dx, &p.index)
    p.gradient = p.whole = True
    compute(&p)
