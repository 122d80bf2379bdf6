"""What schemathesis has to know of Kith beyond its OpenAPI document."""

import copy

import schemathesis
from schemathesis import GenerationMode

# Why a request may be refused that the document allows: all of them are about what is in the database, or about two
# members of the input together.
STATES = {
    "ambiguous_match",
    "command_only",
    "cursor_mismatch",
    "illegal_move",
    "illegal_state",
    "invalid_cursor",
    "not_found",
    "not_unique",
    "predicate_too_large",
    "reference_not_found",
    "stage_requirement",
    "version_conflict",
    "version_required",
}

PREFIX = "#/components/schemas/"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Predicates may hold predicates, five deep; data is made for two levels of them."""
    schemas = raw_schema["components"]["schemas"]
    flat = {f"{name}Flat": without_predicates(schema) for name, schema in schemas.items() if name.endswith("Where")}
    for name, schema in schemas.items():
        if not name.endswith("Search"):
            refer_to_flat(schema)
    schemas.update(flat)


def without_predicates(schema):
    schema = copy.deepcopy(schema)
    links = ("Where", "LinkTest")
    schema["properties"] = {
        name: member
        for name, member in schema["properties"].items()
        if member.get("$ref", "").endswith("Test") and not member["$ref"].endswith(links)
    }
    return schema


def refer_to_flat(node):
    if isinstance(node, list):
        for item in node:
            refer_to_flat(item)
    elif isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(PREFIX) and reference.endswith("Where"):
            node["$ref"] = f"{reference}Flat"
        for member in node.values():
            refer_to_flat(member)


@schemathesis.check
def refused_for_a_reason(ctx, response, case):
    """What the document allows is refused for the state of things only."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if response.status_code not in (400, 404, 405, 406, 409, 412, 413, 415, 422, 428):
        return
    problem = response.json()
    codes = {violation["code"] for violation in problem["errors"]} or {problem["code"]}
    assert codes <= STATES, f"refused though the document allows it: {problem}"
