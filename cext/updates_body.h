/* Every rule for one element type: REAL, and M(f), libm's f for it. All arithmetic is in REAL. */

/* The arrays of an update from its first element on. */
#define GRAD(u) ((const REAL *)(u)->grad + (u)->first)
#define WEIGHTS(u) ((REAL *)(u)->weights + (u)->first)
#define SLOT(u, i) ((REAL *)(u)->slots[i] + (u)->first)

/* Decoupled weight decay comes before the rule. */
static inline void PASTE(decay, SUFFIX)(REAL *w, ptrdiff_t count, const double *hyper) {
    const REAL rate = (REAL)hyper[0], factor = (REAL)hyper[1];
    if (factor != 0)
        for (ptrdiff_t i = 0; i < count; i++) w[i] -= w[i] * factor * rate;
}

/* momentum, nesterov; slots: momentum, unless that is 0 */
static void PASTE(sgd, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], momentum = (REAL)hyper[2];
    const int nesterov = hyper[3] != 0;
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u);
    PASTE(decay, SUFFIX)(w, count, hyper);
    if (hyper[2] != 0) {
        REAL *RESTRICT m = SLOT(u, 0);
        for (ptrdiff_t i = 0; i < count; i++) {
            const REAL step = g[i] * rate;
            m[i] = m[i] * momentum - step;
            w[i] += nesterov ? m[i] * momentum - step : m[i];
        }
    } else {
        for (ptrdiff_t i = 0; i < count; i++) w[i] -= g[i] * rate;
    }
}

/* beta_1, beta_2, epsilon, amsgrad, the step counted from 1; slots: momentum, velocity, and with
 * amsgrad the largest velocity so far */
static void PASTE(adam, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL beta_1 = (REAL)hyper[2], beta_2 = (REAL)hyper[3], step = (REAL)hyper[6];
    const REAL new_1 = (REAL)(1 - hyper[2]), new_2 = (REAL)(1 - hyper[3]);
    const REAL epsilon = (REAL)hyper[4];
    const REAL alpha = (REAL)hyper[0] * M(sqrt)(1 - M(pow)(beta_2, step)) /
                       (1 - M(pow)(beta_1, step));
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT m = SLOT(u, 0), *RESTRICT v = SLOT(u, 1);
    REAL root[BLOCK];
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) {
        m[i] += (g[i] - m[i]) * new_1;
        root[i] = v[i] += (g[i] * g[i] - v[i]) * new_2;
    }
    if (hyper[5] != 0) {
        REAL *RESTRICT largest = SLOT(u, 2);
        for (ptrdiff_t i = 0; i < count; i++) /* NaN counts as the largest */
            root[i] = largest[i] =
                largest[i] > root[i] || largest[i] != largest[i] ? largest[i] : root[i];
    }
    PASTE(roots, SUFFIX)(root, count);
    for (ptrdiff_t i = 0; i < count; i++) w[i] -= m[i] * alpha / (root[i] + epsilon);
}

/* rho, momentum, epsilon, centered; slots: velocity, momentum unless that is 0, and with centered
 * the average gradient */
static void PASTE(rmsprop, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], rho = (REAL)hyper[2], fresh = (REAL)(1 - hyper[2]);
    const REAL momentum = (REAL)hyper[3], epsilon = (REAL)hyper[4];
    const int moving = hyper[3] != 0;
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT v = SLOT(u, 0);
    REAL root[BLOCK];
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) root[i] = v[i] = rho * v[i] + fresh * (g[i] * g[i]);
    if (hyper[5] != 0) {
        REAL *RESTRICT average = SLOT(u, 1 + moving);
        for (ptrdiff_t i = 0; i < count; i++) {
            average[i] = rho * average[i] + fresh * g[i];
            root[i] -= average[i] * average[i];
        }
    }
    for (ptrdiff_t i = 0; i < count; i++) root[i] += epsilon;
    PASTE(roots, SUFFIX)(root, count);
    if (moving) {
        REAL *RESTRICT m = SLOT(u, 1);
        for (ptrdiff_t i = 0; i < count; i++) {
            m[i] = momentum * m[i] + rate * g[i] / root[i];
            w[i] -= m[i];
        }
    } else {
        for (ptrdiff_t i = 0; i < count; i++) w[i] -= rate * g[i] / root[i];
    }
}

/* rho, epsilon; slots: the averages of the squared gradient and of the squared step */
static void PASTE(adadelta, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], rho = (REAL)hyper[2], fresh = (REAL)(1 - hyper[2]);
    const REAL epsilon = (REAL)hyper[3];
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT squares = SLOT(u, 0), *RESTRICT steps = SLOT(u, 1);
    REAL root[BLOCK];
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) {
        squares[i] = rho * squares[i] + fresh * (g[i] * g[i]);
        root[i] = (steps[i] + epsilon) / (squares[i] + epsilon);
    }
    PASTE(roots, SUFFIX)(root, count);
    for (ptrdiff_t i = 0; i < count; i++) {
        const REAL step = -(root[i] * g[i]);
        steps[i] = rho * steps[i] + fresh * (step * step);
        w[i] += rate * step;
    }
}

