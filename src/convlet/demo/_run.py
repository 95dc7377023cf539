"""The demo from data to pictures, telling what it does on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.demo._data import CLASSES, DemoError, load_digits
from convlet.demo._network import lecture_cnn

if TYPE_CHECKING:
    from convlet.demo._data import Digits, PathLike
    from convlet.models import Sequential

Show = Callable[[str], Any]

EPOCHS = 12
BATCH_SIZE = 128

_WHY_ADADELTA = """\
Compiled with categorical cross-entropy and Adadelta(learning_rate=1.0).
  Why 1.0? It was Keras's default when the lecture was written. Adadelta finds its own step
  lengths, and 1.0 takes them as they are. Today's default, 0.001, shortens every step a
  thousandfold and would learn next to nothing in {epochs} {epoch_word}."""


@dataclass(frozen=True)
class DemoResult:
    """What a run of the demo measured; times are wall-clock seconds."""

    accuracy: float
    seconds_per_epoch: float
    images_per_second: float
    fingerprint: str
    history: dict[str, list[float]]
    pictures: tuple[Path, ...]


def run(
    data: PathLike | None = None,
    *,
    epochs: int = EPOCHS,
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
    output: PathLike | None = None,
    verbose: int = 1,
    show: Show = print,
) -> DemoResult:
    """Train the lecture's CNN on digits, score it on digits it has not seen, and draw pictures.

    Parameters
    ----------
    data : path-like or None
        See `convlet.demo._data.load_digits`.
    epochs, batch_size : int
        How often to go through the training digits, and how many to a step.
    seed : int, default 0
        Fixes split, initial weights, order and dropout; equal seeds give equal bits.
    output : path-like or None
        Directory for the model and the pictures, created if need be; None writes neither.
    verbose : int, default 1
        Passed on to ``fit``: 1 shows progress, 0 is silent.
    show : callable, default print
        Takes each piece of the report.

    Returns
    -------
    DemoResult

    Raises
    ------
    DemoError
        If there are no digits to learn from, or `output` cannot be written to.
    """
    directory = _prepared(output)
    digits = load_digits(data, seed=seed)
    show(_data_text(digits, seed if data is None else None))
    from convlet import utils

    utils.set_random_seed(seed)
    model = lecture_cnn()
    model.summary(explain=True, print_fn=show)
    show("\n" + _WHY_ADADELTA.format(epochs=epochs, epoch_word=_epochs_word(epochs)) + "\n")
    history, seconds = _train(model, digits, epochs, batch_size, verbose, show)
    probabilities = model.predict(digits.x_test, batch_size=batch_size, verbose=0)
    predicted = probabilities.argmax(axis=1)
    right = int(np.count_nonzero(predicted == digits.y_test))
    images_per_second, latency = _inference_speed(model, digits.x_test, batch_size)
    fingerprint = weights_fingerprint(model)
    show(
        f"\nHeld-out accuracy  {right / len(predicted):.4f}"
        f"  ({right:,} of {len(predicted):,} digits it had never seen)\n"
        f"Time per epoch     {seconds:.2f} s  (learning from {len(digits.y_train):,} digits)\n"
        f"Inference          {images_per_second:,.0f} images/s in batches of {batch_size};"
        f" {latency * 1e3:.2f} ms for one image\n"
        f"Weights            {fingerprint}  (the same seed gives the same bits)\n"
        + _mistakes_text(digits.y_test, predicted)
    )
    _save(directory, model, show)
    pictures = _pictures(directory, model, digits, probabilities, history, show)
    accuracy = right / len(predicted)
    return DemoResult(accuracy, seconds, images_per_second, fingerprint, history, pictures)


def _prepared(output: PathLike | None) -> Path | None:
    """Make the directory for the pictures before the work, not after it."""
    if output is None:
        return None
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"--output: cannot make the directory {output}: {error}") from error
    return Path(output)


def weights_fingerprint(model: Sequential) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of all weights' bytes."""
    import hashlib

    digest = hashlib.sha256()
    for weights in model.get_weights():
        digest.update(weights.tobytes())
    return digest.hexdigest()[:16]


