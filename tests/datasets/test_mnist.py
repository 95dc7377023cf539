"""MNIST from local files, whole and damaged."""

import gzip
import struct

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet.datasets import mnist

RNG = np.random.default_rng(0)
ARRAYS = {
    "x_train": RNG.integers(256, size=(6, 28, 28)).astype(np.uint8),
    "y_train": RNG.integers(10, size=6).astype(np.uint8),
    "x_test": RNG.integers(256, size=(3, 28, 28)).astype(np.uint8),
    "y_test": RNG.integers(10, size=3).astype(np.uint8),
}


def check(loaded):
    (x_train, y_train), (x_test, y_test) = loaded
    for name, array in (
        ("x_train", x_train),
        ("y_train", y_train),
        ("x_test", x_test),
        ("y_test", y_test),
    ):
        assert_same_bits(array, ARRAYS[name], name)
        assert array.flags.writeable


def idx(array):
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


def write_idx(folder, change=lambda name: name, compress=False):
    for part, name in mnist._IDX_NAMES.items():
        content = idx(ARRAYS[part])
        if compress:
            (folder / (change(name) + ".gz")).write_bytes(gzip.compress(content))
        else:
            (folder / change(name)).write_bytes(content)


def test_npz(tmp_path):
    np.savez(tmp_path / "mnist.npz", **ARRAYS)
    check(mnist.load_data(tmp_path / "mnist.npz"))
    np.savez_compressed(tmp_path / "small.npz", **ARRAYS)
    check(mnist.load_data(str(tmp_path / "small.npz")))


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("change", [lambda name: name, lambda name: name.replace("-idx", ".idx")])
def test_idx(tmp_path, change, compress):
    write_idx(tmp_path, change, compress)
    check(mnist.load_data(tmp_path))


def test_missing_files_are_told_where_to_go(tmp_path):
    for path in (tmp_path / "mnist.npz", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"downloads nothing.*mnist\.npz.*ubyte"):
            mnist.load_data(path)


NAME = "train-images-idx3-ubyte"


@pytest.mark.parametrize(
    "damage,text",
    [
        (lambda content: b"", "must be an IDX file.*got nothing"),
        (lambda content: b"\x89PNG" + content[4:], "got 89 50 4e 47"),
        (lambda content: content[:10], "as its head says"),
        (lambda content: content[:-1], "must have 4,720 bytes, as its head says, got 4,719"),
        (lambda content: content + b"\0", "got 4,721"),
        (lambda content: content[:4] + b"\xff" * 12 + content[16:], "as its head says"),
        (lambda content: idx(ARRAYS["y_train"]), "x_train must be uint8 of shape"),
        (lambda content: idx(ARRAYS["x_test"]), "x_train and y_train.* got 3 and 6"),
    ],
)
def test_damaged_idx(tmp_path, damage, text):
    write_idx(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=text):
        mnist.load_data(tmp_path)


def test_damaged_gzip(tmp_path):
    write_idx(tmp_path, compress=True)
    path = tmp_path / (NAME + ".gz")
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no gzip", whole[:20] + b"\0" * 9 + whole[29:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="must be a whole gzip file"):
            mnist.load_data(tmp_path)


def test_damaged_npz(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, **ARRAYS)
    whole = path.read_bytes()
    for content in (b"", b"nothing", whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"must be a \.npz file"):
            mnist.load_data(path)
    np.savez(path, x_train=ARRAYS["x_train"])
    with pytest.raises(ValueError, match="no array y_train, x_test, y_test"):
        mnist.load_data(path)
    np.savez(path, **{**ARRAYS, "y_test": np.zeros(2, np.uint8)})
    with pytest.raises(ValueError, match="x_test and y_test"):
        mnist.load_data(path)
    for wrong in (np.zeros((3, 28, 28)), np.zeros((3, 28, 28), int), np.zeros((3, 9, 9), np.uint8)):
        np.savez(path, **{**ARRAYS, "x_test": wrong})
        with pytest.raises(ValueError, match=r"x_test must be uint8 of shape \(N, 28, 28\)"):
            mnist.load_data(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_any_damaged_byte_of_npz(tmp_path, save):
    """A changed byte does no harm, or is a ValueError, whatever zipfile and zlib raise."""
    path, rng = tmp_path / "mnist.npz", np.random.default_rng(5)
    save(path, **ARRAYS)
    whole = path.read_bytes()
    for _ in range(1500):
        content = bytearray(whole)
        content[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(content)
        try:
            mnist.load_data(path)
        except ValueError as error:
            assert str(path) in str(error)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path = tmp_path / "mnist.npz"
    np.savez(path, **{**ARRAYS, "y_test": np.array([Trap()] * 3, object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        mnist.load_data(path)
    assert not (tmp_path / "sprung").exists()
