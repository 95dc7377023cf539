"""Each loss in NumPy, in float64, written down from its formula: the truth of these tests."""

from __future__ import annotations

import numpy as np

EPSILON = 1e-7


def mean_absolute_error(t, y):
    return np.abs(t - y).mean(-1)


def mean_squared_error(t, y):
    return ((t - y) ** 2).mean(-1)


def mean_absolute_percentage_error(t, y):
    return 100 * (np.abs(t - y) / np.maximum(np.abs(t), EPSILON)).mean(-1)


def mean_squared_logarithmic_error(t, y):
    logs = (np.log(1 + np.maximum(v, EPSILON)) for v in (t, y))
    return (np.subtract(*logs) ** 2).mean(-1)


def huber(t, y, delta=1.0):
    d = np.abs(t - y)
    return np.where(d <= delta, d**2 / 2, delta * d - delta**2 / 2).mean(-1)


def log_cosh(t, y):
    return np.log(np.cosh(y - t)).mean(-1)


def poisson(t, y):
    return (y - t * np.log(y + EPSILON)).mean(-1)


def kl_divergence(t, y):
    t, y = np.clip(t, EPSILON, 1), np.clip(y, EPSILON, 1)
    return (t * np.log(t / y)).sum(-1)


def signs(t):
    return 2 * t - 1 if np.isin(t, (0, 1)).all() else t


def hinge(t, y):
    return np.maximum(1 - signs(t) * y, 0).mean(-1)


def squared_hinge(t, y):
    return (np.maximum(1 - signs(t) * y, 0) ** 2).mean(-1)


def categorical_hinge(t, y):
    return np.maximum(((1 - t) * y).max(-1) - (t * y).sum(-1) + 1, 0)


def cosine_similarity(t, y):
    lengths = [np.maximum(np.sqrt((v**2).sum(-1)), EPSILON) for v in (t, y)]
    return -(t * y).sum(-1) / lengths[0] / lengths[1]


def binary_crossentropy(t, y):
    y = np.clip(y, EPSILON, 1 - EPSILON)
    return -(t * np.log(y) + (1 - t) * np.log(1 - y)).mean(-1)


def binary_focal_crossentropy(
    t, y, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0
):
    t = t * (1 - label_smoothing) + label_smoothing / 2
    y = 1 / (1 + np.exp(-y)) if from_logits else y
    clipped = np.clip(y, EPSILON, 1 - EPSILON)
    entropy = -(t * np.log(clipped) + (1 - t) * np.log(1 - clipped))
    weight = t * alpha + (1 - t) * (1 - alpha) if apply_class_balancing else 1
    return (weight * (1 - t * y - (1 - t) * (1 - y)) ** gamma * entropy).mean(-1)


def categorical_focal_crossentropy(
    t, y, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0
):
    t = t * (1 - label_smoothing) + label_smoothing / t.shape[-1]
    y = np.exp(y - y.max(-1, keepdims=True)) if from_logits else y
    y = np.clip(y / y.sum(-1, keepdims=True), EPSILON, 1 - EPSILON)
    return -(alpha * (1 - y) ** gamma * t * np.log(y)).sum(-1)


def dice(t, y, axis=None):
    return 1 - 2 * (t * y).sum(axis) / (t.sum(axis) + y.sum(axis) + EPSILON)


def tversky(t, y, alpha=0.5, beta=0.5, axis=None):
    common = (t * y).sum(axis)
    missed, wrong = (t * (1 - y)).sum(axis), (y * (1 - t)).sum(axis)
    return 1 - common / (common + alpha * missed + beta * wrong + EPSILON)
