"""Draws docs/images/budget.svg: two rankings read until the same number of characters is spent.

python scripts/budget_picture.py    draw it anew
"""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

TARGET = Path(__file__).parents[1] / "docs" / "images" / "budget.svg"
BUDGET = 4000
# Chunks, best first: their characters, and where in them the evidence is. The evidence has 600 characters in all.
LARGE = [(3000, [(700, 1000)]), (3000, [(1400, 1700)])]
SMALL = [(800, [(200, 500)]), (800, []), (800, [(100, 350)]), (800, []), (800, [(400, 450)]), (800, []), (800, [])]
_WIDTH, _LEFT, _SCALE = 760, 120, 0.085  # pixels, and pixels a character
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; } .note { fill: #57606a; }
.chunk { fill: #dbe4ff; stroke: #4269d0; } .unread { fill: #f3f4f6; stroke: #d0d7de; } .evidence { fill: #efb118; }
.budget { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 5 3; } .limit { fill: #cf222e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .note { fill: #9198a1; } .chunk { fill: #24345c; stroke: #6e8fe8; }
  .unread { fill: #21262d; stroke: #30363d; } .limit { fill: #ff7b72; } .budget { stroke: #ff7b72; }
}
"""

Chunks = Sequence[tuple[int, Sequence[tuple[int, int]]]]


def recall(chunks: Chunks) -> float:
    """Return the share of the evidence in the first `BUDGET` characters; the last chunk is cut at the character."""
    read, start = 0, 0
    for size, evidence in chunks:
        read += sum(max(min(start + last, BUDGET) - (start + first), 0) for first, last in evidence)
        start += size
    return read / 600


def svg() -> str:
    """Return the picture."""
    limit = _LEFT + BUDGET * _SCALE
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 190" width="{_WIDTH}" role="img">',
        "<title>Two rankings, each read until 4,000 characters are spent</title>",
        f"<style>{_STYLE}</style>",
        *_ranking("large chunks", LARGE, 50),
        *_ranking("small chunks", SMALL, 110),
        f'<line class="budget" x1="{limit:g}" x2="{limit:g}" y1="34" y2="152"/>',
        f'<text class="limit" x="{limit:g}" y="26" text-anchor="middle">budget: 4,000 characters</text>',
        f'<rect class="evidence" x="{_LEFT}" y="164" width="12" height="12"/>',
        f'<text class="note" x="{_LEFT + 18}" y="174">evidence; boxes are chunks, best first; gray is not read</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _ranking(name: str, chunks: Chunks, top: int) -> Iterator[str]:
    yield f'<text x="8" y="{top + 14}">{escape(name)}</text>'
    yield f'<text class="note" x="8" y="{top + 30}">recall {recall(chunks):.2f}</text>'
    start = 0
    for size, evidence in chunks:
        read = max(min(BUDGET - start, size), 0)
        yield _box("unread", start, size, top)
        if read:
            yield _box("chunk", start, read, top)
        yield from (_box("evidence", start + first, last - first, top + 8, 24) for first, last in evidence)
        start += size


def _box(kind: str, start: int, size: int, top: int, height: int = 40) -> str:
    left, width = _LEFT + start * _SCALE, size * _SCALE
    return f'<rect class="{kind}" x="{left:g}" y="{top}" width="{width:g}" height="{height}"/>'


if __name__ == "__main__":
    TARGET.write_text(svg(), encoding="utf-8")
