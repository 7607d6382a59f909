"""What a config file from the working folder makes rag-chunk run, and where it sends texts: said before it is used."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rag_chunk.config.catalog import BACKENDS
from rag_chunk.config.names import is_function_name, is_reranker_backend
from rag_chunk.config.setting_checks import BY_MODEL, DRAFTING_KEY, EMBEDDING_KEY
from rag_chunk.config.strategy_rules import ruled_strategies

OF_READING = ("converter",)  # what every command that reads documents may run
_FUNCTIONS = ("strategy", "strategies", "retriever", "reranker", "index_context", *OF_READING, "custom_metrics")
_ADDRESS = ("embedding_model", "embedding_url")
_CONTEXTS = ("context_model", "context_url")
TRUSTED = (*_FUNCTIONS, *_ADDRESS, *_CONTEXTS)
RERANKER_KEY = "RAG_CHUNK_RERANKER_KEY"


def trust_notice(where: str, file: Mapping[str, Any], over: Mapping[str, Any], used: Collection[str]) -> str:
    """Return a line about the code that the settings of a `file` run, and the address that they send texts to.

    Settings in `over` win over the file's; only those in `used` take part in the command. Nothing to say is empty.
    """
    effective = {name: value for name, value in file.items() if name in used and name not in over}
    parts = list[str]()
    if functions := list(_functions(effective)):
        parts.append(f"runs Python code: {', '.join(functions)}")
    model = str({**effective, **over}.get("embedding_model")).partition(":")[0]
    if any(effective.get(name) for name in _ADDRESS) and model in BACKENDS and BACKENDS[model].has_address:
        parts.append(_sends("texts", {**effective, **over}.get("embedding_url"), EMBEDDING_KEY))
    is_asked = BY_MODEL in _names({**effective, **over}.get("index_context") or ())
    if is_asked and any(effective.get(name) for name in _CONTEXTS):
        parts.append(_sends("documents", {**effective, **over}.get("context_url"), DRAFTING_KEY))
    if (reranker := str(effective.get("reranker"))).startswith("http"):
        parts.append(_sends("texts", reranker, RERANKER_KEY))
    return f"{where} {', and '.join(parts)}" if parts else ""


def _sends(what: str, url: str | None, key: str) -> str:
    """Say where something is sent, without an address to OpenAI, and which variables may hold the key."""
    keys = key if url else f"{key} or OPENAI_API_KEY"
    return f"sends {what} to {url or 'OpenAI'}, with the key in {keys} if that is set"


def _functions(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the functions of the user's own that settings name."""
    for name in _FUNCTIONS:
        names = _names(settings.get(name) or ())
        yield from (each for each in names if is_function_name(each) and not is_reranker_backend(each))


def _names(value: Any) -> list[str]:
    """Return the names in a setting: one or several, also with commas; of rules, their strategies."""
    if isinstance(value, Mapping):
        return ruled_strategies(tuple((str(glob), str(rule)) for glob, rule in value.items()))
    listed = [value] if isinstance(value, str) else value
    return [name.strip() for each in listed for name in str(each).split(",")]
