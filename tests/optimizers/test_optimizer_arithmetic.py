"""Every rule and option against NumPy, over many steps; the same bits at any number of threads."""

import numpy as np
import pytest

import modes
from comparison import assert_close, assert_same_bits
from convlet import Variable, optimizers
from convlet._cext.updates import sum_of_squares
from rules import CASES, Truth

PIECE = 16384  # of the compiled loops
SHAPES = [(), (1,), (3, 3, 1, 32), (7, 5), (PIECE - 1,), (2, PIECE), (3, PIECE // 2 + 1)]
ODD_SIZES = [1, 2, 3, 5, 8, 1023, 1024, 1025, PIECE + 1]


@pytest.fixture(params=list(CASES))
def case(request):
    return request.param


def make(case):
    cls, options = CASES[case]
    return cls(**options)


def variables_of(rng, shapes, dtype):
    return [Variable(rng.standard_normal(shape).astype(dtype)) for shape in shapes]


def gradients_of(rng, shapes, dtype):
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def test_many_steps_against_float64(case, dtype, rng):
    variables = variables_of(rng, SHAPES[:5], dtype)
    truths = [Truth(case, v.value.astype(np.float64)) for v in variables]
    optimizer = make(case)
    for _ in range(40):
        grads = gradients_of(rng, SHAPES[:5], dtype)
        optimizer.apply(grads, variables)
        for truth, grad in zip(truths, grads, strict=True):
            truth.apply(grad.astype(np.float64))
    tolerance = 4000 * np.finfo(dtype).eps
    for variable, truth in zip(variables, truths, strict=True):
        assert_close(variable.value, np.asarray(truth.w), tolerance, case, dtype=dtype)


def test_each_step_is_numpy_s_in_the_element_type(case, dtype, rng):
    """To the bit, save powers of beta, which libm and NumPy may round apart."""
    shape = (3, PIECE // 2 + 1)
    variable = Variable(rng.standard_normal(shape).astype(dtype))
    truth, optimizer = Truth(case, variable.value), make(case)
    for _ in range(3):
        grad = rng.standard_normal(shape).astype(dtype)
        optimizer.apply([grad], [variable])
        truth.apply(grad)
    if case.startswith(("adam", "nadam")):
        assert_close(variable.value, truth.w, 64 * np.finfo(dtype).eps, case, dtype=dtype)
    else:
        assert_same_bits(variable.value, truth.w, case)


def test_threads_and_neighbours_do_not_matter(case, dtype):
    """All arrays in one call at 1, 2, 3 threads, and each array alone."""
    results = []
    for threads in (1, 2, 3):
        rng = np.random.default_rng(7)
        variables = variables_of(rng, SHAPES, dtype)
        with modes.num_threads(threads):
            optimizer = make(case)
            for _ in range(3):
                optimizer.apply(gradients_of(rng, SHAPES, dtype), variables)
        results.append([v.value for v in [*variables, *optimizer.variables[2:]]])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert_same_bits(a, b, case)

    rng = np.random.default_rng(7)
    start = variables_of(rng, SHAPES, dtype)
    steps = [gradients_of(rng, SHAPES, dtype) for _ in range(3)]
    for i, variable in enumerate(start):
        optimizer = make(case)
        for grads in steps:
            optimizer.apply([grads[i]], [variable])
        assert_same_bits(variable.value, results[0][i], case)


@pytest.mark.parametrize("size", ODD_SIZES)
def test_an_element_s_result_does_not_depend_on_its_place(case, dtype, size, rng):
    whole, grad = rng.standard_normal((2, size + 64)).astype(dtype)
    parts = [Variable(whole), Variable(whole[:size]), Variable(whole[size:])]
    for variable, part in zip(parts, (grad, grad[:size], grad[size:]), strict=True):
        optimizer = make(case)
        for _ in range(2):
            optimizer.apply([part], [variable])
    assert_same_bits(parts[0].value, np.concatenate([parts[1].value, parts[2].value]), case)


def test_mixed_dtypes_in_one_step(case, rng):
    variables = variables_of(rng, [(9,)], "float32") + variables_of(rng, [(9,)], "float64")
    truths = [Truth(case, v.value) for v in variables]
    grads = gradients_of(rng, [(9,), (9,)], "float64")
    make(case).apply(grads, variables)
    for variable, truth, grad in zip(variables, truths, grads, strict=True):
        truth.apply(grad.astype(variable.dtype))
        tolerance = 64 * np.finfo(variable.dtype).eps
        assert_close(variable.value, truth.w, tolerance, case, dtype=variable.dtype)


def test_not_finite_gradients_stay_where_they_are(case, dtype, rng):
    grad = rng.standard_normal(100).astype(dtype)
    variable, other = Variable(np.ones(100, dtype)), Variable(np.ones(100, dtype))
    optimizer, clean = make(case), make(case)
    bad = grad.copy()
    bad[[3, 50]] = np.nan
    for _ in range(2):
        optimizer.apply([bad], [variable])
        clean.apply([grad], [other])
    keep = np.isfinite(bad)
    assert np.isnan(variable.value[~keep]).all()
    assert_same_bits(variable.value[keep], other.value[keep], case)


# ----------------------------------------------------------------------------------------- clipping


def step_of(grads, **options):
    """What is left of the gradients: the step of plain descent at rate 1, negated."""
    variables = [Variable(np.zeros(g.shape, g.dtype)) for g in grads]
    optimizers.SGD(learning_rate=1.0, **options).apply(grads, variables)
    return [np.negative(v.value) for v in variables]


def norm(array):
    return np.sqrt(np.sum(np.square(array.astype(np.float64))))


def test_clipvalue(dtype, rng):
    grads = gradients_of(rng, [(50,), ()], dtype)
    for got, grad in zip(step_of(grads, clipvalue=0.5), grads, strict=True):
        assert_close(got, np.clip(grad, -0.5, 0.5), 0.0, dtype=dtype)


def test_clipnorm(dtype, rng):
    grads = [*gradients_of(rng, [(50,), (2, PIECE)], dtype), np.full(4, 1e-3, dtype)]
    steps = step_of(grads, clipnorm=2.0)
    for got, grad in zip(steps, grads, strict=True):
        expected = grad.astype(np.float64) * 2 / max(norm(grad), 2)
        assert_close(got, expected, 8 * np.finfo(dtype).eps, dtype=dtype)
    assert_same_bits(steps[2], grads[2])


def test_global_clipnorm(dtype, rng):
    grads = gradients_of(rng, [(50,), (2, PIECE), ()], dtype)
    whole = np.sqrt(sum(norm(g) ** 2 for g in grads))
    for got, grad in zip(step_of(grads, global_clipnorm=2.0), grads, strict=True):
        expected = grad.astype(np.float64) * 2 / whole
        assert_close(got, expected, 8 * np.finfo(dtype).eps, dtype=dtype)
    for got, grad in zip(step_of(grads, global_clipnorm=1e4), grads, strict=True):
        assert_same_bits(np.asarray(got), grad)


def test_norms_of_large_float32_do_not_overflow():
    grads = [np.full(4, 1e30, np.float32)]
    assert_close(step_of(grads, clipnorm=1.0)[0], np.full(4, 0.5), 1e-6, dtype="float32")


def test_clipping_gradients_that_are_not_finite(dtype):
    grads = [np.array([1, np.inf], dtype), np.ones(2, dtype)]
    alone, together = step_of(grads, clipnorm=1.0), step_of(grads, global_clipnorm=1.0)
    assert_close(alone[0], np.array([0, np.nan]), 0.0, dtype=dtype)
    assert np.isfinite(alone[1]).all()
    assert np.isnan([*together[0], *together[1]]).all()


@pytest.mark.parametrize("size", [0, *ODD_SIZES, 5 * PIECE + 3])
def test_sum_of_squares(dtype, size, rng):
    x = rng.standard_normal(size).astype(dtype)
    sums = set()
    for threads in (1, 2, 3):
        with modes.num_threads(threads):
            sums.add(sum_of_squares(x))
    assert len(sums) == 1
    assert sums.pop() == pytest.approx(norm(x) ** 2, rel=1e-12)
