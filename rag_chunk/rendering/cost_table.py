"""The cost estimate as a table for the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.analysis.cost_estimate import CostEstimate, Item, describe_duration
from rag_chunk.config import AnalysisConfig

_APPROXIMATE = "?"


def estimate_table(estimate: CostEstimate, seconds: float, settings: AnalysisConfig) -> RenderableType:
    """Return a row for each item, and below what they come to."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("", overflow="fold")
    for header in ("chunks", "texts to\nembed", "tokens\nin them", "texts in\nthe cache"):
        table.add_column(header, justify="right", no_wrap=True)
    for item in estimate.items:
        table.add_row(*map(Text, (item.name, *_cells(item))))
    return Group(table, Text(), *(Text(line) for line in _sums(estimate, seconds, settings)))


def _cells(item: Item) -> tuple[str, str, str, str]:
    chunks = _APPROXIMATE if item.chunks is None else f"{item.chunks:,}"
    if item.chunks is None and not item.texts:  # to be cut by sentences that have no vectors yet
        return chunks, _APPROXIMATE, f"{item.tokens:,}", _APPROXIMATE
    shown = "" if item.name in ("questions", "sentences") else chunks
    cached = f"{100 * item.cached / item.texts:.0f} %" if item.texts else ""
    return shown, f"{item.texts - item.cached:,}", f"{item.tokens:,}", cached


def _sums(estimate: CostEstimate, seconds: float, settings: AnalysisConfig) -> list[str]:
    """Return what it comes to, in sentences."""
    tokens = sum(item.tokens for item in estimate.items)
    pairs = [
        f"{reranker} would score at most {count:,} pairs of a question and a chunk, less those in the cache."
        for reranker, count in estimate.pairs.items()
    ]
    models = [*_contexts(estimate, settings), *pairs]
    if not tokens:
        return ["Nothing has to be embedded.", *models]
    share = (
        f"{100 * estimate.cached / estimate.texts:.0f} % of {estimate.texts:,} texts are"
        if estimate.texts
        else "nothing is"
    )
    lines = [f"About {tokens:,} tokens would be embedded; {share} in the cache. A text counts where it occurs first."]
    if sentence := describe_duration(estimate, seconds):
        lines.append(sentence)
    if estimate.tokens > (limit := settings.max_embed_tokens):
        lines.append(f"That is more than --max-embed-tokens ({limit:,}): nothing will be embedded until it is raised.")
    return [*lines, *models]


def _contexts(estimate: CostEstimate, settings: AnalysisConfig) -> list[str]:
    """Return what contexts by a chat model come to, and whether that is more than may be used."""
    lines = [line for each in estimate.contexts for line in each.describe(settings.costs)]
    if sum(each.tokens for each in estimate.contexts) > (limit := settings.max_context_tokens):
        lines.append(f"That is more than --max-context-tokens ({limit:,}): nothing will be asked until it is raised.")
    return lines
