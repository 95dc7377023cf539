/* Lines of outputs along W, vectors of neighbouring columns: images of one or a few channels.
 *
 * Weights are broadcast, x is read in vectors (see planar_t in columns.h). A column at a border
 * sees some of the taps only: there, masks keep a sum as it is where x has no column for the tap.
 * The last vector of a line computes some columns again. Each sum runs over taps in order: depth,
 * height, columns, channels.
 */
#ifndef PLANAR_SIZES
#define PLANAR_SIZES
enum { PLANAR_LINES = 4, MOST_LINES = 8, LONG_LINE = 8 };
/* So many rows at once, from so many taps along H and so many tiles along W on: with fewer, reading
 * more rows of x costs more, and vectors of columns that are left over are computed twice. */
enum { TALL_LINES = 6, TALL = 7, TALL_TILES = 4 };
/* Rows of one filter; filters of one row; rows of one filter that see x one row apart. */
enum { ROWS, FILTERS, SLIDING };
#endif

/* Sums become results the slow way: columns apart, or fewer than a vector. */
OUTLINE void NAME(spread_columns)(const planar_t *a, char *y, const real *sums, int vectors,
                                  ptrdiff_t back) {
    const ptrdiff_t lanes = a->columns < LANES ? a->columns : LANES;
    for (int c = 0; c < vectors; c++)
        NAME(spread)
        (y + (c * LANES - (c == vectors - 1 ? back : 0)) * a->y_step, a->y_step, lanes,
         sums + c * LANES);
}

/* C vectors of columns from `column` on, the last of which starts `back` columns early. */
INLINE void NAME(finish_columns)(const int C, const planar_t *a, ptrdiff_t line, ptrdiff_t column,
                                 ptrdiff_t back, const V *acc) {
    char *y = a->y + line * a->y_line + column * a->y_step;
    V sum[LONG_LINE];
    UNROLL for (int c = 0; c < C; c++) sum[c] = acc[c];
    if (a->bias) {
        const V bias = vset1(NAME(load_one)(a->bias + line * a->bias_line));
        UNROLL for (int c = 0; c < C; c++) sum[c] = vadd(sum[c], bias);
    }
    if (a->clamp) {
        const V low = vset1((real)a->low), high = vset1((real)a->high);
        UNROLL for (int c = 0; c < C; c++) sum[c] = vmin(high, vmax(low, sum[c]));
    }
    if (a->y_step == sizeof(real) && a->columns >= LANES) {
        UNROLL for (int c = 0; c < C; c++)
            vstore(y + (c * LANES - (c == C - 1 ? back : 0)) * (ptrdiff_t)sizeof(real), sum[c]);
    } else {
        real sums[LONG_LINE * LANES];
        UNROLL for (int c = 0; c < C; c++) vstore(sums + c * LANES, sum[c]);
        NAME(spread_columns)(a, y, sums, C, back);
    }
}

/* L lines from `line` on by C vectors of columns, the last of which starts `back` columns early and
 * computes them again. SHARED: the lines read the same x. */
INLINE void NAME(planar_tile)(const int L, const int C, const int SHARED, const int MASKED,
                              const planar_t *a, ptrdiff_t line, ptrdiff_t column,
                              ptrdiff_t back) {
    V acc[MOST_LINES][LONG_LINE];
    const ptrdiff_t x_line = SHARED ? 0 : a->x_line;
    /* Eight weights at steps unknown would take more registers for addresses than there are. */
    const ptrdiff_t w_line = L == MOST_LINES ? (ptrdiff_t)sizeof(real) : SHARED ? a->w_line : 0;
    const ptrdiff_t x_channel = a->x_channel, w_channel = a->w_channel;
    const char *x = a->x + line * a->x_line + column * (ptrdiff_t)sizeof(real);
    const char *w = a->w + line * a->w_line;

    UNROLL for (int l = 0; l < L; l++)
        UNROLL for (int c = 0; c < C; c++) acc[l][c] = vset1(0);
    for (ptrdiff_t d = 0; d < a->depth; d++)
        for (ptrdiff_t h = 0; h < a->height; h++)
            for (const column_tap_t *tap = a->taps, *end = tap + a->width; tap < end; tap++) {
                const char *p = x + d * a->x_depth + h * a->x_height + tap->x;
                const char *q = w + d * a->w_depth + h * a->w_height + tap->w;
                MASK here = mask_equal(vset1(0), vset1(0));
                if (MASKED) here = NAME(lanes_between)(tap->low - column, tap->high - column);
                for (ptrdiff_t left = a->channels; left > 0; left--) {
                    V weight[MOST_LINES], value[LONG_LINE];
                    UNROLL for (int l = 0; l < L; l++) {
                        if (l == 0 || SHARED)
                            weight[l] = vset1(NAME(load_one)(q + l * w_line));
                        UNROLL for (int c = 0; c < C; c++) {
                            const char *from = p + l * x_line + c * (ptrdiff_t)sizeof(V) -
                                               (c == C - 1 ? back * (ptrdiff_t)sizeof(real) : 0);
                            if (l == 0 || !SHARED)
                                value[c] = MASKED ? NAME(load_between)(from, here,
                                                                       tap->low - column,
                                                                       tap->high - column)
                                                  : vload(from);
                            const V factor = weight[SHARED ? l : 0];
                            acc[l][c] = MASKED ? vfma_masked(here, value[c], factor, acc[l][c])
                                               : vfma(value[c], factor, acc[l][c]);
                        }
                    }
                    p += x_channel;
                    q += w_channel;
                }
            }
    UNROLL for (int l = 0; l < L; l++) NAME(finish_columns)(C, a, line + l, column, back, acc[l]);
}

