"""What converters keep: speed, the share of evidence that is located, and whether its page is right.

Takes a folder of PDF files and evidence that another extractor wrote (`evidence[].{evidence_text, doc_name,
evidence_page_num}`, pages from 0). Evidence is looked for without its page, so that the page is a check. Prints a row for
each converter, and each piece that it has lost. Exits with 1 where a converter has less than 97 % of the evidence, or
one piece in 100 on another page.

    python benchmarks/conversion.py                 # the filings beside the repository; a minute
    python benchmarks/conversion.py FOLDER --converter pypdfium2
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from public_data import FOLDER

from rag_chunk import Corpus, read_corpus
from rag_chunk.corpus import DocumentIndex
from rag_chunk.corpus.cache import caching
from rag_chunk.questions.search import Match, TextSearch

LEAST, WORST_PAGES = 0.97, 0.01
FILINGS = FOLDER.parent / "financebench"


class Item(NamedTuple):
    """A piece of evidence, and where it was taken from."""

    document: str
    page: int
    text: str


def read_items(file: Path, documents: set[str]) -> Iterator[Item]:
    """Yield the evidence that is in one of the documents."""
    for line in file.read_text(encoding="utf-8").splitlines():
        for each in json.loads(line)["evidence"]:
            if each["doc_name"] in documents:
                yield Item(each["doc_name"], each["evidence_page_num"] + 1, each["evidence_text"].strip())


def convert(folder: Path, converter: str) -> tuple[Corpus, float, float]:
    """Convert all files anew; return them, and the seconds of wall and of CPU that it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with caching(enabled=False):
        corpus = read_corpus(folder, include=["*.pdf"], converter=[converter])
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return corpus, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pages_of(corpus: Corpus, match: Match) -> set[str]:
    """Return the labels of all pages that a match touches, in any of its places."""
    spans = [corpus.place(*span) for span in (*match.spans, *match.parts)]
    return {label for document, start, end in spans for label in document.page_labels(start, end)}


def measure(folder: Path, converter: str, items: Sequence[Item]) -> bool:
    """Print what a converter keeps; return whether it is enough."""
    corpus, wall, cpu = convert(folder, converter)
    pages = sum(len(document.pages) for document in corpus.documents)
    headings = sum(document.text.count("\n#") for document in corpus.documents)
    search, names = TextSearch(corpus), DocumentIndex(corpus)
    matches = {item: search.find(item.text, names.find(item.document)) or search.find_similar(item.text, names.find(item.document)) for item in items}  # fmt: skip
    lost = [item for item, match in matches.items() if match is None]
    elsewhere = [item for item, match in matches.items() if match and str(item.page) not in pages_of(corpus, match)]
    share, wrong = 1 - len(lost) / len(items), len(elsewhere) / len(items)
    whole = sum(match.share for match in matches.values() if match) / len(items)
    print(
        f"{converter:14}{len(corpus.documents):6}{pages:8,}{pages / cpu:12,.0f}{wall:8.1f}{headings:10,}"
        f"{share:10.1%}{whole:10.1%}{wrong:12.1%}"
    )
    for item in (*lost, *elsewhere):
        what = "lost" if item in lost else "on another page"
        print(f"  {what}: {item.document}, page {item.page}: {' '.join(item.text.split())[:70]}")
    return share >= LEAST and wrong <= WORST_PAGES


def main() -> int:
    """Print a row for each converter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FILINGS)
    parser.add_argument("--evidence", default="questions.jsonl", help="its file in the folder")
    parser.add_argument("--converter", nargs="+", default=["pypdfium2", "liteparse"])
    options = parser.parse_args()
    items = list(
        dict.fromkeys(
            read_items(options.folder / options.evidence, {file.stem for file in options.folder.glob("*.pdf")})
        )
    )
    size = sum(file.stat().st_size for file in options.folder.glob("*.pdf")) / 1e6
    print(f"{size:.1f} MB of PDF, {len(items)} pieces of evidence")
    print(f"{'':14}{'files':>6}{'pages':>8}{'pages/CPU s':>12}{'wall s':>8}{'headings':>10}{'located':>10}{'letters':>10}{'wrong page':>12}")  # fmt: skip
    results = [measure(options.folder, converter, items) for converter in options.converter]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
