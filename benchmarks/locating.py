"""Is evidence located that another extractor wrote, at its place, and refused where a number was changed?

Passages of whole lines are drawn from the public data and from filings made here (prose, tables, running heads), and
perturbed in 14 ways, each as converters differ. Prints for each way the share that was located, the share of passages
with one changed digit that was refused, and how many were located at a wrong place: where less than 80 % of what was
taken is of the passage, or less than 60 % of the passage was taken, or a border lies in another paragraph. Exits with 1 where less than 95 % are
located, a changed number is taken, or more than 1 in 1,000 is at a wrong place.

    python benchmarks/locating.py                   # the public data beside the repository; 2 minutes
    python benchmarks/locating.py FOLDER --items 100
"""

import argparse
import random
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from public_data import FOLDER

from rag_chunk import Corpus, Document
from rag_chunk.questions.search import Match, TextSearch

LEAST, WORST = 0.95, 0.001
HEAD = "ACME HOLDINGS INC. AND SUBSIDIARIES"
WIDTH = 88
SUBJECTS = ("Net revenue", "Cost of sales", "Research and development", "Deferred tax", "Goodwill", "Inventories")
CAUSES = ("higher volumes", "unfavorable exchange rates", "the divestiture of the unit", "lower freight costs")


class Item(NamedTuple):
    """A passage: its document's text and where it is there."""

    text: str
    start: int
    end: int

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text[self.start : self.end].split("\n")


class Case(NamedTuple):
    """A document, what is looked for in it, and which stretches of it are right."""

    text: str
    phrase: str
    start: int
    end: int


def _as_case(item: Item, phrase: str) -> Case:
    return Case(item.text, phrase, item.start, item.end)


def _wrap_otherwise(item: Item, rng: random.Random) -> Case:
    return _as_case(item, textwrap.fill(" ".join(item.lines), rng.randint(40, 70)))


def _lose_space_after_commas(item: Item, _: random.Random) -> Case:
    return _as_case(item, re.sub(r"([,;:]) ", r"\1", "\n".join(item.lines)))


def _lose_spaces(item: Item, _: random.Random) -> Case:
    return _as_case(item, "\n".join(line.replace(" ", "") for line in item.lines))


def _hyphenate(item: Item, rng: random.Random) -> Case:
    def split(word: re.Match[str]) -> str:
        return f"{word[0][:4]}-\n{word[0][4:]}" if rng.random() < 0.2 else word[0]

    return _as_case(item, re.sub(r"[a-z]{7,}", split, "\n".join(item.lines)))


def _swap_lines(item: Item, rng: random.Random) -> Case:
    lines, place = item.lines, rng.randrange(len(item.lines) - 1)
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return _as_case(item, "\n".join(lines))


