"""`Report`: the results of one analysis as a value that can be written, read and rendered."""

import datetime
import re
from itertools import chain
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from rag_chunk.analysis.question_results import QuestionResults
from rag_chunk.analysis.report_inputs import CorpusEntry, QuestionsEntry, ReportValue, SkippedEntry
from rag_chunk.config import RunConfig
from rag_chunk.config.names import safe_name
from rag_chunk.errors import InputError

SCHEMA_VERSION = 1
_NO_QUESTIONS = QuestionResults(b"[]")
_QUESTIONS = b'\n   "questions": '
_OLD_NAME = re.compile(r"[\w-][\w.-]{0,149}")  # of a configuration, before names were limited in bytes


class ExternalFiles(ReportValue):
    """The files that hold somebody else's chunks and rankings."""

    chunks: str
    retrieved: str


class EmbeddingEntry(ReportValue):
    """The embedding model with its revision, how many tokens of a text it reads, and the texts that were asked for.

    `cached` of them had their vectors on disk.
    """

    model: str
    limit: int | None = None
    texts: int = 0
    cached: int = 0


class ConfigurationResult(ReportValue):
    """One configuration: its settings, metrics by name, and its questions in the file's order.

    `by_tag` and `by_document` are the headline metric over the questions with a tag, or with evidence in a document,
    where there are at least two. `merged` names the configurations whose chunks were identical; they were run once,
    as this one. `given` are the files of a configuration that was read, not made. `embedding` is there where vectors
    took part, `converter` where several were compared: its documents are those under that name.
    """

    name: str
    config: RunConfig
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    by_tag: dict[str, float] = Field(default_factory=dict)
    by_document: dict[str, float] = Field(default_factory=dict)
    questions: QuestionResults = _NO_QUESTIONS
    merged: tuple[str, ...] = ()
    given: ExternalFiles | None = None
    embedding: EmbeddingEntry | None = None
    converter: str | None = None


class PairResult(ReportValue):
    """Two configurations compared over the same questions: mean of `a` less mean of `b`."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    p_adjusted: float


class AgainstBaseline(ReportValue):
    """One configuration against the baseline: its mean less the baseline's, and what the questions show."""

    name: str
    difference: float
    low: float
    high: float
    p_adjusted: float
    shown: Literal["better", "worse", "no difference"]


class BaselineResult(ReportValue):
    """The baseline, and every other configuration against it."""

    name: str
    others: tuple[AgainstBaseline, ...] = ()


class HoldoutResult(ReportValue):
    """The questions, by id, that chose the leader and the recommended, and those that all figures are of.

    `means` is the headline metric of each configuration over the questions that chose.
    """

    share: float
    choosing: tuple[str, ...]
    reporting: tuple[str, ...]
    means: dict[str, float]


class ReviewedResult(ReportValue):
    """What the reviewed questions alone show, where others are drafts: how many they are, and the verdict by them."""

    count: int
    leader: str
    not_shown_worse: tuple[str, ...]
    recommended: str | None
    means: dict[str, float]
    verdict: tuple[str, ...]


class ComparisonResult(ReportValue):
    """What the questions show about the configurations of some `retrievers`: see `rag_chunk.analysis.statistics`.

    `leaders` has the highest mean at each budget of the curve; `pareto` are the configurations of which none has at
    least the recall for an index and a context that are no larger. `too_close` is whether none
    is shown to be worse than the leader, by questions enough. `verdict` is what to know in a few lines, `explanation`
    its reasons. Bounds (`oracle`, `random`) have no `pareto`, and their `recommended` is
    None.
    """

    metric: str
    retrievers: tuple[str, ...] = ()
    leader: str
    not_shown_worse: tuple[str, ...]
    recommended: str | None = None
    leaders: dict[str, str] = Field(default_factory=dict)
    pareto: tuple[str, ...] = ()
    baseline: BaselineResult | None = None
    holdout: HoldoutResult | None = None
    pairs: tuple[PairResult, ...] = ()
    too_close: bool = False
    verdict: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()
    reviewed: ReviewedResult | None = None

    @property
    def representative(self) -> str:
        """The recommended configuration; of bounds, where none is, the leader."""
        return self.recommended or self.leader

    def has(self, name: str) -> bool:
        """Whether the configuration of this name is one of those that were compared."""
        return name == self.leader or any(name in {pair.a, pair.b} for pair in self.pairs)


