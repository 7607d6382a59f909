"""Names and numbers in words, for the sentences of a verdict."""

from collections.abc import Sequence

_MOST_NAMED = 3


def list_names(names: Sequence[str]) -> str:
    """Return up to three names in words, else their number."""
    if len(names) > _MOST_NAMED:
        return f"the other {len(names)}"
    return join_words(names)


def few_names(names: Sequence[str]) -> str:
    """Return up to three names in words, else the first and how many more."""
    return join_words(names) if len(names) <= _MOST_NAMED else f"{names[0]} and {len(names) - 1} others"


def join_words(parts: Sequence[str]) -> str:
    """Return all of them in words."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def count_questions(count: int) -> str:
    """Return how many questions there are, in words."""
    return "1 question" if count == 1 else f"{count:,} questions"


def these_questions(count: int) -> str:
    """Return the questions of an analysis, in words."""
    return "this 1 question" if count == 1 else f"these {count:,} questions"


def all_questions(count: int) -> str:
    """Return all questions of an analysis, in words."""
    return "the 1 question" if count == 1 else f"all {count:,} questions"


def points(score: float) -> str:
    """Return a score in points (hundredths) with one decimal, more where that would read 0.0."""
    text = f"{100 * score:.1f}"
    return f"{100 * score:.1g}" if score and float(text) == 0 else text
