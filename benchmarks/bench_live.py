"""Latency of live update: real strokes on the canvas of a real napari window.

For every stroke, from the release of the mouse button:

- first: until the first pixels of the new prediction are on screen;
- complete: until all of what is visible has been predicted by the whole forest, and is on screen;
- stall: the longest time in which the event loop did not turn, and how much of that was spent in our own code
  (taking over results and giving them to layers). Software rendering, as in a virtual display, takes most of the rest:
  "napari alone" is the stall when the same layers, as plain arrays, are drawn once more and nothing else runs.

Medians and 90th percentiles over all strokes. For volumes also: a plane that was never seen before, and scrolling
through planes that were, and through those of the image alone (stalls only). The cases "zarr" and "pyramid" are a
volume of 16.8 GB on disk with sparse labels. Needs a display; run it with xvfb-run where there is none.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from live_images import CASES, LiveImage
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_pixclass as px
from napari_pixclass.blockwise import program_bytes

os.environ["NAPARI_PIXCLASS_STATE"] = tempfile.mkdtemp()  # strokes of a benchmark are nobody's work

N_STROKES = 40
"""Strokes that are there from the beginning, some 5000 pixels."""

PATIENCE = 120.0  # seconds


class Clock:
    """Notes when the event loop turns, when the canvas is drawn, and how long our own code takes."""

    def __init__(self, canvas: Any, session: Any) -> None:
        self.turns: list[float] = []
        self.draws: list[float] = []
        self.own: list[float] = []
        self._timer = QTimer()
        self._timer.timeout.connect(lambda: self.turns.append(time.perf_counter()))
        self._timer.start(1)
        canvas.events.draw.connect(
            lambda event: self.draws.append(time.perf_counter()), position="last"
        )
        deliver = session._waker._deliver

        def timed() -> None:
            start = time.perf_counter()
            deliver()
            self.own.append(time.perf_counter() - start)

        session._waker._deliver = timed

    def reset(self) -> float:
        self.turns, self.draws, self.own = [time.perf_counter()], [], []
        return self.turns[0]

    def on_screen_after(self, moment: float) -> float | None:
        """When the event loop turned after the first drawing after a moment: then it is on screen."""
        draw = next((at for at in self.draws if at > moment), None)
        return None if draw is None else next((at for at in self.turns if at > draw), None)

    @property
    def stall(self) -> float:
        return float(np.diff(self.turns).max()) if len(self.turns) > 1 else 0.0


class Bench:
    """A window with an image, labels, and live update."""

    def __init__(self, source: LiveImage) -> None:
        self.source = source
        ndim = source.data.ndim
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1590, 990)
        self.canvas = self.viewer.window._qt_viewer.canvas
        self.session = px.session(self.viewer)
        self.viewer.window.add_plugin_dock_widget("napari-pixclass", "Train")
        spin(1)
        self.clock = Clock(self.canvas._scene_canvas, self.session)
        start = self.clock.reset()
        is_pyramid = len(source.levels) > 1
        data = source.levels if is_pyramid else source.data
        self.image = self.viewer.add_image(data, name="image", multiscale=is_pyramid)
        if ndim == 3:
            self.viewer.dims.set_current_step(0, source.middle[0])
        wait_until(lambda: self.clock.on_screen_after(start) is not None)
        self.opened = {"seconds": time.perf_counter() - start, "stall": self.clock.stall}
        self.viewer.scene.camera.zoom = source.zoom
        spin(1)
        self.planes: list[int] = []
        if ndim == 3:
            middle = source.middle[0]
            self.planes = [*range(middle - 22, middle - 6, 2), *range(middle + 8, middle + 24, 2)]
        self.image_alone = [self.scroll(plane) for plane in self.planes]
        self.labels = self.viewer.add_labels(source.scribbled(N_STROKES), name="labels")
        self.labels.brush_size = 4
        self.session.features = px.FeatureSet.all(ndim)
        self.session.add_pair(self.image, self.labels)
        if ndim == 3:
            self.viewer.dims.set_current_step(0, middle)
        spin(1)
        self.delivered: list[float] = []
        for signal in (self.session.live_result_changed, self.session.live_tiles_changed):
            signal.connect(lambda result: self.delivered.append(time.perf_counter()))

    def stroke(self, index: int) -> float:
        """Paint a stroke of the class that is there; return when the button was released."""
        native = self.canvas.native
        self.viewer.layers.selection.active = self.labels
        path, value = self._path(np.random.default_rng(index))
        self.labels.mode, self.labels.selected_label = "paint", value
        QTest.mouseMove(native, path[0])
        QTest.qWait(10)
        QTest.mousePress(native, Qt.MouseButton.LeftButton, pos=path[0])
        for point in path:
            QTest.mouseMove(native, point)
            QTest.qWait(10)
        QTest.qWait(60)  # what the movements had to draw is drawn
        self.delivered.clear()
        start = self.clock.reset()
        QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=path[-1])
        return start

    def _path(self, rng: np.random.Generator) -> tuple[list[QPoint], int]:
        """Of many strokes the one that stays most within one class."""
        native, camera = self.canvas.native, self.viewer.scene.camera
        middle = np.array([native.height(), native.width()]) / 2
        plane = self.viewer.dims.current_step[: self.source.data.ndim - 2]
        best: tuple[float, list[QPoint], int] | None = None
        for _ in range(200):
            start = rng.integers((60, 60), (native.height() - 60, native.width() - 60))
            step = rng.uniform(-4, 4, 2)
            points = start + np.arange(12)[:, np.newaxis] * step
            pixels = np.asarray(camera.center[-2:]) + (points - middle) / camera.zoom
            in_plane = np.broadcast_to(plane, (len(pixels), len(plane)))
            classes = self.source.classes_at(np.hstack([in_plane, pixels]).astype(np.intp))
            if classes is None:
                continue
            counts = np.bincount(classes)
            share = counts.max() / len(points)
            if best is None or share > best[0]:
                best = share, [QPoint(int(p[1]), int(p[0])) for p in points], int(counts.argmax())
        assert best is not None
        return best[1:]

    def measure(self, act: Callable[[], float]) -> dict[str, float]:
        """Times after something that live update follows."""
        start = act()
        wait_until(lambda: bool(self.delivered) and self.session.job is None)
        last = self.delivered[-1]
        wait_until(lambda: self.clock.on_screen_after(last) is not None)
        first = self.clock.on_screen_after(self.delivered[0])
        complete = self.clock.on_screen_after(last)
        assert first is not None
        assert complete is not None
        times = {
            "first": first - start,
            "complete": complete - start,
            "stall": self.clock.stall,
            "own": max(self.clock.own, default=0.0),
        }
        spin(0.2)
        return times

    def napari_alone(self) -> float:
        """The longest stall when napari draws the output layers that are visible, and nobody works beside it."""
        layers = [
            layer for layer in self.session.output_layers.of(self.image).values() if layer.visible
        ]
        plane = self.viewer.dims.current_step[: self.source.data.ndim - 2]
        for layer in layers:  # the others are not drawn, and there may be too many for memory
            full = layer.data[0] if layer.multiscale else layer.data
            shown = np.broadcast_to(np.array(full[tuple(plane)]), full.shape)
            layer.data = [shown] if layer.multiscale else shown
        spin(0.5)
        self.clock.reset()
        for layer in layers:
            layer.refresh(extent=False, thumbnail=False, highlight=False)
        spin(0.3)
        return self.clock.stall

    def switch_plane(self, plane: int) -> dict[str, float]:
        def act() -> float:
            self.delivered.clear()
            start = self.clock.reset()
            self.viewer.dims.set_current_step(0, plane)
            return start

        return self.measure(act)

    def scroll(self, plane: int) -> dict[str, float]:
        """The stall of going to a plane for which there is nothing to predict."""
        self.clock.reset()
        self.viewer.dims.set_current_step(0, plane)
        spin(0.3)
        return {"stall": self.clock.stall, "own": max(self.clock.own, default=0.0)}


def spin(seconds: float) -> None:
    QTest.qWait(round(1000 * seconds))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not condition():
        if time.perf_counter() > deadline:
            raise TimeoutError("live update has not come to an end")
        QApplication.processEvents()
        time.sleep(0.0005)


def run(case: str, n_strokes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(CASES[case](Path(folder)))
        try:
            return {"case": case, **figures_of(bench, n_strokes)}
        finally:
            bench.viewer.close()


def figures_of(bench: Bench, n_strokes: int) -> dict[str, Any]:
    bench.session.live_update = True
    wait_until(lambda: bool(bench.delivered) and bench.session.job is None)
    spin(1)
    bench.measure(lambda: bench.stroke(999))  # warm
    strokes = [bench.measure(lambda i=i: bench.stroke(i)) for i in range(n_strokes)]
    unseen = [bench.switch_plane(plane) for plane in bench.planes]
    seen = [bench.scroll(plane) for plane in reversed(bench.planes)]
    if bench.planes:
        bench.viewer.dims.set_current_step(0, bench.source.middle[0])
        spin(1)
    feature_memory = bench.session.feature_memory_used / 1e6
    bench.session.live_update = False
    spin(0.5)
    return {
        "opened": bench.opened,
        "strokes": strokes,
        "unseen planes": unseen,
        "planes seen before": seen,
        "planes without us": bench.image_alone,
        "feature memory MB": feature_memory,
        "process MB": program_bytes() / 1e6,
        "labelled pixels": sum(bench.session.counts.values()),
        "canvas": [bench.canvas.native.width(), bench.canvas.native.height()],
        "napari alone": [bench.napari_alone() for _ in range(10)],
    }


def table(figures: dict[str, Any]) -> str:
    lines = []
    for name in ("strokes", "unseen planes", "planes seen before", "planes without us"):
        runs = figures[name]
        if not runs:
            continue
        cells = [figures["case"], name, str(len(runs))]
        for what in ("first", "complete", "stall", "own"):
            values = [1000 * each[what] for each in runs if what in each]
            if not values:
                cells.append("")
                continue
            cells.append(
                f"{statistics.median(values):.0f} / {np.percentile(values, 90):.0f} / {max(values):.0f}"
            )
        alone = [1000 * value for value in figures["napari alone"]]
        cells.append(f"{statistics.median(alone):.0f} / {max(alone):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--strokes", type=int, default=30)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = []
    print("milliseconds: median / 90 % / max (napari alone: median / max)")
    print("| case | after | n | first | complete | stall | of it own code | napari alone |")
    print("|---|---|---|---|---|---|---|---|")
    for case in options.cases or list(CASES):
        results.append(run(case, options.strokes))
        print(table(results[-1]), flush=True)
        print(
            f"  {results[-1]['labelled pixels']} labelled pixels, canvas {results[-1]['canvas']}, "
            f"{results[-1]['feature memory MB']:.0f} MB of features, {results[-1]['process MB']:.0f} MB in all; opened "
            f"in {results[-1]['opened']['seconds']:.2f} s, stall {1000 * results[-1]['opened']['stall']:.0f} ms"
        )
    if options.json:
        options.json.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
