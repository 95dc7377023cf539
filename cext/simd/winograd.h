/* Winograd's transforms: F(2 x 2, 3 x 3) and F(4 x 4, 3 x 3), and those of the kernel's gradient,
 * F(3 x 3, 2 x 4) (see tiles.h; A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural
 * Networks", CVPR 2016, section 4).
 *
 * With interpolation points p and infinity, and N(p) the product of p - q over the other points q,
 *
 *     input   row p: coefficients of the product of (t - q)      kernel  row p: p^k / N(p)
 *     output  row j: p^j                                         (infinity: the highest power only)
 *
 * F(2 x 2) has the points 0, 1, -1; F(4 x 4) has 0, A, -A, 2A, -2A with A = 23/32. Near 1/sqrt(2),
 * as there, the error is a third of that of the textbook's 0, 1, -1, 2, -2 (B. Barabasz, A. Anderson,
 * K. Soodhalter, D. Gregg, "Error Analysis and Improving the Accuracy of Winograd Convolution for
 * Deep Neural Networks", ACM TOMS 2020); A^2 and A^4 have few enough bits to be exact.
 */
#ifndef WINOGRAD_POINTS
#define WINOGRAD_POINTS
#define A1 (23.0 / 32)
#define B1 (23.0 / 16)
#define A2 (A1 * A1)
#define B2 (B1 * B1)
enum { MOST_SIDE = 6, MOST_SPREAD = 8 };
#endif

#define CONSTANT(c) vset1((real)(c))

/* One column of a patch, d[0 .. size + 2). */
INLINE void NAME(input_points)(const int size, const V *d, V *v) {
    if (size == 2) {
        v[0] = vsub(d[2], d[0]);
        v[1] = vadd(d[2], d[1]);
        v[2] = vsub(d[2], d[1]);
        v[3] = vsub(d[3], d[1]);
        return;
    }
    const V even_a = vfma(CONSTANT(-B2), d[2], d[4]), odd_a = vfma(CONSTANT(-B2), d[1], d[3]);
    const V even_b = vfma(CONSTANT(-A2), d[2], d[4]), odd_b = vfma(CONSTANT(-A2), d[1], d[3]);
    v[0] = vfma(CONSTANT(A2 * B2), d[0], vfma(CONSTANT(-(A2 + B2)), d[2], d[4]));
    v[1] = vfma(CONSTANT(A1), odd_a, even_a);
    v[2] = vfma(CONSTANT(-A1), odd_a, even_a);
    v[3] = vfma(CONSTANT(B1), odd_b, even_b);
    v[4] = vfma(CONSTANT(-B1), odd_b, even_b);
    v[5] = vfma(CONSTANT(A2 * B2), d[1], vfma(CONSTANT(-(A2 + B2)), d[3], d[5]));
}

/* `taps` numbers at the points: 3, or of an output's gradient `size`. */
INLINE void NAME(kernel_points)(const int size, const int taps, const V *g, V *u) {
    if (taps == 2) {
        u[0] = vsub(vset1(0), g[0]);
        u[1] = vmul(CONSTANT(0.5), vadd(g[0], g[1]));
        u[2] = vmul(CONSTANT(0.5), vsub(g[0], g[1]));
        u[3] = g[1];
        return;
    }
    if (size == 2) {
        const V even = vadd(g[0], g[2]);
        u[0] = vsub(vset1(0), g[0]);
        u[1] = vmul(CONSTANT(0.5), vadd(even, g[1]));
        u[2] = vmul(CONSTANT(0.5), vsub(even, g[1]));
        u[3] = g[2];
        return;
    }
    const V even_a = vfma(CONSTANT(A2), g[2], g[0]), even_b = vfma(CONSTANT(B2), g[2], g[0]);
    const V odd_a = taps == 4 ? vfma(CONSTANT(A2), g[3], g[1]) : g[1];
    const V odd_b = taps == 4 ? vfma(CONSTANT(B2), g[3], g[1]) : g[1];
    const V over_a = CONSTANT(0.5 / (A2 * (A2 - B2))), over_b = CONSTANT(0.5 / (B2 * (B2 - A2)));
    u[0] = vmul(CONSTANT(1 / (A2 * B2)), g[0]);
    u[1] = vmul(over_a, vfma(CONSTANT(A1), odd_a, even_a));
    u[2] = vmul(over_a, vfma(CONSTANT(-A1), odd_a, even_a));
    u[3] = vmul(over_b, vfma(CONSTANT(B1), odd_b, even_b));
    u[4] = vmul(over_b, vfma(CONSTANT(-B1), odd_b, even_b));
    u[5] = g[taps - 1];
}

