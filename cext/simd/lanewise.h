/* Rows of x times a packed panel, channel by channel: depthwise convolution.
 *
 * As tile.h, but each channel has an x of its own, so that x is read in vectors, too, and a
 * multiply-add needs a load at least; unless neighbouring rows see the same x at different taps,
 * and what is read serves them all. Each sum runs over the grid in order, whatever the tile.
 */
#ifndef RUNS
#define RUNS
/* The compiler would load a vector again for each of its uses, as that makes fewer instructions. */
#if defined(__x86_64__) && defined(__GNUC__)
#define IN_REGISTER(vector) __asm__("" : "+v"(vector))
#else
#define IN_REGISTER(vector)
#endif
enum { RUN_ROWS = 8, RUN_TAPS = 5, LANE_ROWS = 4, LONG_SUMS = 8 };
#endif

/* Sums of `rows` rows become results the slow way: some lanes only, y apart, or added to y. */
OUTLINE void NAME(finish_lanes)(const panel_t *a, char *const *y, ptrdiff_t channel,
                                const real *sums, ptrdiff_t rows) {
    const edge_t *e = &a->edge;
    const ptrdiff_t left = a->channels - channel, lanes = left < LANES ? left : LANES;
    for (ptrdiff_t r = 0; r < rows; r++) {
        char *to = y[r] + a->y_offset + channel * a->y_step;
        V sum = vload(sums + r * LANES);
        if (e->bias) sum = vadd(sum, vload(e->bias + channel * sizeof(real)));
        if (e->clamp) sum = vmin(vset1((real)e->high), vmax(vset1((real)e->low), sum));
        if (e->add) sum = vadd(NAME(read_lanes)(to, a->y_step, FEW, lanes), sum);
        NAME(write_lanes)(to, a->y_step, FEW, lanes, sum);
    }
}

INLINE void NAME(finish_rows)(const int R, const panel_t *a, char *const *y, ptrdiff_t channel,
                              const V *acc) {
    const edge_t e = a->edge;
    const ptrdiff_t offset = a->y_offset + channel * a->y_step;
    V sum[RUN_ROWS];
    if (e.add || a->y_step != sizeof(real) || a->channels - channel < LANES) {
        real sums[RUN_ROWS * LANES];
        UNROLL for (int r = 0; r < R; r++) vstore(sums + r * LANES, acc[r]);
        NAME(finish_lanes)(a, y, channel, sums, R);
        return;
    }
    UNROLL for (int r = 0; r < R; r++) sum[r] = acc[r];
    if (e.bias) {
        const V bias = vload(e.bias + channel * sizeof(real));
        UNROLL for (int r = 0; r < R; r++) sum[r] = vadd(sum[r], bias);
    }
    if (e.clamp) {
        const V low = vset1((real)e.low), high = vset1((real)e.high);
        UNROLL for (int r = 0; r < R; r++) sum[r] = vmin(high, vmax(low, sum[r]));
    }
    UNROLL for (int r = 0; r < R; r++) vstore(y[r] + offset, sum[r]);
}

