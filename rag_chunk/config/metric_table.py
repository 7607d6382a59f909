"""Every metric, one row each: what it is, how it is written, which way is better, where it is a column."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Format = Literal["decimal", "whole", "seconds", "price"]

METRIC_GROUPS = {  # what --metrics names, and what it computes
    "shape": "the chunks themselves",
    "top_k": "avg_*, hit_rate and mrr, at top_k",
    "budget": "recall at equal budgets, and the size of top_k chunks; always computed",
    "oracle": "the ceiling",
    "random": "the floor",
    "borders": "how much evidence the borders cut",
    "overlap": "words that questions share with their evidence",
    "losses": "the recall missing from budget_recall, by cause",
    "paper": "as the paper's code has them",
    "legacy": "the old rag-chunk's recall",
}
ON_REQUEST = ("paper", "legacy")
DEFAULT_GROUPS = tuple(group for group in METRIC_GROUPS if group not in ON_REQUEST)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a configuration.

    `group` is one of `METRIC_GROUPS`, or `time` or `embedding`, which are measured whatever was asked for,
    `costs`, which `measure_costs` asks for, or `interval`, which a report keeps beside its metrics and MLflow among them. `column` is
    the place among a table's columns with questions, `plain_column` without; 0 is none.
    """

    name: str
    group: str
    help: str
    format: Format = "decimal"
    lower_is_better: bool = False
    needs_questions: bool = True
    varies: bool = False  # from run to run, as times do
    column: int = 0
    plain_column: int = 0


def _shape() -> Iterator[Metric]:
    def row(name: str, text: str, form: Format = "decimal", *, lower: bool = False, places: tuple[int, int]) -> Metric:
        column, plain_column = places
        return Metric(name, "shape", text, form, lower, needs_questions=False, column=column, plain_column=plain_column)

    yield row("num_chunks", "chunks in the index, each a vector in a vector store", "whole", lower=True, places=(2, 1))
    yield row("chunk_size_p5", "5 % of the chunks are smaller than this", "whole", places=(0, 2))
    yield row("chunk_size_p50", "the median size of a chunk", "whole", places=(9, 3))
    yield row("chunk_size_p95", "95 % of the chunks are smaller than this", "whole", places=(0, 4))
    yield row("chunk_size_max", "the size of the largest chunk", "whole", lower=True, places=(0, 5))
    yield row("share_tiny", "share of chunks under 20 units", lower=True, places=(0, 6))
    yield row("share_over_limit", "share of chunks over chunk_size", lower=True, places=(0, 0))
    yield row("coverage", "share of the text that is in a chunk", places=(0, 7))
    yield row("duplicates", "share of chunks with the text of another", lower=True, places=(0, 0))
    yield row("index_ratio", "units indexed for each unit of the corpus", lower=True, places=(0, 8))


