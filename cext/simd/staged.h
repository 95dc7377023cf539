/* Rows of x times a packed panel, where rows lie side by side in y and channels apart: images with
 * channels first. A register tile's rows would fill a part of a line of cache of each channel, and
 * channels that are pages apart meet in one set of L1, where lines do not stay until the next tile
 * comes. So some rows are kept in scratch, and a vector of them is stored for each channel.
 */
#ifndef STAGED_SIZES
#define STAGED_SIZES
enum { STAGED_ROWS = 48 }; /* a multiple of every tile's; 12 KiB */
enum { LINE_BYTES = 64 };
#endif

/* Neighbours from `first` to `end` - 1, some channels at a time. */
INLINE void NAME(spread_strips)(const panel_t *a, char *const *y, ptrdiff_t first, ptrdiff_t end,
                                const real *sums, ptrdiff_t width) {
    enum { SIDE = NAME(SQUARE), STRIP = NAME(STRIP) };
    for (ptrdiff_t c = 0; c < a->channels; c += SIDE) {
        const ptrdiff_t channel = c + SIDE <= a->channels ? c : a->channels - SIDE;
        for (ptrdiff_t next = first; next < end; next += STRIP) {
            const ptrdiff_t row = next + STRIP <= end ? next : end - STRIP;
            NAME(strip)
            ((const char *)(sums + row * width + channel), width * sizeof(real),
             y[row] + a->y_offset + channel * a->y_step, a->y_step);
        }
    }
}

/* What lies from the first row to the last, of every channel: pages apart, where nothing else fetches
 * it. Not where rows are of several lines of an image, and more lies between. */
INLINE void NAME(ask_for_rows)(const panel_t *a, char *first, char *last) {
    const ptrdiff_t bytes = last - first;
    if (bytes < 0 || bytes >= STAGED_ROWS * (ptrdiff_t)sizeof(real)) return;
    for (ptrdiff_t c = 0; c < a->channels; c++) {
        const char *p = first + a->y_offset + c * a->y_step;
        for (ptrdiff_t at = 0; at < bytes; at += LINE_BYTES) PREFETCH_WRITE(p + at);
        PREFETCH_WRITE(p + bytes);
    }
}

OUTLINE void NAME(stage)(const panel_t *a) {
    real sums[STAGED_ROWS * TILE_VECTORS * LANES];
    char *to[STAGED_ROWS];
    const ptrdiff_t width = a->vectors * LANES, parts = (a->rows + STAGED_ROWS - 1) / STAGED_ROWS;
    const ptrdiff_t *size = a->grid.size;
    /* Then the driver asks only for rows of an output that is larger than second-level cache. */
    const int far = a->ask_bytes && size[0] * size[1] * size[2] * size[3] <= SHORT_SUM;
    panel_t some = *a;
    some.y = to;
    some.y_step = sizeof(real);
    some.y_offset = 0;
    some.channels = width;
    for (ptrdiff_t r = 0; r < STAGED_ROWS; r++) to[r] = (char *)(sums + r * width);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t begin = a->rows * part / parts, rows = a->rows * (part + 1) / parts - begin;
        char *const *y = a->y + begin;
        some.x = a->x + begin;
        some.rows = rows;
        if (far) NAME(ask_for_rows)(a, y[0], y[rows - 1]);
        NAME(panel)(&some);
        for (ptrdiff_t r = 0, end; r < rows; r = end) {
            end = r + 1;
            while (end < rows && y[end] - y[end - 1] == (ptrdiff_t)sizeof(real)) end++;
            if (end - r >= NAME(STRIP) && a->channels >= NAME(SQUARE))
                NAME(spread_strips)(a, y, r, end, sums, width);
            else
                NAME(spread_rows)(a, y + r, (int)(end - r), sums + r * width, (int)width);
        }
    }
}

/* Where vectors are no lines of 16, it pays if channels meet, and costs 5 % if they do not. */
INLINE int NAME(is_staged)(const panel_t *a) {
    const edge_t *e = &a->edge;
    const int lines = LANES >= 16 || a->y_step % MEETING == 0;
    return lines && a->y_step != sizeof(real) && a->rows >= NAME(STRIP) && !e->resume && !e->add &&
           !e->bias_row && NAME(side_by_side)(a->y, 2);
}

static void NAME(any_panel)(const panel_t *a) {
    if (NAME(is_staged)(a))
        NAME(stage)(a);
    else
        NAME(panel)(a);
}
