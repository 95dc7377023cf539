"""No reference is kept and no memory lost: every operator, good calls and refused ones."""

import gc
import sys
import weakref

import pytest

import children
from convlet import ops
from examples import arguments, layer, layer_names


def listed(result):
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", ops.__all__)
def test_references(name, dtype):
    operator, given = getattr(ops, name), arguments(name, dtype)
    operator(**given)
    held = list(given.values())
    before = [sys.getrefcount(value) for value in held]
    for _ in range(20):
        result = operator(**given)
        results = [weakref.ref(array) for array in listed(result)]
        del result
        assert not any(array() is not None for array in results)
        for bad in given:
            with pytest.raises((TypeError, ValueError)):
                operator(**{**given, bad: "no such thing"})
    gc.collect()
    assert [sys.getrefcount(value) for value in held] == before


@pytest.mark.parametrize("name", layer_names())
def test_references_of_layers(name):
    """A pass keeps nothing, nor does its gradient, once the pullback is gone."""
    one, x = layer(name)
    one(x)
    before = sys.getrefcount(x)
    for _ in range(20):
        y, pullback = one.vjp(x, True)
        dx, grads = pullback(y)
        # A layer may hand on its input itself.
        results = [weakref.ref(array) for array in (y, dx, *grads) if array is not x]
        with pytest.raises(ValueError):
            pullback(y[:0])
        del y, pullback, dx, grads
        assert not any(array() is not None for array in results)
    gc.collect()
    assert sys.getrefcount(x) == before


def test_nothing_stays_for_the_garbage_collector():
    """Not even until it runs: results and errors make no cycles of their own."""
    calls = [(getattr(ops, name), arguments(name)) for name in ops.__all__]
    for operator, given in calls:
        operator(**given)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for operator, given in calls * 20:
            operator(**given)
        assert len(gc.get_objects()) - before < 50
        assert gc.collect() == 0
    finally:
        gc.enable()


if sys.platform == "linux":

    def test_resident_memory_over_100_000_calls():
        """Of all operators in turn, on shapes that change, so that caches turn over."""
        program = """
            import os
            import numpy as np
            from convlet import ops
            from examples import arguments

            page = os.sysconf("SC_PAGE_SIZE")

            def resident():
                with open("/proc/self/statm") as file:
                    return int(file.read().split()[1]) * page / 1e6

            calls = [(getattr(ops, name), arguments(name)) for name in ops.__all__]
            lengths = np.random.default_rng(0).integers(2, 2000, 100_000 // len(calls) + 1)
            kernel = np.ones((2, 1, 1), "float32")

            def work(lengths):
                for length in lengths:
                    line = np.ones((1, length, 1), "float32")
                    ops.conv(line, kernel, padding="same")
                    ops.max_pool(line, 2)
                    for operator, given in calls[2:]:
                        operator(**given)

            work(lengths[:500])
            before = resident()
            work(lengths)
            print(resident() - before)
        """
        grown = float(children.run(program, timeout=300))
        assert grown < 3  # MB: 30 bytes a call would be more


def test_interrupt_during_a_long_call():
    """Ctrl-C is raised when the call returns, and its output is complete."""
    program = """
        import os, signal, threading, time
        import numpy as np
        from convlet import ops

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job may ignore it
        x, kernel = np.ones((8, 90, 90, 64), "float32"), np.ones((5, 5, 64, 64), "float32")
        expected = ops.conv(x, kernel)
        out = np.full_like(expected, np.nan)
        start = time.perf_counter()
        ops.conv(x, kernel, out=out)
        seconds = time.perf_counter() - start
        out[...] = np.nan
        threading.Timer(seconds / 3, os.kill, (os.getpid(), signal.SIGINT)).start()
        interrupted = False
        try:
            ops.conv(x, kernel, out=out)
            time.sleep(10 * seconds)  # where the signal came too late
        except KeyboardInterrupt:
            interrupted = True
        assert interrupted
        assert np.array_equal(out, expected)
        print("done")
    """
    assert children.run(program, timeout=120) == "done"
