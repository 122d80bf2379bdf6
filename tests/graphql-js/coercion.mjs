// What graphql-js says to literals and variables of many kinds in many places, over Kith's own schema; the
// end-to-end tests ask Kith the same. `just coercion` writes tests/e2e/graphql/tools/coercion.json anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, execute, getNamedType, getNullableType, isLeafType, isListType, parse, validate } from 'graphql';

const root = new URL('../../', import.meta.url);
const schema = buildSchema(readFileSync(new URL('schema.graphql', root), 'utf8'));

// A field that stands for any value of its type, so that only inputs can be wrong.
const anything = (_source, _arguments, _context, info) => {
  const type = getNullableType(info.returnType);
  if (isListType(type)) return [];
  const named = getNamedType(type);
  if (!isLeafType(named)) return { __typename: 'Contact' };
  return { Boolean: true, Int: 1, Float: 1 }[named.name] ?? null;
};

function refused(query, variables) {
  let document;
  try {
    document = parse(query);
  } catch {
    return true;
  }
  if (validate(schema, document).length > 0) return true;
  const result = execute({ schema, document, variableValues: variables, fieldResolver: anything, rootValue: {} });
  return (result.errors ?? []).some((error) => !error.message.startsWith('Cannot return null'));
}

// Where a value stands, and in which operation.
const list = (place) => `{ contacts(first: 1, ${place}) { totalCount } }`;
const places = {
  first: '{ contacts(first: VALUE) { totalCount } }',
  after: list('after: VALUE'),
  deleted: list('deleted: VALUE'),
  where: list('where: VALUE'),
  orderBy: list('orderBy: VALUE'),
  order: list('orderBy: [VALUE]'),
  direction: list('orderBy: [{ givenName: VALUE }]'),
  eq: list('where: { givenName: { eq: VALUE } }'),
  in: list('where: { givenName: { in: VALUE } }'),
  item: list('where: { givenName: { in: ["a", VALUE] } }'),
  and: list('where: { and: VALUE }'),
  ids: list('where: { tagIds: { containsAny: VALUE } }'),
  choice: list('where: { lifecycle: { in: VALUE } }'),
  isNull: list('where: { givenName: { isNull: VALUE } }'),
  count: list('where: { deals: { count: { gte: VALUE } } }'),
  instant: list('where: { createdAt: { gte: VALUE } }'),
  money: '{ deals(first: 1, where: { amount: { gte: VALUE } }) { totalCount } }',
  amount: '{ deals(first: 1, where: { amount: { gte: { amount: VALUE, currency: "EUR" } } }) { totalCount } }',
  json: '{ segmentMembers(id: "segment_01h455vb4pex5vsknk084sn02q", first: 1, where: VALUE) { totalCount } }',
  inside: '{ segmentMembers(id: "segment_01h455vb4pex5vsknk084sn02q", first: 1, where: { a: [VALUE] }) { totalCount } }',
  id: '{ contact(id: VALUE) { id } }',
  input: 'mutation { updateContact(id: "contact_01h455vb4pex5vsknk084sn02q", input: VALUE) { userErrors { code } } }',
  emails: 'mutation { updateContact(id: "contact_01h455vb4pex5vsknk084sn02q", input: { emails: VALUE }) { userErrors { code } } }',
  type: '{ __type(name: VALUE) { name } }',
  old: '{ __type(name: "OrderDirection") { enumValues(includeDeprecated: VALUE) { name } } }',
  include: '{ __typename @include(if: VALUE) }',
};