METRICS = {
    row.name: row
    for row in (
        *_shape(),
        Metric("avg_recall", "top_k", "share of the evidence in the first top_k chunks", column=3),
        Metric("avg_precision", "top_k", "share of the first top_k chunks that is evidence", column=5),
        Metric("avg_f1", "top_k", "the harmonic mean of avg_recall and avg_precision", column=6),
        Metric("hit_rate", "top_k", "share of questions with a relevant chunk among the first top_k"),
        Metric("mrr", "top_k", "mean of 1 / rank of the first relevant chunk"),
        Metric("document_precision", "top_k", "share of the first top_k chunks that are in a document with evidence"),
        Metric("budget_recall", "budget", "share of the evidence in the first `budget`", column=1),
        *(
            Metric(f"budget_recall_{size}", "budget", f"the same for {size:,} characters")
            for size in (1000, 2000, 4000, 8000, 16000)
        ),
        Metric("budget_recall_low", "interval", "the lower end of budget_recall's 95 % interval, in MLflow"),
        Metric("budget_recall_high", "interval", "the upper end of budget_recall's 95 % interval, in MLflow"),
        Metric("budget_complete", "budget", "share of questions whose evidence is all within the budget"),
        Metric("size_for_90", "budget", "characters for a recall of 0.9", "whole", lower_is_better=True),
        Metric(
            "context_size", "budget", "characters in the first top_k chunks", "whole", lower_is_better=True, column=4
        ),
        Metric("oracle_recall", "oracle", "budget_recall of the best ranking: the ceiling"),
        Metric("random_recall", "random", "budget_recall of shuffled chunks: the floor"),
        Metric("intact", "borders", "share of evidence that is whole in one chunk", column=7),
        Metric("precision_omega", "borders", "evidence among all chunks that touch it", column=8),
        *(
            Metric(name, "losses", f"budget_recall that is missing {why}", lower_is_better=True)
            for name, why in (
                ("lost_not_in_text", "because this conversion of the documents lacks the text"),
                ("lost_skipped", "because no chunk contains the text: it was skipped"),
                ("lost_at_border", "because a border cuts an item, and not all pieces are read"),
                ("lost_never_retrieved", "because the chunk is past 32,000 characters, or shares no word"),
                ("lost_below_budget", "because the chunk is ranked below the budget"),
                ("lost_cut", "because the budget ends inside a chunk"),
                ("lost_other_documents", "in documents that the budget holds nothing of, by any cause"),
            )
        ),
        Metric("question_overlap", "overlap", "share of a question's words that are in its evidence"),
        Metric("paper_recall", "paper", "recall as the paper's code computes it"),
        Metric("paper_precision", "paper", "precision as the paper's code computes it"),
        Metric("paper_iou", "paper", "intersection over union as the paper's code computes it"),
        Metric("legacy_recall", "legacy", "recall as rag-chunk 0.4 computed it"),
        Metric(
            "processing_time",
            "time",
            "seconds to chunk, retrieve and score",
            "seconds",
            lower_is_better=True,
            needs_questions=False,
            varies=True,
            column=10,
            plain_column=9,
        ),
        Metric(
            "chunk_time",
            "time",
            "seconds to chunk",
            "seconds",
            lower_is_better=True,
            needs_questions=False,
            varies=True,
        ),
        Metric("index_tokens", "costs", "tokens in all chunks", "whole", lower_is_better=True, needs_questions=False),
        Metric(
            "vector_megabytes",
            "costs",
            "megabytes of vectors, one vector for each chunk",
            lower_is_better=True,
            needs_questions=False,
        ),
        Metric("context_tokens", "costs", "tokens in the first top_k chunks", "whole", lower_is_better=True),
        *(
            Metric(
                f"retrieval_ms_p{percent}",
                "costs",
                f"milliseconds of the retriever alone for a question, {which}",
                lower_is_better=True,
                varies=True,
            )
            for percent, which in ((50, "the median"), (95, "the 95th percentile"))
        ),
        Metric(
            "index_price",
            "costs",
            "the price of embedding all chunks",
            "price",
            lower_is_better=True,
            needs_questions=False,
        ),
        Metric("query_price", "costs", "the price of a thousand questions", "price", lower_is_better=True),
        Metric("embedding_time", "embedding", "seconds to embed", "seconds", lower_is_better=True, varies=True),
        Metric("share_cached", "embedding", "share of texts whose vectors were on disk", varies=True),
        Metric("share_unread", "embedding", "share of the text past what the model reads", lower_is_better=True),
    )
}


def metrics_of(*groups: str) -> tuple[str, ...]:
    """Return the names of the metrics of some groups, in the table's order."""
    return tuple(row.name for row in METRICS.values() if row.group in groups)


def varies(name: str) -> bool:
    """Whether a metric differs from run to run; of the user's own, those that end in `_time` do."""
    row = METRICS.get(name)
    return row.varies if row else name.endswith("_time")


def is_lower_better(name: str) -> bool:
    """Whether less of a metric is better; of the user's own, times alone are known."""
    row = METRICS.get(name)
    return row.lower_is_better if row else name.endswith("_time")