class Report(ReportValue):
    """All results of one analysis. `configurations` are best first.

    Configurations are compared within their retriever: `comparison` is of the first one, `other_comparisons` of the
    rest, and the configurations are in the same order.
    """

    schema_version: int = SCHEMA_VERSION
    rag_chunk: str
    analysis_id: str
    created: datetime.datetime
    analysis: dict[str, Any]
    corpus: CorpusEntry
    questions: QuestionsEntry | None = None
    configurations: tuple[ConfigurationResult, ...]
    comparison: ComparisonResult | None = None
    other_comparisons: tuple[ComparisonResult, ...] = ()
    skipped: tuple[SkippedEntry, ...] = ()
    timings: dict[str, float] = Field(default_factory=dict)
    encoders: tuple[str, ...] | None = None  # what made the tokens that were not in the cache, with its version

    def configuration(self, name: str) -> ConfigurationResult:
        """Return the configuration of that name; raise `KeyError` where there is none."""
        return {result.name: result for result in self.configurations}[name]

    @property
    def comparisons(self) -> tuple[ComparisonResult, ...]:
        """Every comparison, that of the first retriever first; none without questions."""
        return (self.comparison, *self.other_comparisons) if self.comparison else ()

    def comparison_of(self, result: ConfigurationResult) -> ComparisonResult | None:
        """Return the comparison that a configuration is part of; nothing without questions."""
        theirs = [each for each in self.comparisons if result.config.retriever in each.retrievers]
        if len(theirs) > 1:  # with rerankers of their own
            theirs = [each for each in theirs if each.has(result.name)]
        return theirs[0] if theirs else self.comparison

    @property
    def title(self) -> str:
        """The last part of the path of the documents: the rest says where they lay on one machine."""
        return last_part(str(self.analysis.get("source", ""))) or "documents"

    @property
    def best(self) -> ConfigurationResult:
        """The recommended configuration; of bounds the leader, and without questions the first."""
        return self.configuration(self.comparison.representative) if self.comparison else self.configurations[0]

    def to_json(self) -> str:
        """Return the report as `report.json` holds it."""
        return self.to_bytes().decode()

    def to_bytes(self, end: bytes = b"") -> bytes:
        """Return the report as `report.json` holds it, and `end`, in UTF-8.

        The results of questions, which are most of it, are JSON already.
        """
        bare = [each.model_copy(update={"questions": _NO_QUESTIONS}) for each in self.configurations]
        text = self.model_copy(update={"configurations": tuple(bare)}).model_dump_json(indent=1, exclude_none=True)
        before, start, rest = text.encode().partition(b'\n "configurations": [')  # of this depth there is one
        # The first places of this kind behind it are those of the configurations, one in each.
        parts = rest.split(_QUESTIONS + _NO_QUESTIONS.json + b",\n", len(bare))
        lists = [(_QUESTIONS, each.questions.json, b",\n") for each in self.configurations]
        filled = chain.from_iterable((*each, part) for each, part in zip(lists, parts[1:], strict=True))
        return b"".join([before, start, parts[0], *filled, end])


def last_part(path: str) -> str:
    r"""Return the last part of a path of any system.

    >>> last_part("/home/ann/docs/"), last_part("C:\\docs\\questions.json")
    ('docs', 'questions.json')
    """
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


class _Version(BaseModel):
    """The version alone, which is read first: of a newer report nothing else is known."""

    schema_version: int = SCHEMA_VERSION


def parse_report(text: str, where: str) -> Report:
    """Read what `Report.to_json` wrote; raise `InputError` where it cannot be used, or contradicts itself."""
    try:
        version = _Version.model_validate_json(text).schema_version
        if version > SCHEMA_VERSION:
            raise InputError(
                f"{where} has schema_version {version}; this rag-chunk reads up to {SCHEMA_VERSION}. "
                "Upgrade it: pip install --upgrade rag-chunk"
            )
        report = Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where} cannot be used: {f'{place}: ' if place else ''}{first['msg']}") from None
    if wrong := _contradiction(report):
        raise InputError(f"{where} cannot be used: {wrong}")
    return report


def _contradiction(report: Report) -> str | None:
    """Return what does not fit together; names become names of files, and each is of one configuration."""
    names = [result.name for result in report.configurations]
    unusable = [name for name in names if name != safe_name(name) and not _OLD_NAME.fullmatch(name)]
    unknown = [name for each in report.comparisons for name in (each.leader, each.representative) if name not in names]
    twice = [
        result.name
        for result in report.configurations
        if len({asked.id for asked in result.questions}) < len(result.questions)
    ]
    if not names:
        return "it has no configurations"
    if unusable:
        return f"{unusable[0]!r} is not a valid name of a configuration"
    if len(set(names)) < len(names):
        return "two configurations have the same name"
    if unknown:
        return f"it compares {unknown[0]!r}, which is none of its configurations"
    return f"{twice[0]} has two questions with the same id" if twice else None
