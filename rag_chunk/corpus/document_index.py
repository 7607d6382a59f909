"""Finds a document by the name that somebody gives it."""

import posixpath
import unicodedata
from collections.abc import Sequence

from rag_chunk.corpus.line import Corpus

_TEXT_ENDINGS = (".md", ".txt")


class DocumentIndex:
    """The documents of a corpus by every name that they go by: the whole name, and without its ending.

    Names are compared in NFC. A document of another kind goes by its text's name too (`a.md` for `a.pdf`), and a text
    by the name of the file that it was converted from (`a.pdf` for `a.md`).
    """

    def __init__(self, corpus: Corpus) -> None:
        """Name the documents of `corpus`."""
        names = [_normalize(document.name) for document in corpus.documents]
        self._by_stem: dict[str, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            self._by_stem.setdefault(posixpath.splitext(name)[0], []).append(index)
            self._by_name.setdefault(name, []).append(index)
        self._names = names

    def find(self, name: str) -> Sequence[int]:
        """Return the documents that `name` may mean: none, one, or several."""
        plain = unicodedata.normalize("NFC", name)
        normal = _normalize(name)
        return (
            self._by_name.get(plain)
            or self._by_stem.get(plain)
            or self._by_name.get(normal)
            or self._by_stem.get(normal)
            or self._find_other_kind(normal)
        )

    def _find_other_kind(self, name: str) -> list[int]:
        """Return the documents with the same stem, of which one is a text and the other is not."""
        stem, ending = posixpath.splitext(name)
        return [
            index
            for index in self._by_stem.get(stem, [])
            if ending and (ending in _TEXT_ENDINGS) != self._names[index].endswith(_TEXT_ENDINGS)
        ]


def _normalize(name: str) -> str:
    return unicodedata.normalize("NFC", posixpath.normpath(name.replace("\\", "/")))
