/* The process-wide thread pool. */
#ifndef CONVLET_WORKERS_H
#define CONVLET_WORKERS_H

#include <stddef.h>

enum { SCRATCH_BYTES = 1 << 20 };

/* A task must not fail, block or call Python. `scratch` is SCRATCH_BYTES of the running thread's
 * own, aligned to 64; what it holds does not outlive the task. */
typedef void (*task_t)(void *context, ptrdiff_t task, void *scratch);

/* Run tasks 0 .. count-1, in any order, on at most `threads` threads including the caller, and
 * return when all are done. Subnormal numbers are flushed to zero meanwhile; the caller's
 * floating-point state is as before afterwards. Returns 0, or -1 if there is no memory for the
 * caller's scratch (nothing has run then). Any thread may call, also while another does: a caller
 * that finds the pool busy works alone. */
int workers_run(task_t task, void *context, ptrdiff_t count, int threads);

/* While more ends than begins are due, idle workers stay awake between runs. */
void workers_keep_awake(int begin);

/* From a task, of which others may do the same. */
static inline void raise_flag(int *flag) {
#ifdef _WIN32
    *flag = 1;
#else
    __atomic_store_n(flag, 1, __ATOMIC_RELAXED);
#endif
}

#endif
