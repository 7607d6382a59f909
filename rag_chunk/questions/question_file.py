"""`read_questions`: a question file, read and located in a corpus."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag_chunk.config.analysis import Missing
from rag_chunk.corpus import Corpus, Skipped
from rag_chunk.errors import InputError
from rag_chunk.questions.check import QuestionCheck, check_questions, parse_and_check
from rag_chunk.questions.diagnostics import Diagnostic, Diagnostics
from rag_chunk.questions.question import STEPS, LeftOut, Question, Questions, question_to_dict
from rag_chunk.questions.search import places_of

_REMEDY = "\nCorrect the file; or add --missing warn, which leaves out evidence that is in no document"


def read_questions(path: str | Path, corpus: Corpus, *, missing: Missing = "error") -> Questions:
    """Read the questions at `path` and locate their evidence in `corpus`.

    Raise `InputError` with everything that is wrong. `missing="warn"` leaves out evidence that is in no document,
    and says so in `skipped`.
    """
    check = check_questions(path, corpus)
    places_of(corpus).forget()
    absent = find_absent([check], missing)
    questions = _questions(check, absent)
    refuse_unanswered(check, len(questions), absent)
    return questions


def refuse_malformed(path: str | Path) -> None:
    """Raise `InputError` with what is wrong with the file at `path` itself, for which no document has to be read."""
    account = Diagnostics()
    parse_and_check(Path(path), account)
    errors = [finding for finding in account.findings if finding.level == "error"]
    if errors:
        raise InputError(_report(str(path), errors, account.findings))


def format_questions(questions: Sequence[Mapping[str, Any]], path: Path, head: str = "") -> str:
    """Return the text of a question file: YAML below a comment, or JSON where the name says so.

    JSON too where YAML would be long: that takes ten times as long to read, and is refused above a size.
    """
    from rag_chunk.config import yaml_text

    content = {"questions": list(questions)}
    if path.suffix.lower() != ".json" and len(text := head + yaml_text.dump(content)) <= yaml_text.LONGEST_WRITTEN:
        return text
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def find_absent(checks: Sequence[QuestionCheck], missing: Missing) -> list[Diagnostic]:
    """Return the evidence that is missing in every one of these checks of a file.

    Raise `InputError` with all that is wrong with the file; with `missing="error"`, such evidence is.
    """
    first, *others = ([finding for finding in check.of("error") if finding.kind == "missing"] for check in checks)
    names = [{finding.what for finding in other} for other in others]
    absent = [finding for finding in first if all(finding.what in known for known in names)]
    errors = dict.fromkeys(finding for check in checks for finding in check.of("error"))
    if missing == "error":
        fatal = [finding for finding in errors if finding.kind != "missing" or finding in absent]
    else:
        fatal = [finding for finding in errors if finding.kind != "missing"]
    if fatal:
        remedy = _REMEDY if missing == "error" and absent else ""
        raise InputError(_report(checks[0].source, fatal, checks[0].findings) + remedy)
    return absent


def refuse_unanswered(check: QuestionCheck, answered: int, absent: Sequence[Diagnostic]) -> None:
    """Raise `InputError` where no question has evidence that is in the documents."""
    if not answered:
        none = f"none of its {len(check.questions)} questions has evidence that is in the documents"
        nothing = Diagnostic("error", "form", "the file", f"has no usable question: {none}")
        raise InputError(_report(check.source, [nothing, *absent], check.findings))


def _report(source: str, problems: Sequence[Diagnostic], findings: Iterable[Diagnostic]) -> str:
    """Return every problem, one a line, and the fields that are ignored: a misspelt name may be the cause of them all."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [*(problem.text for problem in problems), *_ignored_fields(findings)]
    return f"{source}: {count} with the questions:\n" + "\n".join(f"  {line}" for line in lines)


def _ignored_fields(findings: Iterable[Diagnostic]) -> list[str]:
    counts = Counter(finding.said for finding in findings if finding.kind == "field" and finding.level == "warning")
    return [f"in {count} question{'s' if count > 1 else ''}, {said}" for said, count in counts.items()]


def _questions(check: QuestionCheck, absent: Sequence[Diagnostic]) -> Questions:
    questions = [checked.question for checked in check.questions]
    return Questions(
        source=check.source,
        digest=digest_questions(check.corpus, questions),
        questions=tuple(question for question in questions if question.evidence),
        without_evidence=tuple(question for question in questions if not question.evidence),
        matched={step: check.matched[step] for step in STEPS if check.matched.get(step)},
        skipped=(*_count_rejected(check), *(Skipped(finding.what, finding.said) for finding in absent)),
        warnings=tuple(finding.text for finding in check.of("warning")),
        left_out=count_left_out([checked.items for checked in check.questions]),
    )


def count_left_out(items: Iterable[Sequence[object]]) -> LeftOut | None:
    """Count the items of questions that are None, where there are some: they were not located."""
    listed = [[item is None for item in of_question] for of_question in items]
    lost = sum(map(sum, listed))
    wholly = sum(bool(of_question) and all(of_question) for of_question in listed)
    return LeftOut(lost, sum(map(len, listed)), wholly) if lost else None


def _count_rejected(check: QuestionCheck) -> tuple[Skipped, ...]:
    count = len(check.rejected)
    return (Skipped(f"{count:,} question{'s' if count > 1 else ''}", "marked reviewed: rejected"),) if count else ()


def digest_questions(corpus: Corpus, questions: Sequence[Question]) -> str:
    """Return 16 hexadecimal digits for the questions and where their evidence is, whatever the file's form."""
    text = json.dumps([question_to_dict(question, corpus) for question in questions], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
