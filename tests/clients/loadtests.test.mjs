// The load tests as their users run them: every scenario can be read by k6, the smallest one passes against the program,
// and one whose promise is broken fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openBrowser } from './browser.mjs';
import { startTill } from './till.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'loadtests');
const SHOTS = join(ROOT, 'target/screenshots');

/** k6's own code for a threshold that did not hold. */
const THRESHOLDS_FAILED = 99;
/** One client is many. */
const UNLIMITED = Object.fromEntries(
  ['ANONYMOUS', 'USER', 'ADMIN', 'LOGIN', 'REPORTS'].map((who) => [`TILL_RATE_LIMIT_${who}`, 'off']),
);

let till, out;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  out = await mkdtemp(join(tmpdir(), 'till-loadtests-'));
  till = await startTill(UNLIMITED);
});

after(async () => {
  await till?.stop();
  if (out) await rm(out, { recursive: true });
});

const scenarios = async () => (await readdir(FOLDER)).filter((name) => name.endsWith('.js'));

async function k6(args, settings = {}) {
  const { PATH, HOME } = process.env;
  const child = spawn('k6', args, { cwd: ROOT, env: { PATH, HOME, OUT: out, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text) => (said.out += text));
  child.stderr.on('data', (text) => (said.err += text));
  const [code] = await once(child, 'close');
  return { code, ...said };
}

/** Runs `smoke` for seconds; times are those of a debug build, so only what is slow beyond doubt fails it. */
const smoke = (settings, ...args) =>
  k6(['run', '--quiet', '--no-usage-report', ...args, 'loadtests/smoke.js'], {
    BASE_URL: till.url,
    DURATION: '4s',
    SLACK: '20',
    ...settings,
  });
const report = async () => JSON.parse(await readFile(join(out, 'smoke.json'), 'utf8'));

test('k6 can read every scenario, each comes by arrival rate and has thresholds', async () => {
  for (const name of await scenarios()) {
    const { code, out: text, err } = await k6(['inspect', `loadtests/${name}`]);
    assert.equal(code, 0, `${name}: ${err}`);
    const options = JSON.parse(text);
    assert.ok(Object.keys(options.thresholds).length > 5, `${name} has thresholds`);
    for (const { executor } of Object.values(options.scenarios)) assert.match(executor, /-arrival-rate$/, name);
  }
});

test('no scenario and no library loads anything from elsewhere', async () => {
  for (const file of await readdir(FOLDER, { recursive: true })) {
    if (!file.endsWith('.js')) continue;
    const imported = [...(await readFile(join(FOLDER, file), 'utf8')).matchAll(/from '([^']+)'/g)].map(([, from]) => from);
    for (const from of imported) assert.match(from, /^(\.{1,2}\/[\w/]+\.js|k6(\/\w+)?)$/, `${file} imports ${from}`);
  }
});

test('every scenario is told of in the README, which names no other', async () => {
  const text = await readFile(join(FOLDER, 'README.md'), 'utf8');
  // Settings have tables, too; their names are upper-case.
  const told = [...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => `${name}.js`);
  assert.deepEqual(told.sort(), (await scenarios()).sort());
});

test('smoke passes against the program, and ids in paths make no series', async () => {
  const samples = join(out, 'samples.json');
  const { code, out: text, err } = await smoke({}, '--out', `json=${samples}`);
  assert.equal(code, 0, text + err);
  const { passed, operations, headline } = await report();
  assert.ok(passed && headline.checkoutsDone > 0 && headline.wrong === 0);
  assert.ok(operations.some(({ operation }) => operation === 'create_payment'));

  const tags = (await readFile(samples, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).data.tags ?? {});
  assert.ok(tags.every((tag) => tag.url === undefined));
  const names = new Set(tags.map(({ name }) => name).filter(Boolean));
  for (const name of names) assert.match(name, /^(before: )?[a-z_]+$/);
});

test('its report is a page that asks nobody for anything', async () => {
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1100, height: 1400 } });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const file = `file://${join(out, 'smoke.html')}`;
  await page.goto(file);
  assert.equal(await page.locator('.verdict').innerText(), 'passed');
  assert.ok((await page.locator('table').count()) >= 4);
  await page.screenshot({ path: join(SHOTS, 'loadtest-report.png'), fullPage: true });
  await browser.close();
  assert.deepEqual(asked, [file]);
});

test('a bound that does not hold fails the run and stands in the report', async () => {
  const { code, out: text } = await smoke({ SLACK: '0.001' });
  assert.equal(code, THRESHOLDS_FAILED);
  assert.match(text, /smoke: FAILED/);
  assert.equal((await report()).passed, false);
});

test('a payment provider that fails fails the run', async () => {
  const faults = (body) =>
    fetch(`${till.gateway}/sandbox/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  assert.ok((await faults({ down: true })).ok);
  // The service answers 202 and finds out later; customers give up on what does not settle.
  const { code } = await smoke({ SETTLE: '2s' });
  assert.equal(code, THRESHOLDS_FAILED);
  const { thresholds } = await report();
  assert.ok(thresholds.some(({ series, ok }) => series === 'checkouts_done' && !ok));
  assert.ok((await faults({})).ok);
});

test('settings that are wrong are told all at once, before a request is sent', async () => {
  const { code, err } = await smoke({ RATE: '-1', BASE_URL: 'till' });
  assert.notEqual(code, 0);
  assert.match(err, /RATE is .*BASE_URL is|BASE_URL is .*RATE is/s);
});
