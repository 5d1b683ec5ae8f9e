// The console as somebody meets it who looks, who listens, who has a keyboard only, a phone, or no script.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openBrowser } from './browser.mjs';
import { startTill } from './till.mjs';

// For a person to look at.
const SHOTS = new URL('../../target/screenshots/', import.meta.url);
const shot = (name) => ({ path: fileURLToPath(new URL(name, SHOTS)), fullPage: true });

const AXE = await readFile(new URL(import.meta.resolve('axe-core')), 'utf8');
const LONG = { timeout: 60_000 };
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
const MUG = '01890a5d-ac96-774b-bcce-b302099a9001';

let till, browser;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  till = await startTill();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await till?.stop();
});

/** The console in a browser of its own, and what that browser had to complain of. */
async function open(settings = {}, prepare = async () => {}) {
  const context = await browser.newContext({ viewport: DESKTOP, ...settings });
  const page = await context.newPage();
  await prepare(page);
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== till.ops) complaints.push(`asks elsewhere: ${request.url()}`);
  });
  await page.goto(`${till.ops}/console`);
  return { page, complaints, close: () => context.close() };
}

const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const reads = (page, selector, text) =>
  page.waitForFunction(([where, what]) => document.querySelector(where)?.textContent.includes(what), [selector, text], LONG);
const path = (page, chart) => page.locator(`#chart-${chart} .plot .line-1`).getAttribute('d');

