"""Passwords out of everything that is printed, logged, tagged or saved."""

import os
import re

HIDDEN = "***"
SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "DATABRICKS_TOKEN")
_USER_INFO = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)[^/\s'\"]*@")
_QUERY = re.compile(r"(?i)(?P<key>[?&][\w.-]*(?:password|passwd|pwd|token|secret|signature|key)=)[^&\s'\"]+")


def redact(text: str) -> str:
    """Return `text` without the user info of addresses, and without tokens and passwords.

    >>> redact("cannot reach http://ann:s3cret@host:5000/api?token=abc")
    'cannot reach http://***@host:5000/api?token=***'
    """
    for name in SECRETS:
        secret = os.environ.get(name, "")
        text = text.replace(secret, HIDDEN) if len(secret) > 3 else text  # noqa: PLR2004 - "abc" is in many words
    text = _USER_INFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    return _QUERY.sub(rf"\g<key>{HIDDEN}", text)
