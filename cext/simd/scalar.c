#define ISA scalar
#include "vector_scalar.h"
#include "body.h"
