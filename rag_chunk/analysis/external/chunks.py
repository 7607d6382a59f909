"""Chunks that somebody else made: a place in a document, or a text that is located in it, one a line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_chunk.analysis.external.jsonl import Problems, as_id, is_whole, json_lines
from rag_chunk.chunker import Chunking
from rag_chunk.chunker.adapters.alignment import letters_of, locate
from rag_chunk.config import RunConfig, did_you_mean, external_name
from rag_chunk.corpus import Corpus, Document, DocumentIndex
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import units_of
from rag_chunk.errors import InputError
from rag_chunk.questions.search import excerpt

_SHAPE = 'a chunk is {"document": …, "start": …, "end": …} or {"document": …, "text": …}, with an "id" or without'


@dataclass(frozen=True, slots=True, eq=False)
class ExternalChunks:
    """The chunks of a file: in order, as a chunking, and the row of each by its id."""

    source: Path
    chunking: Chunking
    rows: Mapping[str, int]

    @property
    def name(self) -> str:
        """The strategy's name for these chunks: the same for the same places, whatever their ids."""
        return external_name("\n".join(self.chunking.ids))


@dataclass(frozen=True, slots=True)
class _ChunkLine:
    """A chunk as its line states it: its place in the document, or only its text."""

    number: int
    id: str | None
    document: int
    text: str | None
    span: tuple[int, int] | None


def read_chunks(path: str | Path, corpus: Corpus, config: RunConfig) -> ExternalChunks:
    """Read the chunks at `path`, which are counted in the unit of `config`.

    A chunk without an id is known by its place: `document:start-end`. The texts of a document are located in it in
    their order, else by themselves if they are in one place only; nothing but white space may differ.
    Raise `InputError` with everything that is wrong.
    """
    path = Path(path)
    problems = Problems(path)
    lines = list(_lines(json_lines(path, problems), corpus, problems))
    spans = _spans(lines, corpus, problems)
    placed = sorted(((spans[line.number], line) for line in lines if line.number in spans), key=_place)
    rows = _rows([line for _, line in placed], [span for span, _ in placed], corpus, problems)
    problems.refuse()
    if not placed:
        raise InputError(f"{path} holds no chunk; {_SHAPE}")
    line_spans = as_spans([(int(corpus.starts[line.document]) + start, int(corpus.starts[line.document]) + end)
                           for (start, end), line in placed])  # fmt: skip
    return ExternalChunks(path, Chunking(corpus, line_spans, units_of(corpus, config.unit, config.model)), rows)


def _place(placed: tuple[tuple[int, int], _ChunkLine]) -> tuple[int, int, int, int]:
    (start, end), line = placed
    return line.document, start, end, line.number


def _lines(objects: Iterable[tuple[int, dict[str, Any]]], corpus: Corpus, problems: Problems) -> Iterator[_ChunkLine]:
    """Yield the chunks whose document is known; each unknown document is noted once."""
    names, unknown = DocumentIndex(corpus), dict[str, list[int]]()
    for number, fields in objects:
        said = _problem(fields)
        documents = () if said else names.find(fields["document"])
        if said:
            problems.add(number, said)
        elif not documents:
            unknown.setdefault(fields["document"], []).append(number)
        elif len(documents) > 1:
            listed = ", ".join(corpus.documents[index].name for index in documents)
            problems.add(number, f"{fields['document']!r} could be {listed}; give the whole name")
        else:
            span = (fields["start"], fields["end"]) if fields.get("start") is not None else None
            yield _ChunkLine(number, as_id(fields.get("id")), documents[0], fields.get("text"), span)
    for name, numbers in unknown.items():
        known = did_you_mean(name, [document.name for document in corpus.documents])
        more = f"; {len(numbers):,} lines name it" if len(numbers) > 1 else ""
        problems.add(numbers[0], f"the document {name!r} is not in the corpus{known}{more}")


