# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Losses of rows and their gradients, in one pass over each row.

Arrays (N, C) are C-contiguous and checked by the caller. Sums over a row are in double, columns
ascending. Rows are few and short beside a network's work: the calling thread computes them.
"""
from api cimport floatstate_flush, floatstate_restore, floatstate_t
from loss_elements cimport *
from loss_rows cimport *

cdef double EPSILON = 1e-7  # Keras's: probabilities are clipped to [EPSILON, 1 - EPSILON]

cdef enum:
    CROSSENTROPY, CROSSENTROPY_LOGITS, FOCAL, FOCAL_LOGITS, CLASSES, ANGLES, OVERLAP, ELEMENTS

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


def rows(str kind not None, const real[:, ::1] target not None, const real[:, ::1] y not None,
         real[::1] values not None, real[:, ::1] grad, tuple numbers not None=()):
    """values[i] = the loss of row i; grad[i, j] = its derivative in y[i, j], unless None.

    `numbers`: at most three of the loss's own; for the focal ones gamma, alpha, and whether alpha
    balances; for huber delta; for overlap alpha, beta and epsilon.
    """
    cdef int which = KINDS[kind]
    cdef element_t element = element_of(which) if which >= ELEMENTS else NULL
    cdef ptrdiff_t i, count = y.shape[0], columns = y.shape[1]
    cdef real *slope = NULL
    cdef double p[PARAMETERS]
    cdef floatstate_t before
    if (target.shape[0] != count or target.shape[1] != columns or values.shape[0] != count
            or (grad is not None and (grad.shape[0] != count or grad.shape[1] != columns))):
        raise ValueError("target, values and grad must have y's sizes")
    if columns == 0:
        raise ValueError("y must have at least one column")
    if len(numbers) > PARAMETERS - FIRST:
        raise ValueError(f"numbers must be at most {PARAMETERS - FIRST}, got {len(numbers)}")
    # Rounded to the element type, in writing: GCC 12 leaves out two such casts beside each other.
    p[LOW] = 1.0000000116860974e-07 if real is float else EPSILON
    p[HIGH] = 0.9999998807907104 if real is float else 1 - EPSILON
    for i in range(PARAMETERS - FIRST):
        p[FIRST + i] = numbers[i] if i < len(numbers) else 0
    with nogil:
        before = floatstate_flush()
        for i in range(count):
            if grad is not None:
                slope = &grad[i, 0]
            values[i] = <real>row(which, element, &target[i, 0], &y[i, 0], slope, columns, p)
        floatstate_restore(before)
