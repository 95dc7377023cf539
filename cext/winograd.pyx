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
from libc.math cimport NAN
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memset

from api cimport *
from arrays cimport *
from epilogue cimport *
from segments cimport *
from sums cimport *
from tile_outputs cimport *
from tile_taps cimport *
from tiles cimport *

from convlet._cext import runtime

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

cdef enum:
    TRANSFORM_INS = 32      # input channels of a task that transforms a kernel
    MOST_CHANNEL_BYTES = 4096  # of an input pixel, so that scratch holds FULL_TILES
    GRADIENT_SIZE = 2       # of a kernel gradient's tiles, and their width: 2 x 2 is slower, 4 x 4
    GRADIENT_WIDTH = 4      # is not exact enough


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
    if w_access == WRITE:
        s.groups, s.w.size[0] = s.w.size[0], 1
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
    s.x_pool, s.y_pool, s.outs[0], s.outs[1] = 1, 1, s.y.size[2], s.y.size[3]
    return 0


cdef int start_pool(winograd_t *s, shape) except -1:
    """y is maxima, or their gradients; `shape` is that of what they are maxima of."""
    cdef int axis
    if s.activation != NULL:
        raise ValueError("maxima must be of what is activated in registers")
    _, s.outs[0], s.outs[1], _ = shape
    for axis in range(2):
        if s.outs[axis] < 2 or s.outs[axis] // 2 != s.y.size[axis + 2]:
            raise ValueError("maxima must be half as high and wide as what is pooled")
    s.y_pool = 2
    return 0


cdef int start_places(winograd_t *s, places, int access, maxima, int *strange) except -1:
    """Those of maxima; `strange` is set where a result is not finite."""
    cdef array_t p, m
    describe(&p, places, 1, access)
    describe(&m, maxima, 1, READ_FLAT)
    if p.itemsize != 1 or memcmp(p.size, m.size, sizeof(p.size)):
        raise ValueError("places must be bytes, as many as maxima")
    s.places, s.strange = <unsigned char *>p.data, strange
    return 0


cdef int start_slope(winograd_t *s, tuple slope) except -1:
    """y is multiplied by a derivative."""
    cdef array_t value
    cdef int kind
    kind, like = slope
    describe(&value, like, 1, READ)
    same_type(&value, &s.y)
    if s.activation != NULL or s.edge.clamp or s.y_pool > 1 or kind not in (RELU, RELU6):
        raise ValueError("a slope must be ReLU's or ReLU6's, of what is not activated")
    if memcmp(value.size, s.y.size, sizeof(value.size)) or value.data == s.y.data or memcmp(
            value.step, s.y.step, sizeof(value.step)):
        raise ValueError("a slope's value must lie like the result")
    s.slope, s.to_value = api.activation_gradient(kind, s.dtype), value.data - s.y.data
    s.edge.low, s.edge.high = 0, 6 if kind == RELU6 else NAN  # nothing is above or below NaN
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
    cdef kernel_transform_t a = kernel_transform(s, first, TRANSFORM_INS, panel)
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
            tuple activation not None, Transformed transformed not None, bint pools=False,
            places=None, tuple slope=None):
    """out (N OH OW CO) = x (N H W CI) convolved with kernel (3 3 CI CO), plus bias, activated.

    `transformed` is the kernel's transform. Of `geometry` only the padding before counts; where it
    `pools` also the shape of that sum, and out (N OH/2 OW/2 CO) is its maxima over 2 x 2. `places`
    (of bytes, as many) is then which element of 2 x 2 each maximum is, the first of equal ones.

    With `places` where it does not pool, x is gradients of such maxima, and what is convolved is
    the gradient of what they are maxima of. With `places` of either kind the result is whether all
    sums are finite; else out is not to be used.

    `slope` (kind, value): out, not activated, is multiplied by the derivative of ReLU or ReLU6, of
    which `value`, of out's shape and strides, is the output.
    """
    cdef winograd_t s
    cdef array_t b
    cdef int strange = 0
    start(&s, x, out, WRITE, kernel, READ, geometry, transformed.size)
    s.activation = activation_after(api, activation, s.itemsize, &s.edge, &s.alpha)
    if pools:
        start_pool(&s, geometry.shape)
    if places is not None:
        s.x_pool = 1 if pools else 2
        start_places(&s, places, WRITE_FLAT if pools else READ_FLAT, out if pools else x, &strange)
    if slope is not None:
        start_slope(&s, slope)
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
    run(run_forward, &s, plan_forward(&s, api.threads))
    return not strange


def kernel_gradient(x not None, grad not None, out not None, geometry not None, places=None):
    """The gradient of `forward` in its kernel, of grad (N OH OW CO).

    out (G 3 3 CI CO) has it for each of G groups of images, as equal as can be, in order. With
    `places`, grad (N OH/2 OW/2 CO) is that of maxima, and the result is as there.
    """
    cdef winograd_t s
    cdef int strange = 0
    start(&s, x, grad, READ, out, WRITE, geometry, GRADIENT_SIZE)
    if not 0 < s.groups <= s.x.size[0]:
        raise ValueError("out must have from one kernel for all images to one for each")
    s.width = GRADIENT_WIDTH
    if places is not None:
        start_pool(&s, geometry.shape)
        start_places(&s, places, READ_FLAT, grad, &strange)
    set_tiles(&s)
    run(run_gradient, &s, plan_gradient(&s, api.threads))
    return not strange
