/* What the runtime module shares with the other modules, through a capsule. */
#ifndef CONVLET_API_H
#define CONVLET_API_H

#include "activations.h"
#include "simd/kernels.h"
#include "workers.h"

typedef struct {
    const kernels_t *kernels; /* of the chosen instruction set, by element type */
    int isa;
    int threads;
    int (*run)(task_t task, void *context, ptrdiff_t count, int threads);
    activation_t (*activation)(int kind, int dtype);
    activation_gradient_t (*activation_gradient)(int kind, int dtype);
    int (*gradient_from_output)(int kind);
} api_t;

#endif
