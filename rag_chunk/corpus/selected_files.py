"""The files of a folder, sorted by how they are read: as text, by a converter, or not at all."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag_chunk.corpus.converters import Converter
from rag_chunk.corpus.document import Skipped
from rag_chunk.corpus.name_patterns import NamePatterns
from rag_chunk.corpus.source_files import SOURCE_ENDINGS
from rag_chunk.corpus.text_encoding import writable

ENDINGS = (".md", ".markdown", ".mdx", ".txt", ".rst")
NOT_READ = "skipped: unsupported file type"
NO_ENDING = "without an ending"
NEED = ("need ", "needs ")


@dataclass(frozen=True, slots=True)
class SelectedFiles:
    """The files that are documents, as text or by a converter, and the endings of the others, counted.

    `needing` counts files that an extra would convert, by ending and extra.
    """

    texts: list[Path] = field(default_factory=list)
    conversions: list[tuple[Path, Converter]] = field(default_factory=list)
    needing: Counter[tuple[str, str]] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)

    @property
    def left_out(self) -> list[Skipped]:
        """A line for each extra that is missing, and for each ending that is not read."""
        extras = dict.fromkeys(extra for _, extra in self.needing)
        needing = [self._describe_missing(extra) for extra in extras]
        return needing + unsupported(self.other)

    def _describe_missing(self, extra: str) -> Skipped:
        """Return a line for the files of all endings that an extra would convert."""
        counts = [(count, ending) for (ending, by), count in self.needing.most_common() if by == extra]
        is_one = sum(count for count, _ in counts) == 1
        files = ", ".join(f"{count:,} {ending}" for count, ending in counts)
        return Skipped(files, f"{NEED[is_one]}rag-chunk[{extra}]: pip install 'rag-chunk[{extra}]'")


def select_files(
    paths: Iterable[Path], root: Path, patterns: NamePatterns, chosen: Mapping[str, Converter], *, single: bool = False
) -> SelectedFiles:
    """Sort `paths` by how they are read; a `single` file of an unknown ending is text."""
    selected = SelectedFiles()
    for path in paths:
        ending, row = ending_of(path), chosen.get(ending_of(path))
        if row is None and not (single or is_text(ending, patterns)):
            selected.other[ending] += 1
        elif not patterns.admit(name_of(path, root)):
            continue
        elif row is None:
            selected.texts.append(path)
        elif row.is_installed:
            selected.conversions.append((path, row))
        else:
            selected.needing[ending, str(row.extra)] += 1
    return selected


def is_text(ending: str, patterns: NamePatterns) -> bool:
    """Whether files of this ending are read as text: source code and data only where a glob of include names the ending."""
    return ending in ENDINGS or (ending in SOURCE_ENDINGS and patterns.name_ending(ending))


def unsupported(endings: Counter[str]) -> list[Skipped]:
    """Return a line for each ending of files that are not read."""
    return [Skipped(f"{count:,} {ending or NO_ENDING}", NOT_READ) for ending, count in endings.most_common()]


def ending_of(path: Path) -> str:
    """Return the ending that tells the format, in small letters."""
    return path.suffix.lower()


def name_of(path: Path, root: Path) -> str:
    """Return the name that the document of a file has: its path below `root`, as UTF-8 can hold it."""
    return writable("/".join(path.parts[len(root.parts) :]))  # `relative_to` takes ten times as long
