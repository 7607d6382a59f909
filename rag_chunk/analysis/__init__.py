"""One analysis: corpus, questions and configurations in, a report out."""

import datetime
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag_chunk._version import __version__
from rag_chunk.analysis.comparison import blocks, compare_configurations, with_intervals
from rag_chunk.analysis.conversions import (
    RivalConversion,
    compare_conversions,
    describe_lost,
    name_rivals,
    with_evaluation,
)
from rag_chunk.analysis.document_lists import corpus_entry
from rag_chunk.analysis.holdout import EvaluationSet, evaluation_set
from rag_chunk.analysis.report import Report
from rag_chunk.analysis.report_inputs import questions_entry, skipped_entries
from rag_chunk.analysis.runner import Run
from rag_chunk.analysis.scoring import HEADLINE, Scored
from rag_chunk.analysis.scoring_workers import open_workers
from rag_chunk.analysis.skipped import (
    find_skipped_evidence,
    find_unseen_headings,
    find_unused_rules,
    has_headings,
    in_memory,
)
from rag_chunk.analysis.tokenizer_mismatch import find_other_tokenizers
from rag_chunk.chunker import Chunking
from rag_chunk.config import STRATEGIES, AnalysisConfig, RunConfig, did_you_mean
from rag_chunk.config.names import is_function_name
from rag_chunk.config.sweep import names_of, safe_names
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.sharded_corpus import ShardedCorpus
from rag_chunk.embedder import embedder_of
from rag_chunk.errors import SettingsError
from rag_chunk.questions import Questions

if TYPE_CHECKING:
    from rag_chunk.analysis.cost_estimate import CostEstimate
    from rag_chunk.analysis.external import ExternalRun
    from rag_chunk.analysis.shard_survey import CorpusSurvey

__all__ = ["HEADLINE", "Analysis", "analyze", "find_baseline", "score_retrievals"]

Progress = Callable[[int, int, str], None]
_MOST_NAMED = 8
_COMPARING = "comparing"


@dataclass(frozen=True, slots=True)
class Analysis:
    """A finished analysis: the report, and what it was made from."""

    report: Report
    corpus: Corpus
    questions: Questions | None
    chunkings: Mapping[str, Chunking]


def analyze(  # noqa: PLR0913 - what it reports to is apart from what it analyses
    corpus: Corpus | ShardedCorpus,
    configs: RunConfig | Iterable[RunConfig] | Mapping[str, RunConfig],
    questions: Questions | None = None,
    *,
    settings: AnalysisConfig | None = None,
    skipped: Iterable[tuple[str, str]] = (),
    progress: Progress | None = None,
    on_estimate: "Callable[[CostEstimate], None] | None" = None,
    conversions: Sequence[RivalConversion] = (),
) -> Analysis:
    """Chunk, retrieve, score and compare; without `questions`, chunk and measure the chunks.

    `configs` may be named; `progress` gets how many configurations are done, of how many, and what comes next:
    a configuration, then the comparison, then nothing. `on_estimate` gets what a model that costs something will
    embed, before it does. Where the corpus holds several `conversions` of the same files, each configuration is run
    with each of them.

    >>> from rag_chunk import Corpus, Document, RunConfig, analyze
    >>> corpus = Corpus([Document("guide.txt", "Turn left to lock. Pull to open.")])
    >>> configs = [RunConfig(strategy="sentence", chunk_size=size) for size in (4, 8)]
    >>> [(result.name, result.metrics["num_chunks"]) for result in analyze(corpus, configs).report.configurations]
    [('sentence-4-1', 2.0), ('sentence-8-2', 1.0)]
    """
    settings = settings or AnalysisConfig()
    named = _name_configs(configs)
    seed = _seed(named)
    shards = corpus if isinstance(corpus, ShardedCorpus) else None
    corpus = corpus.line if isinstance(corpus, ShardedCorpus) else corpus
    if shards:
        from rag_chunk.analysis.unsharded import refuse_sharded

        refuse_sharded(named, settings)
    converted = [with_evaluation(each, corpus, settings, seed) for each in conversions]
    rivals = name_rivals(named, converted)
    settings = settings.model_copy(
        update={"baseline": find_baseline(settings.baseline, {name: config for name, (config, _) in rivals.items()})}
    )
    asked = evaluation_set(corpus, questions, settings, seed)
    on_progress = progress or _ignore
    written = []
    if _needs_estimate(named.values()):
        from rag_chunk.analysis.shard_estimates import estimate_embedding

        estimate = estimate_embedding(shards or corpus, named, questions)
        estimate.check(settings.max_embed_tokens)
        estimate.check_contexts(settings.max_context_tokens)
        if on_estimate:
            on_estimate(estimate)
        written = _write_contexts(corpus, named, settings, on_progress)
    survey = None
    if shards:
        from rag_chunk.analysis.shard_survey import survey_corpus

        survey = survey_corpus(shards, named, asked.questions.texts if asked else None)
    run = _run(corpus, asked, settings, rivals, on_progress, survey)
    on_progress(len(rivals), len(rivals), _COMPARING)
    notices = (*skipped, *describe_lost(converted), *written, *_find_notices(corpus, asked, named.values(), survey))
    analysis = _build_analysis(run, asked, corpus, questions, settings, notices)
    on_progress(len(rivals), len(rivals), "")
    return replace(analysis, report=compare_conversions(analysis.report, run.scored.values(), converted))


