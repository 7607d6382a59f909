"""`promote`: the config of a run becomes what an alias in MLflow's registry names, unless it is shown to be worse."""

import os
from collections.abc import Callable

from rag_chunk.analysis.history import SavedAnalysis, compare_analyses, gate_verdict, worse
from rag_chunk.config.history import PromotionConfig
from rag_chunk.errors import Worse
from rag_chunk.mlflow_tracker import ModelAlias, Promoted, is_taken, parse_alias, promote_run
from rag_chunk.mlflow_tracker.registry import MODELS
from rag_chunk.workflow.lookup import find_saved_analysis

_REMEDY = "promote it without --if-better, if you are sure"


def promote(name: str, settings: PromotionConfig, notify: Callable[[str], None]) -> Promoted:
    """Let an alias point at the config of the run `name`. Raise `Worse` where it is shown to be worse."""
    alias = parse_alias(settings.alias, "--as")
    sentences = _compare(name, alias, settings, notify) if settings.if_better else ()
    return promote_run(name, alias, uri=settings.mlflow_uri, verdict=sentences)


def _compare(name: str, alias: ModelAlias, settings: PromotionConfig, notify: Callable[[str], None]) -> tuple[str, ...]:
    """Return the verdict on the run beside what it is compared with, or nothing where that does not exist yet."""
    own = f"{MODELS}{alias}"
    base = _base(settings.than) if settings.than else own
    if base == own and not is_taken(alias, uri=settings.mlflow_uri):
        notify(f"{alias} does not exist yet, so there is nothing to compare with")
        return ()
    sides = [find_saved_analysis(each, uri=settings.mlflow_uri) for each in (base, name)]
    if _key(sides[0]) == _key(sides[1]):
        return ()
    report = compare_analyses(sides, remedy=_REMEDY)
    sentences = gate_verdict(report, settings.margin, only_shown=True)
    if worse(report, settings.margin, only_shown=True):
        raise Worse("\n".join([*sentences, f"{alias} is left as it is."]))
    for sentence in sentences:
        notify(sentence)
    return sentences


def _base(than: str) -> str:
    """Return what is compared with: an alias may be named without `models:/` before it."""
    is_alias = "@" in than and not than.startswith(MODELS) and not os.path.exists(than)  # noqa: PTH110 - raises nothing
    return f"{MODELS}{than}" if is_alias else than


def _key(side: SavedAnalysis) -> tuple[str, str]:
    return side.report.analysis_id, side.configuration.name
