"""What the definition in a syntax tree's node is called."""

import re

from tree_sitter import Node

from trimtab.content.nesting import LONGEST_NAME

LONG_NAME = 40  # a longer one goes without its type arguments
SPACES = re.compile(r"\s+")
WRAPPERS = {  # nodes without a name of their own
    "const_declaration",
    "expression_statement",
    "lexical_declaration",
    "parenthesized_declarator",
    "reference_declarator",
    "var_declaration",
    "var_spec_list",
    "variable_declaration",
}
ALL_FIELDS = ("name", "key", "property", "left", "declarator")
FIELDS = {  # which of them to ask for first, where it is not the first
    "assignment": ("left",),
    "assignment_expression": ("left",),
    "declaration": ("declarator",),
    "field_declaration": ("declarator",),
    "function_declarator": ("declarator",),
    "init_declarator": ("declarator",),
    "pair": ("key",),
    "pointer_declarator": ("declarator",),
    "type_definition": ("declarator",),
}


def name_of(node: Node, data: bytes) -> str:
    """What a definition is called, as the source writes it; "" if it has no name. A Go method is `Type.name`."""
    kind = node.type
    if kind == "static_initializer":
        return "static"
    if kind == "impl_item":
        trait, of = node.child_by_field_name("trait"), node.child_by_field_name("type")
        return " for ".join(text_of(part, data) for part in (trait, of) if part is not None)
    if kind == "export_statement":
        inner = node.child_by_field_name("declaration")
        return "default" if inner is None else name_of(inner, data)
    if kind == "method_declaration":
        receiver = node.child_by_field_name("receiver")
        if receiver is not None:
            method = node.child_by_field_name("name")
            words = re.findall(r"\w+", text_of(receiver, data).partition("[")[0])
            return ".".join([*words[-1:], text_of(method, data) if method is not None else ""])
    if kind.endswith(("identifier", "_name")) and kind != "qualified_identifier":
        return text_of(node, data)
    for field in FIELDS.get(kind, ALL_FIELDS):
        part = node.child_by_field_name(field)
        if part is not None:
            found = name_of(part, data) if field == "declarator" else text_of(part, data).strip("\"'`")
            if found in ("const", "let", "var"):  # in a class that is not closed a declaration looks like a field
                found = "".join(re.findall(r"\w+", text_of(node, data))[1:2])
            return found if len(found) <= LONG_NAME else found.partition("<")[0]
    if kind in WRAPPERS:
        return first_name(node, data)
    return ""


def first_name(node: Node, data: bytes) -> str:
    """The name of the first part of `node` that has one: `a` of `a = 1, b = 2`."""
    for child in node.named_children[:3]:
        if child.type != "comment":
            return name_of(child, data)
    return ""


def gtest_name(node: Node, data: bytes) -> str:
    """`Suite.case` of `TEST(Suite, case) {...}`; "" if it isn't one."""
    declarator = node.child_by_field_name("declarator")
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    return ".".join(re.findall(r"\w+", text_of(parameters, data))) if parameters is not None else ""


def text_of(node: Node, data: bytes) -> str:
    """The node's source on one line, at most LONGEST_NAME of it."""
    start = node.start_byte
    text = data[start : min(node.end_byte, start + 4 * LONGEST_NAME)].decode("utf-8", "ignore")
    if not text.isidentifier():  # as most names are
        text = SPACES.sub(" ", text).strip()
    return text[:LONGEST_NAME]
