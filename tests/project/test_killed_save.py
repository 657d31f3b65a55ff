"""A process is killed while it saves: the project is the old one or the new one, never something between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.project.contents import labels_of, noise, save, simple_content

import napari_pixclass as px
from napari_pixclass.core import FeatureSet
from napari_pixclass.project import ProjectContent

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")

ROOT = Path(__file__).parent.parent.parent

SAVER = """
import os, pathlib, signal, sys
sys.path.insert(0, sys.argv[1])
from tests.project.contents import noise, save, simple_content
from tests.project.test_killed_save import NEW, content_of

content = content_of(NEW)
save(content, pathlib.Path(sys.argv[2]))  # once: all that is imported on the way is there
n_done = 0

def moment(function, last):
    def at(*args, **options):
        global n_done
        n_done += 1
        if n_done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)
    return at

def save_until(last, path, save_id):
    # Everything by which a file comes, goes, or gets another name.
    for name in ("replace", "rename", "unlink", "mkdir", "rmdir", "open", "fsync"):
        setattr(os, name, moment(getattr(os, name), last))
    for name in ("replace", "rename", "unlink", "mkdir", "rmdir", "open"):
        setattr(pathlib.Path, name, moment(getattr(pathlib.Path, name), last))
    save(content, pathlib.Path(path), known_ids=[save_id] if save_id else [])

for line in sys.stdin:
    last, path, save_id = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        try:
            save_until(int(last), path, save_id)
            os._exit(0)
        finally:
            os._exit(1)
    print(os.waitpid(child, 0)[1], flush=True)
"""

OLD, NEW = 5, 7
"""Numbers of trees, by which the projects are told apart."""

Kill = Callable[[Path, int, str], bool]


@cache
def classifier_of(name: int) -> px.PixelClassifier:
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0]})
    data = noise((24, 20), seed=name)
    return px.PixelClassifier(features, n_estimators=3).fit(data, labels_of(data.shape))


def content_of(name: int) -> ProjectContent:
    data = noise((24, 20), seed=name)
    return simple_content(
        data, classifier=classifier_of(name), is_current=True, training={"n_estimators": name}
    )


@pytest.fixture(scope="module")
def kill_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kill]:
    """Save the new project in a process that is killed at a moment; whether it lived to the end."""
    first = tmp_path_factory.mktemp("first") / "p.pixproject"
    saver = subprocess.Popen(
        [sys.executable, "-c", SAVER, str(ROOT), str(first)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def kill(path: Path, moment: int, save_id: str) -> bool:
        print(moment, path, save_id, sep="\t", file=saver.stdin, flush=True)
        status = int(saver.stdout.readline())
        assert status in (0, signal.SIGKILL)
        return status == 0

    yield kill
    saver.communicate()


def check(path: Path) -> int:
    """See that a project is whole; which one it is."""
    project = px.open_project(path)
    name: int = project.info.training["n_estimators"]
    data = noise((24, 20), seed=name)
    np.testing.assert_array_equal(project.images[0].data, data)
    assert project.images[0].note is None
    assert project.classifier is not None
    assert project.is_current
    expected = classifier_of(name).predict_proba(data)
    np.testing.assert_array_equal(project.classifier.predict_proba(data), expected)
    return name


def test_killed_at_every_moment(tmp_path: Path, kill_at: Kill) -> None:
    seen = []
    for moment in range(1, 300):
        path = tmp_path / f"{moment}.pixproject"
        saved = save(content_of(OLD), path)
        if kill_at(path, moment, saved.info.save_id):
            break
        seen.append(check(path))
        # Whoever saves next finds nothing in the way, and clears up.
        known = px.open_project(path).info.save_id
        save(simple_content(noise((24, 20))), path, known_ids=[known])
        left = [p for p in path.rglob("*") if p.is_file() and p.name != ".lock"]
        assert len(left) == 3, left  # description, labels, image
    assert seen == sorted(seen)  # the old one until the one moment, then the new one
    assert len(seen) > 20
    assert set(seen) == {OLD, NEW}


@pytest.mark.parametrize("moment", [3, 12, 20])
def test_a_first_saving_that_was_killed_is_no_obstacle(
    tmp_path: Path, kill_at: Kill, moment: int
) -> None:
    path = tmp_path / "p.pixproject"
    assert not kill_at(path, moment, "")
    with pytest.raises(FileNotFoundError):
        px.open_project(path)
    save(content_of(OLD), path)
    assert check(path) == OLD
