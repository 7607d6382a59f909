"""The best configurations of an experiment, whichever analysis they are of."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from rag_chunk.config.catalog import is_bound
from rag_chunk.config.history import HEADLINE
from rag_chunk.config.metric_table import is_lower_better
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.address import Notify
from rag_chunk.mlflow_tracker.content import CONFIGURATION, ROLE
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.named_runs import ELSEWHERE
from rag_chunk.mlflow_tracker.store import Store
from rag_chunk.mlflow_tracker.verdict_tag import RECOMMENDED, VERDICT

BEST = "rag_chunk.best"
_PAGE = 100


def best_run(store: Store, experiment: str, strategy: str | None, by: str | None, notify: Notify) -> Any:
    """Return the recommended run with the highest headline metric, or the best of all runs by another metric.

    Of equal runs it is the newest. Say where the runs are of different documents or questions.
    """
    metric = by or HEADLINE
    runs = (run for run in runs_by(store, experiment, metric) if strategy in {None, run.data.params.get("strategy")})
    candidates = list(islice((run for run in runs if by or _is_recommended(run)), _PAGE))
    if not candidates:
        kind = "configuration" if by else "recommended configuration"
        of = f" of the strategy {strategy!r}" if strategy else ""
        raise InputError(f"the experiment {experiment!r} has no finished {kind}{of} with {metric}")
    inputs = {_inputs(run) for run in candidates}
    if len(inputs) > 1:
        notify(
            f"the runs are of {len(inputs)} different sets of documents or questions, so their {metric} is not of the "
            "same: rag-chunk compare compares them over the questions that they share"
        )
    return candidates[0]


def _is_recommended(run: Any) -> bool:
    tags = run.data.tags
    return bool(tags.get(VERDICT) == RECOMMENDED or tags.get(BEST) == "true")


def runs_by(store: Store, experiment: str, metric: str) -> Iterator[Any]:
    """Yield the configurations' runs that have the metric, best first, of equal ones the newest first; no bounds."""
    with mlflow_calls(store.name):
        existing = store.client.get_experiment_by_name(experiment)
    if existing is None:
        raise InputError(f"there is no experiment {experiment!r} in {store.name}. {ELSEWHERE}")
    wanted = f"tags.`{ROLE}` = '{CONFIGURATION}' and attributes.status = 'FINISHED'"
    direction = "ASC" if is_lower_better(metric) else "DESC"
    order, token = [f"metrics.`{metric}` {direction}", "attributes.start_time DESC"], None
    while True:
        with mlflow_calls(store.name):
            page = store.client.search_runs(
                [existing.experiment_id], wanted, max_results=_PAGE, order_by=order, page_token=token
            )
        yield from (run for run in page if metric in run.data.metrics and not is_bound_run(run))
        token = page.token
        if not token:
            return


def is_bound_run(run: Any) -> bool:
    """Whether a run is of a bound, which no pipeline can have."""
    return is_bound(str(run.data.params.get("retriever")))


def distinct(runs: Iterable[Any]) -> Iterator[Any]:
    """Leave out what was run before on the same documents and questions."""
    seen = set()
    for run in runs:
        key = (run.data.tags.get("rag_chunk.config_digest"), *_inputs(run))
        if key not in seen:
            seen.add(key)
            yield run


def _inputs(run: Any) -> tuple[str | None, ...]:
    return tuple(run.data.tags.get(f"rag_chunk.{kind}_digest") for kind in ("corpus", "questions"))
