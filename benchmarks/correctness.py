"""Are chunks what they claim to be? rag-chunk and its peers on Markdown and on Chinese and Japanese text.

Every chunker cuts the same texts into chunks of at most `--size` tokens with `--overlap`. Counted are:

- offsets right: chunks whose given start is where their text stands in the document;
- U+FFFD: chunks that hold half a character;
- over the limit: chunks that count more tokens when their own text is encoded;
- fences and tables whole: of the code fences and tables that fit the limit by themselves, how many stand whole in
  some chunk. Which there are is told by markdown-it-py, not by rag-chunk;
- altered: chunks whose text is not in the document as it is;
- lost: characters, white space apart, that stand in none of the chunks that are found in the document;
- refused: texts at which the chunker raises an error. They are left out of its other figures.

Exits with 1 where rag-chunk's `markdown` is not 100 %, 0, 0, 100 %, 100 %, 0, 0, 0.

    python benchmarks/correctness.py --markdown FOLDER        # see chunking.py --fetch-markdown FOLDER
    python benchmarks/correctness.py                          # the Markdown of examples/ only
"""

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from markdown_it import MarkdownIt
from peers import ENCODING, PEERS, ROOT, Piece, own_pieces, own_strategies, read_texts, versions

from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.units import load_encoding

OURS = "rag-chunk "
CUT = Callable[[str], list[Piece]]
CJK_SENTENCES = (
    "檔案館的讀卡機一天之內壞了兩次，於是值班的人打開了側門。",
    "第二天早上，工程師把舊的控制器換成新的，並且重新登記了全部一千二百張卡。",
    "「為什麼沒有人先問一問呢？」她說：「鑰匙一直掛在門後面！」",
    "这份手册说明如何在断电以后恢复登记簿，以及哪些步骤不能省略。",
    "如果屏幕上出现红色的三角形，请等待三十秒，然后按下左边的按钮；不要关闭电源。",
    "表格里的每一行都对应一个房间：编号、楼层、面积和上次检查的日期。",
    "書庫の鍵は受付で預かっていますので、入る前に必ず名前と時刻を書いてください。",
    "昨日の夜、二階の窓が開いたままになっていたため、温度が三度も下がりました。",
    "「もう一度だけ確かめましょう」と係の人が言い、全員が頷いた。",
    "データベースを更新するときは、まず控えを取り、それから新しい表を読み込みます。",
    "駐車場は建物の裏にあり、雨の日には係員が傘を貸してくれる👩‍👩‍👧‍👦👍🏽。",
    "𠮷野家の隣に、古い𩸽の看板が残っている。",
)


class Row(NamedTuple):
    """What is wrong with one chunker's chunks; None where there is nothing to count. Shares are between 0 and 1."""

    chunks: int
    offsets_right: float | None
    replacement: int
    over: int
    fences: float | None
    tables: float | None
    altered: int
    lost: int
    refused: int


class Checked(NamedTuple):
    """The chunks of one text, and what is known of each: bool [chunks]."""

    text: str
    pieces: list[Piece]
    spans: list[tuple[int, int] | None]
    over: int


