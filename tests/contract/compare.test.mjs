// That the comparison refuses what breaks clients, by the name that CHANGELOG.md has to tell, and passes what does not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { causes, newest, toldOf, untold } from './compare.mjs';
import { breakingChanges as inGraphql } from './graphql.mjs';
import { breakingChanges as inOpenapi } from './openapi.mjs';

const names = (changes) => [...new Set(changes.map(({ name }) => name))].sort();

const SCHEMA = `
  type Query { contact(id: ID!, deleted: Deleted): Contact old(a: Int): Int }
  type Contact { id: ID! name: String version: Int! kind: Kind }
  enum Kind { LEAD CUSTOMER }
  enum Deleted { ONLY }
  input ContactInput { name: String kind: Kind }
  type Mutation { create(input: ContactInput!): Contact }
`;

/** What breaks when one thing of the schema is another. */
function graphql(from, to) {
  assert.ok(SCHEMA.includes(from), from);
  return names(inGraphql(SCHEMA, SCHEMA.replace(from, to)));
}

test('GraphQL: what breaks clients is told by its name', () => {
  assert.deepEqual(graphql('name: String version', 'version'), ['Contact.name']);
  assert.deepEqual(graphql('version: Int!', 'version: String!'), ['Contact.version']);
  assert.deepEqual(graphql('version: Int!', 'version: Int'), ['Contact.version']);
  assert.deepEqual(graphql('LEAD CUSTOMER', 'CUSTOMER'), ['Kind.LEAD']);
  assert.deepEqual(graphql('name: String kind', 'name: String! kind'), ['ContactInput.name']);
  assert.deepEqual(graphql('kind: Kind }\n  type Mutation', 'kind: Kind tag: ID! }\n  type Mutation'), ['ContactInput.tag']);
  assert.deepEqual(graphql('old(a: Int): Int', ''), ['Query.old']);
  assert.deepEqual(graphql('old(a: Int)', 'old'), ['Query.old.a']);
  assert.deepEqual(graphql('old(a: Int)', 'old(a: String)'), ['Query.old.a']);
  assert.deepEqual(graphql('old(a: Int)', 'old(a: Int, b: Int!)'), ['Query.old.b']);
  assert.deepEqual(graphql('input ContactInput', 'input ContactInput @oneOf'), ['ContactInput']);
});

test('GraphQL: a type of another name is told once', () => {
  const changes = inGraphql(SCHEMA, SCHEMA.replaceAll('Deleted', 'DeletedFilter'));
  assert.deepEqual(names(changes), ['Deleted', 'Query.contact.deleted']);
  assert.deepEqual(names(causes(changes)), ['Deleted']);
  assert.deepEqual(untold(changes, new Set(['Deleted'])), []);
});

test('GraphQL: additions pass', () => {
  assert.deepEqual(graphql('id: ID! name', 'id: ID! more: Int name'), []);
  assert.deepEqual(graphql('LEAD CUSTOMER', 'LEAD CUSTOMER PARTNER'), []);
  assert.deepEqual(graphql('old(a: Int)', 'old(a: Int, b: Int)'), []);
  assert.deepEqual(graphql('name: String kind', 'name: String tag: ID kind'), []);
  assert.deepEqual(graphql('type Query {', 'type Tag { id: ID! } type Query { tag: Tag'), []);
  assert.deepEqual(graphql('kind: Kind }\n  enum', 'kind: Kind! }\n  enum'), []);
});

const DOCUMENT = readFileSync(new URL('../../openapi/kith.json', import.meta.url), 'utf8');

/** What breaks when something is done to the document. */
function openapi(change) {
  const document = JSON.parse(DOCUMENT);
  change(document.components.schemas, document.paths, document);
  return names(inOpenapi(DOCUMENT, JSON.stringify(document)));
}

