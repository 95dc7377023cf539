"""Learning rates that change with every step, with Keras 3's names and formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.optimizers.schedules._constant import (
        PiecewiseConstantDecay as PiecewiseConstantDecay,
    )
    from convlet.optimizers.schedules._cosine import CosineDecay as CosineDecay
    from convlet.optimizers.schedules._cosine import CosineDecayRestarts as CosineDecayRestarts
    from convlet.optimizers.schedules._decay import ExponentialDecay as ExponentialDecay
    from convlet.optimizers.schedules._decay import InverseTimeDecay as InverseTimeDecay
    from convlet.optimizers.schedules._decay import PolynomialDecay as PolynomialDecay
    from convlet.optimizers.schedules._names import deserialize as deserialize
    from convlet.optimizers.schedules._names import serialize as serialize
    from convlet.optimizers.schedules._schedule import LearningRateSchedule as LearningRateSchedule
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_constant": ("PiecewiseConstantDecay",),
            "_cosine": (
                "CosineDecay",
                "CosineDecayRestarts",
            ),
            "_decay": (
                "ExponentialDecay",
                "InverseTimeDecay",
                "PolynomialDecay",
            ),
            "_names": (
                "deserialize",
                "serialize",
            ),
            "_schedule": ("LearningRateSchedule",),
        },
    )
