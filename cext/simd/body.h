/* One instruction set: every kernel body, once for each element type, and the table's entry.
 * The including file defines ISA and the vector operations first. */
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "squares.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define NAME(stem) PASTE(PASTE(stem, _f), REAL_BITS)
#define OP(name) PASTE(OP_, REAL_BITS)(name)
#define V PASTE(V_, REAL_BITS)
#define LANES (VECTOR_BITS / REAL_BITS)

#if defined(_MSC_VER)
#define INLINE static __forceinline
#define OUTLINE static __declspec(noinline)
#define UNROLL
#define PREFETCH(address)
#define PREFETCH_FAR(address)
#define PREFETCH_WRITE(address)
#else
#define INLINE static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 16")
#define PREFETCH(address) __builtin_prefetch(address)
#define PREFETCH_FAR(address) __builtin_prefetch(address, 0, 2)
#define PREFETCH_WRITE(address) __builtin_prefetch(address, 1)
#endif

#ifdef vpermute
enum { PERMUTES = 1 };
#else
enum { PERMUTES = 0 };
#endif

#if defined(__GNUC__) /* GCC shall not keep sums with it in registers of their own: they are few */
#define pkeep(pointer) __asm__("" : "+r"(pointer))
#else
#define pkeep(pointer)
#endif

#ifndef vkeep /* in a register: GCC may load a value again for each of two or three uses */
#define vkeep(a)
#endif

#ifndef vfma_masked /* c, and in the lanes of m a * b + c */
#define vfma_masked(m, a, b, c) vselect(m, vfma(a, b, c), c)
#endif

#define REAL_BITS 32
#define real float
#include "pack.h"
#include "lanes.h"
#include "tile.h"
#include "staged.h"
#include "lanewise.h"
#include "planar.h"
#include "pool.h"
#include "winograd.h"
#include "norm.h"
#include "dropout.h"
#undef REAL_BITS
#undef real

#define REAL_BITS 64
#define real double
#include "pack.h"
#include "lanes.h"
#include "tile.h"
#include "staged.h"
#include "lanewise.h"
#include "planar.h"
#include "pool.h"
#include "winograd.h"
#include "norm.h"
#include "dropout.h"

#define ROW(bits)                                                                                  \
    {                                                                                              \
        lanes_f##bits, TILE_ROWS(TILE_VECTORS), TILE_VECTORS, PERMUTES, any_panel_f##bits,         \
            lanewise_f##bits, planar_f##bits, collect_f##bits, pack_f##bits,                       \
            pool_f##bits, pool_gradient_f##bits, winograd_input_f##bits, winograd_output_f##bits,  \
            winograd_kernel_f##bits, winograd_gradient_f##bits, winograd_kernel_gradient_f##bits,  \
            norm_moments_f##bits, norm_products_f##bits, norm_scale_f##bits, norm_slope_f##bits,   \
            norm_rows_f##bits, norm_rows_slope_f##bits, dropout_f##bits                            \
    }

const kernels_t PASTE(kernels_, ISA)[DTYPE_COUNT] = {ROW(32), ROW(64)};
