"""What the page's script is given: questions, scores, chunks and rankings, as numbers that stay small.

Offsets count characters from a document's start, as everywhere. Chunks are given as the distance from the start of the
one before and the length; what was retrieved, as numbers of the chunks that are given. A retrieved chunk of a text that
is not in the page is -1, -2 and so on: the first, the second of `away`, each with its document's place and offsets.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.chunker import Chunking
from rag_chunk.chunker.handed_over import handed_over
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import NO_POSITIONS, Positions, Spans
from rag_chunk.questions import Question
from rag_chunk.rendering.columns import mark
from rag_chunk.rendering.html.sample import Excerpt, Sample, by_weight, compact
from rag_chunk.rendering.html.verdict import settings_of

MOST_CHUNKS = 2_000_000  # bytes of chunks and rankings
MOST_EXCERPTS = 500_000  # bytes of retrieved chunks whose documents are not in the page
_MOST_WORDINGS = 20
_BASIC = 0xFFFF  # characters above it are two in a script

Data = dict[str, Any]
_Parts = Mapping[int, Sequence[tuple[int, Excerpt]]]  # the texts of each document, with their row in the page


def data_of(analysis: Analysis, sample: Sample) -> tuple[Data, dict[str, str], tuple[str, ...]]:
    """Return the data of the page's script, the texts of retrieved chunks of other documents, and what was left out."""
    report, corpus = analysis.report, analysis.corpus
    drawn = _draw(analysis, sample)
    parts, away = _parts_by_document(sample), _places_away(drawn)
    listed = [each for each in report.configurations if each in sample.columns or each.name in drawn]
    data = {
        "metric": report.comparison.metric if report.comparison else None,
        "recommended": report.best.name,
        "documents": [_document(corpus, each, sample) for each in sample.texts],
        "elsewhere": {place: corpus.documents[place].name for place in away},
        "elsewhere_pages": {place: pages for place in away if (pages := corpus.documents[place].pages)},
        "questions": [_question(each, corpus, parts) for each in sample.questions],
        "configurations": [{**_configuration(report, each, sample), **drawn.get(each.name, {})} for each in listed],
    }
    few = f"The chunks of {len(drawn):,} of {len(report.configurations):,} configurations are shown here: "
    few += "the recommended one, the leader, the best of each strategy, then the best ones."
    return data, _excerpts(corpus, drawn), (few,) if len(drawn) < len(report.configurations) else ()


def _places_away(drawn: Mapping[str, Data]) -> list[int]:
    """Return the places in the corpus of the documents that chunks were retrieved from and that are not in the page."""
    return sorted({place for data in drawn.values() for place, _, _ in data.get("away", ())})


def _excerpts(corpus: Corpus, drawn: Mapping[str, Data]) -> dict[str, str]:
    """Return the texts of retrieved chunks that are not in the page, as many as fit, the best ranked first."""
    places = [tuple(data["away"][-1 - number]) for data in drawn.values() for number in _best_ranked_away(data)]
    excerpts: dict[str, str] = {}
    room = MOST_EXCERPTS
    for place, start, end in dict.fromkeys(places):
        text = corpus.documents[place].text[start:end]
        if not text:  # of a document that is not in memory
            continue
        room -= len(compact(text).encode("utf-8", "backslashreplace"))
        if room < 0:
            break
        excerpts[f"{place}:{start}-{end}"] = text
    return excerpts


def _best_ranked_away(data: Data) -> list[int]:
    """Return the numbers of the retrieved chunks that are not in the page, those ranked first before the others."""
    ranked = [(rank, number) for row in data.get("ranked", ()) for rank, number in enumerate(row) if number < 0]
    return [number for _, number in sorted(ranked, key=lambda each: each[0])]


def _draw(analysis: Analysis, sample: Sample) -> dict[str, Data]:
    """Return the chunks and rankings of as many configurations as there is room for."""
    drawn: dict[str, Data] = {}
    room = MOST_CHUNKS
    for each in by_weight(analysis.report):
        data = _chunks(each, analysis.chunkings[each.name], sample)
        room -= len(compact(data))
        if room < 0 and drawn:
            break
        drawn[each.name] = data
    return drawn


def _document(corpus: Corpus, excerpt: Excerpt, sample: Sample) -> Data:
    """Return a text of the page: its document, where pages start in it, and where it starts in its document if later."""
    document, text = corpus.documents[excerpt.document], excerpt.text
    wide = not text.isascii() and max(map(ord, text)) > _BASIC
    data: Data = {"name": document.name, "characters": len(document.text), "shown": len(text), "wide": wide}
    if document.pages:
        data["pages"] = [[page.start - excerpt.start, page.label] for page in document.pages]
    alone = sum(each.document == excerpt.document for each in sample.texts) == 1 and not excerpt.start
    return data if alone else {**data, "offset": excerpt.start, "label": _label(document, excerpt)}


def _label(document: Document, excerpt: Excerpt) -> str:
    """Return the name of a part of a document: its pages, or its characters where there are none."""
    pages = document.page_labels(excerpt.start, excerpt.end)
    if not pages:
        return f"{document.name}, from character {excerpt.start:,}"
    return f"{document.name}, " + (f"page {pages[0]}" if len(pages) == 1 else f"pages {pages[0]} to {pages[-1]}")


