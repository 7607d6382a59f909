"""Draft questions from prose: what follows a heading, defines a term, states a number, or is a sentence of its own."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.structure import VERBATIM, structure_of
from rag_chunk.corpus.structure.page_furniture import find_furniture
from rag_chunk.questions.draft import LONGEST, Draft, has_plain_pages, is_telling, on_one_line

_WORD = re.compile(r"[^\W\d_]{3,20}")
_NAMED = 3  # words that name a sentence under no heading
_TERM = r"\w[\w\s’'&-]{1,40}?"
_DEFINITION = re.compile(  # **term**: text, or: Term is a thing
    r"(?:[-*+] )?(?:(?P<mark>\*\*|__|`)(?P<marked>[^*_`\n]{2,60}?)(?::|：)?(?P=mark)\s*(?::|：|—|–|-|is a|is an|is the)\s*\S.{10,}"
    rf"|[“\"](?P<quoted>{_TERM})[”\"]\s+(?:means|refers\s+to)\s.{{10,}}"
    rf"|(?:An? |The )?(?P<named>{_TERM})\s+(?P<verb>is|are|means|refers\s+to)\s+(?:(?<=means\s)|(?<=to\s)|an?\s|the\s).{{10,}})",
    re.DOTALL,
)
_CHANGE = "increased|decreased|rose|fell|grew|declined|improved"
_QUANTITY = r"(?:about\s+|approximately\s+|nearly\s+|over\s+)?[$€£¥]?\s?\d"
_STATEMENT = re.compile(  # Net sales increased 12 %, or: Net sales were $3.2 billion
    rf"(?:The\s+|Our\s+)?(?P<subject>\w[\w\s’'&-]{{4,80}}?)\s+(?:(?P<change>{_CHANGE})\s+(?:by\s+)?|(?P<verb>was|were)\s+|(?:totaled|reached|amounted\s+to)\s+)"
    rf"{_QUANTITY}.*",
    re.DOTALL,
)
_NO_TERMS = frozenset(  # that begin a sentence, and name nothing that could be asked for
    "we it this that these those there here they he she you i what which who where when how if as in on at by for from to with"
    " below above such each both all one some no any other another indicate see note not only among during under however although".split()
)
_INSIDE_NO_TERM = frozenset("if that which who whether by because but".split())  # of a clause, not of a name
_BOXES = frozenset("☐☒☑□■●•✓|")
_TITLES = 0.3  # of the words of a sentence may have a capital; of a line of prose
_SHORT_LINE = 0.6  # of the widest line of a paragraph: what is shorter, before a capital, ended one
_LINE = re.compile(r"[^\n]+\n?")
_TITLE_LINE = re.compile(r"[^\W\d_a-z][^\n.!?;:,|•]{6,78}[\w)]")


class Sentence(NamedTuple):
    """A sentence outside headings, tables and code: its document, its text as written, and the headings above it."""

    document: Document
    text: str
    headings: tuple[str, ...]


def draft_from_prose(corpus: Corpus) -> Iterator[Draft]:
    """Yield drafts of every kind that prose has: `heading`, `definition`, `number` and, under no heading, `sentence`."""
    sentences = list(_read_sentences(corpus))
    yield from _from_headings(sentences)
    yield from _from_title_lines(corpus)
    yield from _from_definitions(sentences)
    yield from _from_statements(sentences)
    yield from _from_sentences(sentences)


def _read_sentences(corpus: Corpus) -> Iterator[Sentence]:
    structure = structure_of(corpus)
    starts = structure.sentence_starts
    spans = corpus.trim(np.column_stack([starts, np.append(starts, len(corpus))[1:]]))
    spans = spans[np.isin(spans[:, 0], structure.outside_blocks(spans[:, 0], "heading", *VERBATIM))]
    for (start, end), path in zip(spans.tolist(), structure.heading_paths(spans[:, 0]), strict=True):
        document, first, last = corpus.place(start, end)
        text = document.text[first:last]
        yield Sentence(document, _below_titles(text) if has_plain_pages(document) else text, path)


def _below_titles(text: str) -> str:
    r"""Return a sentence without the titles before it, which no full stop ends.

    >>> _below_titles("Net sales\nThe net sales of all our stores rose\nby 3 %.")
    'The net sales of all our stores rose\nby 3 %.'
    """
    lines = text.split("\n")
    widest = max(map(len, lines))
    for number in range(len(lines) - 1, 0, -1):
        line, follows = lines[number - 1], lines[number]
        if not follows[:1].islower() and (len(line) < _SHORT_LINE * widest or _capitals(line) > _TITLES * 2):
            return "\n".join(lines[number:])
    return text


def _capitals(text: str) -> float:
    """Return the share of the words that begin with a capital."""
    words: list[str] = _WORD.findall(text)
    return sum(word[0].isupper() for word in words) / max(len(words), 1)


def _from_headings(sentences: Iterable[Sentence]) -> Iterator[Draft]:
    """Yield a draft for the first sentence under each heading."""
    seen = set()
    for document, text, path in sentences:
        if path and (document.name, path) not in seen and is_telling(text):
            seen.add((document.name, path))
            yield Draft(f"What is said about {', '.join(path)}?", document.name, on_one_line(text), "heading")


def _from_title_lines(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for the first sentence below each line of a page that looks like a title."""
    ends = np.append(structure_of(corpus).sentence_starts, len(corpus))
    for document, start in zip(corpus.documents, corpus.starts.tolist(), strict=False):
        if not has_plain_pages(document):
            continue
        furniture = find_furniture(document)
        lines = [match for match in _LINE.finditer(document.text) if match.span() not in furniture]
        for before, line, after in zip(["", *(each[0] for each in lines)], lines, lines[1:], strict=False):
            title = line[0].strip()
            if not (_is_title(title) and _ends_block(before.strip()) and _begins_prose(after[0], title)):
                continue
            end = int(ends[np.searchsorted(ends, start + after.start(), "right")]) - start
            text = document.text[after.start() : end].strip()
            if _is_prose(text):
                yield Draft(f"What is said about {title}?", document.name, on_one_line(text), "heading")


