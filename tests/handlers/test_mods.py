"""The second layer's events as its module sends them, and what it is told."""

import hashlib
from pathlib import Path

import pytest
from tests.handlers.client import Client, first_fold, is_view

from trimtab.handlers import mods
from trimtab.prompt import waiting
from trimtab.records import Layered

POOL = ["Bash", "Edit", "Read", "ToolSearch", "WebFetch", "CronCreate", "NotebookEdit", "Workflow", "Write"]
LONG = (
    "Runs.\n\n" + "This is why it is good and nice to have around for all of us here. " * 20 + "\n\n- `a` is required."
)
SKILLS = "The following skills are available for use with the Skill tool:\n\n" + "\n".join(
    f"- skill{n}: Does {n}. " + "Use it when the moon is high and the tide is low and nobody looks. " * 3
    for n in range(6)
)
OUTPUT = "\n".join(["step of three hundred done, all is well"] * 300 + ["ERROR at rates.py:3: RATE is 0"])


def named(whole: str) -> str:
    return hashlib.sha256(whole.encode()).hexdigest()[:8]


def begin(client: Client, source: str = "startup", parts: tuple[str, ...] = mods.PARTS) -> dict[str, object] | None:
    return client.send("ModStart", source=source, parts=list(parts), tools=POOL)


def described(client: Client) -> dict[str, object] | None:
    return client.send("ModTool", tool="Bash", description=LONG)


def listed(client: Client, listing: str, prompt: str = "", kind: str = mods.SKILLS) -> dict[str, object] | None:
    return client.send("ModListing", type=kind, listing=listing, prompt=prompt)


def test_a_new_session_gets_what_the_user_left_on(client: Client) -> None:
    assert begin(client) == {"parts": list(mods.PARTS), "wait": ["Workflow"]}
    client.session = "s2"
    assert begin(client, parts=("listings",)) == {"parts": ["listings"], "wait": []}
    client.session = "s3"
    assert begin(client, parts=()) is None


def test_a_shortened_description_names_the_file_that_has_it_whole(client: Client) -> None:
    """A text that is gone for good."""
    begin(client)
    reply = described(client)
    assert reply is not None
    shown = str(reply["description"])
    file = client.home / ".claude-patterns" / "whole" / f"tool-Bash-{named(LONG)}.md"
    assert shown == f"Runs.\n\n- `a` is required.\n\n(Shortened by Trimtab; the whole text: {file})"
    assert file.read_text() == LONG
    assert client.send("ModTool", tool="Bash", description="Short.") is None


def test_of_the_memorys_rules_the_first_paragraph_stays(client: Client) -> None:
    """A model that does not know where its memory is, or that the rules go on."""
    begin(client)
    whole = "# Memory\n\nYours is at `/m/`. Write to it.\n\n" + "Each memory has a name, a date and a reason. " * 20
    reply = client.send("ModSection", section="memory", text=whole)
    assert reply is not None
    file = client.home / ".claude-patterns" / "whole" / f"memory-{named(whole)}.md"
    assert str(reply["text"]).startswith("# Memory\n\nYours is at `/m/`. Write to it.\n\n(Trimtab left the rest out. ")
    assert str(file) in str(reply["text"])
    assert file.read_text() == whole
    assert client.send("ModSection", section="memory", text="No heading. " * 99) is None


def test_each_text_has_a_file_of_its_own(client: Client) -> None:
    """A session that is told to read the memory's rules of another project, whose session asked last."""
    said = []
    for place in ("/mine/", "/other/"):
        client.session = place
        begin(client)
        whole = f"# Memory\n\nYours is at `{place}`.\n\n" + "Each memory has a name, a date and a reason. " * 20
        reply = client.send("ModSection", section="memory", text=whole)
        assert reply is not None
        said.append((str(reply["text"]), whole))
    for shown, whole in said:
        assert Path(shown.rpartition(" one, read ")[2].rstrip(")")).read_text() == whole


