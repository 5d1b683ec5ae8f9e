// Letting an application in, with a client that others wrote, through a browser with its own cookies and its own policies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as oauth from 'openid-client';

import { openBrowser } from './browser.mjs';
import { startTill } from './till.mjs';

// For a person to look at.
const SHOTS = new URL('../../target/screenshots/', import.meta.url);
const AXE = await readFile(new URL(import.meta.resolve('axe-core')), 'utf8');
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };
const PASSWORD = 'till-demo-password';
const SCOPE = 'profile:read orders:read orders:write';

let till, browser, application, admin;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  till = await startTill({ TILL_RATE_LIMIT_LOGIN: 'off', TILL_RATE_LIMIT_ANONYMOUS: 'off' });
  browser = await openBrowser();
  application = await startApplication();
  admin = await signIn('admin@example.com');
});

after(async () => {
  await browser?.close();
  application?.server.close();
  await till?.stop();
});

/** The application's own server: it keeps the last address that a browser was sent back to. */
async function startApplication() {
  const seen = [];
  const server = createServer((request, response) => {
    if (request.url.startsWith('/back')) seen.push(request.url);
    response.setHeader('content-type', 'text/html');
    const frame = new URL(request.url, 'http://x').searchParams.get('frame');
    response.end(frame ? `<!doctype html><title>Trap</title><iframe src="${frame.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe>` : '<!doctype html><title>Back</title>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { server, origin, back: `${origin}/back`, last: () => new URL(seen.at(-1), origin) };
}

async function json(path, { method = 'POST', token, body } = {}) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(till.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

const signIn = async (email) => (await json('/v1/auth/token', { body: { email, password: PASSWORD } })).accessToken;

/** A client as an administrator registers it, and the outside library set up for it. */
async function register(changes = {}, authentication = oauth.ClientSecretBasic) {
  const wish = {
    name: 'Ledger for shops',
    kind: 'confidential',
    redirectUris: [application.back],
    grants: ['authorization_code', 'refresh_token'],
    scopes: SCOPE.split(' '),
    ...changes,
  };
  const { id, secret } = await json('/v1/oauth-clients', { token: admin, body: wish });
  const settings = { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] };
  const shown = secret ? authentication(secret) : oauth.None();
  return { id, config: await oauth.discovery(new URL(till.url), id, undefined, shown, settings) };
}

/** Where the browser is sent to ask, and what must be kept until it comes back. */
async function ask(config, changes = {}) {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: application.back,
    scope: SCOPE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changes,
  });
  return { url: url.href, expected: { pkceCodeVerifier: verifier, expectedState: state } };
}

/** A browser of its own, and what it had to complain of. */
async function open(settings) {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, context, complaints, close: () => context.close() };
}

