"""The steps of a GitHub Actions workflow, run in a shell on this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")


def run_steps(workflow: Path, job: str, folder: Path, context: Mapping[str, str]) -> dict[str, int]:
    """Run the `run` steps of a job in `folder` as a runner does; return the exit status of each step that ran.

    `context` has the values of expressions. After a failure only steps with `always()` run; installing and actions of
    others are left out.
    """
    described: dict[str, Any] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"][job]
    path = os.pathsep.join([context["path"], str(Path(sys.executable).parent), os.environ["PATH"]])
    base = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md")}
    statuses: dict[str, int] = {}
    for step in described["steps"]:
        name = step.get("name", "")
        if "run" not in step or name == "Install":
            continue
        if any(statuses.values()) and "always()" not in str(step.get("if", "")):
            continue
        own = {**described.get("env", {}), **step.get("env", {})}
        environment = base | {key: _EXPRESSION.sub(lambda each: context[each[1]], value) for key, value in own.items()}
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=folder, env=environment, check=False)
        statuses[name] = done.returncode
    return statuses
