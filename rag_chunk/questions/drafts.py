"""Draft questions drawn from documents: the form of a question file, for a person to fill with real questions."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.structure import VERBATIM, structure_of

_SHORTEST, _LONGEST = 30, 300  # characters of a phrase that is worth a question
_ENDERS = ".!?…。！？"
_WORD = re.compile(r"\w{3,20}")
_NAMED = 3  # words that stand for a sentence under no heading
_HEAD = """\
# Draft questions, drawn from headings and sentences of the documents. They show the form of a question file. They do
# not show which chunking is best: nobody has asked them, and each shares its words with the text that answers it.
#
# For each one: ask what somebody would ask who does not know the text, in their words; list under "relevant"
# every phrase that answers it, as it stands in the documents; then take the line "reviewed: false" away.
# A draft of which nothing can be made is better deleted. 30 real questions are a beginning.
"""


class Draft(NamedTuple):
    """A draft: what might be asked, the document that it is about, and a phrase of it."""

    question: str
    document: str
    phrase: str


def drafts(corpus: Corpus, count: int = 30) -> list[Draft]:
    """Return at most `count` drafts, spread over the documents, in their order.

    Each is a sentence of 30 to 300 characters: the first under a heading, asked for by its headings; or one of a text
    without headings, asked for by its rarest words.
    """
    by_document: dict[str, list[Draft]] = {}
    for draft in {draft.question: draft for draft in _candidates(corpus)}.values():
        by_document.setdefault(draft.document, []).append(draft)
    shares = _shares([len(candidates) for candidates in by_document.values()], count)
    return [
        draft
        for candidates, share in zip(by_document.values(), shares, strict=True)
        for draft in _spread(candidates, share)
    ]


def drafts_yaml(drafted: Sequence[Draft]) -> str:
    """Return a question file of drafts, each marked as not reviewed, with a head that says what to do."""
    questions = [
        {"id": f"draft-{number}", "question": draft.question, "reviewed": False, "relevant": [draft.phrase]}
        for number, draft in enumerate(drafted, 1)
    ]
    return _HEAD + yaml_text.dump({"questions": questions})


def _candidates(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each heading, and for each sentence under none."""
    structure = structure_of(corpus)
    starts = structure.sentence_starts
    spans = corpus.trim(np.column_stack([starts, np.append(starts, len(corpus))[1:]]))
    spans = spans[np.isin(spans[:, 0], structure.outside_blocks(spans[:, 0], "heading", *VERBATIM))]
    counts = Counter(word for document in corpus.documents for word in _words(document.text))
    seen = set()
    for (start, end), path in zip(spans.tolist(), structure.heading_paths(spans[:, 0]), strict=True):
        document, first, last = corpus.place(start, end)
        text = document.text[first:last]
        if (path and (document.name, path) in seen) or not _is_telling(text):
            continue
        seen.add((document.name, path))
        subject = ", ".join(path) or ", ".join(_rarest(text, counts))
        yield Draft(f"What is said about {subject}?", document.name, " ".join(text.split()))


def _is_telling(text: str) -> bool:
    """Whether a sentence is whole and of a usual length."""
    return _SHORTEST <= len(text) <= _LONGEST and text[0].isalnum() and text[-1] in _ENDERS


def _words(text: str) -> Iterator[str]:
    return (word.group().lower() for word in _WORD.finditer(text))


def _rarest(text: str, counts: Counter[str]) -> list[str]:
    words = list(dict.fromkeys(_words(text)))
    rare = sorted(words, key=lambda word: counts[word])[:_NAMED]
    return [word for word in words if word in rare]


def _shares(sizes: Sequence[int], count: int) -> list[int]:
    """Divide `count` among documents with so many drafts: one each, in turns, while they have some left."""
    shares = [0] * len(sizes)
    while count > 0 and shares != list(sizes):
        for number, size in enumerate(sizes):
            if count > 0 and shares[number] < size:
                shares[number] += 1
                count -= 1
    return shares


def _spread(candidates: Sequence[Draft], share: int) -> list[Draft]:
    """Return `share` of the drafts of a document, evenly spread over it."""
    return [candidates[number * len(candidates) // share] for number in range(share)]