/* `outs` results from the products at the points: size, or 3 of a kernel's gradient. */
INLINE void NAME(output_points)(const int size, const int outs, const V *m, V *y) {
    const V sum_a = vadd(m[1], m[2]), difference_a = vsub(m[1], m[2]);
    if (size == 2) {
        y[0] = vadd(m[0], sum_a);
        y[1] = outs == 2 ? vadd(difference_a, m[3]) : difference_a;
        if (outs == 3) y[2] = vadd(sum_a, m[3]);
        return;
    }
    const V sum_b = vadd(m[3], m[4]), difference_b = vsub(m[3], m[4]);
    y[0] = vadd(m[0], vadd(sum_a, sum_b));
    y[1] = vfma(CONSTANT(A1), difference_a, vmul(CONSTANT(B1), difference_b));
    y[2] = vfma(CONSTANT(A2), sum_a, vmul(CONSTANT(B2), sum_b));
    if (outs == 3)
        y[2] = vadd(y[2], m[5]);
    else
        y[3] = vfma(CONSTANT(A1 * A2), difference_a, vfma(CONSTANT(B1 * B2), difference_b, m[5]));
}

/* LANES channels from `channel` on, zero beyond the last one. */
INLINE V NAME(read_channels)(const char *p, ptrdiff_t step, ptrdiff_t channels) {
    if (step == sizeof(real) && channels >= LANES) return vload(p);
    real buffer[LANES] = {0};
    NAME(gather)(p, step, channels < LANES ? channels : LANES, buffer);
    return vload(buffer);
}

/* LANES small numbers, of which `channels` exist. Two loops: compilers make vectors of each. */
INLINE V NAME(read_places)(const unsigned char *p, ptrdiff_t channels) {
    unsigned char few[LANES] = {0};
    int32_t wide[LANES];
    real buffer[LANES];
    if (channels < LANES) p = memcpy(few, p, channels);
    for (int j = 0; j < LANES; j++) wide[j] = p[j];
    for (int j = 0; j < LANES; j++) buffer[j] = (real)wide[j];
    return vload(buffer);
}

INLINE void NAME(write_places)(unsigned char *p, ptrdiff_t channels, V value) {
    unsigned char places[LANES];
    int32_t wide[LANES];
    real buffer[LANES];
    vstore(buffer, value);
    for (int j = 0; j < LANES; j++) wide[j] = (int32_t)buffer[j];
    for (int j = 0; j < LANES; j++) places[j] = (unsigned char)wide[j];
    if (channels >= LANES)
        memcpy(p, places, LANES);
    else
        memcpy(p, places, channels);
}

INLINE void NAME(write_channels)(char *p, ptrdiff_t step, ptrdiff_t channels, V value) {
    if (step == sizeof(real) && channels >= LANES) {
        vstore(p, value);
        return;
    }
    real buffer[LANES];
    vstore(buffer, value);
    NAME(spread)(p, step, channels < LANES ? channels : LANES, buffer);
}

/* Pixels in LANES channels, steps apart, to points; with gradient, of a tile's outputs. */
INLINE void NAME(tile_points)(const int high, const int wide, const int gradient, const char *x,
                              ptrdiff_t row_step, ptrdiff_t column_step, char *to,
                              ptrdiff_t point_step) {
    const int rows = gradient ? high : high + 2, columns = gradient ? wide : wide + 2;
    V half[MOST_SIDE][MOST_SIDE];
    for (int j = 0; j < columns; j++) {
        V column[MOST_SIDE], points[MOST_SIDE];
        UNROLL for (int i = 0; i < rows; i++) column[i] = vload(x + i * row_step + j * column_step);
        if (gradient)
            NAME(kernel_points)(high, high, column, points);
        else
            NAME(input_points)(high, column, points);
        UNROLL for (int i = 0; i < high + 2; i++) half[i][j] = points[i];
    }
    for (int i = 0; i < high + 2; i++) {
        V points[MOST_SIDE];
        if (gradient)
            NAME(kernel_points)(wide, wide, half[i], points);
        else
            NAME(input_points)(wide, half[i], points);
        UNROLL for (int j = 0; j < wide + 2; j++)
            vstore(to + (i * (wide + 2) + j) * point_step, points[j]);
    }
}

