"""What tells a phrase from the text that is nearest to it, in words."""

from collections import Counter
from itertools import groupby

from rag_chunk.questions.folding import fold, numbers

SIMILAR_ENOUGH = 90  # percent, from which a text is the same but for what a person has changed
_COMPARABLE = 60  # percent, below which everything differs
_LONGEST = 60  # characters that are shown of a difference


def describe_difference(phrase: str, text: str) -> str:
    """Say which numbers differ in the nearest text, or else where it first differs; nothing where there is no sense in it."""
    from rapidfuzz import fuzz

    if not text.strip():
        return ""
    wanted, there = Counter(numbers(phrase)), Counter(numbers(text))
    score = fuzz.ratio(phrase, text)
    if wanted != there and score >= SIMILAR_ENOUGH:
        missing, instead = (", ".join((one - other).elements()) for one, other in ((wanted, there), (there, wanted)))
        return (
            f", but numbers differ: the questions say {missing or 'nothing'}, the document says {instead or 'nothing'}"
        )
    return _describe_words(phrase.split(), text.split()) if score >= _COMPARABLE else ""


def _describe_words(wanted: list[str], there: list[str]) -> str:
    """Say what stands in either of two lists of words where they first differ."""
    from rapidfuzz.distance import Levenshtein

    folded = [[fold(word).text for word in words] for words in (wanted, there)]
    runs = groupby(Levenshtein.opcodes(*folded), key=lambda opcode: opcode.tag == "equal")
    changes = [list(run) for is_equal, run in runs if not is_equal]
    spans = [(slice(run[0].src_start, run[-1].src_end), slice(run[0].dest_start, run[-1].dest_end)) for run in changes]
    # A word that the text alone has at its beginning or end is only beside the place that is meant.
    inner = [
        (ours, theirs) for ours, theirs in spans if wanted[ours] or (theirs.start > 0 and theirs.stop < len(there))
    ]
    if not inner:
        return ""
    ours, theirs = " ".join(wanted[inner[0][0]])[:_LONGEST], " ".join(there[inner[0][1]])[:_LONGEST]
    return f"; the first difference: the questions say {_quote(ours)}, the document says {_quote(theirs)}"


def _quote(words: str) -> str:
    return repr(words) if words else "nothing"
