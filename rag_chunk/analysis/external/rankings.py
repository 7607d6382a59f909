"""What somebody else's retriever ranked for each question, one question a line."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from rag_chunk.analysis.external.chunks import ExternalChunks
from rag_chunk.analysis.external.jsonl import Problems, as_id, json_lines
from rag_chunk.config import did_you_mean
from rag_chunk.questions import Question, Questions
from rag_chunk.questions.search import excerpt
from rag_chunk.retriever import Ranking

_SHAPE = 'a ranking is {"question": …, "chunks": [ids, best first]}, with "id" for the question\'s id or in place of its text'
_MOST_NAMED = 3


class _Asked:
    """The questions by id and by text, those without evidence too: a ranking for one of them is no error."""

    def __init__(self, questions: Questions) -> None:
        """Name the `questions`."""
        every = [*questions.questions, *questions.without_evidence]
        self.by_id = {normalize("NFC", question.id): question for question in every}
        self.by_text: dict[str, list[Question]] = {}
        for question in every:
            self.by_text.setdefault(question.question, []).append(question)


@dataclass(frozen=True, slots=True, eq=False)
class TimedRanking:
    """A ranking, int64 [questions, the longest list], -1 where a list has ended; and how long it took, where that is told.

    `milliseconds` has one number for each question whose line has it.
    """

    ranking: Ranking
    milliseconds: tuple[float, ...] = ()


def read_ranking(path: str | Path, chunks: ExternalChunks, questions: Questions) -> TimedRanking:
    """Read the rankings at `path`. A question without a ranking retrieves nothing.

    Raise `InputError` with everything that is wrong.
    """
    path = Path(path)
    problems, known = Problems(path), _Asked(questions)
    lines, lists, times = dict[str, int](), dict[str, list[int]](), dict[str, float]()
    for number, fields in json_lines(path, problems):
        question = _question(number, fields, known, problems)
        rows = _rows(number, fields.get("chunks"), chunks, problems)
        if question and lines.setdefault(question.id, number) != number:
            problems.add(number, f"the question {question.id!r} is ranked on line {lines[question.id]} already")
        elif question:
            lists[question.id] = rows
            if "milliseconds" in fields:
                times[question.id] = _milliseconds(number, fields["milliseconds"], problems)
    problems.refuse()
    ranking = _table([lists.get(name, []) for name in questions.ids])
    return TimedRanking(ranking, tuple(times[name] for name in questions.ids if name in times))


def _milliseconds(number: int, taken: Any, problems: Problems) -> float:
    """Return the time that a line tells."""
    if isinstance(taken, int | float) and not isinstance(taken, bool) and 0 <= taken < math.inf:
        return float(taken)
    problems.add(number, f"milliseconds must be a number from 0, not {taken!r}"[:300])
    return 0.0


def _question(number: int, fields: Mapping[str, Any], known: _Asked, problems: Problems) -> Question | None:
    """Return the question that a line ranks for: by its id where it has one, else by its text."""
    text, name = fields.get("question"), fields.get("id")
    if (text is None and name is None) or not isinstance(text, str | None) or (name is not None and not as_id(name)):
        problems.add(number, f"{_SHAPE}; this has {', '.join(fields) or 'nothing'}")
        return None
    match = _by_text(text or "", known) if name is None else _by_id(str(name), text, known)
    if isinstance(match, Question):
        return match
    problems.add(number, match)
    return None


def _by_id(name: str, text: str | None, known: _Asked) -> Question | str:
    question = known.by_id.get(normalize("NFC", name))
    if question is None:
        return f"there is no question with the id {name!r}{did_you_mean(name, known.by_id)}"
    if text is not None and text.strip() != question.question:
        return f"the question {name!r} asks {excerpt(question.question)}, not {excerpt(text)}"
    return question


def _by_text(text: str, known: _Asked) -> Question | str:
    asking = known.by_text.get(text.strip(), [])
    if len(asking) == 1:
        return asking[0]
    if asking:
        return f"{excerpt(text)} is asked by {' and '.join(question.id for question in asking)}; give the id"
    return f"there is no question {excerpt(text)}{did_you_mean(text, known.by_text)}"


def _rows(number: int, listed: Any, chunks: ExternalChunks, problems: Problems) -> list[int]:
    """Return the rows of the chunks that a line lists."""
    names = [as_id(name) for name in listed] if isinstance(listed, list) else [None]
    if None in names:
        problems.add(number, f"chunks must be a list of ids, not {listed!r}"[:300])
        return []
    known = [str(name) for name in names if name in chunks.rows]
    if len(known) < len(names):
        problems.add(
            number, _unknown_message([str(name) for name in names if name not in chunks.rows], len(names), chunks)
        )
    repeated = [name for name in dict.fromkeys(known) if known.count(name) > 1] if len(set(known)) < len(known) else []
    if repeated:
        problems.add(number, f"the chunk {repeated[0]!r} is ranked more than once; each has one place")
    return [chunks.rows[name] for name in known]


def _unknown_message(names: Sequence[str], listed: int, chunks: ExternalChunks) -> str:
    named = ", ".join(map(repr, names[:_MOST_NAMED])) + (", …" if len(names) > _MOST_NAMED else "")
    example = next(iter(chunks.rows))
    return f"{len(names)} of its {listed} chunks are not in {chunks.source}, where ids are as {example!r}: {named}"


def _table(lists: Sequence[Sequence[int]]) -> Ranking:
    """Return the lists as rows of equal length; at least one column."""
    table: Ranking = np.full((len(lists), max(1, *map(len, lists))), -1, np.int64)
    for row, rows in enumerate(lists):
        table[row, : len(rows)] = rows
    return table