/* A tile's pixels in LANES channels side by side, zero outside the image. */
OUTLINE void NAME(copy_pixels)(const transform_t *a, const tile_t *tile, ptrdiff_t channel,
                               int rows, int columns, real *to) {
    const char *x = tile->x + channel * a->channel_step;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++, to += LANES) {
            const int inside = i >= tile->row[0] && i < tile->row[1] && j >= tile->column[0] &&
                               j < tile->column[1];
            const char *pixel = x + i * a->row_step + j * a->column_step;
            vstore(to, inside ? NAME(read_channels)(pixel, a->channel_step, a->channels - channel)
                              : vset1(0));
        }
}

/* Of a pixel's channels, where the places of its maxima are. */
INLINE unsigned char *NAME(places_at)(const transform_t *a, const char *pixel) {
    return a->places + (pixel - a->first) / (ptrdiff_t)sizeof(real);
}

/* A tile's pixels, each the gradient of the maximum that it is, else zero; as copy_pixels, but rows
 * of twice as many pixels as there are squares across, from the first square's first pixel on. */
OUTLINE void NAME(spread_pixels)(const transform_t *a, const tile_t *tile, ptrdiff_t channel,
                                 int rows, int columns, real *to) {
    const ptrdiff_t left = a->channels - channel, row = 2 * columns * LANES;
    for (int i = 0; i < rows; i++, to += 2 * row)
        for (int j = 0; j < columns; j++) {
            const int inside = i >= tile->row[0] && i < tile->row[1] && j >= tile->column[0] &&
                               j < tile->column[1];
            const char *pixel = tile->x + channel * a->channel_step + i * a->row_step +
                                j * a->column_step;
            real *square = to + 2 * j * LANES;
            V grad = vset1(0), place = vset1(0);
            if (inside) {
                grad = vadd(NAME(read_channels)(pixel, a->channel_step, left), vset1(0));
                place = NAME(read_places)(NAME(places_at)(a, pixel), left);
            }
            UNROLL for (int k = 0; k < 4; k++)
                vstore(square + k / 2 * row + k % 2 * LANES,
                       vselect(mask_equal(place, vset1((real)k)), grad, vset1(0)));
        }
}

INLINE void NAME(tiles_points)(const int high, const int wide, const int gradient,
                               const transform_t *a) {
    const int rows = gradient ? high : high + 2, columns = gradient ? wide : wide + 2;
    const int dense = a->channel_step == sizeof(real);
    real pixels[MOST_SPREAD * MOST_SPREAD * LANES];
    for (ptrdiff_t t = 0; t < a->count; t++) {
        const tile_t *tile = &a->tiles[t];
        const int whole = dense && tile->row[0] == 0 && tile->row[1] >= rows &&
                          tile->column[0] == 0 && tile->column[1] >= columns;
        for (ptrdiff_t c = 0; c < a->channels; c += LANES) {
            const char *x = tile->x + c * a->channel_step;
            char *to = a->points + t * a->tile_step + c * (ptrdiff_t)sizeof(real);
            ptrdiff_t row_step = a->row_step, column_step = a->column_step;
            if (a->places) {
                const int down = (a->odd[0] + rows + 1) / 2, across = (a->odd[1] + columns + 1) / 2;
                NAME(spread_pixels)(a, tile, c, down, across, pixels);
                column_step = sizeof(V), row_step = 2 * across * column_step;
                x = (const char *)pixels + a->odd[0] * row_step + a->odd[1] * column_step;
            } else if (!whole || a->channels - c < LANES) {
                NAME(copy_pixels)(a, tile, c, rows, columns, pixels);
                x = (const char *)pixels;
                column_step = sizeof(V), row_step = columns * column_step;
            }
            NAME(tile_points)(high, wide, gradient, x, row_step, column_step, to, a->point_step);
        }
    }
}

