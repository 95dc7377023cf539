/* Rows of x times a packed panel, channel by channel: depthwise convolution.
 *
 * As tile.h, but each channel has an x of its own, so that x is read in vectors, too, and a
 * multiply-add needs a load at least; unless rows are those of lines, where neighbours see the same
 * x at different taps, and what is read serves them all. Each sum runs over the grid in order,
 * whatever the tile.
 */
#ifndef LINES
#define LINES
enum { LINE_ROWS = 8, LINE_TAPS = 5, LANE_ROWS = 4, LONG_SUMS = 8 };
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

/* The first `count` of R rows. */
INLINE void NAME(finish_rows)(const int R, const panel_t *a, char *const *y, ptrdiff_t channel,
                              const V *acc, ptrdiff_t count) {
    const edge_t e = a->edge;
    const ptrdiff_t offset = a->y_offset + channel * a->y_step;
    V sum[LINE_ROWS];
    if (e.add || a->y_step != sizeof(real) || a->channels - channel < LANES) {
        real sums[LINE_ROWS * LANES];
        UNROLL for (int r = 0; r < R; r++) vstore(sums + r * LANES, acc[r]);
        NAME(finish_lanes)(a, y, channel, sums, count);
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
    UNROLL for (int r = 0; r < R; r++) {
        if (r < count) vstore(y[r] + offset, sum[r]);
    }
}

/* What the lanes of a vector read where several share an element: a vector that is permuted. */
typedef struct {
    ptrdiff_t share, step; /* of elements */
    int32_t from[VECTOR_BITS / 32];
} NAME(shared_t);

INLINE void NAME(share)(const panel_t *a, NAME(shared_t) * shared) {
    const int parts = REAL_BITS / 32;
    shared->share = a->share;
    shared->step = a->x_lane / (ptrdiff_t)sizeof(real);
    for (int j = 0; j < VECTOR_BITS / 32; j++)
        shared->from[j] = (int32_t)(j / parts / a->share * shared->step * parts + j % parts);
}

INLINE V NAME(read_shared)(const char *p, const NAME(shared_t) * shared, ptrdiff_t lanes) {
#ifdef vpermute
    return vpermute(NAME(load_first)(p, (lanes - 1) / shared->share * shared->step + 1),
                    shared->from);
#else
    (void)shared, (void)lanes;
    return vload(p);
#endif
}

/* R rows from `first` on by C vectors of channels. */
INLINE void NAME(lane_tile)(const int R, const int C, const int LAYOUT, const panel_t *a,
                            const NAME(shared_t) * shared, ptrdiff_t first, ptrdiff_t channel) {
    V acc[LONG_SUMS][LINE_ROWS];
    const char *x[LINE_ROWS];
    char *const *y = a->y + first;
    const char *panel = a->panel + channel * sizeof(real);
    const grid_t g = a->grid;
    const ptrdiff_t x_lane = a->x_lane, left = a->channels - channel;
    const ptrdiff_t lanes = left < LANES ? left : LANES;
    const ptrdiff_t x_vector = (LAYOUT == SHARED ? LANES / a->share : LANES) * x_lane;

    UNROLL for (int r = 0; r < R; r++) {
        x[r] = a->x[first + r] + a->x_offset +
               (LAYOUT == SHARED ? channel / a->share : channel) * x_lane;
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
                        UNROLL for (int r = 0; r < R; r++) {
                            const char *from = x[r] + at + c * x_vector;
                            const V value = LAYOUT == SHARED
                                                ? NAME(read_shared)(from, shared, lanes)
                                                : NAME(read_lanes)(from, x_lane, LAYOUT, lanes);
                            acc[c][r] = vfma(value, weight, acc[c][r]);
                        }
                    }
                    at += g.x_step[3];
                    w += g.w_step[3];
                }
            }
    UNROLL for (int c = 0; c < C; c++)
        NAME(finish_rows)(R, a, y, channel + c * LANES, acc[c], R);
}

/* R rows for all channels. */
INLINE void NAME(lane_channels)(const int R, const panel_t *a, const NAME(shared_t) * shared,
                                ptrdiff_t row) {
    const int MANY = R == 1 ? LONG_SUMS : 2;
    ptrdiff_t channel = 0;
    if (PERMUTES && a->share > 1) {
        for (; R > 1 && channel + 2 * LANES <= a->channels; channel += 2 * LANES)
            NAME(lane_tile)(R, 2, SHARED, a, shared, row, channel);
        for (; channel < a->channels; channel += LANES)
            NAME(lane_tile)(R, 1, SHARED, a, shared, row, channel);
        return;
    }
    if (a->x_lane != sizeof(real)) {
        for (; channel < a->channels; channel += LANES)
            NAME(lane_tile)(R, 1, FEW, a, shared, row, channel);
        return;
    }
    for (; channel + MANY * LANES <= a->channels; channel += MANY * LANES)
        NAME(lane_tile)(R, MANY, DENSE, a, shared, row, channel);
    for (; channel + LANES <= a->channels; channel += LANES)
        NAME(lane_tile)(R, 1, DENSE, a, shared, row, channel);
    if (channel < a->channels) NAME(lane_tile)(R, 1, PART, a, shared, row, channel);
}

