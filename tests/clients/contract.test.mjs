// The contract as tools see it that nobody here wrote. What they find is mended, or docs/contract.md has a line for it, and
// a line for what they find no more is a fault as well.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PYTHON, program } from './python.mjs';
import { run } from './run.mjs';
import { startTill } from './till.mjs';

const path = (where) => fileURLToPath(new URL(where, import.meta.url));
const OPENAPI = path('../../openapi/');
const REPORTS = path('../../target/contract/');
const MUG = '/v1/products/01890a5d-ac96-774b-bcce-b302099a9001';

const explained = await readFile(path('../../docs/contract.md'), 'utf8');

/** The first cells, in code, of the table under a heading of docs/contract.md. */
function explainedBy(heading) {
  const [, section] = explained.split(`\n## ${heading}\n`);
  assert.ok(section, `docs/contract.md has no section ${heading}`);
  const rows = section.split('\n## ')[0].matchAll(/^\| `([^`]+)` \|/gm);
  return [...rows].map(([, name]) => name).sort();
}

const once = (names) => [...new Set(names)].sort();

let till;

before(async () => {
  await rm(REPORTS, { recursive: true, force: true });
  await mkdir(REPORTS, { recursive: true });
  const off = Object.fromEntries(['ANONYMOUS', 'USER', 'ADMIN', 'LOGIN', 'REPORTS'].map((name) => [`TILL_RATE_LIMIT_${name}`, 'off']));
  // Thousands of requests in a row are no shop's day.
  till = await startTill({ ...off, RUST_LOG: 'error' });
});

after(() => till?.stop());

test('Spectral: no error, and each warning is explained', async () => {
  const spectral = path('node_modules/@stoplight/spectral-cli/dist/index.js');
  const asked = ['lint', 'v1.json', 'v2.json', '--ruleset', path('contract/spectral.yaml'), '--format', 'json', '--quiet'];
  const { out, err } = await run(process.execPath, [spectral, ...asked], { cwd: OPENAPI });
  const found = JSON.parse(out || `"${err}"`);
  const errors = found.filter(({ severity }) => severity === 0);
  assert.deepEqual(errors.map(({ code, path: where, message }) => `${code} ${where.join('.')}: ${message}`), []);
  assert.deepEqual(once(found.map(({ code }) => code)), explainedBy('Spectral'));
});

test('Redocly: nothing', async () => {
  const redocly = path('node_modules/@redocly/cli/bin/cli.js');
  const settings = { cwd: OPENAPI, env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } };
  for (const document of ['v1.json', 'v2.json']) {
    const asked = ['lint', document, '--config', path('contract/redocly.yaml'), '--format', 'json'];
    const { out } = await run(process.execPath, [redocly, ...asked], settings);
    assert.deepEqual(JSON.parse(out).problems, [], document);
  }
});

test('REDbot: on what may be cached nothing is bad, and each doubt is explained', async () => {
  const doubts = [];
  const kept = ['/v1/products', MUG, '/v1/categories', `${MUG}/recommendations`, '/.well-known/jwks.json', '/openapi/v1.json'];
  for (const resource of [...kept, `${MUG}/inventory`, '/docs', '/docs/style.css', '/docs/errors/not_found']) {
    const redbot = await run(PYTHON.command, [program('redbot'), '-o', 'har', till.url + resource], { env: PYTHON.env });
    const [entry] = JSON.parse(redbot.out).log.entries;
    assert.equal(entry.response.status, 200, resource);
    for (const { level, summary } of entry._red_messages) {
      assert.notEqual(level, 'BAD', `${resource}: ${summary}`);
      if (level === 'WARN') doubts.push(summary);
    }
  }
  assert.deepEqual(once(doubts), explainedBy('REDbot'));
});

// Minutes long: `make contract` runs it. One worker: two can trip over each other in Python 3.11 (cpython#106905).
if (process.env.TILL_CONTRACT_SECONDS) test('schemathesis: every check on every operation, by itself and in sequences', async () => {
  const { TILL_CONTRACT_EXAMPLES: examples = '8', TILL_CONTRACT_SEED: seed = '1', TILL_CONTRACT_SECONDS: seconds } = process.env;
  const asked = [
    '--config-file', path('contract/schemathesis.toml'), 'run', `${till.url}/openapi/v1.json`,
    '--phases', 'examples,coverage,fuzzing,stateful', '--max-examples', examples, '--seed', seed,
    '--workers', '1', '--report', 'junit', '--report-dir', REPORTS, ...(seconds ? ['--max-time', seconds] : []),
  ];
  const settings = {
    cwd: REPORTS,
    env: { ...PYTHON.env, NO_COLOR: '1', SCHEMATHESIS_HOOKS: path('contract/hooks.py'), TILL_URL: till.url, TILL_SINK: `${till.ops}/webhooks/sink` },
  };
  const { code, out, err } = await run(PYTHON.command, [program('st'), ...asked], settings);
  assert.equal(code, 0, `${out}\n${err}`);
  const [, cases] = out.match(/(\d+) generated/) ?? assert.fail(out);
  assert.ok(Number(cases) > 1000, `only ${cases} cases`);
  assert.match(out, /Operations:\s+(\d+) selected \/ \1 total/);
});
