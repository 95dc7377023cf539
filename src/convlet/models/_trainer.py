"""compile, fit, evaluate, predict: what makes a model learn, and measures it."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._random import make_default_seed
from convlet._variable import Array
from convlet.models._batches import Batches, Data, check_data, split

Logs = dict[str, float]


class Trainer:
    """Training for a model that has `__call__`, `vjp`, `cast` and `trainable_weights`."""

    _running: Any = None  # what compile leaves for the steps
    stop_training = False

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None) -> None:
        """Choose how the model learns.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, Loss or function of `convlet.losses`, optional
            Needed for all but `predict`.
        metrics : list of str or Metric, optional
            "accuracy" becomes the binary, sparse or categorical one, as targets and outputs are.

        Raises
        ------
        ValueError, TypeError
            If one of them is not known.
        """
        from convlet import losses, optimizers
        from convlet.models._running import Running

        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise TypeError(f"metrics must be a list, got {metrics!r}")
        running = Running(None if loss is None else losses.get(loss), list(metrics or ()))
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self._running = running

    def _compiled(self, method: str, *, with_loss: bool = True) -> Any:
        if self._running is None or (with_loss and self._running.loss is None):
            raise ValueError(f"call compile(optimizer, loss) before {method}()")
        return self._running

    # -------------------------------------------------------------------------------------- steps

    def _check_targets(self, data: Data) -> Data:
        if data.y is None:
            raise ValueError("y must be given: the loss compares the model's output with it")
        return data

    def _train_step(self, batch: Data, running: Any) -> None:
        """One step; weights, optimizer and random states change together at its end, or not."""
        x = self.cast(batch.x)  # type: ignore[attr-defined]
        y, pullback = self.vjp(x, True)  # type: ignore[attr-defined]
        value, loss_pullback = running.loss.vjp(batch.y, y, batch.sample_weight)
        _, grads = pullback(loss_pullback(), needs_dx=False)
        weights = self.trainable_weights  # type: ignore[attr-defined]
        self.optimizer.apply(grads, weights, updates=pullback.updates)
        running.update(value, batch, y)

    def _test_step(self, batch: Data, running: Any) -> None:
        y = self(batch.x)  # type: ignore[operator]
        running.update(running.loss(batch.y, y, batch.sample_weight), batch, y)

    def _prepare(self, x: Array) -> None:
        """Build for arrays like x."""
        self._check_layers()  # type: ignore[attr-defined]
        self.ensure_built((None, *x.shape[1:]))  # type: ignore[attr-defined]

    # ---------------------------------------------------------------------------------- one batch

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Make one step on one batch.

        Parameters
        ----------
        x, y : array
            Inputs and targets, N first.
        sample_weight : array (N,), optional
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The loss, and the metrics where there are some, before the step.
        """
        running = self._compiled("train_on_batch")
        batch = self._check_targets(check_data(x, y, sample_weight))
        self._prepare(batch.x)
        running.reset()
        self._train_step(batch, running)
        return running.results(return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Measure loss and metrics on one batch; parameters and result as `train_on_batch`."""
        running = self._compiled("test_on_batch")
        batch = self._check_targets(check_data(x, y, sample_weight))
        self._prepare(batch.x)
        running.reset()
        self._test_step(batch, running)
        return running.results(return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """The output for one batch."""
        return self(check_data(x, None).x)  # type: ignore[operator]

    # ---------------------------------------------------------------------------------- all of it

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
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
    ) -> Any:
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
            0 prints nothing, 2 a line for each epoch, 1 a bar (with tqdm installed).
        callbacks : list of Callback, optional
        validation_split : float, default 0.0
            Share of the samples, the last ones, that are kept for validation.
        validation_data : (x, y) or (x, y, sample_weight), optional
            Evaluated after each epoch.
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
            If arguments do not fit, before anything is trained.

        Notes
        -----
        KeyboardInterrupt (Ctrl-C) leaves the model with the weights, the optimizer's state and the
        random states of the last step that was finished.
        """
        from convlet.callbacks import CallbackList, History
        from convlet.layers._layer import positive_int
        from convlet.models._progress import Progress, check_verbose

        running = self._compiled("fit")
        data = self._check_targets(check_data(x, y, sample_weight))
        data, validation = _with_validation(data, validation_split, validation_data)
        if len(data.x) == 0:
            raise ValueError("x must have at least one sample, got none")
        verbose = check_verbose(verbose)
        positive_int("epochs", epochs)
        seed = make_default_seed() if shuffle else None
        batches = Batches(data, batch_size, seed)
        self._prepare(data.x)
        history = History()
        shown = [Progress(verbose)] if verbose else []
        hooks = CallbackList(
            [history, *_as_list(callbacks), *shown],
            self,
            verbose=verbose,
            epochs=epochs,
            steps=len(batches),
        )
        held_out = None
        if validation is not None:
            held_out = Batches(self._check_targets(validation), validation_batch_size or batch_size)
        self.stop_training = False
        hooks.on_train_begin()
        try:
            for epoch in range(initial_epoch, epochs):
                self._epoch(epoch, batches, held_out, running, hooks)
                if self.stop_training:
                    break
        finally:
            hooks.on_train_end(logs=_last(history.history))
        return history

    def _epoch(
        self, epoch: int, batches: Batches, held_out: Batches | None, running: Any, hooks: Any
    ) -> None:
        running.reset()
        hooks.on_epoch_begin(epoch)
        for index, batch in enumerate(batches):
            hooks.on_train_batch_begin(index)
            self._train_step(batch, running)
            hooks.on_train_batch_end(index, logs=running.logs())
        logs = running.logs()
        if held_out is not None:
            measured = self._evaluate(held_out, running, hooks)
            logs.update({f"val_{name}": value for name, value in measured.items()})
        hooks.on_epoch_end(epoch, logs=logs)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
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
        from convlet.callbacks import CallbackList
        from convlet.models._progress import Progress, check_verbose

        running = self._compiled("evaluate")
        data = self._check_targets(check_data(x, y, sample_weight))
        if len(data.x) == 0:
            raise ValueError("x must have at least one sample, got none")
        batches = Batches(data, batch_size)
        self._prepare(data.x)
        verbose = check_verbose(verbose)
        shown = [Progress(verbose)] if verbose else []
        hooks = CallbackList(
            [*_as_list(callbacks), *shown], self, verbose=verbose, steps=len(batches)
        )
        self._evaluate(batches, running, hooks)
        return running.results(return_dict)

    def _evaluate(self, batches: Batches, running: Any, hooks: Any) -> Logs:
        running.reset()
        hooks.on_test_begin()
        for index, batch in enumerate(batches):
            hooks.on_test_batch_begin(index)
            self._test_step(batch, running)
            hooks.on_test_batch_end(index, logs=running.logs())
        hooks.on_test_end(logs=running.logs())
        return running.logs()

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", callbacks: Any = None
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
        from convlet.callbacks import CallbackList
        from convlet.models._progress import Progress, check_verbose

        data = check_data(x, None)
        batches = Batches(data, batch_size)
        self._prepare(data.x)
        verbose = check_verbose(verbose)
        shown = [Progress(verbose)] if verbose else []
        hooks = CallbackList(
            [*_as_list(callbacks), *shown], self, verbose=verbose, steps=len(batches)
        )
        shape = self.compute_output_shape(data.x.shape)  # type: ignore[attr-defined]
        result: Array | None = None
        hooks.on_predict_begin()
        for index, batch in enumerate(batches):
            hooks.on_predict_batch_begin(index)
            y = self(batch.x)  # type: ignore[operator]
            if result is None:
                result = np.empty((len(data.x), *y.shape[1:]), y.dtype)
            result[index * batches.size : index * batches.size + len(y)] = y
            hooks.on_predict_batch_end(index)
        hooks.on_predict_end()
        return np.empty(shape, self.cast(data.x).dtype) if result is None else result  # type: ignore[attr-defined]


def _with_validation(data: Data, fraction: float, given: Any) -> tuple[Data, Data | None]:
    if given is not None:
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ValueError(
                "validation_data must be (x, y) or (x, y, sample_weight), got "
                f"{type(given).__name__}"
                + (f" of {len(given)}" if hasattr(given, "__len__") else "")
            )
        return data, check_data(*given)
    return split(data, fraction) if fraction else (data, None)


def _as_list(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _last(history: dict[str, list[float]]) -> Logs:
    return {name: values[-1] for name, values in history.items()}
