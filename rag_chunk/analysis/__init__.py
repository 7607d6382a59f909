"""One analysis: corpus, questions and configurations in, a report out."""

import datetime
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rag_chunk
from rag_chunk.analysis.comparing import HEADLINE, compared, with_intervals
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.sweep import names_of
from rag_chunk.corpus import Corpus
from rag_chunk.questions import Questions
from rag_chunk.report import (
    ConfigurationResult,
    CorpusEntry,
    DocumentEntry,
    QuestionResult,
    QuestionsEntry,
    Report,
    SkippedEntry,
)
from rag_chunk.retriever import Ranking, parents_of, rank, retriever_of
from rag_chunk.scorer import DEFAULT_GROUPS, SHAPE, Scores, depth_needed, score, shape_metrics
from rag_chunk.units import units_of

__all__ = ["HEADLINE", "Analysis", "analyze"]

Progress = Callable[[int, int, str], None]
_ASKED = tuple(group for group in DEFAULT_GROUPS if group != SHAPE)
_CHUNKING = {"strategy", "chunk_size", "overlap", "model"}


@dataclass(frozen=True, slots=True)
class Analysis:
    """A finished analysis: the report, and what it was made from."""

    report: Report
    corpus: Corpus
    questions: Questions | None
    chunkings: Mapping[str, Chunking]


def analyze(
    corpus: Corpus,
    configs: RunConfig | Iterable[RunConfig] | Mapping[str, RunConfig],
    questions: Questions | None = None,
    *,
    settings: AnalysisConfig | None = None,
    skipped: Iterable[tuple[str, str]] = (),
    progress: Progress | None = None,
) -> Analysis:
    """Chunk, retrieve, score and compare; without `questions`, chunk and measure the chunks.

    `configs` may be named; `progress` is told how many configurations are done, of how many, and which is next.

    >>> from rag_chunk import Corpus, Document, RunConfig, analyze
    >>> corpus = Corpus([Document("guide.txt", "Turn left to lock. Pull to open.")])
    >>> configs = [RunConfig(strategy="sentence", chunk_size=size) for size in (4, 8)]
    >>> [(found.name, found.metrics["num_chunks"]) for found in analyze(corpus, configs).report.configurations]
    [('sentence-4-1', 2.0), ('sentence-8-2', 1.0)]
    """
    run = _Run(corpus, questions)
    settings = settings or AnalysisConfig()
    named = _named(configs)
    for number, (name, config) in enumerate(named.items()):
        if progress:
            progress(number, len(named), name)
        run.add(name, config)
    results = with_intervals(run.results, _seed(named))
    ordered = sorted(results, key=lambda found: -found.metrics.get(HEADLINE, 0.0))
    report = Report(
        rag_chunk=rag_chunk.__version__,
        analysis_id=uuid.uuid4().hex[:16],
        created=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        analysis=settings.to_dict(),
        corpus=_corpus_entry(corpus),
        questions=_questions_entry(questions) if questions else None,
        configurations=tuple(ordered),
        comparison=compared(ordered, settings, _seed(named)),
        skipped=tuple(SkippedEntry(name=name, reason=reason) for name, reason in skipped),
        timings=run.timings,
    )
    return Analysis(report, corpus, questions, run.chunkings)


def _named(configs: RunConfig | Iterable[RunConfig] | Mapping[str, RunConfig]) -> Mapping[str, RunConfig]:
    if isinstance(configs, Mapping):
        return configs
    listed = [configs] if isinstance(configs, RunConfig) else list(configs)
    return dict(zip(names_of(listed), listed, strict=True))


def _seed(named: Mapping[str, RunConfig]) -> int:
    return next(iter(named.values())).seed


