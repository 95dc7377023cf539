"""The pool of threads: how many, from several Python threads, through fork, at exit, when idle."""

import multiprocessing
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

import children
import convlet
from comparison import assert_same_bits
from convlet import ops

X = np.random.default_rng(0).standard_normal((2, 40, 40, 32)).astype("float32")
KERNEL = np.random.default_rng(1).standard_normal((3, 3, 32, 48)).astype("float32")


@pytest.fixture
def restored():
    before = convlet.get_num_threads()
    yield
    convlet.set_num_threads(before)


def test_set_and_get(restored):
    for n in (1, 2, 5, np.int64(3)):
        convlet.set_num_threads(n)
        assert convlet.get_num_threads() == n
        assert type(convlet.get_num_threads()) is int


@pytest.mark.parametrize("bad", [0, -1, 10**6, 2**64])
def test_bad_numbers(restored, bad):
    before = convlet.get_num_threads()
    with pytest.raises(ValueError, match=rf"n must be.*got {bad}"):
        convlet.set_num_threads(bad)
    assert convlet.get_num_threads() == before


@pytest.mark.parametrize("bad", [1.0, "2", None, True, [2]])
def test_bad_kinds(restored, bad):
    with pytest.raises(TypeError, match=r"n must be.*got"):
        convlet.set_num_threads(bad)


NUMBER = "import convlet; print(convlet.get_num_threads())"


def test_environment():
    for n in ("1", "3", "17"):
        assert children.run(NUMBER, CONVLET_NUM_THREADS=n) == n


@pytest.mark.parametrize("bad", ["0", "-1", "two", "", "1.5", "1e3", "9" * 30, "٣"])
def test_bad_environment(bad):
    error = children.run(NUMBER, status=1, CONVLET_NUM_THREADS=bad)
    assert "ValueError: CONVLET_NUM_THREADS must be" in error
    assert repr(bad) in error


def test_default_is_what_this_process_may_use():
    n = int(children.run(NUMBER, CONVLET_NUM_THREADS=None))
    assert 1 <= n <= os.cpu_count()


if hasattr(os, "sched_setaffinity"):

    def test_default_follows_affinity():
        one = min(os.sched_getaffinity(0))
        program = f"import os; os.sched_setaffinity(0, [{one}]); {NUMBER}"
        assert children.run(program, CONVLET_NUM_THREADS=None) == "1"


def test_several_python_threads_at_once(threads):
    """Each gets its own right result, whether it found the pool free or busy."""
    expected = ops.conv(X, KERNEL), *ops.conv_grad(np.ones((2, 38, 38, 48), "float32"), X, KERNEL)
    start, failures = threading.Barrier(4), []

    def work(number):
        try:
            start.wait()
            for _ in range(5):
                grad = np.ones((2, 38, 38, 48), "float32")
                results = ops.conv(X, KERNEL), *ops.conv_grad(grad, X, KERNEL)
                for result, wanted in zip(results, expected, strict=True):
                    assert_same_bits(result, wanted, f"thread {number}")
        except BaseException as failure:
            failures.append(failure)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures


def test_the_lock_of_python_is_released():
    """Python code runs while a long operator computes."""
    x = np.ones((8, 120, 120, 64), "float32")
    kernel = np.ones((3, 3, 64, 64), "float32")
    during, running = [], threading.Event()

    def tick():
        running.wait()
        while running.is_set():
            during.append(time.perf_counter())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    running.set()
    start = time.perf_counter()
    ops.conv(x, kernel)
    end = time.perf_counter()
    running.clear()
    ticker.join()
    inside = [moment for moment in during if start + 0.002 < moment < end - 0.002]
    assert end - start < 0.006 or inside


if hasattr(signal, "setitimer"):

    def test_a_signal_waits_for_the_result(threads):
        """A handler's exception comes when the call returns, its output complete."""
        expected = ops.conv(X, KERNEL)
        out, calls = np.empty_like(expected), 0

        def interrupt(number, frame):
            raise InterruptedError

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            with pytest.raises(InterruptedError):
                while calls < 10**6:
                    out[...] = np.nan
                    ops.conv(X, KERNEL, out=out)
                    calls += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        # Cleared and not yet begun, or complete: never between.
        assert np.isnan(out).all() or np.array_equal(out, expected)
        assert_same_bits(ops.conv(X, KERNEL, out=out), expected)


def test_changing_the_number_while_working(restored):
    """From another thread, between and during calls."""
    expected, done = ops.conv(X, KERNEL), threading.Event()

    def change():
        n = 0
        while not done.is_set():
            n += 1
            convlet.set_num_threads(1 + n % 4)
            time.sleep(0.0005)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(30):
            assert_same_bits(ops.conv(X, KERNEL), expected)
    finally:
        done.set()
        changer.join()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # beside threads, from 3.12 on
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_multiprocessing(restored, method):
    """Children compute, whatever became of the parent's workers."""
    convlet.set_num_threads(3)
    expected = children.convolve(0)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(children.convolve, [0] * 4) == [expected] * 4
    assert children.convolve(0) == expected


