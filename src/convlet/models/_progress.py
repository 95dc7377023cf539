"""What `fit`, `evaluate` and `predict` show while they work."""

from __future__ import annotations

import time
from typing import Any

from convlet.callbacks._callback import Callback, Logs

_BAR = "{desc} {bar:20} {n_fmt}/{total_fmt} [{elapsed}<{remaining}] "


class Progress(Callback):
    """A bar for each epoch where tqdm is installed, a line for each otherwise.

    `verbose`: 1 a bar, 2 lines, 0 nothing. As a context, it leaves no bar open behind it.
    """

    def __init__(self, verbose: int) -> None:
        super().__init__()
        self.verbose = verbose
        self.training = False
        self.bar: Any = None
        self.title = ""
        self.start = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Evaluations from now on are validations, reported with their epoch."""
        self.training = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin a bar."""
        self._begin(f"Epoch {epoch + 1}/{self.params['epochs']}")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move the bar."""
        self._advance(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Finish the bar, or print the line."""
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Begin a bar, unless a validation's."""
        if not self.training:
            self._begin("Evaluate")

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move the bar."""
        if not self.training:
            self._advance(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Finish the bar."""
        if not self.training:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Begin a bar."""
        self._begin("Predict")

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move the bar."""
        self._advance(None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Finish the bar."""
        self._finish(None)

    def _begin(self, title: str) -> None:
        self.title, self.start = title, time.perf_counter()
        bar = _bar_class() if self.verbose == 1 else None
        if bar is not None:
            self.bar = bar(total=self.params["steps"], desc=title, bar_format=_BAR)

    def _advance(self, logs: Logs | None) -> None:
        if self.bar is not None:
            self.bar.bar_format = _bar_format(logs)
            self.bar.update()

    def _finish(self, logs: Logs | None) -> None:
        if self.bar is not None:
            self.bar.bar_format = _bar_format(logs)
            self._close()
        elif self.verbose:
            seconds = time.perf_counter() - self.start
            print(f"{self.title} - {seconds:.1f} s{' - ' * bool(logs)}{_values(logs)}", flush=True)

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def check_verbose(verbose: Any) -> int:
    """0, 1 or 2; "auto" is 1."""
    if verbose == "auto":
        return 1
    if verbose not in (0, 1, 2):
        raise ValueError(f'verbose must be "auto", 0, 1 or 2, got {verbose!r}')
    return int(verbose)


def _bar_class() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def _bar_format(logs: Logs | None) -> str:
    return _BAR + _values(logs).replace("{", "{{").replace("}", "}}")


def _values(logs: Logs | None) -> str:
    """Names and values."""
    return " - ".join(f"{name}: {_text(value)}" for name, value in (logs or {}).items())


def _text(value: Any) -> str:
    """A number, a small one with an exponent; several in brackets."""
    if getattr(value, "ndim", 0):
        return f"[{' '.join(map(_text, value))}]"
    return f"{value:.4f}" if not 0 < abs(value) <= 1e-3 else f"{value:.4e}"
