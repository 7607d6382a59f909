"""Draws docs/images/strategies.svg: one text, cut by every strategy; each column is what `chunk_text` returns.

python scripts/picture.py            draw it anew
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from rag_chunk import Chunk, RunConfig, chunk_text
from rag_chunk.config import STRATEGIES

DRAWN = [name for name, row in STRATEGIES.items() if not row.has_definitions]  # the text is no source code
TARGET = Path(__file__).parents[1] / "docs" / "images" / "strategies.svg"
SIZE, OVERLAP = 32, 8
TEXT = """\
# Doors

Turn the key left to lock. The door locks itself
at 22:00. Who is late rings the bell.

Out of hours:

1. Ring the bell. Wait for the guard.
2. Show your pass, and say whom you visit.
3. Sign the book before you go in.

## Opening hours

| door  | opens at | closes at |
| ----- | -------- | --------- |
| north | 07:00    | 22:00     |
| south | 08:30    | 18:00     |
| roof  | never    | always    |

The roof is for the fire brigade only.

## Remote control

```python
from doors import lock, unlock

unlock("north", minutes=5)
lock("north")  # also rings the guard
```

A door that was unlocked by hand stays open until
somebody locks it. The guard looks at six.
"""
_LINE, _TOP, _TEXT, _COLUMN = 17, 128, 392, 46  # pixels
_STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #24292f; white-space: pre; }
.name { font: 600 12px system-ui, sans-serif; } .note { font: 11px system-ui, sans-serif; fill: #57606a; }
.a { fill: #4269d0; } .b { fill: #efb118; } .parent { fill: none; stroke: #6e7781; stroke-width: 1.5; }
.rule { stroke: #d0d7de; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .note { fill: #9198a1; } .rule { stroke: #30363d; } .a { fill: #6e8fe8; } .parent { stroke: #9198a1; }
}
"""


def svg() -> str:
    """Return the picture: the text on the left, and a column of alternating bands for each strategy."""
    lines = TEXT.splitlines()
    width, height = _TEXT + _COLUMN * len(DRAWN) + 60, _TOP + _LINE * len(lines) + 34
    parts = [f'<text x="12" y="{_y(number) + 13}">{escape(line)}</text>' for number, line in enumerate(lines)]
    parts += [f'<line class="rule" x1="{_TEXT - 8}" x2="{_TEXT - 8}" y1="{_TOP - 4}" y2="{height - 30}"/>']
    for number, name in enumerate(DRAWN):
        parts += _column(name, _TEXT + _COLUMN * number)
    note = f"Chunks of at most {SIZE} words; where bands stand side by side, neighbours share text. Frames are parents."
    parts.append(f'<text class="note" x="12" y="{height - 10}">{note}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="One text cut by every strategy">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>"]) + "\n"


def _column(name: str, x: int) -> Iterator[str]:
    """Yield the name of a strategy, and its chunks as bands; every other one stands to the right."""
    yield f'<text class="name" transform="translate({x + 14} {_TOP - 12}) rotate(-52)">{name}</text>'
    chunks = _chunks(name)
    for number, chunk in enumerate(chunks):
        yield _band(chunk.start, chunk.end, x + 16 * (number % 2), 14, "ab"[number % 2])
    for parent in dict.fromkeys(chunk.parent for chunk in chunks if chunk.parent):
        start, end = map(int, parent.rpartition(":")[2].split("-"))
        yield _band(start, end, x - 4, 38, "parent")


def _chunks(name: str) -> list[Chunk]:
    model = {"embedding_model": "hashing"} if "semantic" in name else {}
    return chunk_text(TEXT, RunConfig(strategy=name, chunk_size=SIZE, overlap=OVERLAP, **model), name="doors.md")


def _band(start: int, end: int, x: int, width: int, kind: str) -> str:
    top, bottom = _place(start), _place(end)
    return f'<rect class="{kind}" x="{x}" y="{top + 1:.1f}" width="{width}" height="{max(bottom - top - 2, 2):.1f}" rx="2"/>'


def _place(offset: int) -> float:
    """Return the height of a place in the text: its line, and how far it is in it."""
    before = TEXT[:offset]
    number, column = before.count("\n"), offset - (before.rfind("\n") + 1)
    length = len(TEXT.splitlines()[min(number, TEXT.count("\n") - 1)]) or 1
    return _y(number) + _LINE * min(column / length, 1)


def _y(number: int) -> int:
    return _TOP + _LINE * number


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(svg(), encoding="utf-8")
