"""A commit that was made, and what only looks like one."""

import pytest

from trimtab.history.finished import is_commit

SAID = "[main 1a2b3c4] Say why\n 1 file changed, 2 insertions(+)"


@pytest.mark.parametrize(
    ("tool", "command", "text", "is_error", "made"),
    [
        ("Bash", "git add -A && git commit -m 'Say why'", SAID, False, True),
        ("Bash", "git -C sub commit -q --amend\ngit log -1", "[feature/a-b 1a2b3c4d5e] Say why", False, True),
        ("Bash", "git commit -m x", "nothing to commit, working tree clean", False, False),
        ("Bash", "git commit -m x", SAID, True, False),
        ("Bash", "git log; echo commit", SAID, False, False),
        ("Read", "git commit -m x", SAID, False, False),
    ],
)
def test_a_commit_is_one_that_git_says_it_made(tool: str, command: str, text: str, is_error: bool, made: bool) -> None:
    assert is_commit(tool, command, text, is_error) == made