/* Points of every tile's patch. */
static void NAME(winograd_input)(const transform_t *a) {
    if (a->width == 2)
        NAME(tiles_points)(2, 2, 0, a);
    else if (a->size == 2)
        NAME(tiles_points)(2, 4, 0, a);
    else
        NAME(tiles_points)(4, 4, 0, a);
}

/* Points of every tile's 2 x 4 output gradients, which take the place of the taps. */
static void NAME(winograd_gradient)(const transform_t *a) { NAME(tiles_points)(2, 4, 1, a); }

/* Outputs where a value of theirs is above `low` and below `high`, or NaN; else zero. */
INLINE V NAME(between)(V low, V value, V high, V outputs) {
    return vselect(mask_and(mask_not_le(value, low), mask_not_le(high, value)), outputs, vset1(0));
}

/* One row of a tile's outputs, or where that pools, the maxima over it and the row `above`, and
 * their places. The maximum is pool.h's of numbers that are all NaN or none. */
INLINE void NAME(write_outputs)(const int size, const transform_t *a, const tile_t *tile, int i,
                                ptrdiff_t channel, const V *above, const V *outputs, V low,
                                V high) {
    char *y = tile->y + (a->pools ? i / 2 : i) * a->row_step + channel * a->channel_step;
    const ptrdiff_t left = a->channels - channel;
    if (a->pools) {
        UNROLL for (int j = 0; j + 1 < size; j += 2) {
            if (j + 1 >= tile->columns) break;
            const V four[4] = {above[j], above[j + 1], outputs[j], outputs[j + 1]};
            char *square = y + j / 2 * a->column_step;
            V most = four[0], place = vset1(0);
            UNROLL for (int k = 1; k < 4; k++) {
                const MASK take = mask_and(mask_not_le(four[k], most), mask_ordered(most));
                place = vselect(take, vset1((real)k), place);
                most = vmax(four[k], most);
            }
            NAME(write_channels)(square, a->channel_step, left, most);
            if (a->places) NAME(write_places)(NAME(places_at)(a, square), left, place);
        }
        return;
    }
    UNROLL for (int j = 0; j < size; j++) {
        if (j >= tile->columns) break;
        char *to = y + j * a->column_step;
        V output = outputs[j];
        if (a->to_value)
            output = NAME(between)(low, NAME(read_channels)(to + a->to_value, a->channel_step, left),
                                   high, output);
        NAME(write_channels)(to, a->channel_step, left, output);
    }
}

/* The outputs of one tile in LANES channels; returns zeros, or NaN where one is not finite. */
INLINE V NAME(tile_outputs)(const int size, const transform_t *a, const tile_t *tile,
                            const char *from, ptrdiff_t channel) {
    const edge_t *e = &a->edge;
    const V low = vset1((real)e->low), high = vset1((real)e->high);
    V half[4][MOST_SIDE], above[4], bias = vset1(0), strange = vset1(0);
    if (e->bias) bias = vload(e->bias + channel * (ptrdiff_t)sizeof(real));
    for (int j = 0; j < size + 2; j++) {
        V column[MOST_SIDE], outputs[4];
        UNROLL for (int i = 0; i < size + 2; i++)
            column[i] = vload(from + (i * (size + 2) + j) * a->point_step);
        NAME(output_points)(size, size, column, outputs);
        UNROLL for (int i = 0; i < size; i++) half[i][j] = outputs[i];
    }
    UNROLL for (int j = 0; j < size; j++) above[j] = low;
    for (int i = 0; i < tile->rows; i++) {
        V outputs[4];
        NAME(output_points)(size, size, half[i], outputs);
        UNROLL for (int j = 0; j < size; j++) {
            strange = vfma(outputs[j], vset1(0), strange);
            if (e->bias) outputs[j] = vadd(outputs[j], bias);
            if (e->clamp) outputs[j] = vmin(high, vmax(low, outputs[j]));
        }
        if (a->pools && i % 2 == 0)
            memcpy(above, outputs, sizeof above);
        else
            NAME(write_outputs)(size, a, tile, i, channel, above, outputs, low, high);
    }
    return strange;
}

INLINE int NAME(all_zero)(V value) {
    real buffer[LANES], sum = 0;
    vstore(buffer, value);
    for (int j = 0; j < LANES; j++) sum += buffer[j];
    return sum == 0;
}

