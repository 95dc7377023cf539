from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from "floatstate.h" nogil:
    ctypedef unsigned int floatstate_t
    floatstate_t floatstate_flush()
    void floatstate_restore(floatstate_t before)

cdef extern from "workers.h" nogil:
    enum: SCRATCH_BYTES
    ctypedef void (*task_t)(void *context, ptrdiff_t task, void *scratch) noexcept nogil
    int workers_run(task_t task, void *context, ptrdiff_t count, int threads)
    void workers_keep_awake(int begin)
    void raise_flag(int *flag)

cdef extern from "activations.h" nogil:
    enum: RELU, RELU6, LEAKY_RELU, ELU, SELU, GELU, GELU_TANH, SIGMOID, HARD_SIGMOID, SILU
    enum: HARD_SILU, SOFTPLUS, SOFTSIGN, TANH, EXPONENTIAL, HARD_TANH, HARD_SHRINK, SOFT_SHRINK
    enum: TANH_SHRINK, SQUAREPLUS, SPARSE_PLUS, SPARSE_SIGMOID, MISH, LOG_SIGMOID, ACTIVATION_COUNT
    ctypedef void (*activation_t)(const char *x, ptrdiff_t x_step, char *y, ptrdiff_t y_step,
                                  ptrdiff_t count, double alpha) noexcept nogil
    ctypedef void (*activation_gradient_t)(const void *grad, const void *value, void *out,
                                           ptrdiff_t count, double alpha) noexcept nogil
    activation_t activation_of(int kind, int dtype)
    activation_gradient_t activation_gradient_of(int kind, int dtype)
    int activation_gradient_from_output(int kind)

cdef extern from "simd/kernels.h" nogil:
    enum: ISA_SCALAR, ISA_BASELINE, ISA_AVX2, ISA_AVX512, ISA_COUNT
    enum: FLOAT32, FLOAT64, DTYPE_COUNT, GRID_AXES, MEETING, SHORT_SUM

    ctypedef struct grid_t:
        ptrdiff_t size[4]
        ptrdiff_t x_step[4]
        ptrdiff_t w_step[4]

    ctypedef struct edge_t:
        int resume
        int add
        int clamp
        double low
        double high
        const char *bias
        ptrdiff_t bias_row

    enum: MOST_NONZERO

    ctypedef struct nonzero_t:
        int count

    ctypedef struct panel_t:
        const char *const *x
        char *const *y
        ptrdiff_t rows, x_offset, x_lane, share, y_offset, y_step, channels
        const char *panel
        const char *ask
        ptrdiff_t ask_bytes
        int vectors
        grid_t grid
        edge_t edge
        ptrdiff_t line, line_at, line_step, first_column, line_columns
        nonzero_t *nonzero

    ctypedef struct pack_t:
        const char *w
        ptrdiff_t w_step, rows, channel_step, channels
        char *to
        int vectors

    enum: TAP_AXES, LARGEST_SPAN

    ctypedef struct operand_t:
        char *data
        ptrdiff_t row_step, outer_step, lane_step
        ptrdiff_t tap_step[3]

    ctypedef struct position_t:
        int64_t first, row_step, outer_step, lane_step
        int64_t tap_step[3]

    ctypedef struct window_t:
        ptrdiff_t rows, outer, lanes
        ptrdiff_t taps[3]
        operand_t x, y, dx, index
        position_t position
        int64_t positions
        double count
        ptrdiff_t old[3]
        ptrdiff_t first_old

    ctypedef struct tile_t:
        const char *x
        char *y
        int row[2]
        int column[2]
        int rows, columns, finite

    ctypedef struct transform_t:
        tile_t *tiles
        ptrdiff_t count
        int size, width
        ptrdiff_t row_step, column_step, channel_step, channels
        char *points
        ptrdiff_t point_step, tile_step
        edge_t edge
        int pools
        int odd[2]
        unsigned char *places
        const char *first
        ptrdiff_t to_value
        char *strange
        ptrdiff_t strange_step

    ctypedef struct kernel_transform_t:
        char *w
        ptrdiff_t row_step, column_step, in_step, channel_step
        ptrdiff_t ins, channels
        char *panel
        ptrdiff_t point_step
        int vectors, size
        char *strange
    enum: NORM_BLOCK

    ctypedef struct norm_t:
        const char *x
        const char *dy
        char *y
        ptrdiff_t rows, columns
        const char *p[4]
        double *sums[2]
        double epsilon

    ctypedef void (*norm_kernel_t)(const norm_t *) noexcept nogil

    ctypedef struct column_tap_t:
        ptrdiff_t x, w, low, high

    ctypedef struct planar_t:
        const char *x
        const char *w
        const char *bias
        char *y
        ptrdiff_t lines, x_line, w_line, y_line, bias_line
        ptrdiff_t columns, y_step
        ptrdiff_t depth, height, width, channels
        ptrdiff_t x_depth, x_height, x_channel, w_depth, w_height, w_channel
        const column_tap_t *taps
        int even
        ptrdiff_t first_whole, end_whole
        int clamp
        double low, high

    ctypedef struct dropout_t:
        const char *x
        char *y
        ptrdiff_t first, end
        uint64_t seed, step
        uint32_t threshold
        double scale

    ctypedef struct kernels_t:
        int lanes, tile_rows, tile_vectors, permutes
        void (*panel)(const panel_t *) noexcept nogil
        void (*lanewise)(const panel_t *) noexcept nogil
        void (*planar)(const planar_t *) noexcept nogil
        void (*collect)(const char *source, ptrdiff_t step, ptrdiff_t count,
                        char *to) noexcept nogil
        void (*pack)(const pack_t *) noexcept nogil
        void (*pool)(const window_t *) noexcept nogil
        void (*pool_gradient)(const window_t *) noexcept nogil
        void (*winograd_input)(const transform_t *) noexcept nogil
        void (*winograd_output)(const transform_t *) noexcept nogil
        void (*winograd_kernel)(const kernel_transform_t *) noexcept nogil
        void (*winograd_gradient)(const transform_t *) noexcept nogil
        int (*winograd_kernel_gradient)(const kernel_transform_t *) noexcept nogil
        norm_kernel_t norm_moments, norm_products, norm_scale, norm_slope
        norm_kernel_t norm_rows, norm_rows_slope
        void (*dropout)(const dropout_t *) noexcept nogil

    const kernels_t *kernels_of(int isa)
    int isa_supported(int isa)

cdef extern from "api.h" nogil:
    ctypedef struct api_t:
        const kernels_t *kernels
        int isa
        int threads
        int (*run)(task_t task, void *context, ptrdiff_t count, int threads) noexcept nogil
        activation_t (*activation)(int kind, int dtype) noexcept nogil
        activation_gradient_t (*activation_gradient)(int kind, int dtype) noexcept nogil
        int (*gradient_from_output)(int kind) noexcept nogil
