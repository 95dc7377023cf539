/* Every activation and its derivative for one element type: REAL, and M(f), libm's f for it.
 *
 * Loads and stores go through memcpy: arrays may be unaligned. NaN in is NaN out.
 */

/* Loops for each function: ROW(name, an expression of x and a, the parameter). The second is the
 * first with steps that the compiler knows, hence in vectors. */
#define ROW(name, expression)                                                              \
    static inline void PASTE(name##_apart, SUFFIX)(const char *from, ptrdiff_t x_step,     \
                                                   char *to, ptrdiff_t y_step,             \
                                                   ptrdiff_t count, REAL a) {              \
        (void)a;                                                                           \
        for (ptrdiff_t i = 0; i < count; i++) {                                            \
            REAL x, y;                                                                     \
            memcpy(&x, from + i * x_step, sizeof x);                                       \
            y = expression;                                                                \
            memcpy(to + i * y_step, &y, sizeof y);                                         \
        }                                                                                  \
    }                                                                                      \
    static void PASTE(name, SUFFIX)(const char *from, ptrdiff_t x_step, char *to,          \
                                    ptrdiff_t y_step, ptrdiff_t count, double alpha) {     \
        const ptrdiff_t size = sizeof(REAL);                                               \
        if (x_step == size && y_step == size)                                              \
            PASTE(name##_apart, SUFFIX)(from, size, to, size, count, (REAL)alpha);         \
        else                                                                               \
            PASTE(name##_apart, SUFFIX)(from, x_step, to, y_step, count, (REAL)alpha);     \
    }

/* The derivative times g: an expression of g, v (the output or the input) and a. */
#define GRADIENT(name, expression)                                                         \
    static void PASTE(name##_gradient, SUFFIX)(const void *grad, const void *value,        \
                                               void *out, ptrdiff_t count, double alpha) { \
        const REAL *gs = grad, *vs = value, a = (REAL)alpha;                               \
        REAL *to = out;                                                                    \
        (void)a;                                                                           \
        for (ptrdiff_t i = 0; i < count; i++) {                                            \
            const REAL g = gs[i], v = vs[i];                                               \
            to[i] = expression;                                                            \
        }                                                                                  \
    }

static inline REAL PASTE(logistic, SUFFIX)(REAL x) { return 1 / (1 + M(exp)(-x)); }

/* relu6(x + 3) / 6 */
static inline REAL PASTE(hard_logistic, SUFFIX)(REAL x) {
    return x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6;
}

/* The standard normal distribution: probability of values below x, and density at x. */
static inline REAL PASTE(normal_below, SUFFIX)(REAL x) {
    return (REAL)0.5 * M(erfc)(-x * (REAL)0.70710678118654752440);
}

static inline REAL PASTE(normal_density, SUFFIX)(REAL x) {
    return (REAL)0.39894228040143267794 * M(exp)(-x * x / 2);
}

/* tanh's argument in the approximation of gelu, and its derivative. */
static inline REAL PASTE(gelu_inner, SUFFIX)(REAL x) {
    return (REAL)0.79788456080286535588 * (x + (REAL)0.044715 * x * x * x);
}

static inline REAL PASTE(gelu_tanh_slope, SUFFIX)(REAL x) {
    const REAL t = M(tanh)(PASTE(gelu_inner, SUFFIX)(x));
    const REAL inner = (REAL)0.79788456080286535588 * (1 + (REAL)0.134145 * x * x);
    return (REAL)0.5 * (1 + t) + (REAL)0.5 * x * (1 - t * t) * inner;
}

static inline REAL PASTE(silu_slope, SUFFIX)(REAL x) {
    const REAL s = PASTE(logistic, SUFFIX)(x);
    return s * (1 + x * (1 - s));
}

/* log(1 + exp(x)) */
static inline REAL PASTE(soft, SUFFIX)(REAL x) {
    return M(log1p)(M(exp)(-M(fabs)(x))) + (x > 0 ? x : 0);
}

static inline REAL PASTE(mish_slope, SUFFIX)(REAL x) {
    const REAL t = M(tanh)(PASTE(soft, SUFFIX)(x));
    return t + x * (1 - t * t) * PASTE(logistic, SUFFIX)(x);
}

/* (x + sqrt(x^2 + 4)) / 2, without loss of digits below 0, and its derivative. */
static inline REAL PASTE(plus, SUFFIX)(REAL x) {
    const REAL root = M(hypot)(x, 2);
    return x > 0 ? (x + root) / 2 : 2 / (root - x);
}

static inline REAL PASTE(plus_slope, SUFFIX)(REAL x) {
    return PASTE(plus, SUFFIX)(x) / M(hypot)(x, 2);
}

#define SELU_SCALE (REAL)1.0507009873554804934193349852946
#define SELU_ALPHA (REAL)1.6732632423543772848170429916717

ROW(relu, x < 0 ? 0 : x)
ROW(relu6, x < 0 ? 0 : x > 6 ? 6 : x)
ROW(leaky_relu, x < 0 ? a * x : x)
ROW(elu, x > 0 ? x : a * M(expm1)(x))
ROW(selu, SELU_SCALE * (x > 0 ? x : SELU_ALPHA * M(expm1)(x)))
ROW(gelu, x * PASTE(normal_below, SUFFIX)(x))
ROW(gelu_tanh, (REAL)0.5 * x * (1 + M(tanh)(PASTE(gelu_inner, SUFFIX)(x))))
ROW(sigmoid, PASTE(logistic, SUFFIX)(x))
ROW(hard_sigmoid, PASTE(hard_logistic, SUFFIX)(x))
ROW(silu, x * PASTE(logistic, SUFFIX)(x))
ROW(hard_silu, x * PASTE(hard_logistic, SUFFIX)(x))
ROW(softplus, PASTE(soft, SUFFIX)(x))
ROW(softsign, x / (1 + M(fabs)(x)))
ROW(tanh, M(tanh)(x))
ROW(exponential, M(exp)(x))
ROW(hard_tanh, x < -1 ? -1 : x > 1 ? 1 : x)
ROW(hard_shrink, x >= -a && x <= a ? 0 : x)
ROW(soft_shrink, x >= -a && x <= a ? 0 : x > 0 ? x - a : x + a)
ROW(tanh_shrink, x - M(tanh)(x))
ROW(squareplus, PASTE(plus, SUFFIX)(x))
ROW(sparse_plus, x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x)
ROW(sparse_sigmoid, x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2)
ROW(mish, x * M(tanh)(PASTE(soft, SUFFIX)(x)))
ROW(log_sigmoid, -PASTE(soft, SUFFIX)(-x))

/* Of the output; !(v <= 0) lets a gradient through where v is NaN, as it should. */
GRADIENT(relu, v <= 0 ? 0 : g)
GRADIENT(relu6, v <= 0 || v >= 6 ? 0 : g)
GRADIENT(leaky_relu, v < 0 ? a * g : g)
GRADIENT(elu, v > 0 ? g : g * (v + a))
GRADIENT(selu, v > 0 ? SELU_SCALE * g : g * (v + SELU_SCALE * SELU_ALPHA))
GRADIENT(sigmoid, g * v * (1 - v))
GRADIENT(hard_sigmoid, v <= 0 || v >= 1 ? 0 : g / 6)
GRADIENT(softplus, -g * M(expm1)(-v))
GRADIENT(softsign, g * (1 - M(fabs)(v)) * (1 - M(fabs)(v)))
GRADIENT(tanh, g * (1 - v * v))
GRADIENT(exponential, g * v)
GRADIENT(hard_tanh, v <= -1 || v >= 1 ? 0 : g)
GRADIENT(hard_shrink, v == 0 ? 0 : g)
GRADIENT(soft_shrink, v == 0 ? 0 : g)
GRADIENT(sparse_sigmoid, v <= 0 || v >= 1 ? 0 : g / 2)
GRADIENT(log_sigmoid, -g * M(expm1)(v))
/* Of the input. */
GRADIENT(gelu, g * (PASTE(normal_below, SUFFIX)(v) + v * PASTE(normal_density, SUFFIX)(v)))
GRADIENT(gelu_tanh, g * PASTE(gelu_tanh_slope, SUFFIX)(v))
GRADIENT(silu, g * PASTE(silu_slope, SUFFIX)(v))
GRADIENT(tanh_shrink, g * M(tanh)(v) * M(tanh)(v))
GRADIENT(squareplus, g * PASTE(plus_slope, SUFFIX)(v))
GRADIENT(sparse_plus, v <= -1 ? 0 : v < 1 ? g * (v + 1) / 2 : g)
GRADIENT(mish, g * PASTE(mish_slope, SUFFIX)(v))
GRADIENT(hard_silu, v <= -3 ? 0 : v >= 3 ? g : g * (v / 3 + (REAL)0.5))

#undef ROW
#undef GRADIENT
#undef SELU_SCALE
#undef SELU_ALPHA
