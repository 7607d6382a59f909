"""What an analysis of several shards would embed: the sum of what each shard adds.

A text that is in two shards counts twice, so that the estimate is a little above that of one shard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rag_chunk.analysis.cost_estimate import MOST_TIMED, CostEstimate, Item, count_pairs, estimate_cost
from rag_chunk.analysis.window_estimate import evenly
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.sharded_corpus import ReadableShard, ShardedCorpus
from rag_chunk.questions import Questions


@dataclass(frozen=True, slots=True, eq=False)
class EstimateTask:
    """A shard, the configurations by name, and the questions, which count in the first shard alone."""

    purpose: ClassVar[str] = "estimating the cost of the shards"
    shard: ReadableShard
    is_first: bool
    configs: Mapping[str, RunConfig]
    questions: Questions | None


def estimate_shard(task: EstimateTask) -> CostEstimate:
    """Return what a shard would embed."""
    return estimate_cost(task.shard.read(), task.configs, task.questions, counts_questions=task.is_first)


def estimate_embedding(
    corpus: Corpus | ShardedCorpus, configs: Mapping[str, RunConfig], questions: Questions | None
) -> CostEstimate:
    """Return what an analysis would embed. Nothing is."""
    if isinstance(corpus, ShardedCorpus):
        return estimate_shards(corpus, configs, questions)
    return estimate_cost(corpus, configs, questions)


def estimate_shards(
    corpus: ShardedCorpus, configs: Mapping[str, RunConfig], questions: Questions | None
) -> CostEstimate:
    """Return what all shards would embed. Nothing is."""
    tasks = [EstimateTask(shard, not number, configs, questions) for number, shard in enumerate(corpus.shards)]
    parts: list[CostEstimate] = list(corpus.run(estimate_shard, tasks))
    items = _add_items([item for part in parts for item in part.items])
    return CostEstimate(
        tuple(items.values()),
        sum(part.tokens for part in parts),
        next((part.config for part in parts if part.config), None),
        evenly([text for part in parts for text in part.sample], MOST_TIMED),
        count_pairs(configs, items.values(), len(questions) if questions else 0),
    )


def _add_items(items: Sequence[Item]) -> dict[str, Item]:
    """Return the sums of the items of one name."""
    sums: dict[str, Item] = {}
    for each in items:
        known = sums.setdefault(each.name, replace(each, chunks=0, texts=0, cached=0, tokens=0))
        sums[each.name] = Item(
            each.name,
            None if known.chunks is None or each.chunks is None else known.chunks + each.chunks,
            known.texts + each.texts,
            known.cached + each.cached,
            known.tokens + each.tokens,
        )
    return sums
