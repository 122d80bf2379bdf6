// Refuses what breaks clients of the newest release, contract/v*/, unless CHANGELOG.md names it: in backticks, under
// "Breaking" of "Unreleased". The name of a type that was removed or renamed stands for all that had it.

import { readFileSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { breakingChanges as inGraphql } from './graphql.mjs';
import { breakingChanges as inOpenapi } from './openapi.mjs';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

/** The names that a changelog tells as broken since the last release. */
export function toldOf(changelog) {
  const section = (text, title) => text.split(new RegExp(`^${title}\\s*$`, 'm'))[1] ?? '';
  const unreleased = section(changelog, '## Unreleased').split(/^## /m)[0];
  const breaking = section(unreleased, '### Breaking').split(/^### /m)[0];
  return new Set([...breaking.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replace(/\s+/g, ' ')));
}

/** The changes that the changelog does not name. */
export function untold(changes, told) {
  return changes.filter(({ name, also }) => !told.has(name) && !told.has(also));
}

/** The changes without those that follow from the name of a type. */
export function causes(changes) {
  const names = new Set(changes.map(({ name }) => name));
  return changes.filter(({ also }) => !names.has(also));
}

/** The newest of the releases, by their versions. */
export function newest(releases) {
  const parts = (name) => name.slice(1).split('.').map(Number);
  const order = (one, other) => parts(one).map((part, at) => part - parts(other)[at]).find((by) => by !== 0) ?? 0;
  return releases.filter((name) => /^v\d+\.\d+\.\d+$/.test(name)).sort(order).at(-1);
}

function main() {
  const release = newest(readdirSync(new URL('contract/', root)));
  if (!release) throw new Error('contract/ has no release to compare with');
  const told = toldOf(read('CHANGELOG.md'));
  const changes = [
    ['schema.graphql', 'schema.graphql', inGraphql],
    ['kith.json', 'openapi/kith.json', inOpenapi],
  ].flatMap(([released, current, compare]) => {
    const found = compare(read(`contract/${release}/${released}`), read(current));
    return causes(untold(found, told)).map(({ name, detail }) => ({ file: current, name, detail }));
  });
  if (changes.length === 0) {
    console.log(`schema.graphql and openapi/kith.json break nothing of ${release} that CHANGELOG.md does not name.`);
    return;
  }
  const lines = changes.map(({ file, name, detail }) => `  ${file}: ${detail} (\`${name}\`)`);
  console.error(`These changes break clients of ${release}:\n${lines.join('\n')}`);
  console.error('Keep what was there; or name each, as in brackets, in CHANGELOG.md under "Breaking" of "Unreleased".');
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