def test_names_from_the_client_lead_nowhere_else(client: Client) -> None:
    """A tool of an MCP server that is called like a path."""
    begin(client)
    client.send("ModTool", tool="../../evil/x", description=LONG)
    kept = list((client.home / ".claude-patterns" / "whole").iterdir())
    assert [file.name for file in kept] == [f"tool-.._.._evil_x-{named(LONG)}.md"]


def test_listings_are_cut_to_the_first_prompt_also_when_resumed_by_a_new_daemon(client: Client) -> None:
    """A prompt cache that a resumed session, or a daemon that is new, breaks."""
    begin(client)
    first = listed(client, SKILLS, "use skill3 for it")
    assert first is not None
    assert "- skill3: Does 3. Use it when the moon is high" in str(first["text"])
    assert "- skill2: Does 2.\n" in str(first["text"])
    client.desk.close()
    client.desk = client.new_desk()
    assert begin(client, "resume") == {"parts": list(mods.PARTS), "wait": ["Workflow"]}
    assert listed(client, SKILLS, "now skill5") == first


def test_of_the_prompt_only_likely_names_are_kept(client: Client) -> None:
    """What the user wrote, for ever in the ledger."""
    begin(client)
    assert listed(client, SKILLS, "use skill3; the password is hunter2") is not None
    with client.ledger() as ledger:
        begun = ledger.layered("s1")
        assert begun is not None
        assert begun.likely == {named(SKILLS): ("skill3",)}
    for file in (client.project / ".claude-patterns").glob("*.db*"):
        assert b"hunter2" not in file.read_bytes()
    for number in range(mods.MOST_LISTINGS + 5):
        listed(client, f"{SKILLS}\n- skill9: Does {number}.", "use skill4")
    with client.ledger() as ledger:
        begun = ledger.layered("s1")
        assert begun is not None
        assert len(begun.likely) == mods.MOST_LISTINGS


def test_the_clients_frame_stays_around_a_listing(client: Client) -> None:
    """A name below the mark that ends a reminder."""
    begin(client)
    reply = listed(client, "<system-reminder>\nWaiting:\nWebFetch\n</system-reminder>\n", kind=mods.WAITING)
    assert reply == {"text": "<system-reminder>\nWaiting:\nWebFetch\nWorkflow\n</system-reminder>\n"}
    reply = listed(client, f"<system-reminder>\n{SKILLS}\n</system-reminder>")
    assert reply is not None
    assert str(reply["text"]).endswith(f"skills-{named(SKILLS)}.md)\n</system-reminder>")


def test_a_session_that_began_without_the_layer_keeps_its_first_request(client: Client) -> None:
    """A layer that is switched on in the midst of a session, and breaks its cache."""
    assert begin(client, "resume") == {"parts": ["results"], "wait": []}
    assert described(client) is None
    assert listed(client, SKILLS) is None


def test_an_answer_that_the_module_did_not_wait_for_is_no_beginning(client: Client) -> None:
    """A session that went on without the layer, and is given it when it is resumed."""
    begin(client)
    client.desk.close()
    client.desk = client.new_desk()
    assert begin(client, "resume") == {"parts": ["results"], "wait": []}
    with client.ledger() as ledger:
        assert ledger.layered("s1") is None
    described(client)
    with client.ledger() as ledger:
        assert ledger.layered("s1") == Layered("s1", ("results",), ())


def test_what_was_called_lately_stays_whole_and_in_front(client: Client) -> None:
    """A tool or a skill that the user works with every day, out of sight."""
    calls: tuple[tuple[str, dict[str, object]], ...] = (("Workflow", {}), ("Skill", {"skill": "skill2"}))
    for name, given in calls:
        client.result(client.called(name, given), "done")
    client.send("Stop")
    client.desk.book()
    client.session, client.transcript = "s2", client.transcript.with_name("s2.jsonl")
    assert begin(client) == {"parts": list(mods.PARTS), "wait": []}
    reply = listed(client, SKILLS)
    assert reply is not None
    assert "- skill2: Does 2. Use it when the moon is high" in str(reply["text"])
    assert "- skill3: Does 3.\n" in str(reply["text"])
    client.now += 5 * 7 * 86_400  # five weeks later
    client.session = "s3"
    assert begin(client) == {"parts": list(mods.PARTS), "wait": ["Workflow"]}


