"""Where do sentences start: as rag-chunk sees it, and as pysbd does?

Prints, for each language of XQuAD that pysbd knows, how many starts both see, how many only one of them sees, and the
seconds that each takes; with `--show`, so many of those that only one sees, with the text around them.

    python -m pip install --group sentences
    python benchmarks/sentences.py --data FOLDER --show 40
"""

import argparse
import json
import random
import time
from pathlib import Path

import pysbd
from public_data import DATA
from pysbd.languages import LANGUAGE_CODES

from rag_chunk import Corpus, Document
from rag_chunk.corpus.structure import structure_of

AROUND = 45  # characters that are shown on each side


def main() -> None:
    """Print a table with a row for each language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--show", type=int, default=0, help="show so many of the starts that only one sees")
    given = parser.parse_args()
    print("| language | both | only rag-chunk | only pysbd | rag-chunk, s | pysbd, s |\n|---|---:|---:|---:|---:|---:|")
    shown = []
    for file in sorted((given.data / "xquad").glob("xquad.*.json")):
        language = file.suffixes[0][1:]
        if language in LANGUAGE_CODES:
            texts = _paragraphs(file)
            (ours, seconds), (theirs, other_seconds) = _starts(texts), _starts_by_pysbd(texts, language)
            only_ours, only_theirs = sorted(ours - theirs), sorted(theirs - ours)
            counts = f"{len(ours & theirs)} | {len(only_ours)} | {len(only_theirs)}"
            print(f"| {language} | {counts} | {seconds:.2f} | {other_seconds:.2f} |", flush=True)
            shown += [
                *_show(f"{language} rag-chunk", texts, only_ours, given.show),
                *_show(f"{language} pysbd", texts, only_theirs, given.show),
            ]
    print("\n".join(shown))


def _paragraphs(file: Path) -> list[str]:
    articles = json.loads(file.read_text(encoding="utf-8"))["data"]
    return [paragraph["context"].removeprefix("\ufeff") for article in articles for paragraph in article["paragraphs"]]


def _starts(texts: list[str]) -> tuple[set[tuple[int, int]], float]:
    """Return the paragraph and the offset of each start but the first, and the seconds that it took."""
    before = time.process_time()
    corpus = Corpus([Document(f"{number:05}.txt", text) for number, text in enumerate(texts)])
    places = structure_of(corpus).sentence_starts
    documents = corpus.documents_at(places)
    starts = set(zip(documents.tolist(), (places - corpus.starts[documents]).tolist(), strict=True))
    return {start for start in starts if texts[start[0]][: start[1]].strip()}, time.process_time() - before


def _starts_by_pysbd(texts: list[str], language: str) -> tuple[set[tuple[int, int]], float]:
    before = time.process_time()
    segmenter = pysbd.Segmenter(language=language, clean=False, char_span=True)
    starts = set()
    for number, text in enumerate(texts):
        for span in segmenter.segment(text):
            start = span.start + len(span.sent) - len(span.sent.lstrip())
            if text[:start].strip() and start < len(text):
                starts.add((number, start))
    return starts, time.process_time() - before


def _show(title: str, texts: list[str], starts: list[tuple[int, int]], most: int) -> list[str]:
    """Return some of the starts, the same each time, with the text around them."""
    chosen = sorted(random.Random(0).sample(starts, min(most, len(starts))))  # noqa: S311 - no secret
    return [
        f"{title}: …{texts[number][max(start - AROUND, 0) : start]}‖{texts[number][start : start + AROUND]}…".replace(
            "\n", "⏎"
        )
        for number, start in chosen
    ]


if __name__ == "__main__":
    main()
