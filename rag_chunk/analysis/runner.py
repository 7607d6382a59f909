"""Goes through the configurations of an analysis: chunk, retrieve, score."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus, chunked_in_memory
from rag_chunk.analysis.conversions import RivalConversion
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.ranking import retrieve
from rag_chunk.analysis.report import ConfigurationResult, EmbeddingEntry, ExternalFiles
from rag_chunk.analysis.scoring import Scored, measure_chunks, score_chunks
from rag_chunk.analysis.scoring_workers import ScoringWorkers
from rag_chunk.analysis.stage import Stage, time_stage
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import RunConfig
from rag_chunk.config.catalog import needs_vectors
from rag_chunk.config.prices import Prices
from rag_chunk.config.run import Unit
from rag_chunk.config.setting_groups import settings_of
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import keep_freed_memory
from rag_chunk.corpus.units import Units, encoders_of, units_of
from rag_chunk.embedder import EmbeddingUsage, embedder_of, track_usage
from rag_chunk.retriever import is_built_in, prepare
from rag_chunk.retriever.indexed import index_settings
from rag_chunk.retriever.reranking import track_reranking

if TYPE_CHECKING:
    from rag_chunk.analysis.external import ExternalRun
    from rag_chunk.analysis.shard_survey import CorpusSurvey

# Settings that do nothing but make chunks: where spans and sizes are equal, they cannot make a difference.
_CHUNKING = {*settings_of("chunk")} - {"unit", "parent_ratio", "skip_blocks"}
_SLOW_WORK = ("embedding", "reranking")
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A configuration that is chunked, and to be scored."""

    name: str
    chunked: ChunkedCorpus
    evaluation: EvaluationSet | None
    converter: str | None
    chunk_time: float
    reads_again: bool

    @property
    def is_all_ours(self) -> bool:
        """Whether it may run beside others.

        Models have threads of their own, functions of users may know of none, and shards have workers.
        """
        has_functions = self.evaluation is not None and self.evaluation.users.names
        config = self.chunked.config
        has_models = config.needs_vectors or config.reranker
        return is_built_in(config) and not has_models and not has_functions and not self.reads_again


