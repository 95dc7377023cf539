/* Maximum and average over windows, and their gradients (see window_t in windows.h).
 *
 * Taps are visited in ascending order. The maximum starts at minus infinity and takes a tap where
 * not (tap <= maximum), unless the maximum is NaN already: so NaN wins, else the largest, else the
 * first. Where only the value is asked for, a later NaN may replace a NaN: that is cheaper.
 *
 * Lanes after the last full vector are computed by a vector that ends at the last lane and repeats
 * some; where there are too few lanes for one vector, they are gathered into one. So there is one
 * arithmetic, whatever the layout.
 */
#ifndef POOL_KINDS
#define POOL_KINDS
enum { MAXIMUM, ARGUMENT, AVERAGE, MAXIMUM_GRADIENT, AVERAGE_GRADIENT };
enum { POOL_VECTORS = 4 };
#endif

typedef PASTE(PASTE(uint, REAL_BITS), _t) NAME(bits_t);

/* A position as something that vectors of reals can compare and select: bit patterns from 1 on. */
INLINE real NAME(number_of)(int64_t position) {
    real number = 1;
    NAME(bits_t) bits;
    memcpy(&bits, &number, sizeof bits);
    bits += (NAME(bits_t))position;
    memcpy(&number, &bits, sizeof bits);
    return number;
}

INLINE int64_t NAME(position_of)(real number) {
    const real one = 1;
    NAME(bits_t) bits, first;
    memcpy(&bits, &number, sizeof bits);
    memcpy(&first, &one, sizeof first);
    return (int64_t)(bits - first);
}

/* The mean from the sum. To multiply by a power of two is as exact as to divide, and faster. */
INLINE V NAME(mean)(V sum, ptrdiff_t count) {
    const real divisor = (real)count;
    return count & (count - 1) ? vdiv(sum, vset1(divisor)) : vmul(sum, vset1(1 / divisor));
}

INLINE char *NAME(at)(const operand_t *a, ptrdiff_t outer, ptrdiff_t lane) {
    return a->data + outer * a->outer_step + lane * a->lane_step;
}

/* The sum or the maximum of each window's taps, and where the maximum is. SQUARE, unless 0, is the
 * size in H and W, known to the compiler, of windows that share no input. */
INLINE void NAME(reduce)(const int kind, const int SQUARE, const int U, const int layout,
                         const window_t *a, const char *x, V *value, V *tap) {
    const ptrdiff_t *step = a->x.tap_step, lane_step = a->x.lane_step;
    const int64_t *position = a->position.tap_step;
    const ptrdiff_t depth = SQUARE ? 1 : a->taps[0];
    const ptrdiff_t height = SQUARE ? SQUARE : a->taps[1], width = SQUARE ? SQUARE : a->taps[2];
    UNROLL for (int u = 0; u < U; u++) {
        value[u] = vset1(kind == AVERAGE ? 0 : -(real)INFINITY);
        tap[u] = vset1(1);
    }
    for (ptrdiff_t i = 0; i < depth; i++)
        for (ptrdiff_t j = 0; j < height; j++)
            for (ptrdiff_t k = 0; k < width; k++) {
                const char *p = x + i * step[0] + j * step[1] + k * step[2];
                const V here = vset1(NAME(number_of)(i * position[0] + j * position[1] +
                                                     k * position[2]));
                UNROLL for (int u = 0; u < U; u++) {
                    V v = NAME(read_lanes)(p + u * LANES * lane_step, lane_step, layout, a->lanes);
                    if (kind == AVERAGE)
                        value[u] = vadd(value[u], v);
                    else if (kind == MAXIMUM)
                        value[u] = vselect(mask_ordered(v), vmax(v, value[u]), v);
                    else {
                        MASK take = mask_and(mask_not_le(v, value[u]), mask_ordered(value[u]));
                        value[u] = vselect(take, v, value[u]);
                        tap[u] = vselect(take, here, tap[u]);
                    }
                }
            }
}

OUTLINE void NAME(write_index)(const window_t *a, ptrdiff_t outer, ptrdiff_t lane,
                               ptrdiff_t lanes, const real *number) {
    const position_t *p = &a->position;
    int64_t index[POOL_VECTORS * LANES], first = p->first + outer * p->outer_step;
    char *to = NAME(at)(&a->index, outer, lane);
    for (ptrdiff_t j = 0; j < lanes; j++)
        index[j] = first + (lane + j) * p->lane_step + NAME(position_of)(number[j]);
    if (a->index.lane_step == sizeof *index)
        memcpy(to, index, lanes * sizeof *index);
    else
        for (ptrdiff_t j = 0; j < lanes; j++)
            memcpy(to + j * a->index.lane_step, &index[j], sizeof *index);
}

