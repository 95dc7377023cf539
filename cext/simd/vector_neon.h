/* 128-bit ARM (AArch64), with fused multiply-add. */
#include <arm_neon.h>

#define VECTOR_BITS 128
#define TILE_VECTORS 2
#define TILE_ROWS(C) 8
#define MOST_ROWS 8
#define V_32 float32x4_t
#define V_64 float64x2_t
#define MASK_32 uint32x4_t
#define MASK_64 uint64x2_t
#define MASK PASTE(MASK_, REAL_BITS)
#define OP_32(name) name##q_f32
#define OP_64(name) name##q_f64
#define UOP_32(name) name##q_u32
#define UOP_64(name) name##q_u64
#define UOP(name) PASTE(UOP_, REAL_BITS)(name)
#define DUP_32 vdupq_n_f32
#define DUP_64 vdupq_n_f64
#define NOT_32(m) vmvnq_u32(m)
#define NOT_64(m) vreinterpretq_u64_u8(vmvnq_u8(vreinterpretq_u8_u64(m)))

/* Byte loads: an array need not be aligned to its elements. */
#define vload(p) PASTE(LOAD_, REAL_BITS)(vld1q_u8((const uint8_t *)(p)))
#define LOAD_32(b) vreinterpretq_f32_u8(b)
#define LOAD_64(b) vreinterpretq_f64_u8(b)
#define vstore(p, a) vst1q_u8((uint8_t *)(p), PASTE(BYTES_, REAL_BITS)(a))
#define BYTES_32(a) vreinterpretq_u8_f32(a)
#define BYTES_64(a) vreinterpretq_u8_f64(a)
#define vset1(a) PASTE(DUP_, REAL_BITS)(a)
#define vadd(a, b) OP(vadd)(a, b)
#define vsub(a, b) OP(vsub)(a, b)
#define vmul(a, b) OP(vmul)(a, b)
#define vdiv(a, b) OP(vdiv)(a, b)
#define vfma(a, b, c) OP(vfma)(c, a, b)
#define vmax(a, b) OP(vbsl)(OP(vcgt)(a, b), a, b)
#define vmin(a, b) OP(vbsl)(OP(vclt)(a, b), a, b)
#define mask_not_le(a, b) PASTE(NOT_, REAL_BITS)(OP(vcle)(a, b))
#define mask_ordered(a) OP(vceq)(a, a)
#define mask_equal(a, b) OP(vceq)(a, b)
#define mask_and(m, n) UOP(vand)(m, n)
#define vselect(m, a, b) OP(vbsl)(m, a, b)

/* Lanes of 64 bits: wmul is the product of their lower halves, whigh the upper one. */
#define WORD_LANES 2
#define W uint64x2_t
#define wload(p) vld1q_u64(p)
#define wstore(p, a) vst1q_u64(p, a)
#define wset1(a) vdupq_n_u64(a)
#define wmul(a, b) vmull_u32(vmovn_u64(a), vmovn_u64(b))
#define wxor(a, b) veorq_u64(a, b)
#define whigh(a) vshrq_n_u64(a, 32)
