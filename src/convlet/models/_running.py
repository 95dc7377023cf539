"""The loss and the metrics of a run, as means over the samples so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.callbacks import Logs
from convlet.losses import Loss
from convlet.metrics import Mean, Metric, get, resolve
from convlet.models._batches import Data


class Running:
    """The loss and metrics that `compile` was given, and their state."""

    def __init__(self, loss: Loss | None, metrics: list[Any]) -> None:
        self.loss = loss
        self.mean = Mean(name="loss")
        self.given = metrics
        self.metrics: list[Metric] | None = None  # which "accuracy" shows at the first batch
        for metric in metrics:
            if str(metric).lower() not in ("accuracy", "acc"):
                get(metric)

    def all(self) -> list[Metric]:
        """The mean of the loss, and the metrics as far as they are known."""
        return [self.mean, *(self.metrics or ())]

    def reset(self) -> None:
        """Forget all samples."""
        for metric in self.all():
            metric.reset_state()

    def update(self, value: float, batch: Data, y: Array) -> None:
        """Count a batch whose loss is `value` and whose output is y."""
        if self.metrics is None:
            y_true = np.asarray(batch.y)
            self.metrics = [resolve(metric, y_true, y) for metric in self.given]
        self.mean.update_state(value, sample_weight=len(batch.x))
        for metric in self.metrics:
            metric.update_state(batch.y, y)

    def logs(self) -> Logs:
        """By name."""
        logs: Logs = {}
        for metric in self.all():
            name, number = metric.name, 1
            while name in logs:
                name, number = f"{metric.name}_{number}", number + 1
            logs[name] = float(metric.result())
        return logs

    def results(self, as_dict: bool) -> Any:
        """The loss alone, a list with the metrics, or a dictionary."""
        logs = self.logs()
        values = list(logs.values())
        return logs if as_dict else values if len(values) > 1 else values[0]
