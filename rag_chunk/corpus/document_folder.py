"""The files of a folder that may be documents, and what is left out on the way."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rag_chunk.corpus.ignore_rules import IgnoreRules, rules_above

NEVER = frozenset({"mlruns", "mlartifacts", "node_modules"})
MARKER = ".rag-chunk-results"
IGNORED = "left out: git ignores them"
LINKED = "is a linked folder, and not followed"
RULES_UNREAD = "ignore rules"  # in the reason why some of a file's rules are not used
NOT_REGULAR = "is a device, a pipe or a broken link"
GONE = "is gone: it was deleted or renamed while documents were read"


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The regular files of a folder, in a stable order; those that git ignores; and what cannot be read at all.

    `unread` are files with more ignore rules than are used, relative to the folder.
    """

    files: list[Path] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    linked: list[Path] = field(default_factory=list)
    closed: list[tuple[Path, str]] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


def list_files(folder: Path, is_document: Callable[[Path], bool]) -> FolderFiles:
    """Return the files of `folder`, at any depth; what is hidden, rag-chunk's own or a link to a folder is not entered.

    A device, a pipe or a broken link is reported only where its name says that it `is_document`.
    """
    files = FolderFiles()
    root = folder.resolve()
    rules = {os.fspath(folder): rules_above(root)}

    def report(error: OSError) -> None:
        files.closed.append((Path(error.filename), f"cannot be read ({error.strerror})"))

    for place, folders, names in os.walk(folder, onerror=report):
        here, real = rules.pop(place), root / os.path.relpath(place, folder)
        files.unread.extend((os.path.relpath(file, root), reason) for file, reason in here.unread)
        folders[:] = sorted(name for name in folders if not _is_never(Path(place, name)))
        linked = [name for name in folders if os.path.islink(Path(place, name))]  # noqa: PTH114 - raises nothing
        files.linked.extend(Path(place, name) for name in linked if not here.ignore(real / name))
        rules |= {os.path.join(place, name): here.enter(real / name) for name in folders if name not in linked}  # noqa: PTH118 - as os.walk has it
        _sort_files([Path(place, name) for name in sorted(names)], here, real, is_document, files)
    return files


def _sort_files(
    paths: Iterable[Path], rules: IgnoreRules, folder: Path, is_document: Callable[[Path], bool], files: FolderFiles
) -> None:
    for path in paths:
        if path.name.startswith("."):
            continue
        if rules.ignore(folder / path.name):
            files.ignored.append(path)
        elif path.is_file():
            files.files.append(path)
        elif is_document(path):
            files.closed.append((path, NOT_REGULAR))


def _is_never(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in NEVER or os.path.exists(folder / MARKER)  # noqa: PTH110 - raises nothing for a folder without permission
