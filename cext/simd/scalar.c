#define ISA scalar
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("Os") /* 50 KB less in the wheel, for kernels that no fast machine runs */
#endif
#include "vector_scalar.h"
#include "body.h"
