/* Normalization: statistics of columns or rows of a C-contiguous matrix, and what is done with
 * them. Sums are in double. Plain loops: the compiler puts columns, or NORM_LANES sums of a row,
 * into vectors. No element's or column's result depends on how the work is cut, save where runs
 * of rows say so. */

/* Mean and sum of squared distances from it, of each column of a block of rows. */
static void NAME(block_moments)(const real *x, ptrdiff_t rows, ptrdiff_t columns,
                                ptrdiff_t width, double *mean, double *squares) {
    double sum[NORM_COLUMNS] = {0}, square[NORM_COLUMNS] = {0};
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t j = 0; j < width; j++) sum[j] += x[r * columns + j];
    for (ptrdiff_t j = 0; j < width; j++) sum[j] /= (double)rows;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t j = 0; j < width; j++) {
            const double distance = x[r * columns + j] - sum[j];
            square[j] += distance * distance;
        }
    for (ptrdiff_t j = 0; j < width; j++) mean[j] = sum[j], squares[j] = square[j];
}

/* sums[0], sums[1]: those of a run of rows, blocks merged in order as T. Chan et al. do. */
static void NAME(norm_moments)(const norm_t *n) {
    const real *x = (const real *)n->x;
    const ptrdiff_t step = n->columns < NORM_BLOCK ? NORM_BLOCK / n->columns : 1;
    for (ptrdiff_t first = 0; first < n->rows; first += step) {
        const ptrdiff_t rows = n->rows - first < step ? n->rows - first : step;
        const double share = (double)rows / (double)(first + rows);
        for (ptrdiff_t c = 0; c < n->columns; c += NORM_COLUMNS) {
            const ptrdiff_t left = n->columns - c;
            const real *from = x + first * n->columns + c;
            double mean[NORM_COLUMNS], squares[NORM_COLUMNS];
            const ptrdiff_t width = left < NORM_COLUMNS ? left : NORM_COLUMNS;
            if (width == NORM_COLUMNS)
                NAME(block_moments)(from, rows, n->columns, NORM_COLUMNS, mean, squares);
            else
                NAME(block_moments)(from, rows, n->columns, width, mean, squares);
            for (ptrdiff_t j = 0; j < width; j++) {
                double *m = n->sums[0] + c + j, *s = n->sums[1] + c + j;
                const double apart = first ? mean[j] - *m : 0;
                *s = first ? *s + squares[j] + apart * apart * (double)first * share : squares[j];
                *m = first ? *m + apart * share : mean[j];
            }
        }
    }
}

/* sums[0]: of dy, sums[1]: of dy * (x - p[0]), over a run of rows. */
static void NAME(norm_products)(const norm_t *n) {
    const real *x = (const real *)n->x, *dy = (const real *)n->dy, *p = (const real *)n->p[0];
    for (ptrdiff_t c = 0; c < n->columns; c += NORM_COLUMNS) {
        const ptrdiff_t left = n->columns - c;
        const ptrdiff_t width = left < NORM_COLUMNS ? left : NORM_COLUMNS;
        double sum[NORM_COLUMNS] = {0}, product[NORM_COLUMNS] = {0};
        for (ptrdiff_t r = 0; r < n->rows; r++) {
            const real *xs = x + r * n->columns + c, *gs = dy + r * n->columns + c;
            for (ptrdiff_t j = 0; j < width; j++) {
                sum[j] += gs[j];
                product[j] += (double)gs[j] * (xs[j] - p[c + j]);
            }
        }
        for (ptrdiff_t j = 0; j < width; j++) {
            n->sums[0][c + j] = sum[j];
            n->sums[1][c + j] = product[j];
        }
    }
}

