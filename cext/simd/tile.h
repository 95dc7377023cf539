/* Rows of x times a packed panel: the one multiply-add kernel (see panel_t in kernels.h).
 *
 * A register tile is R rows by C vectors of accumulators. Each step of the grid loads C vectors
 * of the panel once and multiplies them by one broadcast element of each row: R * C fused
 * multiply-adds for R + C loads. The sum of every output element therefore runs over the grid in
 * order, whatever the tile, so tile shapes may differ freely without changing a bit.
 */

enum { NAME(lanes) = LANES };

/* Where there are few rows, each panel row is used once and comes from beyond L1: asking for it
 * 8 KiB early took a 7x7 map of 512 channels from 62 to 79 GFLOP/s, and cost the others nothing. */
#ifndef PANEL_AHEAD
#define PANEL_AHEAD 8192
#endif

/* What is seen for the first time waits for third-level cache all the same: L1 has room for 16 lines
 * or so on their way, L2 for three times as many. So each tile of rows asks L2 for its share of what
 * comes next, such as the next panel: 20 % of 14x14x256 by Winograd's algorithm, 25 % of 7x7x512
 * directly. With AVX2, which takes twice as long for a panel, it cost 5 %. */

/* While rows pass, a panel of so many bytes stays in L1; beyond, it is LONG. */
#define SHORT_PANEL 33000

/* A row of the tile from y to registers; the slow way where y has holes or ends. */
INLINE void NAME(read_row)(const panel_t *a, const char *y, V *row, const int C) {
    if (a->y_step == sizeof(real) && a->channels >= C * LANES) {
        UNROLL for (int c = 0; c < C; c++) row[c] = vload(y + c * (ptrdiff_t)sizeof(V));
        return;
    }
    real buffer[TILE_VECTORS * LANES] = {0};
    NAME(gather)(y, a->y_step, a->channels, buffer);
    UNROLL for (int c = 0; c < C; c++) row[c] = vload(buffer + c * LANES);
}

INLINE int NAME(side_by_side)(char *const *y, int rows) {
    for (int r = 1; r < rows; r++)
        if (y[r] - y[r - 1] != (ptrdiff_t)sizeof(real)) return 0;
    return 1;
}

/* Rows of sums, `width` elements each, to where y ends within a vector or its channels lie apart.
 * There, neighbouring rows mostly lie side by side: squares of both are turned around, and some
 * elements written twice. */
OUTLINE void NAME(spread_rows)(const panel_t *a, char *const *y, int rows, const real *sums,
                               int width) {
    enum { SIDE = NAME(SQUARE) };
    const ptrdiff_t last = a->channels - SIDE;
    if (a->y_step == sizeof(real)) {
        for (int r = 0; r < rows; r++)
            for (ptrdiff_t j = 0; j < a->channels; j += LANES)
                NAME(store_most)(y[r] + a->y_offset + j * (ptrdiff_t)sizeof(real),
                                 vload(sums + r * width + j), a->channels - j);
        return;
    }
    for (int r = 0; r < rows;) {
        const int first = r <= rows - SIDE ? r : rows - SIDE;
        if (first < 0 || last < 0 || !NAME(side_by_side)(y + first, SIDE)) {
            NAME(spread)(y[r] + a->y_offset, a->y_step, a->channels, sums + r * width);
            r++;
            continue;
        }
        for (ptrdiff_t next = 0; next < a->channels; next += SIDE) {
            const ptrdiff_t j = next < last ? next : last;
            NAME(square)
            ((const char *)(sums + first * width + j), width * sizeof(real),
             y[first] + a->y_offset + j * a->y_step, a->y_step);
        }
        r = first + SIDE;
    }
}

/* What the accumulators become: each step for all rows, so that its operands are fetched once. */
INLINE void NAME(finish_tile)(const panel_t *a, ptrdiff_t first, const int R, const int C,
                              V rows[][TILE_VECTORS]) {
    const edge_t *e = &a->edge;
    char *const *y = a->y + first;
    if (e->bias && e->bias_row) {
        UNROLL for (int r = 0; r < R; r++) {
            const char *bias = e->bias + (first + r) * e->bias_row;
            UNROLL for (int c = 0; c < C; c++)
                rows[r][c] = vadd(rows[r][c], vload(bias + c * (ptrdiff_t)sizeof(V)));
        }
    } else if (e->bias) {
        UNROLL for (int c = 0; c < C; c++) {
            const V bias = vload(e->bias + c * (ptrdiff_t)sizeof(V));
            UNROLL for (int r = 0; r < R; r++) rows[r][c] = vadd(rows[r][c], bias);
        }
    }
    if (e->clamp) {
        const V low = vset1((real)e->low), high = vset1((real)e->high);
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) rows[r][c] = vmin(high, vmax(low, rows[r][c]));
    }
    if (e->add) {
        UNROLL for (int r = 0; r < R; r++) {
            V before[TILE_VECTORS];
            NAME(read_row)(a, y[r] + a->y_offset, before, C);
            UNROLL for (int c = 0; c < C; c++) rows[r][c] = vadd(before[c], rows[r][c]);
        }
    }
}