async function fillIn(page, email, password = PASSWORD) {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** As far as the page that asks. */
async function toConsent(page, url, email = 'demo@example.com') {
  await page.goto(url);
  await fillIn(page, email);
  await page.getByRole('heading', { name: 'Allow Ledger for shops to act for you?' }).waitFor();
}

const allow = (page) => page.getByRole('button', { name: 'Allow' }).click();

/** Tokens, by way of a browser in which nobody was signed in. */
async function tokensOf(config, changes) {
  const { page, complaints, close } = await open();
  const { url, expected } = await ask(config, changes);
  await toConsent(page, url);
  await allow(page);
  await page.waitForURL(`${application.origin}/back**`);
  const tokens = await oauth.authorizationCodeGrant(config, application.last(), expected);
  assert.deepEqual(complaints, []);
  await close();
  return tokens;
}

const call = (config, token, path) => oauth.fetchProtectedResource(config, token, new URL(till.url + path), 'GET');

/** What the library finds wrong with an answer. */
const because = (what) => (error) => error.cause.message.includes(what);

/** The same fails, as it would for anybody: `401`. */
async function assertRefused(token, path = '/v1/users/me') {
  const answer = await fetch(till.url + path, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 401);
}

for (const [name, authentication] of Object.entries({ basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost })) {
  test(`an application that somebody let in acts for them, renews its tokens and gives them back (${name})`, async () => {
    const { id, config } = await register({}, authentication);
    const tokens = await tokensOf(config);
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.scope, SCOPE);
    assert.ok(tokens.expires_in > 0 && tokens.refresh_token);
    const me = await (await call(config, tokens.access_token, '/v1/users/me')).json();
    assert.equal(me.email, 'demo@example.com');
    assert.equal((await call(config, tokens.access_token, '/v1/orders')).status, 200);
    // No more than was consented to.
    await assert.rejects(call(config, tokens.access_token, '/v1/payments'), { status: 403 });

    const told = await oauth.tokenIntrospection(config, tokens.access_token);
    assert.equal(told.active, true);
    assert.equal(told.client_id, id);
    assert.equal(told.scope, SCOPE);

    const renewed = await oauth.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(renewed.refresh_token, tokens.refresh_token);
    assert.equal((await call(config, renewed.access_token, '/v1/orders')).status, 200);
    await oauth.tokenRevocation(config, renewed.refresh_token);
    await assertRefused(renewed.access_token);
    assert.deepEqual(await oauth.tokenIntrospection(config, renewed.access_token), { active: false });
    await assert.rejects(oauth.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' });
  });
}

test('an application on the same machine has no secret and listens wherever there is room', async () => {
  const { config } = await register({ kind: 'public', redirectUris: ['http://127.0.0.1/back'] });
  const tokens = await tokensOf(config);
  assert.equal((await call(config, tokens.access_token, '/v1/users/me')).status, 200);
  // It is asked for each time, by whoever is signed in.
  const { page, close } = await open();
  await toConsent(page, (await ask(config)).url);
  await page.goto((await ask(config)).url);
  assert.ok(await page.getByRole('button', { name: 'Allow' }).isVisible());
  await close();
});

test('a code that comes a second time ends what came of it', async () => {
  const { config } = await register();
  const { page, close } = await open();
  const { url, expected } = await ask(config);
  await toConsent(page, url);
  await allow(page);
  await page.waitForURL(`${application.origin}/back**`);
  const tokens = await oauth.authorizationCodeGrant(config, application.last(), expected);
  await assert.rejects(oauth.authorizationCodeGrant(config, application.last(), expected), { error: 'invalid_grant' });
  await assertRefused(tokens.access_token);
  await close();
});

test('an application that acts by itself acts on the account that it was given', async () => {
  const { id: accountId } = await json('/v1/users/me', { method: 'GET', token: await signIn('demo@example.com') });
  const wish = { grants: ['client_credentials'], redirectUris: [], scopes: ['orders:read'], accountId };
  const { config } = await register(wish);
  const tokens = await oauth.clientCredentialsGrant(config, { scope: 'orders:read' });
  assert.equal(tokens.refresh_token, undefined);
  assert.equal((await call(config, tokens.access_token, '/v1/orders')).status, 200);
  await assert.rejects(oauth.clientCredentialsGrant(config, { scope: 'payments:read' }), { error: 'invalid_scope' });
});

test('whoever says no is sent back without a code, and nobody takes a foreign answer for theirs', async () => {
  const { config } = await register();
  const { page, complaints, close } = await open();
  const { url, expected } = await ask(config);
  await toConsent(page, url);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${application.origin}/back**`);
  const answer = application.last();
  await assert.rejects(oauth.authorizationCodeGrant(config, answer, expected), { error: 'access_denied' });
  await page.goto(url);
  await allow(page);
  await page.waitForURL(`${application.origin}/back?code=**`);
  const good = application.last();
  const wrong = { ...expected, expectedState: oauth.randomState() };
  await assert.rejects(oauth.authorizationCodeGrant(config, good, wrong), because('"state"'));
  const elsewhere = new URL(good);
  elsewhere.searchParams.set('iss', 'https://elsewhere.example');
  await assert.rejects(oauth.authorizationCodeGrant(config, elsewhere, expected), because('"iss"'));
  const guessed = { ...expected, pkceCodeVerifier: oauth.randomPKCECodeVerifier() };
  await assert.rejects(oauth.authorizationCodeGrant(config, good, guessed), { error: 'invalid_grant' });
  assert.deepEqual(complaints, []);
  await close();
});

test('somebody who is signed in and said yes before comes straight back, and another person can sign in', async () => {
  const { config } = await register();
  const { page, context, close } = await open();
  await toConsent(page, (await ask(config)).url);
  const [cookie] = await context.cookies();
  assert.equal(cookie.name, '__Host-till-browser');
  assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.expires], [true, true, 'Lax', -1]);
  await allow(page);
  await page.waitForURL(`${application.origin}/back**`);
  const again = await ask(config);
  await page.goto(again.url);
  assert.ok(page.url().startsWith(application.back));
  assert.ok((await oauth.authorizationCodeGrant(config, application.last(), again.expected)).access_token);

  await page.goto((await ask(config, { prompt: 'consent' })).url);
  await page.getByRole('button', { name: 'Sign in as somebody else' }).click();
  await fillIn(page, 'support@example.com');
  assert.ok(await page.getByText('support@example.com').isVisible());
  await close();
});

test('a wrong password is told without a word of which half was wrong, and a keyboard is enough', async () => {
  const { config } = await register();
  const { page, complaints, close } = await open();
  await page.goto((await ask(config)).url);
  await page.keyboard.press('Tab');
  await page.keyboard.type('demo@example.com');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert');
  assert.equal(await alert.innerText(), 'E-mail address or password is wrong.');
  const password = page.getByLabel('Password');
  assert.equal(await password.getAttribute('aria-describedby'), await alert.getAttribute('id'));
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'demo@example.com');
  assert.equal(await password.inputValue(), '');
  await password.focus();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Allow' }).waitFor();
  await page.keyboard.press('Tab');
  const ring = await page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return [document.activeElement.textContent, outlineStyle, Number.parseFloat(outlineWidth) >= 2];
  });
  assert.deepEqual(ring, ['Allow', 'solid', true]);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${application.origin}/back**`);
  assert.deepEqual(complaints.filter((text) => !text.includes('403')), []);
  await close();
});

