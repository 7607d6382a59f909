"""`Scale`: where a value lies between two ends, in percent, and which round values lie between them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROOM = 0.04  # of the range, beside its ends


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of an axis; equal ends would leave no room, so they are never equal.

    >>> Scale(1000, 16000, log=True).place(4000)
    50.0
    """

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return how far `value` is from the low end, in percent; values beyond the ends are moved to them."""
        low, high, at = (math.log(each) if self.log else each for each in (self.low, self.high, max(value, self.low)))
        return round(100 * min((at - low) / (high - low), 1.0), 2)

    def ticks(self, most: int = 6) -> list[float]:
        """Return `most` round values or fewer, from low to high.

        >>> Scale(0.61, 0.93).ticks(4)
        [0.7, 0.8, 0.9]
        """
        return _powers(self) if self.log else _multiples(self, most)


@dataclass(frozen=True, slots=True)
class Tick:
    """A round value on an axis."""

    at: float
    text: str


def scale_around(values: Iterable[float], *, least: float = 0.1) -> Scale:
    """Return a scale with a little room beside the finite `values`, and `least` between its ends."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    short = max(least - (high - low), 0.0) / 2
    room = (high - low) * _ROOM
    return Scale(low - short - room, high + short + room)


def ticks_of(scale: Scale, most: int = 6) -> tuple[Tick, ...]:
    """Return the round values of an axis, with their text."""
    return tuple(Tick(scale.place(at), f"{at:,.10g}") for at in scale.ticks(most))


def down(ticks: Iterable[Tick]) -> tuple[Tick, ...]:
    """Return the ticks of an axis that goes up, as places from the top."""
    return tuple(Tick(100 - tick.at, tick.text) for tick in ticks)


def _multiples(scale: Scale, most: int) -> list[float]:
    rough = (scale.high - scale.low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * each for each in _STEPS if unit * each >= rough)
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _powers(scale: Scale) -> list[float]:
    """Return 1, 2, 5, 10 and so on, or only the powers of ten where those are many."""
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    steps = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    inside = [value for value in steps if scale.low <= value <= scale.high]
    many = 5
    return inside if len(inside) <= many else [value for value in inside if math.log10(value).is_integer()]
