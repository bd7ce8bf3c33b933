"""The week of a team, step by step. Each chapter is a function that runs commands and checks what they prove."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode
from edgewright.gitops.demo import coming_up, end_of_week, good_model, wrong_models
from edgewright.gitops.demo.narration import Narration
from edgewright.gitops.demo.scratch import make_scratch
from edgewright.gitops.demo.team import Team
from edgewright.gitops.engine import environment
from edgewright.sandbox.control import Sandbox

CHAPTERS: tuple[Callable[[Team], None], ...] = (
    coming_up.sandbox_comes_up,
    coming_up.manifests_hold,
    coming_up.stacks_come_up,
    coming_up.predictions_come_back,
    good_model.better_model_is_proposed,
    good_model.better_model_is_tested,
    wrong_models.worse_model_is_proposed,
    wrong_models.worse_model_is_refused,
    wrong_models.good_model_reaches_main,
    wrong_models.broken_model_is_stopped,
    end_of_week.good_release_is_reverted,
    end_of_week.offline_device_returns,
    end_of_week.change_behind_gits_back,
    end_of_week.report_is_read,
)
SHORT = CHAPTERS[:5]
"""Up to the first release that goes to devices: what is the aws plugin's to do, for the second of two plugins."""


def tell(
    root: Path,
    directory: Path,
    *,
    verbose: bool = False,
    keep: bool = False,
    chapters: Sequence[Callable[[Team], None]] = CHAPTERS,
) -> int:
    """Run the story in ``directory``; return the exit code."""
    narration = Narration(verbose=verbose)
    # The tools of the user's checkout serve the scratch copy, which has none of its own.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), str(root / ".tools" / "bin"), os.environ["PATH"]]
    )
    # Each of its many programs would compile the scratch copy again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A demo that was killed may have left its sandbox running.
    Sandbox.stop_any(directory / "org" / ".edgewright" / "sandbox")
    output.line(f"Edgewright's demo: a week of Acme's platform team, in a scratch copy at {directory / 'org'}")
    team = Team(make_scratch(root, directory / "org"), narration, environment({}))
    try:
        for chapter in chapters:
            chapter(team)
    except EdgewrightError as error:
        output.note(f"\nthe demo stopped: {error}")
        narration.table()
        return ExitCode.REFUSED
    finally:
        if not keep:
            Sandbox.stop_any(team.root / ".edgewright" / "sandbox")
    if keep:
        output.line(f'\nStill running. Look around: cd "{team.root}" && eval "$(edgewright sandbox env)"')
    return ExitCode.OK if narration.table() else ExitCode.REFUSED
