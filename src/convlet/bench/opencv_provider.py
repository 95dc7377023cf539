"""OpenCV: its DNN module on the ONNX graph, one image at a time, and `filter2D` for one filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.bench.providers import Candidate

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Data, Provider


def installed(threads: int) -> list[Provider]:
    """Return the provider if OpenCV is installed, else none."""
    try:
        return [OpenCV(threads)]
    except ImportError:
        return []


class OpenCV:
    """OpenCV with its defaults; the network's input is set once."""

    name, role = "OpenCV", "peer"

    def __init__(self, threads: int) -> None:
        import cv2

        self.version = cv2.__version__
        self._cv2 = cv2
        cv2.setNumThreads(threads)

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for one image or row, None for gradients and what DNN refuses.

        DNN's one-dimensional convolution of OpenCV 5.0.0 returns wrong values, or crashes.
        """
        if case.op == "filter":
            return self._filter(data)
        return self._network(case, data) if case.x_shape[0] == 1 and case.rank in (0, 2) else None

    def _filter(self, data: Data) -> Candidate:
        cv2, image = self._cv2, np.ascontiguousarray(data["x"][0, :, :, 0])
        kernel = np.ascontiguousarray(data["kernel"][:, :, 0, 0])
        return Candidate(
            lambda: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_CONSTANT),
            lambda y: (y[None, :, :, None],),
        )

    def _network(self, case: Case, data: Data) -> Candidate | None:
        try:
            from convlet.bench.onnx_providers import feeding, onnx_graph, read_last
        except ImportError:
            return None
        graph = onnx_graph(case, data)
        if graph is None:
            return None
        try:
            network = self._cv2.dnn.readNetFromONNX(np.frombuffer(graph, np.uint8))
            feed, refill = feeding(case, data)
            network.setInput(feed)
            network.forward()
        except self._cv2.error:
            return None

        def run() -> Any:
            if refill():
                network.setInput(feed)
            return network.forward()

        return Candidate(run, lambda y: (read_last(y),))
