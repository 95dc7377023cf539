/* Rows of x times a packed panel of few channels, which would fill some of a vector's lanes only:
 * as many rows of x as there are lanes are turned in registers, a few taps of them at a time, and
 * meet one broadcast weight of each channel. Each sum runs over the grid in order, as in tile.h.
 */
#ifndef TURNED_SIZES
#define TURNED_SIZES
enum { TURNED_CHANNELS = 10 }; /* of 16: turning takes as long as five of them */
#endif

#if VECTOR_BITS > 256 && REAL_BITS == 32

/* Sums of R channels, a vector of rows each, to where those rows of y lie by the same step. */
INLINE void NAME(finish_turned)(const int R, const panel_t *a, ptrdiff_t first, V *acc) {
    enum { SIDE = NAME(SQUARE) };
    const edge_t *e = &a->edge;
    char *to = a->y[first] + a->y_offset;
    const ptrdiff_t y_step = a->y[first + 1] - a->y[first];
    UNROLL for (int r = 0; r < R; r++) {
        if (e->bias) acc[r] = vadd(acc[r], vset1(NAME(load_one)(e->bias + r * sizeof(real))));
        if (e->clamp) acc[r] = vmin(vset1((real)e->high), vmax(vset1((real)e->low), acc[r]));
    }
    if (R >= SIDE && a->y_step == sizeof(real)) {
        UNROLL for (int next = 0; next < R; next += SIDE) {
            const int r = next < R - SIDE ? next : R - SIDE;
            V squares[SIDE];
            NAME(turn_squares)(acc + r, squares);
            UNROLL for (int i = 0; i < SIDE; i++)
                vstore_pieces(to + r * sizeof(real) + i * y_step, SIDE * y_step, squares[i]);
        }
    } else {
        real sums[LANES];
        UNROLL for (int r = 0; r < R; r++) {
            vstore(sums, acc[r]);
            NAME(spread)(to + r * a->y_step, y_step, LANES, sums);
        }
    }
}

/* A vector of rows from `first` on, R channels. */
INLINE void NAME(turned_tile)(const int R, const panel_t *a, ptrdiff_t first) {
    enum { SIDE = NAME(SQUARE) };
    V acc[TURNED_CHANNELS];
    const ptrdiff_t x_step = SIDE * (a->x[first + 1] - a->x[first]);
    const grid_t *g = &a->grid;

    UNROLL for (int r = 0; r < R; r++) acc[r] = vset1(0);
    for (ptrdiff_t i = 0; i < g->size[0]; i++)
        for (ptrdiff_t j = 0; j < g->size[1]; j++)
            for (ptrdiff_t k = 0; k < g->size[2]; k++) {
                const ptrdiff_t at = i * g->x_step[0] + j * g->x_step[1] + k * g->x_step[2];
                const char *w =
                    a->panel + i * g->w_step[0] + j * g->w_step[1] + k * g->w_step[2];
                const char *x[SIDE];
                UNROLL for (int r = 0; r < SIDE; r++) x[r] = a->x[first + r] + a->x_offset + at;
                for (ptrdiff_t left = g->size[3]; left > 0; left -= SIDE) {
                    V columns[SIDE];
                    UNROLL for (int r = 0; r < SIDE; r++) pkeep(x[r]);
                    NAME(turn)(x, x_step, columns);
                    UNROLL for (int t = 0; t < SIDE; t++)
                        UNROLL for (int r = 0; r < R; r++) {
                            const char *weight = w + t * (ptrdiff_t)sizeof(V) + r * sizeof(real);
                            acc[r] = vfma(columns[t], vset1(NAME(load_one)(weight)), acc[r]);
                        }
                    UNROLL for (int r = 0; r < SIDE; r++) x[r] += SIDE * sizeof(real);
                    w += SIDE * sizeof(V);
                }
            }
    NAME(finish_turned)(R, a, first, acc);
}

INLINE int NAME(is_turned)(const panel_t *a) {
    const grid_t *g = &a->grid;
    return a->channels <= TURNED_CHANNELS && a->rows >= LANES && !a->edge.resume &&
           !a->edge.add && !a->edge.bias_row && g->size[3] % NAME(SQUARE) == 0 &&
           g->size[3] >= LANES && g->x_step[3] == sizeof(real) && g->w_step[3] == sizeof(V);
}

/* How many rows of a vector from `first` on lie apart by the same steps. */
INLINE ptrdiff_t NAME(even_rows)(const panel_t *a, ptrdiff_t first) {
    const char *const *x = a->x + first;
    char *const *y = a->y + first;
    const ptrdiff_t x_step = x[1] - x[0], y_step = y[1] - y[0];
    ptrdiff_t r = 2;
    while (r < LANES && x[r] - x[r - 1] == x_step && y[r] - y[r - 1] == y_step) r++;
    return r;
}

/* Rows from `first` to `end` - 1 the usual way. */
OUTLINE void NAME(narrow_tiles)(const panel_t *a, ptrdiff_t first, ptrdiff_t end) {
    panel_t some = *a;
    some.x += first;
    some.y += first;
    some.rows = end - first;
    NAME(tiles)(1, 1, 0, &some);
}

#define TURNED(R) \
    case R: NAME(turned_tile)(R, a, row); break

OUTLINE void NAME(turned_tiles)(const panel_t *a) {
    ptrdiff_t row = 0, done = 0;
    while (row + LANES <= a->rows) {
        const ptrdiff_t even = NAME(even_rows)(a, row);
        if (even < LANES) {
            row += even;
            continue;
        }
        if (done < row) NAME(narrow_tiles)(a, done, row);
        switch (a->channels) {
            TURNED(1);
            TURNED(2);
            TURNED(3);
            TURNED(4);
            TURNED(5);
            TURNED(6);
            TURNED(7);
            TURNED(8);
            TURNED(9);
            TURNED(10);
        }
        done = row += LANES;
    }
    if (done < a->rows) NAME(narrow_tiles)(a, done, a->rows);
}

#undef TURNED

/* One vector of channels. */
INLINE void NAME(narrow)(const panel_t *a) {
    if (NAME(is_turned)(a))
        NAME(turned_tiles)(a);
    else
        NAME(narrow_tiles)(a, 0, a->rows);
}
#else
INLINE void NAME(narrow)(const panel_t *a) { NAME(tiles)(1, 1, 0, a); }
#endif