/* The finished rows to y. */
INLINE void NAME(write_rows)(const panel_t *a, char *const *y, const int R, const int C,
                             V rows[][TILE_VECTORS]) {
    if (a->y_step == sizeof(real) && a->channels >= C * LANES) {
        char *to[MOST_ROWS]; /* before the first store, which may be to anything */
        UNROLL for (int r = 0; r < R; r++) to[r] = y[r] + a->y_offset;
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++)
                vstore(to[r] + c * (ptrdiff_t)sizeof(V), rows[r][c]);
    } else {
        real sums[MOST_ROWS * TILE_VECTORS * LANES];
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) vstore(sums + (r * C + c) * LANES, rows[r][c]);
        NAME(spread_rows)(a, y, R, sums, C * LANES);
    }
}

INLINE ptrdiff_t NAME(count_taps)(const grid_t *g) {
    return g->size[0] * g->size[1] * g->size[2] * g->size[3];
}

/* A LONG panel does not stay in L1. NEXT lines of what comes next are asked for, `next_step` bytes on
 * at each step. */
INLINE void NAME(tile)(const int R, const int C, const int LONG, const int NEXT, const panel_t *a,
                       ptrdiff_t first, const char *next, ptrdiff_t next_step) {
    V acc[MOST_ROWS][TILE_VECTORS];
    const char *x[MOST_ROWS];
    char *const *y = a->y + first;
    const grid_t *g = &a->grid;

    UNROLL for (int r = 0; r < R; r++) {
        x[r] = a->x[first + r] + a->x_offset;
        UNROLL for (int c = 0; c < C; c++) acc[r][c] = vset1(0);
    }
    if (a->edge.resume) {
        UNROLL for (int r = 0; r < R; r++) NAME(read_row)(a, y[r] + a->y_offset, acc[r], C);
    }
    for (ptrdiff_t i = 0; i < g->size[0]; i++)
        for (ptrdiff_t j = 0; j < g->size[1]; j++)
            for (ptrdiff_t k = 0; k < g->size[2]; k++) {
                ptrdiff_t at = i * g->x_step[0] + j * g->x_step[1] + k * g->x_step[2];
                const char *w =
                    a->panel + i * g->w_step[0] + j * g->w_step[1] + k * g->w_step[2];
                const ptrdiff_t x_step = g->x_step[3], w_step = g->w_step[3];
                for (ptrdiff_t left = g->size[3]; left > 0; left--) {
                    V weight[TILE_VECTORS];
                    UNROLL for (int c = 0; c < C; c++) {
                        if (C > 1 && LONG && c * sizeof(V) % 64 == 0)
                            PREFETCH(w + c * sizeof(V) + PANEL_AHEAD);
                        weight[c] = vload(w + c * (ptrdiff_t)sizeof(V));
                        vkeep(weight[c]);
                    }
                    UNROLL for (int n = 0; n < NEXT; n++) PREFETCH_FAR(next + 64 * n);
                    if (NEXT) next += next_step;
                    UNROLL for (int r = 0; r < R; r++) {
                        V value = vset1(NAME(load_one)(x[r] + at));
                        UNROLL for (int c = 0; c < C; c++)
                            acc[r][c] = vfma(value, weight[c], acc[r][c]);
                    }
                    at += x_step;
                    w += w_step;
                }
            }
    NAME(finish_tile)(a, first, R, C, acc);
    NAME(write_rows)(a, y, R, C, acc);
}

/* Taps where x is not zero. */
INLINE int NAME(find_nonzero)(const char *x, ptrdiff_t step, ptrdiff_t count, int *taps) {
    int found = 0;
    ptrdiff_t n = 0;
#ifdef vnonzero
    if (step == sizeof(real))
        for (; n + LANES <= count; n += LANES) found += vnonzero(x + n * step, (int)n, taps + found);
#endif
    for (; n < count; n++) {
        taps[found] = (int)n;
        found += NAME(load_one)(x + n * step) != 0;
    }
    return found;
}

/* One row of x times a panel that is known to be finite, past those rows of the panel where x is
 * zero: fetching them is most of the work, and an activation before has left many. */
