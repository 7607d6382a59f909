"""The git commit of the documents: MLflow's own tag tells that of the program."""

import os
import subprocess
from pathlib import Path

SECONDS = 10


def documents_git(source: Path) -> dict[str, str]:
    """Return `documents_commit` and `documents_dirty` of the folder or file; nothing where git does not keep it."""
    folder = source if os.path.isdir(source) else source.parent  # noqa: PTH112 - raises nothing where nobody may look
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", str(source.absolute()))
    if commit is None or changes is None:
        return {}
    return {"documents_commit": commit, "documents_dirty": str(bool(changes)).lower()}


def _git(folder: Path, *words: str) -> str | None:
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
