/* Maximum and average over windows, and their gradients (see window_t in windows.h).
 *
 * Taps are visited in ascending order. The maximum starts at minus infinity and takes a tap where
 * not (tap <= maximum), unless the maximum is NaN already: so NaN wins, else the largest, else the
 * first. Lanes after the last full vector are computed by a vector that ends at the last lane and
 * repeats some; where there are too few for that, by a vector gathered lane by lane. So there is
 * one arithmetic, whatever the layout.
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

INLINE V NAME(read_lanes)(const char *p, ptrdiff_t step, const int dense, const ptrdiff_t lanes) {
    if (dense) return vload(p);
    real buffer[LANES] = {0};
    for (ptrdiff_t j = 0; j < lanes; j++) buffer[j] = NAME(load_one)(p + j * step);
    return vload(buffer);
}

INLINE void NAME(write_lanes)(char *p, ptrdiff_t step, const int dense, const ptrdiff_t lanes,
                              V value) {
    if (dense) {
        vstore(p, value);
        return;
    }
    real buffer[LANES];
    vstore(buffer, value);
    for (ptrdiff_t j = 0; j < lanes; j++) NAME(store_one)(p + j * step, buffer[j]);
}

INLINE char *NAME(at)(const operand_t *a, ptrdiff_t outer, ptrdiff_t lane) {
    return a->data + outer * a->outer_step + lane * a->lane_step;
}

/* The sum or the maximum of each window's taps, and where the maximum is. SQUARE, if not 0, is the
 * size of a window in H and W that was known to the compiler. */
