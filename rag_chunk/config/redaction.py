"""Passwords out of everything that is printed, logged, tagged or saved."""

import os
import re
from collections.abc import Callable, Sequence
from functools import partial

HIDDEN = "***"
SHORTEST_SECRET = 6  # "abc" is in many words
SHORTEST_KEY = 16  # of a variable that is named a key, and perhaps a key to sort by
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|TOKEN|SECRET|CREDENTIALS)(?:_|$)|ACCESS_KEY|API_KEY|^RAG_CHUNK_(?:EMBEDDING|DRAFTING)_KEY$"
)
_KEY_NAME = re.compile(r"_KEY$")
_FIGURE_OR_PATH = re.compile(
    r"[-+.\d]+|true|false|[~./\\].*|[A-Za-z]:\\.*", re.IGNORECASE
)  # no secret, whatever its name
# Every repetition is bounded: a server may answer with one word of a megabyte. A password may hold `/` though it
# should not; but `host:5000/@x` is a port.
_USER_INFO = re.compile(
    r"(?P<scheme>[A-Za-z][\w+.-]{0,30}://)"
    r"(?:[^/\s'\"]{0,2000}@|[^/\s:'\"]{0,500}:(?!\d{1,9}(?:[/?#]|$))[^\s'\"]{0,1500}@)"
)
_QUERY = re.compile(r"(?i)(?P<key>[?&][\w.-]{0,60}(?:password|passwd|pwd|token|secret|signature|key)=)[^&\s'\"]+")
_HEADER = re.compile(r"(?i)(?P<kind>\b(?:bearer|basic) )[\w.~+/=-]{8,}")


def redact(text: str) -> str:
    """Return `text` without the user info of addresses, and without the tokens and passwords of the environment.

    >>> redact("cannot reach http://ann:s3cret@host:5000/api?token=abc")
    'cannot reach http://***@host:5000/api?token=***'
    """
    return redaction()(text)


def redaction() -> Callable[[str], str]:
    """Return what redacts many texts: `redact`, having read the environment once."""
    return partial(_redact_all, _secrets())


def _redact_all(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _USER_INFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _HEADER.sub(rf"\g<kind>{HIDDEN}", text)
    return _QUERY.sub(rf"\g<key>{HIDDEN}", text)


def _secrets() -> list[str]:
    """Return the values in the environment under names like MLFLOW_TRACKING_TOKEN, longest first."""
    values = {value for name, value in os.environ.items() if _is_secret(name.upper(), value)}
    return sorted(values, key=len, reverse=True)


def _is_secret(name: str, value: str) -> bool:
    """Return whether a variable holds a secret by its name and its value: figures and paths are none."""
    if _FIGURE_OR_PATH.fullmatch(value):
        return False
    return len(value) >= (SHORTEST_SECRET if _SECRET_NAME.search(name) else SHORTEST_KEY) and bool(
        _SECRET_NAME.search(name) or _KEY_NAME.search(name)
    )