const literals = [
  'null', '1', '-1', '0', '2147483647', '2147483648', '9007199254740993', '1.5', '1e3', '"a"', '""', '"1"', '"""a"""',
  '"\\u{1F600}"', 'true', 'ASC', 'ONLY', 'UP', '"ASC"', '"ONLY"', '[]', '[1]', '["a"]', '["a", null]', '["a", 1]', '[["a"]]',
  '[null]', '[ASC]', '[LEAD]', 'LEAD', '["LEAD"]', '{}', '[{}]', '{ a: 1 }', '{ givenName: ASC }', '[{ givenName: ASC }]',
  '{ givenName: "ASC" }', '{ givenName: null }', '{ givenName: ASC, familyName: ASC }', '{ givenName: "a" }',
  '{ givenName: "a", givenName: "b" }', '{ givenName: { eq: "a" } }', '{ givenName: { eq: 1 } }',
  '{ givenName: { eq: "a", eq: "b" } }', '{ givenName: { in: "a" } }', '{ and: { givenName: { eq: "a" } } }',
  '[{ givenName: { eq: "a" } }]', '{ amount: "1", currency: "EUR" }', '{ amount: "1" }', '{ amount: null, currency: "EUR" }',
  '{ amount: 1, currency: EUR }', '{ address: "a@b.de" }', '[{ address: "a@b.de", type: WORK }]', '[{ type: WORK }]',
  '{ address: "a@b.de", primary: "true" }', '{ relative: "-P30D" }', '$nobody', '{ a: $nobody }', '[$nobody]',
];

const types = [
  'Int', 'Int!', 'String', 'String!', '[String!]', '[String!]!', '[String]', '[[String!]]', 'ID', 'ID!', '[ID!]', '[ID!]!', '[ID]!',
  'Boolean', 'Boolean!', 'JSON', 'JSON!', 'Decimal', 'Decimal!', 'DateTimeOperand', 'DateTime', 'OrderDirection', 'OrderDirection!',
  'DeletedFilter', 'DeletedFilter!', 'ContactLifecycle', '[ContactLifecycle!]', 'ContactFilter', 'ContactFilter!', '[ContactFilter!]',
  'ContactOrder', 'ContactOrder!', '[ContactOrder]', '[ContactOrder!]', '[ContactOrder!]!', 'MoneyInput', 'UpdateContactInput!',
  'UpdateContactInput', '[EmailInput!]', 'EmailInput!', 'Contact', 'Nope',
];

// A value of each type, as a variable and as a default.
const samples = {
  Int: [1, '1'], String: ['a', '"a"'], ID: ['a', '"a"'], Boolean: [true, 'true'], JSON: [{}, '{}'],
  Decimal: ['1', '"1"'], DateTimeOperand: ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'],
  DateTime: ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'], OrderDirection: ['ASC', 'ASC'], DeletedFilter: ['ONLY', 'ONLY'],
  ContactLifecycle: ['LEAD', 'LEAD'], ContactFilter: [{}, '{}'], ContactOrder: [{ givenName: 'ASC' }, '{ givenName: ASC }'],
  MoneyInput: [{ amount: '1', currency: 'EUR' }, '{ amount: "1", currency: "EUR" }'], UpdateContactInput: [{}, '{}'],
  EmailInput: [{ address: 'a@b.de' }, '{ address: "a@b.de" }'], Contact: [{}, '{}'], Nope: [1, '1'],
};

// The place of each type that takes a variable of it, for values that are sent.
const takers = {
  Int: 'first', String: 'eq', '[String!]': 'in', 'ID!': 'id', '[ID!]': 'ids', Boolean: 'isNull', JSON: 'json', DateTimeOperand: 'instant',
  'Decimal!': 'amount', OrderDirection: 'direction', DeletedFilter: 'deleted', '[ContactLifecycle!]': 'choice', ContactFilter: 'where',
  '[ContactOrder!]': 'orderBy', 'ContactOrder!': 'order', MoneyInput: 'money', 'UpdateContactInput!': 'input', '[EmailInput!]': 'emails',
  'Boolean!': 'include', 'String!': 'type', '[ContactFilter!]': 'and',
};

