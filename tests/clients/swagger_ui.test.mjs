// Swagger UI as a newcomer uses it: look, sign in, authorise, try an operation out with its example as it stands.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openBrowser } from './browser.mjs';
import { startTill } from './till.mjs';

// For a person to look at.
const SHOTS = new URL('../../target/screenshots/', import.meta.url);
const shot = (name) => ({ path: fileURLToPath(new URL(name, SHOTS)) });

let till, browser, page;
const complaints = [];

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  till = await startTill();
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && origin !== till.url) complaints.push(`asks elsewhere: ${request.url()}`);
  });
});

after(async () => {
  await browser?.close();
  await till?.stop();
});

const operation = (tag, id) => page.locator(`#operations-${tag}-${id}`);

/** Opens an operation, sends its example unchanged, and gives the status that Swagger UI shows. */
async function tryOut(tag, id) {
  const block = operation(tag, id);
  await block.locator('.opblock-summary-control').click();
  await block.getByRole('button', { name: 'Execute' }).click();
  const live = block.locator('.live-responses-table');
  await live.waitFor();
  const status = await live.locator('.response-col_status').nth(1).innerText();
  const body = await live.locator('.highlight-code code, .microlight').first().innerText();
  return { status: Number.parseInt(status, 10), body: JSON.parse(body), block };
}

test('it renders every operation of the document without a complaint of the browser', async () => {
  await page.goto(`${till.url}/swagger-ui`);
  await page.locator('.opblock').first().waitFor();
  const document = await (await fetch(`${till.url}/openapi/v1.json`)).json();
  const methods = ['get', 'put', 'post', 'delete', 'patch'];
  const described = Object.values(document.paths).flatMap((item) => methods.filter((method) => item[method]));
  assert.equal(await page.locator('.opblock').count(), described.length);
  await page.screenshot(shot('swagger-ui.png'));
  assert.deepEqual(complaints, []);
});

test('signing in with the example and authorising lets place_order answer 201', async () => {
  const { status, body } = await tryOut('auth', 'create_token');
  assert.equal(status, 200);

  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const dialog = page.locator('.dialog-ux');
  // Beside it one may authorise with an API key.
  const token = dialog.locator('.auth-container', { has: page.locator('#auth-bearer-value') });
  await token.locator('input').fill(body.accessToken);
  await token.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Close' }).first().click();

  const placed = await tryOut('orders', 'place_order');
  assert.equal(placed.status, 201);
  assert.equal(placed.body.status, 'pending');
  await placed.block.scrollIntoViewIfNeeded();
  await placed.block.screenshot(shot('place-order.png'));

  const paid = await tryOut('payments', 'create_payment');
  assert.equal(paid.status, 201);
  assert.equal(paid.body.status, 'succeeded');
  assert.deepEqual(complaints, []);
});