def _needs_estimate(configs: Iterable[RunConfig]) -> bool:
    """Whether some configuration needs a model that costs something; what a function of the user's own costs is not known."""
    return any(
        config.has_written_contexts
        or (config.needs_vectors and not embedder_of(config).is_cheap)
        or (config.reranker and not is_function_name(config.reranker))
        for config in configs
    )


def _write_contexts(
    corpus: Corpus, named: Mapping[str, RunConfig], settings: AnalysisConfig, progress: Progress
) -> list[tuple[str, str]]:
    """Let models write what is indexed with chunks, before anything is indexed; return what could not be read."""
    if not any(config.has_written_contexts for config in named.values()):
        return []
    from rag_chunk.analysis.context_estimate import write_all_contexts

    return write_all_contexts(corpus, named, settings.max_context_tokens, lambda what: progress(0, len(named), what))


def _run(
    corpus: Corpus,
    asked: EvaluationSet | None,
    settings: AnalysisConfig,
    rivals: Mapping[str, tuple[RunConfig, RivalConversion | None]],
    on_progress: Progress,
    survey: "CorpusSurvey | None",
) -> Run:
    """Run the configurations, each on its conversion of the documents; measure what they cost if that is asked for."""
    ordered = sorted(rivals.items(), key=lambda each: _complexity(each[1][0]))  # equal chunks: the first is named
    may_fork = survey is None and not any(conversion for _, conversion in rivals.values())
    with open_workers(len(rivals), may_fork=may_fork) as workers:
        run = Run(corpus, asked, settings.metrics, workers, survey)
        if may_fork:
            run.prepare_units(config for _, (config, _) in ordered)
        for number, (name, (config, conversion)) in enumerate(ordered):
            on_progress(number, len(rivals), name)
            run.add(name, config, _progress_of_work(on_progress, number, len(rivals), name), conversion)
        run.finish(rivals)
    if settings.measure_costs or settings.costs:
        sets = {name: conversion.evaluation if conversion else asked for name, (_, conversion) in rivals.items()}
        run.measure_costs(sets, settings.costs)
    return run


def _find_notices(
    corpus: Corpus, asked: EvaluationSet | None, configs: Collection[RunConfig], survey: "CorpusSurvey | None"
) -> list[tuple[str, str]]:
    """Return what configurations cannot use, or count by another tokenizer, and a sentence on each."""
    seen = survey.has_headings if survey else has_headings(corpus, configs)
    lost = find_skipped_evidence(*in_memory(corpus, asked.questions), configs) if asked else ()
    return [
        *find_unseen_headings(configs, seen=seen),
        *find_unused_rules(corpus, configs),
        *find_other_tokenizers(configs),
        *lost,
    ]


def _progress_of_work(progress: Progress, number: int, total: int, name: str) -> Callable[[str, int, int], None]:
    """Return a function that reports how much of the slow work on a configuration is done, and how long the rest takes."""
    started, first, expected = 0.0, 0, ("", -1)

    def on_progress(work: str, done: int, count: int) -> None:
        from rag_chunk.analysis.cost_estimate import in_minutes

        nonlocal started, first, expected
        if (work, count) != expected:  # sentences, then questions, then chunks
            started, first, expected = time.perf_counter(), done, (work, count)
        seconds = (time.perf_counter() - started) / max(1, done - first) * (count - done)
        left = f", {in_minutes(seconds)} left" if done > first else ""
        progress(number, total, f"{work} {done:,} of {count:,}{left}: {name}")

    return on_progress