INLINE void NAME(reduce)(const int kind, const int SQUARE, const int U, const int dense,
                         const ptrdiff_t lanes, const window_t *a, const char *x, V *value,
                         V *tap) {
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
                    V v = NAME(read_lanes)(p + u * LANES * lane_step, lane_step, dense, lanes);
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

INLINE void NAME(write_index)(const window_t *a, ptrdiff_t outer, ptrdiff_t lane, ptrdiff_t lanes,
                              V tap) {
    const position_t *p = &a->position;
    int64_t first = p->first + outer * p->outer_step + lane * p->lane_step;
    char *to = NAME(at)(&a->index, outer, lane);
    real number[LANES];
    vstore(number, tap);
    for (ptrdiff_t j = 0; j < lanes; j++) {
        int64_t index = first + j * p->lane_step + NAME(position_of)(number[j]);
        memcpy(to + j * a->index.lane_step, &index, sizeof index);
    }
}

INLINE void NAME(forward)(const int kind, const int U, const int dense, const ptrdiff_t lanes,
                          const window_t *a, ptrdiff_t outer, ptrdiff_t lane) {
    V value[POOL_VECTORS], tap[POOL_VECTORS];
    char *y = NAME(at)(&a->y, outer, lane);
    NAME(reduce)(kind, U, dense, lanes, a, NAME(at)(&a->x, outer, lane), value, tap);
    UNROLL for (int u = 0; u < U; u++) {
        if (kind == AVERAGE) value[u] = vdiv(value[u], vset1((real)a->count));
        NAME(write_lanes)(y + u * LANES * a->y.lane_step, a->y.lane_step, dense, lanes, value[u]);
        if (kind == ARGUMENT) NAME(write_index)(a, outer, lane + u * LANES, lanes, tap[u]);
    }
}

/* Lanes that were computed before must not be added again. */
INLINE V NAME(without_first)(V value, ptrdiff_t repeated) {
    real buffer[LANES];
    vstore(buffer, value);
    for (ptrdiff_t j = 0; j < repeated; j++) buffer[j] = 0;
    return vload(buffer);
}

/* Taps descend: an input under several windows of one run then gets their gradients in the order
 * of the windows also where windows run over the lanes. */
INLINE void NAME(backward)(const int kind, const int U, const int dense, const ptrdiff_t lanes,
                           const window_t *a, ptrdiff_t outer, ptrdiff_t lane,
                           ptrdiff_t repeated) {
    V grad[POOL_VECTORS], value[POOL_VECTORS], tap[POOL_VECTORS];
    const char *y = NAME(at)(&a->y, outer, lane);
    char *dx = NAME(at)(&a->dx, outer, lane);
    const ptrdiff_t *step = a->dx.tap_step, lane_step = a->dx.lane_step;
    const int64_t *position = a->position.tap_step;

    UNROLL for (int u = 0; u < U; u++) {
        grad[u] = NAME(read_lanes)(y + u * LANES * a->y.lane_step, a->y.lane_step, dense, lanes);
        if (kind == AVERAGE_GRADIENT) grad[u] = vdiv(grad[u], vset1((real)a->count));
        if (repeated && a->add) grad[u] = NAME(without_first)(grad[u], repeated);
    }
    if (kind == MAXIMUM_GRADIENT)
        NAME(reduce)(ARGUMENT, U, dense, lanes, a, NAME(at)(&a->x, outer, lane), value, tap);
    for (ptrdiff_t i = a->taps[0] - 1; i >= 0; i--)
        for (ptrdiff_t j = a->taps[1] - 1; j >= 0; j--)
            for (ptrdiff_t k = a->taps[2] - 1; k >= 0; k--) {
                char *p = dx + i * step[0] + j * step[1] + k * step[2];
                const V here = vset1(NAME(number_of)(i * position[0] + j * position[1] +
                                                     k * position[2]));
                UNROLL for (int u = 0; u < U; u++, p += LANES * lane_step) {
                    V part = grad[u];
                    if (kind == MAXIMUM_GRADIENT)
                        part = vselect(mask_equal(tap[u], here), part, vset1(0));
                    if (a->add)
                        part = vadd(NAME(read_lanes)(p, lane_step, dense, lanes), part);
                    NAME(write_lanes)(p, lane_step, dense, lanes, part);
                }
            }
}

INLINE void NAME(vectors)(const int kind, const int U, const int dense, const ptrdiff_t lanes,
                          const window_t *a, ptrdiff_t outer, ptrdiff_t lane,
                          ptrdiff_t repeated) {
    if (kind >= MAXIMUM_GRADIENT)
        NAME(backward)(kind, U, dense, lanes, a, outer, lane, repeated);
    else
        NAME(forward)(kind, U, dense, lanes, a, outer, lane);
}

INLINE void NAME(windows)(const int kind, const int dense, const window_t *a) {
    for (ptrdiff_t outer = 0; outer < a->outer; outer++) {
        ptrdiff_t lane = 0;
        if (a->lanes < LANES) {
            NAME(vectors)(kind, 1, 0, a->lanes, a, outer, 0, 0);
            continue;
        }
        for (; dense && lane + POOL_VECTORS * LANES <= a->lanes; lane += POOL_VECTORS * LANES)
            NAME(vectors)(kind, POOL_VECTORS, dense, LANES, a, outer, lane, 0);
        for (; lane + LANES <= a->lanes; lane += LANES)
            NAME(vectors)(kind, 1, dense, LANES, a, outer, lane, 0);
        if (lane < a->lanes)
            NAME(vectors)(kind, 1, dense, LANES, a, outer, a->lanes - LANES,
                          lane + LANES - a->lanes);
    }
}

static void NAME(pool)(const window_t *a) {
    const int dense = a->x.lane_step == sizeof(real) && a->y.lane_step == sizeof(real);
    const int kind = a->count > 0 ? AVERAGE : a->index.data ? ARGUMENT : MAXIMUM;
    switch (kind * 2 + dense) {
    case MAXIMUM * 2: NAME(windows)(MAXIMUM, 0, a); break;
    case MAXIMUM * 2 + 1: NAME(windows)(MAXIMUM, 1, a); break;
    case ARGUMENT * 2: NAME(windows)(ARGUMENT, 0, a); break;
    case ARGUMENT * 2 + 1: NAME(windows)(ARGUMENT, 1, a); break;
    case AVERAGE * 2: NAME(windows)(AVERAGE, 0, a); break;
    case AVERAGE * 2 + 1: NAME(windows)(AVERAGE, 1, a); break;
    }
}

/* The gradient where the maxima's positions are given; dx points at position 0. */
INLINE void NAME(scatter)(const window_t *a) {
    for (ptrdiff_t outer = 0; outer < a->outer; outer++)
        for (ptrdiff_t lane = 0; lane < a->lanes; lane++) {
            int64_t index;
            memcpy(&index, NAME(at)(&a->index, outer, lane), sizeof index);
            char *dx = a->dx.data + index * a->dx.tap_step[0] + outer * a->dx.outer_step +
                       lane * a->dx.lane_step;
            real grad = NAME(load_one)(NAME(at)(&a->y, outer, lane));
            NAME(store_one)(dx, NAME(load_one)(dx) + grad);
        }
}

static void NAME(pool_gradient)(const window_t *a) {
    const int dense = a->dx.lane_step == sizeof(real) && a->y.lane_step == sizeof(real);
    if (a->index.data)
        NAME(scatter)(a);
    else if (a->count > 0) {
        if (dense)
            NAME(windows)(AVERAGE_GRADIENT, 1, a);
        else
            NAME(windows)(AVERAGE_GRADIENT, 0, a);
    } else if (dense && a->x.lane_step == sizeof(real))
        NAME(windows)(MAXIMUM_GRADIENT, 1, a);
    else
        NAME(windows)(MAXIMUM_GRADIENT, 0, a);
}
