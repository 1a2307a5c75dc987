"""Listings cut to what the prompt makes likely: names stay, and whole entries where they matter."""

from trimtab.prompt import listings

HEAD = "The following skills are available for use with the Skill tool:"
SKILLS = f"""{HEAD}

- charts: Use when drawing a chart, graph or plot of any kind, in any medium that a person may look at. Read it BEFORE
the first line of plotting code.
- deploy: Ships the service. Use when asked to ship, release or roll back.
- shop:refund: Refunds an order (needs the order's number, the amount, and why the customer wants it back at all). Ask.
- tiny: Tidies."""
CUT = """The following skills are available for use with the Skill tool:

- charts: Use when drawing a chart, graph or plot of any kind ...
- deploy: Ships the service.
- shop:refund: Refunds an order ...
- tiny: Tidies."""
AGENTS = """Available agent types for the Agent tool:
- Explore: Finds code. It reads excerpts. (Tools: All tools except Agent, Artifact, Edit, Write, NotebookEdit, and more)
- setup: Sets the status line up. Ask it nothing else at all. (Tools: Read, Edit)

When you launch multiple agents, send them in one message."""


def cut(listing: str, prompt: str) -> str:
    return listings.cut(listing, listings.likely(listing, prompt))


def test_unlikely_entries_keep_name_and_first_clause() -> None:
    """A skill that can't be called because its name is gone, or a cut in the midst of a bracket."""
    assert cut(SKILLS, "Say hello.") == CUT


def test_what_the_prompt_speaks_of_stays_whole() -> None:
    """The one skill that the task needs, without what says when to use it."""
    shown = cut(SKILLS, "Please draw a plot of the prices, as a graph.")
    assert "Read it BEFORE\nthe first line of plotting code." in shown
    assert "- deploy: Ships the service.\n" in shown
    assert "needs the order's number" in cut(SKILLS, "Do a refund of 17.")  # by its name
    assert "roll back" in cut(SKILLS, "Then deploy it")
    assert cut(SKILLS, "One graph") == CUT  # one word is chance


def test_what_was_used_stays_whole() -> None:
    assert "roll back" in listings.cut(SKILLS, {"deploy"})


def test_agents_keep_short_lists_of_tools_and_what_follows_the_list() -> None:
    """What the client says below the list, gone with its last entry."""
    assert cut(AGENTS, "hi") == (
        "Available agent types for the Agent tool:\n- Explore: Finds code.\n"
        "- setup: Sets the status line up. (Tools: Read, Edit)\n\n"
        "When you launch multiple agents, send them in one message."
    )


def test_the_same_arguments_give_the_same_text_and_other_texts_stay() -> None:
    """A prompt cache that sets break, whose order is another in each process."""
    prompt = "a plot and a graph, ship the release, refund the order"
    assert cut(SKILLS, prompt) == cut(SKILLS, prompt)
    for text in ("", "nothing of the kind", "- a: b"):
        assert cut(text, prompt) == text


def test_no_more_than_a_few_are_likely() -> None:
    """A long prompt that speaks of everything would cut nothing."""
    entries = "\n".join(f"- skill{n}: mends fence{n}a and fence{n}b" for n in range(9))
    prompt = " ".join(f"fence{n}a fence{n}b" for n in range(9))
    assert len(listings.likely(f"{HEAD}\n\n{entries}", prompt)) == listings.MOST_LIKELY
