"""What training makes small, by Keras's names: as objects, and as functions of each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.losses._cosine import CosineSimilarity as CosineSimilarity
    from convlet.losses._cosine import cosine_similarity as cosine_similarity
    from convlet.losses._crossentropy import BinaryCrossentropy as BinaryCrossentropy
    from convlet.losses._crossentropy import CategoricalCrossentropy as CategoricalCrossentropy
    from convlet.losses._crossentropy import (
        SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    )
    from convlet.losses._crossentropy import binary_crossentropy as binary_crossentropy
    from convlet.losses._crossentropy import categorical_crossentropy as categorical_crossentropy
    from convlet.losses._crossentropy import (
        sparse_categorical_crossentropy as sparse_categorical_crossentropy,
    )
    from convlet.losses._focal import BinaryFocalCrossentropy as BinaryFocalCrossentropy
    from convlet.losses._focal import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
    from convlet.losses._focal import binary_focal_crossentropy as binary_focal_crossentropy
    from convlet.losses._focal import (
        categorical_focal_crossentropy as categorical_focal_crossentropy,
    )
    from convlet.losses._hinge import CategoricalHinge as CategoricalHinge
    from convlet.losses._hinge import Hinge as Hinge
    from convlet.losses._hinge import SquaredHinge as SquaredHinge
    from convlet.losses._hinge import categorical_hinge as categorical_hinge
    from convlet.losses._hinge import hinge as hinge
    from convlet.losses._hinge import squared_hinge as squared_hinge
    from convlet.losses._loss import Loss as Loss
    from convlet.losses._names import deserialize as deserialize
    from convlet.losses._names import get as get
    from convlet.losses._names import serialize as serialize
    from convlet.losses._overlap import Dice as Dice
    from convlet.losses._overlap import Tversky as Tversky
    from convlet.losses._overlap import dice as dice
    from convlet.losses._overlap import tversky as tversky
    from convlet.losses._regression import Huber as Huber
    from convlet.losses._regression import KLDivergence as KLDivergence
    from convlet.losses._regression import LogCosh as LogCosh
    from convlet.losses._regression import MeanAbsoluteError as MeanAbsoluteError
    from convlet.losses._regression import (
        MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    )
    from convlet.losses._regression import MeanSquaredError as MeanSquaredError
    from convlet.losses._regression import (
        MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    )
    from convlet.losses._regression import Poisson as Poisson
    from convlet.losses._regression import huber as huber
    from convlet.losses._regression import kl_divergence as kl_divergence
    from convlet.losses._regression import log_cosh as log_cosh
    from convlet.losses._regression import mean_absolute_error as mean_absolute_error
    from convlet.losses._regression import (
        mean_absolute_percentage_error as mean_absolute_percentage_error,
    )
    from convlet.losses._regression import mean_squared_error as mean_squared_error
    from convlet.losses._regression import (
        mean_squared_logarithmic_error as mean_squared_logarithmic_error,
    )
    from convlet.losses._regression import poisson as poisson
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_cosine": (
                "CosineSimilarity",
                "cosine_similarity",
            ),
            "_crossentropy": (
                "BinaryCrossentropy",
                "CategoricalCrossentropy",
                "SparseCategoricalCrossentropy",
                "binary_crossentropy",
                "categorical_crossentropy",
                "sparse_categorical_crossentropy",
            ),
            "_focal": (
                "BinaryFocalCrossentropy",
                "CategoricalFocalCrossentropy",
                "binary_focal_crossentropy",
                "categorical_focal_crossentropy",
            ),
            "_hinge": (
                "CategoricalHinge",
                "Hinge",
                "SquaredHinge",
                "categorical_hinge",
                "hinge",
                "squared_hinge",
            ),
            "_loss": ("Loss",),
            "_names": (
                "deserialize",
                "get",
                "serialize",
            ),
            "_overlap": (
                "Dice",
                "Tversky",
                "dice",
                "tversky",
            ),
            "_regression": (
                "Huber",
                "KLDivergence",
                "LogCosh",
                "MeanAbsoluteError",
                "MeanAbsolutePercentageError",
                "MeanSquaredError",
                "MeanSquaredLogarithmicError",
                "Poisson",
                "huber",
                "kl_divergence",
                "log_cosh",
                "mean_absolute_error",
                "mean_absolute_percentage_error",
                "mean_squared_error",
                "mean_squared_logarithmic_error",
                "poisson",
            ),
        },
    )