class _Run:
    """Goes through the configurations of one analysis, and keeps what they share."""

    def __init__(self, corpus: Corpus, questions: Questions | None) -> None:
        self._corpus = corpus
        self._questions = questions
        self._seen: dict[Any, str] = {}
        self.chunkings: dict[str, Chunking] = {}
        self.results: list[ConfigurationResult] = []
        self.timings: dict[str, float] = {}

    def add(self, name: str, config: RunConfig) -> None:
        """Run one configuration; if another one has made the same chunks, note it there."""
        self._timed(f"{config.unit}_time", lambda: units_of(self._corpus, config))
        started = time.perf_counter()
        chunking = chunk(self._corpus, config)
        sizes = chunking.sizes
        chunk_time = time.perf_counter() - started
        key = (chunking.spans.tobytes(), sizes.tobytes(), config.model_dump_json(exclude=_CHUNKING))
        if key in self._seen:
            self._merge(self._seen[key], name)
            return
        self._seen[key] = name
        self.chunkings[name] = chunking
        if self._questions and len(self._questions):
            self._timed("index_time", lambda: retriever_of(config)(self._corpus, config))
        self._score(name, config, chunk_time)

    def _merge(self, kept: str, name: str) -> None:
        place = next(place for place, found in enumerate(self.results) if found.name == kept)
        found = self.results[place]
        self.results[place] = found.model_copy(update={"merged": (*found.merged, name)})

    def _timed(self, name: str, find: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = find()
        self.timings.setdefault(name, time.perf_counter() - started)
        return found

    def _score(self, name: str, config: RunConfig, chunk_time: float) -> None:
        started = time.perf_counter()
        chunking = self.chunkings[name]
        handed, ranking = _retrieved(chunking, self._questions, config)
        scores = score(handed, ranking, self._questions, config, _ASKED)
        shape = shape_metrics(chunking, config)
        timed = {"processing_time": time.perf_counter() - started + chunk_time, "chunk_time": chunk_time}
        result = ConfigurationResult(
            name=name,
            config=config,
            metrics={**shape, **scores.metrics, **timed},
            questions=_question_results(self._questions, scores, ranking, handed),
        )
        self.results.append(result)


def _retrieved(chunking: Chunking, questions: Questions | None, config: RunConfig) -> tuple[Chunking, Ranking | None]:
    """Rank as many chunks as surely fill the largest budget, or the parents that they bring along.

    Without questions there is no ranking.
    """
    if questions is None or not len(questions):
        return chunking, None
    if config.retrieve_parents and chunking.parents is not None:
        ranking = rank(chunking, questions.texts, config, len(chunking))
        return chunking.handed_over(), parents_of(ranking, chunking)
    return chunking, rank(chunking, questions.texts, config, depth_needed(chunking, config))


def _question_results(
    questions: Questions | None, scores: Scores, ranking: Ranking | None, chunking: Chunking
) -> tuple[QuestionResult, ...]:
    if questions is None or ranking is None:
        return ()
    ids = chunking.ids
    columns = {name: values.tolist() for name, values in scores.per_question.items()}
    return tuple(
        QuestionResult(
            id=question.id,
            question=question.question,
            scores={name: values[row] for name, values in columns.items()},
            retrieved=tuple(ids[place] for place in ranking[row, : scores.filled[row]].tolist()),
        )
        for row, question in enumerate(questions.questions)
    )


def _corpus_entry(corpus: Corpus) -> CorpusEntry:
    documents = tuple(
        DocumentEntry(name=document.name, digest=document.digest, characters=len(document.text))
        for document in corpus.documents
    )
    return CorpusEntry(digest=corpus.digest, documents=documents, skipped=_entries(corpus.skipped))


def _questions_entry(questions: Questions) -> QuestionsEntry:
    return QuestionsEntry(
        source=questions.source,
        digest=questions.digest,
        count=len(questions.questions),
        without_evidence=len(questions.without_evidence),
        matched=dict(questions.matched),
        skipped=_entries(questions.skipped),
    )


def _entries(skipped: Sequence[tuple[str, str]]) -> tuple[SkippedEntry, ...]:
    return tuple(SkippedEntry(name=name, reason=reason) for name, reason in skipped)
