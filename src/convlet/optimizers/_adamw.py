"""Adam with weight decay."""

from __future__ import annotations

from typing import Any

from convlet.optimizers._adam import Adam
from convlet.optimizers.schedules import LearningRateSchedule


class AdamW(Adam):
    """`Adam` with weight decay that does not pass through its averages.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    weight_decay : float, default 0.004
        Before the rule, each weight loses this times the learning rate times itself.
    beta_1, beta_2, epsilon, amsgrad
        As for `Adam`.
    **kwargs
        `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    From Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> rule = optimizers.AdamW(learning_rate=0.5, weight_decay=0.5)
    >>> rule.apply([np.array([1.0, -8.0])], [w])
    >>> w.value.round(4)
    array([0.25, 2.  ])
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise TypeError("weight_decay must be a number, got None: that would be Adam")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs
        )
