"""What the tests of all rooms share: markers, how hypothesis searches, where real data lies."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

# No deadline: the first call of a compiled kernel takes longer than all others.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(TESTS / "viewer"):
            item.add_marker(pytest.mark.gui)


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of each test's own for what the program remembers; it does not exist yet."""
    folder = tmp_path_factory.getbasetemp() / f"state-{uuid4().hex}"
    monkeypatch.setenv("NAPARI_PIXCLASS_STATE", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the repository; where it is absent, tests that need it skip."""
    folder = TESTS.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared/data beside the repository")
    return folder
