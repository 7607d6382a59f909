"""`ExternalRun`: chunks and what was ranked of them, ready to be scored, and what is to be known about them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag_chunk.analysis.external.chunks import ExternalChunks, read_chunks
from rag_chunk.analysis.external.rankings import read_ranking
from rag_chunk.chunker import Chunking
from rag_chunk.config import RunConfig, external_name
from rag_chunk.config.sweep import safe_names
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, as_spans
from rag_chunk.errors import SettingsError
from rag_chunk.questions import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.scorer import CURVE, required_depth
from rag_chunk.scorer.budget import walk
from rag_chunk.scorer.pricing import Pricing, pricing_of


@dataclass(frozen=True, slots=True, eq=False)
class ExternalRun:
    """Somebody else's chunks and rankings: int64 [questions, depth], -1 where a list has ended.

    `files` are those that hold the chunks and the rankings; `notices` say for how many questions nothing was
    retrieved, or too little. `milliseconds` are the retriever's own, one for each question where they are told.
    """

    chunking: Chunking
    ranking: Ranking
    config: RunConfig
    notices: tuple[str, ...] = ()
    files: tuple[Path, Path] | None = None
    milliseconds: tuple[float, ...] = ()

    @property
    def time_notice(self) -> str:
        """What is not known of the retriever's own time: nothing here has measured it."""
        told, asked = len(self.milliseconds), len(self.ranking)
        if told == asked:
            return ""
        known = f"is known for {told:,} of {asked:,} questions only" if told else "is not known"
        return f'the retriever\'s own time {known}: give it as "milliseconds" on the lines of the rankings'


def read_retrievals(
    chunks: Sequence[Path],
    retrieved: Sequence[Path],
    corpus: Corpus,
    questions: Questions,
    config: RunConfig,
    *,
    chunk_size: int | None = None,
) -> dict[str, ExternalRun]:
    """Read pairs of files, in order, under the names of the files of rankings. One file of chunks may serve all.

    `config` says how to score; `chunk_size` is the limit that the chunks were made for, else the largest is taken.
    Raise `SettingsError` where the files make no pairs, `InputError` with everything that is wrong with one of them.
    """
    _check_pairs(chunks, retrieved)
    read = {path: read_chunks(path, corpus, config) for path in dict.fromkeys(chunks)}
    each = chunks if len(chunks) == len(retrieved) else [chunks[0]] * len(retrieved)
    names = safe_names(path.stem for path in retrieved)
    return {
        name: read_retrieval(read[of], path, questions, config, chunk_size=chunk_size)
        for name, of, path in zip(names, each, retrieved, strict=True)
    }


def _check_pairs(chunks: Sequence[Path], retrieved: Sequence[Path]) -> None:
    if not chunks or not retrieved:
        raise SettingsError("name the files to score: --chunks chunks.jsonl --retrieved ranked.jsonl")
    if len(chunks) not in {1, len(retrieved)}:
        raise SettingsError(
            f"there are {len(chunks)} --chunks and {len(retrieved)} --retrieved; they make pairs, in order, "
            "or there is one file of chunks for all"
        )


def read_retrieval(
    chunks: ExternalChunks, path: Path, questions: Questions, config: RunConfig, *, chunk_size: int | None = None
) -> ExternalRun:
    """Read what was ranked of `chunks`, and say of both what a configuration says."""
    timed = read_ranking(path, chunks, questions)
    given = _config(chunks, timed.ranking, questions, config, chunk_size)
    kept = timed.ranking[:, : max(1, required_depth(chunks.chunking, given))]
    notices = tuple(_notices(chunks.chunking, kept, given))
    return ExternalRun(chunks.chunking, kept, given, notices, (chunks.source, path), timed.milliseconds)


def _config(
    chunks: ExternalChunks, ranking: Ranking, questions: Questions, config: RunConfig, chunk_size: int | None
) -> RunConfig:
    """Return how the retrieval is scored, and what is known of how it was made: its contents, and its sizes."""
    size = chunk_size or int(chunks.chunking.sizes.max())
    made = {
        "strategy": chunks.name,
        "retriever": _name(chunks.chunking, ranking, questions),
        "chunk_size": size,
        "overlap": min(_overlap(chunks.chunking), size - 1),
    }
    return RunConfig(**{**config.model_dump(), **made})


def _name(chunking: Chunking, ranking: Ranking, questions: Questions) -> str:
    """Return the retriever's name for these rankings."""
    ids = [*chunking.ids, ""]
    lists = ([ids[row] for row in rows if row >= 0] for rows in ranking.tolist())
    return external_name(json.dumps(dict(zip(questions.ids, lists, strict=True)), sort_keys=True))


def _overlap(chunking: Chunking) -> int:
    """Return the most units that a chunk shares with the one after it."""
    spans = chunking.spans
    shared = np.column_stack([spans[1:, 0], np.minimum(spans[:-1, 1], spans[1:, 1])])
    shared = as_spans(shared[shared[:, 0] < shared[:, 1]])
    return int(chunking.units.count(shared).sizes.max()) if len(shared) else 0


def _notices(chunking: Chunking, ranking: Ranking, config: RunConfig) -> Iterator[str]:
    """Say for how many questions there is nothing, and which metrics want more than the lists hold."""
    lengths = (ranking >= 0).sum(axis=1)
    nothing = int((lengths == 0).sum())
    if nothing:
        said = "retrieve nothing and score 0: they have no ranking, or an empty one"
        yield f"{nothing:,} of {len(ranking):,} questions {said}"
    short = list(_short(lengths, ranking, chunking, config))
    if short:
        wanting = ", than ".join(f"{what} for {count:,}" for what, count in short)
        yield f"lists are shorter than {wanting} of {len(ranking):,} questions: only their content is scored"


def _spent(ranking: Ranking, config: RunConfig, pricing: Pricing) -> Positions:
    """Return what each list costs: [questions]."""
    walked = walk(ranking, pricing, merge_overlaps=config.merge_overlaps)
    costs: Positions = walked.after[:, -1]
    return costs


def _short(lengths: Positions, ranking: Ranking, chunking: Chunking, config: RunConfig) -> Iterator[tuple[str, int]]:
    """Yield what some lists, but not all chunks together, are too short for, and how many."""
    some, all_chunks = lengths > 0, np.arange(len(chunking))[None]
    top = int((some & (lengths < min(config.top_k, len(chunking)))).sum())
    if top:
        yield f"top_k ({config.top_k})", top
    for pricing, unit, budgets in _budgets(chunking, config):
        most = int(_spent(all_chunks, config, pricing)[0])
        spent = _spent(ranking, config, pricing)
        for budget in budgets:
            count = int((some & (spent < min(budget, most))).sum())
            if count:
                yield f"{budget:,} {unit}", count


def _budgets(chunking: Chunking, config: RunConfig) -> list[tuple[Pricing, str, tuple[int, ...]]]:
    """Return the budget of the headline and the largest of the curve, by the unit that they are in."""
    characters = Pricing(chunking.spans)
    if config.budget_unit == "characters":
        return [(characters, "characters", tuple(dict.fromkeys((config.budget, max(config.budget, *CURVE)))))]
    headline = (pricing_of(chunking, config), config.budget_unit, (config.budget,))
    return [headline, (characters, "characters", (max(CURVE),))]