/** Sends something to the API as the demo's customer; the answer. */
async function call(token, where, key, body) {
  return fetch(`${till.url}${where}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}`, 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
}

async function signIn() {
  const answer = await call(null, '/v1/auth/token', null, { email: 'demo@example.com', password: 'till-demo-password' });
  return (await answer.json()).accessToken;
}

/** Orders and pays a mug; both statuses. */
async function buy(token, key) {
  const placed = await call(token, '/v1/orders', key, { items: [{ productId: MUG, quantity: 1 }] });
  const order = await placed.json();
  const paid = await call(token, '/v1/payments', `${key}-paid`, { orderId: order.id, amount: 3900, currency: 'MYR' });
  return [placed.status, paid.status];
}

const advance = (by) =>
  fetch(`${till.ops}/sandbox/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advance: by }),
  });

test('charts and figures move while somebody looks, and nothing is loaded from elsewhere', async () => {
  const { page, complaints, close } = await open();
  for (const chart of await page.locator('.chart').all()) {
    assert.match(await chart.locator('.plot svg').getAttribute('aria-label'), /the last five minutes/);
  }
  let drawn = await path(page, 'requests');
  for (const _point of [1, 2]) {
    await fetch(`${till.url}/v1/products`);
    const moved = await page.waitForFunction((before) => {
      const now = document.querySelector('#chart-requests .plot .line-1').getAttribute('d');
      return now !== before && now;
    }, drawn, LONG);
    drawn = await moved.jsonValue();
  }
  const highest = page.locator('#rows-requests td').last();
  assert.notEqual(await highest.textContent(), '–');
  assert.deepEqual(complaints, []);
  await close();
});

test('a gateway that fails opens the circuit, checkout goes on, and it closes once the gateway is well', async () => {
  const { page, complaints, close } = await open();
  await reads(page, '#chart-circuits .now', 'closed');
  await press(page, 'Send a burst');
  await reads(page, '#chart-checkout .legend', 'paid');
  await reads(page, '#burst-word', 's left');
  await press(page, 'Failing');
  await reads(page, '#gateway-word', 'It fails');
  await reads(page, '#chart-circuits .now', 'open');
  await reads(page, '#banner', 'The circuit to the payment gateway is open.');
  await reads(page, '#chart-circuits .badge', 'a circuit is open');
  await reads(page, '#chart-checkout .badge', 'some');
  await page.screenshot(shot('console-circuit-open.png'));
  // A busy machine would also shed: what follows is about the circuit alone.
  await press(page, 'No traffic');
  await reads(page, '#burst-word', 'Over: ');
  const token = await signIn();
  const [placed, paid] = await buy(token, 'while-open');
  assert.equal(placed, 201, 'an order needs no gateway');
  assert.ok([202, 503].includes(paid), String(paid));

  await press(page, 'Well');
  await reads(page, '#gateway-word', 'It is well');
  const closed = () => page.locator('#chart-circuits .now').textContent().then((now) => now === 'closed');
  for (let probe = 0; !(await closed()) && probe < 60; probe += 1) {
    await advance('PT11S'); // the circuit's pause, by the service's clock
    await buy(token, `probe-${probe}`);
    await page.waitForResponse('**/console/data', LONG);
  }
  await reads(page, '#banner', 'The circuit to the payment gateway is closed.');
  assert.deepEqual(await buy(token, 'afterwards'), [201, 201]);
  assert.deepEqual(complaints, []);
  await close();
});

test('a keyboard reaches every control in order, sees where it is, and moves it', async () => {
  const { page, complaints, close } = await open();
  await page.locator('#pause').waitFor(); // the script has begun
  await page.evaluate(() => { document.querySelector('.table').open = true; });
  const all = await page.locator('a[href], button, summary, [tabindex="0"]').count();
  const visited = [];
  for (let step = 0; step < all; step += 1) {
    await page.keyboard.press('Tab');
    visited.push(await page.evaluate(() => {
      const here = document.activeElement;
      const style = getComputedStyle(here);
      const inView = here.getBoundingClientRect();
      return {
        what: `${here.tagName} ${here.textContent.trim().slice(0, 40)}`,
        place: [...document.querySelectorAll('a[href], button, summary, [tabindex="0"]')].indexOf(here),
        ring: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2,
        seen: inView.bottom > 0 && inView.top < innerHeight,
      };
    }));
  }
  assert.deepEqual(visited.map(({ place }) => place), [...Array(all).keys()], JSON.stringify(visited));
  assert.deepEqual(visited.filter(({ ring, seen }) => !ring || !seen), []);

  await page.getByRole('button', { name: 'Slow', exact: true }).focus();
  await page.keyboard.press('Enter');
  await reads(page, '#gateway-word', 'It is slow');
  assert.equal(await page.getByRole('button', { name: 'Slow', exact: true }).getAttribute('aria-pressed'), 'true');
  await page.getByRole('button', { name: 'Well', exact: true }).focus();
  await page.keyboard.press('Space');
  await reads(page, '#gateway-word', 'It is well');
  for (const [button, where, word] of [
    ['Stopped', '#worker-word', 'It rests'],
    ['Working', '#worker-word', 'It works'],
    ['Send a burst', '#burst-word', 's left'],
    ['No traffic', '#burst-word', 'Over'],
  ]) {
    await page.getByRole('button', { name: button, exact: true }).focus();
    await page.keyboard.press('Enter');
    await reads(page, where, word);
  }
  assert.deepEqual(complaints, []);
  await close();
});

test('a pause stops it, and it goes on after', async () => {
  const { page, close } = await open({}, (page) => page.clock.install());
  let asked = 0;
  page.on('request', (request) => (asked += request.url().endsWith('/console/data')));
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.waitForLoadState('networkidle'); // a question that was on its way
  const before = asked;
  await page.clock.runFor(10_000);
  await page.evaluate(() => fetch('/livez'));
  assert.equal(asked, before);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.waitForRequest('**/console/data', LONG);
  await close();
});

test('when the process goes away the page says so, and says when it is back', async () => {
  const { page, close } = await open();
  await page.route('**/console/data', (route) => route.abort());
  await reads(page, '#banner', 'The process does not answer since');
  await page.screenshot(shot('console-away.png'));
  await page.unroute('**/console/data');
  await reads(page, '#banner', 'The process answers again.');
  await close();
});

test('without a script it is whole: figures, charts, and buttons that work', async () => {
  const { page, complaints, close } = await open({ javaScriptEnabled: false });
  await page.locator('noscript a, .banner a').first().click();
  assert.equal(await page.locator('#pause').isVisible(), false);
  assert.ok((await page.locator('tbody tr').count()) > 20);
  assert.match(await path(page, 'memory'), /^M/);
  await press(page, 'Hanging');
  assert.match(await page.locator('#gateway-word').textContent(), /It hangs/);
  assert.match(page.url(), /\/console#panel$/);
  await press(page, 'Well');
  assert.match(await page.locator('#gateway-word').textContent(), /It is well/);
  assert.deepEqual(complaints, []);
  await close();
});

test('nothing on it is in motion for those who asked for none', async () => {
  const { page, close } = await open({ reducedMotion: 'reduce' });
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .map((element) => getComputedStyle(element))
      .filter((style) => style.transitionDuration !== '0s' || style.animationName !== 'none').length);
  assert.equal(moving, 0);
  await close();
});

for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`it fits and is accessible on a ${size}, ${colorScheme}`, async () => {
      const { page, complaints, close } = await open({ viewport, colorScheme });
      await page.waitForFunction(() => document.querySelector('#chart-requests .plot .line')?.getAttribute('d'), null, LONG);
      const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(needed <= given, `${needed} px of ${given}`);
      await page.screenshot(shot(`console-${size}-${colorScheme}.png`));
      assert.deepEqual(complaints, []);

      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      assert.deepEqual(told, []);
      await close();
    });
  }
}