test('no page of somebody else shows ours in a frame', async () => {
  const { config } = await register();
  const { page, close } = await open();
  const { url } = await ask(config);
  const told = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
  await page.goto(`${application.origin}/trap?frame=${encodeURIComponent(url)}`);
  await told;
  assert.equal(await page.frames()[1].getByRole('heading', { name: 'Sign in' }).count(), 0);
  await close();
});

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every page fits and is accessible on a ${size}, ${colorScheme}`, async () => {
      const { config } = await register();
      const { page, complaints, close } = await open({ viewport, colorScheme });
      const look = async (name) => {
        const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(needed <= given, `${name}: ${needed} px of ${given}`);
        const path = fileURLToPath(new URL(`oauth-${name}-${size}-${colorScheme}.png`, SHOTS));
        await page.screenshot({ path, fullPage: true });
        // Our policy keeps scripts out of the page, not those of whoever looks into it.
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${name} ${id}: ${nodes.map(({ html }) => html).join(' ')}`), []);
      };
      const { url } = await ask(config);
      await page.goto(url);
      await look('sign-in');
      await fillIn(page, 'demo@example.com', 'not the password');
      await page.getByRole('alert').waitFor();
      await look('sign-in-wrong');
      await fillIn(page, 'demo@example.com');
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await look('consent');
      await page.goto(url.replace('%2Fback', '%2Felsewhere'));
      await page.getByRole('heading', { name: 'Unknown address' }).waitFor();
      await look('unknown-address');
      assert.deepEqual(complaints.filter((text) => !/40[03]/.test(text)), []);
      await close();
    });
  }
}
