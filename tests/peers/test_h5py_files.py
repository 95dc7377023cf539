"""HDF5 files that do not hold what they should are refused."""

import io
import random
import zipfile

import h5py
import numpy as np
import pytest

from convlet import Sequential, layers, models


def small_model():
    return Sequential([layers.Input((6, 6, 1)), layers.Conv2D(3, 3), layers.Dense(2)])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "w.weights.h5"
    small_model().save_weights(path)
    return path


KERNEL = "layers/conv2d/vars/0"


def external_link(root, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = np.ones((3, 3, 1, 3), "f4")
    root[KERNEL] = h5py.ExternalLink("other.h5", "/kernel")


def soft_link(root, folder):
    root["elsewhere"] = np.ones((3, 3, 1, 3), "f4")
    root[KERNEL] = h5py.SoftLink("/elsewhere")


def linked_group(root, folder):
    root.move("layers/conv2d", "elsewhere")
    root["layers/conv2d"] = h5py.SoftLink("/elsewhere")


def external_storage(root, folder):
    (folder / "secret").write_bytes(bytes(1000))
    secret = [(str(folder / "secret"), 0, 108)]
    root.create_dataset(KERNEL, (3, 3, 1, 3), "f4", external=secret)


def virtual(root, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = np.ones((3, 3, 1, 3), "f4")
    layout = h5py.VirtualLayout((3, 3, 1, 3), "f4")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "kernel", (3, 3, 1, 3))
    root.create_virtual_dataset(KERNEL, layout)


def compressed(root, folder):
    root.create_dataset(KERNEL, data=np.zeros((3, 3, 1, 3), "f4"), compression="gzip")


def never_written(root, folder):
    root.create_dataset(KERNEL, (3, 3, 1, 3), "f4")


def giant(root, folder):
    root.create_dataset(KERNEL, (2**40, 2**20), "f8", chunks=(1024, 1024))


def other_shape(root, folder):
    root[KERNEL] = np.ones((3, 3, 3, 1), "f4")


def texts(root, folder):
    root[KERNEL] = np.full((3, 3, 1, 3), b"x")


def complex_numbers(root, folder):
    root[KERNEL] = np.ones((3, 3, 1, 3), "c8")


def group(root, folder):
    root.create_group(KERNEL)


def missing(root, folder):
    pass


def too_many(root, folder):
    root[KERNEL] = np.ones((3, 3, 1, 3), "f4")
    root["layers/conv2d/vars/2"] = np.ones(3, "f4")


HOSTILE = [
    *(external_link, soft_link, linked_group, external_storage, virtual, compressed),
    *(never_written, giant, other_shape, texts, complex_numbers, group, missing, too_many),
]


@pytest.mark.parametrize("change", HOSTILE)
def test_hostile_weights(change, path):
    with h5py.File(path, "a") as root:
        if change is not linked_group:
            del root[KERNEL]
        change(root, path.parent)
    model = small_model()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"cannot read .*w\.weights\.h5: its weights do not fit"):
        model.load_weights(path)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_cut_and_changed_bytes(path):
    """Weights have no checksum in such a file: what is changed there alone is not found."""
    whole, outcomes = path.read_bytes(), {"read": 0, "refused": 0}
    for case in range(600):
        rng = random.Random(case)
        data = bytearray(whole)
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(len(data))] = rng.choice((0, 255, rng.randrange(256)))
        path.write_bytes(data[: rng.randrange(len(data))] if case % 3 == 0 else data)
        try:
            small_model().load_weights(path)
            outcomes["read"] += 1
        except ValueError as error:
            assert "cannot read" in str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 100


def test_a_zip_with_damaged_weights(tmp_path, path):
    """As Keras would make it, but with what is no HDF5 within."""
    model = tmp_path / "m.keras"
    config = b'{"class_name": "Sequential", "config": {"layers": []}}'
    for weights, text in ((b"", "its weights"), (path.read_bytes(), "")):
        with zipfile.ZipFile(model, "w") as file:
            file.writestr("config.json", config)
            file.writestr("model.weights.h5", weights)
        if text:
            with pytest.raises(ValueError, match=text):
                models.load_model(model)
        else:
            assert models.load_model(model).layers == []


@pytest.mark.parametrize("units", [3, 10**6, 10**12])
def test_a_configuration_larger_than_its_weights(units, tmp_path, path):
    dense = f'{{"class_name": "Dense", "config": {{"units": {units}}}}}'
    first = '{"class_name": "InputLayer", "config": {"batch_shape": [null, 1000]}}'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(
            "config.json",
            f'{{"class_name": "Sequential", "config": {{"layers": [{first}, {dense}]}}}}',
        )
        file.writestr("model.weights.h5", path.read_bytes())
    (tmp_path / "m.keras").write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match="cannot read"):
        models.load_model(tmp_path / "m.keras")
