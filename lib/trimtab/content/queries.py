"""The tree-sitter grammars and, for each, the query for what can be a block.

A capture's name is the block's kind, or one of these:
`outer` a wrapper (decorators, a template's head) whose lines go to the definition inside it; `above` a line that goes
to the definition below it; `imports` a line of an import run; `signature` a definition without a body, a block only
when it has more than one line; `constant` and `docstring` blocks only when long; `callback` a call with a title and a
function, such as a test or a route. Patterns are single nodes where they can be: names and bodies are looked up
afterwards, which works on broken input and is cheaper.
"""

GRAMMARS = {  # kind -> (module of the wheel, its function)
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}

PYTHON = """
(function_definition) @function
(class_definition) @class
(decorated_definition) @outer
(import_statement) @imports
(import_from_statement) @imports
(future_import_statement) @imports
(module (expression_statement (assignment) @constant))
(class_definition body: (block (expression_statement (assignment) @constant)))
(module (expression_statement (string)) @docstring)
"""

JAVASCRIPT = """
(function_declaration) @function
(generator_function_declaration) @function
(class_declaration) @class
(method_definition) @method
(variable_declarator value: [(arrow_function) (function_expression) (generator_function) (class)]) @function
(assignment_expression
  left: [(identifier) (member_expression) (subscript_expression)]
  right: [(arrow_function) (function_expression) (generator_function) (class)]) @function
(pair value: [(arrow_function) (function_expression)]) @method
(call_expression
  arguments: (arguments . [(string) (template_string)] [(arrow_function) (function_expression)])) @callback
(import_statement) @imports
(export_statement source: (_)) @imports
(program [(lexical_declaration) (variable_declaration)] @constant)
(program (expression_statement (assignment_expression) @constant))
(export_statement declaration: [(lexical_declaration) (variable_declaration)] @constant)
(export_statement value: [(function_expression) (arrow_function) (class)] @function)
(export_statement value: [(object) (call_expression)]) @constant
(decorator) @above
"""
JAVASCRIPT_ONLY = """
(field_definition value: [(arrow_function) (function_expression)]) @method
"""
TYPESCRIPT = """
(public_field_definition value: [(arrow_function) (function_expression)]) @method
(abstract_class_declaration) @class
(interface_declaration) @interface
(type_alias_declaration) @type
(enum_declaration) @enum
(internal_module) @namespace
(module) @namespace
(function_signature) @signature
(abstract_method_signature) @signature
(method_signature) @signature
"""

GO = """
(function_declaration) @function
(method_declaration) @method
(type_spec) @type
(source_file (var_declaration) @constant)
(source_file (const_declaration) @constant)
(call_expression arguments: (argument_list . (interpreted_string_literal) (func_literal))) @callback
(import_declaration) @imports
"""

RUST = """
(function_item) @function
(function_signature_item) @signature
(struct_item) @struct
(union_item) @struct
(enum_item) @enum
(trait_item) @trait
(impl_item) @impl
(mod_item body: (_)) @module
(macro_definition) @macro
(type_item) @signature
(const_item) @constant
(static_item) @constant
(use_declaration) @imports
(extern_crate_declaration) @imports
(attribute_item) @above
"""

JAVA = """
(class_declaration) @class
(interface_declaration) @interface
(annotation_type_declaration) @interface
(enum_declaration) @enum
(record_declaration) @class
(method_declaration) @method
(constructor_declaration) @method
(compact_constructor_declaration) @method
(static_initializer) @method
(field_declaration) @constant
(import_declaration) @imports
"""

C = """
(function_definition) @function
(struct_specifier body: (_)) @struct
(union_specifier body: (_)) @struct
(enum_specifier body: (_)) @enum
(type_definition) @type
(declaration declarator: (function_declarator)) @signature
(declaration declarator: (pointer_declarator declarator: (function_declarator))) @signature
(declaration declarator: (init_declarator value: (initializer_list))) @constant
(preproc_def) @macro
(preproc_function_def) @macro
(preproc_include) @imports
"""
CPP = """
(class_specifier body: (_)) @class
(namespace_definition) @namespace
(template_declaration) @outer
(concept_definition) @type
(alias_declaration) @signature
(field_declaration declarator: (function_declarator)) @signature
"""

QUERIES = {
    "python": PYTHON,
    "javascript": JAVASCRIPT + JAVASCRIPT_ONLY,
    "typescript": JAVASCRIPT + TYPESCRIPT,
    "tsx": JAVASCRIPT + TYPESCRIPT,
    "go": GO,
    "rust": RUST,
    "java": JAVA,
    "c": C,
    "cpp": C + CPP,
}

# How deep below the root a definition may begin. The query's time is that of its way through the tree, so it looks no
# deeper: 1 ms instead of 3 for 2,000 lines. Chosen to reach a function in a decorated method, a method of a class in a
# function, in C++ in two namespaces, and in Go a `t.Run` in a loop.
DEPTHS = {"python": 7, "javascript": 11, "typescript": 11, "tsx": 11, "go": 8, "rust": 7, "java": 8, "c": 6, "cpp": 10}
NESTED_TESTS = 13  # a test in two `describe`s


def depth_of(kind: str, text: str) -> int:
    """The depth to which the query looks in `text`."""
    is_tests = kind in ("javascript", "typescript", "tsx") and "describe(" in text
    return NESTED_TESTS if is_tests else DEPTHS[kind]
