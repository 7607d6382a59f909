"""`Question`, `Evidence` and `Questions`: what is asked, and which stretches of the corpus answer it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag_chunk.corpus import Corpus, Skipped
from rag_chunk.corpus.terms import terms

STEPS = ("span", "moved", "exact", "folded", "letters", "similar")  # how evidence was located, surest first


@dataclass(frozen=True, slots=True)
class Evidence:
    """One item of evidence: alternative stretches of the corpus' line, any one of which fills it.

    `step` says how it was located: given as a `span` (or `moved` to where its text is), or a phrase found
    `exact`, `folded`, by `letters` and digits only, or as the most `similar` text, which holds a `share` of it.
    `parts` are further stretches that are evidence too, where a long passage does not lie in one.
    """

    spans: tuple[tuple[int, int], ...]
    step: str = "span"
    share: float = 1.0
    parts: tuple[tuple[int, int], ...] = ()

    def split(self) -> tuple["Evidence", ...]:
        """Return the item, and each of its further `parts` as an item of its own."""
        rest = tuple(Evidence((span,), self.step, self.share) for span in self.parts)
        return (Evidence(self.spans, self.step, self.share), *rest)


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its evidence. One that is not `reviewed` is a draft that a person has yet to look at."""

    id: str
    question: str
    evidence: tuple[Evidence, ...] = ()
    tags: tuple[str, ...] = ()
    reviewed: bool = True


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many `items` of evidence, `of` all, are in no document, and how many `questions` have no other."""

    items: int
    of: int
    questions: int

    def __str__(self) -> str:
        """Return it as a sentence: what is left out changes what every figure is of."""
        pieces = "1 piece" if self.of == 1 else f"{self.of:,} pieces"
        verb = "is" if self.items == 1 else "are"
        wholly = f", {self.questions:,} question{'' if self.questions == 1 else 's'} wholly" if self.questions else ""
        return (
            f"{self.items:,} of {pieces} of evidence {verb} left out{wholly}: "
            "do not compare with runs on other questions."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """The questions of a file, located in one corpus.

    `questions` are those that have evidence; the others are in `without_evidence` and take no part in any mean.
    `matched` counts the items by the step that located them. `skipped` names what was left out, and why; `left_out`
    counts it.
    """

    source: str
    digest: str
    questions: tuple[Question, ...]
    without_evidence: tuple[Question, ...] = ()
    matched: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: LeftOut | None = None

    def __len__(self) -> int:
        """Return the number of questions that have evidence."""
        return len(self.questions)

    @property
    def unreviewed(self) -> int:
        """The number of questions that are drafts."""
        return sum(not question.reviewed for question in self.questions)

    @property
    def shares(self) -> dict[str, float]:
        """The questions of whose evidence a part alone was located, by id, and the least share of an item."""
        shares = {question.id: min(item.share for item in question.evidence) for question in self.questions}
        return {name: share for name, share in shares.items() if share < 1}

    @property
    def texts(self) -> list[str]:
        """What is asked, in order."""
        return [question.question for question in self.questions]

    @property
    def ids(self) -> list[str]:
        """The id of each question, in order."""
        return [question.id for question in self.questions]


def question_overlap(corpus: Corpus, question: Question) -> float:
    """Return the share of a question's terms that are in its evidence."""
    texts = {corpus.text(*span) for item in question.evidence for span in item.spans}
    answered = {term for text in texts for term in terms(text)}
    asked = set(terms(question.question))
    return len(asked & answered) / len(asked) if asked else 0.0


def question_to_dict(question: Question, corpus: Corpus) -> dict[str, Any]:
    """Return the question as a question file holds it, with its evidence as spans and their texts.

    Alternatives are together in a list, as those of a phrase do under `relevant`.
    """
    items = [[_span(corpus, start, end) for start, end in item.spans] for item in question.evidence]
    evidence = [spans[0] if len(spans) == 1 else spans for spans in items]
    tags = {"tags": list(question.tags)} if question.tags else {}
    return {"id": question.id, "question": question.question, **tags, "evidence": evidence}


def _span(corpus: Corpus, start: int, end: int) -> dict[str, Any]:
    document, first, last = corpus.place(start, end)
    return {"doc": document.name, "start": first, "end": last, "text": document.text[first:last]}
