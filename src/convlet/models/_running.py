"""The loss and the metrics of a run, as means over the samples so far."""

from __future__ import annotations

from typing import Any

from convlet._variable import Array
from convlet.metrics import Mean, Metric, resolve
from convlet.models._batches import Data

Logs = dict[str, float]


class Running:
    """What `compile` was given, and its state; metrics are resolved at the first batch."""

    def __init__(self, loss: Any, metrics: list[Any]) -> None:
        self.loss = loss
        self.mean = Mean(name="loss")
        self.given = metrics
        self.metrics: list[Metric] | None = None

    def reset(self) -> None:
        """Forget all samples."""
        for metric in (self.mean, *(self.metrics or ())):
            metric.reset_state()

    def update(self, value: float, batch: Data, y: Array) -> None:
        """Count a batch whose loss is `value` and whose output is y."""
        if self.metrics is None:
            self.metrics = [resolve(metric, batch.y, y) for metric in self.given]
        self.mean.update_state(value, sample_weight=len(batch.x))
        for metric in self.metrics:
            metric.update_state(batch.y, y)

    def logs(self) -> Logs:
        """By name."""
        logs: Logs = {}
        for metric in (self.mean, *(self.metrics or ())):
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