def _epochs_word(epochs: int) -> str:
    return "epoch" if epochs == 1 else "epochs"


def _data_text(digits: Digits, seed: int | None) -> str:
    chosen = "" if seed is None else f", the same number of each digit, chosen by seed {seed}"
    return (
        "The lecture's CNN on handwritten digits\n\n"
        f"Data: {digits.source}.\n"
        f"      {len(digits.y_train):,} to learn from, {len(digits.y_test):,} held out{chosen}.\n"
    )


def _train(
    model: Sequential, digits: Digits, epochs: int, batch_size: int, verbose: int, show: Show
) -> tuple[dict[str, list[float]], float]:
    """Fit the model; return (history as a dict, median seconds an epoch spends in learning)."""
    import convlet
    from convlet import losses, optimizers, utils

    model.compile(
        loss=losses.categorical_crossentropy,
        optimizer=optimizers.Adadelta(learning_rate=1.0),
        metrics=["accuracy"],
    )
    threads = convlet.get_num_threads()
    show(
        f"Training: {epochs} {_epochs_word(epochs)} in batches of {batch_size}"
        f" on {threads} thread{'s' if threads > 1 else ''}"
    )
    clock = _epoch_clock()
    history = model.fit(
        digits.x_train,
        utils.to_categorical(digits.y_train, CLASSES),
        batch_size=batch_size,
        epochs=epochs,
        verbose=verbose,
        validation_data=(digits.x_test, utils.to_categorical(digits.y_test, CLASSES)),
        callbacks=[clock],
    )
    return history.history, median(clock.seconds)


def _epoch_clock() -> Any:
    from convlet.callbacks import Callback

    class EpochClock(Callback):
        """Seconds from an epoch's begin to the end of its last training batch."""

        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.seconds.append(0.0)
            self._start = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seconds[-1] = time.perf_counter() - self._start

    return EpochClock()


def _inference_speed(
    model: Sequential, images: np.ndarray, batch_size: int, budget: float = 1.0
) -> tuple[float, float]:
    """Return (images per second of `predict`, seconds for a single image), medians of runs."""
    throughput = _median_seconds(
        lambda: model.predict(images, batch_size=batch_size, verbose=0), budget
    )
    latency = _median_seconds(lambda: model(images[:1]), budget / 4)
    return len(images) / throughput, latency


def _median_seconds(call: Callable[[], Any], budget: float) -> float:
    times: list[float] = []
    stop = time.perf_counter() + budget
    while len(times) < 3 or time.perf_counter() < stop:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def _mistakes_text(labels: np.ndarray, predicted: np.ndarray, most: int = 3) -> str:
    """One line on the pairs that were mixed up most often."""
    from collections import Counter

    wrong = labels != predicted
    pairs = Counter(zip(labels[wrong].tolist(), predicted[wrong].tolist(), strict=True))
    if not pairs:
        return "Mistakes           none"
    common = ", ".join(
        f"{true} read as {guess} ({count}x)" for (true, guess), count in pairs.most_common(most)
    )
    return f"Mistakes           {int(np.count_nonzero(wrong))}; most often {common}"


def _save(directory: Path | None, model: Sequential, show: Show) -> None:
    if directory is not None:
        path = directory / "digits.keras"
        model.save(path)
        show(f"\nModel: {path} (try: convlet predict {path} IMAGE)")


def _pictures(
    directory: Path | None,
    model: Sequential,
    digits: Digits,
    probabilities: np.ndarray,
    history: dict[str, list[float]],
    show: Show,
) -> tuple[Path, ...]:
    if directory is None:
        return ()
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        show('\nNo pictures: matplotlib is not installed (pip install "convlet[plot]").')
        return ()
    from convlet.demo._pictures import draw_all

    drawn = draw_all(directory, model, digits, probabilities, history)
    width = max(len(str(path)) for path, _ in drawn)
    lines = (f"  {path!s:<{width}}  {what}" for path, what in drawn)
    show("\nPictures:\n" + "\n".join(lines))
    return tuple(path for path, _ in drawn)
