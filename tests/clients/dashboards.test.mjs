// What an operator sees: the real programs under a small load, read by a real Prometheus with this repository's rules. Every
// panel of every dashboard must have data, and no program may show what `promtool` finds fault with.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { openBrowser } from './browser.mjs';
import { freePorts } from './till.mjs';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROMETHEUS = join(ROOT, 'deploy/prometheus');
const DASHBOARDS = join(ROOT, 'deploy/grafana/dashboards');
// For a person to look at.
const SHOTS = join(ROOT, 'target/screenshots');
const PROGRAMS = dirname(process.env.TILL_PROGRAM ?? '');
const { TILL_TEST_DATABASE_URL: POSTGRES, TILL_TEST_REDIS_URL: REDIS, TILL_TEST_AMQP_URL: AMQP } = process.env;
if (!POSTGRES) throw new Error('TILL_TEST_DATABASE_URL is unset; `make test-clients` sets it');

// Longer than two scrapes of the slowest figure, which is measured every 5 s.
const WINDOW = '12s';
const PATIENCE = 90_000;
/** Alerts that are right about the load: every second payment of it is with a card that has expired. */
const MEANT = ['PaymentsDeclined'];

const running = [];
let folder, prometheus, address, receiver;
const database = `till_dashboards_${process.pid}`;
const sql = (statement) => run('psql', ['-qXAtd', POSTGRES, '-c', statement]);

/** Starts a program that is stopped when the tests are over. */
function start(command, args, env) {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  running.push({ child, ended });
  ended.then(([code]) => code && console.error(`${command} ended with ${code}`));
}

/** Asks again until it is there. */
async function until(what, ask) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const text = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.text();
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'till-dashboards-'));
  await mkdir(SHOTS, { recursive: true });
  receiver = createServer((request, response) => request.resume().on('end', () => response.writeHead(204).end()));
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  const [api, apiOps, workerOps, gateway, port] = await freePorts(5);
  const hook = `http://127.0.0.1:${receiver.address().port}`;
  address = { api: `127.0.0.1:${api}`, apiOps: `127.0.0.1:${apiOps}`, workerOps: `127.0.0.1:${workerOps}`, gateway: `127.0.0.1:${gateway}`, hook };
  await sql(`CREATE DATABASE ${database}`);
  const settings = {
    DATABASE_URL: POSTGRES.replace(/[^/]*$/, database),
    REDIS_URL: REDIS,
    AMQP_URL: AMQP,
    RUST_LOG: 'warn',
    TILL_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    TILL_DATA_DIR: folder,
    TILL_AMQP_PREFIX: database,
    TILL_REDIS_PREFIX: `${database}:`,
    TILL_LISTEN: address.api,
    TILL_GATEWAY_LISTEN: address.gateway,
    TILL_GATEWAY_URL: `http://${address.gateway}`,
    TILL_WEBHOOKS_ALLOW_PRIVATE: hook,
  };
  const program = (name) => join(PROGRAMS, name);
  start(program('till'), ['gateway'], settings);
  await run(program('till'), ['migrate'], { env: { PATH: process.env.PATH, ...settings } });
  await until('the gateway', () => text(`http://${address.gateway}/metrics`));
  await run(program('till'), ['seed', '--orders', '20'], { env: { PATH: process.env.PATH, ...settings } });
  start(program('api'), [], { ...settings, TILL_OPS_LISTEN: address.apiOps });
  start(program('worker'), [], { ...settings, TILL_OPS_LISTEN: address.workerOps });
  await until('api', () => text(`http://${address.apiOps}/readyz`));
  await until('worker', () => text(`http://${address.workerOps}/readyz`));
  // The same rules, every second; where Compose asks its names, these are known.
  const targets = { api: address.apiOps, worker: address.workerOps, gateway: address.gateway };
  const jobs = Object.entries(targets).map(([job, target]) => ({ job_name: job, static_configs: [{ targets: [target] }] }));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [`${PROMETHEUS}/rules/*.yml`],
    scrape_configs: jobs,
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/tsdb`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
  start('prometheus', flags, {});
  prometheus = `http://127.0.0.1:${port}`;
  await until('Prometheus', () => text(`${prometheus}/-/ready`));
});

