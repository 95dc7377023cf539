"""Memory that arrays have left is used again, and only that."""

import gc
import threading

import numpy as np
import pytest

from convlet import Sequential, layers, losses, ops, optimizers
from convlet._reuse import LEAST_BYTES, Reuse, empty

SIZE = LEAST_BYTES // 4
FLOAT32 = np.dtype(np.float32)


def address(array):
    return array.__array_interface__["data"][0]


def test_what_is_gone_is_used_again():
    with Reuse():
        first = empty((SIZE,), FLOAT32)
        place = address(first)
        del first
        second = empty((SIZE // 2, 2), FLOAT32)
        assert address(second) == place
        assert second.shape == (SIZE // 2, 2) and second.dtype == FLOAT32
        assert second.flags.c_contiguous and second.flags.writeable and second.flags.aligned


@pytest.mark.parametrize(
    "keep",
    [
        lambda a: a,
        lambda a: a[5:6],
        lambda a: a.reshape(-1, 2)[:, 1],
        lambda a: a.view(np.uint8)[3:],
        lambda a: memoryview(a)[:1],
        lambda a: np.lib.stride_tricks.as_strided(a, (3,), (8,)),
    ],
)
def test_what_a_view_refers_to_stays(keep):
    with Reuse():
        first = empty((SIZE,), FLOAT32)
        first[...] = 7
        kept = keep(first)
        before = np.array(kept)
        del first
        others = [empty((SIZE,), FLOAT32) for _ in range(3)]
        for other in others:
            other[...] = 1
        assert np.array_equal(np.array(kept), before)


def test_small_ones_and_much_smaller_ones_take_no_block():
    with Reuse():
        block = empty((4 * SIZE,), FLOAT32)
        place = address(block)
        del block
        assert not place <= address(empty((SIZE,), FLOAT32)) < place + 16 * SIZE
        assert empty((3,), FLOAT32).base is None
        assert address(empty((4 * SIZE,), FLOAT32)) == place


def test_nothing_is_kept_outside():
    assert empty((SIZE,), FLOAT32).base is None
    with Reuse():
        with Reuse():
            inner = empty((SIZE,), FLOAT32)
        place = address(inner)
        del inner
        again = empty((SIZE,), FLOAT32)
        assert address(again) == place  # the outer one goes on
    again[...] = 3
    assert empty((SIZE,), FLOAT32).base is None
    with Reuse():
        new = empty((SIZE,), FLOAT32)
        new[...] = 4
        assert (again == 3).all()


def test_threads_have_memory_of_their_own():
    found = []

    def other(array):
        found.append(empty((SIZE,), FLOAT32).base)
        found.append(array.sum())

    with Reuse():
        array = empty((SIZE,), FLOAT32)
        array[...] = 1
        thread = threading.Thread(target=other, args=(array,))
        del array
        thread.start()
        thread.join()
    assert found[0] is None and found[1] == SIZE


def test_results_within_are_those_outside():
    x = np.random.default_rng(0).standard_normal((64, 20, 20, 8)).astype(np.float32)
    expected = ops.max_pool(x, 2)
    with Reuse():
        for _ in range(3):
            assert np.array_equal(ops.max_pool(x, 2), expected)
            dx = ops.max_pool_grad(expected, x, 2)
    assert np.array_equal(dx, ops.max_pool_grad(expected, x, 2))


def test_an_array_from_within_fit_outlives_it():
    kept = []

    class Keeping(layers.Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            kept.append((x, x.copy()))
            return x, layers.Pullback(lambda dy, needs_dx: (dy, []))

    model = Sequential([layers.Conv2D(16, 3), Keeping(), layers.Flatten(), layers.Dense(1)])
    model.compile(optimizers.SGD(0.01), losses.MeanSquaredError())
    x = np.random.default_rng(0).standard_normal((96, 14, 14, 1)).astype(np.float32)
    model.fit(x, x[:, 0, 0], batch_size=24, epochs=2, verbose=0)
    gc.collect()
    assert len(kept) == 8 and kept[0][0].nbytes > LEAST_BYTES
    for array, copy in kept:
        assert np.array_equal(array, copy)
