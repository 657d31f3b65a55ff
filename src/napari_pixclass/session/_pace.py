"""How fast tiles are predicted on this machine, with these features and this forest."""

from __future__ import annotations

PIXELS_PER_SECOND = {True: 2e7, False: 6e6}
"""With all features of one channel and two cores, where these are remembered and where they are not."""


class Pace:
    """Learns from every prediction how long the next one will take; any thread may ask."""

    def __init__(self) -> None:
        self._slowness = 1.0

    @staticmethod
    def nominal(n_pixels: int, is_remembered: bool) -> float:
        """Seconds that some pixels take on a usual machine."""
        return n_pixels / PIXELS_PER_SECOND[is_remembered]

    def expected(self, n_remembered: int, n_others: int) -> float:
        """Seconds that pixels will take here whose features are remembered, and others."""
        nominal = self.nominal(n_remembered, True) + self.nominal(n_others, False)
        return self._slowness * nominal

    def learn(self, nominal: float, seconds: float) -> None:
        """Take notice of how long something took that takes `nominal` seconds usually."""
        if nominal > 0:
            self._slowness = (self._slowness + seconds / nominal) / 2