/* All rows, the last of them twice where that makes a whole tile. */
INLINE void NAME(lane_rows)(const panel_t *a) {
    const int twice = !a->edge.add && !a->edge.resume && a->rows >= LANE_ROWS;
    ptrdiff_t row = 0;
    NAME(shared_t) shared;
    NAME(share)(a, &shared);
    while (row + LANE_ROWS <= a->rows || (twice && row < a->rows)) {
        NAME(lane_channels)(LANE_ROWS, a, &shared,
                            row + LANE_ROWS <= a->rows ? row : a->rows - LANE_ROWS);
        row += LANE_ROWS;
    }
    for (; row < a->rows; row++) NAME(lane_channels)(1, a, &shared, row);
}

/* `count` of R rows of a line, S taps apart, one vector of channels, W taps along the line: what is
 * read of x serves all the rows that see it, each at a later tap than the row after. BACK: the rows
 * are taken from the last to the first (an input gradient's taps go backwards, too). Of the columns
 * that the rows see, numbered in this order, those from `low` to `high` - 1 exist. */
INLINE void NAME(line_tile)(const int W, const int S, const int BACK, const panel_t *a,
                            ptrdiff_t first, ptrdiff_t count, ptrdiff_t low, ptrdiff_t high,
                            ptrdiff_t channel) {
    enum { R = LINE_ROWS };
    V acc[R];
    const grid_t g = a->grid;
    const char *x = a->x[first] + a->x_offset + channel * sizeof(real);
    const char *panel = a->panel + channel * sizeof(real);
    if (BACK) x -= (R - 1) * g.x_step[3];

    UNROLL for (int r = 0; r < R; r++) acc[r] = vset1(0);
    for (ptrdiff_t j = 0; j < g.size[1]; j++)
        for (ptrdiff_t k = 0; k < g.size[2]; k++) {
            const char *at = x + j * g.x_step[1] + k * g.x_step[2];
            const char *w = panel + j * g.w_step[1] + k * g.w_step[2];
            V weight[LINE_TAPS];
            UNROLL for (int t = 0; t < W; t++) {
                weight[t] = vload(w + t * g.w_step[3]);
                vkeep(weight[t]);
            }
            UNROLL for (int p = 0; p < (R - 1) * S + W; p++, at += g.x_step[3]) {
                if (p < low || p >= high) continue;
                V value = vload(at);
                vkeep(value);
                UNROLL for (int r = 0; r < R; r++) {
                    const int to = BACK ? R - 1 - r : r;
                    if (p >= r * S && p < r * S + W)
                        acc[to] = vfma(value, weight[p - r * S], acc[to]);
                }
            }
        }
    NAME(finish_rows)(R, a, a->y + first, channel, acc, count);
}

/* A tile's rows for all channels: the last vector computes some of them again. `at`: of `first` in
 * its line. */
INLINE void NAME(line_channels)(const int W, const int S, const int BACK, const panel_t *a,
                                ptrdiff_t first, ptrdiff_t count, ptrdiff_t at) {
    const ptrdiff_t column = a->first_column + at * S + (BACK ? LINE_ROWS - 1 : 0);
    const ptrdiff_t low = BACK ? column - a->line_columns + 1 : -column;
    const ptrdiff_t high = low + a->line_columns;
    for (ptrdiff_t next = 0; next < a->channels; next += LANES)
        NAME(line_tile)(W, S, BACK, a, first, count, low, high,
                        next + LANES <= a->channels ? next : a->channels - LANES);
}

/* Lines are cut into tiles, the last of which computes some rows again. */
INLINE void NAME(lines)(const int W, const int S, const int BACK, const panel_t *a) {
    ptrdiff_t at = a->line_at;
    for (ptrdiff_t row = 0, end; row < a->rows; row = end, at = 0) {
        end = row + a->line - at < a->rows ? row + a->line - at : a->rows;
        const ptrdiff_t last = end - row < LINE_ROWS ? row : end - LINE_ROWS;
        for (ptrdiff_t next = row; next < end; next += LINE_ROWS) {
            const ptrdiff_t first = next < last ? next : last;
            NAME(line_channels)
            (W, S, BACK, a, first, end - first < LINE_ROWS ? end - first : LINE_ROWS,
             at + first - row);
        }
    }
}

static void NAME(lanewise)(const panel_t *a) {
    const ptrdiff_t taps = a->grid.size[3];
    if (!a->line || a->grid.size[0] == 0) /* no taps at all */
        NAME(lane_rows)(a);
    else if (taps == 3 && a->line_step == 1)
        NAME(lines)(3, 1, 0, a);
    else if (taps == 3 && a->line_step == 2)
        NAME(lines)(3, 2, 0, a);
    else if (taps == 3 && a->line_step == -1)
        NAME(lines)(3, 1, 1, a);
    else if (taps == 5 && a->line_step == 1)
        NAME(lines)(5, 1, 0, a);
    else if (taps == 5 && a->line_step == 2)
        NAME(lines)(5, 2, 0, a);
    else if (taps == 5 && a->line_step == -1)
        NAME(lines)(5, 1, 1, a);
}
