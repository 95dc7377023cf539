"""The loss and the metrics of a run, as means over the samples so far."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from convlet.callbacks._callback import Logs
from convlet.layers._symbolic import flatten
from convlet.metrics._metric import Mean, Metric
from convlet.metrics._names import get, resolve
from convlet.models._batches import Data
from convlet.models._joint import JointLoss, Total
from convlet.models._several import by_output, weights_by_output


class Running:
    """The loss and metrics that `compile` was given, and their state; weights are the given ones.

    `outputs` are the names of several outputs, each with metrics of its own; else None. Samples
    count by their weights in the `weighted` metrics, which come last.
    """

    def __init__(
        self,
        loss: Any,
        metrics: Any,
        weighted: Any = (),
        outputs: list[str] | None = None,
        loss_weights: Any = None,
    ) -> None:
        self.loss = loss
        self.given, self.weighted, self.weights = metrics, weighted, loss_weights
        self.outputs = outputs
        self.mean = Mean(name="loss")
        joint = loss.names if isinstance(loss, JointLoss) else []
        self.parts = [Mean(name=f"{name}_loss") for name in joint] if len(joint) > 1 else []
        # Which metric "accuracy" is shows at the first batch.
        self.metrics: list[list[Metric]] | None = None
        plain, by_weight = (
            [_listed(given)] if outputs is None else _each(given, outputs)
            for given in (metrics, weighted)
        )
        self.unweighted = [len(one) for one in plain]
        self.wanted = [[*one, *other] for one, other in zip(plain, by_weight, strict=True)]
        for metric in chain.from_iterable(self.wanted):
            if str(metric).lower() not in ("accuracy", "acc"):
                get(metric)

    def all(self) -> list[Metric]:
        """The means of the losses, and the metrics as far as they are known."""
        return [self.mean, *self.parts, *chain.from_iterable(self.metrics or ())]

    def reset(self) -> None:
        """Forget all samples."""
        for metric in self.all():
            metric.reset_state()

    def update(self, value: float, batch: Data, y: Any) -> None:
        """Count a batch whose loss is `value` and whose output is y."""
        if self.outputs is None:
            pairs, weights = [(batch.y, y)], [batch.sample_weight]
        else:
            pairs = list(zip(by_output("y", batch.y, self.outputs), flatten(y), strict=True))
            weights = weights_by_output(batch.sample_weight, self.outputs)
        if self.metrics is None:
            self.metrics = [
                [resolve(metric, np.asarray(one[0]), one[1]) for metric in wanted]
                for wanted, one in zip(self.wanted, pairs, strict=True)
            ]
        self.mean.update_state(value, sample_weight=len(batch.x))
        if self.parts and isinstance(value, Total):
            for mean, part in zip(self.parts, value.parts, strict=True):
                mean.update_state(part, sample_weight=len(batch.x))
        for place, metrics in enumerate(self.metrics):
            for number, metric in enumerate(metrics):
                by_weight = number >= self.unweighted[place] and weights[place] is not None
                metric.update_state(*pairs[place], *([weights[place]] if by_weight else []))

    def logs(self) -> Logs:
        """By name: losses, then metrics, those of several outputs sorted, as in Keras."""
        logs: Logs = {}
        for loss in (self.mean, *self.parts):
            logs[loss.name] = float(loss.result())
        found: Logs = {}
        for output, metrics in zip(self.outputs or [""], self.metrics or [[]], strict=False):
            for metric in metrics:
                whole = f"{output}_{metric.name}" if self.outputs else metric.name
                name, number = whole, 1
                while name in logs or name in found:
                    name, number = f"{whole}_{number}", number + 1
                result = metric.result()
                found[name] = result if isinstance(result, np.ndarray) else float(result)
        logs.update(sorted(found.items()) if self.outputs else found)
        return logs

    def results(self, as_dict: bool) -> Any:
        """The loss alone, a list with the metrics, or a dictionary."""
        logs = self.logs()
        values = list(logs.values())
        return logs if as_dict else values if len(values) > 1 else values[0]


def _listed(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    return list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]


def _each(metrics: Any, outputs: list[str]) -> list[list[Any]]:
    """The metrics of each output."""
    if not metrics:
        return [[] for _ in outputs]
    return [_listed(one) for one in by_output("metrics", metrics, outputs)]
