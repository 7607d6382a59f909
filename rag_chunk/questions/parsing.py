"""What a record of a question file asks for, checked: not yet looked for in any document."""

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rag_chunk.config import did_you_mean
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.foreign_formats import DROPPED
from rag_chunk.questions.raw_question import RawQuestion

REJECTED = "rejected"  # a value of `reviewed`
KNOWN = ("id", "question", "relevant", "evidence", "tags", "reviewed")
_ELSEWHERE = {  # what other tools call our fields
    **dict.fromkeys(("input", "query", "user_input", "prompt", "question_text"), "question"),
    **dict.fromkeys(("contexts", "context", "reference_contexts", "expected_contexts", "references"), "relevant"),
    **dict.fromkeys(("question_id", "query_id", "qid", "_id"), "id"),
}
_SPAN = ("doc", "start", "end", "text")
_HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair
_LONGEST_NAME = 60

Complain = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wording:
    """One alternative of an item: a phrase, a stretch of a document, or both; a document alone is all of it.

    A phrase may name its page.
    """

    text: str | None = None
    doc: str | None = None
    start: int | None = None
    end: int | None = None
    page: int | str | None = None

    @property
    def place(self) -> str:
        """Its place in words, for one that has no text."""
        return str(self.doc) if self.start is None else f"{self.start} to {self.end} of {self.doc}"


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question with its items of evidence, each a list of wordings any one of which fills it.

    It is `reviewed` unless the file says that it is not; one that `is_rejected` is not asked. `fields` is its record as the file has it, and `number` its position there; it is `sound` if nothing in the
    record had to be left out.
    """

    id: str
    question: str
    items: tuple[tuple[Wording, ...], ...]
    tags: tuple[str, ...]
    reviewed: bool
    is_rejected: bool
    fields: Mapping[str, Any]
    number: int
    line: int | None
    sound: bool

    @property
    def label(self) -> str:
        """How messages name the question."""
        return f"question {_shorten(self.id)}" + (f" (line {self.line})" if self.line else "")


def is_rejected(record: RawQuestion) -> bool:
    """Whether a record is marked as a question that is not to be asked, whatever else is in it."""
    return bool(record.fields.get("reviewed") == REJECTED)


def parse_question(record: RawQuestion, account: Diagnostics) -> ParsedQuestion:
    """Read one record; what is wrong or odd about it is taken down in `account`."""
    fields, problems = record.fields, list[str]()
    complain = problems.append
    _check_id(fields.get("id"), complain)
    name = _id(fields.get("id"), record.number)
    question = _question(fields.get("question"), complain)
    items = (*_relevant(fields.get("relevant"), complain), *_evidence(fields.get("evidence"), complain))
    tags, review = _tags(fields.get("tags"), complain), _review(fields.get("reviewed"), complain)
    evidence = (text for item in items for wording in item for text in (wording.text, wording.doc))
    _check_characters((name, question, *tags, *evidence), complain)
    parsed = ParsedQuestion(
        id=name,
        question=question,
        items=items,
        tags=tags,
        reviewed=review is not False,
        is_rejected=is_rejected(record),
        fields=fields,
        number=record.number,
        line=record.line,
        sound=not problems,
    )
    for problem in problems:
        account.add("error", "form", f"{parsed.label}:", problem, parsed.number)
    if dropped := fields.get(DROPPED):
        said = f"passages without a text, which are left out: {dropped}"
        account.add("warning", "form", f"{parsed.label}:", said, parsed.number)
    for name in fields:
        if name not in KNOWN and (nearest := _hint(name)):
            account.add(
                "warning", "field", f"{parsed.label}:", f"the field {name!r} is ignored{nearest}", parsed.number
            )
    return parsed


def _hint(name: str) -> str:
    """Return which field an unknown one is a slip or another tool's name of, or nothing."""
    field = _ELSEWHERE.get(name.lower())
    return f" (did you mean {field!r}?)" if field else did_you_mean(name, KNOWN)


