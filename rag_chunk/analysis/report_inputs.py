"""What a report says of its documents and questions: their names, digests and numbers, and what was left out."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import PurePosixPath

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

    @property
    def suffix(self) -> str:
        """The file type, in lower case and without its dot."""
        return PurePosixPath(self.name).suffix.lower().lstrip(".")


class SkippedEntry(ReportValue):
    """Something that took no part (a file, a strategy, a configuration, a question's phrase), and why."""

    name: str
    reason: str


class ListEntry(ReportValue):
    """A list that is too long for a report: the file that holds it beside the report, with its digest, and its length."""

    file: str
    sha256: str
    count: int


class DocumentListEntry(ListEntry):
    """A list of documents: the sum of their characters, and their file type where all have the same one."""

    characters: int
    suffix: str | None = None


class CorpusEntry(ReportValue):
    """The corpus: its documents in order, and what was not read; or the files that list them, beyond 10,000 entries."""

    digest: str
    documents: tuple[DocumentEntry, ...] = ()
    skipped: tuple[SkippedEntry, ...] = ()
    document_list: DocumentListEntry | None = None
    skipped_list: ListEntry | None = None

    @property
    def num_documents(self) -> int:
        """The number of documents."""
        return self.document_list.count if self.document_list else len(self.documents)

    @property
    def characters(self) -> int:
        """The number of characters of all documents."""
        if self.document_list:
            return self.document_list.characters
        return sum(document.characters for document in self.documents)

    @property
    def suffix(self) -> str | None:
        """The file type that all documents have; nothing where there are several."""
        if self.document_list:
            return self.document_list.suffix
        suffixes = {document.suffix for document in self.documents}
        return suffixes.pop() if len(suffixes) == 1 else None


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


def whole_corpus_entry(corpus: Corpus) -> CorpusEntry:
    """Return the corpus with all its documents and all that was not read, however many they are."""
    documents = tuple(document_entries(corpus))
    return CorpusEntry(digest=corpus.digest, documents=documents, skipped=skipped_entries(corpus.skipped))


def document_entries(corpus: Corpus) -> Iterator[DocumentEntry]:
    """Yield the documents as a report holds them, in order."""
    for facts in corpus.facts if isinstance(corpus, PartialCorpus) else map(facts_of, corpus.documents):
        yield DocumentEntry(
            name=facts.name,
            digest=facts.digest,
            characters=facts.characters,
            pages=facts.pages or None,
            conversion=_conversion_entry(facts.conversion),
        )


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
