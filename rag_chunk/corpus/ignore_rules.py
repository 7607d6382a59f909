"""The ignore rules of git, read as text: no git program runs, because git obeys the configuration of the folder.

A repository's own configuration can name programs that `git check-ignore` starts. Whoever reads documents of somebody
else would run them. These rules are `.gitignore` in each folder and `info/exclude` of the repository; the rules of your
own account, and the list of files that git tracks although a rule ignores them, are not read.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_LARGEST = 1_000_000  # bytes of a file with rules


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold inside one folder: patterns relative to the `root` of the repository, where later ones win."""

    root: Path | None = None
    patterns: tuple[str, ...] = ()
    spec: "GitIgnoreSpec | None" = None
    ignores_everything: bool = False

    def ignore(self, path: Path, *, is_folder: bool = False) -> bool:
        """Return whether a file or folder directly inside is ignored; `path` is absolute."""
        if self.spec is None or self.root is None:
            return self.ignores_everything
        return self.spec.match_file(path.relative_to(self.root).as_posix() + ("/" if is_folder else ""))

    def enter(self, folder: Path) -> "IgnoreRules":
        """Return the rules that hold inside `folder`, which is directly inside: a repository of its own begins anew."""
        if self.ignore(folder, is_folder=True):
            return IgnoreRules(ignores_everything=True)
        if _is_repository(folder):
            return _rules(folder, (*_lines(_exclude_file(folder / ".git")), *_lines(folder / ".gitignore")))
        added = _lines(folder / ".gitignore") if self.root else []
        return _rules(self.root, (*self.patterns, *_rebase(added, folder, self.root))) if self.root and added else self


def rules_above(folder: Path) -> IgnoreRules:
    """Return the rules that hold inside `folder`, an absolute path without links.

    There are none outside a repository, and none of the folders above where those ignore `folder` itself: somebody
    named it on purpose.
    """
    above = [folder, *folder.parents]
    root = next((number for number, path in enumerate(above) if _is_repository(path)), -1)
    rules = IgnoreRules()
    for inner in reversed(above[: root + 1]):
        rules = rules.enter(inner)
    return IgnoreRules() if rules.ignores_everything else rules


def _rules(root: Path, patterns: tuple[str, ...]) -> IgnoreRules:
    import pathspec

    usable = tuple(pattern for pattern in patterns if _is_pattern(pattern))
    return IgnoreRules(root, usable, pathspec.GitIgnoreSpec.from_lines(usable))


def _is_pattern(line: str) -> bool:
    """Whether git would take the line for a pattern; one that is none matches nothing."""
    import pathspec

    try:
        pathspec.GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _rebase(patterns: Iterable[str], folder: Path, root: Path) -> Iterator[str]:
    """Yield the patterns of `folder` as they would be written at the root: without a slash they hold at any depth."""
    place = re.sub(r"([\\*?\[\]!# ])", r"\\\1", folder.relative_to(root).as_posix())
    for line in patterns:
        pattern = line.removeprefix("!")
        if pattern.strip().strip("/") and not line.startswith("#"):
            anywhere = "" if "/" in pattern.rstrip().rstrip("/") else "**/"
            yield f"{'!' if pattern != line else ''}/{place}/{anywhere}{pattern.removeprefix('/')}"


def _is_repository(folder: Path) -> bool:
    return os.path.exists(folder / ".git")  # noqa: PTH110 - raises nothing where nobody may look


def _exclude_file(git: Path) -> Path:
    """Return `info/exclude` of the repository; in a submodule or worktree `.git` is a file that names its folder."""
    pointer = next(iter(_lines(git)), "")
    if pointer.startswith("gitdir:"):
        git = git.parent / pointer.removeprefix("gitdir:").strip()
        common = next(iter(_lines(git / "commondir")), "")
        git = git / common.strip() if common else git
    return git / "info" / "exclude"


def _lines(file: Path) -> list[str]:
    """Return the lines of a small regular file; none where there is none. git does not follow a linked `.gitignore`."""
    try:
        if not file.is_file() or (file.name == ".gitignore" and file.is_symlink()) or file.stat().st_size > _LARGEST:
            return []
        return file.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff").splitlines()
    except (OSError, ValueError):
        return []
