"""One question file in several conversions of the same files: what one of them loses and another has counts as lost."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rag_chunk.config.analysis import Missing
from rag_chunk.corpus import Corpus, Skipped
from rag_chunk.corpus.joined_corpus import JoinedCorpus
from rag_chunk.questions.check import Checked, QuestionCheck, check_questions
from rag_chunk.questions.question import STEPS, Evidence, LeftOut, Question, Questions
from rag_chunk.questions.question_file import count_left_out, digest_questions, find_absent, refuse_unanswered

_Item = Mapping[str, Evidence | None]  # an item of evidence by conversion; nothing where it is lost


@dataclass(frozen=True, slots=True, eq=False)
class JoinedQuestions:
    """Questions with the evidence of all conversions, and as each conversion is asked them.

    `questions` have every place as an alternative. `by_conversion` have the places in one conversion; an item that it
    has lost is at its place in another one, which no chunk of it holds. `lost` has the id of the question of each
    such item; `items` counts all.
    """

    questions: Questions
    by_conversion: Mapping[str, Questions]
    lost: Mapping[str, tuple[str, ...]]
    items: int


def read_joined_questions(
    path: str | Path, corpora: Mapping[str, Corpus], joined: JoinedCorpus, *, missing: Missing = "error"
) -> JoinedQuestions:
    """Read the questions at `path`, and locate their evidence in each of `corpora`, which `joined` holds.

    Evidence is missing where none of them has it. Raise `InputError` as `read_questions` does.
    """
    checks = {name: check_questions(path, corpus) for name, corpus in corpora.items()}
    absent = find_absent(list(checks.values()), missing)
    first = next(iter(checks.values()))
    items = [list(_items(checks, joined, number)) for number in range(len(first.questions))]
    answered = [(checked, each) for checked, each in zip(first.questions, items, strict=True) if each]
    unanswered = [checked for checked, each in zip(first.questions, items, strict=True) if not each]
    refuse_unanswered(first, len(answered), absent)
    everywhere = tuple(_question(checked, map(_all_places, each)) for checked, each in answered)
    common = Questions(
        source=first.source,
        digest=digest_questions(joined.corpus, everywhere),
        questions=everywhere,
        without_evidence=tuple(_question(checked, ()) for checked in unanswered),
        matched=_count_steps(item for each in items for item in each),
        skipped=tuple(Skipped(finding.what, finding.said) for finding in absent),
        warnings=tuple(dict.fromkeys(_warnings(checks))),
        left_out=_count_left_out(checks),
    )
    by_conversion, lost = dict[str, Questions](), dict[str, tuple[str, ...]]()
    for name in corpora:
        of_one = (_question(checked, (_place(item, name) for item in each)) for checked, each in answered)
        by_conversion[name] = replace(common, questions=tuple(of_one))
        lost[name] = tuple(checked.asked.id for checked, each in answered for item in each if item[name] is None)
    return JoinedQuestions(common, by_conversion, lost, sum(len(each) for _, each in answered))


def _items(checks: Mapping[str, QuestionCheck], joined: JoinedCorpus, number: int) -> Iterator[_Item]:
    """Yield the items of a question that some conversion has, at their places on the common line."""
    names, rows = list(checks), (check.questions[number].items for check in checks.values())
    for row in zip(*rows, strict=True):
        if any(row):
            yield {name: item and _move(item, joined.extents[name][0]) for name, item in zip(names, row, strict=True)}


def _count_left_out(checks: Mapping[str, QuestionCheck]) -> LeftOut | None:
    """Count the items that no conversion has."""
    by_check = [[checked.items for checked in check.questions] for check in checks.values()]
    in_any = (
        [any(row) or None for row in zip(*of_question, strict=True)] for of_question in zip(*by_check, strict=True)
    )
    return count_left_out(in_any)


def _move(item: Evidence, by: int) -> Evidence:
    spans, parts = (tuple((start + by, end + by) for start, end in each) for each in (item.spans, item.parts))
    return replace(item, spans=spans, parts=parts)


def _place(item: _Item, name: str) -> Evidence:
    """Return an item where a conversion has it, else where the first other one does."""
    return item[name] or next(each for each in item.values() if each)


def _all_places(item: _Item) -> Evidence:
    """Return an item with the places of all conversions as alternatives."""
    there = [each for each in item.values() if each]
    spans, parts = (tuple(span for each in there for span in getattr(each, name)) for name in ("spans", "parts"))
    return replace(there[0], spans=spans, parts=parts)


def _question(checked: Checked, items: Iterable[Evidence]) -> Question:
    asked, evidence = checked.asked, tuple(part for item in items for part in item.split())
    return Question(asked.id, asked.question, evidence, asked.tags, asked.reviewed)


def _count_steps(items: Iterable[_Item]) -> dict[str, int]:
    """Count the items by the step that located them, the surest of all conversions."""
    counts = Counter(min((each.step for each in item.values() if each), key=STEPS.index) for item in items)
    return {step: counts[step] for step in STEPS if counts[step]}


def _warnings(checks: Mapping[str, QuestionCheck]) -> Iterator[str]:
    """Yield each warning, with the conversion that it is of where others have none."""
    texts = {name: [finding.text for finding in check.of("warning")] for name, check in checks.items()}
    common = set.intersection(*map(set, texts.values()))
    for name, said in texts.items():
        yield from (text if text in common else f"{name}: {text}" for text in said)
