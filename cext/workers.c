#define _GNU_SOURCE /* for placement.h */

#include "workers.h"

#include <stdlib.h>

#include "floatstate.h"

#ifdef _WIN32 /* one thread, until someone with Windows writes and tests more */

#include <malloc.h>

static __declspec(thread) void *own_scratch;

int workers_run(task_t task, void *context, ptrdiff_t count, int threads) {
    (void)threads;
    if (!own_scratch && !(own_scratch = _aligned_malloc(SCRATCH_BYTES, 64))) return -1;
    floatstate_t before = floatstate_flush();
    for (ptrdiff_t i = 0; i < count; i++) task(context, i, own_scratch);
    floatstate_restore(before);
    return 0;
}

void workers_keep_awake(int begin) { (void)begin; }

#else

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "placement.h"

enum { SPIN_NANOSECONDS = 50000, AWAKE_NANOSECONDS = 2000000 };

/* Tasks of one thread, on a cache line of its own: [next, end). */
typedef struct {
    atomic_ptrdiff_t next;
    ptrdiff_t end;
    struct worker *worker; /* for shares 1 .. workers */
    char apart[64 - sizeof(atomic_ptrdiff_t) - sizeof(ptrdiff_t) - sizeof(void *)];
} share_t;

typedef struct {
    pthread_mutex_t busy;    /* held by the caller whose tasks are running */
    pthread_mutex_t lock;    /* guards everything below that is not atomic */
    pthread_cond_t finished;
    int waiting;             /* whether the caller sleeps until `finished` */
    int workers;
    int parts;               /* of the run: the caller, and workers below this number; else 0 */
    task_t task;
    void *context;
    share_t *shares;         /* one for the caller, one for each worker */
    int capacity;            /* of shares */
    atomic_int joined;       /* workers inside the run */
    atomic_uint run;         /* raised with each run posted */
} pool_t;

typedef struct worker {
    pool_t *pool;
    int number; /* from 1 on; the caller is 0 */
    pthread_t thread;
    pthread_cond_t called;
    atomic_int asleep;
    placement_t place;
} worker_t;

static _Atomic(pool_t *) the_pool;
static atomic_int awake;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t scratch_key;