/* epsilon; slots: the sum of squared gradients */
static void PASTE(adagrad, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], epsilon = (REAL)hyper[2];
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT squares = SLOT(u, 0);
    REAL root[BLOCK];
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) root[i] = (squares[i] += g[i] * g[i]) + epsilon;
    PASTE(roots, SUFFIX)(root, count);
    for (ptrdiff_t i = 0; i < count; i++) w[i] -= rate * g[i] / root[i];
}

/* beta_1, beta_2, epsilon, the step counted from 1; slots: momentum, and the largest gradient, which
 * fades */
static void PASTE(adamax, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], beta_2 = (REAL)hyper[3], epsilon = (REAL)hyper[4];
    const REAL new_1 = (REAL)(1 - hyper[2]);
    const REAL rest = 1 - M(pow)((REAL)hyper[2], (REAL)hyper[5]);
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT m = SLOT(u, 0), *RESTRICT largest = SLOT(u, 1);
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) {
        const REAL size = M(fabs)(g[i]), old = largest[i] * beta_2;
        m[i] += (g[i] - m[i]) * new_1;
        largest[i] = old > size || old != old ? old : size; /* NaN counts as the largest */
        w[i] -= rate * m[i] / (rest * (largest[i] + epsilon));
    }
}

/* beta_1, beta_2, epsilon, the step counted from 1, the product of the momenta up to it; slots:
 * momentum, velocity */
static void PASTE(nadam, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], beta_1 = (REAL)hyper[2], step = (REAL)hyper[5];
    const REAL new_1 = (REAL)(1 - hyper[2]), new_2 = (REAL)(1 - hyper[3]);
    const REAL epsilon = (REAL)hyper[4], product = (REAL)hyper[6];
    const REAL now = beta_1 * (1 - (REAL)0.5 * M(pow)((REAL)0.96, step));
    const REAL next = beta_1 * (1 - (REAL)0.5 * M(pow)((REAL)0.96, step + 1));
    const REAL of_momentum = next / (1 - product * next), of_grad = (1 - now) / (1 - product);
    const REAL rest = 1 - M(pow)((REAL)hyper[3], step);
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT m = SLOT(u, 0), *RESTRICT v = SLOT(u, 1);
    REAL root[BLOCK];
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) {
        m[i] += (g[i] - m[i]) * new_1;
        v[i] += (g[i] * g[i] - v[i]) * new_2;
        root[i] = v[i] / rest;
    }
    PASTE(roots, SUFFIX)(root, count);
    for (ptrdiff_t i = 0; i < count; i++)
        w[i] -= (of_momentum * m[i] + of_grad * g[i]) * rate / (root[i] + epsilon);
}

/* beta_1, beta_2; slots: momentum */
static void PASTE(lion, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL rate = (REAL)hyper[0], beta_1 = (REAL)hyper[2], beta_2 = (REAL)hyper[3];
    const REAL new_1 = (REAL)(1 - hyper[2]), new_2 = (REAL)(1 - hyper[3]);
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT g = GRAD(u);
    REAL *RESTRICT w = WEIGHTS(u), *RESTRICT m = SLOT(u, 0);
    PASTE(decay, SUFFIX)(w, count, hyper);
    for (ptrdiff_t i = 0; i < count; i++) {
        const REAL way = m[i] * beta_1 + g[i] * new_1;
        w[i] -= rate * (way > 0 ? 1 : way < 0 ? -1 : way); /* zero and NaN stay as they are */
        m[i] = m[i] * beta_2 + g[i] * new_2;
    }
}

/* The average of the weights, after a rule; `hyper`: its momentum. */
static void PASTE(follow, SUFFIX)(const update_t *u, const double *hyper) {
    const REAL momentum = (REAL)hyper[0], fresh = (REAL)(1 - hyper[0]);
    const ptrdiff_t count = u->end - u->first;
    const REAL *RESTRICT w = WEIGHTS(u);
    REAL *RESTRICT average = (REAL *)u->average + u->first;
    for (ptrdiff_t i = 0; i < count; i++) average[i] = momentum * average[i] + fresh * w[i];
}

/* Element i goes to sum i modulo SQUARE_LANES; these are added in order. */
static double PASTE(squares, SUFFIX)(const char *array, ptrdiff_t first, ptrdiff_t end) {
    const REAL *x = (const REAL *)array + first;
    const ptrdiff_t count = end - first, whole = count - count % SQUARE_LANES;
    double lanes[SQUARE_LANES] = {0}, total = 0;
    for (ptrdiff_t i = 0; i < whole; i += SQUARE_LANES)
        for (int j = 0; j < SQUARE_LANES; j++) lanes[j] += (double)x[i + j] * x[i + j];
    for (ptrdiff_t i = whole; i < count; i++) lanes[i - whole] += (double)x[i] * x[i];
    for (int j = 0; j < SQUARE_LANES; j++) total += lanes[j];
    return total;
}

#undef GRAD
#undef WEIGHTS
#undef SLOT
