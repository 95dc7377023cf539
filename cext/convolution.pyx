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
summed from zero, and run sums are added in order. sums.pxd has the loops, blocking.pxd their sizes.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport INFINITY
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from api cimport *
from blocking cimport *
from segments cimport *
from sums cimport *

from time import perf_counter

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

ctypedef fused real:
    float
    double

cdef struct strided_t:
    char *data
    ptrdiff_t size[AXES]
    ptrdiff_t stride[AXES]


cdef int compute(sum_t *s, int failed) except -1:
    """Plan and run with the GIL released; `failed` says that an axis found no memory."""
    cdef ptrdiff_t tasks
    cdef int axis
    if not failed:
        with nogil:
            s.taps = s.classes = 1
            for axis in range(AXES):
                s.taps *= s.axis[axis].taps
                s.classes *= s.axis[axis].count
            set_panels(s)
            plan_blocks(s)
            tasks = plan_tasks(s, api.threads)
            failed = api.run(run_task, s, tasks, api.threads)
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
    cdef readonly int isa, dtype
    cdef readonly ptrdiff_t groups
    cdef readonly tuple shape

    def __dealloc__(self):
        free(self.memory)

    def fits(self, int dtype, tuple shape, ptrdiff_t groups):
        return (self.isa == api.isa and self.dtype == dtype and self.shape == shape
                and self.groups == groups)


