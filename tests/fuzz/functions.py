"""Random calls of what stands beside operators and layers: losses, optimizers, whole models."""

from __future__ import annotations

import inspect
from functools import partial

import numpy as np

import convlet
from arguments import spoil
from convlet import activations, backend, config, initializers, layers, losses, metrics, optimizers
from convlet import utils as utilities

SETTINGS = [
    *(getattr(backend, name) for name in backend.__all__ if name.startswith("set_")),
    *(convlet.set_num_threads, utilities.set_random_seed),
]


LOSS = "sparse_categorical_crossentropy"
SPOILT = 0.12  # the share of arguments


class Found(dict):
    """Arguments by name, of which those that are taken may turn out spoilt."""

    def __init__(self, arguments, rng):
        super().__init__(arguments)
        self.rng, self.taken = rng, {}

    def __getitem__(self, name):
        if name not in self.taken:
            value = super().__getitem__(name)
            bad = self.rng.random() < SPOILT
            self.taken[name] = spoil(value, name, self.rng) if bad else value
        return self.taken[name]


def sensible(rng, name):
    """Arguments of this function or class, and of all others, by name."""
    dtype = ("float32", "float64")[rng.integers(2)]
    shape = tuple(int(n) for n in rng.integers(1, 6, rng.integers(2, 5)))
    y = rng.random(shape).astype(dtype)
    y_true = rng.random(shape).round()
    if "parse" in name:
        y_true = rng.integers(0, shape[-1], shape[:-1])
    settings = (2, "float32", "channels_last", 1e-3)
    identifiers = ("relu", "mse", "adam", "zeros", "accuracy")
    return {
        **{"x": 4 * y - 2, "y_true": y_true, "y_pred": y, "values": y},
        **{"sample_weight": rng.random(shape[:-1]), "shape": shape, "dtype": dtype, "axis": -1},
        **{"alpha": 0.5, "negative_slope": 0.1, "max_value": 6.0, "threshold": 0.5, "seed": 7},
        **{"value": float(rng.random()), "mean": 0.0, "stddev": 0.1, "minval": 0.0, "maxval": 1.0},
        **{"scale": 2.0, "mode": "fan_in", "distribution": "uniform", "name": "a", "rho": 0.9},
        **{"from_logits": bool(rng.integers(2)), "label_smoothing": 0.1, "reduction": "sum"},
        **{"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "epsilon": 1e-7},
        **{"beta_1": 0.9, "beta_2": 0.99, "amsgrad": True, "centered": True, "weight_decay": 0.1},
        **{"clipnorm": 1.0, "grads": [y], "num_classes": 5, "setting": settings[rng.integers(4)]},
        **{"labels": rng.integers(0, 5, shape), "identifier": identifiers[rng.integers(5)]},
        **{"verbose": 0, "variable": rng.random((2, 3))},
        **{"images": rng.random((4, 5, 5, 1)), "targets": rng.integers(0, 3, 4), "batch_size": 2},
        **{"shuffle": False, "validation_split": 0.25, "metrics": ["accuracy"], "loss": LOSS},
    }


def given_to(function, found, rng):
    """Arguments of a function or class by name: what it needs, and half of the others."""
    return {
        p.name: found[p.name]
        for p in inspect.signature(function).parameters.values()
        if p.name in found and (p.default is inspect.Parameter.empty or rng.random() < 0.5)
    }


def call(function, found, rng):
    given = given_to(function, found, rng)
    return lambda: (function(**given),)


def make_and_use(kind, use, found, rng):
    """An object of this class, made anew each time, and what `use` makes of it."""
    given = given_to(kind, found, rng)
    if "seed" in inspect.signature(kind).parameters:
        seed = found["seed"]
        given["seed"] = 7 if seed is None else seed  # else no two are alike
    used = {name: found[name] for name in USED[use]}
    return lambda: use(kind(**given), **used)


def use_loss(loss, y_true, y_pred, sample_weight):
    value, gradient = loss.vjp(y_true, y_pred, sample_weight)
    return np.array(loss(y_true, y_pred, sample_weight)), np.array(value), gradient()


def use_metric(metric, values, **samples):
    arguments = (values,) if isinstance(metric, (metrics.Mean, metrics.Sum)) else samples.values()
    return (np.array(metric(*arguments)),)


def use_initializer(initializer, shape, dtype):
    return (initializer(shape, dtype),)


def use_optimizer(optimizer, y_pred, grads):
    variable = convlet.Variable(np.ones(np.shape(y_pred), "float32"))
    for _ in range(2):
        optimizer.apply(grads, [variable])
    return (variable.value,)


USED = {
    use: list(inspect.signature(use).parameters)[1:]
    for use in (use_loss, use_initializer, use_optimizer)
} | {use_metric: ["values", "y_true", "y_pred", "sample_weight"]}


def look_up(get, found, rng):
    identifier = found["identifier"]
    return lambda: (get(identifier),)[1:]


def set_and_restore(setter, found, rng):
    """A setting; whatever becomes of it, the next case finds the old one."""
    setting = found["setting"]

    def act():
        before = (config.floatx(), config.epsilon(), backend.image_data_format())
        threads = convlet.get_num_threads()
        try:
            setter(setting)
        finally:
            config.set_floatx(before[0])
            config.set_epsilon(before[1])
            config.set_image_data_format(before[2])
            convlet.set_num_threads(threads)
        return ()

    return act


def assign(found, rng):
    variable, value = convlet.Variable(np.zeros((2, 3))), found["variable"]
    return lambda: (variable.assign(value), variable.value)[1:]


def fit(found, rng):
    """A small network, trained, measured and asked."""
    sequential = convlet.Sequential
    compiled, fitted, measured = (
        given_to(method, found, rng)
        for method in (sequential.compile, sequential.fit, sequential.evaluate)
    )
    images, targets, size = found["images"], found["targets"], found["batch_size"]

    def act():
        utilities.set_random_seed(1)
        model = sequential(
            [layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(3, "softmax")]
        )
        model.compile(**{"loss": LOSS, **compiled})
        history = model.fit(images, targets, **{**fitted, "verbose": 0})
        loss = model.evaluate(images, targets, **{**measured, "verbose": 0})
        y = model.predict(images, batch_size=size, verbose=0)
        return np.array(history.history["loss"]), np.array(loss), y

    return act


def to_categorical(found, rng):
    labels, classes = found["labels"], found["num_classes"]
    return lambda: (utilities.to_categorical(labels, classes),)


def is_made_from(kind, base):
    return isinstance(kind, type) and issubclass(kind, base) and kind is not base


FUNCTIONS = {
    **{
        f"activations.{name}": partial(call, getattr(activations, name))
        for name in activations.__all__
        if name not in ("get", "serialize")
    },
    **{
        f"{module.__name__.removeprefix('convlet.')}.{name}": partial(
            make_and_use, getattr(module, name), use
        )
        for module, base, use in (
            (losses, losses.Loss, use_loss),
            (metrics, metrics.Metric, use_metric),
            (initializers, initializers.Initializer, use_initializer),
            (optimizers, optimizers.Optimizer, use_optimizer),
        )
        for name in module.__all__
        if is_made_from(getattr(module, name), base)
    },
    **{
        f"{module.__name__.removeprefix('convlet.')}.get": partial(look_up, module.get)
        for module in (activations, initializers, losses, metrics, optimizers)
    },
    **{setter.__name__: partial(set_and_restore, setter) for setter in SETTINGS},
    **{
        f"losses.{name}": partial(call, getattr(losses, name))
        for name in losses.__all__
        if name.islower() and name not in ("get", "serialize", "deserialize")
    },
    "utils.to_categorical": to_categorical,
    "Variable.assign": assign,
    "Sequential.fit": fit,
}


def function_call(name, rng):
    """What calls it, or makes an object and uses it, and returns arrays; and its arguments."""
    found = Found(sensible(rng, name), rng)
    act = FUNCTIONS[name](found, rng)
    return act, found.taken.values()
