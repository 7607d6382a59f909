"""A reranker behind an address that speaks the common protocol, as Jina's, Cohere's, vLLM's and llama.cpp's servers do."""

import os
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rag_chunk.config.trust import RERANKER_KEY
from rag_chunk.corpus.units.surrogates import replace_surrogates
from rag_chunk.errors import InputError
from rag_chunk.retriever.reranking import Reranker

if TYPE_CHECKING:
    import requests

SECONDS = 60.0  # for an answer
RETRIES = 6
_LATER = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def rerank_protocol(name: str) -> Reranker:
    """Return the reranker of an address, with the model behind a `#`; nothing is asked of it yet."""
    address, _, model = name.partition("#")

    def score(question: str, texts: Sequence[str]) -> list[float]:
        asked = {"query": replace_surrogates(question), "documents": list(map(replace_surrogates, texts))}
        answer = _ask(address, {**({"model": model} if model else {}), **asked, "top_n": len(texts)})
        return _in_order(answer, len(texts), address)

    return Reranker(name, name, score)


def _ask(address: str, asked: dict[str, Any]) -> Any:
    """Return the answer to a request, which is sent again where that may help; raise `InputError` where there is none."""
    import requests

    key = os.environ.get(RERANKER_KEY)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with _patient_session() as session:
            response = session.post(address, json=asked, headers=headers, timeout=SECONDS)
        if response.status_code in _REFUSED:
            raise InputError(f"{address} refuses the key ({response.status_code}); it is taken from {RERANKER_KEY}")
        response.raise_for_status()
        return response.json()
    except requests.RequestException as error:
        raise InputError(
            f"the reranker at {address} did not answer: {type(error).__name__}: {error}. What was scored is kept; run it "
            "again to go on"
        ) from None


def _patient_session() -> "requests.Session":
    """Return a session that waits where the server asks for it."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    retry = Retry(RETRIES, backoff_factor=0.5, status_forcelist=_LATER, allowed_methods=None, raise_on_status=False)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _in_order(answer: Any, count: int, address: str) -> list[float]:
    """Return the scores in the order of the texts, each of which has one."""
    try:
        scores = {int(each["index"]): float(each["relevance_score"]) for each in answer["results"]}
    except (KeyError, TypeError, ValueError):
        scores = {}
    if set(scores) != set(range(count)):
        raise InputError(
            f"{address} does not speak the rerank protocol: an answer has `results` with `index` and `relevance_score`, one "
            f"for each of the {count} texts"
        )
    return [scores[number] for number in range(count)]
