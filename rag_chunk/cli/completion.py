"""What the shell offers after an option: names with their help, in lists with commas the next one, and config files."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from rag_chunk.config import METRIC_GROUPS, RETRIEVERS, STRATEGIES
from rag_chunk.config.catalog import help_of

NAMED: Mapping[str, Mapping[str, str]] = {
    "strategy": {**help_of(STRATEGIES), "all": "every strategy that can run here"},
    "retriever": help_of(RETRIEVERS),
    "metrics": {**METRIC_GROUPS, "all": "every group"},
}
_ENDINGS = {".yaml", ".yml"}


def names(known: Mapping[str, str], *, several: bool) -> Callable[[str], list[tuple[str, str]]]:
    """Return what completes one of the `known` names, or the last one of a list with commas."""

    def complete(incomplete: str) -> list[tuple[str, str]]:
        before, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
        taken = before.split(",")
        fitting = {name: said for name, said in known.items() if name.startswith(last) and name not in taken}
        return [(f"{before}{comma}{name}", said) for name, said in fitting.items()]

    return complete


def config_files(incomplete: str) -> list[str]:
    """Return the config files and folders where `incomplete` points, and the configs of results folders here."""
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    files = [str(path) for path in sorted(Path().glob("*/configs/*.yaml"))]
    with suppress(OSError):
        near = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
        files = [f"{path}/" if path.is_dir() else str(path) for path in near if _may_be(path)] + files
    return [name for name in dict.fromkeys(files) if name.startswith(incomplete)]


def _may_be(path: Path) -> bool:
    return path.is_dir() or path.suffix in _ENDINGS
