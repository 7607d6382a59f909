"""Finds the user's own functions by name: `package.module:function`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from rag_chunk.config import did_you_mean, is_external, is_function_name
from rag_chunk.errors import InputError


def load_function(name: str) -> Callable[..., Any]:
    """Return the function that `name` (`package.module:function`) names; modules of the working folder come first.

    Raise `InputError` where there is no such module or function, or where importing it fails.
    """
    function = load_object(name)
    if not callable(function):
        raise InputError(f"{name} is not a function; it is of type {type(function).__name__}")
    return cast("Callable[..., Any]", function)


def load_object(name: str) -> Any:
    """Return the object that `name` names, as `load_function` does, whether it is a function or not."""
    if is_external(name):
        raise InputError(f"{name} comes from a file that rag-chunk score read; it cannot be loaded by its name")
    if not is_function_name(name):
        raise InputError(f"{name!r} does not name a function; the form is package.module:function")
    module_name, _, function_name = name.partition(":")
    module = _import(module_name, name)
    if not hasattr(module, function_name):
        known = [other for other, value in vars(module).items() if callable(value) and not other.startswith("_")]
        raise InputError(
            f"the module {module_name} has no function {function_name}{did_you_mean(function_name, known)}"
        )
    return getattr(module, function_name)


def _import(module: str, name: str) -> Any:
    try:
        with _working_folder_first():
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise InputError(
                f"there is no module {error.name} for {name}; "
                f"rag-chunk looks for modules in {Path.cwd()} and among installed packages"
            ) from error
        raise InputError(f"importing {module} for {name} failed: {error}") from error
    except (Exception, SystemExit) as error:
        raise InputError(
            f"importing {module} for {name} failed: {type(error).__name__}: {error}. --debug shows where"
        ) from error


@contextmanager
def _working_folder_first() -> Iterator[None]:
    """Put the working folder first on `sys.path`, and take it away again."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)
