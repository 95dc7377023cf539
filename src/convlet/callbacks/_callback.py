"""What runs between the steps of training, with Keras's hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Logs = dict[str, Any]  # numbers, or arrays of metrics that have several


class Callback:
    """Base of all callbacks: override the hooks that you need.

    Attributes
    ----------
    model : Sequential
        The model that is being trained; ``model.stop_training = True`` ends training after the
        current batch, with the epoch's validation.
    params : dict
        "verbose", "epochs" and "steps" of the run.

    Examples
    --------
    >>> from convlet.callbacks import Callback
    >>> class Show(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Called once with the model."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once with what the run is like."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation, with the epoch's results."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step, with the means of the epoch so far."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation, with its results."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction."""


class CallbackList:
    """Calls the same hook of several callbacks, in order, with the same logs.

    Parameters
    ----------
    callbacks : iterable of Callback
    model : Sequential
    **params
        Handed to each callback's `set_params`.

    Raises
    ------
    TypeError
        If one is no `Callback`.

    Notes
    -----
    It has every hook of `Callback`; logs are given by keyword. What one callback adds to them,
    those after it see: a `History` comes last.
    """

    def __init__(self, callbacks: Iterable[Callback], model: Any, **params: Any) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks must be Callbacks, got {callback!r}")
        for callback in self.callbacks:
            callback.set_params(params)
            callback.set_model(model)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if not name.startswith("on_") or not hasattr(Callback, name):
            raise AttributeError(f"CallbackList has no attribute {name!r}")

        def call(*arguments: Any, logs: Logs | None = None) -> None:
            shared: Logs = {} if logs is None else logs
            for callback in self.callbacks:
                getattr(callback, name)(*arguments, shared)

        return call