def _shorten(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _check_characters(texts: Iterable[str | None], complain: Complain) -> None:
    """Refuse half a character: a report that holds one could be written in no file."""
    for text in texts:
        if text and (half := _HALF.search(text)):
            complain(f"{reprlib.repr(text)} has half a character, {half.group()!a}, without its other half")


def _id(value: Any, position: int) -> str:
    usable = (isinstance(value, str) and value.strip()) or (isinstance(value, int) and not isinstance(value, bool))
    return str(value).strip() if usable else f"q{position}"


def _check_id(value: Any, complain: Complain) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip()):
        complain(f"id must be text, not {reprlib.repr(value)}")


def _question(value: Any, complain: Complain) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    complain("it has no question" if value is None else f"question must be text, not {reprlib.repr(value)}")
    return ""


def _tags(value: Any, complain: Complain) -> tuple[str, ...]:
    tags = [value] if isinstance(value, str) else value or []
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    complain(f"tags must be a list of texts, not {reprlib.repr(value)}")
    return ()


def _review(value: Any, complain: Complain) -> Any:
    """Return whether a question is reviewed, or `REJECTED`; a CSV says it in words."""
    marked = {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
    if marked is None:
        return True
    if isinstance(marked, bool) or marked == REJECTED:
        return marked
    complain(f"reviewed must be true, false or {REJECTED}, not {reprlib.repr(value)}")
    return True


def _relevant(value: Any, complain: Complain) -> Iterator[tuple[Wording, ...]]:
    """Yield the items under `relevant`: a phrase, or a list of phrases and of lists of wordings."""
    phrases = [value] if isinstance(value, str) else value or []
    if not isinstance(phrases, list):
        complain(f"relevant must be a list of phrases, not {reprlib.repr(value)}")
        return
    for number, phrase in enumerate(phrases, 1):
        wordings = phrase if isinstance(phrase, list) else [phrase]
        if not wordings or not all(isinstance(wording, str) for wording in wordings):
            complain(f"phrase {number} must be text or a list of wordings, not {reprlib.repr(phrase)}")
        elif not all(wording.strip() for wording in wordings):
            complain(f"phrase {number} is blank")
        else:
            yield tuple(Wording(wording.strip()) for wording in wordings)


def _evidence(value: Any, complain: Complain) -> Iterator[tuple[Wording, ...]]:
    """Yield the items under `evidence`: objects, or lists of objects that are alternatives."""
    items = [value] if isinstance(value, dict) else value or []
    if not isinstance(items, list):
        complain(f"evidence must be a list, not {reprlib.repr(value)}")
        return
    for number, item in enumerate(items, 1):
        spans = item if isinstance(item, list) else [item]
        problems = [problem for span in spans if (problem := _problem(span))]
        if problems or not spans:
            complain(f"evidence {number} {problems[0] if problems else 'is an empty list'}")
        else:
            yield tuple(
                Wording(*(span.get(name) for name in ("text", "doc", "start", "end", "page"))) for span in spans
            )


def _problem(span: Any) -> str | None:  # noqa: PLR0911 - one return a problem
    """Return what is wrong with one object of `evidence`, if anything is."""
    if not isinstance(span, dict):
        return f'must be an object such as {{"doc": …, "start": …, "end": …}}, not {reprlib.repr(span)}'
    doc, start, end, text = (span.get(name) for name in _SPAN)
    if not all(value is None or isinstance(value, str) for value in (doc, text)):
        return "needs texts for doc and text"
    if not all(value is None or (isinstance(value, int) and not isinstance(value, bool)) for value in (start, end)):
        return "needs whole numbers for start and end"
    if isinstance(page := span.get("page"), bool) or not isinstance(page, int | str | None):
        return f"needs a number or a label for page, not {reprlib.repr(page)}"
    if (start is None) != (end is None):
        return "has only one of start and end"
    if text is not None and not text.strip():
        return "is blank"
    if start is None and text is None and set(span) != {"doc"}:
        return f"has neither text nor start and end; it has {', '.join(span) or 'nothing'}"
    return None