def _drop_words(item: Item, rng: random.Random) -> Case:
    """Leave out one word in 50, but no number: a lost number is a changed one."""
    words = re.split(r"(\s+)", "\n".join(item.lines))
    plain = [place for place, word in enumerate(words) if word.isalpha()]
    lost = set(rng.sample(plain, min(len(plain), max(1, len(words) // 100))))
    return _as_case(item, "".join(word for place, word in enumerate(words) if place not in lost))


def _mistype(item: Item, rng: random.Random) -> Case:
    letters = list("\n".join(item.lines))
    plain = [place for place, letter in enumerate(letters) if letter.isalpha()]
    for place in rng.sample(plain, max(1, len(plain) // 50)):
        letters[place] = rng.choice("etaoin")
    return _as_case(item, "".join(letters))


def _typeset(item: Item, _: random.Random) -> Case:
    table = {"fi": "ﬁ", "fl": "ﬂ", "'": "’", " - ": " — ", '"': "”", " ": "\u00a0", "tion": "ti\u00adon"}
    text = "\n".join(item.lines)
    for plain, set_ in table.items():
        text = text.replace(plain, set_)
    return _as_case(item, text)


def _as_markdown(item: Item, _: random.Random) -> Case:
    return _as_case(item, "\n".join("| " + re.sub(r" {2,}", " | ", line) + " |" for line in item.lines))


def _one_cell_a_line(item: Item, _: random.Random) -> Case:
    return _as_case(item, "\n \n".join(" ".join(item.lines).split()))


def _put_between(item: Item, rng: random.Random, furniture: str) -> Case:
    """Put furniture between two lines of the passage in the document."""
    phrase = "\n".join(item.lines)
    place = item.start + len("\n".join(item.lines[: rng.randrange(1, len(item.lines))])) + 1
    text = item.text[:place] + furniture + item.text[place:]
    return Case(text, phrase, item.start, item.end + len(furniture))


def _running_head(item: Item, rng: random.Random) -> Case:
    return _put_between(item, rng, f"\n{HEAD}\n\n")


def _head_and_page_number(item: Item, rng: random.Random) -> Case:
    return _put_between(item, rng, f"\n{rng.randint(2, 300)}\n\n{HEAD}\nAnnual report {rng.randint(2001, 2024)}\n\n")


def _page_number(item: Item, rng: random.Random) -> Case:
    return _put_between(item, rng, f"{rng.randint(2, 300)}\n\n")


def _lines_of_elsewhere(item: Item, rng: random.Random) -> Case:
    """Put a head before the passage and a page number behind it that its document lacks."""
    return _as_case(item, "\n".join(["Table of Contents", *item.lines, str(rng.randint(2, 300))]))


WAYS: dict[str, Callable[[Item, random.Random], Case]] = {
    "lines broken elsewhere": _wrap_otherwise,
    "no space after commas": _lose_space_after_commas,
    "no spaces": _lose_spaces,
    "words hyphenated": _hyphenate,
    "two lines swapped": _swap_lines,
    "1 word in 50 missing": _drop_words,
    "1 letter in 50 wrong": _mistype,
    "typeset signs": _typeset,
    "rows of Markdown": _as_markdown,
    "one cell a line": _one_cell_a_line,
    "running head between": _running_head,
    "head and page between": _head_and_page_number,
    "page number between": _page_number,
    "foreign first and last line": _lines_of_elsewhere,
}


def filing(seed: int) -> str:
    """Return a filing made of prose and tables, in lines as a page has them."""
    rng = random.Random(seed)  # noqa: S311 - texts, not secrets
    parts = []
    for _ in range(60):
        if rng.random() < 0.5:
            sentences = [
                f"{rng.choice(SUBJECTS)} was ${rng.randint(10, 9999):,} million in fiscal {rng.randint(2001, 2024)}, "
                f"compared with ${rng.randint(10, 9999):,} million, an effect of {rng.choice(CAUSES)} and of "
                f"{rng.choice(CAUSES)} in region {rng.randint(1, 400)}."
                for _ in range(rng.randint(3, 9))
            ]
            parts.append(textwrap.fill(" ".join(sentences), WIDTH))
        else:
            rows = [
                f"{rng.choice(SUBJECTS):<28}{rng.randint(10, 99999):>10,}{rng.randint(10, 99999):>12,}"
                for _ in range(rng.randint(5, 20))
            ]
            parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def documents(folder: Path) -> Iterator[str]:
    """Yield texts in lines: ours, and those of the public data where they are there."""
    yield from (filing(seed) for seed in range(6))
    for file in sorted(folder.glob("*.md")):
        paragraphs = file.read_text().split("\n\n")[:400]
        yield "\n\n".join(textwrap.fill(" ".join(paragraph.split()), WIDTH) for paragraph in paragraphs)[:120_000]


def draw(text: str, count: int, rng: random.Random) -> Iterator[Item]:
    """Yield passages of three lines and more of one paragraph or table."""
    blocks = [match.span() for match in re.finditer(r"(?:.+\n){2,}.+", text)]
    for start, end in rng.sample(blocks, min(count, len(blocks))):
        lines = text[start:end].split("\n")
        first = rng.randint(0, len(lines) - 3)
        last = rng.randint(first + 3, min(len(lines), first + 20))
        begin = start + len("\n".join(lines[:first])) + (first > 0)
        yield Item(text, begin, begin + len("\n".join(lines[first:last])))


def locate(text: str, phrase: str) -> Match | None:
    """Look for a phrase as a question file's evidence is looked for."""
    search = TextSearch(Corpus([Document("a.txt", text)]))
    return search.find(phrase.strip(), [0]) or search.find_similar(phrase.strip(), [0])


def is_right(case: Case, match: Match) -> bool:
    """Whether what was taken is of the passage, and is most of it, and no border lies in another paragraph."""
    passage = set(range(case.start, case.end))
    for span in match.spans:
        taken = {place for start, end in (span, *match.parts) for place in range(start, end)}
        inside = "\n\n" not in case.text[case.end : max(taken)] + case.text[min(taken) : case.start]
        if inside and len(taken & passage) >= max(0.8 * len(taken), 0.6 * len(passage)):
            return True
    return False


def change_a_digit(phrase: str, own: int, rng: random.Random) -> str:
    """Return the phrase with one of its first `own` digits changed: those of the passage itself."""
    place = rng.choice([match.start() for match in re.finditer(r"\d", phrase)][:own])
    return f"{phrase[:place]}{(int(phrase[place]) + rng.randint(1, 9)) % 10}{phrase[place + 1 :]}"


def main() -> int:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--items", type=int, default=30, help="passages of each document")
    parser.add_argument("--show", action="store_true", help="print what fails")
    options = parser.parse_args()
    rng = random.Random(1)  # noqa: S311 - as above
    items = [item for text in documents(options.folder) for item in draw(text, options.items, rng)]
    print(f"{len(items)} passages\n{'':30}{'located':>9}{'refused':>9}{'wrong':>7}{'seconds':>9}")
    failed = False
    for name, perturb in WAYS.items():
        began = time.perf_counter()
        located = wrong = refused = changed = 0
        for item in items:
            case = perturb(item, rng)
            match = locate(case.text, case.phrase)
            located += match is not None
            is_wrong = match is not None and not is_right(case, match)
            wrong += is_wrong
            if options.show and (match is None or is_wrong):
                print("---", name, match, case.start, case.end, case.phrase, sep="\n")
            own = sum(map(str.isdigit, item.text[item.start : item.end]))
            if own:
                changed += 1
                phrase = change_a_digit(case.phrase, own, rng)
                taken = locate(case.text, phrase)
                refused += taken is None
                if options.show and taken is not None:
                    print("--- taken", name, taken, case.start, case.end, phrase, sep="\n")
        spent = time.perf_counter() - began
        print(f"{name:30}{located / len(items):9.1%}{refused / max(1, changed):9.1%}{wrong:7}{spent:9.1f}")
        failed |= located < LEAST * len(items) or refused < changed or wrong > WORST * len(items)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
