"""A diagnosis, as a table for the terminal and as Markdown."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.analysis.diagnosis import Diagnosis, Trial

_HEADS = ("factor", "change", "points", "95 % interval", "shown", "costs more")
_STYLES = {"better": "bold", "worse": "dim"}


def diagnosis_table(diagnosis: Diagnosis, _: int) -> RenderableType:
    """Return a row for each change, best first, with the verdict below."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for head in _HEADS:
        table.add_column(head, justify="right" if head == "points" else "left", no_wrap=head != "costs more")
    for trial in diagnosis.trials:
        table.add_row(*map(Text, _cells(trial)), style=_STYLES.get(trial.shown))
    return Group(Text(_title(diagnosis)), Text(), table, Text(), *map(Text, diagnosis.verdict))


def diagnosis_markdown(diagnosis: Diagnosis) -> str:
    """Return the same in Markdown."""
    rows = [f"| {' | '.join(cell.replace('|', '/') for cell in _cells(trial))} |" for trial in diagnosis.trials]
    lines = [
        f"# rag-chunk: diagnosis of {diagnosis.name}\n",
        f"{_title(diagnosis)}.\n",
        f"| {' | '.join(_HEADS)} |",
        "|---|---|---:|---|---|---|",
        *rows,
        "",
        *(f"- {sentence}" for sentence in diagnosis.verdict),
    ]
    return "\n".join(lines) + "\n"


def _title(diagnosis: Diagnosis) -> str:
    asked = f"{diagnosis.num_questions:,} question{'' if diagnosis.num_questions == 1 else 's'}"
    return f"{diagnosis.name}: recall {diagnosis.recall:.3f} in {diagnosis.config.budget_text}, {asked}"


def _cells(trial: Trial) -> tuple[str, ...]:
    interval = f"{100 * trial.low:+.1f} to {100 * trial.high:+.1f}"
    shown = "not shown" if trial.shown == "no difference" else trial.shown
    return trial.factor, trial.change, f"{100 * trial.difference:+.1f}", interval, shown, ", ".join(trial.costs)