def _is_title(line: str) -> bool:
    return _TITLE_LINE.fullmatch(line) is not None and sum(map(str.isdigit, line)) <= 1 and len(line.split()) > 1


def _ends_block(line: str) -> bool:
    """Whether another block may begin below a line."""
    return not line or line[-1] in ".!?:)" or line[-1].isdigit() or _is_title(line)


def _begins_prose(line: str, title: str) -> bool:
    return line[0].isupper() and len(line) > len(title) and not _is_title(line.strip())


def _is_prose(text: str) -> bool:
    """Whether a text is a sentence that can be asked for: whole, no form to fill in, and no list of titles."""
    return is_telling(text) and _BOXES.isdisjoint(text) and _capitals(text[1:]) <= _TITLES


def _from_definitions(sentences: Iterable[Sentence]) -> Iterator[Draft]:
    """Yield a draft for each sentence that begins with a marked term, or that says what something is."""
    for document, text, _ in sentences:
        match = _DEFINITION.fullmatch(text)
        term = on_one_line(match["marked"] or match["quoted"] or match["named"]) if match else ""
        if match and len(text) <= LONGEST and document.text.count(text) == 1 and (match["marked"] or _is_term(term)):
            verb = "are" if match["verb"] == "are" else "is"
            yield Draft(f"What {verb} {term}?", document.name, on_one_line(text), "definition")


def _from_statements(sentences: Iterable[Sentence]) -> Iterator[Draft]:
    """Yield a draft for each sentence that says how much something is, or by how much it changed."""
    for document, text, _ in sentences:
        match = _STATEMENT.fullmatch(text)
        subject = on_one_line(match["subject"]) if match else ""
        if match and _is_prose(text) and _is_term(subject):
            verb = match["verb"] or "was"
            question = f"How much did {subject} change?" if match["change"] else f"How much {verb} {subject}?"
            yield Draft(question, document.name, on_one_line(text), "number")


def _is_term(term: str) -> bool:
    """Whether a term names something: "We" and "Below" do not, nor does half a clause."""
    words = term.lower().split()
    return bool(words) and words[0] not in _NO_TERMS and _INSIDE_NO_TERM.isdisjoint(words)


def _from_sentences(sentences: Iterable[Sentence]) -> Iterator[Draft]:
    """Yield a draft for each sentence under no heading, asked for by its rarest words."""
    sentences = list(sentences)
    documents = {sentence.document.name: sentence.document for sentence in sentences}
    counts = Counter(word for document in documents.values() for word in _words(document.text))
    for document, text, path in sentences:
        if path or not _is_prose(text) or text.split()[0].strip(",").lower() in _NO_TERMS:
            continue
        if subject := ", ".join(_rarest(text, counts)):
            yield Draft(f"What is said about {subject}?", document.name, on_one_line(text), "sentence")


def _words(text: str) -> Iterator[str]:
    return (word.group().lower() for word in _WORD.finditer(text))


def _rarest(text: str, counts: Counter[str]) -> list[str]:
    words = list(dict.fromkeys(_words(text)))
    rare = sorted(words, key=lambda word: counts[word])[:_NAMED]
    return [word for word in words if word in rare]
