"""The globs of include and exclude."""

import unicodedata
from pathlib import PurePosixPath

from rag_chunk.errors import InputError


class NamePatterns:
    """The globs that say which names are wanted."""

    def __init__(self, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        """Parse the globs; raise `InputError` where one cannot be read."""
        import pathspec

        self.given = bool(include or exclude)
        self._endings = {PurePosixPath(glob).suffix.lower() for glob in include}
        try:
            self._include = pathspec.GitIgnoreSpec.from_lines(map(_compose, include)) if include else None
            self._exclude = pathspec.GitIgnoreSpec.from_lines(map(_compose, exclude))
        except ValueError as error:
            raise InputError(f"a glob of include or exclude cannot be read: {error}") from None

    def admit(self, name: str) -> bool:
        """Return whether a document of that name is wanted."""
        name = _compose(name)
        return (self._include is None or self._include.match_file(name)) and not self._exclude.match_file(name)

    def name_ending(self, ending: str) -> bool:
        """Return whether a glob of include names this ending, as `src/*.py` does, and does not only admit it."""
        return ending in self._endings


def _compose(name: str) -> str:
    """Return a name or glob in NFC: macOS keeps accents apart from their letters, keyboards do not."""
    return unicodedata.normalize("NFC", name)
