"""python tests/fuzz/worker.py SEED CASES REPORT [NAME]: one process's share of the fuzz.

Case i is a function of SEED + i alone. Its number is written to REPORT before it runs, so that
whoever reads REPORT after a crash knows which one it was. Allowed are a result, which must be the
same when asked for again, and the errors that the library promises, with a message. All else is a
finding: one line on standard output. REPORT also says where a case has an array of billions of
elements, which may take its time.
"""

from __future__ import annotations

import signal
import sys
import warnings

import numpy as np

import arguments
import functions
from convlet import layers, ops

PROMISED = (TypeError, ValueError, NotImplementedError)
SECONDS, SECONDS_OF_GIANTS = 20, 2  # after which a case hangs, or is let go
GIANT = 2**28  # elements
ADDRESS_SPACE = 6 * 2**30


def main(seed, cases, report, only=None):
    limit_memory()
    everything = [*arguments.OPERATORS, *arguments.LAYERS, *functions.FUNCTIONS]
    names = [only] if only else everything
    findings = 0
    with open(report, "w") as file:
        for case in range(seed, seed + cases):
            name = names[case % len(names)]
            problem = run(name, case, file)
            if problem:
                findings += 1
                print(f"case {case}: {name}: {problem}", flush=True)
        note(file, "done")
    return findings


def note(file, text):
    file.seek(0)
    file.write(text.ljust(30))
    file.flush()


def limit_memory():
    """So that a giant allocation fails here, and not for everybody."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def run(name, case, file):
    """What is wrong with one case, or None."""
    note(file, str(case))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        act, values = prepared(name, np.random.default_rng(case))
        giant = any(isinstance(value, np.ndarray) and value.size > GIANT for value in values)
        note(file, f"{case} giant" if giant else str(case))
        if hasattr(signal, "alarm"):
            signal.alarm(SECONDS_OF_GIANTS if giant else SECONDS)
        return judge(act)


def prepared(name, rng):
    """What to do, and the arguments that it takes."""
    if name in functions.FUNCTIONS:
        return functions.function_call(name, rng)
    if name in arguments.OPERATORS:
        given = arguments.operator_call(name, rng)
        return (lambda: operate(name, given)), given.values()
    given, x = arguments.layer_call(name, rng)
    return (lambda: apply_layer(name, given, x)), [*given.values(), *parts(x)]


def operate(name, given):
    return getattr(ops, name)(**given)


def apply_layer(name, given, x):
    """Outputs and gradients of the layer at x."""
    layer = getattr(layers, name)(**given)
    layer(x)  # which builds it
    layer.set_weights([np.full(weight.shape, 0.5) for weight in layer.weights])
    y = layer(x)
    if any(np.size(part) > 10**6 for part in parts(x)):
        return (y,)
    y, pullback = layer.vjp(layer.cast(x))
    dx, grads = pullback(np.ones_like(y))
    shapes = [weight.shape for weight in layer.trainable_weights]
    given = [np.shape(part) for part in x] if layer.several_inputs else np.shape(x)
    if y.shape != layer.compute_output_shape(given) or shapes != [g.shape for g in grads]:
        raise AssertionError("shapes differ from what the layer says")
    return (y, *parts(dx), *grads)


def parts(x):
    """Several inputs, or the only one."""
    return x if isinstance(x, list) else [x]


def judge(act):
    try:
        results = act()
    except MemoryError:
        return None
    except PROMISED as error:
        return None if str(error) else f"{type(error).__name__} without a message"
    except RuntimeError as error:  # what arguments.Hostile raises passes through
        return None if str(error) in ("no index", "no array") else repr(error)
    except BaseException as error:
        return repr(error)
    again = act()
    for one, other in zip(listed(results), listed(again), strict=True):
        if one is not None and one.size < GIANT and one.tobytes() != other.tobytes():
            return "another result for the same call"
    return None


def listed(results):
    return results if isinstance(results, tuple) else (results,)


if __name__ == "__main__":
    seed, cases, report, *only = sys.argv[1:]
    sys.exit(main(int(seed), int(cases), report, *only) > 0)
