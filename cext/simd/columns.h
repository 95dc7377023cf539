/* Lines of outputs along W: what planar.h computes. Steps are in bytes.
 *
 *     y[line][column] = sum over d, h, taps, channels of
 *         x[line][d, h, tap.x, channel, column] * w[line][d, h, tap.w, channel]
 *
 * for the taps of which low <= column < high. Lines are rows of one filter (w_line is 0), or
 * filters of one row (x_line is 0). Columns of x lie side by side.
 */
#ifndef CONVLET_COLUMNS_H
#define CONVLET_COLUMNS_H

typedef struct {
    ptrdiff_t x, w;      /* offsets in bytes */
    ptrdiff_t low, high; /* the columns for which x has this tap */
} column_tap_t;

typedef struct {
    const char *x, *w, *bias; /* bias: one element for each line, or NULL */
    char *y;
    ptrdiff_t lines, x_line, w_line, y_line, bias_line;
    ptrdiff_t columns, y_step;
    ptrdiff_t depth, height, width, channels;
    ptrdiff_t x_depth, x_height, x_channel, w_depth, w_height, w_channel;
    const column_tap_t *taps;           /* `width` of them */
    int even;                           /* they lie at equal steps of x and w */
    ptrdiff_t first_whole, end_whole;   /* columns that see all taps */
    int clamp;                          /* after the bias: max(low, .), then min(high, .) */
    double low, high;
} planar_t;

#endif
