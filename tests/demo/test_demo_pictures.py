"""The pictures themselves; needs matplotlib (extra ``plot``)."""

import sys

import numpy as np
import pytest

from convlet import demo
from convlet.utils import _plotting

pytest.importorskip("matplotlib")


def test_demo_writes_six_pictures(idx_directory, tmp_path):
    shown = []
    result = demo.run(
        idx_directory, epochs=1, verbose=0, show=shown.append, output=tmp_path / "a" / "b"
    )
    names = ["network", "kernels", "feature-maps", "training", "confusion", "mistakes"]
    assert [path.name for path in result.pictures] == [f"{name}.png" for name in names]
    for path in result.pictures:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert str(path) in shown[-1]


def test_drawing_leaves_pyplot_alone():
    sys.modules.pop("matplotlib.pyplot", None)
    _plotting.plot_kernels(np.ones((3, 3, 1, 4), np.float32))
    assert "matplotlib.pyplot" not in sys.modules


def test_kernels_share_a_scale_about_zero():
    kernel = np.linspace(-3, 1, 3 * 3 * 2 * 5).reshape(3, 3, 2, 5)
    figure = _plotting.plot_kernels(kernel, channel=1)
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == 5
    assert np.array_equal(images[2].get_array(), kernel[:, :, 1, 2])
    limit = np.abs(kernel[:, :, 1]).max()
    assert {image.get_clim() for image in images} == {(-limit, limit)}


def test_feature_maps_are_drawn_one_for_each_channel():
    maps = np.arange(4 * 5 * 3.0).reshape(1, 4, 5, 3)
    figure = _plotting.plot_feature_maps(maps)
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == 3
    assert np.array_equal(images[1].get_array(), maps[0, :, :, 1])


def test_history_draws_each_metric_with_its_validation_curve():
    history = {"loss": [2.0, 1.0], "accuracy": [0.5, 0.7], "val_loss": [1.5, 1.2]}
    left, right = _plotting.plot_history(history).axes
    assert [list(line.get_ydata()) for line in left.lines] == [[2.0, 1.0], [1.5, 1.2]]
    assert [list(line.get_ydata()) for line in right.lines] == [[0.5, 0.7]]


def test_confusion_matrix_writes_every_count():
    figure = _plotting.plot_confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], class_names="abc")
    (axes,) = figure.axes
    texts = {(text.get_position(), text.get_text()) for text in axes.texts}
    assert texts == {((0, 0), "1"), ((1, 0), "1"), ((1, 1), "1"), ((2, 2), "1")}
    assert axes.get_title() == "3 of 4 right (75.0%)"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: _plotting.plot_kernels(np.ones((3, 3))), "4-D"),
        (lambda: _plotting.plot_kernels(np.ones((3, 3, 1, 2)), channel=1), "channel must be 0"),
        (lambda: _plotting.plot_feature_maps(np.ones((2, 4, 4, 3))), "maps must be"),
        (lambda: _plotting.plot_history({"loss": []}), "at least one epoch"),
        (lambda: _plotting.plot_confusion_matrix([], []), "not empty"),
        (lambda: _plotting.plot_confusion_matrix([1, 2], [1]), "equally long"),
    ],
)
def test_bad_arguments_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
