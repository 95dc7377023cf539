/* Subnormals cost up to a hundred times a normal number's time: kernels flush them to zero. */
#ifndef CONVLET_FLOATSTATE_H
#define CONVLET_FLOATSTATE_H

#include <stdint.h>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
typedef unsigned int floatstate_t;
static inline floatstate_t floatstate_flush(void) {
    floatstate_t before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* results (bit 15) and operands (bit 6) */
    return before;
}
static inline void floatstate_restore(floatstate_t before) { _mm_setcsr(before); }
#elif defined(__aarch64__) && defined(__GNUC__)
typedef uint64_t floatstate_t;
static inline floatstate_t floatstate_flush(void) {
    floatstate_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (1u << 24)));
    return before;
}
static inline void floatstate_restore(floatstate_t before) {
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
}
#else
typedef int floatstate_t;
static inline floatstate_t floatstate_flush(void) { return 0; }
static inline void floatstate_restore(floatstate_t before) { (void)before; }
#endif

#endif
