"""The manifest as napari reads it."""

from __future__ import annotations

import pytest
from npe2 import PluginManifest

from napari_pixclass.core import sample_images

from .conftest import DOCKS


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("napari-pixclass")


def test_every_command_of_the_manifest_can_be_imported(manifest: PluginManifest) -> None:
    manifest.validate_imports()


def test_docks_are_in_the_menus_where_they_are_looked_for(manifest: PluginManifest) -> None:
    widgets = manifest.contributions.widgets
    assert [widget.display_name for widget in widgets] == list(DOCKS)
    commands = [widget.command for widget in widgets]
    for menu in ("napari/layers/classify", "napari/layers/segment"):
        assert [item.command for item in manifest.contributions.menus[menu]] == commands


def test_every_sample_can_be_opened(manifest: PluginManifest) -> None:
    assert [sample.key for sample in manifest.contributions.sample_data] == list(sample_images())
