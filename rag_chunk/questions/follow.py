"""Follows evidence from old documents into new ones: what can be found again moves, and the rest is stale."""

from dataclasses import replace
from pathlib import Path

from rag_chunk.corpus import Corpus, DocumentIndex
from rag_chunk.errors import InputError
from rag_chunk.questions.check import Checked, QuestionCheck, check_questions, locate
from rag_chunk.questions.parsing import ParsedQuestion, Wording
from rag_chunk.questions.question import Evidence


def follow_questions(path: str | Path, old: Corpus, new: Corpus) -> QuestionCheck:
    """Locate the questions at `path` in the `old` documents, and look for the text of their evidence in the `new` ones.

    A document of the same name is looked in first; where it is gone, all are. Raise `InputError` where the questions do
    not fit the old documents: then there is nothing to follow.
    """
    before = check_questions(path, old)
    if wrong := before.of("error"):
        raise InputError(
            f"{path} does not fit the old documents: {wrong[0].text}"
            + (f", and {len(wrong) - 1} more problems" if len(wrong) > 1 else "")
        )
    names = DocumentIndex(new)
    asked = [_with_texts(checked, old, names) for checked in before.questions]
    after = locate(asked, new)
    return replace(after, source=before.source, rejected=before.rejected, follows=True)


def _with_texts(checked: Checked, old: Corpus, names: DocumentIndex) -> ParsedQuestion:
    """Return a question whose items are the texts that its evidence had, each with its old place."""
    items = tuple(_wordings(item, old, names) for item in checked.items if item)
    return replace(checked.asked, items=items)


def _wordings(item: Evidence, old: Corpus, names: DocumentIndex) -> tuple[Wording, ...]:
    wordings = []
    for start, end in (*item.spans, *item.parts):
        document, first, last = old.place(start, end)
        text = document.text[first:last]
        if names.find(document.name):
            wordings.append(Wording(text, document.name, first, last))
        else:
            wordings.append(Wording(text))
    return tuple(wordings)