after(async () => {
  for (const { child, ended } of running.reverse()) {
    child.kill('SIGTERM');
    await ended;
  }
  receiver?.close();
  await sql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`).catch(console.error);
  await rm(folder, { recursive: true, force: true });
});

async function call(path, { token, key, body } = {}) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...(key && { 'idempotency-key': key }) };
  const answer = await fetch(`http://${address.api}${path}`, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined };
}

const signIn = async (email) => (await call('/v1/auth/token', { body: { email, password: 'till-demo-password' } })).body.accessToken;

/** One round of what customers and staff do, a little of everything. */
async function shop(round, { customer, support }) {
  const buyer = { email: `buyer${round}@example.com`, password: 'correct horse battery', name: 'Ada' };
  await call('/v1/users', { body: buyer });
  await call(`/v1/products?limit=3&category=${round % 2 ? 'kitchen' : 'none'}`);
  await call(`/v1/products/${crypto.randomUUID()}`);
  await call(`/nowhere/${round}`);
  const items = [{ productId: '01890a5d-ac96-774b-bcce-b302099a9001', quantity: 1 }];
  const order = await call('/v1/orders', { token: customer, key: `order-${round}`, body: { items } });
  for (const paymentMethod of ['pm_expired', 'pm_ok']) {
    const body = { orderId: order.body.id, amount: order.body.totalAmount, currency: order.body.currency, paymentMethod };
    const paid = await call('/v1/payments', { token: customer, key: `${paymentMethod}-${round}`, body });
    if (paid.status === 201) {
      await call(`/v1/payments/${paid.body.id}/refunds`, { token: support, key: `refund-${round}`, body: { amount: 1 } });
    }
  }
}

/** Every panel's expressions, with a dashboard's variables as Grafana would put them in for all programs. */
async function panels() {
  const found = [];
  for (const file of (await readdir(DASHBOARDS)).sort()) {
    const dashboard = JSON.parse(await readFile(join(DASHBOARDS, file), 'utf8'));
    for (const { title, targets = [] } of dashboard.panels) {
      for (const { expr } of targets) {
        const filled = expr.replaceAll('$__rate_interval', WINDOW).replaceAll('$__range', WINDOW).replace(/\$(job|instance)\b/g, '.+');
        found.push({ dashboard: basename(file, '.json'), title, expr: filled });
      }
    }
  }
  return found;
}

async function query(expr) {
  const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query: expr })}`);
  const { status, data, error } = await answer.json();
  assert.equal(status, 'success', `${expr}: ${error}`);
  return data.result;
}

test('promtool finds no fault with what each program shows', async () => {
  for (const target of [address.apiOps, address.workerOps, address.gateway]) {
    const shown = await text(`http://${target}/metrics`);
    const check = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    check.stdout.on('data', (chunk) => (said += chunk));
    check.stderr.on('data', (chunk) => (said += chunk));
    check.stdin.end(shown);
    const [code] = await once(check, 'exit');
    assert.deepEqual({ code, said }, { code: 0, said: '' }, target);
  }
});

test('every panel of every dashboard has data on the running service', async () => {
  const staff = { customer: await signIn('demo@example.com'), support: await signIn('support@example.com') };
  const admin = await signIn('admin@example.com');
  const events = ['order.paid', 'payment.succeeded'];
  const hook = await call('/v1/webhook-endpoints', { token: staff.customer, body: { url: `${address.hook}/hook`, events } });
  assert.equal(hook.status, 201, JSON.stringify(hook.body));
  const all = await panels();
  assert.ok(all.length > 90, `only ${all.length} expressions`);
  let round = 0;
  let empty = all;
  const deadline = Date.now() + PATIENCE;
  while (empty.length > 0) {
    round += 1;
    await shop(round, staff);
    const body = { kind: 'sales', format: 'csv', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };
    if (round < 4) await call('/v1/reports/generate', { token: admin, key: `report-${round}`, body });
    const results = await Promise.all(all.map(({ expr }) => query(expr)));
    // A value that is not a number is drawn as nothing.
    empty = all.filter((_, at) => !results[at].some(({ value }) => value[1] !== 'NaN'));
    if (Date.now() > deadline) break;
  }
  assert.deepEqual(empty, []);
});

test('no rule fails, and no alert is about a service that is well', async () => {
  const { data } = await (await fetch(`${prometheus}/api/v1/rules`)).json();
  const rules = data.groups.flatMap((group) => group.rules);
  assert.deepEqual(rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `${name}: ${lastError}`), []);
  assert.ok(rules.filter(({ type }) => type === 'alerting').length > 30);
  // Most wait for minutes before they fire: one that is pending is about it already.
  const alerts = rules.flatMap(({ alerts = [] }) => alerts).filter(({ labels }) => !MEANT.includes(labels.alertname));
  assert.deepEqual(alerts.map(({ state, labels }) => ({ state, ...labels })), []);
});

test('the graphs look as they should', async () => {
  const shown = {
    service: ['Time to answer', 'Requests a second, by route', 'Memory'],
    payments: ['Payments a second, by status', 'Declined, by reason', 'Gateway: time to answer'],
    background: ['Messages handled, a second', 'Age of a message when it is first handled', 'Time until the broker confirms'],
    dependencies: ['Up, as the programs see it', 'Connections of the pools', 'Redis: time of one call'],
  };
  const all = await panels();
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1700 } });
    // Debian's package has the older page.
    const classic = (await fetch(`${prometheus}/classic/graph`)).ok;
    for (const [dashboard, titles] of Object.entries(shown)) {
      const expressions = titles.map((title) => all.find((panel) => panel.dashboard === dashboard && panel.title === title).expr);
      const fields = expressions.map((expr) => Object.entries({ range_input: '30s', expr, tab: 0 }));
      const graphs = fields.flatMap((pairs, at) => pairs.map(([name, value]) => [`g${at}.${name}`, value]));
      await page.goto(`${prometheus}${classic ? '/classic' : ''}/graph?${new URLSearchParams(graphs)}`);
      // Each graph says how many lines it has.
      await page.getByText(/(Total time|Result) series: [1-9]/).nth(titles.length - 1).waitFor();
      await page.screenshot({ path: join(SHOTS, `dashboard-${dashboard}.png`), fullPage: true });
    }
  } finally {
    await browser.close();
  }
});
