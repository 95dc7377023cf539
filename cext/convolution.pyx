# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Convolution, its gradients, and dense layers: one sum of products over a regular grid.

Each is, for every output row (a pixel, or an element of the kernel) and every output channel,

    y[row, channel] = sum over taps of x[source of (row, tap)] * w[tap, channel]

                    rows                taps                x         w
    forward         n, od, oh, ow       kd, kh, kw, ci      x         kernel
    input gradient  n, d, h, w          kd, kh, kw, co      grad      kernel, ci and co swapped
    kernel gradient kd, kh, kw, ci      n, od, oh, ow       x         grad
    bias gradient   (one)               n, od, oh, ow       1         grad

A kernel gradient sums over the whole batch: its taps are cut into runs by shape alone, each run is
summed from zero, and run sums are added in order. nest.pxd has the loops, blocking.pxd their sizes.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from api cimport *
from arrays cimport *
from blocking cimport *
from epilogue cimport *
from nest cimport *
from planar cimport *
from segments cimport *
from sums cimport *
from turned cimport *

from time import perf_counter

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

# convlet.ops._conv_checks.Geometry
cdef struct geometry_t:
    ptrdiff_t stride[3]
    ptrdiff_t dilation[3]
    ptrdiff_t before[3]
    ptrdiff_t groups


cdef int plan_and_run(sum_t *s) noexcept nogil:
    if is_planar(s):
        return api.run(run_planar, s, plan_planar(s, api.threads), api.threads)
    if is_turned(s):
        return api.run(run_turned, s, plan_turned(s, api.threads), api.threads)
    return api.run(run_task, s, plan(s, api.threads), api.threads)


cdef int compute(sum_t *s, int failed) except -1:
    """Plan and run with the GIL released; `failed` says that an axis found no memory."""
    cdef int axis
    if not failed:
        with nogil:
            failed = plan_and_run(s)
    for axis in range(AXES):
        free_segments(&s.axis[axis])
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


# ------------------------------------------------------------------------------------- entry points

cdef class Packed:
    """A convolution's kernel, copied once into the panels that the micro-kernel reads.

    Immutable. It fits one shape, element type and instruction set; `fits` tells.
    """
    cdef void *memory
    cdef char *panels
    cdef readonly ptrdiff_t nbytes
    cdef int isa, finite              # -1: not looked at yet
    cdef ptrdiff_t groups
    cdef array_t kernel

    def __dealloc__(self):
        free(self.memory)

    cdef bint fits(self, const array_t *kernel, ptrdiff_t groups) noexcept:
        cdef int axis
        for axis in range(AXES):
            if self.kernel.size[axis] != kernel.size[axis]:
                return False
        return (self.isa == api.isa and self.kernel.itemsize == kernel.itemsize
                and self.groups == groups)

    cdef bint is_finite(self) noexcept:
        if self.finite < 0:
            self.finite = are_finite(self.panels, self.nbytes, self.kernel.itemsize)
        return self.finite


