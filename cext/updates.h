/* Optimizers' rules, one pass over the arrays; element by element, so no order matters. */
#ifndef CONVLET_UPDATES_H
#define CONVLET_UPDATES_H

#include <math.h>
#include <stddef.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "simd/kernels.h"

#if defined(_MSC_VER) && !defined(__clang__) /* which knows it by another name */
#define RESTRICT __restrict
#else
#define RESTRICT restrict
#endif

enum { SGD, ADAM, RMSPROP, ADADELTA, ADAGRAD, ADAMAX, NADAM, LION, RULE_COUNT };
enum { MOST_SLOTS = 3, MOST_HYPER = 7, BLOCK = 1024, SQUARE_LANES = 8 };

/* What a rule works on: the weights and its slots change, in elements `first` .. `end` - 1, at
 * most BLOCK of them. No two arrays overlap. `average`, if there is one, follows the weights. */
typedef struct {
    char *weights;
    const char *grad;
    char *slots[MOST_SLOTS];
    char *average;
    ptrdiff_t first, end;
} update_t;

/* `hyper` holds the learning rate, the weight decay, and then what the rule names. */
typedef void (*rule_t)(const update_t *u, const double *hyper);

/* Square roots in place. A compiler may not use vectors for libm's sqrt, which sets errno. */
static inline void roots_f32(float *x, ptrdiff_t count) {
    ptrdiff_t i = 0;
#if defined(__SSE2__)
    for (; i + 4 <= count; i += 4) _mm_storeu_ps(x + i, _mm_sqrt_ps(_mm_loadu_ps(x + i)));
#elif defined(__aarch64__)
    for (; i + 4 <= count; i += 4) vst1q_f32(x + i, vsqrtq_f32(vld1q_f32(x + i)));
#endif
    for (; i < count; i++) x[i] = sqrtf(x[i]);
}

static inline void roots_f64(double *x, ptrdiff_t count) {
    ptrdiff_t i = 0;
#if defined(__SSE2__)
    for (; i + 2 <= count; i += 2) _mm_storeu_pd(x + i, _mm_sqrt_pd(_mm_loadu_pd(x + i)));
#elif defined(__aarch64__)
    for (; i + 2 <= count; i += 2) vst1q_f64(x + i, vsqrtq_f64(vld1q_f64(x + i)));
#endif
    for (; i < count; i++) x[i] = sqrt(x[i]);
}

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#define REAL float
#define SUFFIX _f32
#define M(function) function##f
#include "updates_body.h"
#undef REAL
#undef SUFFIX
#undef M

#define REAL double
#define SUFFIX _f64
#define M(function) function
#include "updates_body.h"
#undef REAL
#undef SUFFIX
#undef M
#undef PASTE
#undef PASTE_

static inline rule_t rule_of(int rule, int dtype) {
    static const rule_t rules[RULE_COUNT][DTYPE_COUNT] = {
        [SGD] = {sgd_f32, sgd_f64},
        [ADAM] = {adam_f32, adam_f64},
        [RMSPROP] = {rmsprop_f32, rmsprop_f64},
        [ADADELTA] = {adadelta_f32, adadelta_f64},
        [ADAGRAD] = {adagrad_f32, adagrad_f64},
        [ADAMAX] = {adamax_f32, adamax_f64},
        [NADAM] = {nadam_f32, nadam_f64},
        [LION] = {lion_f32, lion_f64},
    };
    return rules[rule][dtype];
}

/* The same for the average of the weights; `hyper` holds its momentum. */
static inline rule_t average_of(int dtype) {
    return dtype == FLOAT32 ? follow_f32 : follow_f64;
}

#endif
