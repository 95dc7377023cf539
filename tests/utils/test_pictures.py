"""Pictures of networks, of what they look at, and of a kernel on its way; needs matplotlib."""

import io
import itertools
import pickle
import re

import numpy as np
import pytest

import children
from convlet import Input, Model, Sequential, backend, demo, layers, ops, utils
from convlet.utils import _graph_picture, _network_picture, _saliency

pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def names_from_the_beginning():
    backend.clear_session()


def texts(figure):
    """All that is written in a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def overlapping(figure, allowed=0.02):
    """Pairs of texts that cover each other, by more than a share of the smaller one."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [
        (text.get_text(), text.get_window_extent(renderer))
        for axes in figure.axes
        for text in axes.texts
        if text.get_text() and text.get_visible()
    ]
    for number, (one, box) in enumerate(boxes):
        for other, second in boxes[:number]:
            width = min(box.x1, second.x1) - max(box.x0, second.x0)
            height = min(box.y1, second.y1) - max(box.y0, second.y0)
            area = max(width, 0) * max(height, 0)
            if area > allowed * min(box.width * box.height, second.width * second.height):
                yield one, other


def outside(figure):
    """Texts that the picture cuts off."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width
            if not (inside and box.y1 <= figure.bbox.height):
                yield text.get_text()


def residual():
    image = Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    y = layers.Conv2D(8, 3, padding="same")(layers.Conv2D(8, 3, padding="same")(x))
    x = layers.Add()([x, y])
    parts = [layers.Conv2D(4, size, padding="same")(x) for size in (1, 3, 5)]
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()(parts))
    return Model(image, [layers.Dense(10)(x), layers.Dense(1)(x)], name="residual")


def deep():
    parts = [layers.Conv2D(3, 3, padding="same", activation="relu") for _ in range(20)]
    return Sequential([Input((9, 9, 1)), *parts, layers.Flatten(), layers.Dense(100)])


def one_dimensional():
    options = {"data_format": "channels_first"}
    parts = [layers.Conv1D(8, 5, **options), layers.MaxPooling1D(4, **options)]
    return Sequential(
        [Input((2, 64)), *parts, layers.GlobalMaxPooling1D(**options), layers.Dense(4)]
    )


def nested():
    inner = Sequential([layers.Conv3D(4, 2), layers.MaxPooling3D((1, 2, 2))])
    return Sequential([Input((5, 9, 8, 1)), inner, layers.Flatten(), layers.Dense(300)])


def without_sizes():
    return Sequential([Input((None, None, 1)), layers.Conv2D(2, 3), layers.Activation("relu")])


CHAINS = [demo.lecture_cnn, deep, one_dimensional, nested, without_sizes]


@pytest.mark.parametrize("make", [*CHAINS, residual])
def test_nothing_covers_or_leaves(make):
    figure = utils.plot_model(make())
    assert list(overlapping(figure)) == []
    assert list(outside(figure)) == []


def test_the_lecture_s_picture(tmp_path):
    figure = utils.plot_model(demo.lecture_cnn(), tmp_path / "m.png")
    found = texts(figure)
    assert found[0] == "sequential: 1,199,882 parameters"
    for text in (
        *("28 x 28 x 1", "26 x 26 x 32", "24 x 24 x 64", "12 x 12 x 64", "9,216", "128", "10"),
        *("320 parameters", "18,496 parameters", "1,179,776 parameters", "1,290 parameters"),
        *("3 x 3", "2 x 2", "stride 2", "relu", "softmax", "Dropout 0.25", "Dropout 0.5"),
        *("Conv2D", "MaxPooling2D", "Flatten", "Dense"),
        *("convolutional part (CNN)", "dense part (MLP)"),
    ):
        assert text in found
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_sizes_of_other_ranks():
    assert {"64 x 2", "60 x 8", "15 x 8", "8"} <= set(texts(utils.plot_model(one_dimensional())))
    assert "4 x 8 x 7 x 4" in texts(utils.plot_model(nested()))
    assert "? x ? x 2" in texts(utils.plot_model(without_sizes()))


def test_a_graph_is_drawn_as_one(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a chain")

    monkeypatch.setattr(_network_picture, "draw_chain", refuse)
    figure = utils.plot_model(residual())
    found = texts(figure)
    assert "Conv2D 5 x 5" in found and "Conv2D 3 x 3, relu" in found
    assert "16 x 16 x 12" in found and "image" in found
    assert sum(text.startswith("Dense") for text in found) == 2
    boxes = [patch for patch in figure.axes[0].patches if hasattr(patch, "get_boxstyle")]
    assert len(boxes) == 12


def test_no_box_covers_another():
    rows = _graph_picture._placed(_graph_picture._rows(_graph_picture._items(residual().graph)))
    for row in rows:
        for left, right in itertools.pairwise(row):
            assert right.x - right.width / 2 > left.x + left.width / 2
    assert min(item.x - item.width / 2 for row in rows for item in row) == pytest.approx(0.3)


def test_not_built():
    with pytest.raises(ValueError, match="must be built to be drawn"):
        utils.plot_model(Sequential([layers.Dense(2)]))


def test_pyplot_is_not_touched():
    program = """
