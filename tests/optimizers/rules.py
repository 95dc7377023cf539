"""Each optimizer's rule in NumPy, in the element type of its arrays: the truth of these tests.

`CASES` are constructor calls whose numbers float32 holds exactly, so that the element types differ
by rounding alone.
"""

from __future__ import annotations

import numpy as np

from convlet import optimizers

EPSILON = 2.0**-20
BETAS = {"beta_1": 0.875, "beta_2": 0.96875, "epsilon": EPSILON}
MOVING = {"rho": 0.9375, "epsilon": EPSILON}
CASES = {
    "sgd": (optimizers.SGD, {"learning_rate": 0.25}),
    "sgd-momentum": (optimizers.SGD, {"learning_rate": 0.125, "momentum": 0.875}),
    "sgd-nesterov": (
        optimizers.SGD,
        {"learning_rate": 0.125, "momentum": 0.875, "nesterov": True},
    ),
    "sgd-decay": (optimizers.SGD, {"learning_rate": 0.25, "weight_decay": 0.0625}),
    "adam": (optimizers.Adam, {"learning_rate": 0.125, **BETAS}),
    "adam-amsgrad": (optimizers.Adam, {"learning_rate": 0.125, **BETAS, "amsgrad": True}),
    "adam-decay": (optimizers.Adam, {"learning_rate": 0.125, **BETAS, "weight_decay": 0.5}),
    "rmsprop": (optimizers.RMSprop, {"learning_rate": 0.125, **MOVING}),
    "rmsprop-momentum": (
        optimizers.RMSprop,
        {"learning_rate": 0.125, **MOVING, "momentum": 0.75},
    ),
    "rmsprop-centered": (
        optimizers.RMSprop,
        {"learning_rate": 0.125, **MOVING, "centered": True},
    ),
    "rmsprop-all": (
        optimizers.RMSprop,
        {
            **{"learning_rate": 0.125, **MOVING, "momentum": 0.75, "centered": True},
            "weight_decay": 0.0625,
        },
    ),
    "adadelta": (optimizers.Adadelta, {"learning_rate": 1.0, **MOVING}),
    "adadelta-decay": (
        optimizers.Adadelta,
        {"learning_rate": 0.5, **MOVING, "weight_decay": 0.0625},
    ),
    "adagrad": (
        optimizers.Adagrad,
        {"learning_rate": 0.125, "initial_accumulator_value": 0.25, "epsilon": EPSILON},
    ),
    "adagrad-decay": (optimizers.Adagrad, {"learning_rate": 0.125, "weight_decay": 0.0625}),
    "adamw": (optimizers.AdamW, {"learning_rate": 0.125, **BETAS, "weight_decay": 0.25}),
    "adamax": (optimizers.Adamax, {"learning_rate": 0.125, **BETAS}),
    "adamax-decay": (optimizers.Adamax, {"learning_rate": 0.125, **BETAS, "weight_decay": 0.25}),
    "nadam": (optimizers.Nadam, {"learning_rate": 0.125, **BETAS}),
    "nadam-decay": (optimizers.Nadam, {"learning_rate": 0.125, **BETAS, "weight_decay": 0.25}),
    "lion": (optimizers.Lion, {"learning_rate": 0.125, "beta_1": 0.875, "beta_2": 0.96875}),
    "lion-decay": (optimizers.Lion, {"learning_rate": 0.0625, "weight_decay": 0.25}),
}


class Truth:
    """The same optimizer on one array."""

    def __init__(self, case, weights):
        cls, options = CASES[case]
        self.w = weights.copy()
        real = weights.dtype.type
        self.zero, self.step, self.state = np.zeros_like(weights), 0, {}
        config = cls(**options).get_config()
        self.o = {
            name: real(value) if isinstance(value, float) else value
            for name, value in config.items()
        }
        self.rule = getattr(self, cls.__name__.lower())

    def apply(self, g):
        self.step += 1
        if self.o["weight_decay"]:
            self.w = self.w - self.w * self.o["weight_decay"] * self.o["learning_rate"]
        self.rule(g, self.o["learning_rate"])

    def old(self, name):
        return self.state.get(name, self.zero)

    def average(self, name, value, rho):
        self.state[name] = rho * self.old(name) + (1 - rho) * value
        return self.state[name]

    def sgd(self, g, rate):
        p = self.o["momentum"]
        m = self.state["m"] = self.old("m") * p - g * rate
        self.w = self.w + (m * p - g * rate if self.o["nesterov"] else m)

    def adam(self, g, rate):
        real, o = g.dtype.type, self.o
        m = self.state["m"] = self.old("m") + (g - self.old("m")) * (1 - o["beta_1"])
        v = self.state["v"] = self.old("v") + (g * g - self.old("v")) * (1 - o["beta_2"])
        if o["amsgrad"]:
            v = self.state["largest"] = np.maximum(self.old("largest"), v)
        power_1, power_2 = o["beta_1"] ** real(self.step), o["beta_2"] ** real(self.step)
        alpha = rate * np.sqrt(1 - power_2) / (1 - power_1)
        self.w = self.w - m * alpha / (np.sqrt(v) + o["epsilon"])

    def rmsprop(self, g, rate):
        spread = self.average("v", g * g, self.o["rho"])
        if self.o["centered"]:
            spread = spread - np.square(self.average("a", g, self.o["rho"]))
        m = self.old("m") * self.o["momentum"] + rate * g / np.sqrt(spread + self.o["epsilon"])
        self.state["m"] = m
        self.w = self.w - m

    def adadelta(self, g, rate):
        epsilon, rho = self.o["epsilon"], self.o["rho"]
        a = self.average("a", g * g, rho)
        step = -(np.sqrt((self.old("d") + epsilon) / (a + epsilon)) * g)
        self.average("d", step * step, rho)
        self.w = self.w + rate * step

    def adagrad(self, g, rate):
        start = np.full_like(self.w, self.o["initial_accumulator_value"])
        a = self.state["a"] = self.state.get("a", start) + g * g
        self.w = self.w - rate * g / np.sqrt(a + self.o["epsilon"])

    def adamw(self, g, rate):
        self.adam(g, rate)

    def adamax(self, g, rate):
        o = self.o
        m = self.state["m"] = self.old("m") + (g - self.old("m")) * (1 - o["beta_1"])
        u = self.state["u"] = np.maximum(self.old("u") * o["beta_2"], np.abs(g))
        rest = 1 - o["beta_1"] ** g.dtype.type(self.step)
        self.w = self.w - rate * m / (rest * (u + o["epsilon"]))

    def nadam(self, g, rate):
        real, o = g.dtype.type, self.o
        m = self.state["m"] = self.old("m") + (g - self.old("m")) * (1 - o["beta_1"])
        v = self.state["v"] = self.old("v") + (g * g - self.old("v")) * (1 - o["beta_2"])
        momenta = [float(o["beta_1"]) * (1 - 0.5 * 0.96**t) for t in range(1, self.step + 2)]
        product, now, after = np.prod(momenta[:-1]), momenta[-2], momenta[-1]
        n = real(after / (1 - product * after)) * m + real((1 - now) / (1 - product)) * g
        spread = np.sqrt(v / (1 - o["beta_2"] ** real(self.step)))
        self.w = self.w - n * rate / (spread + o["epsilon"])

    def lion(self, g, rate):
        o, m = self.o, self.old("m")
        self.w = self.w - rate * np.sign(m * o["beta_1"] + g * (1 - o["beta_1"]))
        self.state["m"] = m * o["beta_2"] + g * (1 - o["beta_2"])