INLINE void NAME(tiles_outputs)(const int size, const transform_t *a) {
    for (ptrdiff_t t = 0; t < a->count; t++) {
        tile_t *tile = &a->tiles[t];
        const char *from = a->points + t * a->tile_step;
        V any = vset1(0);
        for (ptrdiff_t c = 0; c < a->channels; c += LANES) {
            const ptrdiff_t at = c * (ptrdiff_t)sizeof(real);
            const V strange = NAME(tile_outputs)(size, a, tile, from + at, c);
            vstore(a->strange + t * a->strange_step + at, strange);
            any = vadd(any, strange);
        }
        tile->finite = NAME(all_zero)(any);
    }
}

/* From points to outputs, bias and clamp; what is not finite is marked. */
static void NAME(winograd_output)(const transform_t *a) {
    if (a->size == 2)
        NAME(tiles_outputs)(2, a);
    else
        NAME(tiles_outputs)(4, a);
}

INLINE void NAME(kernel_to_points)(const int size, const kernel_transform_t *a) {
    const ptrdiff_t width = a->vectors * LANES * (ptrdiff_t)sizeof(real);
    for (ptrdiff_t in = 0; in < a->ins; in++)
        for (int v = 0; v < a->vectors; v++) {
            const ptrdiff_t first = v * LANES;
            const char *w = a->w + in * a->in_step + first * a->channel_step;
            V half[MOST_SIDE][WINOGRAD_TAPS], points[MOST_SIDE];
            for (int j = 0; j < WINOGRAD_TAPS; j++) {
                V taps[WINOGRAD_TAPS];
                UNROLL for (int i = 0; i < WINOGRAD_TAPS; i++)
                    taps[i] = NAME(read_channels)(w + i * a->row_step + j * a->column_step,
                                                  a->channel_step, a->channels - first);
                NAME(kernel_points)(size, 3, taps, points);
                UNROLL for (int i = 0; i < size + 2; i++) half[i][j] = points[i];
            }
            char *to = a->panel + in * width + first * (ptrdiff_t)sizeof(real);
            for (int i = 0; i < size + 2; i++) {
                NAME(kernel_points)(size, 3, half[i], points);
                UNROLL for (int j = 0; j < size + 2; j++)
                    vstore(to + (i * (size + 2) + j) * a->point_step, points[j]);
            }
        }
}

/* A kernel's panel at every point. */
static void NAME(winograd_kernel)(const kernel_transform_t *a) {
    if (a->size == 2)
        NAME(kernel_to_points)(2, a);
    else
        NAME(kernel_to_points)(4, a);
}

/* The kernel's gradient from the points of tiles of 2 x 4; whether all of it is finite. */
static int NAME(winograd_kernel_gradient)(const kernel_transform_t *a) {
    const ptrdiff_t width = a->vectors * LANES * (ptrdiff_t)sizeof(real);
    V any = vset1(0);
    for (ptrdiff_t in = 0; in < a->ins; in++)
        for (int v = 0; v < a->vectors; v++) {
            const ptrdiff_t first = v * LANES;
            const char *from = a->panel + in * width + first * (ptrdiff_t)sizeof(real);
            char *w = a->w + in * a->in_step + first * a->channel_step;
            V half[WINOGRAD_TAPS][6], taps[WINOGRAD_TAPS], strange = vset1(0);
            for (int j = 0; j < 6; j++) {
                V column[4];
                UNROLL for (int i = 0; i < 4; i++)
                    column[i] = vload(from + (i * 6 + j) * a->point_step);
                NAME(output_points)(2, 3, column, taps);
                UNROLL for (int i = 0; i < WINOGRAD_TAPS; i++) half[i][j] = taps[i];
            }
            for (int i = 0; i < WINOGRAD_TAPS; i++) {
                NAME(output_points)(4, 3, half[i], taps);
                UNROLL for (int j = 0; j < WINOGRAD_TAPS; j++) {
                    strange = vfma(taps[j], vset1(0), strange);
                    NAME(write_channels)(w + i * a->row_step + j * a->column_step, a->channel_step,
                                         a->channels - first, taps[j]);
                }
            }
            vstore(a->strange + in * width + first * (ptrdiff_t)sizeof(real), strange);
            any = vadd(any, strange);
        }
    return NAME(all_zero)(any);
}

#undef CONSTANT
