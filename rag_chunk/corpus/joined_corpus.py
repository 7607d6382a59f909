"""Several conversions of the same files on one line, each a stretch of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rag_chunk.corpus.document import Skipped
from rag_chunk.corpus.line import Corpus
from rag_chunk.errors import InputError


@dataclass(frozen=True, slots=True)
class JoinedCorpus:
    """One corpus that holds others, by name: `a.pdf` of the corpus `pypdfium2` is its document `pypdfium2/a.pdf`.

    `extents` are the stretches of its line that they fill.
    """

    corpus: Corpus
    extents: Mapping[str, tuple[int, int]]


def join_corpora(corpora: Mapping[str, Corpus]) -> JoinedCorpus:
    """Put corpora under their names on one line.

    Documents keep their order within each, so that a place in one is a place in all, moved by where it begins.
    """
    documents = [
        replace(document, name=f"{name}/{document.name}")
        for name, corpus in corpora.items()
        for document in corpus.documents
    ]
    joined = Corpus(documents, _merge_skipped(corpora))
    starts = {name: _first_start(joined, f"{name}/") for name in corpora}
    return JoinedCorpus(joined, {name: (starts[name], starts[name] + len(corpora[name])) for name in corpora})


def take_conversion(corpus: Corpus, name: str, source: Path) -> Corpus:
    """Return the documents of one of the corpora that were joined, under their own names; `source` is for the message."""
    prefix = f"{name}/"
    documents = [
        replace(document, name=document.name.removeprefix(prefix))
        for document in corpus.documents
        if document.name.startswith(prefix)
    ]
    if not documents:
        raise InputError(
            f"{source} holds text that is converted already, and none by {name}; name the folder of the files"
        )
    return Corpus(documents)


def _first_start(corpus: Corpus, prefix: str) -> int:
    place = next(place for place, document in enumerate(corpus.documents) if document.name.startswith(prefix))
    return int(corpus.starts[place])


def _merge_skipped(corpora: Mapping[str, Corpus]) -> list[Skipped]:
    """Return what was not read: once what none has read, and with its corpus what another one has."""
    common = set.intersection(*(set(corpus.skipped) for corpus in corpora.values()))
    own = [
        Skipped(f"{name}/{entry.name}", entry.reason)
        for name, corpus in corpora.items()
        for entry in corpus.skipped
        if entry not in common
    ]
    first = next(iter(corpora.values()))
    return [*(entry for entry in first.skipped if entry in common), *own]
