"""Forests to test with: fitted to noise, small and of all kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

KINDS = {"random": RandomForestClassifier, "extra": ExtraTreesClassifier}


def fit_forest(
    kind: str = "random",
    n_samples: int = 200,
    n_features: int = 5,
    n_classes: int = 3,
    seed: int = 0,
    step: float = 0.0,
    **parameters: Any,
) -> Any:
    """Fit noise, which grows large trees; `step` > 0 rounds it, so that thresholds repeat."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)).astype(np.float32)
    if step:
        X = np.round(X / step).astype(np.float32) * np.float32(step)
    y = np.arange(n_samples) % n_classes
    parameters = {"n_estimators": 7, "random_state": seed, **parameters}
    return KINDS[kind](**parameters).fit(X, y)


estimators = st.builds(
    fit_forest,
    kind=st.sampled_from(sorted(KINDS)),
    n_samples=st.integers(12, 300),
    n_features=st.integers(1, 9),
    n_classes=st.integers(1, 6),
    seed=st.integers(0, 1000),
    step=st.sampled_from([0.0, 0.25, 1.0]),
    n_estimators=st.integers(1, 12),
    max_depth=st.sampled_from([None, None, 1, 4]),
    min_samples_leaf=st.integers(1, 6),
    max_features=st.sampled_from(["sqrt", None]),
)
