# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Losses of rows and their gradients, in one pass over each row.

Arrays (N, C) are C-contiguous and checked by the caller. Sums over a row are in double, columns
ascending. Rows are few and short beside a network's work: the calling thread computes them.
"""
from libc.string cimport memset

from api cimport floatstate_flush, floatstate_restore, floatstate_t
from arrays cimport *
from loss_elements cimport *
from loss_rows cimport *

cdef double EPSILON = 1e-7  # Keras's: probabilities are clipped to [EPSILON, 1 - EPSILON]

cdef enum:
    CROSSENTROPY, CROSSENTROPY_LOGITS, FOCAL, FOCAL_LOGITS, CLASSES, ANGLES, OVERLAP, ELEMENTS

cdef struct work_t:
    int kind
    const char *target
    const char *y
    char *values
    char *grad                 # NULL where it is not wanted
    ptrdiff_t rows, columns
    double p[PARAMETERS]

# Those of `loss_rows.pxd`, then those of `loss_elements.pxd`, in the order of `element_of`.
KINDS = {name: number for number, name in enumerate((
    "crossentropy", "crossentropy_logits", "focal", "focal_logits", "categorical_hinge",
    "cosine", "overlap",
    "binary", "binary_logits", "binary_focal", "binary_focal_logits", "squares", "distances",
    "percentages", "log_squares", "huber", "log_cosh", "hinge", "squared_hinge", "poisson",
    "divergence",
))}


cdef element_t element_of(int kind) noexcept nogil:
    cdef element_t *elements = [
        binary, binary_logits, binary_focal, binary_focal_logits, squares, distances, percentages,
        log_squares, huber, log_cosh, hinge, squared_hinge, poisson, divergence,
    ]
    return elements[kind - ELEMENTS]


cdef double row(int kind, element_t element, const real *t, const real *y, real *grad,
                ptrdiff_t columns, const double *p) noexcept nogil:
    if kind == CROSSENTROPY:
        return of_probabilities(t, y, grad, columns, p)
    if kind == CROSSENTROPY_LOGITS:
        return of_logits(t, y, grad, columns)
    if kind == FOCAL or kind == FOCAL_LOGITS:
        return of_focal(t, y, grad, columns, kind == FOCAL_LOGITS, p)
    if kind == CLASSES:
        return of_classes(t, y, grad, columns)
    if kind == ANGLES:
        return of_angles(t, y, grad, columns, EPSILON)
    if kind == OVERLAP:
        return of_overlap(t, y, grad, columns, p)
    return over_elements(element, t, y, grad, columns, 1 if element == divergence else columns, p)


cdef void run(const work_t *w, const real *like) noexcept nogil:
    """All rows, of like's element type."""
    cdef floatstate_t before = floatstate_flush()
    cdef element_t element = element_of(w.kind) if w.kind >= ELEMENTS else NULL
    cdef real *slope = NULL
    cdef ptrdiff_t i, at
    for i in range(w.rows):
        at = i * w.columns
        if w.grad:
            slope = <real *>w.grad + at
        (<real *>w.values)[i] = <real>row(w.kind, element, <const real *>w.target + at,
                                          <const real *>w.y + at, slope, w.columns, w.p)
    floatstate_restore(before)


def rows(str kind not None, target not None, y not None, values not None, grad,
         tuple numbers not None=()):
    """values[i] = the loss of row i; grad[i, j] = its derivative in y[i, j], unless None.

    `numbers`: at most three of the loss's own; for the focal ones gamma, alpha, and whether alpha
    balances; for huber delta; for overlap alpha, beta and epsilon.
    """
    cdef array_t a, b
    cdef work_t w
    cdef bint single
    cdef int i
    memset(&w, 0, sizeof(w))
    w.kind = KINDS[kind]
    matrix(&a, y, READ_FLAT, NULL)
    w.y, w.rows, w.columns = a.data, a.size[3], a.size[4]
    matrix(&b, target, READ_FLAT, &a)
    w.target = b.data
    if grad is not None:
        matrix(&b, grad, WRITE_FLAT, &a)
        w.grad = b.data
    describe(&b, values, 0, WRITE_FLAT)
    same_type(&b, &a)
    if count_elements(&b) != w.rows:
        raise ValueError(f"values must have {w.rows} elements, got {count_elements(&b)}")
    w.values = b.data
    if w.columns == 0:
        raise ValueError("y must have at least one column")
    if len(numbers) > PARAMETERS - FIRST:
        raise ValueError(f"numbers must be at most {PARAMETERS - FIRST}, got {len(numbers)}")
    # Rounded to the element type, in writing: GCC 12 leaves out two such casts beside each other.
    single = a.itemsize == sizeof(float)
    w.p[LOW] = 1.0000000116860974e-07 if single else EPSILON
    w.p[HIGH] = 0.9999998807907104 if single else 1 - EPSILON
    for i in range(PARAMETERS - FIRST):
        w.p[FIRST + i] = numbers[i] if i < len(numbers) else 0
    with nogil:
        if single:
            run(&w, <const float *>NULL)
        else:
            run(&w, <const double *>NULL)
