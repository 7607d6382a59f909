"""A question file that is open for changes, each of which is on the disk before it counts as done."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag_chunk.corpus.cache import cache_folder
from rag_chunk.corpus.text_encoding import read_utf8
from rag_chunk.errors import InputError
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.file_formats import parse_records
from rag_chunk.questions.parsing import ParsedQuestion, parse_question
from rag_chunk.questions.raw_question import RawQuestion
from rag_chunk.questions.record_layout import RecordLayout, layout_of, rewrite_record

_MARK = b"\xef\xbb\xbf"
_PATIENCE = 10.0  # seconds to wait for another process that is writing
Edit = Callable[[Mapping[str, Any]], dict[str, Any]]


class StaleChange(InputError):
    """A change to a question that somebody else has changed since it was read."""


@dataclass(frozen=True, slots=True)
class EditableQuestion:
    """A question of the file: its record, what that asks for, and a version that differs whenever the record does."""

    fields: Mapping[str, Any]
    asked: ParsedQuestion
    problems: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its id, or its place among the questions where it has none."""
        return self.asked.id

    @property
    def version(self) -> str:
        """16 hexadecimal digits for the record."""
        return hashlib.sha256(json.dumps(self.fields, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def meaning(self) -> ParsedQuestion:
        """What the record asks for, wherever it is in the file and however it is written."""
        return replace(self.asked, fields={}, number=0, line=None)


class EditableFile:
    """The questions of a file by id. Others may write the file too: it is read again whenever it differs."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`; raise `InputError` where it cannot be read, or not be changed in place."""
        self.path = path.resolve()
        self._text: str | None = None
        self._layout = RecordLayout("yaml", ())
        self.questions: dict[str, EditableQuestion] = {}
        self.refresh()
        if not all(os.access(each, os.W_OK) for each in (self.path, self.path.parent)):
            raise InputError(f"{path} cannot be changed: permission denied")

    def refresh(self) -> bool:
        """Read the file again where it differs from what was read; say whether it did."""
        text = read_utf8(self.path, "question file")
        if text == self._text:
            return False
        self.questions = _parse(text, self.path)
        self._layout, self._text = layout_of(text), text
        return True

    def change(self, name: str, version: str, edit: Edit) -> EditableQuestion:
        """Change one question, and return it as it is on the disk then.

        Raise `StaleChange` where its version is another one by now, and `InputError` where it cannot be written.
        """
        with self._lock():
            self.refresh()
            question = self.questions.get(name)
            if question is None:
                raise StaleChange(f"there is no question {name!r} in {self.path.name} any more")
            if question.version != version:
                raise StaleChange(f"the question {name!r} was changed elsewhere meanwhile")
            fields = edit(question.fields)
            if fields != question.fields:
                self._replace(question, fields)
            return self.questions[name]

    def _replace(self, question: EditableQuestion, fields: dict[str, Any]) -> None:
        """Write the file with one question replaced; refuse what would not read back as it is meant."""
        wanted = _read(RawQuestion(fields, question.asked.number))
        _refuse_problems(wanted, question)
        text = rewrite_record(self._text or "", self._layout, question.asked.number - 1, fields)
        questions = _parse(text, self.path)
        others = {name: each.fields for name, each in self.questions.items() if name != question.id}
        if others != {name: each.fields for name, each in questions.items() if name != question.id} or (
            questions[question.id].meaning != wanted.meaning
        ):
            raise InputError(f"the change cannot be written in the form of {self.path.name}; nothing was changed")
        self._write(text)
        self.questions, self._layout, self._text = questions, layout_of(text), text

    def _write(self, text: str) -> None:
        """Write aside, make sure that it is on the disk, and move it into place: there is no half of a file, ever."""
        aside = self.path.with_name(f".{self.path.name}.review")
        try:
            with self.path.open("rb") as old, aside.open("wb") as file:
                file.write(_MARK if old.read(len(_MARK)) == _MARK else b"")
                file.write(text.encode("utf-8", "backslashreplace"))
                file.flush()
                os.fsync(file.fileno())
            with suppress(OSError):
                aside.chmod(self.path.stat().st_mode & 0o777)
            aside.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror}; the change is not saved") from None

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one process at a time write the file; a lock of the system, which ends with its process."""
        from filelock import FileLock, Timeout

        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        try:
            with FileLock(folder / f"review-{name}.lock", timeout=_PATIENCE):
                yield
        except Timeout:
            raise InputError(f"another process is writing {self.path}; try again") from None


def _parse(text: str, path: Path) -> dict[str, EditableQuestion]:
    account = Diagnostics()
    records = parse_records(text, account)
    if unread := [finding.text for finding in account.findings]:
        raise InputError(f"{path} cannot be changed while a part of it cannot be read:\n  " + "\n  ".join(unread))
    questions: dict[str, EditableQuestion] = {}
    for record in records:
        if record.is_translated:
            raise InputError(
                f"{path} has another tool's layout; import it first: rag-chunk import-questions {path} -o questions.yaml"
            )
        question = _read(record)
        if question.id in questions:
            raise InputError(f"{path} has two questions with the id {question.id!r}; ids must differ")
        questions[question.id] = question
    return questions


def _read(record: RawQuestion) -> EditableQuestion:
    account = Diagnostics()
    asked = parse_question(record, account)
    return EditableQuestion(
        record.fields, asked, tuple(each.said for each in account.findings if each.level == "error")
    )


def _refuse_problems(after: EditableQuestion, before: EditableQuestion) -> None:
    """Refuse what cannot be read, unless it could not be read before."""
    if new := [problem for problem in after.problems if problem not in before.problems]:
        raise InputError(f"this would break the question: {new[0]}")
    if after.id != before.id:
        raise InputError("the id of a question stays")


def _sync_folder(folder: Path) -> None:
    """Make sure that a folder's entries are on the disk; systems without folders as files do so by themselves."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
