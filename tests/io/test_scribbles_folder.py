"""The folder of scribbles: files of sessions that live are left alone, those of the dead are anybody's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import (
    STATE_VARIABLE,
    ScribblesFolder,
    load_scribbles,
    save_scribbles,
    state_folder,
)

KEY, OTHER_KEY = "0" * 32, "f" * 32
DAY = 24 * 3600
LABELLED = LabelledPixels.of(np.eye(5, dtype=np.uint8))


@pytest.fixture
def new_session(tmp_path: Path) -> Iterator[Callable[[], ScribblesFolder]]:
    sessions = []

    def make() -> ScribblesFolder:
        sessions.append(ScribblesFolder(tmp_path / "state" / "scribbles"))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


def write(session: ScribblesFolder, key: str = KEY) -> Path:
    path = session.new_path(key)
    save_scribbles(path, LABELLED, image_name="cells")
    return path


def found(session: ScribblesFolder, key: str = KEY) -> list[Path]:
    return [path for path, _ in session.find(key)]


Sessions = Callable[[], ScribblesFolder]


def test_nothing_is_made_before_it_is_needed(new_session: Sessions) -> None:
    session = new_session()
    assert session.find(KEY) == []
    session.tidy()
    session.close()
    assert not session.path.parent.exists()


def test_files_of_a_living_session_are_its_own(new_session: Sessions) -> None:
    first, second = new_session(), new_session()
    path = write(first)
    assert found(first) == [path]
    assert found(second) == []
    with pytest.raises(BlockingIOError):
        second.discard(path)
    with pytest.raises(BlockingIOError):
        second.take(path, KEY)
    assert path.exists()


def test_files_of_an_ended_session_are_anybodys(new_session: Sessions) -> None:
    first, second, third = new_session(), new_session(), new_session()
    path = write(first)
    first.close()
    assert found(second) == found(third) == [path]
    taken = second.take(path, KEY)
    assert load_scribbles(taken)[0] == LABELLED
    assert found(third) == []
    with pytest.raises(FileNotFoundError):
        third.take(path, KEY)
    third.discard(path)  # gone anyway
    assert found(second) == [taken]


def test_each_image_has_its_own_and_the_newest_comes_first(new_session: Sessions) -> None:
    first, second = new_session(), new_session()
    other, old = write(first, OTHER_KEY), write(first)
    new = write(first)
    first.close()
    assert found(second, OTHER_KEY) == [other]
    assert found(second) in ([new, old], [old, new])
    times = [info.written for _, info in second.find(KEY)]
    assert times == sorted(times, reverse=True)


def test_two_sessions_never_write_to_the_same_file(new_session: Sessions) -> None:
    first, second = new_session(), new_session()
    paths = [session.new_path(KEY) for session in (first, second, first, second)]
    assert len(set(paths)) == 4


def test_damaged_and_foreign_files_are_no_obstacle(new_session: Sessions) -> None:
    first, second = new_session(), new_session()
    path = write(first)
    first.close()
    (path.parent / f"{KEY}-notes.scribbles").write_text("not ours")
    (path.parent / f"{KEY}-0123456789abcdef-0.scribbles").write_bytes(path.read_bytes()[:50])
    (path.parent / f"{KEY}-0123456789abcdef-1.scribbles").mkdir()
    assert found(second) == [path]


def test_what_is_too_old_goes_away(new_session: Sessions) -> None:
    dead, living, other = new_session(), new_session(), new_session()
    old, kept = write(dead), write(living)
    half_written = old.with_name(f".{old.name}.0123abcd.part")
    half_written.write_bytes(b"PK")
    foreign = old.with_name("notes.txt")
    foreign.write_text("somebody else's")
    dead.close()
    now = time.time()
    other.tidy(now + 1800)  # half an hour later
    assert {old, kept, half_written} <= set(old.parent.iterdir())
    other.tidy(now + 30 * DAY)
    assert not half_written.exists()
    assert found(other) == [old]
    other.tidy(now + 61 * DAY)
    left = {path for path in old.parent.iterdir() if path.suffix != ".lock"}
    assert left == {kept, foreign}


def test_locks_of_the_living_are_not_tidied_away(new_session: Sessions) -> None:
    first, second = new_session(), new_session()
    path = write(first)
    second.tidy(time.time() + 100 * DAY)
    assert found(second) == []
    assert found(first) == [path]


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import ScribblesFolder, save_scribbles

folder = ScribblesFolder(Path(sys.argv[1]))
path = folder.new_path("0" * 32)
save_scribbles(path, LabelledPixels.of(np.eye(5, dtype=np.uint8)))
print(path, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_process_leaves_its_files_to_others(new_session: Sessions) -> None:
    session = new_session()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(session.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert found(session) == []  # it lives
        session.tidy(time.time() + 100 * DAY)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert found(session) == [path]
    session.discard(path)
    session.tidy(time.time() + DAY)
    assert list(session.path.iterdir()) == []


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "here"))
    assert state_folder() == tmp_path / "here"
    monkeypatch.delenv(STATE_VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder().name == "napari-pixclass"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    session = ScribblesFolder(tmp_path / "file" / "scribbles")
    assert session.find(KEY) == []
    session.tidy()
    with pytest.raises(OSError, match="Not a directory"):
        session.new_path(KEY)
