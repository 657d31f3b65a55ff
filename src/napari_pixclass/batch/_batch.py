"""The engine of a batch: one image after another, in steps that whoever drives them can stop."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_pixclass.io import in_words, make_folder, open_for_model, open_image, split_container

from ._block_run import checked_mask
from ._image_run import ImageRun
from ._names import Target, common_folder, targets_of
from ._report import BatchReport, FileResult, FileStep

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Sequence
    from threading import Event

    from napari_pixclass.classifier import PixelClassifier

    from ._options import BatchOptions
    from ._report import BatchSteps

_logger = logging.getLogger(__name__)

PARTS = 1000
"""Steps that each image counts in the progress of the whole batch."""

# The image, or what was asked of it, is to blame; everything else is a failure.
_BAD_INPUT = (
    ValueError,
    TypeError,
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


class Batch:
    """Predicts images with one classifier and writes the results to files.

    Parameters
    ----------
    classifier
        A fitted classifier.
    images
        Files and folders that hold one image each; see `find_images`.
    options
        What to write, where and how.
    """

    def __init__(
        self,
        classifier: PixelClassifier,
        images: Sequence[str | os.PathLike[str]],
        options: BatchOptions,
    ) -> None:
        self.classifier = classifier
        self.images = tuple(Path(image) for image in images)
        self.options = options

    def check(self) -> None:
        """Refuse what cannot be done for any image: results that exist, two images with the same results, a bad folder.

        `steps` begins with it. It looks at file names only.

        Raises
        ------
        ValueError
            If the folder cannot be made.
        FileExistsError
            If results would destroy something.
        """
        self._planned()

    def steps(self, stopped: Event | None = None) -> BatchSteps:
        """Predict and write; every step is a `FileStep`.

        What goes wrong with an image ends up in its `FileResult`, and the next one follows. Closing the steps cancels:
        results of finished images stay, of the others there is nothing, or what can be resumed (OME-Zarr).

        Parameters
        ----------
        stopped
            Set it to have a long block of a large image given up, before closing the steps.

        Raises
        ------
        ValueError, FileNotFoundError, FileExistsError
            As `check`, and if the mask is not there or does not fit, before anything is written.
        """
        planned = self._planned()
        self._check_mask()
        if self.options.folder is not None:
            make_folder(self.options.folder)
        results = []
        with self._cluster() as client:
            for index, (path, targets) in enumerate(zip(self.images, planned, strict=True)):
                result = yield from self._image_steps(index, path, targets, client, stopped)
                results.append(result)
                yield self._step(index, 1, 1, "Predicting", result=result)
        return BatchReport(tuple(results))

    def run(self, on_step: Callable[[FileStep], object] | None = None) -> BatchReport:
        """Drive `steps` to the end, for scripts.

        Parameters
        ----------
        on_step
            Called with every step.
        """
        with closing(self.steps()) as steps:
            while True:
                try:
                    step = next(steps)
                except StopIteration as stop:
                    report: BatchReport = stop.value
                    return report
                if on_step is not None:
                    on_step(step)

    def _image_steps(
        self,
        index: int,
        path: Path,
        targets: Sequence[Target],
        client: Any,
        stopped: Event | None,
    ) -> Generator[FileStep, None, FileResult]:
        """Predict one image; what is wrong with it is in the result."""
        began = time.monotonic()
        outputs = tuple(target.path for target in targets)
        todo = self._missing(targets)
        if not todo:
            return FileResult(path, outputs, was_skipped=True)
        yield self._step(index, 0, 1, f"Predicting {path.name}")
        run = ImageRun(self.classifier, path, todo, self.options, client, stopped)
        try:
            with closing(run.steps()) as steps:
                for step in steps:
                    detail = getattr(step, "detail", "")
                    yield self._step(index, step.done, step.total, step.what, detail)
        except (
            Exception
        ) as error:  # whatever a library raises of a damaged file: the next one follows
            if stopped is not None and stopped.is_set():
                raise
            _logger.info("could not predict %s", path, exc_info=True)
            return FileResult(
                path,
                error=in_words(error),
                is_bad_input=isinstance(error, _BAD_INPUT),
                seconds=time.monotonic() - began,
            )
        return FileResult(path, outputs, seconds=time.monotonic() - began)

    def _step(
        self,
        index: int,
        done: int,
        total: int,
        what: str,
        detail: str = "",
        result: FileResult | None = None,
    ) -> FileStep:
        n_files = len(self.images)
        overall = index * PARTS + PARTS * done // max(total, 1)
        path = self.images[index]
        return FileStep(
            overall, n_files * PARTS, what, path, index, n_files, done, total, detail, result
        )

    def _missing(self, targets: Sequence[Target]) -> list[Target]:
        """The results that are to be made."""
        if not self.options.skip_existing:
            return list(targets)
        return [target for target in targets if not target.path.exists()]

    def _planned(self) -> list[tuple[Target, ...]]:
        """The files of each image, none of which may destroy anything."""
        options = self.options
        if not self.images:
            raise ValueError("a batch needs images; got none. Choose at least one.")
        may_exist = options.overwrite or options.skip_existing or options.resume
        root, classes = common_folder(self.images), self.classifier.class_table_
        inputs = {image.resolve() for image in self.images}
        planned: dict[Path, Path] = {}
        all_targets = []
        for image in self.images:
            targets = targets_of(image, options, classes, root)
            for target in targets:
                _check_target(target.path, image, inputs, planned, may_exist=may_exist)
                planned[target.path] = image
            all_targets.append(targets)
        return all_targets

    def _check_mask(self) -> None:
        """Refuse a mask that is none, or that does not fit the first image that can be opened."""
        options = self.options
        if options.mask is None:
            return
        open_image(options.mask, "none")
        for path in self.images:
            try:
                image = open_for_model(path, self.classifier, options.channel_axis, options.axes)
            except Exception:  # noqa: BLE001, S112 - it is said when its turn comes
                continue
            checked_mask(options.mask, image)
            return

    def _cluster(self) -> AbstractContextManager[Any]:
        if self.options.scheduler is None:
            return nullcontext()
        from napari_pixclass.blockwise import connect

        return connect(self.options.scheduler)


def _check_target(
    path: Path, image: Path, inputs: set[Path], planned: dict[Path, Path], *, may_exist: bool
) -> None:
    if path.resolve() in inputs:
        raise FileExistsError(
            f"results must not replace an image; '{path}' is one. Choose another folder."
        )
    if path in planned:
        raise FileExistsError(
            f"images must differ in their names; '{planned[path]}' and '{image}' would both write "
            f"'{path}'. {_remedy(planned[path], image)}"
        )
    if path.exists() and not may_exist:
        raise FileExistsError(
            f"results must not exist yet; '{path}' does. Have them replaced (overwrite) or kept (skip "
            "existing), or choose another folder."
        )


def _remedy(one: Path, other: Path) -> str:
    """How two images can get results of different names."""
    places = [split_container(image.absolute())[0] for image in (one, other)]
    if places[0] == places[1]:
        return (
            "Name the results after the images in the file too, such as {stem}_{dataset}_{output}."
        )
    if places[0].parent == places[1].parent:
        kinds = " and ".join(f"'*{place.suffix}'" for place in places)
        return f"Predict {kinds} one after the other, into different folders."
    return (
        "Name the results after their folders too, such as {folder}/{stem}_{output} or "
        "{parent}_{stem}_{output}."
    )
