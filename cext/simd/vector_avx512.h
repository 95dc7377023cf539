/* 512-bit x86. */
#define VECTOR_BITS 512
#define TILE_VECTORS 4
#define TILE_ROWS(C) ((C) > 3 ? 6 : 8)
#define MOST_ROWS 8
#define V_32 __m512
#define V_64 __m512d
#define MASK __mmask16
#define OP_32(name) _mm512_##name##_ps
#define OP_64(name) _mm512_##name##_pd
#define MASK_OP_32(name) _mm512_##name##_ps_mask
#define MASK_OP_64(name) _mm512_##name##_pd_mask
#define MASK_OP(name) PASTE(MASK_OP_, REAL_BITS)(name)

#define vload(p) OP(loadu)(p)
#define vload_first(p, few) OP(maskz_loadu)((__mmask16)((1u << (few)) - 1), p)
#define vstore_first(p, a, few) OP(mask_storeu)(p, (__mmask16)((1u << (few)) - 1), a)
#define vload_masked(p, m) OP(maskz_loadu)(m, p)
#define mask_between(low, high) ((__mmask16)((1u << (high)) - (1u << (low))))
#define vkeep(a) __asm__("" : "+v"(a))
#define vstore(p, a) OP(storeu)(p, a)
#define vset1(a) OP(set1)(a)
#define vadd(a, b) OP(add)(a, b)
#define vsub(a, b) OP(sub)(a, b)
#define vmul(a, b) OP(mul)(a, b)
#define vdiv(a, b) OP(div)(a, b)
#define vfma(a, b, c) OP(fmadd)(a, b, c)
#define vfma_masked(m, a, b, c) OP(mask3_fmadd)(a, b, c, m)
#define vmax(a, b) OP(max)(a, b)
#define vmin(a, b) OP(min)(a, b)
#define mask_not_le(a, b) MASK_OP(cmp)(a, b, _CMP_NLE_UQ)
#define mask_ordered(a) MASK_OP(cmp)(a, a, _CMP_ORD_Q)
#define mask_equal(a, b) MASK_OP(cmp)(a, b, _CMP_EQ_OQ)
#define mask_and(m, n) ((__mmask16)((m) & (n)))
#define vselect(m, a, b) OP(mask_blend)(m, b, a)

/* Lanes 0, 2 .. of a, then 1, 3 .. of b. */
#define vevens(a, b) PASTE(EVENS_, REAL_BITS)(a, b)
#define EVENS_32(a, b)                                                                         \
    OP(permutex2var)                                                                           \
    (a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31), b)
#define EVENS_64(a, b) OP(permutex2var)(a, _mm512_setr_epi64(0, 2, 4, 6, 9, 11, 13, 15), b)

/* Four 16-byte pieces of memory, `step` bytes apart; and to there. */
#define vpieces(p, step) PASTE(PIECES_, REAL_BITS)(p, step)
#define PIECE(p, step, i) _mm_loadu_ps((const float *)((p) + (i) * (step)))
#define PIECES_32(p, step)                                                                       \
    _mm512_insertf32x4(                                                                          \
        _mm512_insertf32x4(_mm512_insertf32x4(_mm512_castps128_ps512(PIECE(p, step, 0)),         \
                                              PIECE(p, step, 1), 1),                             \
                           PIECE(p, step, 2), 2),                                                \
        PIECE(p, step, 3), 3)
#define PIECES_64(p, step) _mm512_castps_pd(PIECES_32(p, step))
#define vstore_pieces(p, step, a)            \
    do {                                     \
        STORE_PIECE(p, 0, a);                \
        STORE_PIECE((p) + (step), 1, a);     \
        STORE_PIECE((p) + 2 * (step), 2, a); \
        STORE_PIECE((p) + 3 * (step), 3, a); \
    } while (0)
#define STORE_PIECE(p, i, a) _mm_storeu_ps((float *)(p), _mm512_extractf32x4_ps(a, i))

/* Each 32 bits of the result: those of a that their index names. */
#define vpermute(a, indices) PASTE(PERMUTE_, REAL_BITS)(a, _mm512_loadu_si512(indices))
#define PERMUTE_32(a, i) _mm512_permutexvar_ps(i, a)
#define PERMUTE_64(a, i) _mm512_castps_pd(PERMUTE_32(_mm512_castpd_ps(a), i))

/* To `to`, whole vectors of integers: `from` + i for lanes i that are not zero. Their number. */
#define vnonzero(p, from, to) PASTE(nonzero_, REAL_BITS)(p, from, to)
#define NONZERO(bits)                                                                           \
    static inline __attribute__((always_inline)) int nonzero_##bits(const void *p, int from,    \
                                                                    int *to) {                  \
        __mmask16 some =                                                                        \
            MASK_OP_##bits(cmp)(OP_##bits(loadu)(p), OP_##bits(set1)(0), _CMP_NEQ_UQ);          \
        __m512i all = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);  \
        all = _mm512_add_epi32(all, _mm512_set1_epi32(from));                                   \
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(some, all));                        \
        return __builtin_popcount(some);                                                        \
    }
NONZERO(32)
NONZERO(64)
#undef NONZERO

/* Lanes of 64 bits: wmul is the product of their lower halves, whigh the upper one. */
#define WORD_LANES 8
#define W __m512i
#define wload(p) _mm512_loadu_si512((const __m512i *)(p))
#define wstore(p, a) _mm512_storeu_si512((__m512i *)(p), a)
#define wset1(a) _mm512_set1_epi64((long long)(a))
#define wmul(a, b) _mm512_mul_epu32(a, b)
#define wxor(a, b) _mm512_xor_si512(a, b)
#define whigh(a) _mm512_srli_epi64(a, 32)
