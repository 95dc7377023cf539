#define ISA avx512
#define TARGET "avx2,fma,avx512f,prfchw"
#include "target_x86.h"
#ifdef HAVE_TARGET
#include "vector_avx512.h"
#include "body.h"
#include "target_end.h"
#endif
