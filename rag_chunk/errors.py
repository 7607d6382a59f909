"""The errors that a user can mend.

    RagChunkError             3  what was read cannot be used
    ├── SettingsError         2  settings are wrong or contradict each other
    ├── InputError            3  documents, questions, a config file, a user's function
    ├── MissingExtra          4  an optional package is not installed
    ├── TrackingError         5  MLflow failed or is away
    ├── NotReproduced         6  an analysis that was run again differs from what was recorded
    └── Worse                 7  a comparison that was to fail where something is worse has found it so

The message says what was found and what to do about it; the class carries the exit status.
Anything else that is raised is a bug of ours and ends with an ordinary traceback and status 1.
"""


def not_utf8(error: UnicodeDecodeError) -> str:
    """Return what is wrong with a file's bytes, and the line that mends it."""
    coding = "UTF-16" if error.object[:2] in {b"\xff\xfe", b"\xfe\xff"} else "LATIN1"
    return f"is not UTF-8 at byte {error.start}. Convert it: iconv -f {coding} -t UTF-8"


class RagChunkError(Exception):
    """Any error that a user can mend; `exit_status` is what the command line ends with."""

    exit_status = 3


class SettingsError(RagChunkError):
    """A setting is out of its limits, unknown, or contradicts another one."""

    exit_status = 2


class InputError(RagChunkError):
    """Something that was read (documents, questions, a config file, a function) cannot be used."""


class MissingExtra(RagChunkError):
    """An optional package is needed that is not installed."""

    exit_status = 4

    def __init__(self, extra: str, purpose: str) -> None:
        """Say what needs the `extra`, and the line that installs it."""
        super().__init__(f"{purpose} needs an optional package. Install it: pip install 'rag-chunk[{extra}]'")
        self.extra = extra


class TrackingError(RagChunkError):
    """MLflow refused, failed, or could not be reached."""

    exit_status = 5


class NotReproduced(RagChunkError):
    """An analysis that was run again is not what was recorded."""

    exit_status = 6


class Worse(RagChunkError):
    """A configuration is worse than the one that it was compared with."""

    exit_status = 7
