#include "activations.h"

#include <math.h>
#include <string.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#define REAL float
#define SUFFIX _f32
#define M(function) function##f
#include "activations_body.h"
#undef REAL
#undef SUFFIX
#undef M

#define REAL double
#define SUFFIX _f64
#define M(function) function
#include "activations_body.h"

#define BOTH(name) {name##_f32, name##_f64}
#define FUNCTION(KIND, name) [KIND] = BOTH(name)
#define DERIVATIVE(KIND, name) [KIND] = BOTH(name##_gradient)
#define ALL(DO)                                                                             \
    DO(RELU, relu), DO(RELU6, relu6), DO(LEAKY_RELU, leaky_relu), DO(ELU, elu),             \
        DO(SELU, selu), DO(GELU, gelu), DO(GELU_TANH, gelu_tanh), DO(SIGMOID, sigmoid),     \
        DO(HARD_SIGMOID, hard_sigmoid), DO(SILU, silu), DO(HARD_SILU, hard_silu),           \
        DO(SOFTPLUS, softplus), DO(SOFTSIGN, softsign), DO(TANH, tanh),                     \
        DO(EXPONENTIAL, exponential), DO(HARD_TANH, hard_tanh), DO(HARD_SHRINK, hard_shrink), \
        DO(SOFT_SHRINK, soft_shrink), DO(TANH_SHRINK, tanh_shrink),                         \
        DO(SQUAREPLUS, squareplus), DO(SPARSE_PLUS, sparse_plus),                           \
        DO(SPARSE_SIGMOID, sparse_sigmoid), DO(MISH, mish), DO(LOG_SIGMOID, log_sigmoid)

/* By kind and element type. */
static const activation_t functions[ACTIVATION_COUNT][2] = {ALL(FUNCTION)};
static const activation_gradient_t gradients[ACTIVATION_COUNT][2] = {ALL(DERIVATIVE)};

activation_t activation_of(int kind, int dtype) { return functions[kind][dtype]; }

activation_gradient_t activation_gradient_of(int kind, int dtype) {
    return gradients[kind][dtype];
}

int activation_gradient_from_output(int kind) {
    return kind != GELU && kind != GELU_TANH && kind != SILU && kind != HARD_SILU &&
           kind != TANH_SHRINK && kind != SQUAREPLUS && kind != SPARSE_PLUS && kind != MISH;
}
