"""fit, evaluate, predict: many batches, with callbacks and progress."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._random import make_default_seed
from convlet._variable import Array
from convlet.callbacks import Callback, CallbackList, History, Logs
from convlet.models._batches import Batches, check_data, check_inputs, with_validation
from convlet.models._progress import Progress, check_verbose
from convlet.models._steps import Steps


class Trainer(Steps):
    """Training, measuring and predicting over whole arrays."""

    stop_training = False
    history: History | None = None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        *,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
    ) -> History:
        """Train for some epochs.

        Parameters
        ----------
        x, y : array
            Inputs and targets, N first. Integers and other element types are converted batch by
            batch; a `numpy.memmap` is read batch by batch.
        batch_size : int, default 32
        epochs : int, default 1
            Passes over the data; the number of the last one where `initial_epoch` is given.
        verbose : {"auto", 0, 1, 2}
            0 prints nothing, 2 a line for each epoch, 1 or "auto" a bar (with tqdm installed).
        callbacks : list of Callback, optional
        validation_split : float, default 0.0
            Share of the samples, the last ones, that are kept for validation.
        validation_data : (x, y) or (x, y, sample_weight), optional
            Evaluated after each epoch, in place of a split.
        shuffle : bool, default True
            Whether each epoch has an order of its own.
        sample_weight : array (N,), optional
        initial_epoch : int, default 0
        validation_batch_size : int, default `batch_size`

        Returns
        -------
        History
            Its `history` has the losses and metrics of each epoch.

        Raises
        ------
        ValueError, TypeError
            If arguments do not fit.

        Notes
        -----
        KeyboardInterrupt (Ctrl-C) leaves the model with the weights, the optimizer's state and the
        random states of the last step that was finished.

        A loss is reported as the mean over the epoch's samples, each as of its own step. Order
        and dropout follow from `convlet.utils.set_random_seed`, at any number of threads.
        """
        running = self._compiled("fit")
        numbers = range(
            check_int("initial_epoch", initial_epoch, 0), check_int("epochs", epochs, 0)
        )
        if not isinstance(shuffle, bool):
            raise TypeError(f"shuffle must be True or False, got {shuffle!r}")
        data = check_data(x, y, sample_weight)
        data, held_out = with_validation(data, validation_split, validation_data)
        batches = Batches(data, batch_size, make_default_seed() if shuffle else None)
        validation = None
        if held_out is not None:
            size = batch_size if validation_batch_size is None else validation_batch_size
            validation = Batches(held_out, size)
        for part in (batches, validation):
            if part is not None:
                self._prepare(part.data.x)
        self.history = History()
        with Progress(check_verbose(verbose)) as progress:
            hooks = self._hooks(callbacks, progress, len(batches), epochs, self.history)
            self._epochs(numbers, batches, validation, running, hooks)
        return self.history

    def _hooks(
        self,
        callbacks: Any,
        progress: Progress,
        steps: int,
        epochs: int = 1,
        history: History | None = None,
    ) -> CallbackList:
        if callbacks is None or isinstance(callbacks, Callback):
            callbacks = [] if callbacks is None else [callbacks]
        own = [progress] if history is None else [progress, history]
        return CallbackList(
            [*callbacks, *own], self, verbose=progress.verbose, epochs=epochs, steps=steps
        )

    def _epochs(
        self, epochs: range, batches: Batches, validation: Any, running: Any, hooks: CallbackList
    ) -> None:
        logs: Logs = {}
        self.stop_training = False
        hooks.on_train_begin()
        for epoch in epochs:
            running.reset()
            hooks.on_epoch_begin(epoch)
            for index, batch in enumerate(batches):
                hooks.on_train_batch_begin(index)
                self._train_step(batch, running)
                hooks.on_train_batch_end(index, logs=running.logs())
                if self.stop_training:
                    break
            logs = running.logs()
            if validation is not None:
                measured = self._evaluate(validation, running, hooks)
                logs.update({f"val_{name}": value for name, value in measured.items()})
            hooks.on_epoch_end(epoch, logs=logs)
            if self.stop_training:
                break
        hooks.on_train_end(logs=logs)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        *,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Measure loss and metrics.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As for `fit`.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The mean loss over the samples, and the metrics where there are some.
        """
        running = self._compiled("evaluate")
        batches = Batches(check_data(x, y, sample_weight), batch_size)
        self._prepare(batches.data.x)
        with Progress(check_verbose(verbose)) as progress:
            self._evaluate(batches, running, self._hooks(callbacks, progress, len(batches)))
        return running.results(return_dict)

    def _evaluate(self, batches: Batches, running: Any, hooks: CallbackList) -> Logs:
        running.reset()
        hooks.on_test_begin()
        for index, batch in enumerate(batches):
            hooks.on_test_batch_begin(index)
            self._test_step(batch, running)
            hooks.on_test_batch_end(index, logs=running.logs())
        logs: Logs = running.logs()
        hooks.on_test_end(logs=logs)
        return logs

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        *,
        callbacks: Any = None,
    ) -> Array:
        """The model's output for all samples.

        Parameters
        ----------
        x, batch_size, verbose, callbacks
            As for `fit`.

        Returns
        -------
        ndarray (N, ...)
            The same bits whatever the batch size.
        """
        data = check_inputs(x)
        batches = Batches(data, batch_size)
        self._prepare(data.x)
        with Progress(check_verbose(verbose)) as progress:
            hooks = self._hooks(callbacks, progress, len(batches))
            return self._predict(batches, hooks)

    def _predict(self, batches: Batches, hooks: CallbackList) -> Array:
        result: Array | None = None
        first = 0
        hooks.on_predict_begin()
        for index, batch in enumerate(batches):
            hooks.on_predict_batch_begin(index)
            y = self(batch.x)
            if result is None:
                result = np.empty((len(batches.data.x), *y.shape[1:]), y.dtype)
            result[first : first + len(y)] = y
            first += len(y)
            hooks.on_predict_batch_end(index)
        hooks.on_predict_end()
        return self(batches.data.x) if result is None else result