def score_retrievals(
    corpus: Corpus,
    retrievals: "Mapping[str, ExternalRun]",
    questions: Questions,
    *,
    settings: AnalysisConfig | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Score and compare what somebody else has chunked and retrieved, as `analyze` does its configurations."""
    settings = settings or AnalysisConfig()
    configs = {name: each.config for name, each in retrievals.items()}
    settings = settings.model_copy(update={"baseline": find_baseline(settings.baseline, configs)})
    asked = evaluation_set(corpus, questions, settings, _seed(configs))
    run = Run(corpus, asked, settings.metrics)
    on_progress = progress or _ignore
    for number, (name, each) in enumerate(retrievals.items()):
        on_progress(number, len(retrievals), name)
        run.add_external(name, each)
    if settings.measure_costs or settings.costs:
        run.measure_costs(dict.fromkeys(retrievals, asked), settings.costs, retrievals)
    notices = [(name, notice) for name, each in retrievals.items() for notice in each.notices]
    on_progress(len(retrievals), len(retrievals), _COMPARING)
    analysis = _build_analysis(run, asked, corpus, questions, settings, notices)
    on_progress(len(retrievals), len(retrievals), "")
    return analysis


def _ignore(done: int, total: int, what: str) -> None:
    """Ignore the progress."""


def _build_analysis(
    run: Run,
    asked: EvaluationSet | None,
    corpus: Corpus,
    questions: Questions | None,
    settings: AnalysisConfig,
    skipped: Iterable[tuple[str, str]],
) -> Analysis:
    """Compare what was run, and return it with what it was made from."""
    report = report_of(corpus, asked, list(run.scored.values()), settings).model_copy(
        update={
            "questions": questions_entry(questions, asked) if questions else None,
            "skipped": skipped_entries(skipped),
            "timings": run.timings,
            "encoders": run.encoders,
        }
    )
    return Analysis(report, corpus, questions, run.chunkings)


def report_of(
    corpus: Corpus, asked: EvaluationSet | None, scored: Sequence[Scored], settings: AnalysisConfig
) -> Report:
    """Compare the configurations, and return them best first; those of one retriever are together."""
    seed = scored[0].result.config.seed
    groups = [with_intervals(group, seed) for group in blocks(scored)]
    comparisons = [compare_configurations(group, asked, settings, seed) for group in groups] if asked else []
    return Report(
        rag_chunk=__version__,
        analysis_id=uuid.uuid4().hex[:16],
        created=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        analysis=settings.to_dict(),
        corpus=corpus_entry(corpus),
        configurations=tuple(each.result for group in groups for each in group),
        comparison=comparisons[0] if comparisons else None,
        other_comparisons=tuple(comparisons[1:]),
    )


def find_baseline(name: str | None, named: Mapping[str, RunConfig]) -> str | None:
    """Return the configuration that is the baseline: the one of this name, or else the only one of this strategy.

    Raise `SettingsError` where there is none, or several.
    """
    if name is None or name in named:
        return name
    of_strategy = [each for each, config in named.items() if config.strategy == name]
    if len(of_strategy) == 1:
        return of_strategy[0]
    if of_strategy:
        raise SettingsError(
            f"the baseline must be one configuration, and {name} is the strategy of {len(of_strategy)}; "
            f"name one of them: {_first_of(of_strategy)}"
        )
    raise SettingsError(
        f"--baseline: no configuration has the name or strategy {name!r}{did_you_mean(name, named)}. "
        f"Choose one of {_first_of(list(named))}"
    )


def _first_of(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


def _name_configs(configs: RunConfig | Iterable[RunConfig] | Mapping[str, RunConfig]) -> Mapping[str, RunConfig]:
    if isinstance(configs, Mapping):
        named = dict(zip(safe_names(configs), configs.values(), strict=True))
    else:
        listed = [configs] if isinstance(configs, RunConfig) else list(configs)
        named = dict(zip(names_of(listed), listed, strict=True))
    if not named:
        raise SettingsError("no configuration was given; pass at least one RunConfig")
    return named


def _complexity(config: RunConfig) -> int:
    """Return how far from plain a configuration's strategy is: its place in the table, the user's own being last."""
    strategies = list(STRATEGIES)
    return strategies.index(config.strategy) if config.strategy in STRATEGIES else len(strategies)


def _seed(named: Mapping[str, RunConfig]) -> int:
    return next(iter(named.values())).seed
