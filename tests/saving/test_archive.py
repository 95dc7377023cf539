"""What a file may hold, and what is refused before anything is made of it."""

import importlib.util
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from convlet import models
from convlet.saving import _npy, _zip
from convlet.saving._archive import Archive, write
from saved_models import state, trained_model

SPEC = importlib.util.spec_from_file_location(
    "fuzz_files", Path(__file__).parents[1] / "fuzz" / "files.py"
)
FUZZ = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(FUZZ)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.keras"


@pytest.fixture
def entries(path):
    """Those of a model's file, in order."""
    trained_model().save(path)
    with zipfile.ZipFile(path) as file:
        return [(name, file.read(name)) for name in file.namelist()]


def reject(path, data, text):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"cannot read .*m.keras: .*{text}"):
        models.load_model(path)


def with_config(entries, change):
    """A well-sealed file whose configuration has been changed."""
    rest = [entry for entry in entries if entry[0] != "config.json"]
    config = json.loads(dict(entries)["config.json"])
    config = change(config) or config
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    return FUZZ.packed([*rest, ("config.json", text)], zipfile.ZIP_STORED)


def test_every_cut_is_found(path):
    model = trained_model()
    model.save(path)
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 97), *range(len(whole) - 200, len(whole))]:
        reject(path, whole[:length], "damaged")
    reject(path, whole + b"\0", "damaged")
    path.write_bytes(whole)
    assert state(models.load_model(path)) == state(model)


def test_every_byte_counts(path):
    trained_model().save(path)
    whole = path.read_bytes()
    for place in [*range(0, len(whole), 53), *range(len(whole) - 150, len(whole))]:
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        reject(path, bytes(changed), "damaged")


def test_fuzz(tmp_path):
    """A few hundred files of the long one, `python tests/fuzz/files.py`."""
    counts, findings = FUZZ.run(range(300), tmp_path)
    assert findings == []
    for suffix in (".keras", ".npz"):
        assert counts[suffix, "bytes_changed", "read"] == counts[suffix, "bytes_moved", "read"] == 0
    assert counts[".keras", "entries_changed", "refused"] > 40
    assert counts[".keras", "entries_changed", "read"] > 5


def test_the_fuzz_finds_what_is_wrong(tmp_path, monkeypatch):
    def load(path):
        raise KeyError("x")

    monkeypatch.setattr(models, "load_model", load)
    counts, findings = FUZZ.run(range(20), tmp_path)
    assert len(findings) == sum(n for (suffix, *_), n in counts.items() if suffix == ".keras") > 5


@pytest.mark.parametrize("name", ["os.system", "Layer", "__class__", "Pullback", "Input", 7, None])
def test_a_file_names_no_other_class(name, path, entries):
    def change(config):
        config["model"]["config"]["layers"][1] = {"class_name": name, "config": {}}

    reject(path, with_config(entries, change), "its configuration makes no model")


def test_a_file_imports_nothing(path, entries):
    def change(config):
        for entry in config["model"]["config"]["layers"]:
            entry.update(module="antigravity", registered_name="antigravity>x")

    path.write_bytes(with_config(entries, change))
    models.load_model(path)
    assert "antigravity" not in sys.modules


def test_optimizers_losses_and_metrics_are_of_a_closed_list(path, entries):
    for part in ("optimizer", "loss"):

        def change(config, part=part):
            config["compile"][part] = {"class_name": "Sequential", "config": {}}

        reject(path, with_config(entries, change), "must be one of")

    def change(config):
        config["compile"]["metrics"][0] = {"class_name": "getattr", "config": {}}

    reject(path, with_config(entries, change), "must be one of")


@pytest.mark.parametrize("units", [4, 10**6, 10**12, 2**61, 10**40])
def test_weights_are_no_larger_than_the_file(units, path, entries):
    def change(config):
        config["model"]["config"]["layers"][-1]["config"]["units"] = units

    reject(path, with_config(entries, change), "")


