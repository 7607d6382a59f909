"""Where the numbers beside dots have room: at one of four corners, or nowhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

_PLOTS = ((300, 220), (780, 290), (1000, 290))  # pixels of the plot on a phone, a narrow page and a wide one
_DIGIT, _HEIGHT, _DOT = 7.5, 12.0, 5.0  # pixels of a digit, of a line of text, and of a dot's radius


class Corner(NamedTuple):
    """Where a number begins or ends beside its dot, in pixels."""

    dx: int
    dy: int
    anchor: str


_CORNERS = (Corner(8, -6, "start"), Corner(-8, -6, "end"), Corner(8, 14, "start"), Corner(-8, 14, "end"))


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def place_labels(dots: Sequence[tuple[float, float]], labels: Mapping[int, str]) -> dict[int, Corner]:
    """Return the corner of each label that has room, by its dot's place in `dots`, in percent across and down.

    It has room where it meets no other dot and no label before it, however wide the page is.
    """
    taken: list[tuple[_Box, ...]] = [_dot_boxes(dot) for dot in dots]
    placed: dict[int, Corner] = {}
    for row, text in labels.items():
        others = [boxes for place, boxes in enumerate(taken) if place != row]
        for corner in _CORNERS:
            boxes = tuple(_label_boxes(dots[row], text, corner))
            if not _meet(boxes, others):
                placed[row] = corner
                taken.append(boxes)
                break
    return placed


def _meet(boxes: tuple[_Box, ...], others: Iterable[tuple[_Box, ...]]) -> bool:
    """Whether a label meets any of the others on any page."""
    return any(one.meets(other) for each in others for one, other in zip(boxes, each, strict=True))


def _dot_boxes(dot: tuple[float, float]) -> tuple[_Box, ...]:
    return tuple(_Box(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in _pixels(dot))


def _label_boxes(dot: tuple[float, float], text: str, corner: Corner) -> Iterator[_Box]:
    width = _DIGIT * len(text)
    for x, y in _pixels(dot):
        left = x + corner.dx - (width if corner.anchor == "end" else 0)
        yield _Box(left, y + corner.dy - _HEIGHT + 2, left + width, y + corner.dy + 2)


def _pixels(dot: tuple[float, float]) -> Iterator[tuple[float, float]]:
    for width, height in _PLOTS:
        yield dot[0] / 100 * width, dot[1] / 100 * height