INLINE void NAME(forward)(const int kind, const int SQUARE, const int U, const int layout,
                          const window_t *a, ptrdiff_t outer, ptrdiff_t lane) {
    V value[POOL_VECTORS], tap[POOL_VECTORS];
    char *y = NAME(at)(&a->y, outer, lane);
    NAME(reduce)(kind, SQUARE, U, layout, a, NAME(at)(&a->x, outer, lane), value, tap);
    UNROLL for (int u = 0; u < U; u++) {
        if (kind == AVERAGE) value[u] = NAME(mean)(value[u], a->count);
        NAME(write_lanes)(y + u * LANES * a->y.lane_step, a->y.lane_step,
                          layout == EVEN ? DENSE : layout, a->lanes, value[u]);
    }
    if (kind == ARGUMENT) {
        real number[POOL_VECTORS * LANES];
        UNROLL for (int u = 0; u < U; u++) vstore(number + u * LANES, tap[u]);
        NAME(write_index)(a, outer, lane, layout == FEW ? a->lanes : U * LANES, number);
    }
}

/* Lanes that were computed before must not be added again. */
INLINE V NAME(without_first)(V value, ptrdiff_t repeated) {
    real buffer[LANES];
    vstore(buffer, value);
    for (ptrdiff_t j = 0; j < repeated; j++) buffer[j] = 0;
    return vload(buffer);
}

/* One tap's part of each gradient: to be added to dx, or all that there is so far. */
INLINE void NAME(give)(const int kind, const int U, const int layout, const int add,
                       const window_t *a, char *dx, int64_t position, const V *grad,
                       const V *tap) {
    const V here = vset1(NAME(number_of)(position));
    UNROLL for (int u = 0; u < U; u++, dx += LANES * a->dx.lane_step) {
        V part = grad[u];
        if (kind == MAXIMUM_GRADIENT) part = vselect(mask_equal(tap[u], here), part, vset1(0));
        if (add) part = vadd(NAME(read_lanes)(dx, a->dx.lane_step, layout, a->lanes), part);
        NAME(write_lanes)(dx, a->dx.lane_step, layout, a->lanes, part);
    }
}

/* Taps descend: an input under several windows of one run then gets their gradients in the order
 * of the windows also where windows run over the lanes. */
INLINE void NAME(backward)(const int kind, const int SQUARE, const int U, const int layout,
                           const window_t *a, ptrdiff_t outer, ptrdiff_t lane,
                           ptrdiff_t repeated) {
    V grad[POOL_VECTORS], more[POOL_VECTORS], value[POOL_VECTORS], tap[POOL_VECTORS];
    const char *y = NAME(at)(&a->y, outer, lane);
    char *dx = NAME(at)(&a->dx, outer, lane);
    const ptrdiff_t *step = a->dx.tap_step;
    const int64_t *position = a->position.tap_step;
    const ptrdiff_t depth = SQUARE ? 1 : a->taps[0];
    const ptrdiff_t height = SQUARE ? SQUARE : a->taps[1], width = SQUARE ? SQUARE : a->taps[2];
    const ptrdiff_t old = outer ? a->old[2] : a->first_old;

    UNROLL for (int u = 0; u < U; u++) {
        grad[u] = NAME(read_lanes)(y + u * LANES * a->y.lane_step, a->y.lane_step, layout, a->lanes);
        if (kind == AVERAGE_GRADIENT) grad[u] = vdiv(grad[u], vset1((real)a->count));
        grad[u] = vadd(grad[u], vset1(0)); /* -0 becomes 0, as where it is added */
        more[u] = repeated ? NAME(without_first)(grad[u], repeated) : grad[u];
    }
    if (kind == MAXIMUM_GRADIENT)
        NAME(reduce)(ARGUMENT, SQUARE, U, layout, a, NAME(at)(&a->x, outer, lane), value, tap);
    for (ptrdiff_t i = depth - 1; i >= 0; i--)
        for (ptrdiff_t j = height - 1; j >= 0; j--) {
            const ptrdiff_t added = SQUARE ? 0 : i < a->old[0] || j < a->old[1] ? width : old;
            char *to = dx + i * step[0] + j * step[1] + (width - 1) * step[2];
            int64_t here = i * position[0] + j * position[1] + (width - 1) * position[2];
            ptrdiff_t k = width - 1;
            for (; k >= added; k--, to -= step[2], here -= position[2])
                NAME(give)(kind, U, layout, 0, a, to, here, grad, tap);
            for (; k >= 0; k--, to -= step[2], here -= position[2])
                NAME(give)(kind, U, layout, 1, a, to, here, more, tap);
        }
}

