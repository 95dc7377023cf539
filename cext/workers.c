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

enum { SPIN_NANOSECONDS = 50000, AWAKE_NANOSECONDS = 2000000 };

/* Tasks of one thread, on a cache line of its own: [next, end). */
typedef struct {
    atomic_ptrdiff_t next;
    ptrdiff_t end;
    char apart[64 - sizeof(atomic_ptrdiff_t) - sizeof(ptrdiff_t)];
} share_t;

typedef struct {
    pthread_mutex_t busy;    /* held by the caller whose tasks are running */
    pthread_mutex_t lock;    /* guards everything below that is not atomic */
    pthread_cond_t posted, finished;
    int workers, sleeping;
    int parts;               /* of the run: the caller, and workers below this number; else 0 */
    task_t task;
    void *context;
    share_t *shares;         /* one for the caller, one for each worker */
    int capacity;            /* of shares */
    atomic_int joined;       /* workers inside the run */
    atomic_uint run;         /* raised with each run posted */
} pool_t;

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

/* Wait without sleeping while work is likely to come soon; 0 if none came. */
static int spin_for_run(pool_t *pool, unsigned seen) {
    long long start = nanoseconds();
    for (int turn = 1;; turn++) {
        if (atomic_load(&pool->run) != seen) return 1;
        pause_briefly();
        if (turn % 64) continue;
        long long waited = nanoseconds() - start;
        if (waited > (atomic_load(&awake) > 0 ? AWAKE_NANOSECONDS : SPIN_NANOSECONDS)) return 0;
    }
}

typedef struct {
    pool_t *pool;
    int number; /* from 1 on; the caller is 0 */
} worker_t;

static void *worker(void *argument) {
    pool_t *pool = ((worker_t *)argument)->pool;
    const int number = ((worker_t *)argument)->number;
    free(argument);
    void *scratch = scratch_of_thread();
    if (!scratch) return NULL; /* no worker then: callers never count on one */
    floatstate_flush();
    unsigned seen = 0;
    for (;;) {
        int came = spin_for_run(pool, seen);
        pthread_mutex_lock(&pool->lock);
        while (!came && atomic_load(&pool->run) == seen) {
            pool->sleeping++;
            pthread_cond_wait(&pool->posted, &pool->lock);
            pool->sleeping--;
        }
        seen = atomic_load(&pool->run);
        int parts = pool->parts;
        task_t task = pool->task;
        void *context = pool->context;
        share_t *shares = pool->shares;
        if (number < parts) atomic_fetch_add(&pool->joined, 1);
        pthread_mutex_unlock(&pool->lock);
        if (number >= parts) continue;
        take_tasks(shares, parts, number, task, context, scratch);
        if (atomic_fetch_sub(&pool->joined, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void add_workers(pool_t *pool, int wanted) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the caller's business */
    for (; pool->workers < wanted; pool->workers++) {
        pthread_t thread;
        worker_t *one = malloc(sizeof *one);
        if (!one) break;
        *one = (worker_t){pool, pool->workers + 1};
        if (pthread_create(&thread, NULL, worker, one)) {
            free(one);
            break;
        }
        pthread_detach(thread);
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
    pthread_cond_init(&fresh->posted, NULL);
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

/* 0, or -1 where there is no memory to do so. */
static int run_together(pool_t *pool, task_t task, void *context, ptrdiff_t count, int threads,
                        void *scratch) {
    int parts = share_out(pool, count, (int)(count < threads ? count : threads));
    if (!parts) return -1;
    add_workers(pool, parts - 1);
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->context = context;
    pool->parts = parts;
    atomic_fetch_add(&pool->run, 1);
    if (pool->sleeping) pthread_cond_broadcast(&pool->posted);
    pthread_mutex_unlock(&pool->lock);

    take_tasks(pool->shares, parts, 0, task, context, scratch);

    pthread_mutex_lock(&pool->lock);
    pool->parts = 0; /* nobody joins a finished run */
    pthread_mutex_unlock(&pool->lock);
    long long start = nanoseconds();
    while (atomic_load(&pool->joined) && nanoseconds() - start < SPIN_NANOSECONDS) pause_briefly();
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->joined)) pthread_cond_wait(&pool->finished, &pool->lock);
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
