"""First values of weights, by Keras's names and formulas."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convlet import config
from convlet._names import to_snake_case
from convlet._random import check_seed, generator
from convlet._variable import Array


class Initializer:
    """Makes arrays: ``initializer(shape, dtype)``.

    An initializer with random values has one seed, given or drawn when it is made, and returns the
    same values at every call, as in Keras.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        """An array of this shape; dtype defaults to `convlet.config.floatx()`."""
        dtype = config.check_float_name("dtype", dtype or config.floatx())
        return self._values(tuple(shape)).astype(dtype)

    def _values(self, shape: tuple[int, ...]) -> Array:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {name: getattr(self, "_given_seed" if name == "seed" else name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """A new initializer from what `get_config` returned."""
        return cls(**config)

    def _set_seed(self, seed: int | None) -> None:
        self._given_seed = seed
        self.seed = check_seed(seed)


class Constant(Initializer):
    """One value everywhere.

    Parameters
    ----------
    value : float, default 0.0
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = float(value)

    def _values(self, shape: tuple[int, ...]) -> Array:
        return np.full(shape, self.value)


class Zeros(Initializer):
    """Zeros everywhere."""

    def __init__(self) -> None:
        pass

    def _values(self, shape: tuple[int, ...]) -> Array:
        return np.zeros(shape)


class Ones(Initializer):
    """Ones everywhere."""

    def __init__(self) -> None:
        pass

    def _values(self, shape: tuple[int, ...]) -> Array:
        return np.ones(shape)


class RandomNormal(Initializer):
    """Normal distribution.

    Parameters
    ----------
    mean, stddev : float, default 0.0, 0.05
    seed : int, optional
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev = float(mean), float(stddev)
        self._set_seed(seed)

    def _values(self, shape: tuple[int, ...]) -> Array:
        return generator(self.seed).normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal distribution, drawn again beyond two standard deviations.

    Parameters
    ----------
    mean, stddev : float, default 0.0, 0.05
        Of the normal distribution before it is truncated.
    seed : int, optional
    """

    def _values(self, shape: tuple[int, ...]) -> Array:
        return self.mean + self.stddev * truncated_normal(generator(self.seed), shape)


class RandomUniform(Initializer):
    """Uniform distribution.

    Parameters
    ----------
    minval, maxval : float, default -0.05, 0.05
    seed : int, optional
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval, self.maxval = float(minval), float(maxval)
        if not math.isfinite(self.maxval - self.minval):
            raise ValueError(f"maxval - minval must be finite, got {minval} and {maxval}")
        self._set_seed(seed)

    def _values(self, shape: tuple[int, ...]) -> Array:
        return generator(self.seed).uniform(self.minval, self.maxval, shape)


class VarianceScaling(Initializer):
    """A distribution whose variance is scale / n, n from the weight's shape.

    Parameters
    ----------
    scale : float, default 1.0
        Above 0.
    mode : {"fan_in", "fan_out", "fan_avg"}
        n: the number of inputs of an output, of outputs of an input, or their mean.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
    seed : int, optional

    Raises
    ------
    ValueError
        If an argument has another value.

    Examples
    --------
    >>> from convlet.initializers import VarianceScaling
    >>> VarianceScaling(mode="fan_avg", distribution="uniform", seed=1)((3, 3, 1, 32)).shape
    (3, 3, 1, 32)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"scale must be above 0, got {scale!r}")
        _check_one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        kinds = ("truncated_normal", "untruncated_normal", "uniform")
        _check_one_of("distribution", distribution, kinds)
        self.scale, self.mode, self.distribution = float(scale), mode, distribution
        self._set_seed(seed)

    def _values(self, shape: tuple[int, ...]) -> Array:
        fan_in, fan_out = compute_fans(shape)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        random = generator(self.seed)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return random.normal(0, math.sqrt(variance), shape)
        # A normal distribution truncated at 2 has this standard deviation.
        return math.sqrt(variance) / 0.87962566103423978 * truncated_normal(random, shape)


class _Scaled(VarianceScaling):
    """A `VarianceScaling` with a name of its own."""

    scaling: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.scaling, seed)


class GlorotUniform(_Scaled):
    """Uniform within sqrt(6 / (fan_in + fan_out)), from X. Glorot, Y. Bengio (AISTATS 2010).

    Parameters
    ----------
    seed : int, optional
    """

    scaling = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal of variance 2 / (fan_in + fan_out), from X. Glorot, Y. Bengio (2010).

    Parameters
    ----------
    seed : int, optional
    """

    scaling = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within sqrt(6 / fan_in), from K. He et al. (ICCV 2015).

    Parameters
    ----------
    seed : int, optional
    """

    scaling = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal of variance 2 / fan_in, from K. He et al. (ICCV 2015).

    Parameters
    ----------
    seed : int, optional
    """

    scaling = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within sqrt(3 / fan_in), from Y. LeCun et al., "Efficient BackProp" (1998).

    Parameters
    ----------
    seed : int, optional
    """

    scaling = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal of variance 1 / fan_in, from Y. LeCun et al. (1998).

    Parameters
    ----------
    seed : int, optional
    """

    scaling = (1.0, "fan_in", "truncated_normal")


_CLASSES = {
    cls.__name__: cls
    for cls in (
        *(Constant, Zeros, Ones, RandomNormal, TruncatedNormal, RandomUniform, VarianceScaling),
        *(GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal),
    )
}
_BY_NAME: dict[str, type[Initializer]] = {
    **_CLASSES,
    **{to_snake_case(name): cls for name, cls in _CLASSES.items()},
    **{"normal": RandomNormal, "uniform": RandomUniform, "one": Ones, "zero": Zeros},
}

__all__ = ["Initializer", *_CLASSES, "get", "serialize"]


def compute_fans(shape: Sequence[int]) -> tuple[float, float]:
    """Inputs of an output and outputs of an input, for a weight (*size, CI, CO)."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


def truncated_normal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers, drawn again while beyond 2."""
    values = random.normal(size=shape)
    flat = values.reshape(-1)
    far = np.flatnonzero(np.abs(flat) > 2)
    while far.size:
        flat[far] = random.normal(size=far.size)
        far = far[np.abs(flat[far]) > 2]
    return values


def _check_one_of(name: str, value: Any, choices: Sequence[str]) -> None:
    if value not in choices:
        quoted = ", ".join(f'"{choice}"' for choice in choices)
        raise ValueError(f"{name} must be one of {quoted}, got {value!r}")


def get(identifier: Any) -> Callable[..., Array]:
    """The initializer that a name, configuration, class or callable stands for.

    Parameters
    ----------
    identifier : str, dict, Initializer, class or callable
        Names are in snake or camel case: "glorot_uniform", "GlorotUniform".

    Returns
    -------
    callable
        A function of (shape, dtype).

    Raises
    ------
    ValueError
        If there is no such initializer.

    Examples
    --------
    >>> from convlet import initializers
    >>> initializers.get("ones")((2,))
    array([1., 1.], dtype=float32)
    """
    if isinstance(identifier, dict):
        name, arguments = identifier.get("class_name"), identifier.get("config", {})
    else:
        name, arguments = identifier, {}
    if isinstance(name, str) and name in _BY_NAME:
        return _BY_NAME[name](**arguments)
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if callable(identifier):
        return identifier
    known = ", ".join(sorted(to_snake_case(cls) for cls in _CLASSES))
    raise ValueError(f"initializer must be callable or one of {known}, got {identifier!r}")


def serialize(initializer: Any) -> Any:
    """A dictionary for `get`; a callable that is no `Initializer` stays itself."""
    if not isinstance(initializer, Initializer):
        return initializer
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}
