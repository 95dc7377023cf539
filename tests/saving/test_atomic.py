"""A file is written whole or not at all."""

import errno
import os
import stat
from functools import partial

import pytest

import children
from convlet import models
from convlet.saving import _atomic
from convlet.saving._atomic import replacing
from saved_models import state, trained_model


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.keras"


class FullDisk:
    """A file on which no more than some bytes fit."""

    def __init__(self, room, name, mode):
        self.file, self.room = open(name, mode), room  # noqa: SIM115

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


@pytest.mark.parametrize("room", [0, 10, 1000, 5000, 12000])
def test_a_full_disk_leaves_the_old_file(room, path, monkeypatch):
    model = trained_model()
    model.save(path)
    before = path.read_bytes()
    assert len(before) > 12000
    model.layers[-1].bias.assign([1, 2, 3])
    monkeypatch.setattr(_atomic, "open", partial(FullDisk, room), raising=False)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("moment", ["os.fsync", "os.replace", "zipfile.ZipFile.close"])
def test_a_crash_leaves_the_old_file(moment, path):
    """The process ends in the midst of writing, without any cleaning up."""
    model = trained_model()
    model.save(path)
    before = path.read_bytes()
    module = moment.partition(".")[0]
    program = f"""
import {module}
from convlet import models
model = models.load_model({os.fspath(path)!r})
model.layers[-1].bias.assign([1, 2, 3])
import os
{moment} = lambda *a, **k: os._exit(3)
model.save({os.fspath(path)!r})
"""
    children.run(program, status=3)
    assert path.read_bytes() == before
    assert state(models.load_model(path)) == state(model)


def test_what_fails_in_between(path):
    path.write_bytes(b"old")
    for error in (KeyboardInterrupt, ValueError):
        with pytest.raises(error), replacing(path) as file:
            file.write(b"new")
            raise error
    assert path.read_bytes() == b"old" and list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_permissions(path):
    mask = os.umask(0o027)
    try:
        with replacing(path) as file:
            file.write(b"new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        with replacing(path) as file:
            file.write(b"newer")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert path.read_bytes() == b"newer"


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_links_are_followed(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "m.keras", tmp_path / "link.keras"
    link.symlink_to(target)
    trained_model().save(link)
    assert link.is_symlink() and models.load_model(target).built


def test_long_names_and_other_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "m" * 240 + ".keras"
    trained_model().save(name)
    assert models.load_model(name).built
    with pytest.raises(FileNotFoundError):
        trained_model().save(tmp_path / "absent" / "m.keras")
    with pytest.raises(OSError):
        (tmp_path / "folder.keras").mkdir()
        trained_model().save(tmp_path / "folder.keras")
    assert len(list(tmp_path.iterdir())) == 2
