"""A small MNIST of our own: IDX files of bars, each class in a place of its own."""

import struct

import numpy as np
import pytest


def bars(count, seed):
    """Return noisy images (count, 28, 28) uint8 with a bar per class, and labels (count,)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % 10
    images = rng.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = 2 + 5 * (label // 2), 2 + 13 * (label % 2)
        image[top : top + 4, left : left + 10] = 250
    return images, labels


def write_idx(path, array):
    """Write a uint8 array in MNIST's IDX format."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


@pytest.fixture
def idx_directory(tmp_path):
    """A directory with MNIST's four files: 160 images to learn from, 40 held out."""
    directory = tmp_path / "digits"
    directory.mkdir()
    for prefix, count, seed in (("train", 160, 0), ("t10k", 40, 1)):
        images, labels = bars(count, seed)
        write_idx(directory / f"{prefix}-images-idx3-ubyte", images)
        write_idx(directory / f"{prefix}-labels-idx1-ubyte", labels)
    return directory
