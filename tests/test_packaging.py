"""The promises of pyproject.toml, setup.cfg and the manifest: what ships, as what, needing what."""

from __future__ import annotations

import ast
import configparser
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
QT_BINDINGS = {"pyqt5", "pyqt6", "pyside2", "pyside6"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def required_names(requirements: list[str]) -> set[str]:
    """Names of the packages in a list of requirements, without extras and versions."""
    return {re.split(r"[\[<>=!~; ]", text, maxsplit=1)[0].lower() for text in requirements}


def imported_packages(path: Path) -> set[str]:
    """Top-level names of all absolute imports in a module, those inside functions included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_manifest_and_type_marker_lie_in_the_package() -> None:
    package = files("napari_pixclass")
    assert (package / "napari.yaml").is_file()
    assert (package / "py.typed").is_file()


def test_top_level_manifest_is_a_link_to_the_one_in_the_package() -> None:
    link = ROOT / "napari.yaml"
    target = "src/napari_pixclass/napari.yaml"
    # A checkout without symbolic links holds the target's path as text.
    assert str(link.readlink()) == target if link.is_symlink() else link.read_text() == target


def test_manifest_is_found_under_the_name_of_the_distribution() -> None:
    (entry,) = distribution("napari-pixclass").entry_points.select(group="napari.manifest")
    assert entry.value == "napari_pixclass:napari.yaml"
    manifest = yaml.safe_load((files("napari_pixclass") / "napari.yaml").read_text())
    assert manifest["name"] == entry.name == "napari-pixclass"
    assert manifest["display_name"] == "Pixel classification"


def test_no_key_stands_in_both_configuration_files() -> None:
    # setuptools takes pyproject's in silence and would leave the manifest out of the wheel.
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert not {"setuptools", "importlinter"} & tools.keys()
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert not {"metadata", "options.entry_points"} & set(config.sections())


def test_package_data_names_each_file() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config.getboolean("options", "include_package_data") is False
    shipped = config["options.package_data"]["napari_pixclass"].split()
    package = ROOT / "src" / "napari_pixclass"
    present = [
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".nbi", ".nbc"}
    ]
    assert sorted(present) == sorted(shipped)


def test_every_room_is_a_package() -> None:
    # `find:` ships no folder without __init__.py, while an editable installation would hide that.
    package = ROOT / "src" / "napari_pixclass"
    folders = {path.parent for path in package.rglob("*.py")}
    assert [folder.name for folder in folders if not (folder / "__init__.py").exists()] == []


def test_hub_finds_us_as_a_napari_plugin(project: dict[str, Any]) -> None:
    assert "Framework :: napari" in project["classifiers"]
    assert (
        project["license"] == "BSD-3-Clause"
    )  # an SPDX expression; then no licence classifier may stand beside it
    assert not [name for name in project["classifiers"] if name.startswith("License ::")]
    assert (ROOT / "LICENSE").read_text().startswith("BSD 3-Clause License")


def test_installation_without_a_screen_stays_possible(project: dict[str, Any]) -> None:
    names = required_names(project["dependencies"])
    assert not names & (QT_BINDINGS | {"napari", "qtpy", "superqt", "magicgui", "vispy"})
    assert not {name for name in names if "opencv" in name}  # some of its wheels bring Qt plugins


def test_everything_that_is_imported_is_declared(project: dict[str, Any]) -> None:
    # What the viewer imports beyond that comes with napari, in which it runs.
    with_napari = {"napari", "qtpy", "superqt", "magicgui", "vispy", "pint"}
    extras = project["optional-dependencies"]
    # What an extra brings is imported inside functions, where somebody asks for it.
    declared = required_names([*project["dependencies"], *extras["distributed"], *extras["hdf5"]])
    distributions = packages_distributions()
    package = ROOT / "src" / "napari_pixclass"
    for path in package.rglob("*.py"):
        allowed = declared | with_napari if path.is_relative_to(package / "viewer") else declared
        for name in imported_packages(path) - set(sys.stdlib_module_names) - {"napari_pixclass"}:
            assert {text.lower() for text in distributions.get(name, [name])} & allowed, (
                f"{path.relative_to(ROOT)} imports {name}, which pyproject.toml does not declare"
            )


def test_extra_all_brings_napari_and_no_binding_by_name(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    assert "napari" in required_names(extras["all"])
    assert not QT_BINDINGS & required_names([name for group in extras.values() for name in group])


def test_every_dependency_states_the_oldest_version_that_works(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *[text for extra in extras for text in extra]]
    assert [text for text in requirements if ">=" not in text] == []


def test_installed_version_is_the_declared_one(project: dict[str, Any]) -> None:
    import napari_pixclass

    assert napari_pixclass.__version__ == project["version"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text()
