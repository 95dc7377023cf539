"""Models to save, and files to damage."""

from __future__ import annotations

import numpy as np

from convlet import Sequential, layers, losses, metrics, optimizers, utils

SHAPE = (9, 8, 2)


def small_model():
    """Nested, with random states, frozen weights, and groups and pairs in its configuration."""
    inner = Sequential(
        [layers.Conv2D(4, 3, groups=2, padding=((1, 0), (2, 1)), activation="gelu")], name="inner"
    )
    return Sequential(
        [
            layers.Input(SHAPE),
            layers.Conv2D(4, (3, 2), strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            inner,
            layers.Conv2D(2, 1, trainable=False),
            layers.Flatten(),
            layers.Dropout(0.2, seed=3),
            layers.Dense(3, activation="softmax", kernel_initializer="he_normal"),
        ],
        name="small",
    )


def compiled_model(optimizer=None):
    utils.set_random_seed(5)
    model = small_model()
    model.compile(
        optimizer or optimizers.Adam(0.01, amsgrad=True, clipnorm=3.0),
        losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy", metrics.BinaryAccuracy(threshold=0.4), "mse"],
    )
    return model


def samples(count=12):
    rng = np.random.default_rng(4)
    return rng.standard_normal((count, *SHAPE)), np.eye(3)[rng.integers(0, 3, count)]


def trained_model(optimizer=None):
    model = compiled_model(optimizer)
    for first in range(0, 12, 4):
        model.train_on_batch(*(part[first : first + 4] for part in samples()))
    return model


def state(model):
    """Everything that training changes, as bytes."""
    variables = [*model.variables, *(model.optimizer.variables if model.optimizer else [])]
    return [(v.name, v.dtype.str, v.shape, v.numpy().tobytes()) for v in variables]
