"""Random calls of every public operator and layer: sensible arguments, some of them spoilt."""

from __future__ import annotations

import inspect

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convlet import layers, ops

HUGE = (2**31 - 1, 2**31, 2**40, 2**61 - 1, 2**61, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63))
NUMBERS = (0, -1, *HUGE)
ODD = (None, True, 1.0, 1.5, float("nan"), 1j, "same", "", b"x", [], (), [1], (1, 2), {}, object())
ACTIVATIONS = (
    *(None, "relu", "relu6", "gelu", "tanh", "softmax", "elu"),
    *("mish", "log_softmax", "sparsemax", "hard_shrink"),
)
SPOILT = 0.4  # the share of calls with at least one odd argument


class Hostile:
    """Raises wherever it is asked for a number or an array."""

    def __index__(self):
        raise RuntimeError("no index")

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array")


def plain_layers():
    """Every layer class that can be made from its own arguments."""
    for name in layers.__all__:
        value = getattr(layers, name)
        if isinstance(value, type) and issubclass(value, layers.Layer) and name == value.__name__:
            yield name


OPERATORS = tuple(ops.__all__)
LAYERS = tuple(sorted({*plain_layers()} - {"Layer", "InputLayer"}))


def sizes(rng, rank, most=3):
    """A number for all axes, or one for each."""
    one = int(rng.integers(1, most + 1))
    return one if rng.random() < 0.5 else tuple(int(n) for n in rng.integers(1, most + 1, rank))


def padding(rng, rank):
    kind = rng.integers(6)
    names = ("valid", "same", "same_lower", "causal")
    if kind < 4:
        return names[kind]
    if kind == 4:
        return int(rng.integers(0, 4))
    return tuple((int(a), int(b)) for a, b in rng.integers(0, 4, (rank, 2)))