cdef bint are_finite(const char *data, ptrdiff_t nbytes, ptrdiff_t itemsize) noexcept nogil:
    """Whether no exponent is the one of infinities and NaN."""
    cdef uint32_t single = 0x7f800000
    cdef uint64_t double = 0x7ff0000000000000
    cdef ptrdiff_t i, strange = 0
    if itemsize == sizeof(single):
        for i in range(nbytes // itemsize):
            strange += ((<const uint32_t *>data)[i] & single) == single
    else:
        for i in range(nbytes // itemsize):
            strange += ((<const uint64_t *>data)[i] & double) == double
    return strange == 0


cdef geometry_t read_geometry(geometry) except *:
    cdef geometry_t g
    cdef int axis
    if not isinstance(geometry, tuple):
        raise TypeError(f"geometry must be a Geometry, got {type(geometry).__name__}")
    strides, dilations, before, g.groups, _, _, _ = <tuple>geometry
    for axis in range(3):
        g.stride[axis], g.dilation[axis] = strides[axis], dilations[axis]
        g.before[axis] = before[axis]
    return g


cdef int dtype_of(const array_t *array) noexcept:
    return FLOAT32 if array.itemsize == 4 else FLOAT64


cdef int check_fit(const array_t *x, const array_t *kernel, const array_t *y,
                   ptrdiff_t groups) except -1:
    """Shapes are as they were checked: an argument's own code, or a thread, may have set one since.
    """
    if (x.size[0] != y.size[0] or x.size[4] != kernel.size[3] * groups
            or y.size[4] != kernel.size[4] or y.size[4] % groups):
        raise ValueError("arrays must keep their shapes during a call")
    return 0


cdef int start_sum(sum_t *s, const array_t *array, ptrdiff_t groups) noexcept:
    """A sum over elements like the array's, all else still zero."""
    memset(s, 0, sizeof(sum_t))
    s.kernel = &api.kernels[dtype_of(array)]
    s.itemsize, s.groups, s.scratch_bytes = array.itemsize, groups, SCRATCH_BYTES
    return 0


cdef int kernel_as_weights(sum_t *s, const array_t *kernel) noexcept:
    """Taps kd, kh, kw, ci of (KD, KH, KW, CI / groups, CO) for output channels co."""
    cdef int axis
    for axis in range(4):
        s.w_step[axis + 1] = kernel.step[axis]
    s.w = kernel.data
    s.channels = kernel.size[4] // s.groups
    s.w_channel = kernel.step[4]
    s.w_group = s.channels * s.w_channel
    return 0


def pack(kernel not None, ptrdiff_t groups):
    """The `Packed` form of kernel (KD, KH, KW, CI / groups, CO) for `forward`."""
    cdef array_t k
    cdef sum_t s
    cdef Packed result = Packed.__new__(Packed)
    cdef ptrdiff_t group, panel, panel_bytes
    cdef box_t box
    cdef int axis
    describe(&k, kernel, 0, READ)
    start_sum(&s, &k, groups)
    kernel_as_weights(&s, &k)
    set_panels(&s)
    s.taps = k.size[0] * k.size[1] * k.size[2] * k.size[3]
    panel_bytes = s.taps * s.panel_width * s.itemsize
    result.nbytes, result.finite = groups * s.panels * panel_bytes, -1
    result.memory = malloc(result.nbytes + ALIGNMENT)
    if result.memory == NULL:
        raise MemoryError("no memory for the packed kernel")
    result.panels = aligned(result.memory)
    result.isa, result.groups, result.kernel = api.isa, groups, k
    box.low[0], box.high[0] = 0, 1
    for axis in range(1, AXES):
        box.low[axis], box.high[axis] = 0, k.size[axis - 1]
    with nogil:
        for group in range(groups):
            for panel in range(s.panels):
                pack_panel(&s, s.w + group * s.w_group, &box, panel,
                           result.panels + (group * s.panels + panel) * panel_bytes)
    return result


def forward(x not None, kernel not None, bias, out not None, geometry not None,
            tuple activation not None, Packed packed=None):
    """out (N OD OH OW CO) = x (N D H W CI) convolved with kernel, plus bias, activated.

    `activation` is a kind (see activations.h; -1 for none) and its parameter.
    """
    cdef geometry_t g = read_geometry(geometry)
    cdef array_t a, k, y
    cdef sum_t s
    cdef int axis, failed
    describe(&a, x, 1, READ)
    describe(&k, kernel, 0, READ)
    describe(&y, out, 1, WRITE)
    check_fit(&a, &k, &y, g.groups)
    start_sum(&s, &a, g.groups)
    kernel_as_weights(&s, &k)
    if packed is not None:
        if not packed.fits(&k, g.groups):
            raise ValueError("packed must be the packed form of this kernel")
        s.packed = packed.panels
        s.sparse = count_elements(&y) == y.size[4] and packed.is_finite()
    set_arrays(&s, &a, &k, &y, bias)
    s.x_group = k.size[3] * a.step[4]
    s.activation = activation_after(api, activation, s.itemsize, &s.edge, &s.alpha)
    failed = plain_segment(&s.axis[0], a.size[0], 1)
    for axis in range(1, 4):
        failed |= window_segments(&s.axis[axis], y.size[axis], k.size[axis - 1], a.size[axis],
                                  g.stride[axis - 1], g.dilation[axis - 1], g.before[axis - 1])
    failed |= plain_segment(&s.axis[4], 1, k.size[3])
    s.along_w = along_w_t(taps=k.size[2], length=a.size[3], stride=g.stride[2],
                          dilation=g.dilation[2], before=g.before[2], adjoint=False)
    compute(&s, failed)


cdef int set_arrays(sum_t *s, const array_t *x, const array_t *kernel, const array_t *y,
                    bias) except -1:
    """Where forward and input gradient read and write; `s.channels` are set."""
    cdef array_t b
    cdef int axis
    same_type(x, kernel)
    same_type(x, y)
    s.x, s.y = x.data, y.data
    for axis in range(AXES):
        s.x_step[axis], s.y_step[axis] = x.step[axis], y.step[axis]
    s.y_group, s.y_channel = s.channels * y.step[4], y.step[4]
    if bias is not None:
        describe(&b, bias, 0, READ)
        same_type(x, &b)
        if b.size[4] != y.size[4]:
            raise ValueError("bias must keep its shape during a call")
        s.bias, s.bias_step = b.data, b.step[4]
    return 0


def input_gradient(grad not None, kernel not None, bias, out not None, geometry not None,
                   tuple activation not None):
    """out (N D H W CI): the adjoint of `forward` in x, of grad (N OD OH OW CO).

    With a bias (CI,) and an activation it is a transposed convolution.
    """
    cdef geometry_t at = read_geometry(geometry)
    cdef array_t g, k, y
    cdef ptrdiff_t filters
    cdef sum_t s
    cdef int axis, failed
    describe(&g, grad, 1, READ)
    describe(&k, kernel, 0, READ)
    describe(&y, out, 1, WRITE)
    check_fit(&y, &k, &g, at.groups)
    start_sum(&s, &g, at.groups)
    kernel_as_weights(&s, &k)
    filters = s.channels
    s.channels, s.w_channel, s.w_step[4] = k.size[3], k.step[3], k.step[4]
    set_arrays(&s, &g, &k, &y, bias)
    s.x_group = filters * g.step[4]
    s.activation = activation_after(api, activation, s.itemsize, &s.edge, &s.alpha)
    failed = plain_segment(&s.axis[0], g.size[0], 1)
    for axis in range(1, 4):
        failed |= adjoint_segments(&s.axis[axis], y.size[axis], k.size[axis - 1], g.size[axis],
                                   at.stride[axis - 1], at.dilation[axis - 1],
                                   at.before[axis - 1])
    failed |= plain_segment(&s.axis[4], 1, filters)
    s.along_w = along_w_t(taps=k.size[2], length=g.size[3], stride=at.stride[2],
                          dilation=at.dilation[2], before=at.before[2], adjoint=True)
    compute(&s, failed)


cdef float single_one = 1
cdef double double_one = 1


cdef int set_parts(sum_t *s, array_t *x, const array_t *grad, array_t *kernel,
                   ptrdiff_t parts) except -1:
    """Groups of images in place of groups of channels; sizes are then those of one."""
    if parts < 1 or x.size[0] % parts or kernel.size[0] % parts:
        raise ValueError(f"parts must divide images and kernels, got {parts}")
    if s.groups > 1 or s.channels == 1:
        raise ValueError("parts must be of one group of several channels")
    x.size[0] //= parts
    kernel.size[0] //= parts
    s.groups = parts
    s.x_group, s.w_group = x.size[0] * x.step[0], x.size[0] * grad.step[0]
    s.y_group = kernel.size[0] * kernel.step[0]
    return 0


cdef int set_totals(sum_t *s, bias, const array_t *kernel, ptrdiff_t parts) except -1:
    """Where a kernel's gradient leaves the bias's."""
    cdef array_t b
    if bias is None:
        return 0
    describe(&b, bias, 0, WRITE)
    same_type(&b, kernel)
    if b.size[4] != kernel.size[4] or b.step[4] != kernel.step[4] or s.channels == 1 < s.groups:
        raise ValueError("bias must have channels, laid out like the kernel's, of larger groups")
    if count_elements(&b) != b.size[3] * b.size[4] or b.size[3] != parts:
        raise ValueError("bias must have channels only, once for each part")
    s.totals, s.total_group = b.data, s.y_group if parts == 1 else b.step[3]
    s.one = <const char *>&single_one if s.itemsize == 4 else <const char *>&double_one
    return 0


def kernel_gradient(x not None, grad not None, out not None, bias, geometry not None,
                    ptrdiff_t parts=1):
    """out (KD KH KW CI/groups CO): the adjoint of `forward` in kernel, of grad (N OD OH OW CO).

    Also the adjoint in bias (CO,), unless that is None: the sum of grad over the same runs. With
    several `parts` out (parts * KD ...) and bias (parts CO) have them for as many equal groups of
    images, in order.
    """
    cdef geometry_t at = read_geometry(geometry)
    cdef array_t a, g, y
    cdef sum_t s
    cdef int axis, failed
    describe(&a, x, 1, READ)
    describe(&g, grad, 1, READ)
    describe(&y, out, 0, WRITE)
    same_type(&a, &g)
    same_type(&a, &y)
    check_fit(&a, &y, &g, at.groups)
    start_sum(&s, &a, at.groups)
    s.x, s.w, s.y = a.data, g.data, y.data
    for axis in range(4):
        s.x_step[axis], s.w_step[axis] = a.step[axis], g.step[axis]
        s.y_step[axis + 1] = y.step[axis]
    s.x_step[4] = a.step[4]
    s.channels = y.size[4] // at.groups
    s.w_channel, s.y_channel = g.step[4], y.step[4]
    s.x_group = y.size[3] * a.step[4]
    s.w_group, s.y_group = s.channels * g.step[4], s.channels * y.step[4]
    if parts != 1:
        set_parts(&s, &a, &g, &y, parts)
    s.runs = run_taps(&y, at.groups)
    set_totals(&s, bias, &y, parts)
    failed = plain_segment(&s.axis[0], 1, a.size[0])
    for axis in range(1, 4):
        failed |= window_segments(&s.axis[axis], y.size[axis - 1], g.size[axis], a.size[axis],
                                  at.dilation[axis - 1], at.stride[axis - 1],
                                  at.before[axis - 1])
    failed |= plain_segment(&s.axis[4], y.size[3], 1)
    compute(&s, failed)


cdef char probe_memory[32 * 1024]
cdef enum:
    PROBE_ROUNDS = 100  # of the same sum in one call, so that the call costs nothing


def probe(int dtype, double seconds):
    """GFLOP/s of the largest register tile on data in L1, for about so many seconds."""
    cdef const kernels_t *kernel = &api.kernels[dtype]
    cdef int itemsize = 4 if dtype == FLOAT32 else 8, axis, row
    cdef ptrdiff_t width = kernel.lanes * kernel.tile_vectors
    cdef ptrdiff_t taps = 8192 // (width * itemsize)
    cdef char *memory = aligned(probe_memory)
    cdef const char *xs[8]
    cdef char *ys[8]
    cdef panel_t call
    cdef double start, elapsed, flops = 0
    memset(&call, 0, sizeof(call))
    call.x, call.y, call.rows = <const char *const *>xs, <char *const *>ys, kernel.tile_rows
    call.panel, call.vectors = memory, kernel.tile_vectors
    call.channels, call.y_step = width, itemsize
    for axis in range(GRID_AXES):
        call.grid.size[axis] = 1
    call.grid.size[2] = PROBE_ROUNDS
    call.grid.size[3], call.grid.x_step[3] = taps, itemsize
    call.grid.w_step[3] = width * itemsize
    for row in range(kernel.tile_rows):
        xs[row] = memory + 8192 + row * (taps * itemsize + 64)
        ys[row] = memory + 8192 + 8192 + row * width * itemsize
    start = perf_counter()
    while True:
        kernel.panel(&call)
        flops += 2.0 * PROBE_ROUNDS * taps * width * kernel.tile_rows
        elapsed = perf_counter() - start
        if elapsed >= seconds:
            return flops / elapsed / 1e9