def cjk_texts(count: int = 20, sentences: int = 120) -> list[str]:
    """Return made-up Chinese and Japanese texts, in paragraphs and on lines of their own, and the example's."""
    rng = random.Random(7)  # noqa: S311 - texts, not secrets
    texts = [(ROOT / "examples" / "text" / "chinese-segmentation.md").read_text(encoding="utf-8")]
    for number in range(count):
        gap = "\n\n" if number % 2 else ""
        parts = ["".join(rng.choices(CJK_SENTENCES, k=rng.randint(1, 6))) + gap for _ in range(sentences // 4)]
        texts.append("".join(parts))
    return texts


def blocks_that_fit(text: str, kind: str, size: int) -> list[str]:
    """Return the text of each fence or table of `text` that has at most `size` tokens, without space around it."""
    parser = MarkdownIt("commonmark").enable("table").disable(["reference", "inline", "entity"], ignoreInvalid=True)
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    found = [token.map for token in parser.parse(text) if token.type == kind and token.map]
    blocks = ["".join(lines[first:last]).strip() for first, last in found]
    encoding = load_encoding(ENCODING)
    return [block for block in blocks if block and len(encoding.encode_ordinary(block)) <= size]


def checked(cut: CUT, text: str, size: int) -> Checked | None:
    """Cut `text` and find every chunk in it: where it says, else the next place where its text stands.

    Return none where the chunker raises an error.
    """
    try:
        pieces = cut(text)
    except Exception:  # noqa: BLE001 - whatever a peer raises
        return None
    spans: list[tuple[int, int] | None] = []
    last = 0
    for piece in pieces:
        given = piece.start is not None and text.startswith(piece.text, piece.start)
        start = piece.start if given else text.find(piece.text, last)
        start = text.find(piece.text) if start is None or start < 0 else start
        spans.append((start, start + len(piece.text)) if start >= 0 else None)
        last = max(start, last)
    encoding = load_encoding(ENCODING)
    return Checked(text, pieces, spans, sum(len(encoding.encode_ordinary(piece.text)) > size for piece in pieces))


def lost_characters(found: Checked) -> int:
    """Return how many characters that are not white space stand in no chunk."""
    depth = np.zeros(len(found.text) + 1, np.int64)
    for span in found.spans:
        if span:
            depth[span[0]] += 1
            depth[span[1]] -= 1
    return sum(not found.text[place].isspace() for place in np.flatnonzero(np.cumsum(depth)[:-1] == 0).tolist())


def share_whole(all_found: list[Checked], kind: str, size: int) -> float | None:
    """Return the share of fences or tables that stand whole in a chunk; none where there are none that fit."""
    whole = [
        any(block in piece.text for piece in found.pieces)
        for found in all_found
        for block in blocks_that_fit(found.text, kind, size)
    ]
    return sum(whole) / len(whole) if whole else None


def row(cut: CUT, texts: list[str], size: int) -> Row:
    """Return what is wrong with the chunks of all `texts`."""
    found = [one for text in texts if (one := checked(cut, text, size))]
    pieces = [(one.text, piece) for one in found for piece in one.pieces]
    given = [text.startswith(piece.text, piece.start) for text, piece in pieces if piece.start is not None]
    return Row(
        chunks=len(pieces),
        offsets_right=sum(given) / len(pieces) if given else None,
        replacement=sum("\ufffd" in piece.text for _, piece in pieces),
        over=sum(one.over for one in found),
        fences=share_whole(found, "fence", size),
        tables=share_whole(found, "table_open", size),
        altered=sum(span is None for one in found for span in one.spans),
        lost=sum(lost_characters(one) for one in found),
        refused=len(texts) - len(found),
    )


def contestants(size: int, overlap: int) -> Iterator[tuple[str, CUT]]:
    """Yield every chunker by name, ours first."""
    for strategy in own_strategies():
        yield OURS + strategy, own_pieces(strategy, size, overlap)
    for peer in PEERS:
        yield peer.name, peer.make(size, overlap).pieces


def printed(name: str, figures: Row) -> str:
    """Return a row of the table."""
    share = partial(_share, none="")
    cells = [
        name,
        f"{figures.chunks:,}",
        _share(figures.offsets_right, none="none given"),
        f"{figures.replacement:,}",
        _share(figures.over / max(figures.chunks, 1)),
        share(figures.fences),
        share(figures.tables),
        _share(figures.altered / max(figures.chunks, 1)),
        f"{figures.lost:,}",
        f"{figures.refused:,}",
    ]
    return f"| {' | '.join(cells)} |"


def _share(value: float | None, none: str = "") -> str:
    """Write a share in per cent; 0 and 100 only where they are exact."""
    if value is None:
        return none
    text = f"{value:.1%}"
    near = {"0.0%": "under 0.1 %", "100.0%": "over 99.9 %"}.get(text, text.replace("%", " %")) if 0 < value < 1 else ""
    return near or f"{value:.0%}".replace("%", " %")


def perfect(figures: Row) -> bool:
    """Tell whether a row is 100 %, 0, 0, 100 %, 100 %, 0, 0, 0."""
    shares = (figures.offsets_right, figures.fences, figures.tables)
    return all(share in (1, None) for share in shares) and not any(
        (figures.replacement, figures.over, figures.altered, figures.lost, figures.refused)
    )


def main() -> None:
    """Print a table for Markdown and one for CJK text."""
    options = _options()
    folder = options.markdown or ROOT / "examples"
    markdown = read_texts(folder)
    print(f"{versions()}\n")
    failed = False
    for title, given in (("Markdown", markdown), ("Chinese and Japanese", cjk_texts())):
        texts = [text.replace("\ufffd", "?") for text in given]  # whatever has it now got it from a chunker
        size = f"{len(texts)} texts, {sum(map(len, texts)):,} characters"
        print(f"{title}: {size}, size {options.size}, overlap {options.overlap}\n")
        print(
            "| | chunks | offsets right | U+FFFD | over the limit | fences whole | tables whole | altered | lost | refused |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|")
        for name, cut in contestants(options.size, options.overlap):
            figures = row(cut, texts, options.size)
            failed |= name == f"{OURS}markdown" and not perfect(figures)
            print(printed(name, figures), flush=True)
        print()
    sys.exit(failed)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", type=Path, metavar="FOLDER", help="Markdown files to cut (examples/)")
    parser.add_argument("--size", type=int, default=200, help="tokens in a chunk (200)")
    parser.add_argument("--overlap", type=int, default=50, help="tokens that neighbours share (50)")
    return parser.parse_args()


if __name__ == "__main__":
    with caching(enabled=False):
        main()
