"""What comes of a comparison, and of a reproduction, as values that can be rendered."""

import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from rag_chunk.analysis.report import AgainstBaseline, PairResult
from rag_chunk.config import RunConfig

SCHEMA_VERSION = 1


class _OutcomeValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Difference(_OutcomeValue):
    """A document or a question that is not the same on both sides, and how it differs."""

    name: str
    what: str


class ComparedSide(_OutcomeValue):
    """One configuration of a comparison, and its source.

    `metrics` that are means over questions are over the common ones; others are there only where all are common, or where
    they have nothing to do with questions.
    """

    label: str
    source: str
    configuration: str
    analysis_id: str
    created: datetime.datetime
    rag_chunk: str
    corpus_digest: str
    questions_digest: str
    config: RunConfig
    metrics: dict[str, float]
    documents: tuple[Difference, ...] = ()
    converters: tuple[Difference, ...] = ()


class ComparisonReport(_OutcomeValue):
    """Configurations of several analyses side by side, compared over the questions that all of them answered.

    The first side is the one the others are compared with (`against`): its mean is subtracted from theirs. `settings` are those that differ,
    with the value of each side; `left_out` are the questions without a partner; `warnings` say what does not fit
    together. Differences are of `metric`, over `num_questions`: see `rag_chunk.analysis.statistics`.
    """

    schema_version: int = SCHEMA_VERSION
    metric: str
    sides: tuple[ComparedSide, ...]
    settings: dict[str, tuple[Any, ...]]
    num_questions: int
    left_out: tuple[Difference, ...] = ()
    against: tuple[AgainstBaseline, ...]
    pairs: tuple[PairResult, ...]
    warnings: tuple[str, ...] = ()
    verdict: tuple[str, ...]

    def to_json(self) -> str:
        """Return the comparison as JSON."""
        return self.model_dump_json(indent=1)


class MetricOutcome(_OutcomeValue):
    """One metric as it was recorded and as it came out again: nothing where it was not measured."""

    name: str
    recorded: float
    now: float | None
    equal: bool


class ConfigurationOutcome(_OutcomeValue):
    """One configuration that was run again."""

    name: str
    metrics: tuple[MetricOutcome, ...]

    @property
    def differing(self) -> tuple[MetricOutcome, ...]:
        """The metrics that are not equal."""
        return tuple(metric for metric in self.metrics if not metric.equal)


class Reproduction(_OutcomeValue):
    """A tracked or saved analysis that was run again.

    `documents`, `questions`, `models` and `converters` are those that are not as they were, models by configuration. Metrics are equal within `tolerance`, relative to
    the larger of the figure and 1; it is wider where vectors of a model take part.
    """

    schema_version: int = SCHEMA_VERSION
    source: str
    recorded_by: str
    rag_chunk: str
    configurations: tuple[ConfigurationOutcome, ...]
    documents: tuple[Difference, ...] = ()
    questions: tuple[Difference, ...] = ()
    models: tuple[Difference, ...] = ()
    converters: tuple[Difference, ...] = ()
    has_questions: bool
    by_vectors: bool
    tolerance: float

    @property
    def is_equal(self) -> bool:
        """Whether documents, questions, embedding models and every metric are as they were."""
        inputs = (*self.documents, *self.questions, *self.models)
        return not inputs and not any(outcome.differing for outcome in self.configurations)

    def to_json(self) -> str:
        """Return the reproduction as JSON."""
        return self.model_dump_json(indent=1)
