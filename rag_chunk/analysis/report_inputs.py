"""What a report says of its documents and questions: their names, digests and numbers, and what was left out."""

from collections.abc import Iterable
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field

from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.document import Conversion
from rag_chunk.corpus.partial_corpus import PartialCorpus, facts_of
from rag_chunk.questions import Questions


class ReportValue(BaseModel):
    """A part of a report: frozen, and with no other fields than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False, allow_inf_nan=False)


class ConversionEntry(ReportValue):
    """How a document's text was made of a file: by which converter and versions, and the digest of the file's bytes.

    `rule` is the version of the rule by which pages are cleaned and joined.
    """

    converter: str
    version: str
    rule: int
    source_digest: str
    options: str | None = None


class DocumentEntry(ReportValue):
    """A document of the corpus: the digest is of its text; `conversion` and `pages` where it was converted."""

    name: str
    digest: str
    characters: int
    pages: int | None = None
    conversion: ConversionEntry | None = None


class SkippedEntry(ReportValue):
    """Something that took no part (a file, a strategy, a configuration, a question's phrase), and why."""

    name: str
    reason: str


class CorpusEntry(ReportValue):
    """The corpus: its documents in order, and what was not read."""

    digest: str
    documents: tuple[DocumentEntry, ...]
    skipped: tuple[SkippedEntry, ...] = ()


class LeftOutEntry(ReportValue):
    """How many `items` of evidence, `of` all, are in no document, and how many `questions` took no part for that."""

    items: int
    of: int
    questions: int
    sentence: str


class QuestionsEntry(ReportValue):
    """The question file: how many questions, how many of them are drafts, and which step matched how many phrases.

    `left_out` is there where evidence is in no document, `partly_located` where a part of it alone was located: the
    least share of an item, by the question's id.
    `by_tag` and `by_document` count the questions behind the figures of the same names; a question with several tags,
    or evidence in several documents, counts under each.
    """

    source: str
    digest: str
    count: int
    without_evidence: int = 0
    unreviewed: int = 0
    matched: dict[str, int] = Field(default_factory=dict)
    by_tag: dict[str, int] = Field(default_factory=dict)
    by_document: dict[str, int] = Field(default_factory=dict)
    skipped: tuple[SkippedEntry, ...] = ()
    left_out: LeftOutEntry | None = None
    partly_located: dict[str, float] | None = None


def corpus_entry(corpus: Corpus) -> CorpusEntry:
    """Return the corpus as a report holds it."""
    documents = tuple(
        DocumentEntry(
            name=facts.name,
            digest=facts.digest,
            characters=facts.characters,
            pages=facts.pages or None,
            conversion=_conversion_entry(facts.conversion),
        )
        for facts in (corpus.facts if isinstance(corpus, PartialCorpus) else map(facts_of, corpus.documents))
    )
    return CorpusEntry(digest=corpus.digest, documents=documents, skipped=skipped_entries(corpus.skipped))


def _conversion_entry(made: Conversion | None) -> ConversionEntry | None:
    if made is None:
        return None
    return ConversionEntry(
        converter=made.converter,
        version=made.version,
        rule=made.rule,
        source_digest=made.source_digest,
        options=made.options or None,
    )


def questions_entry(questions: Questions, asked: EvaluationSet | None) -> QuestionsEntry:
    """Return the questions as a report holds them."""
    left_out = questions.left_out
    return QuestionsEntry(
        source=questions.source,
        digest=questions.digest,
        count=len(questions.questions),
        without_evidence=len(questions.without_evidence),
        unreviewed=questions.unreviewed,
        matched=dict(questions.matched),
        by_tag={name: len(rows) for name, rows in asked.by_tag.items()} if asked else {},
        by_document={name: len(rows) for name, rows in asked.by_document.items()} if asked else {},
        skipped=skipped_entries(questions.skipped),
        left_out=LeftOutEntry(**asdict(left_out), sentence=str(left_out)) if left_out else None,
        partly_located={name: round(share, 3) for name, share in questions.shares.items()} or None,
    )


def skipped_entries(skipped: Iterable[tuple[str, str]]) -> tuple[SkippedEntry, ...]:
    """Return what took no part as a report holds it."""
    return tuple(SkippedEntry(name=name, reason=reason) for name, reason in skipped)
