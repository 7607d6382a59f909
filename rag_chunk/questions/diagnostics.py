"""What is noticed about a question file, each thing with its place in the file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning", "note"]
Kind = Literal[
    "unreadable", "form", "missing", "moved", "similar", "keyword", "duplicate", "unanswered", "unreviewed", "field"
]


def warn_of_drafts(drafts: int, count: int) -> str:
    """Return the sentence on how many of `count` questions no person has reviewed."""
    which = f"All {count:,} questions" if drafts == count > 1 else f"{drafts:,} of {count:,} questions"
    return f"{which} are unreviewed drafts: review them before you trust any result."


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something noticed: `what` it is about, its place included, and what is `said` of it.

    An error keeps the file from being used; that of kind `missing` can be left out. A warning is for all who use the
    questions, a note only for who checks them. `number` is the question's position, 0 for the whole file.
    """

    level: Level
    kind: Kind
    what: str
    said: str
    number: int = 0

    @property
    def text(self) -> str:
        """What is said, with its place, on one line."""
        return " ".join(f"{self.what} {self.said}".splitlines()).strip()


@dataclass(slots=True)
class Diagnostics:
    """What was noticed so far.

    `unknown` names documents that the corpus lacks, with the labels of the questions that want them; `matched`
    counts items of evidence by the step that located them, `errors` the findings that are errors.
    """

    findings: list[Diagnostic] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    matched: Counter[str] = field(default_factory=Counter)
    errors: int = 0

    def of_kind(self, kind: Kind) -> list[Diagnostic]:
        """Return the findings of that kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def add(self, level: Level, kind: Kind, what: str, said: str, number: int = 0) -> None:
        """Take down a finding."""
        self.findings.append(Diagnostic(level, kind, what, said, number))
        self.errors += level == "error"
