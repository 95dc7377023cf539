/* Activations element by element, through libm: the bits do not depend on the instruction set. */
#ifndef CONVLET_ACTIVATIONS_H
#define CONVLET_ACTIVATIONS_H

#include <stddef.h>

enum {
    RELU, RELU6, LEAKY_RELU, ELU, SELU, GELU, GELU_TANH, SIGMOID, HARD_SIGMOID, SILU, HARD_SILU,
    SOFTPLUS, SOFTSIGN, TANH, EXPONENTIAL, HARD_TANH, HARD_SHRINK, SOFT_SHRINK, TANH_SHRINK,
    SQUAREPLUS, SPARSE_PLUS, SPARSE_SIGMOID, MISH, LOG_SIGMOID, ACTIVATION_COUNT
};

/* y[i] = f(x[i]) for `count` elements whose addresses are x_step and y_step bytes apart; y may be
 * x. `alpha` is the slope of leaky_relu, the scale of elu, and the threshold of hard_shrink and
 * soft_shrink. */
typedef void (*activation_t)(const char *x, ptrdiff_t x_step, char *y, ptrdiff_t y_step,
                             ptrdiff_t count, double alpha);

activation_t activation_of(int kind, int dtype);

/* grad times the derivative, all contiguous. `value` is the activation's output where
 * activation_gradient_from_output(kind), else its input; out may be grad or value. */
typedef void (*activation_gradient_t)(const void *grad, const void *value, void *out,
                                      ptrdiff_t count, double alpha);

activation_gradient_t activation_gradient_of(int kind, int dtype);
int activation_gradient_from_output(int kind);

#endif
