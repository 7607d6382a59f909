"""Which questions several analyses share, and what differs between their documents."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.analysis.history.outcomes import Difference
from rag_chunk.analysis.history.saved_analysis import AskedQuestion
from rag_chunk.analysis.report_inputs import CorpusEntry

_LONGEST_QUESTION = 60
Key = tuple[str, tuple[tuple[str, ...], ...], int]


@dataclass(frozen=True, slots=True)
class Pairing:
    """The questions that all sides share, as ids [questions][sides], and those that are left out."""

    ids: tuple[tuple[str, ...], ...]
    left_out: tuple[Difference, ...]


def pair_questions(sides: Mapping[str, Sequence[AskedQuestion]]) -> Pairing:
    """Pair the questions of the sides, by label: those that ask the same, and whose evidence reads the same.

    The place of the evidence may change, and so may ids. A question that is asked twice is paired in order.
    """
    keyed = {label: _by_key(questions) for label, questions in sides.items()}
    first = next(iter(keyed.values()))
    common = [key for key in first if all(key in side for side in keyed.values())]
    ids = tuple(tuple(side[key].id for side in keyed.values()) for key in common)
    kept = set(common)
    left = dict.fromkeys(
        Difference(name=_excerpt(question), what=_why(key, question, keyed))
        for side in keyed.values()
        for key, question in side.items()
        if key not in kept
    )
    return Pairing(ids, tuple(left))


def _by_key(questions: Sequence[AskedQuestion]) -> dict[Key, AskedQuestion]:
    seen: Counter[tuple[str, tuple[tuple[str, ...], ...]]] = Counter()
    keyed: dict[Key, AskedQuestion] = {}
    for question in questions:
        same = (question.question, question.evidence)
        keyed[(*same, seen[same])] = question
        seen[same] += 1
    return keyed


def _why(key: Key, question: AskedQuestion, keyed: Mapping[str, Mapping[Key, AskedQuestion]]) -> str:
    """Return why a question has no partner in some of the sides."""
    lacking = {label: side for label, side in keyed.items() if key not in side}
    others = [other for side in lacking.values() for other in side.values()]
    if any(other.question == question.question and other.evidence != question.evidence for other in others):
        return "its evidence differs"
    if any(other.id == question.id and other.evidence == question.evidence for other in others):
        return "it is asked in other words"
    return f"not in {' and '.join(lacking)}"


def _excerpt(question: AskedQuestion) -> str:
    text = " ".join(question.question.split())
    short = text if len(text) <= _LONGEST_QUESTION else f"{text[:_LONGEST_QUESTION].rstrip()}…"
    return f"{question.id} ({short})"


def document_differences(before: CorpusEntry, after: CorpusEntry) -> tuple[Difference, ...]:
    """Return the documents that were changed, left out or added, in name order.

    Where the list of one side was not kept, the names are not known: one difference is of all documents.
    """
    if before.digest == after.digest:
        return ()
    if len(before.documents) == before.num_documents and len(after.documents) == after.num_documents:
        return tuple(_differences(before, after))
    name = f"one or more of {before.num_documents:,} documents"
    return (Difference(name=name, what="not the same; their names were not kept"),)


def _differences(before: CorpusEntry, after: CorpusEntry) -> Iterator[Difference]:
    old, new = ({document.name: document.digest for document in side.documents} for side in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Difference(name=name, what="new" if name not in old else "gone" if name not in new else "changed")
