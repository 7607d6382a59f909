"""`Connection`: an address that speaks OpenAI's protocol, for embeddings and for answers.

rag-chunk reads the key only from the environment, and no message shows it. A key for OpenAI goes to OpenAI only: another
address, which may come with somebody's config file, gets the key of its own variable or none.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rag_chunk.errors import InputError, SettingsError

T = TypeVar("T")

OPENAI_KEY = "OPENAI_API_KEY"
HOME = "https://api.openai.com/v1"
RETRIES = 6  # after as long as Retry-After says, else after up to 8 s
_KEY_REFUSED = {401, 403}
_TOO_MANY = 429
_LONGEST_MESSAGE = 300  # characters


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of the `package` openai for an `address`. `key_name` is the variable that may hold a key for it."""

    package: Any
    client: Any
    address: str
    key_name: str
    secret: str = field(default="", repr=False)

    def request(self, send: Callable[[], T], failure: str, kept: str) -> T:
        """Return what `send` returns. Raise `InputError` with what the address answered, never with the key.

        `failure` says what was not done, and `kept` what is not lost, as in "Vectors that were made are kept".
        """
        try:
            return send()
        except self.package.APIStatusError as error:
            said = self._describe(f"{error.status_code}: {error.message}")
            raise InputError(f"{self.address} {failure}; it answered {said}{self._hint(error, kept)}") from None
        except (self.package.OpenAIError, AttributeError, TypeError, ValueError) as error:
            said = self._describe(str(error) or type(error).__name__)
            raise InputError(f"{self.address} {failure}: {said} Is it an OpenAI-compatible address?") from None

    def _describe(self, text: str) -> str:
        """Return what somebody else says in one short line, without the key."""
        line = " ".join(text.split())
        return (line.replace(self.secret, "[key]") if self.secret else line)[:_LONGEST_MESSAGE]

    def _hint(self, error: Any, kept: str) -> str:
        if error.status_code in _KEY_REFUSED:
            return f". The key is taken from {self.key_name}, or for OpenAI itself from {OPENAI_KEY}"
        return f". {kept} are kept; run it again to go on" if error.status_code == _TOO_MANY else ""


def connect(package: Any, model: str, url: str | None, key_name: str, url_option: str, *, seconds: float) -> Connection:
    """Return a connection to `url`, or to OpenAI; nothing is asked of it yet. An answer may take `seconds`.

    Raise `SettingsError` without a key for OpenAI.
    """
    secret = os.environ.get(key_name) or ("" if url else os.environ.get(OPENAI_KEY, ""))
    if not secret and not url:
        raise SettingsError(f"{model} needs a key: set {OPENAI_KEY}, or give {url_option} for another address")
    ours = {"organization": "", "project": ""} if url else {}  # what the environment says of these is for OpenAI
    client = package.OpenAI(
        api_key=secret or "none", base_url=url or HOME, max_retries=RETRIES, timeout=seconds, **ours
    )
    return Connection(package, client, str(client.base_url), key_name, secret)
