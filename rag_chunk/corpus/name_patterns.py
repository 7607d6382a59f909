"""The globs of include and exclude."""

import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rag_chunk.errors import InputError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class NamePatterns:
    """The globs that say which names are wanted."""

    def __init__(self, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        """Parse the globs; raise `InputError` where one cannot be read."""
        self.given = bool(include or exclude)
        self._endings = {PurePosixPath(glob).suffix.lower() for glob in include}
        try:
            self._include, self._exclude = _parse(include), _parse(exclude)
        except ValueError as error:
            raise InputError(f"a glob of include or exclude cannot be read: {error}") from None

    def admit(self, name: str) -> bool:
        """Return whether a document of that name is wanted."""
        name = _compose(name)
        is_included = self._include is None or self._include.match_file(name)
        return is_included and (self._exclude is None or not self._exclude.match_file(name))

    def name_ending(self, ending: str) -> bool:
        """Return whether a glob of include names this ending, as `src/*.py` does, and does not only admit it."""
        return ending in self._endings


def _parse(globs: tuple[str, ...]) -> "GitIgnoreSpec | None":
    """Return the globs as one specification; None where there are none, and nothing has to be imported for them."""
    if not globs:
        return None
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(map(_compose, globs))


def _compose(name: str) -> str:
    """Return a name or glob in NFC: macOS keeps accents apart from their letters, keyboards do not."""
    return unicodedata.normalize("NFC", name)