def test_waiting_tools_are_named_in_the_first_list_and_not_again(client: Client) -> None:
    begin(client)
    reply = listed(client, "Waiting:\nCronCreate\nWebFetch", kind=mods.WAITING)
    assert reply == {"text": "Waiting:\nCronCreate\nWebFetch\nWorkflow"}
    assert listed(client, "Waiting:\nWorkflow", kind=mods.WAITING) == {"text": waiting.SAID}
    assert listed(client, "Waiting:\nmcp__shop__find", kind=mods.WAITING) is None


def test_whoever_only_watches_is_shown_everything(client: Client) -> None:
    (client.project / ".claude-patterns").mkdir()
    (client.project / ".claude-patterns" / "config.toml").write_text('mode = "monitoring_only"\n')
    assert begin(client) is None
    assert described(client) is None


def result(client: Client, text: str, is_error: bool, **more: object) -> dict[str, object] | None:
    call = client.called("Bash", {"command": "make"})
    common = {"tool_name": "Bash", "tool_use_id": call, "tool_input": {"command": "make"}, **more}
    return client.send("ModResult", result=text, is_error=is_error, **common)


def test_a_failed_command_becomes_a_view_under_its_exit_code(client: Client) -> None:
    begin(client)
    client.prompt("Why does make fail?")
    reply = result(client, f"Exit code 2\n{OUTPUT}", True)
    assert reply is not None
    text = str(reply["text"])
    assert text.startswith("Exit code 2\n")
    assert is_view(text)
    assert "ERROR at rates.py:3: RATE is 0" in text
    first, last = first_fold(text)
    kept = Path(text.rpartition("... whole output: ")[2]).read_text().split("\n")
    assert kept == OUTPUT.split("\n")  # the fold's lines are those of the kept file
    assert 1 <= first <= last <= len(kept)
    (load,) = client.loads()
    assert load.tool == "Bash"
    assert load.shown_tokens < load.raw_tokens / 2


@pytest.mark.parametrize(
    "text",
    [
        "Exit code 1\nshort",
        f"<tool_use_error>No such tool{OUTPUT}</tool_use_error>",
        f"Exit code 2\n... Read offset=3 limit=300: a view already\n{OUTPUT}",
    ],
)
def test_other_errors_stay(client: Client, text: str) -> None:
    begin(client)
    assert result(client, text, True) is None


def test_a_view_loses_its_cell_and_nothing_else_does(client: Client) -> None:
    """A notebook of the user's that is shown without what the client puts around its cells."""
    begin(client)
    view = "... Read offset=1 limit=30: names\n31\tx = 1"
    assert result(client, f'<cell id="view">{view}</cell id="view">', False) == {"text": view}
    for text in (view, '<cell id="view">x = 1</cell id="view">', f'<cell id="a">{view}</cell id="a">', ""):
        assert result(client, text, False) is None


ODD: tuple[object, ...] = (None, 7, "", "\0", "\ud800", [], [[]], {}, {"a": [None]}, True)
EVENTS: dict[str, dict[str, object]] = {
    "ModStart": {"source": "startup", "parts": ["tools"], "tools": POOL},
    "ModTool": {"tool": "Bash", "description": LONG},
    "ModSection": {"section": "memory", "text": "# Memory\n\n" + LONG},
    "ModListing": {"type": mods.SKILLS, "listing": SKILLS, "prompt": "x"},
    "ModResult": {"tool_name": "Bash", "tool_use_id": "t9", "tool_input": {}, "result": OUTPUT, "is_error": True},
}


@pytest.mark.parametrize("name", EVENTS)
def test_whatever_a_field_holds_is_no_opinion_or_an_answer(client: Client, name: str) -> None:
    """A client whose mods' events are of another shape one day."""
    begin(client)
    for key in EVENTS[name]:
        for odd in ODD:
            answer = client.send(name, **EVENTS[name] | {key: odd})
            assert answer is None or set(answer) <= {"parts", "wait", "text", "description"}
