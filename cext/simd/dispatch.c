#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define X86_TARGETS
#endif

extern const kernels_t kernels_scalar[];
#if defined(X86_TARGETS) || (defined(__aarch64__) && !defined(_MSC_VER))
#define HAVE_BASELINE
extern const kernels_t kernels_baseline[];
#endif
#ifdef X86_TARGETS
extern const kernels_t kernels_avx2[], kernels_avx512[];
#endif

const kernels_t *kernels_of(int isa) {
    switch (isa) {
    case ISA_SCALAR: return kernels_scalar;
#ifdef HAVE_BASELINE
    case ISA_BASELINE: return kernels_baseline;
#endif
#ifdef X86_TARGETS
    case ISA_AVX2: return kernels_avx2;
    case ISA_AVX512: return kernels_avx512;
#endif
    default: return NULL;
    }
}

/* By the processor and by the operating system, which must save the wide registers. */
int isa_supported(int isa) {
    if (!kernels_of(isa)) return 0;
#ifdef X86_TARGETS
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == ISA_AVX2) return avx2;
    if (isa == ISA_AVX512) return avx2 && __builtin_cpu_supports("avx512f");
#endif
    return 1;
}
