"""Predicting one image of a batch that is larger than memory, or whose format is written block by block."""

from __future__ import annotations

from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_pixclass.core import Step
from napari_pixclass.io import open_image
from napari_pixclass.to_disk import FileRun, OmeZarrRun, WriteOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_pixclass.blockwise import BlockPlan
    from napari_pixclass.core import ArrayLike, Steps
    from napari_pixclass.io import ChannelAxis, ImageFile

    from ._image_run import ImageRun


@dataclass(frozen=True, slots=True)
class PlanStep(Step):
    """How an image is predicted, in words."""

    detail: str


def block_steps(run: ImageRun, image: ImageFile, spacing: tuple[float, ...] | None) -> Steps[None]:
    """Predict and write an image block by block.

    Parameters
    ----------
    run
        What is wanted.
    image
        The image, opened and checked, with the spacing of its results.
    spacing
        Spacing along the axes that filters see.
    """
    options = run.options
    paths = {target.output: target.path.absolute() for target in run.targets}
    folder = next(iter(paths.values())).parent
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    write = WriteOptions(
        paths=paths,
        unfinished=folder / f"{_unfinished_name(run, image)}.unfinished",
        dtype=options.result_type,
        spacing=spacing,
        block=options.block,
        memory=options.memory,
        n_levels=options.n_levels,
        resume=options.resume,
        overwrite=options.overwrite,
    )
    mask = None if options.mask is None else checked_mask(options.mask, image)
    if options.format == "ome-zarr":
        yield from _group_steps(run, image, write, mask)
        return
    files = FileRun(run.classifier, image, write, open_mask=mask)
    yield PlanStep(0, 1, "Predicting", _in_words(image, files.plan))
    yield from files.steps(run.stopped)


def _group_steps(
    run: ImageRun, image: ImageFile, write: WriteOptions, mask: Callable[[], ArrayLike] | None
) -> Steps[None]:
    source = str(run.path.absolute())
    classifier, where, run_blocks = run.classifier, "", None
    with ExitStack() as stack:
        if run.client is not None:
            from napari_pixclass.blockwise import describe, on_cluster

            cluster = describe(run.client)
            where = f" on each of {cluster.n_workers} workers at {cluster.address}"
            classifier = copy(classifier)
            classifier.n_jobs = cluster.n_threads
        groups = OmeZarrRun(
            classifier,
            image,
            write,
            open_image=partial(_pixels, source, image.axes),
            open_mask=mask,
            image_name=run.path.name,
        )
        stack.enter_context(groups)
        if run.client is not None:
            run_blocks = on_cluster(run.client, groups.job)
        yield PlanStep(0, 1, "Predicting", _in_words(image, groups.plan, where))
        yield from groups.steps(run_blocks, run.stopped)


def _unfinished_name(run: ImageRun, image: ImageFile) -> str:
    """What the folder of an unfinished run is called: as the image, or as its results where a user names them."""
    return image.name if not run.options.name else run.targets[0].path.name.partition(".")[0]


def _in_words(image: ImageFile, plan: BlockPlan, where: str = "") -> str:
    block = " x ".join(map(str, plan.block))
    threads = "1 thread" if plan.n_jobs == 1 else f"{plan.n_jobs} threads"
    return (
        f"{image.name}: blocks of {block} pixels, {threads}, about {plan.memory / 1e9:.3g} GB of "
        f"memory at most{where}"
    )


def _pixels(path: str, axes: str | None, channel_axis: ChannelAxis = None) -> Any:
    """The pixels of an image, in whatever process they are needed."""
    return open_image(path, channel_axis, axes).data


def checked_mask(path: Path | str, image: ImageFile) -> Callable[[], ArrayLike]:
    """What opens a mask that fits the image: all of it, or the axes Z, Y, X of each of its frames."""
    mask = open_image(path, "none").data
    shape = list(image.data.shape)
    if image.channel_axis is not None:
        del shape[image.channel_axis]
    fits = [tuple(shape[first:]) for first in range(len(shape) - 1)]
    if tuple(mask.shape) not in fits:
        raise ValueError(
            f"a mask must have the shape of the image without its channels, {tuple(shape)}; "
            f"'{path}' has {tuple(mask.shape)}, which does not fit '{image.name}'. Choose another mask."
        )
    return partial(_pixels, str(Path(path).absolute()), None, "none")
