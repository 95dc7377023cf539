"""Outputs, targets and weights as the compiled losses take them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet import config
from convlet._cext import losses as compiled
from convlet._variable import Array
from convlet.ops._arguments import contiguous


def real(name: str, value: Any) -> Array:
    """The value as an array of real numbers."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers, got {array.dtype}")
    return array


def floating(y_pred: Any) -> Array:
    """y_pred as float32 or float64, with at least two axes."""
    array = real("y_pred", y_pred)
    if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
        array = array.astype(config.floatx())
    if array.ndim < 2 or array.shape[-1] == 0:
        raise ValueError(f"y_pred must have shape (N, ..., C) with C above 0, got {array.shape}")
    return array


def aligned_weights(sample_weight: Any, shape: tuple[int, ...]) -> Array:
    """Weights in float64 of the samples' shape, ones for None; fewer axes are the leading ones."""
    if sample_weight is None:
        return np.ones(shape)
    given = real("sample_weight", sample_weight).astype(np.float64, copy=False)
    if given.ndim and given.shape[-1] == 1 and given.shape != shape[: given.ndim]:
        given = given[..., 0]
    if given.shape != shape[: given.ndim]:
        raise ValueError(f"sample_weight must have the samples' shape {shape}, got {given.shape}")
    return np.broadcast_to(given.reshape(given.shape + (1,) * (len(shape) - given.ndim)), shape)


def target_like(y_true: Any, y_pred: Array, one_hot: bool = False) -> Array:
    """y_true of y_pred's dtype and shape; (N,) stands for (N, 1)."""
    target = real("y_true", y_true)
    if target.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
        target = target[..., None]
    if target.shape != y_pred.shape:
        hint = ""
        if one_hot and target.ndim <= y_pred.ndim and target.shape[:1] == y_pred.shape[:1]:
            hint = ": for class numbers use sparse_categorical_crossentropy or utils.to_categorical"
        raise ValueError(
            f"y_true must have y_pred's shape {y_pred.shape}, got {target.shape}{hint}"
        )
    return target.astype(y_pred.dtype, copy=False)


def class_numbers(labels: Array, shape: tuple[int, ...]) -> Array:
    """Class numbers as integers of shape[:-1], below shape[-1]."""
    if labels.dtype.kind not in "fiub":
        raise TypeError(f"y_true must be class numbers, got {labels.dtype}")
    if labels.shape != shape[:-1]:
        raise ValueError(f"y_true must have shape {shape[:-1]}, got {labels.shape}")
    wrong = ~((labels >= 0) & (labels < shape[-1]) & (labels == np.floor(labels)))
    if wrong.any():
        raise ValueError(
            f"y_true must be class numbers from 0 to {shape[-1] - 1}, got {labels[wrong][0]}"
        )
    return labels.astype(np.int64)


def rows(kind: str, target: Array, y_pred: Array, want_grad: bool, *numbers: float) -> Any:
    """The compiled loss over the last axis: its values, and its gradient or None."""
    columns = y_pred.shape[-1]
    y = contiguous(y_pred).reshape(math.prod(y_pred.shape[:-1]), columns)
    target = contiguous(target, y.dtype).reshape(y.shape)
    values = np.empty(y.shape[0], y.dtype)
    grad = np.empty(y.shape, y.dtype) if want_grad else None
    compiled.rows(kind, target, y, values, grad, numbers)
    shaped = None if grad is None else grad.reshape(y_pred.shape)
    return values.reshape(y_pred.shape[:-1]), shaped
