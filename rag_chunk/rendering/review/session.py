"""A review: the questions of one file and their documents, what the page asks of them, and changes to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rag_chunk.corpus import Corpus
from rag_chunk.errors import InputError
from rag_chunk.questions import record_edits
from rag_chunk.questions.editable_file import Edit, EditableFile
from rag_chunk.rendering.review.difference_meter import DifferenceMeter
from rag_chunk.rendering.review.document_view import view_document
from rag_chunk.rendering.review.place_search import search_places
from rag_chunk.rendering.review.question_view import count_states, ids_with_twins, state_of, view_question

_MOST_UNDONE = 500
Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A change that was made: the record before it, and the version after it."""

    id: str
    before: Data
    version: str


class ReviewSession:
    """What one process knows of a review; the file itself is what lasts."""

    def __init__(self, file: EditableFile, corpus: Corpus) -> None:
        """Review `file`, whose evidence is in `corpus`."""
        self.file, self.corpus = file, corpus
        self._meter = DifferenceMeter(corpus, file.path)
        self._meter.measure()
        self._changes: list[QuestionChange] = []
        self._twins: tuple[object, set[str]] = (None, set())

    def overview(self) -> dict[str, Any]:
        """Return every question in a line, how many are in which state, and what they can show."""
        self.file.refresh()
        questions = self.file.questions
        if self._twins[0] is not questions:
            self._twins = questions, ids_with_twins(questions)
        states = {name: state_of(question) for name, question in questions.items()}
        accepted = [name for name, state in states.items() if state == "accepted"]
        return {
            "questions": [
                {
                    "id": name,
                    "version": each.version,
                    "question": each.asked.question,
                    "state": states[name],
                    "twin": name in self._twins[1],
                }
                for name, each in questions.items()
            ],
            "counts": count_states(questions.values()),
            "shows": self._meter.table.describe(accepted) if self._meter.table else "",
            "undo": bool(self._changes),
        }

    def question(self, name: str) -> dict[str, Any]:
        """Return all of one question."""
        self.file.refresh()
        if name not in self.file.questions:
            raise InputError(f"there is no question {name!r} in {self.file.path.name} any more")
        return view_question(self.file.questions[name], self.file.questions, self.corpus)

    def document(self, index: int, at: int) -> dict[str, Any]:
        """Return a document around a place in it."""
        if not 0 <= index < len(self.corpus.documents):
            raise InputError("there is no such document")
        return view_document(self.corpus, index, at)

    def search(self, text: str) -> list[dict[str, Any]]:
        """Return places in the documents that have to do with a text."""
        return search_places(self.corpus, text)

    def change(self, name: str, version: str, operation: Data) -> dict[str, Any]:
        """Make a change, and return the question as it is then; see `EditableFile.change` for what it raises."""
        edit = self._edit(operation)
        before: list[Data] = []

        def keep(fields: Data) -> dict[str, Any]:
            before.append(fields)
            return edit(fields)

        changed = self.file.change(name, version, keep)
        if before[0] != changed.fields:
            self._changes = [*self._changes, QuestionChange(name, before[0], changed.version)][-_MOST_UNDONE:]
        if operation["do"] not in _WITHOUT_EVIDENCE:
            self._meter.measure()
        return self.question(name)

    def undo(self) -> dict[str, Any]:
        """Take the last change of this process back, and return its question."""
        if not self._changes:
            raise InputError("there is nothing to undo")
        last = self._changes.pop()
        self.file.change(last.id, last.version, lambda _: dict(last.before))
        self._meter.measure()
        return self.question(last.id)

    def _edit(self, operation: Data) -> Edit:
        """Return the change that an operation of the page means; raise `KeyError` or `TypeError` for one that is none."""
        return _EDITS[operation["do"]](operation, self._span)

    def _span(self, operation: Data) -> dict[str, Any]:
        """Return the stretch of a document that was selected, as evidence in a file."""
        index, start, end = (operation[name] for name in ("document", "start", "end"))
        document = self.corpus.documents[index] if 0 <= index < len(self.corpus.documents) else None
        if document is None or not 0 <= start < end <= len(document.text) or not document.text[start:end].strip():
            raise InputError("select some text of the document first")
        text = document.text[start:end]
        start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
        return {"doc": document.name, "start": start, "end": end, "text": document.text[start:end]}


_WITHOUT_EVIDENCE = {"ask", "tag", "review"}
_EDITS: Mapping[str, Callable[[Data, Callable[[Data], dict[str, Any]]], Edit]] = {
    "ask": lambda given, _: lambda fields: record_edits.set_question(fields, str(given["text"])),
    "tag": lambda given, _: lambda fields: record_edits.set_tags(fields, [str(tag) for tag in given["tags"]]),
    "review": lambda given, _: lambda fields: record_edits.set_review(fields, given["review"]),
    "add": lambda given, span: lambda fields: record_edits.add_evidence(fields, span(given)),
    "alternative": lambda given, span: lambda fields: record_edits.add_alternative(fields, given["item"], span(given)),
    "replace": lambda given, span: (
        lambda fields: record_edits.replace_wording(fields, given["item"], given["wording"], span(given))
    ),
    "remove": lambda given, _: lambda fields: record_edits.remove_wording(fields, given["item"], given["wording"]),
}
