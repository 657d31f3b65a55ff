"""Arrays larger than memory."""

from ._lazy import lazy_probabilities, lazy_segmentation, lazy_uncertainty

__all__ = ["lazy_probabilities", "lazy_segmentation", "lazy_uncertainty"]
