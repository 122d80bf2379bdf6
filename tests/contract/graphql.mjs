// What breaks clients between two GraphQL schemas, as graphql-js finds it, each with the name of what has changed.

import { BreakingChangeType as Type, buildSchema, findBreakingChanges, isInputObjectType } from 'graphql';

// graphql-js tells names in sentences only; the test holds each of these to what it says.
const subjects = {
  [Type.REQUIRED_INPUT_FIELD_ADDED]: /^A required field (?<member>\S+) on input type (?<owner>\S+) was added/,
  [Type.REQUIRED_ARG_ADDED]: /^A required arg (?<member>\S+) on (?<owner>\S+) was added/,
  [Type.VALUE_REMOVED_FROM_ENUM]: /^(?<member>\S+) was removed from enum type (?<owner>\S+)\.$/,
  [Type.TYPE_REMOVED_FROM_UNION]: /^(?<member>\S+) was removed from union type (?<owner>\S+)\.$/,
  [Type.ARG_REMOVED]: /^(?<owner>\S+) arg (?<member>\S+) was removed/,
  [Type.ARG_CHANGED_KIND]: /^(?<owner>\S+) arg (?<member>\S+) has changed type from (?<type>\S+) to/,
  [Type.FIELD_CHANGED_KIND]: /^(?<owner>\S+) changed type from (?<type>\S+) to/,
};

/** `[{ name, also, detail }]`: what has changed, the old type it had, and how. */
export function breakingChanges(before, after) {
  const [old, current] = [before, after].map((text) => buildSchema(text));
  const changes = findBreakingChanges(old, current).map(({ type, description }) => {
    const { owner, member, type: had } = (subjects[type] ?? /^(?<owner>\S+)/).exec(description)?.groups ?? {};
    const name = member === undefined ? (owner ?? description) : `${owner}.${member}`;
    return { name, also: had?.replace(/[[\]!]/g, ''), detail: description };
  });
  // graphql-js 16 does not look at what takes one member only.
  for (const type of Object.values(old.getTypeMap()).filter(isInputObjectType)) {
    const now = current.getType(type.name);
    if (!type.isOneOf && isInputObjectType(now) && now.isOneOf) {
      changes.push({ name: type.name, detail: `${type.name} takes one member only.` });
    }
  }
  return changes;
}
