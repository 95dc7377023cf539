"""What runs between the steps of training, with Keras's hooks, names and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.callbacks._backup import BackupAndRestore as BackupAndRestore
    from convlet.callbacks._callback import Callback as Callback
    from convlet.callbacks._callback import CallbackList as CallbackList
    from convlet.callbacks._csv_logger import CSVLogger as CSVLogger
    from convlet.callbacks._early_stopping import EarlyStopping as EarlyStopping
    from convlet.callbacks._functions import LambdaCallback as LambdaCallback
    from convlet.callbacks._history import History as History
    from convlet.callbacks._learning_rate import LearningRateScheduler as LearningRateScheduler
    from convlet.callbacks._model_checkpoint import ModelCheckpoint as ModelCheckpoint
    from convlet.callbacks._plateau import ReduceLROnPlateau as ReduceLROnPlateau
    from convlet.callbacks._swap_averages import SwapEMAWeights as SwapEMAWeights
    from convlet.callbacks._tensorboard import TensorBoard as TensorBoard
    from convlet.callbacks._terminate import TerminateOnNaN as TerminateOnNaN
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_backup": ("BackupAndRestore",),
            "_callback": (
                "Callback",
                "CallbackList",
            ),
            "_csv_logger": ("CSVLogger",),
            "_early_stopping": ("EarlyStopping",),
            "_functions": ("LambdaCallback",),
            "_history": ("History",),
            "_learning_rate": ("LearningRateScheduler",),
            "_model_checkpoint": ("ModelCheckpoint",),
            "_plateau": ("ReduceLROnPlateau",),
            "_swap_averages": ("SwapEMAWeights",),
            "_tensorboard": ("TensorBoard",),
            "_terminate": ("TerminateOnNaN",),
        },
    )
