/* Rows of weights, side by side in a panel (see pack_t in kernels.h). */

INLINE real NAME(load_one)(const void *p) {
    real value;
    memcpy(&value, p, sizeof value);
    return value;
}

INLINE void NAME(store_one)(void *p, real value) { memcpy(p, &value, sizeof value); }

#ifdef vpieces
enum { NAME(STRIP) = LANES };

/* Each square of the rows that lie side by side, transposed. */
INLINE void NAME(turn_squares)(const V *row, V *column) {
#if REAL_BITS == 32
    const V a = OP(unpacklo)(row[0], row[1]), b = OP(unpacklo)(row[2], row[3]);
    const V c = OP(unpackhi)(row[0], row[1]), d = OP(unpackhi)(row[2], row[3]);
    column[0] = OP(shuffle)(a, b, 0x44);
    column[1] = OP(shuffle)(a, b, 0xEE);
    column[2] = OP(shuffle)(c, d, 0x44);
    column[3] = OP(shuffle)(c, d, 0xEE);
#else
    column[0] = OP(unpacklo)(row[0], row[1]);
    column[1] = OP(unpackhi)(row[0], row[1]);
#endif
}

/* STRIP rows as long as a square's side, transposed: squares side by side, a vector of them at a
 * time. x are the first square's rows; the next one's are x_step on. */
INLINE void NAME(turn)(const char *const *x, ptrdiff_t x_step, V *columns) {
    enum { SIDE = NAME(SQUARE) };
    V row[SIDE];
    UNROLL for (int i = 0; i < SIDE; i++) row[i] = vpieces(x[i], x_step);
    NAME(turn_squares)(row, columns);
}

INLINE void NAME(strip)(const char *x, ptrdiff_t x_step, char *y, ptrdiff_t y_step) {
    enum { SIDE = NAME(SQUARE) };
    const char *rows[SIDE];
    V columns[SIDE];
    UNROLL for (int i = 0; i < SIDE; i++) rows[i] = x + i * x_step;
    NAME(turn)(rows, SIDE * x_step, columns);
    UNROLL for (int i = 0; i < SIDE; i++) vstore(y + i * y_step, columns[i]);
}
#else
enum { NAME(STRIP) = NAME(SQUARE) };
#define strip_f32 square_f32
#define strip_f64 square_f64
#endif

/* Channels from `first` on, one by one, and zeros beyond the last. */
INLINE void NAME(pack_row)(const pack_t *a, const char *w, char *to, ptrdiff_t first) {
    const ptrdiff_t channels = a->channels, step = a->channel_step;
    for (ptrdiff_t j = first; j < channels; j++)
        NAME(store_one)(to + j * sizeof(real), NAME(load_one)(w + j * step));
    if (channels < a->vectors * LANES)
        memset(to + channels * sizeof(real), 0, (a->vectors * LANES - channels) * sizeof(real));
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
    enum { SIDE = NAME(SQUARE), STRIP = NAME(STRIP), BLOCK_ROWS = 64, AHEAD = 32 };
    const ptrdiff_t rows = a->rows - a->rows % SIDE, channels = a->channels - a->channels % SIDE;
    const ptrdiff_t to_step = a->vectors * sizeof(V);
    for (ptrdiff_t first = 0; first < rows; first += BLOCK_ROWS) {
        const ptrdiff_t end = first + BLOCK_ROWS < rows ? first + BLOCK_ROWS : rows;
        for (ptrdiff_t j = 0, side; j < channels; j += side) {
            side = j + STRIP <= channels ? STRIP : SIDE;
            for (ptrdiff_t r = first; r < end; r += SIDE) {
                const char *w = a->w + j * a->channel_step + r * sizeof(real);
                char *to = a->to + r * to_step + j * sizeof(real);
                if ((r - first) * sizeof(real) % 64 == 0)
                    for (int i = 0; i < side; i++) PREFETCH(w + (AHEAD + i) * a->channel_step);
                if (side == STRIP)
                    NAME(strip)(w, a->channel_step, to, to_step);
                else
                    NAME(square)(w, a->channel_step, to, to_step);
            }
        }
    }
    for (ptrdiff_t r = channels < a->vectors * LANES ? 0 : rows; r < a->rows; r++)
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