INLINE void NAME(sparse_row)(const int C, const panel_t *a) {
    V acc[1][TILE_VECTORS];
    char *y = a->y[0] + a->y_offset;
    const char *x = a->x[0] + a->x_offset;
    const ptrdiff_t x_step = a->grid.x_step[3], w_step = a->grid.w_step[3];
    nonzero_t *some = a->nonzero;
    if (some->count < 0)
        some->count = NAME(find_nonzero)(x, x_step, a->grid.size[3], some->taps);
    UNROLL for (int c = 0; c < C; c++) acc[0][c] = vset1(0);
    if (a->edge.resume) NAME(read_row)(a, y, acc[0], C);
    for (int n = 0; n < some->count; n++) {
        const char *w = a->panel + some->taps[n] * w_step;
        V value = vset1(NAME(load_one)(x + some->taps[n] * x_step));
        UNROLL for (int c = 0; c < C; c++)
            acc[0][c] = vfma(value, vload(w + c * (ptrdiff_t)sizeof(V)), acc[0][c]);
    }
    NAME(finish_tile)(a, 0, 1, C, acc);
    NAME(write_rows)(a, a->y, 1, C, acc);
}

/* Rows are cut into tiles whose sizes differ by one at most: a lone leftover row would run at a
 * fraction of the speed. Where several ask for what comes next, none has less than half of the rows. */
#define TILE(R) \
    case R: \
        if (R <= most && (!NEXT || 2 * R >= most)) \
            NAME(tile)(R, C, LONG, NEXT, a, first, next, step); \
        break

INLINE void NAME(tiles)(const int C, const int LONG, const int NEXT, const panel_t *a) {
    if (!NEXT && a->nonzero) {
        NAME(sparse_row)(C, a);
        return;
    }
    const ptrdiff_t most = TILE_ROWS(C), count = (a->rows + most - 1) / most;
    const ptrdiff_t taps = NAME(count_taps)(&a->grid);
    const ptrdiff_t step = NEXT && taps ? a->ask_bytes / (count * taps) : 0;
    const char *next = a->ask;
    const ptrdiff_t least = a->rows / count, larger = a->rows % count;
    /* Of a SHORT_SUM, lines that the next tile writes are asked for, too: up to this row's. */
    const ptrdiff_t asked = !NEXT && taps <= SHORT_SUM ? a->rows : 0;
    ptrdiff_t first = 0;
    for (ptrdiff_t t = 0; t < count; t++) {
        const ptrdiff_t rows = least + (t < larger);
        for (ptrdiff_t r = first + rows; r < first + 2 * rows && r < asked; r++)
            UNROLL for (int c = 0; c < C; c++)
                if (c * sizeof(V) % 64 == 0)
                    PREFETCH_WRITE(a->y[r] + a->y_offset + c * (ptrdiff_t)sizeof(V));
        switch (rows) {
            TILE(1);
            TILE(2);
            TILE(3);
            TILE(4);
#if MOST_ROWS > 4
            TILE(5);
            TILE(6);
#endif
#if MOST_ROWS > 6
            TILE(7);
            TILE(8);
#endif
        }
        first += rows;
        next += taps * step;
    }
}

#undef TILE

#if VECTOR_BITS > 256
OUTLINE void NAME(tiles_of_long)(const panel_t *a) { NAME(tiles)(TILE_VECTORS, 1, 1, a); }
OUTLINE void NAME(tiles_of_short)(const panel_t *a) { NAME(tiles)(TILE_VECTORS, 0, 2, a); }
#endif

#include "turned.h"

static void NAME(panel)(const panel_t *a) {
#if VECTOR_BITS > 256
    if (a->ask_bytes && a->vectors == TILE_VECTORS && a->rows > TILE_ROWS(TILE_VECTORS)) {
        const ptrdiff_t most = TILE_ROWS(TILE_VECTORS), taps = NAME(count_taps)(&a->grid);
        const ptrdiff_t lines = a->ask_bytes / 64, bytes = taps * TILE_VECTORS * sizeof(V);
        if (bytes > SHORT_PANEL && lines <= (a->rows + most - 1) / most * taps)
            NAME(tiles_of_long)(a);
        else
            NAME(tiles_of_short)(a);
        return;
    }
#endif
    switch (a->vectors) {
    case 1: NAME(narrow)(a); break;
    case 2: NAME(tiles)(2, 1, 0, a); break;
#if TILE_VECTORS > 2
    case 3: NAME(tiles)(3, 1, 0, a); break;
    case 4: NAME(tiles)(4, 1, 0, a); break;
#endif
    }
}
