"""What schemathesis has to know of Kith beyond its OpenAPI document."""

import copy
import re

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

# More that a schema cannot say: which fields an order names twice, which links an object has, what a contact or a line
# item needs one of, which texts are blank once they are cleaned, what a file's name tells, what an import's mapping may
# hold, which fields a stage may require.
REASONS = {
    ("invalid_parameter", "/orderBy"),
    ("invalid_parameter", "/sort"),
    ("required", "/externalRefs/n/id"),
    ("required", "/externalRefs/n/system"),
    ("required", "/format"),
    ("required", "/givenName"),
    ("required", "/name"),
    ("invalid", "/mapping"),
    ("unknown_field", "/include"),
    ("unknown_value", "/requiredFields/n"),
    ("unknown_value", "/addRequiredFields/n"),
}
# Texts of a form: addresses, colours, languages; amounts with the decimals of their currency; the range of years; ids
# of the object that a field refers to.
FORMS = (" must be ", "with the currency's decimals is expected", "duration is expected", "instant", "a date", "an id of ")
# What is about two members together, or about now.
RELATIONS = ("is given as a whole", "would lead round", "must not be in the past", "name different versions")

PREFIX = "#/components/schemas/"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Bounds what has no end, would be refused nearly always, or says the same many times.

    Filters may hold filters, five deep: data is made for two levels of them, and of the fields and links of an object
    that are filtered alike for one each. The names of all fields behind all links are too many for the document: data
    is made with one that every record has.
    """
    schemas = raw_schema["components"]["schemas"]
    parameters = raw_schema["components"]["parameters"]
    parameters["fields"]["schema"]["pattern"] = "^id$"
    parameters["include"]["schema"]["enum"] = ["createdBy"]
    parameters["filter"]["schema"] = {"type": "object", "maxProperties": 0}
    filters = {name for name, schema in schemas.items() if "and" in schema.get("properties", {})}
    for name in filters:
        schemas[name]["properties"] = one_of_each(schemas, filters, name)
    flat = {f"{name}Flat": without_filters(schemas, filters, name) for name in filters}
    for name, schema in schemas.items():
        if name.startswith("Search"):
            schema["properties"]["fields"]["items"]["pattern"] = "^id$"
            schema["properties"]["include"]["maxItems"] = 0
        else:
            refer_to_flat(filters, schema)
    # Lists take the same filters as searches.
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            refer_to_flat(filters, operation.get("parameters", []))
    schemas.update(flat)


def target(schemas, filters, member):
    """The name of a filter's member's filter, or what kind of link it is."""
    name = member.get("$ref", "").removeprefix(PREFIX)
    if name in filters:
        return "a record"
    # The filters of lists of items know `isNull`, those of many records do not.
    properties = schemas.get(name, {}).get("properties", {})
    return "many records" if "some" in properties and "isNull" not in properties else name


def one_of_each(schemas, filters, name):
    """The filter's members, but only the first of those that are filtered alike; combinators are all kept."""
    kept = {}
    for member, schema in schemas[name]["properties"].items():
        kept.setdefault(target(schemas, filters, schema) if "$ref" in schema and member != "not" else member, member)
    return {member: schemas[name]["properties"][member] for member in kept.values()}


def without_filters(schemas, filters, name):
    """The filter without those of linked records and without combinators."""
    schema = copy.deepcopy(schemas[name])
    members = schema["properties"].items()
    links = ("", "a record", "many records")
    schema["properties"] = {name: member for name, member in members if target(schemas, filters, member) not in links}
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
    code, detail = violation["code"], violation["detail"]
    pointer = re.sub(r"/[0-9]+", "/n", violation.get("pointer", ""))
    return (
        code in STATES
        or (code, pointer) in REASONS
        or (code == "wrong_type" and any(form in detail for form in FORMS))
        or any(relation in detail for relation in RELATIONS)
    )
