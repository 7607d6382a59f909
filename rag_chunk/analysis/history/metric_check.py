"""An analysis that was run again, beside what was recorded of it."""

from collections.abc import Iterator

from rag_chunk._version import __version__
from rag_chunk.analysis.history.converter_differences import converter_differences
from rag_chunk.analysis.history.outcomes import ConfigurationOutcome, Difference, MetricOutcome, Reproduction
from rag_chunk.analysis.history.pairing import document_differences, pair_questions
from rag_chunk.analysis.history.saved_analysis import SavedAnalysis
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.config.metric_table import varies

EXACT = 1e-12  # in the last digits, sums may depend on the processor
OF_VECTORS = 1e-3  # a model's vectors depend on the processor and the libraries, and near ties change places


def compare_metrics(before: SavedAnalysis, now: SavedAnalysis) -> Reproduction:
    """Compare every metric but times; `now` has the configurations of `before`, by name."""
    by_vectors = any(result.config.needs_vectors for result in before.configurations)
    tolerance = OF_VECTORS if by_vectors else EXACT
    return Reproduction(
        source=before.source,
        recorded_by=before.report.rag_chunk,
        rag_chunk=__version__,
        configurations=tuple(
            ConfigurationOutcome(
                name=result.name, metrics=tuple(_outcomes(result, now.report.configuration(result.name), tolerance))
            )
            for result in before.configurations
        ),
        documents=document_differences(before.report.corpus, now.report.corpus),
        questions=_question_differences(before, now),
        converters=converter_differences(before.report.corpus, now.report.corpus),
        models=tuple(_model_differences(before, now)),
        has_questions=before.report.questions is not None,
        by_vectors=by_vectors,
        tolerance=tolerance,
    )


def _outcomes(before: ConfigurationResult, now: ConfigurationResult, tolerance: float) -> Iterator[MetricOutcome]:
    """Yield what was recorded, and what it is now. A metric that is new says nothing of what was recorded."""
    for name, recorded in before.metrics.items():
        if not varies(name):
            value = now.metrics.get(name)
            equal = value is not None and abs(value - recorded) <= tolerance * max(1.0, abs(recorded))
            yield MetricOutcome(name=name, recorded=recorded, now=value, equal=equal)


def _question_differences(before: SavedAnalysis, now: SavedAnalysis) -> tuple[Difference, ...]:
    """Return the questions that were changed, left out or added; the place of their evidence depends on the documents."""
    sides = {"what was recorded": list(before.questions.values()), "what there is now": list(now.questions.values())}
    return pair_questions(sides).left_out if before.questions or now.questions else ()


def _model_differences(before: SavedAnalysis, now: SavedAnalysis) -> Iterator[Difference]:
    """Yield the configurations whose embedding model has another revision."""
    for result in before.configurations:
        old, new = result.embedding, now.report.configuration(result.name).embedding
        if old and new and old.model != new.model:
            yield Difference(name=result.name, what=f"made with {old.model}, now with {new.model}")
