"""Goes through the configurations of an analysis: chunk, retrieve, score."""

import time
from collections.abc import Callable
from typing import Any

from rag_chunk.analysis.external import ExternalRun
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.ranking import ORACLE, rank_for_evaluation
from rag_chunk.analysis.report import ConfigurationResult, EmbeddingEntry, ExternalFiles
from rag_chunk.analysis.scoring import Scored, measure_chunks, score_chunks
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import RETRIEVERS, STRATEGIES, RunConfig
from rag_chunk.config.catalog import needs_vectors
from rag_chunk.config.run import settings_of
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import EmbeddingUsage, embedder_of, track_usage
from rag_chunk.questions import Questions
from rag_chunk.retriever import Ranking, parents_of, prepare
from rag_chunk.scorer import required_depth, score

# Settings that do nothing but make chunks: where spans and sizes are equal, they cannot make a difference.
_CHUNKING = {*settings_of("chunk")} - {"unit", "parent_ratio", "skip_blocks"}
Tell = Callable[[int, int], None]


class Run:
    """The configurations that have been run, and what they share."""

    def __init__(self, corpus: Corpus, asked: EvaluationSet | None, groups: tuple[str, ...]) -> None:
        """Run nothing yet; `asked` is nothing without questions."""
        self._corpus, self._asked, self._groups = corpus, asked, groups
        self._seen: dict[Any, str] = {}
        self._prepared: set[str] = set()
        self.chunkings: dict[str, Chunking] = {}
        self.found: dict[str, Scored] = {}
        self.timings: dict[str, float] = {}

    def add(self, name: str, config: RunConfig, tell: Tell | None = None) -> None:
        """Run one configuration; if another one has made the same chunks, note it there.

        `tell` is told how many texts are embedded, of how many.
        """
        with track_usage(tell) as ledger:
            self._add(name, config, ledger)

    def _add(self, name: str, config: RunConfig, ledger: EmbeddingUsage) -> None:
        if config.needs_vectors:
            self._prepare("model_time", f"{config.embedding_model}", lambda: embedder_of(config))
        self._prepare(f"{config.unit}_time", config.unit, lambda: units_of(self._corpus, config.unit, config.model))
        if config.strategy in STRATEGIES:  # what a strategy needs once: its pieces, measured in this unit
            kind = f"{config.strategy} {config.unit} {config.skip_blocks}"
            self._prepare("structure_time", kind, lambda: chunk(self._corpus, config))
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
        if self._asked:
            index = f"{config.retriever} {config.index_headings}"
            self._prepare("index_time", index, lambda: prepare(self._corpus, config))
            if config.retriever in RETRIEVERS:  # what scoring needs once: the evidence, laid out
                self._prepare("evidence_time", "evidence", lambda: self._evidence(name, config))
        self._score(name, config, chunk_time)
        if config.needs_vectors:
            self._note_embedding(name, config, ledger)

    def add_external(self, name: str, given: ExternalRun) -> None:
        """Score chunks and rankings that were made elsewhere; how long that took is not known."""
        started = time.perf_counter()
        self.chunkings[name] = given.chunking
        found = measure_chunks(given.chunking, name, given.config, self._groups)
        self.found[name] = score_chunks(found, given.chunking, given.ranking, self._asked) if self._asked else found
        if given.files:
            chunks, retrieved = (str(path.absolute()) for path in given.files)
            files = ExternalFiles(chunks=chunks, retrieved=retrieved)
            self._change(name, self.found[name].result.model_copy(update={"given": files}))
        self.timings["score_time"] = self.timings.get("score_time", 0.0) + time.perf_counter() - started

    def _prepare(self, timing: str, what: str, find: Callable[[], object]) -> None:
        """Do once what all configurations share, and add up how long it takes."""
        if what in self._prepared:
            return
        self._prepared.add(what)
        started = time.perf_counter()
        find()
        self.timings[timing] = self.timings.get(timing, 0.0) + time.perf_counter() - started

    def _merge(self, kept: str, name: str) -> None:
        result = self.found[kept].result
        self._change(kept, result.model_copy(update={"merged": (*result.merged, name)}))

    def _change(self, name: str, result: ConfigurationResult) -> None:
        before = self.found[name]
        self.found[name] = Scored(result, before.reporting, before.choosing)

    def _score(self, name: str, config: RunConfig, chunk_time: float) -> None:
        started = time.perf_counter()
        found = self.found[name] = self._score_rankings(name, config)
        timed = {"processing_time": time.perf_counter() - started + chunk_time, "chunk_time": chunk_time}
        self._change(name, found.result.model_copy(update={"metrics": {**found.result.metrics, **timed}}))

    def _note_embedding(self, name: str, config: RunConfig, ledger: EmbeddingUsage) -> None:
        """Record which model made vectors, and where chunks were ranked by them, what of the text it read."""
        model, result = embedder_of(config), self.found[name].result
        entry = EmbeddingEntry(model=model.identity, limit=model.limit, texts=ledger.texts, cached=ledger.cached)
        metrics = dict(result.metrics)
        if needs_vectors(None, config.retriever) and self._asked:
            shares = {"share_cached": ledger.share_cached, "share_unread": ledger.share_unread}
            metrics |= {"embedding_time": ledger.seconds, **shares}
        self._change(name, result.model_copy(update={"embedding": entry, "metrics": metrics}))

    def _evidence(self, name: str, config: RunConfig) -> None:
        asked = self._asked
        if needs_vectors(None, config.retriever):  # any ranking lays the evidence out, and this one embeds nothing
            config = config.with_settings(retriever="random")
        if asked:
            handed, ranking = retrieve(self.chunkings[name], asked.questions, config)
            score(handed, ranking[asked.reporting.rows], asked.reporting.questions, config)

    def _score_rankings(self, name: str, config: RunConfig) -> Scored:
        chunking = self.chunkings[name]
        found = measure_chunks(chunking, name, config, self._groups)
        if self._asked is None:
            return found
        return score_chunks(found, *retrieve(chunking, self._asked.questions, config), self._asked)


def retrieve(chunking: Chunking, questions: Questions, config: RunConfig) -> tuple[Chunking, Ranking]:
    """Rank as many chunks as surely fill the largest budget, or the parents that they bring along."""
    handed = chunking.parents_or_self() if config.retrieve_parents else chunking
    if handed is chunking or config.retriever == ORACLE:
        return handed, rank_for_evaluation(handed, questions, config, required_depth(handed, config))
    return handed, parents_of(rank_for_evaluation(chunking, questions, config, len(chunking)), chunking)
