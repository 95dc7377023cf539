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

/* The same, of lines that see x one row apart: each of its vectors is loaded once for all of them.
 * 512 bits mostly lie across two lines of cache, and loads took most of the time; with AVX2, whose
 * tiles are smaller, this takes longer. */
INLINE void NAME(sliding_tile)(const int L, const int C, const planar_t *a, ptrdiff_t line,
                               ptrdiff_t column, ptrdiff_t back) {
    V acc[MOST_LINES][LONG_LINE];
    const ptrdiff_t x_channel = a->x_channel, w_channel = a->w_channel, w_height = a->w_height;
    const ptrdiff_t height = a->height;
    const char *x = a->x + line * a->x_line + column * (ptrdiff_t)sizeof(real);

    UNROLL for (int l = 0; l < L; l++)
        UNROLL for (int c = 0; c < C; c++) acc[l][c] = vset1(0);
    for (ptrdiff_t d = 0; d < a->depth; d++)
        for (ptrdiff_t row = 0; row < height + L - 1; row++)
            for (const column_tap_t *tap = a->taps, *end = tap + a->width; tap < end; tap++) {
                const char *p = x + d * a->x_depth + row * a->x_height + tap->x;
                const char *q = a->w + d * a->w_depth + row * w_height + tap->w;
                for (ptrdiff_t left = a->channels; left > 0; left--) {
                    V value[LONG_LINE];
                    UNROLL for (int c = 0; c < C; c++)
                        value[c] = vload(p + c * (ptrdiff_t)sizeof(V) -
                                         (c == C - 1 ? back * (ptrdiff_t)sizeof(real) : 0));
                    UNROLL for (int l = 0; l < L; l++)
                        if (row >= l && row - l < height) {
                            const V weight = vset1(NAME(load_one)(q - l * w_height));
                            UNROLL for (int c = 0; c < C; c++)
                                acc[l][c] = vfma(value[c], weight, acc[l][c]);
                        }
                    p += x_channel;
                    q += w_channel;
                }
            }
    UNROLL for (int l = 0; l < L; l++) NAME(finish_columns)(C, a, line + l, column, back, acc[l]);
}

/* All columns of L lines. */
INLINE void NAME(planar_lines)(const int L, const int KIND, const planar_t *a, ptrdiff_t line) {
    const int SHARED = KIND == FILTERS;
    const int MANY = L == 1 ? LONG_LINE : KIND == SLIDING ? TILE_VECTORS : 2;
    const int open = a->end_whole == a->columns; /* no border at the end */
    for (ptrdiff_t column = 0; column < a->columns;) {
        const ptrdiff_t last = a->columns < LANES ? 0 : a->columns - LANES;
        const ptrdiff_t at = column < last ? column : last, left = a->end_whole - at;
        if (at < a->first_whole || left < LANES) {
            NAME(planar_tile)(L, 1, SHARED, 1, a, line, at, 0);
            column = at + LANES;
            continue;
        }
        const ptrdiff_t count = (left + (open ? LANES - 1 : 0)) / LANES;
        if (count >= MANY) {
            const ptrdiff_t back = left < MANY * LANES ? MANY * LANES - left : 0;
            if (KIND == SLIDING)
                NAME(sliding_tile)(L, MANY, a, line, at, back);
            else
                NAME(planar_tile)(L, MANY, SHARED, 0, a, line, at, back);
            column = at + MANY * LANES;
        } else {
            NAME(planar_tile)(L, 1, SHARED, 0, a, line, at, 0);
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
        const ptrdiff_t last = a->lines - PLANAR_LINES;
        for (ptrdiff_t next = 0; next < a->lines; next += PLANAR_LINES) {
            const ptrdiff_t line = next < last ? next : last;
            if (VECTOR_BITS > 256 && a->x_line == a->x_height && a->height > 1)
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
