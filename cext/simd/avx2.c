#define ISA avx2
#define TARGET "avx2,fma"
#include "target_x86.h"
#ifdef HAVE_TARGET
#include "vector_avx2.h"
#include "body.h"
#include "target_end.h"
#endif
