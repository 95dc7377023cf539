"""Rules that turn gradients into steps, with Keras 3's names, defaults and arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.optimizers import schedules as schedules
    from convlet.optimizers._adadelta import Adadelta as Adadelta
    from convlet.optimizers._adagrad import Adagrad as Adagrad
    from convlet.optimizers._adam import Adam as Adam
    from convlet.optimizers._adamax import Adamax as Adamax
    from convlet.optimizers._adamw import AdamW as AdamW
    from convlet.optimizers._lion import Lion as Lion
    from convlet.optimizers._nadam import Nadam as Nadam
    from convlet.optimizers._names import deserialize as deserialize
    from convlet.optimizers._names import get as get
    from convlet.optimizers._names import serialize as serialize
    from convlet.optimizers._optimizer import Optimizer as Optimizer
    from convlet.optimizers._rmsprop import RMSprop as RMSprop
    from convlet.optimizers._sgd import SGD as SGD
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_adadelta": ("Adadelta",),
            "_adagrad": ("Adagrad",),
            "_adam": ("Adam",),
            "_adamax": ("Adamax",),
            "_adamw": ("AdamW",),
            "_lion": ("Lion",),
            "_nadam": ("Nadam",),
            "_names": (
                "deserialize",
                "get",
                "serialize",
            ),
            "_optimizer": ("Optimizer",),
            "_rmsprop": ("RMSprop",),
            "_sgd": ("SGD",),
        },
        ("schedules",),
    )
