"""Weights of classes as weights of samples."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from convlet._integers import is_integer
from convlet.models._batches import Data
from convlet.models._several import Several


class ClassWeights:
    """Gives each sample the weight of its class, 1 where there is none.

    The class is the target itself, rounded, or where a one-hot row is largest.
    """

    def __init__(self, weights: Any) -> None:
        if not isinstance(weights, dict):
            raise TypeError(f"class_weight must be a dict, got {type(weights).__name__}")
        for label, weight in weights.items():
            if not is_integer(label):
                raise TypeError(f"class_weight must have int keys, got {label!r}")
            if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
                raise TypeError(f"class_weight must have numbers as values, got {weight!r}")
            if not math.isfinite(weight):
                raise ValueError(f"class_weight must have finite values, got {weight!r}")
        self.weights = weights

    def __call__(self, batch: Data) -> Data:
        """The batch with its weights."""
        if batch.sample_weight is not None:
            raise ValueError("only one of class_weight and sample_weight may be given, got both")
        if isinstance(batch.y, Several):
            raise ValueError("class_weight must be None for a model of several outputs")
        y = np.asarray(batch.y)
        if y.ndim > 2:
            raise ValueError(
                f"y must have one class for each sample with class_weight, got shape {y.shape}"
            )
        if y.ndim == 2:
            y = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
        labels, weights = np.round(y), np.ones(len(y))
        for label, weight in self.weights.items():
            weights[labels == label] = weight
        return batch._replace(sample_weight=weights)
