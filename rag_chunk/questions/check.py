"""`check_questions`: a question file, read and located, with all that is to be said about it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.text_encoding import read_utf8
from rag_chunk.errors import InputError
from rag_chunk.questions.diagnostics import Diagnostic, Diagnostics, Level, warn_of_drafts
from rag_chunk.questions.file_formats import parse_records
from rag_chunk.questions.folding import fold_text
from rag_chunk.questions.imported import container_of, import_questions
from rag_chunk.questions.locator import Locator, note_unknown_documents
from rag_chunk.questions.parsing import KNOWN, ParsedQuestion, Wording, is_rejected, parse_question
from rag_chunk.questions.question import Evidence, Question, question_to_dict
from rag_chunk.questions.raw_question import RawQuestion
from rag_chunk.questions.search import excerpt

STALE = "stale"  # the mark of a question whose evidence was not found in newer documents


@dataclass(frozen=True, slots=True)
class Checked:
    """A question as the file asks it, and the evidence for each of its items; None where it was not found."""

    asked: ParsedQuestion
    items: tuple[Evidence | None, ...]

    @property
    def question(self) -> Question:
        """The question with the evidence that was found."""
        evidence = tuple(part for item in self.items if item for part in item.split())
        return Question(self.asked.id, self.asked.question, evidence, self.asked.tags, self.asked.reviewed)


@dataclass(frozen=True, slots=True, eq=False)
class QuestionCheck:
    """A question file, checked: its questions, and the findings in the file's order.

    `matched` counts the items of evidence by the step that located them. The `rejected` ones are not looked at. It
    `follows` evidence where that was located in older documents: what is missing is then stale, and is marked so.
    """

    source: str
    corpus: Corpus
    questions: tuple[Checked, ...]
    findings: tuple[Diagnostic, ...]
    matched: Mapping[str, int]
    rejected: tuple[ParsedQuestion, ...] = ()
    follows: bool = False

    def of(self, level: Level) -> list[Diagnostic]:
        """Return the findings of that level."""
        return [finding for finding in self.findings if finding.level == level]

    @property
    def summary(self) -> dict[str, int]:
        """How many questions and items of evidence there are, how they were found, and what is odd about them."""
        kinds = [finding.kind for finding in self.findings]
        items = [item for checked in self.questions for item in checked.items]
        return {
            "questions": len(self.questions),
            "items of evidence": len(items),
            "found exactly": self.matched.get("exact", 0),
            "found ignoring case and spaces": self.matched.get("folded", 0),
            "found by letters and digits": self.matched.get("letters", 0),
            "found as similar text": self.matched.get("similar", 0),
            "given by their places": self.matched.get("span", 0),
            "found at another place": self.matched.get("moved", 0),
            "missing": items.count(None),
            "very short or frequent": kinds.count("keyword"),
            "duplicated": kinds.count("duplicate"),
            "without evidence": kinds.count("unanswered"),
            "not reviewed": sum(not checked.asked.reviewed for checked in self.questions),
            "rejected": len(self.rejected),
            **({"stale": sum(None in checked.items for checked in self.questions)} if self.follows else {}),
        }

    def to_json_with_spans(self) -> str:
        """Return the questions as JSON, with the evidence that was found as spans and the rest as it was given.

        Raise `InputError` where a part of the file cannot be read: it would be lost.
        """
        if any(finding.kind == "unreadable" for finding in self.findings):
            raise InputError(
                f"{self.source} cannot be rewritten while a part of it cannot be read; fix that part first"
            )
        fixed = [(checked.asked.number, self._fix(checked)) for checked in self.questions]
        fixed += [(question.number, dict(question.fields)) for question in self.rejected]
        questions = [fields for _, fields in sorted(fixed, key=lambda pair: pair[0])]
        return json.dumps({"questions": questions}, ensure_ascii=False, indent=1) + "\n"

    def _fix(self, checked: Checked) -> dict[str, Any]:
        """Return one question as a question file holds it, marked where its evidence is stale, and no longer where not."""
        fields = _fix_question(checked, self.corpus)
        if not self.follows:
            return fields
        kept = {name: value for name, value in fields.items() if name != STALE}
        return {**kept, **({STALE: True} if None in checked.items else {})}


def check_questions(path: str | Path, corpus: Corpus) -> QuestionCheck:
    """Read the questions at `path`, locate their evidence in `corpus`, and note everything that is wrong or odd.

    Raise `InputError` only where there is no such file, or nothing in it can be read.
    """
    account = Diagnostics()
    parsed = parse_and_check(Path(path), account)
    wanted = [question for question in parsed if not question.is_rejected]
    check = locate(wanted, corpus, account)
    return replace(check, source=str(path), rejected=tuple(question for question in parsed if question.is_rejected))


def parse_and_check(path: Path, account: Diagnostics) -> list[ParsedQuestion]:
    """Read the questions at `path`, and note all that is wrong or odd without a look at documents."""
    parsed = parse_questions(path, account)
    wanted = [question for question in parsed if not question.is_rejected]
    _note_equal_ids(wanted, account)
    _note_duplicates(wanted, account)
    _note_unanswered(wanted, account)
    _note_unreviewed(wanted, account)
    return parsed


def parse_questions(path: Path, account: Diagnostics) -> list[ParsedQuestion]:
    """Read the questions at `path`, those that were rejected too; their evidence is not looked for."""
    # Whatever is wrong with a question that was rejected: it is not asked.
    return [
        parse_question(record, Diagnostics() if is_rejected(record) else account)
        for record in _read_records(path, account)
    ]


def locate(wanted: Sequence[ParsedQuestion], corpus: Corpus, account: Diagnostics | None = None) -> QuestionCheck:
    """Locate the evidence of questions in `corpus`; what was noticed before is in `account`."""
    account = account or Diagnostics()
    locator = Locator(corpus, account)
    locator.prepare(wanted)
    checked = tuple(Checked(question, locator.items(question)) for question in wanted)
    locator.keep()
    note_unknown_documents(account, corpus)
    ordered = sorted(account.findings, key=lambda finding: finding.number)
    return QuestionCheck("", corpus, checked, tuple(ordered), account.matched)


def _read_records(path: Path, account: Diagnostics) -> list[RawQuestion]:
    if container_of(path) is None:
        return parse_records(read_utf8(path, "question file"), account)
    imported = import_questions(path)
    for notice in imported.notices:
        account.add("warning", "form", "the question set:", notice)
    questions = enumerate(imported.questions, 1)
    return [RawQuestion(dict(fields), number, is_translated=True) for number, fields in questions]


def _note_equal_ids(wanted: Sequence[ParsedQuestion], account: Diagnostics) -> None:
    places: dict[str, list[ParsedQuestion]] = {}
    for question in wanted:
        places.setdefault(question.id, []).append(question)
    for name, holders in places.items():
        if len(holders) > 1:
            apart = len({question.line for question in holders}) == len(holders)
            where = [f"line {question.line}" if apart else f"number {question.number}" for question in holders]
            said = f"occurs {len(holders)} times ({', '.join(where)}); ids must differ"
            account.add("error", "form", f"the id {excerpt(name)}", said)


def _note_duplicates(wanted: Sequence[ParsedQuestion], account: Diagnostics) -> None:
    """Warn of a question that is asked twice, and of a phrase that a question has twice: each counts twice."""
    first: dict[str, ParsedQuestion] = {}
    for question in wanted:
        earlier = first.setdefault(fold_text(question.question), question)
        if question.question and earlier is not question:
            said = f"it asks the same as {earlier.label}; both count"
            account.add("warning", "duplicate", f"{question.label}:", said, question.number)
        for phrase in _repetitions(question):
            said = f"{phrase} is given more than once"
            account.add("warning", "duplicate", f"{question.label}:", said, question.number)


def _repetitions(question: ParsedQuestion) -> Iterator[str]:
    """Yield each phrase or span of a question that is in it more than once, as messages show it."""
    counts: dict[object, int] = {}
    for wording in (wording for item in question.items for wording in item):
        text = fold_text(wording.text or "") if wording.start is None else None
        key = (wording.doc, wording.start, wording.end, text)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] == 2:  # noqa: PLR2004 - said once, at its second place
            yield excerpt(wording.text, 40) if wording.text else wording.place


def _note_unanswered(wanted: Sequence[ParsedQuestion], account: Diagnostics) -> None:
    """Note the questions that give no evidence; if none gives any, the file is of no use."""
    without = [question for question in wanted if not question.items and question.sound]
    for question in without:
        said = "it has no evidence, so no metric counts it"
        account.add("note", "unanswered", f"{question.label}:", said, question.number)
    if not wanted and not account.errors:
        account.add("error", "form", "the file", "holds no question")
    if without and len(without) == len(wanted):
        account.add(
            "error", "form", "the file", f"has no usable question: none of its {len(wanted)} questions has evidence"
        )


def _note_unreviewed(wanted: Sequence[ParsedQuestion], account: Diagnostics) -> None:
    drafts = sum(not question.reviewed for question in wanted)
    if drafts:
        account.add("note", "unreviewed", "", warn_of_drafts(drafts, len(wanted)))  # a report has this line too


def _fix_question(checked: Checked, corpus: Corpus) -> dict[str, Any]:
    """Return one question as a question file holds it. What could not be read of it stays as it is."""
    question = checked.asked
    if not question.sound:
        return dict(question.fields)
    fixed = question_to_dict(checked.question, corpus)
    spans = iter(fixed.pop("evidence"))
    evidence = [
        each
        for item, wordings in _pairs(checked)
        for each in ([next(spans) for _ in item.split()] if item else [_evidence_as_written(wordings)])
    ]
    other = {name: value for name, value in question.fields.items() if name not in KNOWN or name == "reviewed"}
    return {**fixed, **other, "evidence": evidence}


def _pairs(checked: Checked) -> Iterator[tuple[Evidence | None, tuple[Wording, ...]]]:
    return zip(checked.items, checked.asked.items, strict=True)


def _evidence_as_written(wordings: Sequence[Wording]) -> Any:
    """Return an item of evidence as it was given."""
    listed = [
        {
            name: value
            for name in ("doc", "page", "start", "end", "text")
            if (value := getattr(wording, name)) is not None
        }
        for wording in wordings
    ]
    return listed[0] if len(listed) == 1 else listed
