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

# More that a schema cannot say: which fields an order names twice, what a contact or a line item needs one of, what a
# file's name tells, what an import's mapping may hold.
REASONS = {
    ("invalid_parameter", "/orderBy"),
    ("invalid_parameter", "/sort"),
    ("required", "/format"),
    ("required", "/givenName"),
    ("required", "/name"),
    ("invalid", "/mapping"),
}
# Texts of a form: addresses, colours, languages; amounts with the decimals of their currency; the range of years.
FORMS = (" must be ", "with the currency's decimals is expected", "duration is expected", "instant", "a date")

PREFIX = "#/components/schemas/"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Bounds what has no end, or would be refused nearly always.

    Predicates may hold predicates, five deep: data is made for two levels of them. The names of all fields behind all
    links are too many for the document: data is made with one that every record has.
    """
    schemas = raw_schema["components"]["schemas"]
    parameters = raw_schema["components"]["parameters"]
    parameters["fields"]["schema"]["pattern"] = "^id$"
    parameters["include"]["schema"]["enum"] = ["createdBy"]
    parameters["filter"]["schema"] = {"type": "object", "maxProperties": 0}
    filters = {name for name, schema in schemas.items() if "and" in schema.get("properties", {})}
    flat = {f"{name}Flat": without_filters(schemas, filters, name) for name in filters}
    for name, schema in schemas.items():
        if name.startswith("Search"):
            schema["properties"]["fields"]["items"]["pattern"] = "^id$"
            schema["properties"]["include"]["maxItems"] = 0
        else:
            refer_to_flat(filters, schema)
    schemas.update(flat)


def without_filters(schemas, filters, name):
    """The filter without those of linked records and without combinators."""
    schema = copy.deepcopy(schemas[name])

    def is_kept(member):
        of = member.get("$ref", "").removeprefix(PREFIX)
        # The filters of lists of items know `isNull`, those of many records do not.
        is_of_records = "some" in schemas.get(of, {}).get("properties", {}) and "isNull" not in schemas[of]["properties"]
        return of and of not in filters and not is_of_records

    schema["properties"] = {name: member for name, member in schema["properties"].items() if is_kept(member)}
    return schema


def refer_to_flat(filters, node):
    if isinstance(node, list):
        for item in node:
            refer_to_flat(filters, item)
    elif isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.removeprefix(PREFIX) in filters:
            node["$ref"] = f"{reference}Flat"
        for member in node.values():
            refer_to_flat(filters, member)


@schemathesis.check
def refused_for_a_reason(ctx, response, case):
    """What the document allows is refused for the state of things only."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if response.status_code not in (400, 404, 405, 406, 409, 412, 413, 415, 422, 428):
        return
    problem = response.json()
    violations = problem["errors"] or [problem]
    assert all(is_explained(violation) for violation in violations), f"refused though the document allows it: {problem}"


def is_explained(violation):
    code, pointer, detail = violation["code"], violation.get("pointer", ""), violation["detail"]
    return code in STATES or (code, pointer) in REASONS or (code == "wrong_type" and any(form in detail for form in FORMS))
