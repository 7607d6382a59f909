"""Rules that cut some documents otherwise, by a glob of their names: `{"*.pdf": "page-400-0"}`."""

import re
from typing import Any

from pydantic_core import PydanticCustomError

from rag_chunk.config.catalog import STRATEGIES
from rag_chunk.config.setting_checks import check_known

LARGEST = 1_000_000_000
_RULE = re.compile(r"(.+?)-([0-9]{1,10})(?:-([0-9]{1,10}))?")


def parse_rule(text: str) -> dict[str, Any] | None:
    """Return the strategy, the size and the overlap of `strategy-size-overlap`; None if it is no rule.

    >>> parse_rule("fixed-size-200"), parse_rule("header-200-50"), parse_rule("header")
    ({'strategy': 'fixed-size', 'chunk_size': 200}, {'strategy': 'header', 'chunk_size': 200, 'overlap': 50}, None)
    """
    match = _RULE.fullmatch(text)
    if match is None:
        return None
    name, *sizes = match.groups()
    return {"strategy": name} | {
        key: int(size) for key, size in zip(("chunk_size", "overlap"), sizes, strict=True) if size is not None
    }


def check_rules(rules: tuple[tuple[str, str], ...], strategy: str | None) -> tuple[tuple[str, str], ...]:
    """Return the rules; refuse one without a strategy and sizes, and parents that other documents would lack."""
    problems = [error for glob, text in rules if (error := _problem_of(glob, text))]
    if problems:
        raise PydanticCustomError(
            "unknown_name", "{problems}", {"problems": "; ".join(error.message() for error in problems)}
        )
    names = [strategy, *ruled_strategies(rules)] if rules else []
    if with_parents := [name for name in names if name in STRATEGIES and STRATEGIES[name].has_parents]:
        raise PydanticCustomError(
            "contradiction",
            "{name} makes parents, which other documents lack; beside rules take markdown, with retrieve_parents",
            {"name": with_parents[0]},
        )
    return rules


def ruled_strategies(rules: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the strategies that the rules name."""
    return [rule["strategy"] for _, text in rules if (rule := parse_rule(text))]


def _problem_of(glob: str, text: str) -> PydanticCustomError | None:
    """Return what is wrong with a rule; None where nothing is."""
    rule = parse_rule(text)
    if rule is None:
        return PydanticCustomError(
            "unknown_name",
            "{glob}: {text} is no rule. A rule is strategy-size or strategy-size-overlap, as in markdown-200-50",
            {"glob": glob, "text": repr(text)},
        )
    try:
        check_known("strategy", rule["strategy"], STRATEGIES)
    except PydanticCustomError as error:
        return error
    if not 0 <= rule.get("overlap", 0) < rule["chunk_size"] <= LARGEST:
        return PydanticCustomError(
            "contradiction",
            "{glob}: in {text}, the overlap must be smaller than the size, which is at least 1",
            {"glob": glob, "text": text},
        )
    return None
