"""`read_questions`: a question file, read and located in a corpus."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from rag_chunk.config.analysis import Missing
from rag_chunk.corpus import Corpus, Skipped
from rag_chunk.errors import InputError
from rag_chunk.questions.asked import Asked, asked
from rag_chunk.questions.formats import Record, records
from rag_chunk.questions.locator import Account, Locator, unknown_documents
from rag_chunk.questions.question import STEPS, Question, Questions, located

_REMEDY = "\nMend the file, or leave evidence that is in no document out: --missing warn"


def read_questions(path: str | Path, corpus: Corpus, *, missing: Missing = "error") -> Questions:
    """Read the questions at `path` and locate their evidence in `corpus`.

    Raise `InputError` with everything that is wrong. `missing="warn"` leaves out evidence that is in no document,
    and says so in `skipped`.
    """
    where = str(path)
    account = Account()
    wanted = _asked(records(_text(Path(path)), where), account)
    locator = Locator(corpus, account)
    found = [locator.question(question) for question in wanted]
    absent = [*unknown_documents(account, corpus), *account.missing]
    fatal = absent if missing == "error" else []
    if account.problems or fatal:
        raise InputError(_report(where, account.problems, fatal) + (_REMEDY if fatal else ""))
    return _questions(where, corpus, found, account, absent)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no question file {path}") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"the question file {path} is not UTF-8 at byte {error.start}. Convert it: iconv -f LATIN1 -t UTF-8"
        ) from None
    except OSError as error:
        raise InputError(f"the question file {path} cannot be read: {error.strerror}") from None


def _asked(found: Sequence[Record], account: Account) -> list[Asked]:
    """Check every record; ids must differ."""
    if not found:
        account.problems.append("it holds no question")
    wanted = [asked(record, number, account.problems, account.warnings) for number, record in enumerate(found, 1)]
    labels: dict[str, list[str]] = {}
    for position, question in enumerate(wanted, 1):
        labels.setdefault(question.id, []).append(f"line {question.line}" if question.line else f"number {position}")
    for name, places in labels.items():
        if len(places) > 1:
            account.problems.append(
                f"the id {name!r} stands {len(places)} times ({', '.join(places)}); ids must differ"
            )
    return wanted


def _report(where: str, problems: Sequence[str], absent: Sequence[Skipped]) -> str:
    """Return every problem, one a line."""
    lines = [*problems, *(f"{name} {reason}" for name, reason in absent)]
    count = f"{len(lines)} problem{'s' if len(lines) > 1 else ''}"
    return f"{where}: {count} with the questions:\n" + "\n".join(f"  {line}" for line in lines)


def _questions(
    where: str, corpus: Corpus, found: Sequence[Question], account: Account, absent: Sequence[Skipped]
) -> Questions:
    answered = tuple(question for question in found if question.evidence)
    if not answered:
        left = "has evidence" if not absent else "has evidence that is in the documents"
        raise InputError(_report(where, [f"none of its {len(found)} questions {left}"], absent))
    return Questions(
        source=where,
        digest=_digest(corpus, found),
        questions=answered,
        without_evidence=tuple(question for question in found if not question.evidence),
        matched={step: account.matched[step] for step in STEPS if account.matched[step]},
        skipped=tuple(absent),
        warnings=tuple(account.warnings),
    )


def _digest(corpus: Corpus, questions: Sequence[Question]) -> str:
    """Return 16 hexadecimal digits for the questions and where their evidence is, whatever the file's form."""
    text = json.dumps([located(question, corpus) for question in questions], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
