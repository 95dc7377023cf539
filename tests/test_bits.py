"""Every computation there is: what must not change a bit of its results, changes none.

Random configurations of each operator are in its own tests; here is one of each, gradients too.
"""

import inspect

import numpy as np
import pytest

import modes
from comparison import assert_same_bits
from convlet import Variable, activations, layers, ops
from convlet._cext import runtime
from examples import arguments, layer, layer_names
from optimizers.rules import CASES
from strategies import LAYOUTS
from test_losses import ORACLES, example

WIDE = 9  # more channels than a register tile of any instruction set, and a tail
SPATIAL = ("x", "grad", "indices")


def taking(argument):
    """The operators that have it."""
    return [n for n in ops.__all__ if argument in inspect.signature(getattr(ops, n)).parameters]


def listed(result):
    return list(result) if isinstance(result, tuple) else [result]


def run_operator(name, dtype):
    return listed(getattr(ops, name)(**arguments(name, dtype, WIDE)))


def run_layer(one, x):
    """The layer's output, and its gradients at x."""
    one.ensure_built(x.shape)
    for number, weight in enumerate(one.weights):
        values = np.random.default_rng(number).standard_normal(weight.shape)
        values = np.abs(values) if weight.name.endswith("variance") else values
        weight.assign(values.astype(one.dtype))
    y, pullback = one.vjp(x, True)
    dx, grads = pullback(normal(y.shape, y.dtype))
    return [y, dx, *grads]


def run_activation(name, dtype):
    return run_layer(layers.Activation(name, dtype=dtype), 3 * normal((3, 50, 37), dtype))


def run_layer_class(name, dtype):
    return run_layer(*layer(name, dtype))


def run_loss(name, dtype):
    loss, _ = ORACLES[name]
    target, y = example(name, (40, 37), dtype, 0)
    value, grad = loss.vjp(target, y)
    return [loss.call(target, y), np.array(value), grad()]


def run_optimizer(case, dtype):
    cls, options = CASES[case]
    optimizer, variable = cls(**options), Variable(normal((70, 37), dtype))
    for step in range(3):
        optimizer.apply([normal((70, 37), dtype) * (step + 1)], [variable])
    return [variable.value]


def normal(shape, dtype):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)


COMPUTATIONS = [
    *((run_operator, name) for name in ops.__all__),
    *((run_activation, name) for name in activations._FUNCTIONS),
    *((run_layer_class, name) for name in layer_names()),
    *((run_loss, name) for name in ORACLES),
    *((run_optimizer, name) for name in CASES),
]


@pytest.mark.parametrize(("run", "name"), COMPUTATIONS)
def test_instruction_sets_and_threads(run, name, dtype):
    """Those with fused multiply-add agree, those without do, and each at any number of threads."""
    for *pair, which in modes.results_to_agree(lambda: run(name, dtype)):
        assert_same_bits(*pair, f"{name}: {which}")
    for isa in runtime.available_isas():
        with modes.instruction_set(isa):
            by_threads = []
            for threads in (1, 3):
                with modes.num_threads(threads):
                    by_threads.append(run(name, dtype))
            for pair in zip(*by_threads, strict=True):
                assert_same_bits(*pair, f"{name} on {isa} by threads")


@pytest.mark.parametrize(("run", "name"), COMPUTATIONS)
def test_the_caller_keeps_its_denormal_numbers(isa, threads, dtype, run, name):
    numbers = np.full(100, np.sqrt(np.finfo(dtype).tiny) / 4, dtype)
    before = numbers * numbers
    assert (before > 0).all() and (before < np.finfo(dtype).tiny).all()
    run(name, dtype)
    assert_same_bits(numbers * numbers, before)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ops.__all__)
def test_layouts_of_every_operator(isa, dtype, name, layout):
    given = arguments(name, dtype, WIDE)
    expected = listed(getattr(ops, name)(**given))
    changed = {
        key: LAYOUTS[layout](value) if isinstance(value, np.ndarray) else value
        for key, value in given.items()
    }
    for pair in zip(listed(getattr(ops, name)(**changed)), expected, strict=True):
        assert_same_bits(*pair, f"{name} {layout}")


@pytest.mark.parametrize("name", taking("data_format"))
def test_data_formats_of_every_operator(isa, dtype, name):
    given = arguments(name, dtype, WIDE)
    expected = listed(getattr(ops, name)(**given))
    moved = {
        key: np.moveaxis(value, -1, 1).copy() if key in SPATIAL else value
        for key, value in given.items()
    }
    results = listed(getattr(ops, name)(**moved, data_format="channels_first"))
    spatial = 2 if name == "max_pool" else 1  # of the results; the others are gradients of weights
    for number, (result, wanted) in enumerate(zip(results, expected, strict=True)):
        assert result.flags.c_contiguous
        one = np.moveaxis(result, 1, -1) if number < spatial else result
        assert_same_bits(one, wanted, f"result {number} of {name}")


@pytest.mark.parametrize("layout", [*LAYOUTS][:-1])  # read-only last
@pytest.mark.parametrize("name", taking("out"))
def test_out_of_every_operator(isa, dtype, name, layout):
    given = arguments(name, dtype, WIDE)
    expected = listed(getattr(ops, name)(**given))
    out = LAYOUTS[layout](np.full_like(expected[0], np.nan))
    results = listed(getattr(ops, name)(**given, out=out))
    assert results[0] is out
    for pair in zip(results, expected, strict=True):
        assert_same_bits(*pair, f"{name} {layout}")


@pytest.mark.parametrize("name", taking("x"))
def test_images_of_every_operator(isa, dtype, name):
    """Each one's output and input gradient do not know the rest of the batch."""
    given = arguments(name, dtype, WIDE)
    expected = listed(getattr(ops, name)(**given))
    own = {key: value[1:] if key in SPATIAL else value for key, value in given.items()}
    results = listed(getattr(ops, name)(**own))
    spatial = 2 if name == "max_pool" else 1
    for result, wanted in list(zip(results, expected, strict=True))[:spatial]:
        assert_same_bits(result, wanted[1:], name)
