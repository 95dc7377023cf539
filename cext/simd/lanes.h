/* Vectors from and to arrays in which their lanes may lie apart or not all exist. */
#ifndef LANE_LAYOUTS
#define LANE_LAYOUTS
/* Side by side; so, but only the first few of them; every second; apart; apart and only a few. */
enum { DENSE, PART, EVEN, APART, FEW };
#endif

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