class Run:
    """The configurations that have been run, and what they share.

    They are chunked one after the other. With `workers`, their rankings are scored beside that, a few at a time.
    """

    def __init__(
        self,
        corpus: Corpus,
        evaluation: EvaluationSet | None,
        groups: tuple[str, ...],
        workers: ScoringWorkers | None = None,
        survey: "CorpusSurvey | None" = None,
    ) -> None:
        """Run nothing yet; `evaluation` is nothing without questions, `survey` is there where the corpus is several shards."""
        keep_freed_memory()
        self._corpus, self._evaluation, self._groups = corpus, evaluation, groups
        self._workers, self._survey = workers, survey
        self._waiting: dict[str, _Job] = {}
        self._futures: dict[str, Future[tuple[Scored, Stage]]] = {}  # of those that workers have
        self._seconds = 0.0  # that a configuration has taken to be scored
        self._seen: dict[Any, str] = {}
        self._merged: list[tuple[str, str]] = []
        self._prepared: set[str] = set()
        self._units: list[Units] = []
        self._chunked: dict[str, ChunkedCorpus] = {}
        self.scored: dict[str, Scored] = {}
        self.timings: dict[str, float] = {}

    def add(
        self,
        name: str,
        config: RunConfig,
        on_progress: OnProgress | None = None,
        conversion: RivalConversion | None = None,
    ) -> None:
        """Run one configuration; if another one has made the same chunks, note it there.

        `on_progress` is given the work, and how much of it is done: texts embedded or questions reranked, of how many. Of a `conversion`, its documents alone are
        chunked, and its evidence counts. What is scored beside others is in `scored` when the run is finished.
        """
        embedding, reranking = (partial(on_progress, work) if on_progress else None for work in _SLOW_WORK)
        with track_usage(embedding) as usage, track_reranking(reranking):
            self._add(name, config, usage, conversion)

    def _add(self, name: str, config: RunConfig, usage: EmbeddingUsage, conversion: RivalConversion | None) -> None:
        evaluation = conversion.evaluation if conversion else self._evaluation
        if config.needs_vectors:
            self._prepare("model_time", f"{config.embedding_model}", lambda: embedder_of(config))
        chunked, seconds = self._survey.take(name) if self._survey else self._chunk(config, conversion)
        chunking = chunked.chunking
        key = (_digest(chunking.spans), _digest(chunking.sizes), config.model_dump_json(exclude=_CHUNKING))
        if key in self._seen:
            self._merged.append((self._seen[key], name))
            return
        self._seen[key] = name
        self._chunked[name] = chunked
        if evaluation and not self._survey:
            index = f"{config.retriever} {config.analyzer} {index_settings(config)}"
            self._prepare("index_time", index, lambda: prepare(self._corpus, config))
        share = chunking.share_of_corpus  # of a conversion: those beside it were chunked with it
        converter = conversion.name if conversion else None
        reads_again = chunked.reads_again(self._groups)
        self._score(_Job(name, chunked, evaluation, converter, seconds * share, reads_again))
        if config.needs_vectors:
            self._note_embedding(name, config, usage)

    def _chunk(self, config: RunConfig, conversion: RivalConversion | None) -> tuple[ChunkedCorpus, float]:
        """Return the chunks of a configuration, and how long that took apart from what is shared."""
        self._prepare_units(config.unit, config.model)
        if config.budget_unit == "tokens" and self._evaluation:
            self._prepare_units("tokens", config.model)
        with time_stage(self._corpus) as stage:
            chunking = chunk(self._corpus, config)
            chunking = chunking.within(*conversion.extent) if conversion else chunking
            _ = chunking.sizes  # which are kept, and part of that time
        self._add_time("structure_time", stage.shared)
        return chunked_in_memory(chunking, config), stage.seconds

    def _score(self, job: _Job) -> None:
        """Score a configuration, beside the next ones where that may be.

        The first computes what they share; those of several shards share nothing.
        """
        if self._workers is None or not (self.scored or self._survey) or not job.is_all_ours:
            self._note_score(job.name, *self._score_rankings(job))
            return
        if not self._workers.count:
            self._workers.start(self._score_rankings, self._shared, self._seconds)
        self._collect(self._workers.most_waiting)
        self._waiting[job.name] = job
        self._hand_out()

    def _hand_out(self) -> None:
        """Give each worker one of the oldest configurations that wait, and one more if another is left for this thread."""
        workers, unsent = self._workers, [name for name in self._waiting if name not in self._futures]
        while workers and unsent and self._busy < workers.count + (len(unsent) > 1):
            name = unsent.pop(0)
            self._futures[name] = workers.submit(self._waiting[name])

    @property
    def _busy(self) -> int:
        return sum(not future.done() for future in self._futures.values())

    def _collect(self, most: int) -> None:
        """Score, or wait for the scores of, all but so many of the configurations that wait.

        The oldest is the next to be ready. Until it is, the newest is scored here, unless a worker has it.
        """
        while len(self._waiting) > most:
            self._hand_out()
            oldest, newest = next(iter(self._waiting)), next(reversed(self._waiting))
            if newest in self._futures or self._futures[oldest].done():
                self._note_score(oldest, *self._result(self._waiting.pop(oldest), self._futures.pop(oldest)))
            else:
                self._note_score(newest, *self._score_rankings(self._waiting.pop(newest)))

    def _result(self, job: _Job, future: Future[tuple[Scored, Stage]]) -> tuple[Scored, Stage]:
        """Return what a worker has made of a job; where it failed or died, do it here, so that errors are raised here."""
        return self._score_rankings(job) if future.exception() else future.result()

    @property
    def _shared(self) -> list[object]:
        """What jobs refer to and is large: it is the same for many."""
        outlines = [chunking.outline for chunking in self.chunkings.values() if chunking.outline]
        return [self._corpus, self._evaluation, *self._units, *outlines]

    def add_external(self, name: str, external: "ExternalRun") -> None:
        """Score chunks and rankings that were made elsewhere; how long that took is not known."""
        started = time.perf_counter()
        self._chunked[name] = chunked = chunked_in_memory(external.chunking, external.config)
        measured = measure_chunks(chunked, name, self._groups)
        evaluation = self._evaluation
        self.scored[name] = score_chunks(measured, chunked, external.ranking, evaluation) if evaluation else measured
        if external.files:
            chunks, retrieved = (str(path.absolute()) for path in external.files)
            files = ExternalFiles(chunks=chunks, retrieved=retrieved)
            self._change(name, self.scored[name].result.model_copy(update={"given": files}))
        self._add_time("score_time", time.perf_counter() - started)

    def finish(self, names: Iterable[str]) -> None:
        """Wait for all scores, and put the configurations in the order of `names`, whatever that in which they were run."""
        self._collect(0)
        for kept, name in self._merged:
            self._merge(kept, name)
        self.scored = {name: self.scored[name] for name in names if name in self.scored}
        self._chunked = {name: self._chunked[name] for name in self.scored}

    def measure_costs(
        self,
        sets: Mapping[str, EvaluationSet | None],
        prices: Prices | None,
        external: "Mapping[str, ExternalRun] | None" = None,
    ) -> None:
        """Add what each configuration costs; when it has finished, so that nothing runs beside what is timed."""
        from rag_chunk.analysis.running_costs import with_costs  # which few analyses measure

        times = {name: each.milliseconds for name, each in (external or {}).items()}
        self.scored = {
            name: with_costs(each, self._chunked[name], sets[name], prices, times.get(name, ()))
            for name, each in self.scored.items()
        }

    @property
    def chunkings(self) -> dict[str, Chunking]:
        """The chunks of each configuration."""
        return {name: chunked.chunking for name, chunked in self._chunked.items()}

    @property
    def encoders(self) -> tuple[str, ...] | None:
        """What has made the tokens that were not in the cache; nothing where none were made."""
        names = encoders_of(chunking.units for chunking in self.chunkings.values())
        return tuple(sorted(names | (self._survey.encoders if self._survey else set()))) or None

    def prepare_units(self, configs: Iterable[RunConfig]) -> None:
        """Find the units of all configurations before the first is chunked, so that all workers have them."""
        for config in configs:
            self._prepare_units(config.unit, config.model)

    def _prepare_units(self, unit: Unit, model: str) -> None:
        self._prepare(
            f"{unit}_time", f"{unit} {model}", lambda: self._units.append(units_of(self._corpus, unit, model))
        )

    def _prepare(self, timing: str, what: str, make: Callable[[], object]) -> None:
        """Do once what all configurations share, and add up how long it takes."""
        if what in self._prepared:
            return
        self._prepared.add(what)
        started = time.perf_counter()
        make()
        self._add_time(timing, time.perf_counter() - started)

    def _add_time(self, timing: str, seconds: float) -> None:
        self.timings[timing] = self.timings.get(timing, 0.0) + seconds

    def _note_score(self, name: str, scored: Scored, stage: Stage) -> None:
        self.scored[name], self._seconds = scored, stage.seconds
        self._add_time("evidence_time" if self._evaluation else "structure_time", stage.shared)

    def _merge(self, kept: str, name: str) -> None:
        result = self.scored[kept].result
        self._change(kept, result.model_copy(update={"merged": (*result.merged, name)}))

    def _change(self, name: str, result: ConfigurationResult) -> None:
        before = self.scored[name]
        self.scored[name] = Scored(result, before.reporting, before.choosing)

    def _note_embedding(self, name: str, config: RunConfig, usage: EmbeddingUsage) -> None:
        """Record which model made vectors, and where chunks were ranked by them, what of the text it read."""
        model, result = embedder_of(config), self.scored[name].result
        entry = EmbeddingEntry(model=model.identity, limit=model.limit, texts=usage.texts, cached=usage.cached)
        metrics = dict(result.metrics)
        if needs_vectors(config.retriever) and self._evaluation:
            shares = {"share_cached": usage.share_cached, "share_unread": usage.share_unread}
            metrics |= {"embedding_time": usage.seconds, **shares}
        self._change(name, result.model_copy(update={"embedding": entry, "metrics": metrics}))

    def _score_rankings(self, job: _Job) -> tuple[Scored, Stage]:
        with time_stage(self._corpus) as stage:
            scored = measure_chunks(job.chunked, job.name, self._groups)
            if job.evaluation:
                ranked = retrieve(job.chunked, job.evaluation.questions)
                scored = score_chunks(scored, *ranked, job.evaluation)
        if self._survey:
            self._survey.release(job.name)
        times = {"processing_time": job.chunk_time + stage.seconds, "chunk_time": job.chunk_time}
        metrics = {**scored.result.metrics, **times}
        converter = {"converter": job.converter} if job.converter else {}
        result = scored.result.model_copy(update={**converter, "metrics": metrics})
        return Scored(result, scored.reporting, scored.choosing), stage


def _digest(array: "np.ndarray[Any, Any]") -> bytes:
    return hashlib.blake2b(array.tobytes()).digest()
