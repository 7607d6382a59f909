"""The git commit of the documents: MLflow's own tag tells that of the program.

It is read as text. git itself obeys the config of the repository that it is called in, which may name programs
(core.fsmonitor, filters), so it is not called in folders of others. Whether documents were changed since the commit
cannot be told without it; the digest of the documents tells what was read.
"""

import os
import re
from pathlib import Path

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"ref: (refs/[\w./+@-]+)")
_LONGEST = 10_000_000  # bytes of a file that is read: packed-refs of a very large repository


def documents_git(source: Path) -> dict[str, str]:
    """Return `documents_commit` of the folder or file; nothing where git does not keep it."""
    folder = source if os.path.isdir(source) else source.parent  # noqa: PTH112 - raises nothing for a folder without permission
    for above in (folder.absolute(), *folder.absolute().parents):
        git_folder = _git_folder(above / ".git")
        if git_folder is not None:
            commit = _commit(git_folder)
            return {"documents_commit": commit} if commit else {}
    return {}


def _git_folder(path: Path) -> Path | None:
    """Return the folder that `.git` is, or that it names as worktrees and submodules do."""
    if os.path.isdir(path):  # noqa: PTH112 - as above
        return path
    named = re.fullmatch(r"gitdir: (.+)", _text(path).strip())
    return path.parent / named[1] if named else None


def _commit(git_folder: Path) -> str | None:
    """Return the commit that HEAD names, itself or by a branch."""
    head = _text(git_folder / "HEAD").strip()
    ref = _REF.fullmatch(head)
    if ref is None:
        return head if _COMMIT.fullmatch(head) else None
    if ".." in ref[1]:
        return None
    common = _text(git_folder / "commondir").strip()  # of a worktree, whose branches are elsewhere
    for folder in (git_folder, *([git_folder / common] if common else [])):
        text = _text(folder / ref[1]).strip()
        commit = text if _COMMIT.fullmatch(text) else _packed_commit(folder, ref[1])
        if commit:
            return commit
    return None


def _packed_commit(folder: Path, ref: str) -> str | None:
    """Return the commit of a branch that git has put into its one file of many."""
    for line in _text(folder / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref and _COMMIT.fullmatch(commit):
            return commit
    return None


def _text(path: Path) -> str:
    """Return the text of a regular file; nothing where it is none, or cannot be read."""
    try:
        if not os.path.isfile(path) or path.stat().st_size > _LONGEST:  # noqa: PTH113 - as above
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
