/* Zeros at random, as dropout_t in kernels.h says. */
#ifndef DROPOUT_WORDS
#define DROPOUT_WORDS

/* Philox4x32-10 of J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1,
 * 2, 3" (SC 2011), section 3.3 and table 2. Numbers of 32 bits lie in lanes of 64, where products
 * have room; what the upper half holds besides is never read. */
OUTLINE void random_words(uint64_t seed, uint64_t step, uint64_t block, uint32_t *words) {
    uint64_t lanes[PHILOX_WORDS];
    for (int i = 0; i < PHILOX_BLOCK; i++) lanes[i] = block * PHILOX_BLOCK + (uint64_t)i;
    for (int i = 0; i < PHILOX_BLOCK; i += WORD_LANES) {
        W a = wload(lanes + i), b = whigh(a), c = wset1(step), d = wset1(step >> 32);
        uint32_t key = (uint32_t)seed, other_key = (uint32_t)(seed >> 32);
        UNROLL for (int round = 0; round < 10; round++) {
            const W first = wmul(a, wset1(0xD2511F53u)), second = wmul(c, wset1(0xCD9E8D57u));
            a = wxor(wxor(whigh(second), b), wset1(key));
            c = wxor(wxor(whigh(first), d), wset1(other_key));
            b = second;
            d = first;
            key += 0x9E3779B9u;
            other_key += 0xBB67AE85u;
        }
        wstore(lanes + i, a);
        wstore(lanes + i + PHILOX_BLOCK, b);
        wstore(lanes + i + 2 * PHILOX_BLOCK, c);
        wstore(lanes + i + 3 * PHILOX_BLOCK, d);
    }
    for (int i = 0; i < PHILOX_WORDS; i++) words[i] = (uint32_t)lanes[i];
}
#endif

INLINE void NAME(drop_block)(const dropout_t *a, ptrdiff_t first, ptrdiff_t count) {
    uint32_t words[PHILOX_WORDS];
    const real *x = (const real *)a->x + first, scale = (real)a->scale;
    const uint32_t threshold = a->threshold;
    real *y = (real *)a->y + first;
    random_words(a->seed, a->step, (uint64_t)first / PHILOX_WORDS, words);
    for (ptrdiff_t j = 0; j < count; j++) y[j] = x[j] * (words[j] >= threshold ? scale : 0);
}

static void NAME(dropout)(const dropout_t *a) {
    ptrdiff_t i = a->first;
    for (; i + PHILOX_WORDS <= a->end; i += PHILOX_WORDS) NAME(drop_block)(a, i, PHILOX_WORDS);
    if (i < a->end) NAME(drop_block)(a, i, a->end - i);
}
