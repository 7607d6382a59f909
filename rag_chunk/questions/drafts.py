"""Draft questions drawn from documents without a model: the form of a question file, to fill with real questions."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Spans
from rag_chunk.corpus.structure import VERBATIM, structure_of

_SHORTEST, _LONGEST = 30, 300  # characters of a sentence that is worth a question
_SHORTEST_LINE = 15  # of a row or a signature: shorter ones are keywords
_ENDERS = ".!?…。！？"
_WORD = re.compile(r"\w{3,20}")
_NAMED = 3  # words that name a sentence under no heading
_DEFINITION = re.compile(  # **term**: text, or: Term is a thing
    r"(?:[-*+] )?(?:(?P<mark>\*\*|__|`)(?P<marked>[^*_`\n]{2,60}?)(?::|：)?(?P=mark)\s*(?::|：|—|–|-|is a|is an|is the)\s*\S.{10,}"
    r"|(?:An? |The )?(?P<named>\w[\w -]{1,40}?) (?:is|are|means) (?:an?|the) .{10,})",
    re.DOTALL,
)
_SIGNATURE = re.compile(
    r"\s*(?:export |pub |public |private |static |async )*(?:def|class|function|func|fn|struct|interface|enum|trait)\s+"
    r"(?P<name>\w+)\s*[(<:{\[].*"
)
_DELIMITERS = re.compile(r"[\s|:-]*")  # the line between the header of a table and its rows
_HEAD = """\
# Draft questions, made from headings, definitions, table rows and code in your documents. They show you the format of
# a question file. They cannot show which chunking is best: no user has asked them, and each repeats words of the text
# that answers it. rag-chunk draft-questions drafts better ones with a model.
#
# For each draft: rewrite the question in the words of a user who does not know the text; list under "relevant" every
# phrase that answers it, copied from the documents; then delete the line "reviewed: false". Delete drafts that you
# cannot turn into a real question. Start with 30 real questions.
"""


class Draft(NamedTuple):
    """A draft: what might be asked, the document that it is about, a phrase of it, and what it was drawn from."""

    question: str
    document: str
    phrase: str
    kind: str


def drafts(corpus: Corpus, count: int = 30) -> list[Draft]:
    """Return at most `count` drafts, spread over the documents and in each over the kinds of draft.

    A `heading` is asked for by the first sentence under it, a `sentence` of a text without headings by its rarest words;
    a `definition`, a `table` row and the signature of `code` by the name that they begin with.
    """
    by_document: dict[str, dict[str, list[Draft]]] = {}
    for draft in {draft.question: draft for draft in _candidates(corpus)}.values():
        by_document.setdefault(draft.document, {}).setdefault(draft.kind, []).append(draft)
    shares = _shares([sum(map(len, kinds.values())) for kinds in by_document.values()], count)
    return [
        draft
        for kinds, share in zip(by_document.values(), shares, strict=True)
        for candidates, part in zip(kinds.values(), _shares(list(map(len, kinds.values())), share), strict=True)
        for draft in _spread(candidates, part)
    ]


def drafts_yaml(drafted: Sequence[Draft]) -> str:
    """Return a question file of drafts, each marked as not reviewed, with a head that says what to do."""
    questions = [
        {
            "id": f"draft-{number}",
            "question": draft.question,
            "tags": [draft.kind],
            "reviewed": False,
            "relevant": [draft.phrase],
        }
        for number, draft in enumerate(drafted, 1)
    ]
    return _HEAD + yaml_text.dump({"questions": questions})


def _candidates(corpus: Corpus) -> Iterator[Draft]:
    """Yield drafts of every kind, each with a phrase that is in its document once."""
    return chain(_from_headings(corpus), _from_definitions(corpus), _from_tables(corpus), _from_code(corpus))


def _sentence_spans(corpus: Corpus) -> Spans:
    """Return the sentences outside headings, tables and code, without white space around them: [sentences, 2]."""
    structure = structure_of(corpus)
    starts = structure.sentence_starts
    spans = corpus.trim(np.column_stack([starts, np.append(starts, len(corpus))[1:]]))
    sentences: Spans = spans[np.isin(spans[:, 0], structure.outside_blocks(spans[:, 0], "heading", *VERBATIM))]
    return sentences


def _from_headings(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for the first sentence under each heading, and for each sentence under none."""
    spans = _sentence_spans(corpus)
    counts = Counter(word for document in corpus.documents for word in _words(document.text))
    seen = set()
    for (start, end), path in zip(spans.tolist(), structure_of(corpus).heading_paths(spans[:, 0]), strict=True):
        document, first, last = corpus.place(start, end)
        text = document.text[first:last]
        if (path and (document.name, path) in seen) or not _is_telling(text):
            continue
        seen.add((document.name, path))
        subject = ", ".join(path) or ", ".join(_rarest(text, counts))
        kind = "heading" if path else "sentence"
        yield Draft(f"What is said about {subject}?", document.name, " ".join(text.split()), kind)


def _from_definitions(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each sentence that begins with a marked term, or that says what something is."""
    for start, end in _sentence_spans(corpus).tolist():
        document, first, last = corpus.place(start, end)
        text = document.text[first:last]
        match = _DEFINITION.fullmatch(text)
        if match and len(text) <= _LONGEST and document.text.count(text) == 1:
            term = " ".join((match["marked"] or match["named"]).split())
            yield Draft(f"What is {term}?", document.name, " ".join(text.split()), "definition")


def _from_tables(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each row of a table: for the cell of one column after the other, by the row's first cell."""
    for start, end in structure_of(corpus).blocks.spans("table").tolist():
        document, first, last = corpus.place(start, end)
        header, *rows = [line.strip() for line in document.text[first:last].splitlines()]
        titles = _cells(header)
        for number, row in enumerate(row for row in rows if not _DELIMITERS.fullmatch(row)):
            cells = _cells(row)
            column = 1 + number % max(len(titles) - 1, 1)
            named = column < min(len(cells), len(titles)) and cells[0] and cells[column] and titles[column]
            if named and _is_single_line(row, document.text):
                yield Draft(f"What is the {titles[column]} of {cells[0]}?", document.name, row, "table")


def _from_code(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each line of code that begins the definition of something with a name."""
    for start, end in structure_of(corpus).blocks.spans("fence", "code").tolist():
        document, first, last = corpus.place(start, end)
        for line in map(str.strip, document.text[first:last].splitlines()):
            match = _SIGNATURE.fullmatch(line)
            if match and _is_single_line(line, document.text):
                yield Draft(f"How is {match['name']} defined?", document.name, line, "code")


def _cells(row: str) -> list[str]:
    return [cell.strip(" *`_") for cell in re.split(r"(?<!\\)\|", row.strip("|"))]


def _is_single_line(line: str, text: str) -> bool:
    """Whether a line is no keyword and no page of its own, and is in a text once."""
    return _SHORTEST_LINE <= len(line) <= _LONGEST and text.count(line) == 1


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
