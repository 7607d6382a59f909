"""What drafting would ask of a model, as a table for the terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.questions.drafting import CallEstimate, most_calls


def call_table(estimates: Sequence[CallEstimate], max_tokens: int | None) -> RenderableType:
    """Return a row for each purpose, and below what they come to."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("", overflow="fold")
    for header in ("calls", "answers\nkept", "tokens\n(about)"):
        table.add_column(header, justify="right", no_wrap=True)
    calls, kept, tokens = (sum(getattr(each, name) for each in estimates) for name in ("calls", "kept", "tokens"))
    for each in [*estimates, CallEstimate("together", calls, kept, tokens)]:
        table.add_row(*map(Text, (each.purpose, f"{each.calls:,}", f"{each.kept:,}", f"{each.tokens:,}")))
    most = f"This is where no draft is dropped. For each that is, another is asked for: at most {most_calls(estimates):,} calls."
    limit = [f"--max-tokens stops before more than {max_tokens:,} tokens are used."] if max_tokens else []
    return Group(table, Text(), *map(Text, [most, *limit, "Nothing was sent."]))
