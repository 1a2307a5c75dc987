"""The hook module of trimtab-mods in a plain JavaScript engine, with a stand-in for the client: it only passes on."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).parents[1] / "trimtab-mods" / "hooks" / "register.js"
Found = dict[str, list[Any]]
LONGEST = 195  # lines: what is decided is the library's
# The client, as far as the module asks it: `answers` are the daemon's by event; "never" does not come, "broken" throws.
CLIENT = """
import { register } from './register.mjs'
const { answers, options, files, steps } = JSON.parse(process.argv[2])
const asked = []
const hooks = {}
const $ = {
  env: { get: async () => '/home/me' },
  fs: {
    exists: async path => files.includes(path),
    read: async () => (files.length ? '4711 secret\\n' : Promise.reject(Error('there is none'))),
  },
  process: { hookEnv: async () => ({ CLAUDE_PROJECT_DIR: '/work' }) },
  session: { id: async () => 's1' },
  clock: { sleep: () => new Promise(done => setTimeout(done, 60)) },
  tool: { list: async () => [{ name: 'Bash' }, { name: 'Workflow' }] },
  agent: { list: async () => [{ id: 'a2', kind: 'local_agent', status: 'running', label: 'Look' }] },
  http: {
    fetch: async (url, init) => {
      const body = JSON.parse(init.body)
      asked.push({ url, socketPath: init.socketPath, headers: init.headers, body })
      const answer = answers[body.hook_event_name]
      if (answer === 'never') return new Promise(() => {})
      if (answer === 'broken') throw Error('refused')
      if (answer === 'odd') return { ok: true, text: 'not JSON' }
      return { ok: true, text: answer === undefined ? '' : JSON.stringify(answer) }
    },
  },
}
register((event, ...rest) => {
  hooks[event] ??= []
  hooks[event].push({ door: rest[0].door, hook: rest.at(-1) })
}, options)
const results = []
for (const [event, e, beneath] of steps) {
  let passed
  const next = async given => { passed = given; return beneath ?? given }
  next.origin = { plugin: e.by ?? 'engine' }
  const { hook } = hooks[event].find(({ door }) => door === undefined || door.includes(e.door))
  const result = await hook($, e, next)
  results.push({ result, passed })
}
process.stdout.write(JSON.stringify({ asked, results, hooked: Object.keys(hooks) }))
"""
BEGIN = ["classic.SessionStart", {"session_id": "s1", "source": "startup", "transcript_path": "/t.jsonl"}]
CLEARED = ["classic.SessionStart", {"session_id": "s2", "source": "clear", "transcript_path": "/u.jsonl"}]
DESCRIBE = ["tool.describe", {"tool": "Bash"}, {"description": "whole"}]
SEARCH = ["tool.describe", {"tool": "Workflow"}, {"description": "whole"}]
FAILED = {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "Exit code 1\nlong"}
APPEND = [
    "session.append",
    {"door": "tool-result", "message": {"content": [FAILED]}, "origin": {"kind": "tool", "tool": "Bash"}},
]
ON = {"parts": ["tools", "descriptions", "listings", "memory", "results"], "wait": ["Workflow"]}


def run(
    tmp_path: Path, answers: object, steps: Sequence[object], options: object = None, files: object = None
) -> Found:
    """What the module asked, and of each step what it passed on and what came back."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; tests/client/test_mods.py runs the module in the client")
    shutil.copy(MODULE, tmp_path / "register.mjs")
    (tmp_path / "client.mjs").write_text(CLIENT)
    socket = ["/home/me/.claude-patterns/daemon/socket"] if files is None else files
    given = json.dumps({"answers": answers, "options": options or {}, "files": socket, "steps": steps})
    done = subprocess.run(
        [node, str(tmp_path / "client.mjs"), given], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: Found = json.loads(done.stdout)
    return found


def results(found: Found) -> list[object]:
    return [each["result"] for each in found["results"]]


def test_what_the_daemon_says_is_passed_on(tmp_path: Path) -> None:
    answers = {"ModStart": ON, "ModTool": {"description": "short"}, "ModResult": {"text": "a view"}}
    failure = ["classic.PostToolUseFailure", {"tool_use_id": "t1", "tool_input": {"command": "make"}}]
    found = run(tmp_path, answers, [BEGIN, DESCRIBE, SEARCH, failure, APPEND])
    assert results(found)[1:3] == [{"description": "short"}, {"description": "whole", "isDeferred": True}]
    assert found["results"][4]["passed"]["message"]["content"] == [{**FAILED, "content": "a view"}]
    names = [question["body"]["hook_event_name"] for question in found["asked"]]
    assert names == ["ModStart", "ModTool", "ModResult"]
    start = found["asked"][0]
    assert start["socketPath"] == "/home/me/.claude-patterns/daemon/socket"
    assert start["body"] == {
        "hook_event_name": "ModStart", "session_id": "s1", "transcript_path": "/t.jsonl", "cwd": "/work",
        "source": "startup", "parts": ON["parts"], "tools": ["Bash", "Workflow"],
    }  # fmt: skip
    assert found["asked"][2]["body"]["tool_input"] == {"command": "make"}


@pytest.mark.parametrize("fault", ["never", "broken", "odd", None])
def test_whatever_goes_wrong_changes_nothing(tmp_path: Path, fault: object) -> None:
    """A module that waits for a daemon for ever, or throws where the client's own result was good."""
    listed = {"name": "skill_listing", "content": [{"type": "text", "text": "a list"}]}
    listing = ["session.append", {"door": "attachment", "message": listed}]
    for answers in ({"ModStart": fault}, {"ModStart": ON, "ModTool": fault, "ModListing": fault, "ModResult": fault}):
        found = run(tmp_path, answers, [BEGIN, DESCRIBE, listing, APPEND])
        assert results(found)[1] == {"description": "whole"}
        assert found["results"][2]["passed"] == {"door": "attachment", "message": listed}
        assert found["results"][3]["passed"]["message"]["content"] == [FAILED]


def test_without_a_daemon_nothing_is_asked(tmp_path: Path) -> None:
    found = run(tmp_path, {}, [BEGIN, DESCRIBE, APPEND], files=[])
    assert found["asked"] == []
    assert results(found)[1] == {"description": "whole"}


def test_a_port_is_asked_with_its_secret(tmp_path: Path) -> None:
    """Where there are no unix sockets."""
    found = run(tmp_path, {"ModStart": ON}, [BEGIN, DESCRIBE], files=["elsewhere"])
    assert found["asked"][0]["url"] == "http://127.0.0.1:4711/"
    assert found["asked"][0]["headers"]["x-trimtab-secret"] == "secret"


def test_a_new_session_is_asked_for_anew_and_options_are_said(tmp_path: Path) -> None:
    """What held before /clear in the session after it."""
    compacted = ["classic.SessionStart", {"session_id": "s2", "source": "compact", "transcript_path": "/u.jsonl"}]
    steps = [BEGIN, DESCRIBE, CLEARED, DESCRIBE, compacted, DESCRIBE]
    found = run(tmp_path, {"ModStart": {"parts": []}}, steps, options={"tools": False, "results": False})
    starts = [question["body"] for question in found["asked"] if question["body"]["hook_event_name"] == "ModStart"]
    assert [start["source"] for start in starts] == ["startup", "clear"]
    assert starts[0]["parts"] == ["descriptions", "listings", "memory"]


NOTICE = {"type": "text", "text": "<task-notification>long"}


def told(kind: str, door: str = "prompt", block: object = NOTICE) -> list[object]:
    return [
        "session.append",
        {"door": door, "agentId": "p1", "message": {"content": [block]}, "origin": {"kind": kind}},
    ]


def test_a_turn_of_an_agent_is_passed_on_as_the_daemon_wants_it(tmp_path: Path) -> None:
    """Who typed it, and what is no text, stays; a delivery amid a turn is one too."""
    image = {"type": "image", "source": {}}
    steps = [told("task-notification"), told("peer", "delivery"), told("human"), told("peer", block=image)]
    found = run(tmp_path, {"ModMessage": {"text": "a view"}}, [BEGIN, *steps])
    passed = [each["passed"]["message"]["content"][0] for each in found["results"][1:]]
    assert passed == [{**NOTICE, "text": "a view"}, {**NOTICE, "text": "a view"}, NOTICE, image]
    assert [question["body"]["agent_id"] for question in found["asked"]] == ["p1", "p1"]
    assert found["asked"][0]["body"]["text"] == NOTICE["text"]


def test_without_an_opinion_or_the_users_wish_the_turn_is_whole(tmp_path: Path) -> None:
    for answers, options in (({"ModMessage": "never"}, {}), ({"ModMessage": {"text": "v"}}, {"messages": False})):
        found = run(tmp_path, answers, [BEGIN, told("task-notification")], options=options)
        assert found["results"][1]["passed"]["message"]["content"] == [NOTICE]


def test_a_notice_is_kept_unanswered_where_the_daemon_says_so(tmp_path: Path) -> None:
    """Amid a turn the daemon is told so; where a budget has stopped it, or somebody typed it, it is not asked."""
    notice = ["classic.UserPromptSubmit", {"prompt": NOTICE["text"]}, {"additionalContext": ["x"]}]
    typed = ["classic.UserPromptSubmit", {"prompt": "hello"}, {}]
    stopped = ["classic.UserPromptSubmit", {"prompt": NOTICE["text"]}, {"preventContinuation": True}]
    turn = ["turn.start", {"turnId": "t1"}], notice, ["turn.complete", {"turnId": "t1"}]
    agents = ["turn.start", {"turnId": "t2", "agentId": "a2"}]
    found = run(tmp_path, {"ModNotice": {"hold": "later"}}, [BEGIN, agents, notice, typed, stopped, *turn])
    held = {"additionalContext": ["x"], "preventContinuation": True, "stopReason": "later"}
    assert results(found)[2:5] == [held, {}, {"preventContinuation": True}]
    asked = [question["body"] for question in found["asked"]]
    assert [question["is_idle"] for question in asked] == [True, False]
    assert asked[0]["agents"] == [{"id": "a2", "kind": "local_agent", "status": "running"}]


REQUEST: dict[str, Any] = {
    "url": "https://a/v1/messages?beta=true",
    "init": {"method": "POST", "body": '{"type": "tool_result"}', "headers": {}},
}
FOLDS = {"ModCold": {"fold": True}, "ModRequest": {"text": "folded"}, "ModFolded": {"is_kept": True}}


def test_a_request_is_folded_where_the_daemon_took_it_down(tmp_path: Path) -> None:
    """Folds that the daemon does not know of, and so are others in the next request."""
    request = {**REQUEST, "init": {**REQUEST["init"], "headers": {"X-Claude-Code-Agent-Id": "a1"}}}
    found = run(tmp_path, FOLDS, [["http.fetch", request]], options={"fold_cold": True})
    assert found["results"][0]["passed"]["init"] == {**request["init"], "body": "folded"}
    assert [question["body"]["hook_event_name"] for question in found["asked"]] == [*FOLDS]
    assert {question["body"]["agent_id"] for question in found["asked"]} == {"a1"}
    for name in FOLDS:
        found = run(tmp_path, {**FOLDS, name: "never"}, [["http.fetch", REQUEST]], options={"fold_cold": True})
        assert found["results"][0]["passed"] == REQUEST


@pytest.mark.parametrize(
    ("answers", "whole"),
    [
        (FOLDS, False),
        ({**FOLDS, "ModCold": {"fold": False}}, False),
        ({**FOLDS, "ModRequest": {"is_other": True}}, False),
        *[({**FOLDS, name: fault}, True) for name in FOLDS for fault in ("never", None)],
    ],
)
def test_a_request_that_went_out_whole_for_want_of_an_answer_is_told(
    tmp_path: Path, answers: object, whole: bool
) -> None:
    """Folds that come back before what the model thought of the whole results; in another session they are none."""
    request = ["http.fetch", REQUEST]
    found = run(tmp_path, answers, [BEGIN, request, request, CLEARED, request], options={"fold_cold": True})
    asked = [question["body"] for question in found["asked"]]
    colds = [body["is_whole"] for body in asked if body["hook_event_name"] == "ModCold"]
    assert colds == [False, whole, False]


def test_a_conversation_that_may_have_folds_is_waited_for(tmp_path: Path) -> None:
    """A busy machine, and the cache that is written anew; or a user without folds who waits as long."""
    for fold, seconds in ((True, ["5", "5"]), (False, ["5", "1.5"])):
        answers = {**FOLDS, "ModCold": {"fold": fold}}
        found = run(tmp_path, answers, [["http.fetch", REQUEST]] * 2, options={"fold_cold": True})
        colds = [asked for asked in found["asked"] if asked["body"]["hook_event_name"] == "ModCold"]
        assert [asked["headers"]["x-trimtab-deadline"] for asked in colds] == seconds


def test_other_requests_and_users_are_not_asked_about(tmp_path: Path) -> None:
    """A body that is handed around without the user's leave, or that is not the client's own."""
    title = {**REQUEST, "init": {**REQUEST["init"], "body": '{"messages": []}'}}
    others = [{**REQUEST, "url": "https://a/v1/messages/count_tokens"}, {**REQUEST, "by": "somebody"}, title]
    steps = [["http.fetch", other] for other in others]
    assert run(tmp_path, FOLDS, steps, options={"fold_cold": True})["asked"] == []
    module = run(tmp_path, FOLDS, [BEGIN])
    assert "http.fetch" not in module["hooked"]
    assert "http.fetch" in run(tmp_path, FOLDS, [BEGIN], options={"fold_cold": True})["hooked"]


def test_the_module_is_thin() -> None:
    assert MODULE.read_text(encoding="utf-8").count("\n") <= LONGEST
