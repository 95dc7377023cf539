/* Vectors from and to arrays in which their lanes may lie apart or not all exist. */
#ifndef LANE_LAYOUTS
#define LANE_LAYOUTS
/* Side by side; so, but only the first few of them; every second; apart; apart and only a few; some
 * the same (see lanewise.h). */
enum { DENSE, PART, EVEN, APART, FEW, SHARED };
#endif

/* Elements `step` bytes apart, moved to and from neighbours. */
OUTLINE void NAME(gather)(const char *p, ptrdiff_t step, ptrdiff_t lanes, real *to) {
    for (ptrdiff_t j = 0; j < lanes; j++) to[j] = NAME(load_one)(p + j * step);
}

OUTLINE void NAME(spread)(char *p, ptrdiff_t step, ptrdiff_t lanes, const real *from) {
    for (ptrdiff_t j = 0; j < lanes; j++) NAME(store_one)(p + j * step, from[j]);
}

/* The first `few` lanes, and zeros after them: nothing beyond is read. */
INLINE V NAME(load_first)(const char *p, ptrdiff_t few) {
#ifdef vload_first
    return vload_first(p, few);
#else
    real buffer[LANES] = {0};
    memcpy(buffer, p, few * sizeof(real));
    return vload(buffer);
#endif
}

/* Those lanes alone. */
INLINE void NAME(store_first)(char *p, V value, ptrdiff_t few) {
#ifdef vstore_first
    vstore_first(p, value, few);
#else
    real buffer[LANES];
    vstore(buffer, value);
    memcpy(p, buffer, few * sizeof(real));
#endif
}

/* All lanes, or if there are fewer than that, the first `few`. */
INLINE void NAME(store_most)(char *p, V value, ptrdiff_t few) {
    if (LANES > 1 && few < LANES)
        NAME(store_first)(p, value, few);
    else
        vstore(p, value);
}

/* Lanes `low` to `high` - 1, cut to those that there are. */
INLINE MASK NAME(lanes_between)(ptrdiff_t low, ptrdiff_t high) {
    low = low < 0 ? 0 : low < LANES ? low : LANES;
    high = high < low ? low : high < LANES ? high : LANES;
#ifdef mask_between
    return mask_between(low, high);
#else
    real lanes[LANES];
    for (ptrdiff_t j = 0; j < LANES; j++) lanes[j] = j >= low && j < high;
    return mask_not_le(vload(lanes), vset1(0));
#endif
}

/* Those lanes, and zeros in the others: nothing else is read. */
INLINE V NAME(load_between)(const char *p, MASK lanes, ptrdiff_t low, ptrdiff_t high) {
#ifdef vload_masked
    (void)low, (void)high;
    return vload_masked(p, lanes);
#else
    real buffer[LANES] = {0};
    (void)lanes;
    for (ptrdiff_t j = low < 0 ? 0 : low; j < high && j < LANES; j++)
        buffer[j] = NAME(load_one)(p + j * (ptrdiff_t)sizeof(real));
    return vload(buffer);
#endif
}

/* Every second element, none beyond the last of them: two vectors that share an element. */
INLINE V NAME(load_even)(const char *p) {
#ifdef vevens
    return vevens(vload(p), vload(p + (LANES - 1) * sizeof(real)));
#else
    real buffer[LANES];
    for (ptrdiff_t j = 0; j < LANES; j++) buffer[j] = NAME(load_one)(p + j * 2 * sizeof(real));
    return vload(buffer);
#endif
}

INLINE V NAME(read_lanes)(const char *p, ptrdiff_t step, const int layout, ptrdiff_t few) {
    if (layout == DENSE) return vload(p);
    if (layout == PART) return NAME(load_first)(p, few);
    if (layout == EVEN) return NAME(load_even)(p);
    real buffer[LANES] = {0};
    if (layout == FEW)
        NAME(gather)(p, step, few, buffer);
    else
        for (ptrdiff_t j = 0; j < LANES; j++) buffer[j] = NAME(load_one)(p + j * step);
    return vload(buffer);
}

INLINE void NAME(write_lanes)(char *p, ptrdiff_t step, const int layout, ptrdiff_t few, V value) {
    real buffer[LANES];
    if (layout == DENSE) {
        vstore(p, value);
        return;
    }
    vstore(buffer, value);
    if (layout == APART)
        for (ptrdiff_t j = 0; j < LANES; j++) NAME(store_one)(p + j * step, buffer[j]);
    else
        NAME(spread)(p, step, few, buffer);
}
