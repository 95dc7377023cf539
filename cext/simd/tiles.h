/* Tiles of a Winograd convolution, 3 x 3 taps, stride 1: what winograd.h transforms.
 *
 * A tile is `size` x `size` outputs (2 or 4), or 2 x 4 for a kernel's gradient, and the patch of
 * (size + 2) x (width + 2) = points inputs that they see. A transform makes `points` numbers of each
 * patch and channel; for every point, tiles times weights is then a product of matrices, which the
 * panel kernel computes. Steps are in bytes.
 */
#ifndef CONVLET_TILES_H
#define CONVLET_TILES_H

enum { MOST_POINTS = 36, WINOGRAD_TAPS = 3 };

/* Where one tile lies. Pixels of it outside their image are zero when read, and not written. */
typedef struct {
    const char *x;               /* the patch's first pixel, which may lie outside the image */
    char *y;                     /* the first output */
    int row[2], column[2];       /* of the patch's pixels, or maxima, [first, end) in the image */
    int rows, columns;           /* of outputs that exist */
    int finite;                  /* by the output's transform: whether all are, in all channels */
} tile_t;

typedef struct {
    tile_t *tiles;
    ptrdiff_t count;
    int size, width;             /* of a tile, along H and W; of outputs they are the same */
    /* The side of images: x of the input's transform, y of the output's. */
    ptrdiff_t row_step, column_step, channel_step, channels;
    /* The transformed side: real[points][tile][channel], channels side by side. */
    char *points;
    ptrdiff_t point_step, tile_step;
    edge_t edge;                 /* output only; resume and add are not used */
    /* The image side is maxima of squares of 2 x 2 pixels, or, of an input's transform, their
     * gradients: each is that of one pixel, and 0 is that of the others. */
    int pools;
    int odd[2];                  /* such an input's patches begin at the squares' second pixels */
    /* Which of the four it is, 0 .. 3, of those maxima; or NULL. C-contiguous, as is then the array
     * of maxima itself, which begins at `first`. */
    unsigned char *places;
    const char *first;
    ptrdiff_t to_value;          /* output only: so many bytes on from y is a value; outputs are 0
                                    where that is not between edge.low and edge.high; or 0 */
    char *strange;               /* output only: real[tile][vectors * lanes], NaN for a channel in
                                    which an output of the tile, before the bias, is not finite */
    ptrdiff_t strange_step;
} transform_t;

/* A kernel's transform, or the way back from the transform of its gradient. */
typedef struct {
    char *w;
    ptrdiff_t row_step, column_step, in_step, channel_step;
    ptrdiff_t ins, channels;     /* input channels, and those of the panel that exist */
    char *panel;                 /* real[points][ins][vectors * lanes] */
    ptrdiff_t point_step;
    int vectors, size;
    char *strange;               /* gradient only: real[ins][vectors * lanes], as above */
} kernel_transform_t;

#endif
