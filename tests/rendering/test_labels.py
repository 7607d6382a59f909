"""The numbers beside the dots of a chart meet no dot and no other number, on any page."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.rendering.html.labels import _dot_boxes, _label_boxes, place_labels

PLACES = st.floats(0, 100, allow_nan=False)
DOTS = st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=12)


@given(DOTS, st.integers(1, 12))
def test_labels_meet_neither_dots_nor_each_other(dots: list[tuple[float, float]], count: int) -> None:
    labels = {row: str(row + 1) for row in range(min(count, len(dots)))}
    placed = place_labels(dots, labels)
    boxes = {row: tuple(_label_boxes(dots[row], labels[row], corner)) for row, corner in placed.items()}
    for one, other in combinations(boxes.values(), 2):
        assert not any(a.meets(b) for a, b in zip(one, other, strict=True))
    for row, label in boxes.items():
        others = [dot for place, dot in enumerate(dots) if place != row]
        assert not any(a.meets(b) for dot in others for a, b in zip(label, _dot_boxes(dot), strict=True))


def test_a_label_takes_the_first_corner_with_room_or_none() -> None:
    assert place_labels([(50, 50)], {0: "1"})[0].anchor == "start"
    crowded = [(50.0, 50.0), (55.0, 45.0)]
    assert place_labels(crowded, {0: "1"})[0].anchor == "end"
    around = [(50.0, 50.0), *((50.0 + x, 50.0 + y) for x in (-5, -2, 2, 5) for y in (-6, -3, 3, 6))]
    assert place_labels(around, {0: "1"}) == {}