test('OpenAPI: what breaks clients is told by its name', () => {
  assert.deepEqual(openapi((_, paths) => delete paths['/v1/contacts'].get), ['GET /v1/contacts']);
  assert.deepEqual(openapi((_, paths) => delete paths['/v1/me']), ['GET /v1/me']);
  assert.deepEqual(openapi((_, paths) => (paths['/v1/me'].get.operationId = 'whoami')), ['GET /v1/me']);
  assert.deepEqual(openapi(({ Contact }) => delete Contact.properties.givenName), ['Contact.givenName']);
  assert.deepEqual(openapi(({ Contact }) => (Contact.properties.version.type = 'string')), ['Contact.version']);
  assert.deepEqual(openapi(({ Contact }) => (Contact.properties.version.type = ['integer', 'null'])), ['Contact.version']);
  assert.deepEqual(openapi(({ Money }) => Money.required.pop()), ['Money.currency']);
  assert.deepEqual(openapi(({ DealStatus }) => DealStatus.enum.shift()), ['DealStatus.OPEN']);
  const required = ({ CreateDealInput }) => CreateDealInput.required.push('amount');
  assert.deepEqual(openapi(required), ['CreateDealInput.amount']);
  const added = ({ CreateTagInput }) => {
    CreateTagInput.properties.more = { type: 'string' };
    CreateTagInput.required.push('more');
  };
  assert.deepEqual(openapi(added), ['CreateTagInput.more']);
  assert.deepEqual(openapi(({ CreateTagInput }) => delete CreateTagInput.properties.id), ['CreateTagInput.id']);
  assert.deepEqual(openapi(({ CreateTagInput }) => (CreateTagInput.properties.name.maxLength = 3)), ['CreateTagInput.name']);
  assert.deepEqual(openapi(({ MoneyInput }) => (MoneyInput.properties.amount.type = 'number')), ['MoneyInput.amount']);
  const parameter = (_, paths) => paths['/v1/contacts'].get.parameters.shift();
  assert.deepEqual(openapi(parameter), ['GET /v1/contacts limit']);
  const body = (_, paths) => (paths['/v1/contacts/{id}/restore'].post.requestBody.required = true);
  assert.deepEqual(openapi(body), ['POST /v1/contacts/{id}/restore']);
  const status = (_, paths) => delete paths['/v1/contacts'].post.responses['201'];
  assert.deepEqual(openapi(status), ['POST /v1/contacts 201']);
  const header = (_, paths) => delete paths['/v1/contacts'].post.responses['201'].headers.Location;
  assert.deepEqual(openapi(header), ['POST /v1/contacts 201 Location']);
  assert.deepEqual(openapi(({ Problem }) => delete Problem.properties.code), ['Problem.code']);
  const secured = (_, paths) => delete paths['/livez'].get.security;
  assert.deepEqual(openapi(secured), ['GET /livez']);
});

test('OpenAPI: a schema of another name is told once', () => {
  const changes = inOpenapi(DOCUMENT, DOCUMENT.replaceAll('DealStatus"', 'DealState"'));
  assert.ok(changes.length > 2, names(changes));
  assert.deepEqual(untold(changes, new Set(['DealStatus'])), []);
});

test('OpenAPI: additions pass', () => {
  assert.deepEqual(openapi(() => {}), []);
  const grown = (schemas, paths) => {
    schemas.Contact.properties.more = { type: 'string' };
    schemas.DealStatus.enum.push('PARKED');
    schemas.CreateContactInput.properties.more = { type: ['string', 'null'] };
    schemas.CreateContactInput.properties.givenName.maxLength = 1_000;
    schemas.CreateDealInput.required.shift();
    schemas.Contact.properties.givenName.description = 'Another sentence.';
    paths['/v1/more'] = structuredClone(paths['/v1/me']);
    paths['/v1/contacts'].get.parameters.push({ name: 'more', in: 'query', schema: { type: 'string' } });
    paths['/v1/contacts'].get.responses['418'] = structuredClone(paths['/v1/contacts'].get.responses['400']);
    const sort = paths['/v1/contacts'].get.parameters.find(({ name }) => name === 'sort');
    sort.schema.pattern = '^another$';
  };
  assert.deepEqual(openapi(grown), []);
});

test('the changelog tells under "Breaking" of "Unreleased" only', () => {
  const changelog = `# Changelog
## Unreleased
### Added
- \`Added.one\`
### Breaking
- \`Broken.one\` is gone, and \`POST
  /v1/two\` too.
### Fixed
- \`Fixed.one\`
## 0.1.0
### Breaking
- \`Older.one\``;
  assert.deepEqual(toldOf(changelog), new Set(['Broken.one', 'POST /v1/two']));
  assert.deepEqual(toldOf('# Changelog'), new Set());
  assert.deepEqual(names(untold([{ name: 'Broken.one' }, { name: 'Broken' }], toldOf(changelog))), ['Broken']);
});

test('the newest release is the greatest version', () => {
  assert.equal(newest(['v0.9.0', 'v0.10.0', 'v0.2.11', 'README.md']), 'v0.10.0');
  assert.equal(newest([]), undefined);
});
