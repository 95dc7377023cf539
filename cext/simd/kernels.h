/* The table of micro-kernels: one entry for each instruction set and element type.
 *
 * Pointers are to bytes and steps are in bytes: drivers do not know the element type, and arrays
 * may be unaligned or have strides that are no multiple of the element size.
 */
#ifndef CONVLET_KERNELS_H
#define CONVLET_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { ISA_SCALAR, ISA_BASELINE, ISA_AVX2, ISA_AVX512, ISA_COUNT };
enum { FLOAT32, FLOAT64, DTYPE_COUNT };
enum { GRID_AXES = 4 };
enum { SHORT_SUM = 64 }; /* taps: with as few, writing the output is most of the work */
enum { MEETING = 1024 }; /* bytes: that much apart, lines share one of four sets of a small L1 */

/* A sum of products over a regular grid: the last axis runs fastest. */
typedef struct {
    ptrdiff_t size[GRID_AXES];
    ptrdiff_t x_step[GRID_AXES];
    ptrdiff_t w_step[GRID_AXES];
} grid_t;

/* What happens to a tile's accumulators before and after the sum. */
typedef struct {
    int resume;       /* start from y instead of from zero */
    int add;          /* finish by y + sum instead of the sum (never together with resume) */
    int clamp;        /* after the bias: max(low, .), then min(high, .); NaN stays NaN */
    double low, high;
    const char *bias; /* `vectors` vectors, or NULL */
    ptrdiff_t bias_row; /* ... and as many for each row, so many bytes on; or 0 */
} edge_t;

/* Taps of a row at which x is not zero; count is -1 until they have been looked for. */
enum { MOST_NONZERO = 512 /* a chunk of few rows */ };

typedef struct {
    int count;
    int taps[MOST_NONZERO + 16]; /* written by whole vectors */
} nonzero_t;

/* Rows of x times one packed panel:
 *
 *     y[r][j] = sum over the grid of x[r][grid offset] * panel[grid offset][j]
 *
 * x, y       `rows` pointers each; y_offset is added to every y
 * panel      rows of vectors * lanes elements, zero beyond `channels`
 * channels   of the panel that exist in y, y_step bytes apart
 *
 * A lanewise kernel reads x[r][grid offset + j / share * x_lane] instead: each channel, or where
 * `permutes` each `share` of them (which divides a vector), have their own x. It takes
 * rows that are outputs along W together where `line` is not 0: so many are a line, and row 0 is
 * output `line_at` of its own. Output i sees at tap t column first_column + i * line_step + t of x,
 * or first_column + i - t for a line_step of -1, if that is one of `line_columns`; grids and
 * pointers stand as if all were.
 *
 * Where `nonzero` is not NULL there is one row, the grid has one axis, and the panel is finite: zeros
 * of x add nothing. The first panel of a chunk finds the others.
 */
typedef struct {
    const char *const *x;
    char *const *y;
    ptrdiff_t rows, x_offset, x_lane, share, y_offset, y_step, channels;
    const char *panel;
    const char *ask;
    ptrdiff_t ask_bytes; /* so many from there will be used soon, and are asked for; or 0 */
    int vectors;
    grid_t grid;
    edge_t edge;
    ptrdiff_t line, line_at, line_step, first_column, line_columns;
    nonzero_t *nonzero;
} panel_t;

/* Rows of weights, side by side in a panel: `vectors` vectors each, zero beyond `channels`. */
typedef struct {
    const char *w;
    ptrdiff_t w_step, rows, channel_step, channels;
    char *to;
    int vectors;
} pack_t;

#include "columns.h"
#include "windows.h"
#include "tiles.h"

/* Rows of a C-contiguous matrix x, of dy and y alike; see norm.h for what is read and written. */
enum { NORM_COLUMNS = 16, NORM_LANES = 16, NORM_BLOCK = 16384 /* elements */ };

typedef struct {
    const char *x, *dy;
    char *y;
    ptrdiff_t rows, columns;
    const char *p[4]; /* parameters of columns */
    double *sums[2];  /* of columns or rows */
    double epsilon;
} norm_t;

typedef void (*norm_kernel_t)(const norm_t *);

/* Elements first .. end - 1 of y are those of x, times 0 where their random word is below the
 * threshold, else times scale; y may be x. Both are contiguous, and `first` begins a block.
 *
 * Words are those of Philox (see dropout.h): block b of a step's stream is the output for counters
 * (PHILOX_BLOCK * b + i, step), and word w of counter i is for element w * PHILOX_BLOCK + i of the
 * block, so that counters are lanes of vectors.
 */
enum { PHILOX_BLOCK = 16, PHILOX_WORDS = 4 * PHILOX_BLOCK };

typedef struct {
    const char *x;
    char *y;
    ptrdiff_t first, end;
    uint64_t seed, step;
    uint32_t threshold;
    double scale;
} dropout_t;

typedef struct {
    int lanes;        /* elements in one vector */
    int tile_rows;    /* the widest register tile: rows of x ... */
    int tile_vectors; /* ... by vectors of output channels */
    int permutes;     /* whether lanewise shares x, of which a vector's channels read one vector */
    void (*panel)(const panel_t *);
    void (*lanewise)(const panel_t *);
    void (*planar)(const planar_t *);
    void (*collect)(const char *from, ptrdiff_t step, ptrdiff_t count, char *to);
    void (*pack)(const pack_t *);
    void (*pool)(const window_t *);
    void (*pool_gradient)(const window_t *);
    void (*winograd_input)(const transform_t *);
    void (*winograd_output)(const transform_t *);
    void (*winograd_kernel)(const kernel_transform_t *);
    void (*winograd_gradient)(const transform_t *);
    int (*winograd_kernel_gradient)(const kernel_transform_t *);
    norm_kernel_t norm_moments, norm_products, norm_scale, norm_slope, norm_rows, norm_rows_slope;
    void (*dropout)(const dropout_t *);
} kernels_t;

/* One row for each element type; NULL where the compiler has no such instruction set. */
const kernels_t *kernels_of(int isa);
int isa_supported(int isa);

#endif