def test_deep_and_large_documents(path, entries, monkeypatch):
    reject(path, with_config(entries, lambda config: b"[" * 10**6), "config.json is no JSON")
    reject(path, with_config(entries, lambda config: b'{"model": '), "config.json is no JSON")
    reject(path, with_config(entries, lambda config: b"9" * 5000), "")
    monkeypatch.setattr(_zip, "LARGEST_DOCUMENT", 100)
    reject(path, with_config(entries, lambda config: None), "must have at most 100 bytes, got")


@pytest.mark.parametrize(
    "more,text",
    [
        (("variables/0.npy", b""), "two of its entries have the same name"),
        (("../../etc/passwd", b""), "of which 1 have other names"),
        (("/absolute", b""), "of which 1 have other names"),
        (("variables/99.npy", b""), "of which 1 have other names"),
    ],
)
def test_entries_too_many(more, text, path, entries):
    reject(path, FUZZ.packed([*entries, more], zipfile.ZIP_STORED), text)
    assert list(path.parent.iterdir()) == [path]


def test_entries_too_few(path, entries):
    for missing in ("config.json", "metadata.json", "variables/0.npy", "optimizer/3.npy"):
        rest = [entry for entry in entries if entry[0] != missing]
        reject(path, FUZZ.packed(rest, zipfile.ZIP_STORED), f"{missing} is missing")


def test_zip_bombs(path, entries):
    """Nothing is decompressed; entries that share their bytes count more than the file has."""
    bomb = FUZZ.packed([*entries, ("x", bytes(10**8))], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 10**6
    reject(path, bomb, "must not be compressed or encrypted")
    data = bytearray(FUZZ.packed(entries, zipfile.ZIP_STORED))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        start = file.start_dir
    for offset in (20, 24):  # both sizes of the first entry, in the central directory
        data[start + offset : start + offset + 4] = (2**31).to_bytes(4, "little")
    reject(path, FUZZ.sealed(bytes(data)), "claim more bytes than it has|no zip file")


def test_versions(path):
    write(path, {"metadata": {"format": "convlet", "version": 2}}, [])
    with pytest.raises(ValueError, match="this convlet reads version 1, got"):
        Archive(path)


def test_other_files(path):
    for data in (b"", b"PK\x05\x06" + bytes(18), b"x" * 1000, b"\x89HDF\r\n\x1a\n" + bytes(2000)):
        reject(path, data, "")


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4), (1,) * 8])
def test_npy(shape, dtype):
    """NumPy reads what is written, and what it writes is read."""
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    data = _npy.header(array) + bytes(_npy.elements(array))
    assert len(_npy.header(array)) % 64 == 0
    theirs = io.BytesIO()
    np.lib.format.write_array(theirs, array, version=(1, 0))
    for found in (
        np.load(io.BytesIO(data)),
        _npy.read("x", data, shape),
        _npy.read("x", theirs.getvalue(), shape),
    ):
        assert found.dtype == array.dtype and found.shape == shape
        assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize("descr", ["|O", "<c8", ">f4", "<f2", "<i4", "<U9"])
def test_npy_of_other_types(descr):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (), }}\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(8)
    with pytest.raises(ValueError, match="x is no array as convlet writes them"):
        _npy.read("x", data, ())


@pytest.mark.parametrize("shape", ["(2**40,)", "(4611686018427387904, 4)", "(3,)", "(-3,)"])
def test_npy_headers_that_lie(shape):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(8)
    for expected in ((3,), (2**62, 4)):
        with pytest.raises(ValueError, match=r"x (must have|is no array)"):
            _npy.read("x", data, expected)


def test_only_numbers_are_written():
    with pytest.raises(TypeError, match="an array to save must be one of"):
        _npy.header(np.array([None]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_refused(path):
    os.mkfifo(path)
    with pytest.raises(ValueError, match="it is no regular file"):
        models.load_model(path)
