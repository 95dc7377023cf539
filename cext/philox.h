/* Random bits without a state: Philox4x32-10 of J. Salmon, M. Moraes, R. Dror, D. Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 3.3 and table 2.
 *
 * Block b of a step's stream is the output for counters (PHILOX_BLOCK * b + i, step): word w of
 * counter i stands at w * PHILOX_BLOCK + i, so that every step of a round is a loop over vectors.
 */
#ifndef CONVLET_PHILOX_H
#define CONVLET_PHILOX_H

#include <stdint.h>

enum { PHILOX_BLOCK = 16, PHILOX_WORDS = 4 * PHILOX_BLOCK };

static inline void philox_block(uint64_t seed, uint64_t step, uint64_t block, uint32_t *words) {
    uint32_t *a = words, *b = a + PHILOX_BLOCK, *c = b + PHILOX_BLOCK, *d = c + PHILOX_BLOCK;
    uint32_t key = (uint32_t)seed, other_key = (uint32_t)(seed >> 32);
    for (int i = 0; i < PHILOX_BLOCK; i++) {
        const uint64_t counter = block * PHILOX_BLOCK + (uint64_t)i;
        a[i] = (uint32_t)counter;
        b[i] = (uint32_t)(counter >> 32);
        c[i] = (uint32_t)step;
        d[i] = (uint32_t)(step >> 32);
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < PHILOX_BLOCK; i++) {
            const uint64_t first = (uint64_t)a[i] * 0xD2511F53u;
            const uint64_t second = (uint64_t)c[i] * 0xCD9E8D57u;
            a[i] = (uint32_t)(second >> 32) ^ b[i] ^ key;
            c[i] = (uint32_t)(first >> 32) ^ d[i] ^ other_key;
            b[i] = (uint32_t)second;
            d[i] = (uint32_t)first;
        }
        key += 0x9E3779B9u;
        other_key += 0xBB67AE85u;
    }
}

#endif
