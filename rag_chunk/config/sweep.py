"""The configurations of one analysis: the product of what varies, each under a name of its own."""

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rag_chunk.config.names import safe_name
from rag_chunk.config.problems import explain, is_contradiction
from rag_chunk.config.run import RunConfig
from rag_chunk.config.setting_checks import BY_MODEL
from rag_chunk.config.setting_groups import settings_named
from rag_chunk.errors import SettingsError

SWEPT = (
    "strategy",
    "chunk_size",
    "overlap",
    "unit",
    "retriever",
    "index_headings",
    "index_title",
    "index_context",
    "analyzer",
    "window",
    "retrieve_parents",
    "reranker",
    "candidates",
)
_NAMED = ("strategy", "chunk_size", "overlap")
_ALWAYS = (*_NAMED, *settings_named("always"))
_LAST = settings_named("last")


@dataclass(frozen=True, slots=True)
class Sweep:
    """Configurations by name, and the combinations that are impossible, by what they are, with the reason."""

    configs: Mapping[str, RunConfig]
    skipped: tuple[tuple[str, str], ...] = ()


def validate_run(settings: Mapping[str, Any], flags: Collection[str] = ()) -> RunConfig:
    """Return the config of `settings`, of which `flags` were options; raise `SettingsError` with all that is wrong."""
    try:
        return RunConfig(**settings)
    except ValidationError as error:
        raise SettingsError(explain(error, RunConfig, flags)) from None


def sweep(settings: Mapping[str, Any], varied: Mapping[str, Sequence[Any]], flags: Collection[str] = ()) -> Sweep:
    """Combine `settings` with every combination of `varied`; impossible combinations are left out and named.

    Raise `SettingsError` where a value is wrong by itself, or no combination is possible. `flags` are the settings that
    were options of the command line, for errors to name.

    >>> list(sweep({}, {"strategy": ["sentence", "paragraph"], "chunk_size": [100, 200]}).configs)
    ['sentence-100-25', 'sentence-200-50', 'paragraph-100-0', 'paragraph-200-0']
    """
    configs: list[RunConfig] = []
    skipped: list[tuple[str, str]] = []
    reasons: dict[str, None] = {}
    for values in itertools.product(*varied.values()):
        combination = {**settings, **dict(zip(varied, values, strict=True))}
        try:
            configs.append(RunConfig(**combination))
        except ValidationError as error:
            if not is_contradiction(error):
                raise SettingsError(explain(error, RunConfig, flags)) from None
            skipped.append((_label(combination), explain(error, RunConfig)))
            reasons[explain(error, RunConfig, flags)] = None
    if not configs:
        raise SettingsError("; ".join(reasons))
    distinct = list(dict.fromkeys(configs))
    return Sweep(dict(zip(names_of(distinct), distinct, strict=True)), tuple(skipped))


def _label(combination: Mapping[str, Any]) -> str:
    return "-".join(str(combination[name]) for name in _NAMED if name in combination)


def names_of(configs: Sequence[RunConfig]) -> list[str]:
    """Return a name for each config: strategy, size, overlap, parents if handed over, and whatever else varies among them.

    Names are unique for different configs, and safe as file names.
    """
    dumps = [config.model_dump() for config in configs]
    varying = [name for name in RunConfig.model_fields if len({str(dump[name]) for dump in dumps}) > 1]
    shown = [*_ALWAYS, *(name for name in varying if name not in {*_ALWAYS, *_LAST})]
    if len({str([dump[name] for name in shown]) for dump in dumps}) < len(dumps):
        shown += [name for name in varying if name in _LAST]
    return _unique(_joined_name(dump, shown) for dump in dumps)


def _part(name: str, value: Any) -> str:
    """Return how a value is written in a name: numbers and truths that are no size need their setting's name."""
    if isinstance(value, bool) or value is None:
        return name if value else ""
    if name == "strategies":
        return "-".join(".".join([*re.findall(r"\w+", glob), rule]) for glob, rule in value)
    is_unclear = isinstance(value, int | float) or value == BY_MODEL
    return f"{name}-{value}" if is_unclear and name not in _NAMED else str(value)


def safe_names(names: Iterable[str]) -> list[str]:
    """Return names that are unique, and safe as file names."""
    return _unique(map(safe_name, names))


def _joined_name(settings: Mapping[str, Any], shown: Iterable[str]) -> str:
    parts = filter(None, (_part(name, settings[name]) for name in shown))
    return safe_name(re.sub(r"[^\w.-]+", ".", "-".join(parts)))


def _unique(names: Iterable[str]) -> list[str]:
    taken: dict[str, None] = {}
    for name in names:
        candidates = itertools.chain([name], (f"{name}.{number}" for number in itertools.count(2)))
        taken[next(candidate for candidate in candidates if candidate not in taken)] = None
    return list(taken)
