/* Small squares of elements, transposed in 16-byte registers: what packing needs where taps, not
 * channels, lie side by side. Steps are in bytes. */
#ifndef CONVLET_SQUARES_H
#define CONVLET_SQUARES_H

#include <stddef.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { SQUARE_f32 = 4, SQUARE_f64 = 2 };

static inline void square_f32(const char *x, ptrdiff_t x_step, char *y, ptrdiff_t y_step) {
#if defined(__SSE2__)
    __m128 a = _mm_loadu_ps((const float *)x), b = _mm_loadu_ps((const float *)(x + x_step));
    __m128 c = _mm_loadu_ps((const float *)(x + 2 * x_step));
    __m128 d = _mm_loadu_ps((const float *)(x + 3 * x_step));
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps((float *)y, a);
    _mm_storeu_ps((float *)(y + y_step), b);
    _mm_storeu_ps((float *)(y + 2 * y_step), c);
    _mm_storeu_ps((float *)(y + 3 * y_step), d);
#elif defined(__aarch64__)
    float32x4x4_t rows; /* stored interleaved: element j of row i at 4 j + i */
    float buffer[16];
    for (int i = 0; i < 4; i++) rows.val[i] = vld1q_f32((const float *)(x + i * x_step));
    vst4q_f32(buffer, rows);
    for (int i = 0; i < 4; i++) memcpy(y + i * y_step, buffer + 4 * i, 16);
#else
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) memcpy(y + j * y_step + 4 * i, x + i * x_step + 4 * j, 4);
#endif
}

static inline void square_f64(const char *x, ptrdiff_t x_step, char *y, ptrdiff_t y_step) {
#if defined(__SSE2__)
    __m128d a = _mm_loadu_pd((const double *)x), b = _mm_loadu_pd((const double *)(x + x_step));
    _mm_storeu_pd((double *)y, _mm_unpacklo_pd(a, b));
    _mm_storeu_pd((double *)(y + y_step), _mm_unpackhi_pd(a, b));
#else
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) memcpy(y + j * y_step + 8 * i, x + i * x_step + 8 * j, 8);
#endif
}

#endif
