"""Importing a project in one call: its classifier kept, or a new one trained on its labels."""

from __future__ import annotations

import os

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import FeatureSet, Steps, run_steps

from ._classifiers import kept_classifier, notes_on_kept, retrain_steps
from ._opened import FeatureChoice, OpenedProject, Roots, open_project
from ._report import ImportMode, ImportReport, ReportedImage, counted


def import_project(
    path: str | os.PathLike[str],
    *,
    mode: ImportMode | None = None,
    features: FeatureChoice | FeatureSet = "project",
    image_roots: Roots = (),
    n_estimators: int = 100,
    random_state: int | None = 0,
    n_jobs: int | None = None,
) -> tuple[PixelClassifier, ImportReport]:
    """Make a classifier of an ilastik project. Nothing of the file is run or unpickled.

    Parameters
    ----------
    path
        The project file (``.ilp``) of ilastik 0.5 to 1.4.
    mode
        ``"retrain"``: train on the project's labels, with our filters. ``"keep"``: take over the classifier that
        ilastik trained; it predicts here what it predicts there. None: retrain if images with labels are found, else
        keep.
    features
        To retrain on: the ``"project"``'s choice, one of our sets ``"all"``, ``"default"``, ``"fast"``, or a feature
        set.
    image_roots
        A folder, or several, in which to look for images that are not where the project says.
    n_estimators, random_state, n_jobs
        As for `PixelClassifier`; the first two to retrain with.

    Returns
    -------
    classifier : PixelClassifier
        With the project's class names and colours.
    report : ImportReport
        What was taken over, and what could not be; print it.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If it is no ilastik project with pixel classification, is damaged, or holds nothing that a classifier can be
        made of.
    """
    opened = open_project(path, image_roots, labelled_only=True)
    return run_steps(
        import_steps(
            opened,
            mode=mode,
            features=features,
            n_estimators=n_estimators,
            random_state=random_state,
            n_jobs=n_jobs,
        )
    )


def import_steps(
    opened: OpenedProject,
    *,
    mode: ImportMode | None = None,
    features: FeatureChoice | FeatureSet = "project",
    n_estimators: int = 100,
    random_state: int | None = 0,
    n_jobs: int | None = None,
) -> Steps[tuple[PixelClassifier, ImportReport]]:
    """`import_project` in steps, of a project that is open, for a driver that shows progress and may cancel."""
    if mode not in (None, "keep", "retrain"):
        raise ValueError(f"mode must be 'keep', 'retrain' or None; got {mode!r}.")
    reason = ""
    if mode is None:
        mode, reason = _chosen_mode(opened)
    if mode == "keep":
        classifier = kept_classifier(opened)
        classifier.n_jobs = n_jobs
    else:
        classifier = yield from retrain_steps(
            opened,
            features,
            n_estimators=n_estimators,
            random_state=random_state,
            n_jobs=n_jobs,
        )
    return classifier, _report(opened, classifier, mode, reason, features)


def _chosen_mode(opened: OpenedProject) -> tuple[ImportMode, str]:
    if opened.trainable or opened.project.forest is None:
        return "retrain", ""
    why = "none of the images with labels was found" if opened.labelled else "there are no labels"
    return "keep", f"kept because {why}; to retrain, point to the folder with the images"


def _report(
    opened: OpenedProject,
    classifier: PixelClassifier,
    mode: ImportMode,
    reason: str,
    choice: FeatureChoice | FeatureSet,
) -> ImportReport:
    project = opened.project
    images = [
        ReportedImage(image.name, image.path, image.n_labels, image.problem)
        for image in opened.images
    ]
    return ImportReport(
        project.path,
        project.version,
        project.workflow,
        mode,
        reason,
        opened.classes,
        opened.class_counts,
        images,
        _features_in_words(opened, classifier, mode, choice),
        classifier.state.forest.n_trees if classifier.state.forest is not None else 0,
        (
            *_notes_on_classes(opened, classifier),
            *opened.notes,
            *(notes_on_kept(opened) if mode == "keep" else ()),
        ),
    )


def _features_in_words(
    opened: OpenedProject,
    classifier: PixelClassifier,
    mode: ImportMode,
    choice: FeatureChoice | FeatureSet,
) -> str:
    features = classifier.state.features
    per_channel = features.n_features // max(features.n_used, 1)
    channels = f" in each of {features.n_channels} channels" if features.n_channels > 1 else ""
    if mode == "keep":
        source = "the project's choice, computed exactly as in ilastik"
    elif isinstance(choice, FeatureSet):
        source = "as given"
    elif choice == "project":
        chosen = opened.project.features
        source = (
            "the default set, because the project has chosen none"
            if chosen is None
            else f"the project's choice of {counted(len(chosen.cells), 'cell')}, computed our way"
        )
    else:
        source = f"the set '{choice}'"
    return f"{per_channel} ({features.ndim}D){channels}: {source}"


def _notes_on_classes(opened: OpenedProject, classifier: PixelClassifier) -> list[str]:
    known = {int(value) for value in classifier.classes_}
    return [
        f"Class {info.value} ({info.name}) has no labels to train on: it is not predicted."
        for info in opened.classes
        if info.value not in known
    ]