import sys
from convlet import demo, utils
utils.plot_model(demo.lecture_cnn())
utils.animate_pooling([[1, 2], [3, 4]]).to_html()
print("matplotlib.pyplot" in sys.modules)
"""
    assert children.run(program) == "False"


# ---------------------------------------------------------------------------------------- saliency


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_saliency_is_the_gradient(data_format, rng):
    options = {"data_format": data_format, "dtype": "float64"}
    shape = (6, 5, 3) if data_format == "channels_last" else (3, 6, 5)
    parts = [layers.Conv2D(4, 3, activation="tanh", **options), layers.Flatten(**options)]
    model = Sequential([Input(shape, dtype="float64"), *parts, layers.Dense(3, dtype="float64")])
    image, step = rng.standard_normal(shape), 1e-6
    found, number = _saliency.saliency(model, image)
    assert number == model(image[None])[0].argmax()
    expected = np.zeros(shape)
    for place in np.ndindex(shape):
        moved = image.copy()
        moved[place] += step
        expected[place] = (model(moved[None]) - model(image[None]))[0, number] / step
    axis = -1 if data_format == "channels_last" else 0
    assert found.shape == (6, 5)
    assert np.abs(found - np.abs(expected).max(axis=axis)).max() <= 1e-4
    figure = utils.plot_saliency(model, image, output=1)
    assert figure._suptitle.get_text() == "What output 1 depends on"


def test_saliency_of_what_is_not_there(rng):
    model = Sequential([Input((4, 4, 1)), layers.Flatten(), layers.Dense(3)])
    with pytest.raises(ValueError, match="output must be below 3, got 3"):
        utils.plot_saliency(model, np.ones((4, 4, 1)), output=3)
    with pytest.raises(ValueError, match=r"model must return \(N, outputs\), got shape"):
        utils.plot_saliency(Sequential([Input((4, 4, 1)), layers.Conv2D(1, 3)]), np.ones((4, 4, 1)))


# -------------------------------------------------------------------------------------- animations

IMAGE = np.arange(30).reshape(5, 6) % 7


@pytest.mark.parametrize("options", [{}, {"strides": (2, 1)}, {"padding": "same"}, {"padding": 1}])
def test_convolution_step_by_step(options):
    """Each frame's arithmetic is right, and leads to the operator's output."""
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    animation = utils.animate_convolution(IMAGE, kernel, **options)
    expected = ops.conv(
        IMAGE[None, ..., None].astype(float), kernel[..., None, None].astype(float), **options
    )
    assert animation.frames == expected.size
    for number, value in enumerate(expected.ravel()):
        animation._draw(number)
        terms, result = texts(animation.figure)[-1].split(" = ")
        assert eval(terms.replace("·", "*")) == float(result) == value
        assert terms.count("·") == 9
    assert list(overlapping(animation.figure)) == []
    assert list(outside(animation.figure)) == []


@pytest.mark.parametrize("mode", ["max", "average"])
@pytest.mark.parametrize("options", [{}, {"strides": 1}, {"padding": "same"}])
def test_pooling_step_by_step(mode, options):
    animation = utils.animate_pooling(IMAGE, (2, 3), mode=mode, **options)
    pool = ops.max_pool if mode == "max" else ops.average_pool
    expected = pool(IMAGE[None, ..., None].astype(float), (2, 3), **options)
    for number, value in enumerate(expected.ravel()):
        animation._draw(number)
        terms, result = texts(animation.figure)[-1].split(" = ")
        assert eval(terms) == pytest.approx(value) and result == f"{value:.3g}"
    working = [text for text in texts(animation.figure) if text.startswith("output size")]
    assert re.findall(r"= (\d+)", working[0]) == [str(n) for n in expected.shape[1:3]]


def test_large_ones_are_not_numbered():
    animation = utils.animate_convolution(np.ones((22, 22)), np.ones((5, 5)))
    assert "1" not in texts(animation.figure)
    assert texts(animation.figure)[-1] == "the sum of 25 products = 25"
    assert texts(utils.animate_pooling(np.ones((9, 9)), 4).figure)[-1].startswith("the max of 16")


def test_files(tmp_path):
    animation = utils.animate_pooling(IMAGE, 2)
    animation.save(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count('"iVBOR') == animation.frames == 6  # what a PNG begins with, in base64
    assert 'max="5"' in page
    image = pytest.importorskip("PIL.Image")
    animation.save(tmp_path / "a.gif")
    with image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 6 and picture.info["duration"] == 600
        assert min(picture.convert("RGB").getpixel((0, 0))) >= 250
    assert animation._repr_html_().startswith("<iframe")
    with pytest.raises(ValueError, match=r"must end in .gif or .html, got '.*a\.mp4'"):
        animation.save(tmp_path / "a.mp4")
    before = texts(animation.figure)
    animation.figure.savefig(tmp_path / "a.png")
    assert texts(animation.figure) == before


@pytest.mark.parametrize(
    "call,error,text",
    [
        (lambda: utils.animate_pooling(np.ones((3, 3, 1))), ValueError, "image must be 2-D"),
        (lambda: utils.animate_pooling(np.ones((0, 3))), ValueError, "image must be 2-D and not"),
        (lambda: utils.animate_pooling([["a"]]), TypeError, "image must be real numbers"),
        (lambda: utils.animate_pooling([[np.nan, 1]]), ValueError, "image must be finite"),
        (lambda: utils.animate_pooling(np.eye(4), mode="min"), ValueError, "mode must be one of"),
        (lambda: utils.animate_pooling(np.ones((50, 50))), ValueError, "at most 400 outputs"),
        (lambda: utils.animate_convolution(np.eye(4), [1]), ValueError, "kernel must be 2-D"),
        (lambda: utils.animate_convolution(np.eye(2), np.eye(3)), ValueError, "kernel"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_notebooks_show_pictures():
    """As they show what has a method of this name; a copy shows itself."""
    from matplotlib.image import imread

    figure = utils.plot_kernels(np.eye(3, dtype="float32").reshape(3, 3, 1, 1))
    assert figure._repr_png_().startswith(b"\x89PNG")
    twin = pickle.loads(pickle.dumps(figure))
    twin.set_facecolor("black")
    corners = [imread(io.BytesIO(one._repr_png_()))[0, 0, :3].tolist() for one in (figure, twin)]
    assert corners == [[1, 1, 1], [0, 0, 0]]
