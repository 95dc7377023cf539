/* 256-bit x86 with fused multiply-add. */
#define VECTOR_BITS 256
#define TILE_VECTORS 2
#define TILE_ROWS(C) 6
#define MOST_ROWS 6
#define V_32 __m256
#define V_64 __m256d
#define MASK V
#define OP_32(name) _mm256_##name##_ps
#define OP_64(name) _mm256_##name##_pd

#define vload(p) OP(loadu)((const real *)(p))
#define vload_first(p, few) OP(maskload)((const real *)(p), FIRST_LANES(few))
#define vstore_first(p, a, few) OP(maskstore)((real *)(p), FIRST_LANES(few), a)
#define vload_masked(p, m) OP(maskload)((const real *)(p), PASTE(INTEGERS_, REAL_BITS)(m))
#define INTEGERS_32(m) _mm256_castps_si256(m)
#define INTEGERS_64(m) _mm256_castpd_si256(m)
#define mask_between(low, high) \
    PASTE(REALS_, REAL_BITS)(_mm256_andnot_si256(FIRST_LANES(low), FIRST_LANES(high)))
#define REALS_32(m) _mm256_castsi256_ps(m)
#define REALS_64(m) _mm256_castsi256_pd(m)
#define FIRST_LANES(few) \
    _mm256_loadu_si256((const __m256i *)(first_lanes + 8 - (few) * (REAL_BITS / 32)))
static const int first_lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define vkeep(a) __asm__("" : "+x"(a))
#define vstore(p, a) OP(storeu)((real *)(p), a)
#define vset1(a) OP(set1)(a)
#define vadd(a, b) OP(add)(a, b)
#define vsub(a, b) OP(sub)(a, b)
#define vmul(a, b) OP(mul)(a, b)
#define vdiv(a, b) OP(div)(a, b)
#define vfma(a, b, c) OP(fmadd)(a, b, c)
#define vmax(a, b) OP(max)(a, b)
#define vmin(a, b) OP(min)(a, b)
#define mask_not_le(a, b) OP(cmp)(a, b, _CMP_NLE_UQ)
#define mask_ordered(a) OP(cmp)(a, a, _CMP_ORD_Q)
#define mask_equal(a, b) OP(cmp)(a, b, _CMP_EQ_OQ)
#define mask_and(m, n) OP(and)(m, n)
#define vselect(m, a, b) OP(blendv)(b, a, m)

/* Lanes 0, 2 .. of a, then 1, 3 .. of b. */
#define vevens(a, b) PASTE(EVENS_, REAL_BITS)(a, b)
#define EVENS_32(a, b)                                                                        \
    _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_shuffle_ps(a, b, 0xD8)), 0xD8))
#define EVENS_64(a, b) _mm256_permute4x64_pd(_mm256_shuffle_pd(a, b, 0xA), 0xD8)

/* Two 16-byte pieces of memory, `step` bytes apart. */
#define vpieces(p, step) PASTE(PIECES_, REAL_BITS)(p, step)
#define PIECES_32(p, step)                                                    \
    _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps((const float *)(p))), \
                         _mm_loadu_ps((const float *)((p) + (step))), 1)
#define PIECES_64(p, step) _mm256_castps_pd(PIECES_32(p, step))

/* Each 32 bits of the result: those of a that their index names. */
#define vpermute(a, indices) \
    PASTE(PERMUTE_, REAL_BITS)(a, _mm256_loadu_si256((const __m256i *)(indices)))
#define PERMUTE_32(a, i) _mm256_permutevar8x32_ps(a, i)
#define PERMUTE_64(a, i) _mm256_castps_pd(PERMUTE_32(_mm256_castpd_ps(a), i))

/* Lanes of 64 bits: wmul is the product of their lower halves, whigh the upper one. */
#define WORD_LANES 4
#define W __m256i
#define wload(p) _mm256_loadu_si256((const __m256i *)(p))
#define wstore(p, a) _mm256_storeu_si256((__m256i *)(p), a)
#define wset1(a) _mm256_set1_epi64x((long long)(a))
#define wmul(a, b) _mm256_mul_epu32(a, b)
#define wxor(a, b) _mm256_xor_si256(a, b)
#define whigh(a) _mm256_srli_epi64(a, 32)