/* A row of x for those lines that see it: from FIRST on, up to END. */
INLINE void NAME(slide)(const int FIRST, const int END, const int C, const planar_t *a,
                        const char *x, const char *w, ptrdiff_t back, V (*acc)[LONG_LINE]) {
    const column_tap_t *tap = a->taps;
    const int along = a->even && a->channels == 1 && a->width > 1; /* one loop, over taps */
    const column_tap_t *end = tap + (along ? 1 : a->width);
    const ptrdiff_t count = along ? a->width : a->channels, w_height = a->w_height;
    const ptrdiff_t x_step = along ? tap[1].x - tap->x : a->x_channel;
    const ptrdiff_t w_step = along ? tap[1].w - tap->w : a->w_channel;
    for (; tap < end; tap++) {
        const char *p = x + tap->x, *q = w + tap->w;
        for (ptrdiff_t left = count; left > 0; left--, p += x_step, q += w_step) {
            V value[LONG_LINE];
            UNROLL for (int c = 0; c < C; c++) {
                value[c] = vload(p + c * (ptrdiff_t)sizeof(V) -
                                 (c == C - 1 ? back * (ptrdiff_t)sizeof(real) : 0));
                vkeep(value[c]);
            }
            UNROLL for (int l = FIRST; l < END; l++) {
                const V weight = vset1(NAME(load_one)(q - l * w_height));
                UNROLL for (int c = 0; c < C; c++) acc[l][c] = vfma(value[c], weight, acc[l][c]);
            }
        }
    }
}

/* The same, of lines that see x one row apart, by L - 1 taps along H or more: each vector of x is
 * loaded once for all of them. Most lie across two lines of cache, and loads took most of the time.
 * Which lines see a row is known to the compiler: rows before all do, those that do, rows after. */
INLINE void NAME(sliding_tile)(const int L, const int C, const planar_t *a, ptrdiff_t line,
                               ptrdiff_t column, ptrdiff_t back) {
    V acc[MOST_LINES][LONG_LINE];
    const ptrdiff_t height = a->height;

    UNROLL for (int l = 0; l < L; l++)
        UNROLL for (int c = 0; c < C; c++) acc[l][c] = vset1(0);
    for (ptrdiff_t d = 0; d < a->depth; d++) {
        const char *x = a->x + d * a->x_depth + line * a->x_line +
                        column * (ptrdiff_t)sizeof(real);
        const char *w = a->w + d * a->w_depth;
        UNROLL for (int row = 0; row < L - 1; row++, x += a->x_height, w += a->w_height)
            NAME(slide)(0, row + 1, C, a, x, w, back, acc);
        for (ptrdiff_t row = L - 1; row < height; row++, x += a->x_height, w += a->w_height)
            NAME(slide)(0, L, C, a, x, w, back, acc);
        UNROLL for (int row = 1; row < L; row++, x += a->x_height, w += a->w_height)
            NAME(slide)(row, L, C, a, x, w, back, acc);
    }
    UNROLL for (int l = 0; l < L; l++) NAME(finish_columns)(C, a, line + l, column, back, acc[l]);
}

/* Rows of one filter by one vector of columns. */
OUTLINE void NAME(narrow_rows)(const planar_t *a, ptrdiff_t line, ptrdiff_t column, int masked) {
    if (masked)
        NAME(planar_tile)(PLANAR_LINES, 1, 0, 1, a, line, column, 0);
    else
        NAME(planar_tile)(PLANAR_LINES, 1, 0, 0, a, line, column, 0);
}

