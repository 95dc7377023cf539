"""What runs between the steps of training, with Keras's hooks, names and decisions."""

from __future__ import annotations

from convlet.callbacks._backup import BackupAndRestore
from convlet.callbacks._callback import Callback, CallbackList
from convlet.callbacks._callback import Logs as Logs
from convlet.callbacks._csv_logger import CSVLogger
from convlet.callbacks._early_stopping import EarlyStopping
from convlet.callbacks._functions import LambdaCallback
from convlet.callbacks._history import History
from convlet.callbacks._learning_rate import LearningRateScheduler
from convlet.callbacks._model_checkpoint import ModelCheckpoint
from convlet.callbacks._plateau import ReduceLROnPlateau
from convlet.callbacks._swap_averages import SwapEMAWeights
from convlet.callbacks._tensorboard import TensorBoard
from convlet.callbacks._terminate import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