/* y = (x - p[0]) * p[1] + p[2], by column. */
static void NAME(norm_scale)(const norm_t *n) {
    const real *mean = (const real *)n->p[0], *scale = (const real *)n->p[1];
    const real *shift = (const real *)n->p[2];
    for (ptrdiff_t r = 0; r < n->rows; r++) {
        const real *x = (const real *)n->x + r * n->columns;
        real *y = (real *)n->y + r * n->columns;
        for (ptrdiff_t c = 0; c < n->columns; c++) y[c] = (x[c] - mean[c]) * scale[c] + shift[c];
    }
}

/* y = (dy - p[2] - (x - p[0]) * p[3]) * p[1], by column. */
static void NAME(norm_slope)(const norm_t *n) {
    const real *mean = (const real *)n->p[0], *scale = (const real *)n->p[1];
    const real *level = (const real *)n->p[2], *tilt = (const real *)n->p[3];
    for (ptrdiff_t r = 0; r < n->rows; r++) {
        const real *x = (const real *)n->x + r * n->columns;
        const real *dy = (const real *)n->dy + r * n->columns;
        real *y = (real *)n->y + r * n->columns;
        for (ptrdiff_t c = 0; c < n->columns; c++)
            y[c] = (dy[c] - level[c] - (x[c] - mean[c]) * tilt[c]) * scale[c];
    }
}

/* Element i goes to sum i modulo NORM_LANES; these are added in order. */
#define ROW_SUM(total, count, term)                                                         \
    do {                                                                                    \
        double lanes[NORM_LANES] = {0};                                                     \
        ptrdiff_t i = 0;                                                                    \
        for (; i + NORM_LANES <= (count); i += NORM_LANES)                                  \
            for (int j = 0; j < NORM_LANES; j++) lanes[j] += term(i + j);                   \
        for (int j = 0; i < (count); i++, j++) lanes[j] += term(i);                         \
        (total) = 0;                                                                        \
        for (int j = 0; j < NORM_LANES; j++) (total) += lanes[j];                           \
    } while (0)
#define ELEMENT(i) (double)x[i]
#define DISTANCE(i) ((double)x[i] - mean) * ((double)x[i] - mean)
#define GRADIENT(i) (double)dy[i]
#define PRODUCT(i) (double)dy[i] * x[i]

/* y = (x - mean) / sqrt(variance + epsilon) of each row; the inverse of the root to sums[0]. */
static void NAME(norm_rows)(const norm_t *n) {
    const double count = (double)n->columns;
    for (ptrdiff_t r = 0; r < n->rows; r++) {
        const real *x = (const real *)n->x + r * n->columns;
        real *y = (real *)n->y + r * n->columns;
        double mean, squares;
        ROW_SUM(mean, n->columns, ELEMENT);
        mean /= count;
        ROW_SUM(squares, n->columns, DISTANCE);
        const double inverse = 1 / sqrt(squares / count + n->epsilon);
        const real level = (real)mean, scale = (real)inverse;
        for (ptrdiff_t c = 0; c < n->columns; c++) y[c] = (x[c] - level) * scale;
        n->sums[0][r] = inverse;
    }
}

/* Its gradient, x being its output: y = (dy - mean of dy - x * mean of dy * x) * sums[0]. */
static void NAME(norm_rows_slope)(const norm_t *n) {
    const double count = (double)n->columns;
    for (ptrdiff_t r = 0; r < n->rows; r++) {
        const real *x = (const real *)n->x + r * n->columns;
        const real *dy = (const real *)n->dy + r * n->columns;
        real *y = (real *)n->y + r * n->columns;
        double mean, product;
        ROW_SUM(mean, n->columns, GRADIENT);
        ROW_SUM(product, n->columns, PRODUCT);
        const real level = (real)(mean / count), tilt = (real)(product / count);
        const real scale = (real)n->sums[0][r];
        for (ptrdiff_t c = 0; c < n->columns; c++) y[c] = (dy[c] - level - x[c] * tilt) * scale;
    }
}

#undef ROW_SUM
#undef ELEMENT
#undef DISTANCE
#undef GRADIENT
#undef PRODUCT
