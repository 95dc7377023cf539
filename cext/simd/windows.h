/* A box of pooling windows that see the same taps: what pool.h computes.
 *
 * Windows are numbered along three axes: rows, and of channels and columns one as `outer` and the
 * other over the lanes of vectors. Operands on the input's side (x, dx) point at the first window's
 * first tap, operands on the output's side (y, index) at the first window. Steps are in bytes.
 */
#ifndef CONVLET_WINDOWS_H
#define CONVLET_WINDOWS_H

/* Where indices are needed, x's positions under one window must lie within this many. */
enum { TAP_AXES = 3, LARGEST_SPAN = 1 << 30 };

typedef struct {
    char *data;
    ptrdiff_t row_step, outer_step, lane_step, tap_step[TAP_AXES];
} operand_t;

typedef struct {
    int64_t first, row_step, outer_step, lane_step, tap_step[TAP_AXES];
} position_t;

typedef struct {
    ptrdiff_t rows, outer, lanes, taps[TAP_AXES];
    operand_t x, y;      /* y: the result, or its gradient */
    operand_t dx;        /* gradient only */
    operand_t index;     /* int64, the maxima's positions; data may be NULL */
    position_t position; /* of x's elements, as indices count them */
    int64_t positions;   /* of one image's channel, where indices are given: each is below it */
    double count;        /* the average's divisor, or 0 for the maximum */
    /* Gradient only: a tap adds to dx where it is one of so many first ones along an axis, and
     * overwrites it otherwise. first_old, along the last axis, is of the first window in a row. */
    ptrdiff_t old[TAP_AXES], first_old;
} window_t;

#endif
