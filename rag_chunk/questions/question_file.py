"""`read_questions`: a question file, read and located in a corpus."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from rag_chunk.config.analysis import Missing
from rag_chunk.corpus import Corpus, Skipped
from rag_chunk.errors import InputError
from rag_chunk.questions.check import QuestionCheck, check_questions
from rag_chunk.questions.diagnostics import Diagnostic
from rag_chunk.questions.question import STEPS, Question, Questions, question_to_dict

_REMEDY = "\nFix the file, or leave out evidence that is in no document with --missing warn"


def read_questions(path: str | Path, corpus: Corpus, *, missing: Missing = "error") -> Questions:
    """Read the questions at `path` and locate their evidence in `corpus`.

    Raise `InputError` with everything that is wrong. `missing="warn"` leaves out evidence that is in no document,
    and says so in `skipped`.
    """
    check = check_questions(path, corpus)
    absent = [finding for finding in check.of("error") if finding.kind == "missing"]
    fatal = (
        check.of("error") if missing == "error" else [finding for finding in check.of("error") if finding not in absent]
    )
    if fatal:
        remedy = _REMEDY if missing == "error" and absent else ""
        raise InputError(_report(check.source, fatal) + remedy)
    questions = _questions(check, absent)
    if not len(questions):
        none = f"none of its {len(check.questions)} questions has evidence that is in the documents"
        raise InputError(
            _report(check.source, [Diagnostic("error", "form", "the file", f"is of no use: {none}"), *absent])
        )
    return questions


def _report(where: str, findings: Sequence[Diagnostic]) -> str:
    """Return every problem, one a line."""
    count = f"{len(findings)} problem{'s' if len(findings) > 1 else ''}"
    return f"{where}: {count} with the questions:\n" + "\n".join(f"  {finding.text}" for finding in findings)


def _questions(check: QuestionCheck, absent: Sequence[Diagnostic]) -> Questions:
    questions = [checked.question for checked in check.questions]
    return Questions(
        source=check.source,
        digest=_digest(check.corpus, questions),
        questions=tuple(question for question in questions if question.evidence),
        without_evidence=tuple(question for question in questions if not question.evidence),
        matched={step: check.matched[step] for step in STEPS if check.matched.get(step)},
        skipped=(*_rejected(check), *(Skipped(finding.what, finding.said) for finding in absent)),
        warnings=tuple(finding.text for finding in check.of("warning")),
    )


def _rejected(check: QuestionCheck) -> tuple[Skipped, ...]:
    count = len(check.rejected)
    return (Skipped(f"{count:,} question{'s' if count > 1 else ''}", "marked reviewed: rejected"),) if count else ()


def _digest(corpus: Corpus, questions: Sequence[Question]) -> str:
    """Return 16 hexadecimal digits for the questions and where their evidence is, whatever the file's form."""
    text = json.dumps([question_to_dict(question, corpus) for question in questions], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