/* R rows from `first` on by C vectors of channels. */
INLINE void NAME(lane_tile)(const int R, const int C, const int LAYOUT, const panel_t *a,
                            ptrdiff_t first, ptrdiff_t channel) {
    V acc[LONG_SUMS][RUN_ROWS];
    const char *x[RUN_ROWS];
    char *const *y = a->y + first;
    const char *panel = a->panel + channel * sizeof(real);
    const grid_t g = a->grid;
    const ptrdiff_t x_lane = a->x_lane, left = a->channels - channel;
    const ptrdiff_t lanes = left < LANES ? left : LANES;

    UNROLL for (int r = 0; r < R; r++) {
        x[r] = a->x[first + r] + a->x_offset + channel * x_lane;
        UNROLL for (int c = 0; c < C; c++) acc[c][r] = vset1(0);
    }
    if (a->edge.resume) {
        UNROLL for (int c = 0; c < C; c++)
            UNROLL for (int r = 0; r < R; r++)
                acc[c][r] = NAME(read_lanes)(
                    y[r] + a->y_offset + (channel + c * LANES) * a->y_step, a->y_step, FEW, lanes);
    }
    for (ptrdiff_t i = 0; i < g.size[0]; i++)
        for (ptrdiff_t j = 0; j < g.size[1]; j++)
            for (ptrdiff_t k = 0; k < g.size[2]; k++) {
                ptrdiff_t at = i * g.x_step[0] + j * g.x_step[1] + k * g.x_step[2];
                const char *w = panel + i * g.w_step[0] + j * g.w_step[1] + k * g.w_step[2];
                for (ptrdiff_t taps = g.size[3]; taps > 0; taps--) {
                    UNROLL for (int c = 0; c < C; c++) {
                        const V weight = vload(w + c * (ptrdiff_t)sizeof(V));
                        UNROLL for (int r = 0; r < R; r++)
                            acc[c][r] = vfma(NAME(read_lanes)(x[r] + at + c * LANES * x_lane,
                                                              x_lane, LAYOUT, lanes),
                                             weight, acc[c][r]);
                    }
                    at += g.x_step[3];
                    w += g.w_step[3];
                }
            }
    UNROLL for (int c = 0; c < C; c++)
        NAME(finish_rows)(R, a, y, channel + c * LANES, acc[c]);
}

/* R rows for all channels. */
INLINE void NAME(lane_channels)(const int R, const panel_t *a, ptrdiff_t row) {
    const int MANY = R == 1 ? LONG_SUMS : 2;
    ptrdiff_t channel = 0;
    if (a->x_lane != sizeof(real)) {
        for (; channel < a->channels; channel += LANES)
            NAME(lane_tile)(R, 1, FEW, a, row, channel);
        return;
    }
    for (; channel + MANY * LANES <= a->channels; channel += MANY * LANES)
        NAME(lane_tile)(R, MANY, DENSE, a, row, channel);
    for (; channel + LANES <= a->channels; channel += LANES)
        NAME(lane_tile)(R, 1, DENSE, a, row, channel);
    if (channel < a->channels) NAME(lane_tile)(R, 1, PART, a, row, channel);
}

/* Rows from `row` to `end`, the last of them twice where that makes a whole tile. */
OUTLINE void NAME(lane_rows)(const panel_t *a, ptrdiff_t row, ptrdiff_t end) {
    const int twice = !a->edge.add && !a->edge.resume && end - row >= LANE_ROWS;
    while (row + LANE_ROWS <= end || (twice && row < end)) {
        NAME(lane_channels)(LANE_ROWS, a, row + LANE_ROWS <= end ? row : end - LANE_ROWS);
        row += LANE_ROWS;
    }
    for (; row < end; row++) NAME(lane_channels)(1, a, row);
}

/* R rows whose x lie S taps apart, one vector of channels, W taps in each row of the kernel: what
 * is read of x serves all the rows that see it, each at a later tap than the row after. BACK: the
 * rows are taken from the last to the first (an input gradient's taps go backwards, too). */
