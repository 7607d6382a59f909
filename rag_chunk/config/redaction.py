"""Passwords out of everything that is printed, logged, tagged or saved."""

import os
import re
from collections.abc import Callable, Sequence
from functools import partial

HIDDEN = "***"
SHORTEST_SECRET = 6  # "abc" is in many words
_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|TOKEN|SECRET|ACCESS_KEY|API_KEY|CREDENTIALS")
# A password may hold `/` though it should not; but `host:5000/@x` is a port.
_USER_INFO = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)(?:[^/\s'\"]*@|[^/\s:'\"]*:(?!\d+(?:[/?#]|$))[^\s'\"]*@)")
_QUERY = re.compile(r"(?i)(?P<key>[?&][\w.-]*(?:password|passwd|pwd|token|secret|signature|key)=)[^&\s'\"]+")
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
    """Return what stands in the environment under names like MLFLOW_TRACKING_TOKEN, longest first."""
    found = {value for name, value in os.environ.items() if _SECRET_NAME.search(name.upper())}
    return sorted((value for value in found if len(value) >= SHORTEST_SECRET), key=len, reverse=True)
