"""How layers look and where they lie, as JSON values: written to projects, and read from them with suspicion."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pint
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import AVAILABLE_COLORMAPS

Json = dict[str, Any]

_BLENDINGS = (
    "translucent",
    "translucent_no_depth",
    "additive",
    "minimum",
    "opaque",
    "multiplicative",
)

MAX_WORD = 100
"""Most characters of the name of an axis or a unit."""


def look_of(layer: Layer) -> Json:
    """How a layer looks, and where it lies; of labels, which lie on their image, only how they look."""
    look: Json = {
        "visible": bool(layer.visible),
        "opacity": float(layer.opacity),
        "blending": str(layer.blending),
    }
    if not isinstance(layer, Image):
        return look
    look |= {
        "axis_labels": [str(label)[:MAX_WORD] for label in layer.axis_labels],
        "units": [str(unit) for unit in layer.units],
        "scale": _numbers(layer.scale),
        "translate": _numbers(layer.translate),
    }
    n_axes = layer.ndim
    turned = {
        "rotate": (layer.rotate, np.eye(n_axes)),
        "shear": (layer.shear, np.zeros(n_axes * (n_axes - 1) // 2)),
        "affine": (layer.affine.affine_matrix, np.eye(n_axes + 1)),
    }
    look |= {
        name: _numbers(now)
        for name, (now, usual) in turned.items()
        if not np.array_equal(now, usual)
    }
    look |= {"rgb": bool(layer.rgb), "gamma": float(layer.gamma)}
    if not layer.rgb:
        look["contrast_limits"] = _numbers(layer.contrast_limits)
        look["colormap"] = str(layer.colormap.name)
    return {name: value for name, value in look.items() if _is_json(value)}


def arguments_of(look: Mapping[str, Any], ndim: int, is_image: bool) -> Json:
    """Arguments of a layer with `ndim` axes; what is impossible in a look from a file is left out."""
    checks = _CHECKS | (_IMAGE_CHECKS if is_image else {})
    return {
        name: look[name] for name, fits in checks.items() if name in look and fits(look[name], ndim)
    }


def has_place(look: Mapping[str, Any], ndim: int) -> bool:
    """Whether a look says how large pixels are."""
    return "scale" in look and _CHECKS["scale"](look["scale"], ndim)


def apply_look(layer: Labels, look: Mapping[str, Any]) -> None:
    """Have a labels layer look as it did; where it lies is its image's affair."""
    known = arguments_of(look, layer.ndim, False)
    for name in ("opacity", "blending", "visible"):
        if name in known:
            setattr(layer, name, known[name])


def _numbers(values: Any) -> Any:
    return np.asarray(values, dtype=float).tolist()


def _is_json(value: Any) -> bool:
    """Whether there is neither NaN nor infinity in it, for which JSON has no words."""
    if isinstance(value, list):
        return all(map(_is_json, value))
    return not isinstance(value, float) or math.isfinite(value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _are_numbers(n: int, values: Any) -> bool:
    return isinstance(values, list) and len(values) == n and all(map(_is_number, values))


def _is_matrix(n: int, values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == n
        and all(_are_numbers(n, row) for row in values)
        and abs(float(np.linalg.det(np.array(values, dtype=float)))) > 0
    )


def _are_words(n: int, values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == n
        and all(isinstance(word, str) and len(word) <= MAX_WORD for word in values)
    )


def _are_units(n: int, values: Any) -> bool:
    # Words alone: what else there may be in a unit would be computed.
    return _are_words(n, values) and all(
        word.replace("_", "").isalpha() and _is_unit(word) for word in values
    )


def _is_unit(word: str) -> bool:
    try:
        return pint.Unit(word) is not None
    except Exception:  # noqa: BLE001  # whatever the library of units makes of such a word
        return False


Check = Callable[[Any, int], bool]

_CHECKS: dict[str, Check] = {
    "axis_labels": lambda value, ndim: _are_words(ndim, value),
    "units": lambda value, ndim: _are_units(ndim, value),
    "scale": lambda value, ndim: _are_numbers(ndim, value) and all(value),
    "translate": lambda value, ndim: _are_numbers(ndim, value),
    "rotate": lambda value, ndim: _is_matrix(ndim, value),
    "shear": lambda value, ndim: _are_numbers(ndim * (ndim - 1) // 2, value),
    "affine": lambda value, ndim: _is_matrix(ndim + 1, value),
    "visible": lambda value, ndim: isinstance(value, bool),
    "opacity": lambda value, ndim: _is_number(value) and 0 <= value <= 1,
    "blending": lambda value, ndim: value in _BLENDINGS,
}
_IMAGE_CHECKS: dict[str, Check] = {
    "gamma": lambda value, ndim: _is_number(value) and 0.001 <= value <= 100,
    "contrast_limits": lambda value, ndim: _are_numbers(2, value) and value[0] < value[1],
    "colormap": lambda value, ndim: isinstance(value, str) and value in AVAILABLE_COLORMAPS,
}
