"""Settings of a session that projects keep besides those of the training; each is checked by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_pixclass.core import OUTPUTS

if TYPE_CHECKING:
    from ._restorable_session import RestorableSession


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes
    ----------
    read
        Its value in a session, ready for JSON.
    apply
        Gives a session such a value.
    fits
        Whether a value that comes from a file is one.
    """

    read: Callable[[RestorableSession], Any]
    apply: Callable[[RestorableSession, Any], None]
    fits: Callable[[Any], bool]


def _outputs(session: RestorableSession) -> list[str]:
    return [output for output in OUTPUTS if output in session.outputs]


def _set_outputs(session: RestorableSession, outputs: Any) -> None:
    session.outputs = outputs


def _set_live_update(session: RestorableSession, on: bool) -> None:
    session.live_update = on


# The one place to enter another one; they are applied in this order.
SETTINGS = {
    "outputs": Setting(
        _outputs,
        _set_outputs,
        lambda value: isinstance(value, list) and all(output in OUTPUTS for output in value),
    ),
    "live_update": Setting(
        lambda session: session.live_update,
        _set_live_update,
        lambda value: isinstance(value, bool),
    ),
}


def read_settings(session: RestorableSession) -> dict[str, Any]:
    """All settings of a session."""
    return {name: setting.read(session) for name, setting in SETTINGS.items()}


def apply_settings(session: RestorableSession, values: Mapping[str, Any]) -> list[str]:
    """Give a session settings from a file; return a sentence for each that it does not take."""
    notes = []
    for name, setting in SETTINGS.items():
        if name in values and setting.fits(values[name]):
            setting.apply(session, values[name])
        elif name in values:
            notes.append(
                f"The setting {name!r} has a value that it cannot have, and stays as it is."
            )
    unknown = sorted(str(name)[:50] for name in set(values) - set(SETTINGS))
    return notes + [f"The setting {name!r} of a newer version is left out." for name in unknown]