if hasattr(os, "fork"):
    FORK = """
        import os, threading, warnings
        import numpy as np
        import convlet
        from convlet import ops
        warnings.simplefilter("ignore", DeprecationWarning)  # beside threads, from 3.12 on
        x, kernel = np.ones((2, 40, 40, 32), "float32"), np.ones((3, 3, 32, 48), "float32")
        convlet.set_num_threads({threads})
        expected = ops.conv(x, kernel)

        def child():
            ok = np.array_equal(ops.conv(x, kernel), expected)
            ok = ok and np.array_equal(ops.conv(x, kernel), expected)
            os._exit(0 if ok else 3)

        def fork_and_wait():
            pid = os.fork()
            if pid == 0:
                child()
            _, status = os.waitpid(pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
    """

    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_fork_after_use(threads):
        program = FORK + "\n        for _ in range(5): fork_and_wait()"
        program += "\n        assert np.array_equal(ops.conv(x, kernel), expected); print('done')"
        assert children.run(program.format(threads=threads)) == "done"

    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_fork_during_use(threads):
        """Other threads' operators are under way when two threads fork."""
        program = (
            FORK
            + """
        done, failures = threading.Event(), []

        def busy():
            while not done.is_set():
                assert np.array_equal(ops.conv(x, kernel), expected)

        def forking():
            for _ in range(10):
                fork_and_wait()

        threading.excepthook = lambda failure: failures.append(failure.exc_value)
        workers = [threading.Thread(target=busy) for _ in range(3)]
        forkers = [threading.Thread(target=forking) for _ in range(2)]
        for thread in workers + forkers:
            thread.start()
        for thread in forkers:
            thread.join()
        done.set()
        for thread in workers:
            thread.join()
        assert not failures, failures
        print("done")
        """
        )
        assert children.run(program.format(threads=threads)) == "done"

    def test_grandchildren():
        program = (
            FORK
            + """
        pid = os.fork()
        if pid == 0:
            fork_and_wait()
            child()
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        print("done")
        """
        )
        assert children.run(program.format(threads=3)) == "done"


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "os._exit(0)"])
def test_the_interpreter_exits(ending):
    """While workers sleep, and while a daemon thread's operator is under way."""
    program = """
        import os, sys, threading, time
        import numpy as np
        import convlet
        from convlet import ops
        x, kernel = np.ones((2, 40, 40, 32), "float32"), np.ones((3, 3, 32, 48), "float32")
        convlet.set_num_threads(3)
        ops.conv(x, kernel)

        def forever():
            while True:
                ops.conv(x, kernel)

        {daemon}
        print("done", flush=True)
        {ending}
    """
    daemon = "threading.Thread(target=forever, daemon=True).start(); time.sleep(0.05)"
    for extra in ("", daemon):
        assert children.run(program.format(ending=ending, daemon=extra)) == "done"


def test_no_processor_time_when_idle(restored):
    """A worker spins for microseconds, then sleeps."""
    convlet.set_num_threads(3)
    shares = []
    for _ in range(5):
        ops.conv(X, KERNEL)
        time.sleep(0.005)
        before = time.process_time()
        time.sleep(0.15)
        shares.append(time.process_time() - before)
    assert min(shares) < 0.003


if sys.platform == "linux":

    def test_no_more_threads_than_asked_for():
        program = """
            import os
            import numpy as np
            import convlet
            from convlet import ops
            x, kernel = np.ones((2, 40, 40, 32), "float32"), np.ones((3, 3, 32, 48), "float32")
            count = lambda: len(os.listdir("/proc/self/task"))
            print(count(), end=" ")
            for n in (1, 3, 2):
                convlet.set_num_threads(n)
                for _ in range(3):
                    ops.conv(x, kernel)
                print(count(), end=" ")
        """
        counts = [int(count) for count in children.run(program, OPENBLAS_NUM_THREADS="1").split()]
        first, one, three, after = counts
        assert one == first  # import and work at one thread start none
        assert three <= first + 2
        assert after <= first + 2

    @pytest.mark.parametrize("confined", [False, True])
    def test_processors_of_threads_stay_as_the_user_set_them(confined):
        """Sleeping workers are kept from their caller's processor while they wake, no longer."""
        program = f"""
            import os, time
            import numpy as np
            import convlet
            from convlet import ops
            short, long = np.ones((2, 12, 12, 8), "float32"), np.ones((2, 40, 40, 32), "float32")
            kernels = np.ones((3, 3, 8, 8), "float32"), np.ones((3, 3, 32, 48), "float32")
            convlet.set_num_threads(3)
            ops.conv(long, kernels[1])
            threads = [int(name) for name in os.listdir("/proc/self/task")]
            assert len(threads) > 1
            mine = os.sched_getaffinity(0)
            if {confined}:
                mine = {{min(mine)}}
                for thread in threads:
                    os.sched_setaffinity(thread, mine)
            for _ in range(100):
                for x, kernel in zip((short, long), kernels):
                    time.sleep(0.002)
                    ops.conv(x, kernel)
                    assert all(os.sched_getaffinity(thread) == mine for thread in threads)
            print("done")
        """
        assert children.run(program) == "done"
