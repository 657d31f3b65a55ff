"""The manifest as napari reads it."""

from __future__ import annotations

from npe2 import PluginManifest


def test_every_command_of_the_manifest_can_be_imported() -> None:
    manifest = PluginManifest.from_distribution("napari-pixclass")
    manifest.validate_imports()
