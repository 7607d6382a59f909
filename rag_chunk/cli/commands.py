"""The commands by name: the module of each is imported when it is used, so that `rag-chunk --help` needs none of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from typer.core import TyperCommand
from typer.main import get_command_from_info, get_command_name

from rag_chunk.cli.help import Group

if TYPE_CHECKING:
    from rag_chunk.cli.help import Command


class CommandRow(NamedTuple):
    """The module of a command in this package, and its purpose: the first paragraph of its docstring."""

    module: str
    purpose: str


COMMANDS = {
    "analyze": CommandRow(
        "analyze",
        "Chunk documents in several ways, and show which way brings back the most evidence for the same context.",
    ),
    "check-questions": CommandRow(
        "check_questions", "Check a question file against its documents, and list all problems at once."
    ),
    "chunk": CommandRow(
        "chunk",
        "Write the chunks of one configuration, for a pipeline: to stdout, to a file, or for a large corpus to a folder.",
    ),
    "compare": CommandRow(
        "compare", "Compare runs or saved results by the paired test, over the questions that all of them answered."
    ),
    "reproduce": CommandRow("compare", "Run a tracked analysis again, and check that every metric is equal."),
    "export-config": CommandRow(
        "configs", "Write the config of a tracked run, or of the best run of an experiment, to stdout or to a file."
    ),
    "import-config": CommandRow(
        "configs", "Check a config, upgrade it to this version, show it, and write it to rag-chunk.yaml in this folder."
    ),
    "convert": CommandRow(
        "convert", "Convert PDF, HTML, Office files, EPUB and notebooks to text files, with their pages."
    ),
    "diagnose": CommandRow(
        "diagnose", "Try changes to a configuration one at a time, and show which clearly help and what they cost."
    ),
    "draft-questions": CommandRow(
        "draft_questions", "Let a model draft questions about your documents, for you to review."
    ),
    "import-questions": CommandRow(
        "import_questions",
        "Convert question sets of other tools into one question file. rag-chunk recognises the format by the content.",
    ),
    "export-questions": CommandRow(
        "import_questions",
        "Write questions and their evidence in the format of ragas, BEIR, or an MLflow evaluation dataset.",
    ),
    "init": CommandRow("init", "Create a commented rag-chunk.yaml and draft questions in this folder."),
    "promote": CommandRow(
        "promote", "Register a tracked config as a version in MLflow's model registry, and set an alias to it."
    ),
    "review": CommandRow(
        "review", "Review questions in a browser: accept, reject, or change each, beside its evidence in the document."
    ),
    "score": CommandRow(
        "score", "Score your own retriever by its chunks and rankings, with the same metrics and verdict as analyze."
    ),
    "strategies": CommandRow(
        "strategies", "Show which strategies and retrievers can run here, and what the others need."
    ),
    "track": CommandRow(
        "track", "Log saved analyses to MLflow: later, from another machine, or after the server was unreachable."
    ),
}


class LazyCommand(TyperCommand):
    """A command by its row; the command itself takes its place as soon as arguments are to be read."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the arguments of the command itself."""
        return load_command(str(self.name)).make_context(info_name, args, parent, **extra)


class LazyGroup(Group):
    """The group of all commands, of which none is imported yet."""

    def __init__(self, **settings: Any) -> None:
        """Take Typer's settings of a group."""
        commands = {name: LazyCommand(name, help=row.purpose) for name, row in COMMANDS.items()}
        super().__init__(**{**settings, "commands": commands})


def load_command(name: str) -> "Command":
    """Import the module of a command, and return the command."""
    from rag_chunk.cli.app import app

    import_module(f"rag_chunk.cli.{COMMANDS[name].module}")
    info = next(each for each in app.registered_commands if _name(each) == name)
    command = get_command_from_info(
        info, pretty_exceptions_short=app.pretty_exceptions_short, rich_markup_mode=app.rich_markup_mode
    )
    return cast("Command", command)


def _name(info: Any) -> str:
    return info.name or get_command_name(info.callback.__name__)
