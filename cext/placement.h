/* Where a sleeping thread wakes. Schedulers that gather threads on few processors put it on the
 * one of the thread that wakes it, and the two take turns there for milliseconds. */
#ifndef CONVLET_PLACEMENT_H
#define CONVLET_PLACEMENT_H

#include <pthread.h>

#ifdef __linux__ /* with _GNU_SOURCE */

#include <sched.h>

typedef struct {
    int kept;          /* from a processor; else ... */
    cpu_set_t allowed; /* ... these are its processors */
} placement_t;

/* Before `thread` is woken: anywhere that it may be but on this thread's processor. */
static inline void placement_keep_from_here(placement_t *place, pthread_t thread) {
    cpu_set_t others;
    int here = sched_getcpu();
    if (place->kept || here < 0 || pthread_getaffinity_np(thread, sizeof others, &others)) return;
    place->allowed = others;
    CPU_CLR(here, &others);
    place->kept = CPU_COUNT(&others) > 0 && !CPU_EQUAL(&others, &place->allowed) &&
                  pthread_setaffinity_np(thread, sizeof others, &others) == 0;
}

/* When it is awake: anywhere again. It stays where it is until the scheduler moves it. */
static inline void placement_let_go(placement_t *place, pthread_t thread) {
    if (place->kept) pthread_setaffinity_np(thread, sizeof place->allowed, &place->allowed);
    place->kept = 0;
}

#else

typedef struct {
    int kept;
} placement_t;

static inline void placement_keep_from_here(placement_t *place, pthread_t thread) {
    (void)place, (void)thread;
}

static inline void placement_let_go(placement_t *place, pthread_t thread) {
    (void)place, (void)thread;
}

#endif

#endif
