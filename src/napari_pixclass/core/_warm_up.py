"""Everything that a first stroke needs, compiled or loaded before the user paints it."""

from __future__ import annotations

from functools import cache

import numpy as np

from ._features import FeatureSet


@cache  # once is enough for a process
def warm_up(ndim: int = 2) -> None:
    """Train on a tiny image and predict it, so that the first real one need not wait.

    Compiled code is cached on disk. The first time ever it takes many seconds, afterwards a
    fraction of one. Any thread may do it, also more than one at a time.

    Parameters
    ----------
    ndim
        2 for images, 3 for volumes.
    """
    from ._classifier import PixelClassifier  # with scikit-learn, which takes its time too

    image = np.add.outer(np.arange(16), np.arange(16)) % 7 * 30.0 + 10
    if ndim == 3:
        image = np.stack([image] * 8)
    labels = np.zeros(image.shape, dtype=np.uint8)
    labels[..., 3, :] = 1
    labels[..., 11, :] = 2
    classifier = PixelClassifier(FeatureSet.default(ndim), n_estimators=2, n_jobs=1)
    classifier.fit(image.astype(np.uint8), labels).predict_proba(image.astype(np.uint8))
