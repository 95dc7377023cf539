"""Arrays that change while they are being used: by an argument's own code, or by another thread.

In processes of their own, so that a crash is a failure of one test.
"""

import pytest

import children
from convlet import ops


@pytest.mark.parametrize("name", ops.__all__)
def test_an_integer_that_reshapes_an_array(name, dtype):
    """When it is asked for its value, hence after the array has been checked."""
    program = """
        import inspect, warnings
        import numpy as np
        from convlet import ops
        from examples import arguments

        warnings.simplefilter("ignore", DeprecationWarning)  # of setting a shape, in new NumPy

        class Changing:
            def __init__(self, value, array, shape):
                self.value, self.array, self.shape = value, array, shape

            def __index__(self):
                self.array.shape = self.shape
                return self.value

            def __iter__(self):  # as `needs`
                self.array.shape = self.shape
                return iter(("x",))

        def shapes(array):
            ones = [1] * (array.ndim - 1)
            return (array.shape[::-1], (array.size, *ones), (*ones, array.size))

        def options(operator):
            numbers = ("strides", "dilation_rate", "padding", "pool_size", "output_size",
                       "output_padding", "groups", "needs", "fillvalue")
            return [name for name in inspect.signature(operator).parameters if name in numbers]

        operator, plain = getattr(ops, {name!r}), arguments({name!r}, {dtype!r}, 9)
        calls = refused = 0
        for option in options(operator):
            for array in (key for key, value in plain.items() if isinstance(value, np.ndarray)):
                for number in range(3):
                    given = arguments({name!r}, {dtype!r}, 9)
                    value = plain.get(option, 1)
                    value = 1 if isinstance(value, tuple) else value
                    given[option] = Changing(value, given[array], shapes(given[array])[number])
                    calls += 1
                    try:
                        operator(**given)
                    except (TypeError, ValueError):
                        refused += 1
        assert refused, calls
    """
    children.run(program.replace("{name!r}", repr(name)).replace("{dtype!r}", repr(dtype)))


def test_indices_that_another_thread_changes():
    """Between the check of their range and their use."""
    program = """
        import threading
        import numpy as np
        from convlet import ops

        x = np.ones((1, 120, 120, 32), "float32")
        y, indices = ops.max_pool(x, 2, return_indices=True)
        done, last = threading.Event(), indices.reshape(-1)[-4:]

        def change():
            while not done.is_set():
                last[:] = 2**45
                last[:] = 0

        changing = threading.Thread(target=change)
        changing.start()
        for _ in range(200):
            try:
                ops.max_pool_grad(y, x, 2, indices=indices)
            except ValueError as error:
                assert "indices must be between" in str(error)
        done.set()
        changing.join()
        print("done")
    """
    assert children.run(program) == "done"