const values = [
  null, 1, -1, 2147483648, 1.5, 'a', '', '1', true, 'ASC', 'LEAD', 'ONLY', 'asc', [], [1], ['a'], ['a', null], [['a']], [null], {}, [{}], { a: 1 },
  { givenName: 'ASC' }, [{ givenName: 'ASC' }], { givenName: null }, { givenName: 'ASC', familyName: 'ASC' }, { givenName: { eq: 'a' } },
  { givenName: { eq: 1 } }, { givenName: { in: 'a' } }, { and: { givenName: { eq: 'a' } } }, { amount: '1', currency: 'EUR' }, { amount: '1' },
  { amount: null, currency: 'EUR' }, { address: 'a@b.de' }, { address: 'a@b.de', nope: 1 }, [{ address: 'a@b.de', type: 'WORK' }],
  [{ address: 'a@b.de', type: 'CASTLE' }], 9007199254740991,
];

// Every case that is taken, and one in five of those that are refused: what is refused for one reason fills most of
// the table.
const cases = [];
let left = 0;
const add = (query, variables, every = 5) => {
  const isRefused = refused(query, variables);
  if (!isRefused || left++ % every === 0) cases.push([query, variables, isRefused]);
};
const declare = (query, definition) => {
  const [word, rest] = query.startsWith('mutation') ? ['mutation', query.slice(8)] : ['query', query];
  return `${word}(${definition})${rest}`;
};

// Since its seventeenth version graphql-js takes no null for `includeDeprecated`, as Kith does.
const takesNull = (place) => place !== places.old;
for (const place of Object.values(places)) {
  for (const literal of literals) if (literal !== 'null' || takesNull(place)) add(place.replace('VALUE', literal), {});
}
for (const place of Object.values(places)) {
  for (const type of types) {
    const [value, literal] = samples[type.replace(/[![\]]/g, '')];
    const query = place.replace('VALUE', '$v');
    add(declare(query, `$v: ${type}`), { v: type.startsWith('[[') ? [[value]] : type.startsWith('[') ? [value] : value });
    add(declare(query, `$v: ${type} = ${literal}`), {});
    if (!type.endsWith('!')) {
      add(declare(query, `$v: ${type}`), {});
      if (takesNull(place)) add(declare(query, `$v: ${type} = ${literal}`), { v: null });
    }
  }
}
for (const [type, place] of Object.entries(takers)) {
  for (const value of values) add(declare(places[place].replace('VALUE', '$v'), `$v: ${type}`), { v: value });
}
for (const [query, variables] of [
  ['query($a: Int) { __typename }', {}],
  ['query($a: Int, $a: Int) { contacts(first: $a) { totalCount } }', { a: 1 }],
  ['query($a: Int = "1") { contacts(first: $a) { totalCount } }', {}],
  ['query($a: Int! = null) { contacts(first: $a) { totalCount } }', {}],
  ['query A($a: Int!) { ...F } query B { ...F } fragment F on Query { contacts(first: $a) { totalCount } }', { a: 1 }],
  ['query($a: ID!) { ...F } fragment F on Query { contacts(first: $a) { totalCount } }', { a: '1' }],
  ['query($a: [ID!]!) { contacts(first: 1, where: {tagIds: {containsAny: $a}}) { totalCount } }', { a: ['tag_01h455vb4pex5vsknk084sn02q'] }],
  ['query($a: Int) { a: contacts(first: $a) { totalCount } a: contacts(first: $a) { totalIsCapped } }', { a: 1 }],
  ['query($a: Int, $b: Int) { a: contacts(first: $a) { totalCount } a: contacts(first: $b) { totalIsCapped } }', { a: 1, b: 1 }],
  ['{ contacts(first: 1, first: 1) { totalCount } }', {}],
  ['{ contact { id } }', {}],
  ['{ __typename @skip }', {}],
  ['{ __typename @nope }', {}],
  ['query($a: Boolean!) { __typename @skip(if: $a) @skip(if: $a) }', { a: true }],
]) add(query, variables, 1);

const lines = cases.map((one) => JSON.stringify(one));
writeFileSync(new URL('tests/e2e/graphql/tools/coercion.json', root), `[\n${lines.join(',\n')}\n]\n`);
console.log(`${cases.length} cases, ${cases.filter(([, , isRefused]) => isRefused).length} of them refused`);