INLINE void NAME(run_tile)(const int R, const int W, const int S, const int BACK,
                           const panel_t *a, ptrdiff_t first, ptrdiff_t channel) {
    V acc[RUN_ROWS];
    char *y[RUN_ROWS];
    const grid_t g = a->grid;
    const char *x = a->x[BACK ? first + R - 1 : first] + a->x_offset + channel * sizeof(real);
    const char *panel = a->panel + channel * sizeof(real);

    UNROLL for (int r = 0; r < R; r++) {
        acc[r] = vset1(0);
        y[r] = a->y[BACK ? first + R - 1 - r : first + r];
    }
    for (ptrdiff_t j = 0; j < g.size[1]; j++)
        for (ptrdiff_t k = 0; k < g.size[2]; k++) {
            const char *at = x + j * g.x_step[1] + k * g.x_step[2];
            const char *w = panel + j * g.w_step[1] + k * g.w_step[2];
            V weight[RUN_TAPS];
            UNROLL for (int t = 0; t < W; t++) {
                weight[t] = vload(w + t * g.w_step[3]);
                IN_REGISTER(weight[t]);
            }
            UNROLL for (int p = 0; p < (R - 1) * S + W; p++) {
                V value = vload(at);
                IN_REGISTER(value);
                at += g.x_step[3];
                UNROLL for (int r = 0; r < R; r++) {
                    if (p >= r * S && p < r * S + W)
                        acc[r] = vfma(value, weight[p - r * S], acc[r]);
                }
            }
        }
    NAME(finish_rows)(R, a, y, channel, acc);
}

/* A tile's rows for all channels: the last vector computes some of them again. */
INLINE void NAME(run_channels)(const int R, const int W, const int S, const int BACK,
                               const panel_t *a, ptrdiff_t first) {
    for (ptrdiff_t channel = 0; channel < a->channels; channel += LANES)
        NAME(run_tile)(R, W, S, BACK, a, first,
                       channel + LANES <= a->channels ? channel : a->channels - LANES);
}

/* Rows one after the other are cut into tiles, the last of which computes some of them again. */
INLINE void NAME(run_rows)(const int W, const int S, const int BACK, const panel_t *a,
                           ptrdiff_t row, ptrdiff_t end) {
    const int R = RUN_ROWS, HALF = RUN_ROWS / 2;
    if (end - row >= R)
        for (; row < end; row += R)
            NAME(run_channels)(R, W, S, BACK, a, row < end - R ? row : end - R);
    else if (end - row >= HALF)
        for (; row < end; row += HALF)
            NAME(run_channels)(HALF, W, S, BACK, a, row < end - HALF ? row : end - HALF);
    else
        NAME(lane_rows)(a, row, end);
}

INLINE void NAME(runs)(const int W, const int S, const int BACK, const panel_t *a) {
    const ptrdiff_t step = (BACK ? -S : S) * a->grid.x_step[3];
    for (ptrdiff_t row = 0, end; row < a->rows; row = end) {
        for (end = row + 1; end < a->rows && a->x[end] - a->x[end - 1] == step;) end++;
        NAME(run_rows)(W, S, BACK, a, row, end);
    }
}

/* How many taps the first two rows are apart, where there is a run_tile for it, else 0. */
INLINE int NAME(run_step)(const panel_t *a) {
    const grid_t *g = &a->grid;
    if (a->rows < RUN_ROWS / 2 || a->channels < LANES || a->x_lane != sizeof(real) ||
        a->edge.add || a->edge.resume || g->size[0] != 1)
        return 0;
    const ptrdiff_t apart = a->x[1] - a->x[0];
    return apart == g->x_step[3]       ? 1
           : apart == 2 * g->x_step[3] ? 2
           : apart == -g->x_step[3]    ? -1
                                       : 0;
}

static void NAME(lanewise)(const panel_t *a) {
    const int step = NAME(run_step)(a);
    const ptrdiff_t taps = a->grid.size[3];
    if (taps == 3 && step == 1)
        NAME(runs)(3, 1, 0, a);
    else if (taps == 3 && step == 2)
        NAME(runs)(3, 2, 0, a);
    else if (taps == 3 && step == -1)
        NAME(runs)(3, 1, 1, a);
    else if (taps == 5 && step == 1)
        NAME(runs)(5, 1, 0, a);
    else if (taps == 5 && step == 2)
        NAME(runs)(5, 2, 0, a);
    else if (taps == 5 && step == -1)
        NAME(runs)(5, 1, 1, a);
    else
        NAME(lane_rows)(a, 0, a->rows);
}
