"""What training reports beside the loss, by Keras's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.metrics._accuracy import Accuracy as Accuracy
    from convlet.metrics._accuracy import BinaryAccuracy as BinaryAccuracy
    from convlet.metrics._accuracy import CategoricalAccuracy as CategoricalAccuracy
    from convlet.metrics._accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
    from convlet.metrics._accuracy import (
        SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
    )
    from convlet.metrics._accuracy import TopKCategoricalAccuracy as TopKCategoricalAccuracy
    from convlet.metrics._auc import AUC as AUC
    from convlet.metrics._confusion import FalseNegatives as FalseNegatives
    from convlet.metrics._confusion import FalsePositives as FalsePositives
    from convlet.metrics._confusion import Precision as Precision
    from convlet.metrics._confusion import Recall as Recall
    from convlet.metrics._confusion import TrueNegatives as TrueNegatives
    from convlet.metrics._confusion import TruePositives as TruePositives
    from convlet.metrics._f_score import F1Score as F1Score
    from convlet.metrics._f_score import FBetaScore as FBetaScore
    from convlet.metrics._iou import BinaryIoU as BinaryIoU
    from convlet.metrics._iou import IoU as IoU
    from convlet.metrics._iou import MeanIoU as MeanIoU
    from convlet.metrics._iou import OneHotIoU as OneHotIoU
    from convlet.metrics._iou import OneHotMeanIoU as OneHotMeanIoU
    from convlet.metrics._losses import BinaryCrossentropy as BinaryCrossentropy
    from convlet.metrics._losses import CategoricalCrossentropy as CategoricalCrossentropy
    from convlet.metrics._losses import CategoricalHinge as CategoricalHinge
    from convlet.metrics._losses import CosineSimilarity as CosineSimilarity
    from convlet.metrics._losses import Hinge as Hinge
    from convlet.metrics._losses import KLDivergence as KLDivergence
    from convlet.metrics._losses import LogCoshError as LogCoshError
    from convlet.metrics._losses import MeanAbsoluteError as MeanAbsoluteError
    from convlet.metrics._losses import MeanAbsolutePercentageError as MeanAbsolutePercentageError
    from convlet.metrics._losses import MeanSquaredError as MeanSquaredError
    from convlet.metrics._losses import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
    from convlet.metrics._losses import Poisson as Poisson
    from convlet.metrics._losses import RootMeanSquaredError as RootMeanSquaredError
    from convlet.metrics._losses import (
        SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    )
    from convlet.metrics._losses import SquaredHinge as SquaredHinge
    from convlet.metrics._metric import Mean as Mean
    from convlet.metrics._metric import Metric as Metric
    from convlet.metrics._metric import Sum as Sum
    from convlet.metrics._names import deserialize as deserialize
    from convlet.metrics._names import get as get
    from convlet.metrics._names import serialize as serialize
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_accuracy": (
                "Accuracy",
                "BinaryAccuracy",
                "CategoricalAccuracy",
                "SparseCategoricalAccuracy",
                "SparseTopKCategoricalAccuracy",
                "TopKCategoricalAccuracy",
            ),
            "_auc": ("AUC",),
            "_confusion": (
                "FalseNegatives",
                "FalsePositives",
                "Precision",
                "Recall",
                "TrueNegatives",
                "TruePositives",
            ),
            "_f_score": (
                "F1Score",
                "FBetaScore",
            ),
            "_iou": (
                "BinaryIoU",
                "IoU",
                "MeanIoU",
                "OneHotIoU",
                "OneHotMeanIoU",
            ),
            "_losses": (
                "BinaryCrossentropy",
                "CategoricalCrossentropy",
                "CategoricalHinge",
                "CosineSimilarity",
                "Hinge",
                "KLDivergence",
                "LogCoshError",
                "MeanAbsoluteError",
                "MeanAbsolutePercentageError",
                "MeanSquaredError",
                "MeanSquaredLogarithmicError",
                "Poisson",
                "RootMeanSquaredError",
                "SparseCategoricalCrossentropy",
                "SquaredHinge",
            ),
            "_metric": (
                "Mean",
                "Metric",
                "Sum",
            ),
            "_names": (
                "deserialize",
                "get",
                "serialize",
            ),
        },
    )
