#define ISA baseline
#if defined(__aarch64__) && !defined(_MSC_VER)
#include "vector_neon.h"
#include "body.h"
#elif defined(__SSE2__)
#include <emmintrin.h>
#include "vector_sse2.h"
#include "body.h"
#endif