def _question(question: Question, corpus: Corpus, parts: _Parts) -> Data:
    """Return a question with its evidence: for each item its wordings, as document, start and end."""
    items = []
    for item in question.evidence:
        spans = np.array(item.spans[:_MOST_WORDINGS], np.int64)
        indexes = corpus.documents_at(spans[:, 0])
        inner = (spans - corpus.starts[indexes][:, None]).tolist()
        places = zip(indexes.tolist(), inner, strict=True)
        items.append([place for index, (start, end) in places for place in _places(parts.get(index, ()), start, end)])
    return {
        "id": question.id,
        "text": question.question,
        "tags": list(question.tags),
        "in": list(dict.fromkeys(corpus.place(*item.spans[0]).document.name for item in question.evidence)),
        "evidence": items,
    }


def _parts_by_document(sample: Sample) -> _Parts:
    parts: dict[int, list[tuple[int, Excerpt]]] = {}
    for row, each in enumerate(sample.texts):
        parts.setdefault(each.document, []).append((row, each))
    return parts


def _places(parts: Sequence[tuple[int, Excerpt]], start: int, end: int) -> list[list[int]]:
    """Return where a stretch of a document is in the texts of the page: row, start and end; none where it is not."""
    return [[row, start - each.start, end - each.start] for row, each in parts if each.start <= start < each.end][:1]


def _configuration(report: Report, result: ConfigurationResult, sample: Sample) -> Data:
    comparison = report.comparison_of(result)
    scores = [result.questions[row].scores for row in sample.rows] if comparison and result in sample.columns else None
    return {
        "name": result.name,
        "settings": settings_of(result.config),
        "mark": mark(report, result),
        "budget": result.config.budget_text,
        "scores": [round(100 * each[comparison.metric]) for each in scores] if comparison and scores else None,
    }


def _chunks(result: ConfigurationResult, chunking: Chunking, sample: Sample) -> Data:
    spans, starts = chunking.spans, chunking.corpus.starts
    data: Data = {"chunks": _encode_spans(spans, _rows(spans, starts, sample.texts), starts)}
    if not result.questions:
        return data
    handed = handed_over(chunking, result.config).spans
    rows = _rows(handed, starts, sample.texts)
    if handed is not spans:
        data["parents"] = _encode_spans(handed, rows, starts)
    numbers = np.full(len(handed), -1)
    numbers[np.concatenate([NO_POSITIONS, *(np.arange(first, last) for _, first, last in rows)])] = np.arange(
        sum(last - first for _, first, last in rows)
    )
    places = {document.name: int(start) for document, start in zip(chunking.corpus.documents, starts, strict=False)}
    ranked = [_chunk_rows(result.questions[place].retrieved, handed, places) for place in sample.rows]
    away = np.unique(np.array([row for rows in ranked for row in rows if numbers[row] < 0], np.int64))
    numbers[away] = -1 - np.arange(len(away))
    data["ranked"] = [[int(numbers[row]) for row in rows] for rows in ranked]
    if len(away):
        index = chunking.corpus.documents_at(handed[away, 0])
        data["away"] = np.column_stack([index, handed[away] - starts[index][:, None]]).tolist()
    return data


def _rows(spans: Spans, starts: Positions, texts: Sequence[Excerpt]) -> list[tuple[int, int, int]]:
    """Return where each text of the page starts on the line, with its first chunk and the one behind its last."""
    ends = [(int(starts[each.document]) + each.start, int(starts[each.document]) + each.end) for each in texts]
    borders = np.searchsorted(spans[:, 0], np.array(ends, np.int64).reshape(-1, 2)).tolist()
    return [
        (start, _reaching(spans, first, max(start, int(starts[each.document]))), last)
        for each, (start, _), (first, last) in zip(texts, ends, borders, strict=True)
    ]


def _reaching(spans: Spans, first: int, start: int) -> int:
    """Return the first chunk that reaches beyond `start`: a chunk that was begun before a part of a document is in it."""
    while first and int(spans[first - 1, 1]) > start:
        first -= 1
    return first


def _encode_spans(spans: Spans, rows: Sequence[tuple[int, int, int]], starts: Positions) -> Data:
    """Return how many chunks each text has, and of each its distance from the one before, and its length.

    The first chunk's distance is from the start of the text. `before` has how many chunks of its document come before
    those of a text, where there are some.
    """
    gaps = [np.diff(spans[first:last, 0], prepend=start) for start, first, last in rows]
    lengths = [spans[first:last, 1] - spans[first:last, 0] for _, first, last in rows]
    opening = starts[np.searchsorted(starts, [start for start, _, _ in rows], side="right") - 1]
    before = np.array([first for _, first, _ in rows], np.int64) - np.searchsorted(spans[:, 0], opening)
    data = {
        "counts": [last - first for _, first, last in rows],
        "gaps": np.concatenate([NO_POSITIONS, *gaps]).tolist(),
        "lengths": np.concatenate([NO_POSITIONS, *lengths]).tolist(),
    }
    return {**data, "before": before.tolist()} if before.any() else data


def _chunk_rows(ids: Sequence[str], spans: Spans, places: Mapping[str, int]) -> list[int]:
    """Return the row of each chunk by its id: its document's name and its offsets."""
    parts = [(each.rpartition(":")[0], *each.rpartition(":")[2].split("-")) for each in ids]
    ends = [(places[name] + int(start), places[name] + int(end)) for name, start, end in parts]
    rows = np.searchsorted(spans[:, 0], np.array([start for start, _ in ends], np.int64)).tolist()
    return [_same(spans, row, end) for row, (_, end) in zip(rows, ends, strict=True)]


def _same(spans: Spans, row: int, end: int) -> int:
    """Return the row, from `row` on, that ends at `end`: chunks that were given may share their start."""
    while int(spans[row, 1]) != end and row + 1 < len(spans) and spans[row + 1, 0] == spans[row, 0]:
        row += 1
    return row
