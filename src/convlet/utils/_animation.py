"""Moving pictures: frames that are drawn one after the other, as GIF or HTML."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 110
_PAGE = """\
<!doctype html>
<meta charset="utf-8">
<title>{title}</title>
<body style="font-family: sans-serif; text-align: center">
<img id="frame" alt="{title}" style="max-width: 100%"><br>
<button id="play">pause</button>
<input id="place" type="range" min="0" max="{last}" value="0" style="width: 60%">
<script>
const frames = [{frames}];
const image = document.getElementById("frame"), place = document.getElementById("place");
const play = document.getElementById("play");
const show = () => {{ image.src = "data:image/png;base64," + frames[place.value]; }};
const step = () => {{ place.value = (+place.value + 1) % frames.length; show(); }};
let timer = setInterval(step, {milliseconds});
const stop = () => {{ clearInterval(timer); timer = null; play.textContent = "play"; }};
place.oninput = () => {{ stop(); show(); }};
play.onclick = () => {{
  if (timer) return stop();
  timer = setInterval(step, {milliseconds});
  play.textContent = "pause";
}};
show();
</script>
"""


class Animation:
    """A picture that moves.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The picture, showing the last frame that was drawn.
    frames : int
        How many there are.

    Notes
    -----
    `save` writes it as .gif or as .html, with a slider. A notebook shows the
    latter.
    """

    def __init__(
        self,
        figure: Figure,
        frames: int,
        draw: Callable[[int], None],
        moving: list[Any],
        seconds: float,
        title: str,
    ) -> None:
        self.figure, self.frames = figure, frames
        self._draw, self._moving = draw, moving
        self._milliseconds, self._title = round(1000 * seconds), title

    def save(self, filepath: Any) -> None:
        """Write it into a file.

        Parameters
        ----------
        filepath : path-like
            Ends in ".gif" or ".html".

        Raises
        ------
        ValueError
            If it ends otherwise.
        """
        name = os.fspath(filepath)
        if name.endswith(".html"):
            with open(filepath, "w", encoding="utf-8") as file:
                file.write(self.to_html())
        elif name.endswith(".gif"):
            self._save_gif(filepath)
        else:
            raise ValueError(f"filepath must end in .gif or .html, got {name!r}")

    def _save_gif(self, filepath: Any) -> None:
        pictures = list(self._pictures())
        colors = pictures[-1].quantize(256)
        first, *rest = [picture.quantize(256, palette=colors, dither=0) for picture in pictures]
        pause = [self._milliseconds] * len(rest) + [4 * self._milliseconds]
        first.save(filepath, save_all=True, append_images=rest, duration=pause, loop=0)

    def to_html(self) -> str:
        """A page of its own, with all frames and a slider."""
        frames = ",".join(f'"{_encoded(picture)}"' for picture in self._pictures())
        return _PAGE.format(
            title=self._title, last=self.frames - 1, frames=frames, milliseconds=self._milliseconds
        )

    def _repr_html_(self) -> str:
        page = self.to_html().replace("&", "&amp;").replace('"', "&quot;")
        width, height = (round(_DPI * size) for size in self.figure.get_size_inches())
        size = f'width="{width + 30}" height="{height + 90}"'
        return f'<iframe srcdoc="{page}" {size} frameborder="0"></iframe>'

    def _pictures(self) -> Iterator[Any]:
        """All frames as images of Pillow's, of which only what moves is drawn anew."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        canvas = FigureCanvasAgg(self.figure)
        self.figure.set_dpi(_DPI)
        self._set_animated(True)
        try:
            canvas.draw()
            still = canvas.copy_from_bbox(self.figure.bbox)
            for number in range(self.frames):
                self._draw(number)
                canvas.restore_region(still)
                for artist in self._moving:
                    artist.axes.draw_artist(artist)
                yield Image.fromarray(np.array(canvas.buffer_rgba())[..., :3])
        finally:
            self._set_animated(False)

    def _set_animated(self, animated: bool) -> None:
        for artist in self._moving:
            artist.set_animated(animated)


def _encoded(picture: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()
