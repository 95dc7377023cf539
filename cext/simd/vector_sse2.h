/* 128-bit x86: every x86-64 has it. No fused multiply-add, so the bits are the scalar kernels'. */
#define VECTOR_BITS 128
#define TILE_VECTORS 2
#define TILE_ROWS(C) 6
#define MOST_ROWS 6
#define V_32 __m128
#define V_64 __m128d
#define MASK V
#define OP_32(name) _mm_##name##_ps
#define OP_64(name) _mm_##name##_pd

#define vload(p) OP(loadu)((const real *)(p))
#define vstore(p, a) OP(storeu)((real *)(p), a)
#define vset1(a) OP(set1)(a)
#define vadd(a, b) OP(add)(a, b)
#define vsub(a, b) OP(sub)(a, b)
#define vmul(a, b) OP(mul)(a, b)
#define vdiv(a, b) OP(div)(a, b)
#define vfma(a, b, c) vadd(vmul(a, b), c)
#define vmax(a, b) OP(max)(a, b)
#define vmin(a, b) OP(min)(a, b)
#define mask_not_le(a, b) OP(cmpnle)(a, b)
#define mask_ordered(a) OP(cmpord)(a, a)
#define mask_equal(a, b) OP(cmpeq)(a, b)
#define mask_and(m, n) OP(and)(m, n)
#define vselect(m, a, b) OP(or)(OP(and)(m, a), OP(andnot)(m, b))

/* Lanes 0, 2 .. of a, then 1, 3 .. of b. */
#define vevens(a, b) PASTE(EVENS_, REAL_BITS)(a, b)
#define EVENS_32(a, b) _mm_shuffle_ps(a, b, 0xD8)
#define EVENS_64(a, b) _mm_shuffle_pd(a, b, 2)

/* Lanes of 64 bits: wmul is the product of their lower halves, whigh the upper one. */
#define WORD_LANES 2
#define W __m128i
#define wload(p) _mm_loadu_si128((const __m128i *)(p))
#define wstore(p, a) _mm_storeu_si128((__m128i *)(p), a)
#define wset1(a) _mm_set1_epi64x((long long)(a))
#define wmul(a, b) _mm_mul_epu32(a, b)
#define wxor(a, b) _mm_xor_si128(a, b)
#define whigh(a) _mm_srli_epi64(a, 32)
