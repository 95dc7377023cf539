# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Maximum and average pooling and their gradients.

Every window is clipped to the taps that lie within the input, so padding contributes nothing.
Along an axis, neighbouring windows that keep all their taps form a run; a kernel call takes a box,
a run along H by a run along W.

Forward, and backward where no two windows share an input, tasks are boxes of windows. Where windows
share inputs, a task is a range of images by a range of channels and visits rows of windows one by
one, so that an input's gradients are summed in ascending order of windows whoever sums them.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from api cimport *
from arrays cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

cdef enum:
    SMALL_WORK = 65536     # elements: below, a sleeping worker would come too late
    TASK_WORK = 32768
    TASKS_PER_THREAD = 4
    CHANNEL_BLOCK = 16     # at least a cache line: two threads should not write to one


# convlet.ops._geometry.Window; a stride of 0 means bins (see bin_at) of at most `size`
cdef struct axis_t:
    ptrdiff_t length, size, stride, dilation, before, after, out


# Neighbouring windows with the same valid taps; the first one's first tap is input `source`.
cdef struct run_t:
    ptrdiff_t source, taps, windows
    double divisor


cdef struct pool_t:
    const kernels_t *kernel
    ptrdiff_t itemsize
    axis_t axis[TAP_AXES]
    array_t x, y, dx, index            # no data where the operation has no such array
    ptrdiff_t position_step, positions   # of dx, where indices are given
    ptrdiff_t images, channels
    ptrdiff_t rows                       # of windows in one image: OD * OH
    bint average, include_pad, gradient, overlap
    ptrdiff_t row_parts, column_parts, channel_parts, channel_block


# ----------------------------------------------------------------------------------------- geometry

cdef ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    """a / b rounded up, for a >= 0 and b > 0."""
    return a // b + (a % b != 0)


cdef run_t bin_at(const axis_t *a, ptrdiff_t window) noexcept nogil:
    """The window over all inputs that lie, in part at least, in this one of `out` equal parts."""
    cdef run_t run
    run.source = window * a.length // a.out
    run.taps = ceil_div((window + 1) * a.length, a.out) - run.source
    run.windows = 1
    run.divisor = run.taps
    return run


cdef run_t run_at(const axis_t *a, ptrdiff_t window, bint include_pad) noexcept nogil:
    """The run that begins with this window."""
    if a.stride == 0:
        return bin_at(a, window)
    cdef run_t run
    cdef ptrdiff_t start = window * a.stride - a.before, last = (a.size - 1) * a.dilation
    cdef ptrdiff_t first = ceil_div(-start, a.dilation) if start < 0 else 0
    cdef ptrdiff_t end = min(a.size, ceil_div(a.length - start, a.dilation))
    run.source = start + first * a.dilation
    run.taps = end - first
    run.windows = 1
    run.divisor = run.taps
    if run.taps == a.size:
        run.windows = min(a.out - window, (a.length - 1 - last - start) // a.stride + 1)
    elif include_pad:
        run.divisor = min(a.size, ceil_div(a.length + a.after - start, a.dilation))
    return run


cdef bint windows_overlap(const axis_t *axis) noexcept nogil:
    for a in range(TAP_AXES):
        if axis[a].out > 1 and (axis[a].size - 1) * axis[a].dilation >= axis[a].stride:
            return True
    return False


cdef double taps_of(const axis_t *axis) noexcept nogil:
    cdef double taps = 1
    for a in range(TAP_AXES):
        taps *= min(axis[a].size, axis[a].length)
    return taps


cdef ptrdiff_t span_of(const axis_t *axis) noexcept nogil:
    """How far apart a window's first and last input can be, in elements of one flattened plane."""
    cdef ptrdiff_t span = 0
    for a in range(TAP_AXES):
        span = span * axis[a].length + min((axis[a].size - 1) * axis[a].dilation,
                                           axis[a].length - 1)
    return span


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


cdef void pool_box(const pool_t *p, box_t *box) noexcept nogil:
    cdef window_t call
    cdef int axis
    box.columns_in_lanes = columns_fill_lanes(p, box.runs[2].windows, box.channels)
    call.count = p.average
    for axis in range(TAP_AXES):
        call.taps[axis] = box.runs[axis].taps
        call.count *= box.runs[axis].divisor
    call.rows = box.runs[1].windows
    call.outer = box.channels if box.columns_in_lanes else box.runs[2].windows
    call.lanes = box.runs[2].windows if box.columns_in_lanes else box.channels
    call.x = input_side(p, &p.x, box)
    call.dx = input_side(p, &p.dx, box)
    call.y = output_side(&p.y, box)
    call.index = output_side(&p.index, box)
    call.position = flat_position(p, box)
    call.add = p.overlap
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
    cdef ptrdiff_t unit = p.rows if p.overlap else 1, units = p.images * p.rows // unit
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
        box.runs[1].windows = 1 if p.overlap else min(box.runs[1].windows, end_row - row)
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
    p.row_parts = min(p.images if p.overlap else p.images * p.rows, wanted)
    wanted = ceil_div(wanted, p.row_parts)
    p.column_parts = 1 if p.overlap else min(p.axis[2].out, wanted)
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
    cdef int axis
    cdef tuple w
    memset(&p, 0, sizeof(p))
    describe(&p.y, y, 1, access)
    p.itemsize = p.y.itemsize
    p.kernel = &api.kernels[FLOAT32 if p.itemsize == 4 else FLOAT64]
    p.images, p.channels = p.y.size[0], p.y.size[4]
    p.rows = p.y.size[1] * p.y.size[2]
    for axis in range(TAP_AXES):
        w = tuple(windows[axis])
        p.axis[axis] = axis_t(length=w[0], size=w[1], stride=w[2], dilation=w[3], before=w[4],
                              after=w[5], out=w[6])
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


def max_pool_gradient(grad not None, x not None, dx not None, windows):
    """Send each element of grad (N, OD, OH, OW, C) to the maximum of its window of x.

    dx (N, D, H, W, C) holds zeros, or anything where every input is under exactly one window.
    """
    cdef pool_t p = new_pool(grad, READ, windows)
    check_span(&p)
    describe_like(&p.x, x, READ, &p)
    describe_like(&p.dx, dx, WRITE, &p)
    p.gradient, p.overlap = True, windows_overlap(p.axis)
    check_fit(&p, &p.x, &p.index)
    check_fit(&p, &p.dx, &p.index)
    compute(&p)


def average_pool_gradient(grad not None, dx not None, bint include_pad, windows):
    """Share each element of grad (N, OD, OH, OW, C) among its window's inputs; dx as above."""
    cdef pool_t p = new_pool(grad, READ, windows)
    describe_like(&p.dx, dx, WRITE, &p)
    p.average, p.include_pad, p.gradient = True, include_pad, True
    p.overlap = windows_overlap(p.axis)
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
    check_fit(&p, &p.dx, &p.index)
    p.gradient = p.overlap = True
    compute(&p)