def _problem(fields: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the form of a line, if anything is."""
    document, start, end, text = (fields.get(name) for name in ("document", "start", "end", "text"))
    if not isinstance(document, str) or not document or (start is None and end is None and text is None):
        return f"{_SHAPE}; this has {', '.join(fields) or 'nothing'}"
    if (start is None) != (end is None):
        return "it has only one of start and end"
    if start is not None and not (is_whole(start) and is_whole(end)):
        return f"start and end must be whole numbers, not {start!r} and {end!r}"
    if text is not None and not isinstance(text, str):
        return f"text must be text, not {text!r}"
    if fields.get("id") is not None and as_id(fields["id"]) is None:
        return f"id must be text or a whole number, not {fields['id']!r}"
    return None


def _spans(lines: Sequence[_ChunkLine], corpus: Corpus, problems: Problems) -> dict[int, tuple[int, int]]:
    """Return the place of each chunk within its document, by line."""
    spans: dict[int, tuple[int, int]] = {}
    texts: dict[int, list[_ChunkLine]] = {}
    for line in lines:
        said = _placement_error(line, corpus.documents[line.document])
        if said:
            problems.add(line.number, said)
        elif line.span is None:
            texts.setdefault(line.document, []).append(line)
        else:
            spans[line.number] = line.span
    for index, of_document in texts.items():
        spans |= _locate_texts(of_document, corpus.documents[index], problems)
    return spans


def _placement_error(line: _ChunkLine, document: Document) -> str | None:
    """Return what is wrong with the place or the text of a chunk, if anything is."""
    if line.span is None:
        return None if letters_of(line.text or "") else "its text is blank"
    start, end = line.span
    if not 0 <= start < end <= len(document.text):
        return f"{start} to {end} is not a span of {document.name}, which has {len(document.text):,} characters"
    there = document.text[start:end]
    if not there.strip():
        return f"{start} to {end} of {document.name} is blank"
    if line.text is not None and line.text != there:
        return (
            f"its text differs from the text at {start} to {end} of {document.name}, which is {excerpt(there, 40)}. "
            "Are these the documents that were chunked? If you changed the text on purpose, leave 'text' out"
        )
    return None


def _locate_texts(lines: Sequence[_ChunkLine], document: Document, problems: Problems) -> dict[int, tuple[int, int]]:
    """Locate texts in their document: in the order of the lines, else each by itself."""
    texts = [line.text or "" for line in lines]
    try:
        return dict(zip((line.number for line in lines), locate(document.text, texts), strict=True))
    except InputError:
        letters = "".join(document.text.split())
        places = {line.number: _only_place(text, document, letters) for line, text in zip(lines, texts, strict=True)}
    for line in lines:
        said = places[line.number]
        if isinstance(said, str):
            problems.add(line.number, f"its text {excerpt(line.text or '', 40)} {said}")
    return {number: place for number, place in places.items() if not isinstance(place, str)}


def _only_place(text: str, document: Document, letters: str) -> tuple[int, int] | str:
    """Return the one place of a text in its document, or what is said where it has none or several.

    `letters` is all of the document but its white space.
    """
    wanted = "".join(text.split())
    first = letters.find(wanted)
    if first < 0:
        return f"is not in {document.name}"
    if letters.find(wanted, first + 1) >= 0:
        return f"is in {document.name} more than once; give start and end, or list all its texts in order"
    exact = document.text.find(text)
    return (exact, exact + len(text)) if exact >= 0 else locate(document.text, [text])[0]


def _rows(
    lines: Sequence[_ChunkLine], spans: Sequence[tuple[int, int]], corpus: Corpus, problems: Problems
) -> dict[str, int]:
    """Return the row of each chunk by its id; ids must differ."""
    rows: dict[str, int] = {}
    for row, (line, (start, end)) in enumerate(zip(lines, spans, strict=True)):
        name = line.id or f"{corpus.documents[line.document].name}:{start}-{end}"
        if rows.setdefault(name, row) != row:
            first, second = sorted([lines[rows[name]].number, line.number])
            problems.add(second, f"line {first} has the id {name!r} already; ids must differ")
    return rows