def arrays_of(rng, dtype):
    """Shapes that fit each other, and what else a call of any operator may want."""
    rank = int(rng.integers(1, 4))
    lengths = [int(n) for n in rng.integers(1, 9, rank)]
    kernel = [int(n) for n in rng.integers(1, 4, rank)]
    groups, c, m = int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    batch, filters = int(rng.integers(0, 3)), groups * int(rng.integers(1, 6))
    first = rng.random() < 0.5
    make = lambda *shape: rng.standard_normal(shape).astype(dtype)  # noqa: E731
    shape = (batch, groups * c, *lengths) if first else (batch, *lengths, groups * c)
    return {
        "x": make(*shape),
        "kernel": make(*kernel, c, filters),
        "depthwise": make(*kernel, groups * c, m),
        "pointwise": make(*[1] * rank, groups * c * m, filters),
        "transposed": make(*kernel, max(filters // groups, 1), groups * c),
        "bias": make(filters),
        "rank": rank,
        "data_format": "channels_first" if first else "channels_last",
        "groups": groups,
    }


def value_of(name, operator, found, rng, dtype):
    """A sensible argument of this name."""
    rank = found["rank"]
    if name == "kernel":
        kinds = {"depthwise_conv": "depthwise", "conv_transpose": "transposed"}
        return found[kinds.get(operator.removesuffix("_grad"), "kernel")]
    simple = {
        "x": lambda: found["x"],
        "depthwise_kernel": lambda: found["depthwise"],
        "pointwise_kernel": lambda: found["pointwise"],
        "bias": lambda: found["bias"] if rng.random() < 0.5 else None,
        "strides": lambda: sizes(rng, rank),
        "dilation_rate": lambda: sizes(rng, rank),
        "pool_size": lambda: sizes(rng, rank),
        "output_size": lambda: sizes(rng, rank, 9),
        "padding": lambda: padding(rng, rank),
        "output_padding": lambda: None if rng.random() < 0.5 else int(rng.integers(0, 3)),
        "groups": lambda: found["groups"],
        "data_format": lambda: found["data_format"],
        "activation": lambda: ACTIVATIONS[rng.integers(len(ACTIVATIONS))],
        "ceil_mode": lambda: bool(rng.integers(2)),
        "count_include_pad": lambda: bool(rng.integers(2)),
        "return_indices": lambda: bool(rng.integers(2)),
        "in1": lambda: rng.standard_normal(rng.integers(1, 12, 2)).astype(dtype),
        "in2": lambda: rng.standard_normal(rng.integers(1, 12, 2)).astype(dtype),
        "mode": lambda: ("full", "same", "valid")[rng.integers(3)],
        "boundary": lambda: ("fill", "wrap", "symm")[rng.integers(3)],
        "fillvalue": lambda: float(rng.integers(-1, 2)),
    }
    return simple[name]() if name in simple else None


def spoil(value, name, rng):
    """Something like it that may well be wrong."""
    if isinstance(value, np.ndarray):
        return spoil_array(value, rng)
    kind = rng.integers(5)
    if kind == 0:
        return ODD[rng.integers(len(ODD))]
    if kind == 1:
        return NUMBERS[rng.integers(len(NUMBERS))]
    if kind == 2:
        return tuple(NUMBERS[i] for i in rng.integers(len(NUMBERS), size=rng.integers(0, 4)))
    if kind == 3:
        pairs = rng.integers(len(NUMBERS), size=(rng.integers(0, 4), 2))
        return tuple((NUMBERS[a], NUMBERS[b]) for a, b in pairs)
    return Hostile() if rng.random() < 0.3 else np.array(NUMBERS[rng.integers(2)])


def spoil_array(x, rng):
    """Another kind, shape or layout of array."""
    axis = int(rng.integers(max(x.ndim, 1)))
    makers = [
        lambda: x.astype(("f2", "i4", "c8", "O", "?", ">f4", ">f8", "g")[rng.integers(8)]),
        lambda: x.astype("f8" if x.dtype == "f4" else "f4"),
        lambda: x.tolist(),
        lambda: np.ma.masked_array(x),
        lambda: x[None],
        lambda: x[..., 0] if x.ndim and x.shape[-1] else x,
        lambda: np.zeros([0 if i == axis else n for i, n in enumerate(x.shape)], x.dtype),
        lambda: giant(x, axis, rng),
        lambda: np.asfortranarray(x)[::-1],
        lambda: record(x),
        lambda: np.repeat(x, 2, axis)[(slice(None),) * axis + (slice(None, None, 2),)],
        lambda: special(x, rng),
        lambda: frozen(x),
        lambda: memoryview(np.ascontiguousarray(x)) if x.size else x,
        lambda: as_strided(x, x.shape, (0,) * x.ndim),
        lambda: None,
        Hostile,
    ]
    try:
        return makers[rng.integers(len(makers))]()
    except (MemoryError, OverflowError, ValueError):  # of an array that is spoilt already
        return x


def giant(x, axis, rng):
    """A view of one element, as long as numbers can be."""
    shape = list(x.shape) or [1]
    shape[axis] = (2**31, 2**33, 2**40, 2**59)[rng.integers(4)]
    try:
        return np.broadcast_to(np.ones((), x.dtype), shape)
    except ValueError:
        return x


def record(x):
    packed = np.zeros(x.shape, np.dtype([("tag", "u1"), ("value", x.dtype), ("rest", "u2")]))
    packed["value"] = x
    return packed["value"]


def special(x, rng):
    x = x.copy()
    x[rng.random(x.shape) < 0.3] = (np.nan, np.inf, -np.inf, 1e-310, -0.0)[rng.integers(5)]
    return x


def frozen(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def operator_call(name, rng):
    """The operator's name and its arguments by name."""
    dtype = ("float32", "float64")[rng.integers(2)]
    found = arrays_of(rng, dtype)
    function = getattr(ops, name)
    parameters = list(inspect.signature(function).parameters.values())
    arguments = {p.name: value_of(p.name, name, found, rng, dtype) for p in parameters}
    for p in parameters:
        if p.default is not inspect.Parameter.empty and (
            rng.random() < 0.4 or (arguments[p.name] is None and p.default is not None)
        ):
            arguments[p.name] = p.default
    if "grad" in arguments:
        arguments["grad"] = forward_like(name, arguments, rng, dtype)
    if "indices" in arguments and rng.random() < 0.5:
        shape = np.shape(arguments["grad"])
        arguments["indices"] = rng.integers(-1, 9, shape) + int(rng.integers(2)) * 2**40
    if "out" in arguments and rng.random() < 0.3:
        arguments["out"] = out_like(name, arguments, rng)
    if rng.random() < SPOILT:
        for _ in range(rng.integers(1, 3)):
            victim = parameters[rng.integers(len(parameters))].name
            arguments[victim] = spoil(arguments[victim], victim, rng)
    return arguments


def forward_like(name, arguments, rng, dtype):
    """A gradient of the forward result's shape, where there is one."""
    forward = getattr(ops, name.removesuffix("_grad"))
    allowed = inspect.signature(forward).parameters
    try:
        y = forward(**{k: v for k, v in arguments.items() if k in allowed and k != "grad"})
    except (TypeError, ValueError):
        return rng.standard_normal(rng.integers(1, 4, 4)).astype(dtype)
    return rng.standard_normal(y.shape).astype(dtype)


def out_like(name, arguments, rng):
    """Where the result fits; sometimes over an input."""
    try:
        y = getattr(ops, name)(**{**arguments, "out": None})
    except (TypeError, ValueError):
        return np.zeros((2, 3, 3, 2))
    y = y[0] if isinstance(y, tuple) else y
    x = arguments["x"]
    if rng.random() < 0.3 and y.size <= x.size and x.flags.c_contiguous:
        return x.reshape(-1)[: y.size].reshape(y.shape)
    return np.empty(y.shape, y.dtype)[(slice(None, None, 1 - 2 * int(rng.integers(2))),)]


def layer_call(name, rng):
    """A layer's arguments by name, and its input."""
    dtype = ("float32", "float64")[rng.integers(2)]
    found = arrays_of(rng, dtype)
    rank = int(name[-2]) if name[-2:-1].isdigit() else found["rank"]
    while found["rank"] != rank:
        found = arrays_of(rng, dtype)
    values = {
        "filters": int(rng.integers(1, 7)),
        "kernel_size": sizes(rng, rank),
        "depth_multiplier": int(rng.integers(1, 4)),
        "units": int(rng.integers(1, 7)),
        "rate": float(rng.random()),
        "size": sizes(rng, rank) if rank > 1 else 2,
        "cropping": int(rng.integers(0, 3)),
        "keepdims": bool(rng.integers(2)),
        "use_bias": bool(rng.integers(2)),
        "factor": float(rng.random()),
        "height_factor": float(rng.random()),
        "width_factor": float(rng.random()),
        "fill_mode": ("reflect", "wrap", "constant", "nearest")[rng.integers(4)],
        "interpolation": ("bilinear", "nearest")[rng.integers(2)],
        "height": int(rng.integers(1, 12)),
        "width": int(rng.integers(1, 12)),
        "axes": int(rng.integers(1, 3)),
        "activation": ACTIVATIONS[rng.integers(len(ACTIVATIONS))] or "linear",
    }
    arguments = {}
    for p in inspect.signature(getattr(layers, name).__init__).parameters.values():
        needed = p.default is inspect.Parameter.empty
        if p.name in ("self", "kwargs") or (not needed and rng.random() < 0.5):
            continue
        value = values.get(p.name, value_of(p.name, "conv", found, rng, dtype))
        if value is not None:
            arguments[p.name] = value
    arguments["dtype"] = dtype
    x = found["x"]
    if name == "Conv2D" and rng.random() < 0.2:  # wide enough for Winograd's algorithm
        plain = dict.fromkeys(("strides", "dilation_rate", "groups"), 1)
        arguments |= {**plain, "kernel_size": 3, "filters": int(rng.integers(16, 20))}
        x = np.repeat(x, 16, 1 if arguments.get("data_format") == "channels_first" else -1)
    if getattr(layers, name).several_inputs:
        x = [x, *(x.copy() for _ in range(rng.integers(3)))]
    if rng.random() < SPOILT:
        if rng.random() < 0.5 and isinstance(x, list):
            x[0] = spoil(x[0], "x", rng)
        elif rng.random() < 0.5:
            x = spoil(x, "x", rng)
        else:
            victim = list(arguments)[rng.integers(len(arguments))]
            arguments[victim] = spoil(arguments[victim], victim, rng)
    return arguments, x
