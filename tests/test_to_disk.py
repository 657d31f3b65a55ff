"""Results written block by block: the values of the eager ones, in files that other programs read."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import yaozarrs
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_pixclass.blockwise import Journal
from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import OUTPUTS, FeatureSet, Output, run_steps
from napari_pixclass.io import ImageFile, open_image
from napari_pixclass.to_disk import FileRun, OmeZarrRun, WriteOptions

BLOCK = {2: (32, 48), 3: (8, 16, 24)}


def make_image(axes: str) -> ImageFile:
    rng = np.random.default_rng(3)
    lengths = {"T": 2, "C": 2, "Z": 21, "Y": 40, "X": 67}
    shape = [lengths[letter] for letter in axes]
    data = rng.integers(0, 90, shape).astype(np.uint8)
    data[..., 30:] += 100
    n_spatial = sum(letter in "ZYX" for letter in axes)
    return ImageFile(
        "image",
        data,
        axes,
        axes.find("C") if "C" in axes else None,
        (2.0, 1.0, 1.0)[-n_spatial:],
        "\N{MICRO SIGN}m",
        (5.0, 0.0, 7.5)[-n_spatial:],
    )


def train(image: ImageFile, ndim: int) -> PixelClassifier:
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0, 1.6]}, ndim)
    data = image.data if image.channel_axis is None else image.data.take(0, image.channel_axis)
    labels = np.zeros(data.shape, np.uint8)
    labels[..., ::5, ::3] = np.where(data[..., ::5, ::3] > 95, 5, 2)
    classifier = PixelClassifier(features, n_estimators=5, n_jobs=2)
    spacing = image.spacing_for(ndim)
    return classifier.fit(image.data, labels, channel_axis=image.channel_axis, spacing=spacing)


def options_for(folder: Path, suffix: str, **more: Any) -> WriteOptions:
    paths: dict[Output, Path] = {output: folder / f"{output}{suffix}" for output in OUTPUTS}
    return WriteOptions(paths=paths, unfinished=folder / "image.unfinished", **more)


def write(classifier: PixelClassifier, image: ImageFile, options: WriteOptions, **more: Any) -> int:
    with OmeZarrRun(classifier, image, options, **more) as run:
        return run_steps(run.steps())


@pytest.mark.parametrize(
    ("axes", "ndim"), [("YX", 2), ("ZYX", 3), ("TCZYX", 3), ("ZYX", 2), ("TYX", 2), ("CYX", 2)]
)
def test_ome_zarr_holds_the_eager_values(tmp_path: Path, axes: str, ndim: int) -> None:
    image = make_image(axes)
    classifier = train(image, ndim)
    spacing = image.spacing_for(ndim)
    options = options_for(tmp_path, ".ome.zarr", block=BLOCK[ndim], spacing=spacing)
    write(classifier, image, options)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in options.paths.values()
    )
    settings: dict[str, Any] = {"channel_axis": image.channel_axis, "spacing": spacing}
    expected = {
        "probabilities": classifier.predict_proba(image.data, **settings),
        "uncertainty": classifier.uncertainty(image.data, **settings),
        "segmentation": classifier.predict(image.data, **settings),
    }
    for output, path in options.paths.items():
        yaozarrs.validate_zarr_store(str(path))
        written = open_image(path)
        values = np.asarray(written.data)
        if output == "probabilities":
            assert written.channel_axis == (1 if axes.startswith("T") else 0)
            values = np.moveaxis(values, written.channel_axis, -1)
        np.testing.assert_array_equal(values, expected[output])
        assert values.dtype == expected[output].dtype
        assert written.axes_without_channels == image.axes_without_channels
        assert (written.spacing, written.unit) == (image.spacing, image.unit)
        assert written.translation == image.translation


def test_levels_are_made_of_the_finer_ones(tmp_path: Path) -> None:
    image = make_image("ZYX")
    classifier = train(image, 3)
    options = options_for(tmp_path, ".ome.zarr", block=BLOCK[3], n_levels=3, dtype="uint16")
    write(classifier, image, options)
    for output, path in options.paths.items():
        group = zarr.open_group(path, mode="r")
        assert sorted(group.array_keys()) == ["0", "1", "2"]
        fine = group["0"][:].astype(np.float64)
        coarse = group["1"][:]
        # z is twice as coarse as y and x already: these are halved first.
        assert coarse.shape[-3:] == (21, 20, 34)
        assert group["2"].shape[-3:] == (11, 10, 17)
        if output == "segmentation":
            np.testing.assert_array_equal(coarse, fine[..., ::2, ::2])
            continue
        fine = np.concatenate([fine, fine[..., -1:]], axis=-1)  # 67 columns
        means = fine.reshape(*fine.shape[:-2], 20, 2, 34, 2).mean(axis=(-3, -1))
        assert np.abs(coarse - means).max() <= 0.5
        scales = [
            transformation["scale"][-3:]
            for dataset in group.attrs["ome"]["multiscales"][0]["datasets"]
            for transformation in dataset["coordinateTransformations"][:1]
        ]
        assert scales == [[2, 1, 1], [2, 2, 2], [4, 4, 4]]


def test_class_names_and_colours_are_in_the_metadata(tmp_path: Path) -> None:
    image = make_image("YX")
    classifier = train(image, 2)
    options = options_for(tmp_path, ".ome.zarr")
    write(classifier, image, options)
    infos = classifier.class_table_
    omero = zarr.open_group(options.paths["probabilities"]).attrs["ome"]["omero"]["channels"]
    assert [channel["label"] for channel in omero] == [info.name for info in infos]
    assert ["#" + channel["color"].lower() for channel in omero] == [info.color for info in infos]
    label = zarr.open_group(options.paths["segmentation"]).attrs["ome"]["image-label"]
    assert [color["label-value"] for color in label["colors"]] == [2, 5]


@pytest.mark.parametrize("suffix", [".tiff", ".h5"])
@pytest.mark.parametrize(("axes", "ndim"), [("YX", 2), ("TCYX", 2), ("ZYX", 3)])
def test_files_hold_the_eager_values(tmp_path: Path, suffix: str, axes: str, ndim: int) -> None:
    image = make_image(axes)
    classifier = train(image, ndim)
    options = options_for(tmp_path, suffix, block=BLOCK[ndim], spacing=image.spacing_for(ndim))
    run_steps(FileRun(classifier, image, options).steps())
    settings: dict[str, Any] = {
        "channel_axis": image.channel_axis,
        "spacing": image.spacing_for(ndim),
    }
    probabilities = open_image(options.paths["probabilities"])
    letters = image.axes_without_channels
    # ilastik writes HDF5 with the classes last, and so do we.
    assert probabilities.axes == (f"{letters}C" if suffix == ".h5" else f"C{letters}")
    assert (probabilities.spacing, probabilities.unit) == (image.spacing, image.unit)
    assert probabilities.channel_axis is not None
    np.testing.assert_array_equal(
        np.moveaxis(np.asarray(probabilities.data), probabilities.channel_axis, -1),
        classifier.predict_proba(image.data, **settings),
    )
    np.testing.assert_array_equal(
        np.asarray(open_image(options.paths["segmentation"]).data),
        classifier.predict(image.data, **settings),
    )


@pytest.mark.parametrize("mask_axes", ["TYX", "YX"])
def test_nothing_is_predicted_outside_a_mask(tmp_path: Path, mask_axes: str) -> None:
    image = make_image("TYX")
    classifier = train(image, 2)
    mask = np.zeros(image.data.shape, np.uint8)
    mask[..., 3:20, 5:30] = 255
    mask = mask if mask_axes == "TYX" else mask[0]
    reads: list[Any] = []

    class Watched:
        shape, dtype = image.data.shape, image.data.dtype

        def __getitem__(self, key: Any) -> Any:
            reads.append(key)
            return image.data[key]

    options = options_for(tmp_path, ".ome.zarr", block=(16, 16))
    opened: Any = partial(Watched)
    write(classifier, image, options, open_image=opened, open_mask=lambda: mask)
    assert len(reads) == 2 * 2 * 2  # frames, rows and columns of blocks that the mask reaches
    expected = np.where(mask, classifier.predict(image.data), 0)
    written = zarr.open_group(options.paths["segmentation"])["0"][:]
    np.testing.assert_array_equal(written, expected)
    assert not zarr.open_group(options.paths["probabilities"])["0"][1, :, 25:].any()


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def volume_classifier() -> PixelClassifier:
    return train(make_image("ZYX"), 3)


@settings(max_examples=8)
@given(
    block=st.tuples(*[st.integers(5, 70)] * 3),
    chunks=st.tuples(*[st.integers(4, 70)] * 3),
    lazy=st.booleans(),
)
def test_every_block_size_gives_the_same_values(
    tmp_path_factory: pytest.TempPathFactory,
    volume_classifier: PixelClassifier,
    block: tuple[int, int, int],
    chunks: tuple[int, int, int],
    lazy: bool,
) -> None:
    image = make_image("ZYX")
    expected = volume_classifier.predict_proba(image.data)
    data = da.from_array(image.data, chunks=chunks)
    stored = replace(image, data=data) if lazy else image
    options = options_for(tmp_path_factory.mktemp("any"), ".ome.zarr", block=block, n_levels=1)
    write(volume_classifier, stored, options)
    written = np.asarray(open_image(options.paths["probabilities"]).data)
    np.testing.assert_array_equal(np.moveaxis(written, 0, -1), expected)


class Interrupted:
    """A run that was stopped after some steps, and one that was not."""

    def __init__(self, tmp_path: Path, n_steps: int = 9) -> None:
        self.image = make_image("ZYX")
        self.classifier = train(self.image, 3)
        self.whole, self.cut = tmp_path / "whole", tmp_path / "cut"
        self.options = options_for(self.cut, ".ome.zarr", block=BLOCK[3], n_levels=2)
        write(
            self.classifier,
            self.image,
            options_for(self.whole, ".ome.zarr", block=BLOCK[3], n_levels=2),
        )
        with OmeZarrRun(self.classifier, self.image, self.options) as run:
            steps = run.steps()
            for _ in range(n_steps):
                next(steps)
            steps.close()

    def resume(self, **changes: Any) -> int:
        settings: dict[str, Any] = {"block": None, "n_levels": 2, "resume": True}
        options = options_for(self.cut, ".ome.zarr", **(settings | changes))
        return write(self.classifier, self.image, options)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    assert not any(path.exists() for path in run.options.paths.values())
    finished = Journal(run.options.unfinished / "journal").read()
    assert len(finished) == 9
    assert run.resume(memory=2_000_000_000) + len(finished) == 27 + 12
    assert files_of(run.cut) == files_of(run.whole)
    assert run.resume() == 0  # complete


def test_chunks_that_are_not_what_was_written_are_made_again(tmp_path: Path) -> None:
    run = Interrupted(tmp_path, 30)
    folder = run.options.unfinished
    chunks = sorted(path for path in folder.rglob("c/*/*/*") if path.is_file())
    damaged, cut, gone = chunks[0], chunks[5], chunks[9]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:-3])
    gone.unlink()
    journal = folder / "journal"
    lines = journal.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"[0,", b"[7,")
    lines[4] = b"\x00" * len(lines[4])
    journal.write_bytes(b"\n".join(lines[:-3]) + b'\n[0,25,["ab')
    run.resume()
    assert files_of(run.cut) == files_of(run.whole)


def test_metadata_that_was_lost_is_written_again(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    metadata = sorted(run.options.unfinished.rglob("zarr.json"))
    metadata[0].unlink()
    metadata[1].write_text("{")
    run.resume()
    assert files_of(run.cut) == files_of(run.whole)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"dtype": "uint8"}, "dtype"),
        ({"block": (16, 16, 24)}, "block"),
        ({"n_levels": 1}, "levels"),
        ({"spacing": (1.0, 1.0, 1.0)}, "model"),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    run = Interrupted(tmp_path, 1)
    before = files_of(run.cut)
    with pytest.raises(ValueError, match=f"settings it was begun with; its {what} was"):
        run.resume(**changes)
    run.image.data[0, 0, 0] += 1
    with pytest.raises(ValueError, match="its image content was"):
        run.resume()
    assert files_of(run.cut) == before


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    with pytest.raises(FileExistsError, match="must be resumed or given up"):
        write(run.classifier, run.image, run.options)
    run.resume()
    with pytest.raises(FileExistsError, match="results must not exist yet"):
        write(run.classifier, run.image, run.options)
    (run.options.paths["uncertainty"] / "0" / "c" / "0" / "0" / "0").write_bytes(b"")
    write(
        run.classifier,
        run.image,
        options_for(run.cut, ".ome.zarr", block=BLOCK[3], n_levels=2, overwrite=True),
    )
    assert files_of(run.cut) == files_of(run.whole)
    (tmp_path / "other" / "probabilities.ome.zarr").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="only a zarr folder may be replaced"):
        write(
            run.classifier,
            run.image,
            options_for(tmp_path / "other", ".ome.zarr", overwrite=True),
        )


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    image = make_image("YX")
    options = options_for(tmp_path, ".ome.zarr", overwrite=True)
    options.unfinished.mkdir()
    (options.unfinished / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds something else"):
        write(train(image, 2), image, options)
    assert (options.unfinished / "thesis.tex").exists()


def test_complete_results_of_other_settings_are_not_taken_for_ours(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    run.resume()
    run.classifier = train(run.image, 3)
    run.classifier.random_state = 1
    labels = np.zeros(run.image.data.shape, np.uint8)
    labels[:, :5] = 2
    labels[:, -5:] = 5
    run.classifier.fit(run.image.data, labels)
    with pytest.raises(ValueError, match="its model was"):
        run.resume()


def test_a_run_that_was_cut_short_while_it_put_results_in_place(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    with OmeZarrRun(
        run.classifier,
        run.image,
        options_for(run.cut, ".ome.zarr", block=BLOCK[3], n_levels=2, resume=True),
    ) as half:
        steps = half.steps()
        for step in steps:
            if step.done == step.total and step.what == "Building the pyramid":
                break
        (run.options.unfinished / "complete").touch()
        steps.close()
    source = run.options.unfinished / "probabilities.ome.zarr"
    source.rename(run.options.paths["probabilities"])
    assert run.resume() == 0
    assert files_of(run.cut) == files_of(run.whole)


def test_axes_that_ome_zarr_has_no_place_for(tmp_path: Path) -> None:
    image = make_image("ZYX")
    classifier = train(image, 2)
    wrong = ImageFile("image", image.data[np.newaxis], "ZTYX")
    with pytest.raises(ValueError, match=r"axes \(T,\) \(Z,\) Y, X in this order"):
        OmeZarrRun(classifier, wrong, options_for(tmp_path, ".ome.zarr"))


def test_settings_are_plain_and_say_what_was_done(tmp_path: Path) -> None:
    run = Interrupted(tmp_path, 1)
    settings = json.loads((run.options.unfinished / "settings.json").read_text())
    assert settings["block"] == list(BLOCK[3])
    assert settings["outputs"] == ["probabilities", "segmentation", "uncertainty"]
