"""fit, evaluate, predict: many batches, with callbacks and progress."""

from __future__ import annotations

import warnings
from typing import Any

from convlet._integers import check_int
from convlet._reuse import Reuse
from convlet._variable import Array
from convlet.callbacks._callback import Callback, CallbackList, Logs
from convlet.callbacks._history import History
from convlet.models._outputs import Outputs
from convlet.models._passes import Passes, batches_of
from convlet.models._progress import Progress, check_verbose
from convlet.models._several import plain
from convlet.models._steps import Steps
from convlet.models._validation import check_frequency, check_validation, with_validation


class Trainer(Steps):
    """Training, measuring and predicting over whole arrays."""

    stop_training = False
    _resumed: int = 0  # the epoch at which a callback has training begin
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
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train for some epochs.

        Parameters
        ----------
        x, y : array, or list or dict of arrays
            Inputs and targets, N first; of several inputs or outputs in order or by name. Integers
            and other element types are converted batch by batch; a `numpy.memmap` is read batch by
            batch. Without y, x may be a generator or another iterable of batches (x, y) or (x, y,
            sample_weight), or have `__len__` and `__getitem__` (`utils.PyDataset`); one that is not
            iterated anew lasts for one epoch, or for `steps_per_epoch` batches in each.
        batch_size : int, default 32
            Of arrays.
        epochs : int, default 1
            Passes over the data; the number of the last one where `initial_epoch` is given.
        verbose : {"auto", 0, 1, 2}
            0 prints nothing, 2 a line for each epoch, 1 or "auto" a bar (with tqdm installed).
        callbacks : list of Callback, optional
        validation_split : float, default 0.0
            Share of the samples, the last ones, that are kept for validation.
        validation_data : (x, y), (x, y, sample_weight) or iterable of batches, optional
            Evaluated after each epoch, in place of a split.
        shuffle : bool, default True
            Whether each epoch has an order of its own, of samples, or of a PyDataset's batches.
        class_weight : dict of int to float, optional
            What the samples of a class count, 1 where it is not named; instead of `sample_weight`.
        sample_weight : array (N,), or a list or dict of one for each output, optional
        initial_epoch : int, default 0
            The order of samples is that of this epoch.
        steps_per_epoch : int, optional
            Batches of an epoch; the next one goes on from there. By default a pass over the data.
        validation_steps : int, optional
            Batches of a validation, from the first one each time; by default all.
        validation_batch_size : int, default `batch_size`
        validation_freq : int or container of int, default 1
            Every how many epochs to validate, or in which ones, counted from 1.

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
        due = check_frequency(validation_freq)
        if class_weight is not None and sample_weight is not None:
            raise ValueError("only one of class_weight and sample_weight may be given, got both")
        given, held_out = with_validation(x, y, sample_weight, validation_split, validation_data)
        batches = batches_of(*given, batch_size=batch_size, shuffle=shuffle, skip=numbers.start)
        passes = Passes(batches, steps_per_epoch, "steps_per_epoch", class_weight)
        validation = None
        if held_out is not None:
            size = batch_size if validation_batch_size is None else validation_batch_size
            validation = Passes(
                batches_of(*check_validation(held_out), batch_size=size),
                validation_steps,
                "validation_steps",
            )
        for part in (passes, validation):
            if part is not None:
                self._prepare(part.batches.first())
        self.history = History()
        with Progress(check_verbose(verbose)) as progress:
            hooks = self._hooks(callbacks, progress, passes.count, epochs, self.history)
            with Reuse():
                self._epochs(numbers, passes, (validation, due), running, hooks)
        return self.history

    def _hooks(
        self,
        callbacks: Any,
        progress: Progress,
        steps: int | None,
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
        self, epochs: range, passes: Passes, validation: Any, running: Any, hooks: CallbackList
    ) -> None:
        logs: Logs = {}
        self.stop_training, self._resumed = False, 0
        hooks.on_train_begin()
        first = min(max(epochs.start, self._resumed), epochs.stop)
        passes.batches.skip(first - epochs.start)
        for epoch in range(first, epochs.stop):
            running.reset()
            hooks.on_epoch_begin(epoch)
            index = -1
            for index, batch in enumerate(passes.epoch()):
                hooks.on_train_batch_begin(index)
                self._train_step(batch, running)
                hooks.on_train_batch_end(index, logs=running.logs())
                if self.stop_training:
                    break
            if index < 0:
                warnings.warn("x ran out of batches: training ends", stacklevel=3)
                break
            logs = running.logs()
            held_out, due = validation
            if held_out is not None and due(epoch + 1):
                measured = self._evaluate(held_out, running, hooks)
                logs.update({f"val_{name}": value for name, value in measured.items()})
            hooks.on_epoch_end(epoch, logs=logs)
            if self.stop_training:
                break
        self.optimizer.finalize_variable_values(self.trainable_weights)
        hooks.on_train_end(logs=logs)

    def resume_at(self, epoch: int) -> None:
        """Have `fit` begin at this epoch, if it is a later one: for a callback's `on_train_begin`.

        The order of samples is that of this epoch.
        """
        self._resumed = check_int("epoch", epoch, 0)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Measure loss and metrics.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As for `fit`.
        steps : int, optional
            How many batches to take; by default all.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The mean loss over the samples, and the metrics where there are some.
        """
        running = self._compiled("evaluate")
        passes = Passes(batches_of(x, y, sample_weight, batch_size=batch_size), steps)
        self._prepare(passes.batches.first())
        with Progress(check_verbose(verbose)) as progress:
            hooks = self._hooks(callbacks, progress, passes.count)
            with Reuse():
                self._evaluate(passes, running, hooks)
        return running.results(return_dict)

    def _evaluate(self, passes: Passes, running: Any, hooks: CallbackList) -> Logs:
        running.reset()
        hooks.on_test_begin()
        index = -1
        for index, batch in enumerate(passes.anew()):
            hooks.on_test_batch_begin(index)
            self._test_step(batch, running)
            hooks.on_test_batch_end(index, logs=running.logs())
        if index < 0:
            raise ValueError("validation_data ran out: it must yield batches for each validation")
        logs: Logs = running.logs()
        hooks.on_test_end(logs=logs)
        return logs

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Array:
        """The model's output for all samples.

        Parameters
        ----------
        x, batch_size, verbose, steps, callbacks
            As for `evaluate`; only the first part of batches (x, ...) is used.

        Returns
        -------
        ndarray (N, ...), or list or dict of them as the model's outputs are
            The same bits whatever the batch size.
        """
        passes = Passes(batches_of(x, batch_size=batch_size, targets=False), steps)
        self._prepare(passes.batches.first())
        with Progress(check_verbose(verbose)) as progress:
            hooks = self._hooks(callbacks, progress, passes.count)
            with Reuse():
                return self._predict(passes, hooks)

    def _predict(self, passes: Passes, hooks: CallbackList) -> Array:
        outputs = Outputs(passes.samples)
        hooks.on_predict_begin()
        for index, batch in enumerate(passes.anew()):
            hooks.on_predict_batch_begin(index)
            outputs.add(self(plain(batch.x)))
            hooks.on_predict_batch_end(index)
        hooks.on_predict_end()
        return self(plain(passes.batches.first().x)) if outputs.count == 0 else outputs.joined()
