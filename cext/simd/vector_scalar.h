/* One element at a time: the readable truth, and what a compiler without vectors gets. */
#define VECTOR_BITS REAL_BITS
#define TILE_VECTORS 2
#define TILE_ROWS(C) 4
#define MOST_ROWS 4
#define V_32 float
#define V_64 double
#define MASK int

/* Fused where the machine has it, so that the bits are those of the vector kernels there. */
#if defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
#define OP_32(name) name##f
#define OP_64(name) name
#define vfma(a, b, c) OP(fma)(a, b, c)
#else
#define vfma(a, b, c) ((a) * (b) + (c))
#endif

#define vload(p) NAME(load_one)(p)
#define vstore(p, a) NAME(store_one)(p, a)
#define vset1(a) (a)
#define vadd(a, b) ((a) + (b))
#define vsub(a, b) ((a) - (b))
#define vmul(a, b) ((a) * (b))
#define vdiv(a, b) ((a) / (b))
#define vmax(a, b) ((a) > (b) ? (a) : (b))
#define vmin(a, b) ((a) < (b) ? (a) : (b))
#define mask_not_le(a, b) (!((a) <= (b)))
#define mask_ordered(a) ((a) == (a))
#define mask_equal(a, b) ((a) == (b))
#define mask_and(m, n) ((m) & (n))
#define vselect(m, a, b) ((m) ? (a) : (b))

/* Lanes of 64 bits: wmul is the product of their lower halves, whigh the upper one. */
#define WORD_LANES 1
#define W uint64_t
#define wload(p) (*(p))
#define wstore(p, a) (*(p) = (a))
#define wset1(a) ((uint64_t)(a))
#define wmul(a, b) ((uint64_t)(uint32_t)(a) * (uint32_t)(b))
#define wxor(a, b) ((a) ^ (b))
#define whigh(a) ((a) >> 32)
