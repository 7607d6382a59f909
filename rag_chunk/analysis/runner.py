"""Goes through the configurations of an analysis: chunk, retrieve, score."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rag_chunk.analysis.conversions import RivalConversion
from rag_chunk.analysis.external import ExternalRun
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.ranking import ORACLE, rank_for_evaluation, rank_to_budgets
from rag_chunk.analysis.report import ConfigurationResult, EmbeddingEntry, ExternalFiles
from rag_chunk.analysis.scoring import Scored, measure_chunks, score_chunks
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import RunConfig
from rag_chunk.config.catalog import needs_vectors
from rag_chunk.config.run import settings_of
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import EmbeddingUsage, embedder_of, track_usage
from rag_chunk.questions import Questions
from rag_chunk.retriever import Ranking, parents_of, prepare

# Settings that do nothing but make chunks: where spans and sizes are equal, they cannot make a difference.
_CHUNKING = {*settings_of("chunk")} - {"unit", "parent_ratio", "skip_blocks"}
OnProgress = Callable[[int, int], None]


@dataclass(slots=True)
class Stage:
    """How long a configuration's own part of a stage took."""

    seconds: float = 0.0


class Run:
    """The configurations that have been run, and what they share."""

    def __init__(self, corpus: Corpus, evaluation: EvaluationSet | None, groups: tuple[str, ...]) -> None:
        """Run nothing yet; `evaluation` is nothing without questions."""
        self._corpus, self._evaluation, self._groups = corpus, evaluation, groups
        self._seen: dict[Any, str] = {}
        self._prepared: set[str] = set()
        self.chunkings: dict[str, Chunking] = {}
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

        `on_progress` is given how many texts are embedded, of how many. Of a `conversion`, its documents alone are
        chunked, and its evidence counts.
        """
        with track_usage(on_progress) as usage:
            self._add(name, config, usage, conversion)

    def _add(self, name: str, config: RunConfig, usage: EmbeddingUsage, conversion: RivalConversion | None) -> None:
        evaluation = conversion.evaluation if conversion else self._evaluation
        if config.needs_vectors:
            self._prepare("model_time", f"{config.embedding_model}", lambda: embedder_of(config))
        self._prepare(f"{config.unit}_time", config.unit, lambda: units_of(self._corpus, config.unit, config.model))
        if config.budget_unit == "tokens" and self._evaluation:
            self._prepare("tokens_time", "tokens", lambda: units_of(self._corpus, "tokens", config.model))
        with self._stage("structure_time") as chunking_stage:
            chunking = chunk(self._corpus, config)
            chunking = chunking.within(*conversion.extent) if conversion else chunking
            sizes = chunking.sizes
        key = (chunking.spans.tobytes(), sizes.tobytes(), config.model_dump_json(exclude=_CHUNKING))
        if key in self._seen:
            self._merge(self._seen[key], name)
            return
        self._seen[key] = name
        self.chunkings[name] = chunking
        if evaluation:
            index = f"{config.retriever} {config.index_headings}"
            self._prepare("index_time", index, lambda: prepare(self._corpus, config))
        with self._stage("evidence_time" if evaluation else "structure_time") as scoring_stage:
            self.scored[name] = self._score_rankings(name, config, evaluation)
        if conversion:
            self._change(name, self.scored[name].result.model_copy(update={"converter": conversion.name}))
        share = chunking.share_of_corpus  # of a conversion: those beside it were chunked with it
        self._note_times(name, chunking_stage.seconds * share, scoring_stage.seconds)
        if config.needs_vectors:
            self._note_embedding(name, config, usage)

    def add_external(self, name: str, external: ExternalRun) -> None:
        """Score chunks and rankings that were made elsewhere; how long that took is not known."""
        started = time.perf_counter()
        self.chunkings[name] = external.chunking
        measured = measure_chunks(external.chunking, name, external.config, self._groups)
        evaluation = self._evaluation
        self.scored[name] = (
            score_chunks(measured, external.chunking, external.ranking, evaluation) if evaluation else measured
        )
        if external.files:
            chunks, retrieved = (str(path.absolute()) for path in external.files)
            files = ExternalFiles(chunks=chunks, retrieved=retrieved)
            self._change(name, self.scored[name].result.model_copy(update={"given": files}))
        self.timings["score_time"] = self.timings.get("score_time", 0.0) + time.perf_counter() - started

    def restore_order(self, names: Iterable[str]) -> None:
        """Put the configurations in the order of `names`, whatever the order in which they were run."""
        self.scored = {name: self.scored[name] for name in names if name in self.scored}
        self.chunkings = {name: self.chunkings[name] for name in self.scored}

    def _prepare(self, timing: str, what: str, make: Callable[[], object]) -> None:
        """Do once what all configurations share, and add up how long it takes."""
        if what in self._prepared:
            return
        self._prepared.add(what)
        started = time.perf_counter()
        make()
        self.timings[timing] = self.timings.get(timing, 0.0) + time.perf_counter() - started

    @contextmanager
    def _stage(self, shared: str) -> Iterator[Stage]:
        """Time a stage of one configuration; what it computes for all of them is counted under `shared`."""
        stage = Stage()
        before, started = self._corpus.seconds_deriving, time.perf_counter()
        yield stage
        for_all = self._corpus.seconds_deriving - before
        stage.seconds = time.perf_counter() - started - for_all
        self.timings[shared] = self.timings.get(shared, 0.0) + for_all

    def _merge(self, kept: str, name: str) -> None:
        result = self.scored[kept].result
        self._change(kept, result.model_copy(update={"merged": (*result.merged, name)}))

    def _change(self, name: str, result: ConfigurationResult) -> None:
        before = self.scored[name]
        self.scored[name] = Scored(result, before.reporting, before.choosing)

    def _note_times(self, name: str, chunk_time: float, score_time: float) -> None:
        result = self.scored[name].result
        times = {"processing_time": chunk_time + score_time, "chunk_time": chunk_time}
        self._change(name, result.model_copy(update={"metrics": {**result.metrics, **times}}))

    def _note_embedding(self, name: str, config: RunConfig, usage: EmbeddingUsage) -> None:
        """Record which model made vectors, and where chunks were ranked by them, what of the text it read."""
        model, result = embedder_of(config), self.scored[name].result
        entry = EmbeddingEntry(model=model.identity, limit=model.limit, texts=usage.texts, cached=usage.cached)
        metrics = dict(result.metrics)
        if needs_vectors(None, config.retriever) and self._evaluation:
            shares = {"share_cached": usage.share_cached, "share_unread": usage.share_unread}
            metrics |= {"embedding_time": usage.seconds, **shares}
        self._change(name, result.model_copy(update={"embedding": entry, "metrics": metrics}))

    def _score_rankings(self, name: str, config: RunConfig, evaluation: EvaluationSet | None) -> Scored:
        chunking = self.chunkings[name]
        measured = measure_chunks(chunking, name, config, self._groups)
        if evaluation is None:
            return measured
        return score_chunks(measured, *retrieve(chunking, evaluation.questions, config), evaluation)


def retrieve(chunking: Chunking, questions: Questions, config: RunConfig) -> tuple[Chunking, Ranking]:
    """Rank as many chunks as surely fill the largest budget, or the parents that they bring along."""
    handed = chunking.parents_or_self() if config.retrieve_parents else chunking
    if handed is chunking or config.retriever == ORACLE:
        return handed, rank_to_budgets(handed, questions, config)
    return handed, parents_of(rank_for_evaluation(chunking, questions, config, len(chunking)), chunking)
