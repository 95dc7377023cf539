/* Rows of weights, side by side in a panel (see pack_t in kernels.h). */

INLINE real NAME(load_one)(const void *p) {
    real value;
    memcpy(&value, p, sizeof value);
    return value;
}

INLINE void NAME(store_one)(void *p, real value) { memcpy(p, &value, sizeof value); }

/* Channels from `first` on, one by one, and zeros beyond the last. */
INLINE void NAME(pack_row)(const pack_t *a, const char *w, char *to, ptrdiff_t first) {
    ptrdiff_t j = first;
    for (; j < a->channels; j++)
        NAME(store_one)(to + j * sizeof(real), NAME(load_one)(w + j * a->channel_step));
    for (; j < a->vectors * LANES; j++) NAME(store_one)(to + j * sizeof(real), 0);
}

/* Rows ahead are asked for: what is packed comes from beyond L2, and often from a page at a time
 * (a dense layer's dkernel and dx, ResNet's stem: 4 to 7 %). */
static void NAME(pack_vectors)(const pack_t *a) {
    enum { AHEAD = 8 };
    const ptrdiff_t whole = a->channels / LANES;
    char *to = a->to;
    for (ptrdiff_t r = 0; r < a->rows; r++, to += a->vectors * sizeof(V)) {
        const char *w = a->w + r * a->w_step;
        for (ptrdiff_t v = 0; v < whole; v++) {
            if (v * sizeof(V) % 64 == 0) PREFETCH(w + AHEAD * a->w_step + v * sizeof(V));
            vstore(to + v * sizeof(V), vload(w + v * sizeof(V)));
        }
        NAME(pack_row)(a, w, to, whole * LANES);
    }
}

/* Rows that lie side by side: squares, then what is left of channels and of rows. Some rows at a
 * time, which stay in L1 until all their channels have come. */
static void NAME(pack_squares)(const pack_t *a) {
    enum { SIDE = NAME(SQUARE), BLOCK_ROWS = 64, AHEAD = 32 };
    const ptrdiff_t rows = a->rows - a->rows % SIDE, channels = a->channels - a->channels % SIDE;
    const ptrdiff_t to_step = a->vectors * sizeof(V);
    for (ptrdiff_t first = 0; first < rows; first += BLOCK_ROWS) {
        const ptrdiff_t end = first + BLOCK_ROWS < rows ? first + BLOCK_ROWS : rows;
        for (ptrdiff_t j = 0; j < channels; j += SIDE)
            for (ptrdiff_t r = first; r < end; r += SIDE) {
                const char *w = a->w + j * a->channel_step + r * sizeof(real);
                if ((r - first) * sizeof(real) % 64 == 0)
                    for (int i = 0; i < SIDE; i++) PREFETCH(w + (AHEAD + i) * a->channel_step);
                NAME(square)(w, a->channel_step, a->to + r * to_step + j * sizeof(real), to_step);
            }
    }
    for (ptrdiff_t r = 0; r < a->rows; r++)
        NAME(pack_row)(a, a->w + r * a->w_step, a->to + r * to_step, r < rows ? channels : 0);
}

static void NAME(pack)(const pack_t *a) {
    if (a->w_step == sizeof(real) && a->channel_step != sizeof(real))
        NAME(pack_squares)(a);
    else if (a->channel_step == sizeof(real))
        NAME(pack_vectors)(a);
    else
        for (ptrdiff_t r = 0; r < a->rows; r++)
            NAME(pack_row)(a, a->w + r * a->w_step, a->to + r * a->vectors * sizeof(V), 0);
}