static long long nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void pause_briefly(void) {
#if defined(__SSE2__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The child has none of the parent's workers, and its locks may be held by threads that are not
 * there: leave it all behind and build anew on next use. */
static void forget_after_fork(void) {
    atomic_store(&the_pool, NULL);
    atomic_store(&awake, 0);
}

static void initialise(void) {
    pthread_key_create(&scratch_key, free);
    pthread_atfork(NULL, NULL, forget_after_fork);
}

static void *scratch_of_thread(void) {
    void *scratch = pthread_getspecific(scratch_key);
    if (!scratch && posix_memalign(&scratch, 64, SCRATCH_BYTES) == 0)
        pthread_setspecific(scratch_key, scratch);
    return scratch;
}

/* Tasks are shared out in order, so that a thread meets the part of the data again that it had in
 * the run before and its cache still has; whoever is done helps the next. */
static void take_tasks(share_t *shares, int parts, int own, task_t task, void *context,
                       void *scratch) {
    for (int k = 0; k < parts; k++) {
        share_t *share = &shares[(own + k) % parts];
        ptrdiff_t i;
        while ((i = atomic_fetch_add(&share->next, 1)) < share->end) task(context, i, scratch);
    }
}

/* How long a thread waits for another before it sleeps, nanoseconds. */
static long long patience(void) {
    return atomic_load(&awake) > 0 ? AWAKE_NANOSECONDS : SPIN_NANOSECONDS;
}

/* Wait without sleeping while work is likely to come soon; 0 if none came. */
static int spin_for_run(pool_t *pool, unsigned seen) {
    long long start = nanoseconds();
    for (int turn = 1;; turn++) {
        if (atomic_load(&pool->run) != seen) return 1;
        pause_briefly();
        if (turn % 64) continue;
        if (nanoseconds() - start > patience()) return 0;
    }
}

/* Until a run other than `seen` is posted; under the pool's lock. */
static void sleep_until_called(worker_t *self, unsigned seen) {
    while (atomic_load(&self->pool->run) == seen) {
        atomic_store(&self->asleep, 1);
        pthread_cond_wait(&self->called, &self->pool->lock);
        atomic_store(&self->asleep, 0);
    }
    placement_let_go(&self->place, self->thread);
}

static void *worker(void *argument) {
    worker_t *self = argument;
    pool_t *pool = self->pool;
    const int number = self->number;
    void *scratch = scratch_of_thread();
    if (!scratch) return NULL; /* no worker then: callers never count on one */
    floatstate_flush();
    unsigned seen = 0;
    int spin = 1;
    for (;;) {
        int came = spin && spin_for_run(pool, seen);
        pthread_mutex_lock(&pool->lock);
        if (!came) sleep_until_called(self, seen);
        seen = atomic_load(&pool->run);
        int parts = pool->parts;
        task_t task = pool->task;
        void *context = pool->context;
        share_t *shares = pool->shares;
        spin = 1;
        if (number < parts) atomic_fetch_add(&pool->joined, 1);
        pthread_mutex_unlock(&pool->lock);
        if (number >= parts) continue;
        take_tasks(shares, parts, number, task, context, scratch);
        if (atomic_fetch_sub(&pool->joined, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            if (pool->waiting) pthread_cond_signal(&pool->finished);
            spin = !pool->waiting; /* the caller may wake on this thread's processor */
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void add_workers(pool_t *pool, int wanted) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the caller's business */
    for (; pool->workers < wanted; pool->workers++) {
        worker_t *one = calloc(1, sizeof *one);
        if (!one) break;
        one->pool = pool;
        one->number = pool->workers + 1;
        pthread_cond_init(&one->called, NULL);
        if (pthread_create(&one->thread, NULL, worker, one)) {
            free(one);
            break;
        }
        pthread_detach(one->thread);
        pool->shares[one->number].worker = one;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static pool_t *pool_of_process(void) {
    pool_t *pool = atomic_load(&the_pool);
    if (pool) return pool;
    pool_t *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return NULL;
    pthread_mutex_init(&fresh->busy, NULL);
    pthread_mutex_init(&fresh->lock, NULL);
    pthread_cond_init(&fresh->finished, NULL);
    if (atomic_compare_exchange_strong(&the_pool, &pool, fresh)) return fresh;
    free(fresh);
    return pool;
}

/* The tasks in `parts` shares of equal size; fewer where there is no memory. Nobody runs them yet. */
static int share_out(pool_t *pool, ptrdiff_t count, int parts) {
    if (parts > pool->capacity) {
        share_t *more = realloc(pool->shares, parts * sizeof *more);
        if (more) pool->shares = more, pool->capacity = parts;
        else if (pool->capacity) parts = pool->capacity;
        else return 0;
    }
    for (int k = 0; k < parts; k++) {
        atomic_store(&pool->shares[k].next, count / parts * k + count % parts * k / parts);
        pool->shares[k].end = count / parts * (k + 1) + count % parts * (k + 1) / parts;
    }
    return parts;
}

/* Have the workers below `parts` begin. */
static void post(pool_t *pool, task_t task, void *context, int parts) {
    const int called = pool->workers < parts - 1 ? pool->workers : parts - 1;
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->context = context;
    pool->parts = parts;
    atomic_fetch_add(&pool->run, 1);
    for (int k = 1; k <= called; k++) {
        worker_t *one = pool->shares[k].worker;
        if (atomic_load(&one->asleep)) placement_keep_from_here(&one->place, one->thread);
    }
    pthread_mutex_unlock(&pool->lock);
    for (int k = 1; k <= called; k++) {
        worker_t *one = pool->shares[k].worker;
        if (atomic_load(&one->asleep)) pthread_cond_signal(&one->called);
    }
}

/* Those who have not woken yet: processors that the user gives a thread after the run must not be
 * taken for those that it had before. Under the pool's lock. */
static void release_late_workers(pool_t *pool, int parts) {
    for (int k = 1; k < parts && k <= pool->workers; k++) {
        worker_t *one = pool->shares[k].worker;
        placement_let_go(&one->place, one->thread);
    }
}

/* 0, or -1 where there is no memory to do so. */
static int run_together(pool_t *pool, task_t task, void *context, ptrdiff_t count, int threads,
                        void *scratch) {
    int parts = share_out(pool, count, (int)(count < threads ? count : threads));
    if (!parts) return -1;
    add_workers(pool, parts - 1);
    post(pool, task, context, parts);

    take_tasks(pool->shares, parts, 0, task, context, scratch);

    pthread_mutex_lock(&pool->lock);
    pool->parts = 0; /* nobody joins a finished run */
    pthread_mutex_unlock(&pool->lock);
    long long start = nanoseconds();
    while (atomic_load(&pool->joined) && nanoseconds() - start < patience()) pause_briefly();
    pthread_mutex_lock(&pool->lock);
    pool->waiting = 1;
    while (atomic_load(&pool->joined)) pthread_cond_wait(&pool->finished, &pool->lock);
    pool->waiting = 0;
    release_late_workers(pool, parts);
    pthread_mutex_unlock(&pool->lock);
    return 0;
}

int workers_run(task_t task, void *context, ptrdiff_t count, int threads) {
    pthread_once(&once, initialise);
    void *scratch = scratch_of_thread();
    if (!scratch) return -1;
    floatstate_t before = floatstate_flush();
    pool_t *pool = count > 1 && threads > 1 ? pool_of_process() : NULL;
    int alone = 1;
    if (pool && pthread_mutex_trylock(&pool->busy) == 0) {
        alone = run_together(pool, task, context, count, threads, scratch) != 0;
        pthread_mutex_unlock(&pool->busy);
    }
    for (ptrdiff_t i = 0; alone && i < count; i++) task(context, i, scratch);
    floatstate_restore(before);
    return 0;
}

void workers_keep_awake(int begin) { atomic_fetch_add(&awake, begin ? 1 : -1); }

#endif