cdef char *aligned(void *memory) noexcept:
    return <char *>((<size_t>memory + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT)


cdef strided_t describe(const void *data, const Py_ssize_t *shape, const Py_ssize_t *strides):
    """A memory view's data; an axis of one element may have any stride, which must not matter."""
    cdef strided_t result
    cdef int axis
    result.data = <char *>data
    for axis in range(AXES):
        result.size[axis] = shape[axis]
        result.stride[axis] = strides[axis] if shape[axis] > 1 else 0
    return result


cdef int check_fit(const strided_t *x, const strided_t *kernel, const strided_t *y,
                   ptrdiff_t groups) except -1:
    """Shapes are as they were checked: an argument's own code, or a thread, may have set one since.
    """
    if (x.size[0] != y.size[0] or x.size[4] != kernel.size[3] * groups
            or y.size[4] != kernel.size[4] or y.size[4] % groups):
        raise ValueError("arrays must keep their shapes during a call")
    return 0


cdef sum_t new_sum(int dtype, ptrdiff_t groups) noexcept:
    cdef sum_t s
    memset(&s, 0, sizeof(s))
    s.kernel = &api.kernels[dtype]
    s.itemsize = 4 if dtype == FLOAT32 else 8
    s.groups = groups
    return s


cdef int kernel_as_weights(sum_t *s, const strided_t *kernel) noexcept:
    """Taps kd, kh, kw, ci of (KD, KH, KW, CI / groups, CO) for output channels co."""
    cdef int axis
    for axis in range(4):
        s.w_step[axis + 1] = kernel.stride[axis]
    s.w = kernel.data
    s.channels = kernel.size[4] // s.groups
    s.w_channel = kernel.stride[4]
    s.w_group = s.channels * s.w_channel
    return 0


def pack(const real[:, :, :, :, :] kernel not None, ptrdiff_t groups):
    """The `Packed` form of kernel (KD, KH, KW, CI / groups, CO) for `forward`."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64
    cdef strided_t k = describe(&kernel[0, 0, 0, 0, 0], kernel.shape, kernel.strides)
    cdef sum_t s = new_sum(dtype, groups)
    cdef Packed result = Packed.__new__(Packed)
    cdef ptrdiff_t group, panel, panel_bytes
    cdef box_t box
    cdef int axis
    kernel_as_weights(&s, &k)
    set_panels(&s)
    s.taps = k.size[0] * k.size[1] * k.size[2] * k.size[3]
    panel_bytes = s.taps * s.panel_width * s.itemsize
    result.memory = malloc(groups * s.panels * panel_bytes + ALIGNMENT)
    if result.memory == NULL:
        raise MemoryError("no memory for the packed kernel")
    result.panels = aligned(result.memory)
    result.isa, result.dtype, result.groups = api.isa, dtype, groups
    result.shape = tuple([k.size[axis] for axis in range(AXES)])
    box.low[0], box.high[0] = 0, 1
    for axis in range(1, AXES):
        box.low[axis], box.high[axis] = 0, k.size[axis - 1]
    with nogil:
        for group in range(groups):
            for panel in range(s.panels):
                pack_panel(&s, s.w + group * s.w_group, &box, panel,
                           result.panels + (group * s.panels + panel) * panel_bytes)
    return result


def forward(const real[:, :, :, :, :] x not None, const real[:, :, :, :, :] kernel not None,
            const real[:] bias, real[:, :, :, :, :] out not None,
            tuple strides, tuple dilations, tuple before, ptrdiff_t groups,
            int activation=-1, double alpha=0, Packed packed=None):
    """out (N OD OH OW CO) = x (N D H W CI) convolved with kernel, plus bias, activated."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64, axis, failed
    cdef strided_t a = describe(&x[0, 0, 0, 0, 0], x.shape, x.strides)
    cdef strided_t k = describe(&kernel[0, 0, 0, 0, 0], kernel.shape, kernel.strides)
    cdef strided_t y = describe(&out[0, 0, 0, 0, 0], out.shape, out.strides)
    cdef sum_t s = new_sum(dtype, groups)
    check_fit(&a, &k, &y, groups)
    kernel_as_weights(&s, &k)
    if packed is not None:
        if not packed.fits(dtype, tuple([k.size[axis] for axis in range(AXES)]), groups):
            raise ValueError("packed must be the packed form of this kernel")
        s.packed = packed.panels
    s.x, s.y = a.data, y.data
    for axis in range(AXES):
        s.x_step[axis], s.y_step[axis] = a.stride[axis], y.stride[axis]
    s.x_group, s.y_group = k.size[3] * a.stride[4], s.channels * y.stride[4]
    s.y_channel = y.stride[4]
    if bias is not None:
        if bias.shape[0] != y.size[4]:
            raise ValueError("bias must keep its shape during a call")
        s.bias, s.bias_step = <const char *>&bias[0], bias.strides[0]
    set_activation(&s, dtype, activation, alpha)
    failed = plain_segment(&s.axis[0], a.size[0], 1)
    for axis in range(1, 4):
        failed |= window_segments(&s.axis[axis], y.size[axis], k.size[axis - 1], a.size[axis],
                                  strides[axis - 1], dilations[axis - 1], before[axis - 1])
    failed |= plain_segment(&s.axis[4], 1, k.size[3])
    compute(&s, failed)


cdef int set_activation(sum_t *s, int dtype, int kind, double alpha) noexcept:
    """ReLU and ReLU6 in the register tile, others where the block is still in cache."""
    if kind == RELU or kind == RELU6:
        s.edge.clamp, s.edge.low, s.edge.high = True, 0, 6 if kind == RELU6 else INFINITY
    elif kind >= 0:
        s.activation, s.alpha = api.activation(kind, dtype), alpha
    return 0


def input_gradient(const real[:, :, :, :, :] grad not None,
                   const real[:, :, :, :, :] kernel not None, const real[:] bias,
                   real[:, :, :, :, :] out not None,
                   tuple strides, tuple dilations, tuple before, ptrdiff_t groups,
                   int activation=-1, double alpha=0):
    """out (N D H W CI): the adjoint of `forward` in x, of grad (N OD OH OW CO).

    With a bias (CI,) and an activation it is a transposed convolution.
    """
    cdef int dtype = FLOAT32 if real is float else FLOAT64, axis, failed
    cdef strided_t g = describe(&grad[0, 0, 0, 0, 0], grad.shape, grad.strides)
    cdef strided_t k = describe(&kernel[0, 0, 0, 0, 0], kernel.shape, kernel.strides)
    cdef strided_t y = describe(&out[0, 0, 0, 0, 0], out.shape, out.strides)
    cdef sum_t s = new_sum(dtype, groups)
    cdef ptrdiff_t filters = k.size[4] // groups
    check_fit(&y, &k, &g, groups)
    kernel_as_weights(&s, &k)
    s.channels, s.w_channel, s.w_step[4] = k.size[3], k.stride[3], k.stride[4]
    s.x, s.y = g.data, y.data
    for axis in range(AXES):
        s.x_step[axis], s.y_step[axis] = g.stride[axis], y.stride[axis]
    s.x_group, s.y_group = filters * g.stride[4], s.channels * y.stride[4]
    s.y_channel = y.stride[4]
    if bias is not None:
        if bias.shape[0] != y.size[4]:
            raise ValueError("bias must keep its shape during a call")
        s.bias, s.bias_step = <const char *>&bias[0], bias.strides[0]
    set_activation(&s, dtype, activation, alpha)
    failed = plain_segment(&s.axis[0], g.size[0], 1)
    for axis in range(1, 4):
        failed |= adjoint_segments(&s.axis[axis], y.size[axis], k.size[axis - 1], g.size[axis],
                                   strides[axis - 1], dilations[axis - 1], before[axis - 1])
    failed |= plain_segment(&s.axis[4], 1, filters)
    compute(&s, failed)


def kernel_gradient(const real[:, :, :, :, :] x not None, const real[:, :, :, :, :] grad not None,
                    real[:, :, :, :, :] out not None,
                    tuple strides, tuple dilations, tuple before, ptrdiff_t groups):
    """out (KD KH KW CI/groups CO): the adjoint of `forward` in kernel, of grad (N OD OH OW CO)."""
    cdef int dtype = FLOAT32 if real is float else FLOAT64, axis, failed
    cdef strided_t a = describe(&x[0, 0, 0, 0, 0], x.shape, x.strides)
    cdef strided_t g = describe(&grad[0, 0, 0, 0, 0], grad.shape, grad.strides)
    cdef strided_t y = describe(&out[0, 0, 0, 0, 0], out.shape, out.strides)
    cdef sum_t s = new_sum(dtype, groups)
    check_fit(&a, &y, &g, groups)
    s.runs = True
    s.x, s.w, s.y = a.data, g.data, y.data
    for axis in range(4):
        s.x_step[axis], s.w_step[axis] = a.stride[axis], g.stride[axis]
        s.y_step[axis + 1] = y.stride[axis]
    s.x_step[4] = a.stride[4]
    s.channels = y.size[4] // groups
    s.w_channel, s.y_channel = g.stride[4], y.stride[4]
    s.x_group = y.size[3] * a.stride[4]
    s.w_group, s.y_group = s.channels * g.stride[4], s.channels * y.stride[4]
    failed = plain_segment(&s.axis[0], 1, a.size[0])
    for axis in range(1, 4):
        failed |= window_segments(&s.axis[axis], y.size[axis - 1], g.size[axis], a.size[axis],
                                  dilations[axis - 1], strides[axis - 1], before[axis - 1])
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