/* L lines by one vector of columns. */
INLINE void NAME(narrow_tile)(const int L, const int KIND, const int MASKED, const planar_t *a,
                              ptrdiff_t line, ptrdiff_t column) {
    if (L == 1 || KIND == FILTERS)
        NAME(planar_tile)(L, 1, KIND == FILTERS, MASKED, a, line, column, 0);
    else /* twice for more lines than that: some are computed again */
        for (ptrdiff_t first = line;; first = line + L - PLANAR_LINES) {
            NAME(narrow_rows)(a, first, column, MASKED);
            if (first == line + L - PLANAR_LINES) break;
        }
}

/* All columns of L lines. */
INLINE void NAME(planar_lines)(const int L, const int KIND, const planar_t *a, ptrdiff_t line) {
    const int MANY = L == 1 ? LONG_LINE : KIND == SLIDING ? TILE_VECTORS : 2;
    const int open = a->end_whole == a->columns; /* no border at the end */
    for (ptrdiff_t column = 0; column < a->columns;) {
        const ptrdiff_t last = a->columns < LANES ? 0 : a->columns - LANES;
        const ptrdiff_t at = column < last ? column : last, left = a->end_whole - at;
        if (at < a->first_whole || left < LANES) {
            NAME(narrow_tile)(L, KIND, 1, a, line, at);
            column = at + LANES;
            continue;
        }
        const ptrdiff_t count = (left + (open ? LANES - 1 : 0)) / LANES;
        if (count >= MANY) {
            const ptrdiff_t back = left < MANY * LANES ? MANY * LANES - left : 0;
            if (KIND == SLIDING)
                NAME(sliding_tile)(L, MANY, a, line, at, back);
            else
                NAME(planar_tile)(L, MANY, KIND == FILTERS, 0, a, line, at, back);
            column = at + MANY * LANES;
        } else {
            NAME(narrow_tile)(L, KIND, 0, a, line, at);
            column = at + LANES;
        }
    }
}

static void NAME(planar)(const planar_t *a) {
    if (a->x_line == 0 && a->lines % PLANAR_LINES == 0) {
#if TILE_VECTORS > 2
        if (a->lines == MOST_LINES && a->w_line == sizeof(real)) {
            NAME(planar_lines)(MOST_LINES, FILTERS, a, 0);
            return;
        }
#endif
        for (ptrdiff_t line = 0; line < a->lines; line += PLANAR_LINES)
            NAME(planar_lines)(PLANAR_LINES, FILTERS, a, line);
    } else if (a->w_line == 0 && a->lines >= PLANAR_LINES) {
        /* With AVX2, whose tiles are smaller, three taps take as long either way. */
        const int slides = VECTOR_BITS > 128 && a->x_line == a->x_height &&
                           a->height >= (VECTOR_BITS > 256 ? PLANAR_LINES - 1 : PLANAR_LINES);
        const int tall = TILE_VECTORS > 2 && slides && a->height >= TALL &&
                         a->lines >= TALL_LINES && a->columns >= TALL_TILES * TILE_VECTORS * LANES;
        const ptrdiff_t lines = tall ? TALL_LINES : PLANAR_LINES, last = a->lines - lines;
        for (ptrdiff_t next = 0; next < a->lines; next += lines) {
            const ptrdiff_t line = next < last ? next : last;
            if (tall)
                NAME(planar_lines)(TALL_LINES, SLIDING, a, line);
            else if (slides)
                NAME(planar_lines)(PLANAR_LINES, SLIDING, a, line);
            else
                NAME(planar_lines)(PLANAR_LINES, ROWS, a, line);
        }
    } else {
        for (ptrdiff_t line = 0; line < a->lines; line++) NAME(planar_lines)(1, ROWS, a, line);
    }
}

/* Every `step`-th element, in bytes, side by side. */
static void NAME(collect)(const char *from, ptrdiff_t step, ptrdiff_t count, char *to) {
    if (step == sizeof(real))
        memcpy(to, from, count * sizeof(real));
    else {
        ptrdiff_t j = 0;
        if (step == 2 * sizeof(real))
            for (; j + LANES <= count; j += LANES)
                vstore(to + j * sizeof(real), NAME(load_even)(from + j * step));
        for (; j < count; j++)
            NAME(store_one)(to + j * sizeof(real), NAME(load_one)(from + j * step));
    }
}
