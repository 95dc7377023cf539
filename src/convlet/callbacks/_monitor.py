"""Whether a monitored value has become better."""

from __future__ import annotations

from typing import Any

from convlet.callbacks._callback import Callback, Logs


class MonitorCallback(Callback):
    """Base of callbacks that act on one of the epoch's results.

    Parameters
    ----------
    monitor : str
        Its name, such as "val_loss".
    mode : {"auto", "min", "max"}
        Which way is better; "auto" asks the metric, and a loss is better when it is less.
    baseline : float or None
        What the first value has to surpass.
    min_delta : float
        By how much a value has to be better; the sign does not matter.
    """

    def __init__(
        self, monitor: str, mode: str, baseline: float | None = None, min_delta: float = 0.0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'mode must be "auto", "min" or "max", got {mode!r}')
        self.monitor, self.mode = monitor, mode
        self.best = baseline
        self.min_delta = abs(min_delta)

    def is_improvement(self, value: Any, reference: Any) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`; than None always."""
        rising = self._rising()
        if reference is None:
            return True
        if rising:
            return bool(value - self.min_delta > reference)
        return bool(value + self.min_delta < reference)

    def _rising(self) -> bool:
        """Whether more is better."""
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", ()):
            direction = getattr(metric, "direction", None)
            if metric.name == name and direction is not None:
                return bool(direction == "up")
        if name == "loss":
            return False
        raise ValueError(
            f'mode must be "min" or "max" for monitor={self.monitor!r}: '
            "which way is better is not known"
        )

    def available(self, logs: Logs) -> str:
        """The names of the results, for a warning."""
        return ", ".join(logs) or "none"


def say(text: str, verbose: int) -> None:
    """Print it if `verbose` is above 0."""
    if verbose > 0:
        print(text, flush=True)
