"""Switch instruction set, thread count and algorithm inside one process, and back."""

from __future__ import annotations

from contextlib import contextmanager

import convlet
from convlet._cext import runtime

# Those that fuse multiply and add agree bit for bit, and so do those that do not.
EQUAL = [{"scalar", "baseline"}, {"avx2", "avx512"}]


@contextmanager
def instruction_set(name):
    before = runtime.isa()
    runtime._set_isa(name)
    try:
        yield
    finally:
        runtime._set_isa(before)


def results_to_agree(compute):
    """Pairs of results of `compute()` whose bits must be the same, and on which instruction sets.

    `compute` returns a list of arrays.
    """
    for group in EQUAL:
        found = {}
        for name in runtime.available_isas():
            if name in group:
                with instruction_set(name):
                    found[name] = compute()
        first, *others = found
        for other in others:
            for number, pair in enumerate(zip(found[other], found[first], strict=True)):
                yield *pair, f"result {number} on {other} and {first}"


@contextmanager
def num_threads(n):
    before = runtime.get_num_threads()
    runtime.set_num_threads(n)
    try:
        yield
    finally:
        runtime.set_num_threads(before)


@contextmanager
def algorithm(name):
    before = convlet.get_algorithm()
    convlet.set_algorithm(name)
    try:
        yield
    finally:
        convlet.set_algorithm(before)