INLINE void NAME(vectors)(const int kind, const int SQUARE, const int U, const int layout,
                          const window_t *a, ptrdiff_t outer, ptrdiff_t lane,
                          ptrdiff_t repeated) {
    if (kind >= MAXIMUM_GRADIENT)
        NAME(backward)(kind, SQUARE, U, layout, a, outer, lane, repeated);
    else
        NAME(forward)(kind, SQUARE, U, layout, a, outer, lane);
}

INLINE void NAME(row)(const int kind, const int SQUARE, const int layout, const window_t *a) {
    const ptrdiff_t wide = layout == DENSE ? POOL_VECTORS * LANES : 0;
    const ptrdiff_t last = layout == FEW ? 0 : a->lanes - LANES;
    for (ptrdiff_t outer = 0; outer < a->outer; outer++) {
        ptrdiff_t lane = 0;
        for (; wide && lane + wide <= a->lanes; lane += wide)
            NAME(vectors)(kind, SQUARE, POOL_VECTORS, layout, a, outer, lane, 0);
        for (; lane < a->lanes; lane += LANES) {
            const ptrdiff_t start = lane < last ? lane : last;
            NAME(vectors)(kind, SQUARE, 1, layout, a, outer, start, lane - start);
        }
    }
}

INLINE void NAME(next_row)(operand_t *a) {
    if (a->data) a->data += a->row_step;
}

INLINE void NAME(box)(const int kind, const int SQUARE, const int layout, const window_t *given) {
    window_t a = *given; /* fields of a local stay in registers while arrays are written */
    for (ptrdiff_t row = 0; row < a.rows; row++) {
        NAME(row)(kind, SQUARE, layout, &a);
        NAME(next_row)(&a.x);
        NAME(next_row)(&a.y);
        NAME(next_row)(&a.dx);
        NAME(next_row)(&a.index);
        a.position.first += a.position.row_step;
    }
}

/* The loops that are compiled for each kind. */
INLINE void NAME(any_box)(const int kind, const int dense, const window_t *a) {
    const int even = a->x.lane_step == 2 * sizeof(real) && a->y.lane_step == sizeof(real);
    const int old = kind >= MAXIMUM_GRADIENT && (a->old[0] || a->old[1] || a->old[2]);
    if (a->lanes < LANES)
        NAME(box)(kind, 0, FEW, a);
    else if (kind < MAXIMUM_GRADIENT && even)
        NAME(box)(kind, 0, EVEN, a);
    else if (!dense)
        NAME(box)(kind, 0, APART, a);
    else if (a->taps[0] == 1 && a->taps[1] == 2 && a->taps[2] == 2 && !old)
        NAME(box)(kind, 2, DENSE, a);
    else
        NAME(box)(kind, 0, DENSE, a);
}

static void NAME(pool)(const window_t *a) {
    const int dense = a->x.lane_step == sizeof(real) && a->y.lane_step == sizeof(real);
    if (a->count > 0)
        NAME(any_box)(AVERAGE, dense, a);
    else if (a->index.data)
        NAME(any_box)(ARGUMENT, dense, a);
    else
        NAME(any_box)(MAXIMUM, dense, a);
}

/* One row's gradient where the maxima's positions are given. They have been checked, but another
 * thread may have written to their array since. */
INLINE void NAME(scatter)(const window_t *a) {
    for (ptrdiff_t outer = 0; outer < a->outer; outer++)
        for (ptrdiff_t lane = 0; lane < a->lanes; lane++) {
            int64_t index;
            memcpy(&index, NAME(at)(&a->index, outer, lane), sizeof index);
            if ((uint64_t)index >= (uint64_t)a->positions) continue;
            char *dx = NAME(at)(&a->dx, outer, lane) + index * a->dx.tap_step[0];
            real grad = NAME(load_one)(NAME(at)(&a->y, outer, lane));
            NAME(store_one)(dx, NAME(load_one)(dx) + grad);
        }
}

static void NAME(pool_gradient)(const window_t *a) {
    const int dense = a->dx.lane_step == sizeof(real) && a->y.lane_step == sizeof(real);
    if (a->index.data)
        NAME(scatter)(a);
    else if (a->count > 0)
        NAME(any_box)(AVERAGE_GRADIENT, dense, a);
    else
        NAME(any_box)(MAXIMUM_GRADIENT, dense && a->x.lane_step == sizeof(real), a);
}
