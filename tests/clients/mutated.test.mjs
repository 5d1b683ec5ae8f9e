// Whatever is sent, it is answered, and never by an error of ours: the examples of the documents, spoilt at random.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { dice, encode, mutate } from './mutations.mjs';
import { startTill } from './till.mjs';
import { Wire } from './wire.mjs';

const REQUESTS = Number(process.env.TILL_MUTATED_REQUESTS ?? 4000);
const SEED = Number(process.env.TILL_MUTATED_SEED ?? 1);
const CONNECTIONS = 8;
/** Tokens live for ten minutes; and what ends a session is among the requests. */
const RENEWED_AFTER = 250;
const PASSWORD = 'correct horse battery';

let till;

before(async () => {
  const off = Object.fromEntries(['ANONYMOUS', 'USER', 'ADMIN', 'LOGIN', 'REPORTS'].map((name) => [`TILL_RATE_LIMIT_${name}`, 'off']));
  till = await startTill({ ...off, TILL_LOAD_SHED: 'off', RUST_LOG: 'error' });
});

after(() => till?.stop());

/** What is in no document: the forms of OAuth, with the demo's application and nobody's secrets. */
function forms() {
  const [client_id, type] = ['01890a5d-ac96-774b-bcce-b302099a6001', 'application/x-www-form-urlencoded'];
  const [client_secret, token] = ['tillcs_bm90IGEgcmVhbCBzZWNyZXQsIHRha2UgeW91ciBvd24', 'tillrt_bm90IGEgcmVhbCB0b2tlbiwgdGFrZSB5b3VyIG93biE'];
  const asked = { response_type: 'code', client_id, scope: 'orders:read', state: 's', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  const request = String(new URLSearchParams(asked));
  const form = (path, fields) => ({ method: 'POST', path, type, body: String(new URLSearchParams(fields)), parameters: [] });
  const parameters = Object.entries(asked).map(([name, example]) => ({ name, example, in: 'query' }));
  return [
    { method: 'GET', path: '/oauth/authorize', parameters },
    form('/oauth/authorize', { request, form: '1.x', shown: 'orders:read', decision: 'allow' }),
    form('/oauth/sign-in', { request, form: '1.x', email: 'demo@example.com', password: PASSWORD }),
    form('/oauth/sign-out', { request, form: '1.x' }),
    form('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret, scope: 'orders:read' }),
    form('/oauth/token', { grant_type: 'authorization_code', client_id, code: token, code_verifier: 'v'.repeat(43) }),
    form('/oauth/token', { grant_type: 'refresh_token', client_id, client_secret, refresh_token: token }),
    form('/oauth/revoke', { client_id, client_secret, token }),
    form('/oauth/introspect', { client_id, client_secret, token }),
  ];
}

/** The operations of both documents: `{ method, path, body, type, parameters }`, and those of no document. */
async function operations() {
  const found = forms();
  for (const version of ['v1', 'v2']) {
    const document = await (await fetch(`${till.url}/openapi/${version}.json`)).json();
    const resolve = (part) => (part?.$ref ? part.$ref.split('/').slice(1).reduce((at, name) => at[name], document) : part);
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (!['get', 'post', 'put', 'patch', 'delete'].includes(method)) continue;
        const [[type, content] = []] = Object.entries(operation.requestBody?.content ?? {});
        const parameters = (operation.parameters ?? []).map(resolve);
        found.push({ method: method.toUpperCase(), path, type, body: content?.example ?? resolve(content?.schema)?.example, parameters });
      }
    }
  }
  return found;
}

async function tokens(number) {
  const post = (path, body) => fetch(till.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const account = { email: `mutant-${number}@example.com`, password: PASSWORD, name: 'Mutant' };
  assert.equal((await post('/v1/users', account)).status, 201);
  const signedIn = async (email, password) => {
    const { accessToken } = await (await post('/v1/auth/token', { email, password })).json();
    assert.ok(accessToken, `${email} can not sign in`);
    return accessToken;
  };
  return [await signedIn(account.email, PASSWORD), await signedIn('admin@example.com', 'till-demo-password')];
}

/** What is there, for the ids in paths: nothing that the rest could not do without. Another client may have signed out the administrator by now. */
async function ids(token) {
  const found = {};
  for (const [name, path] of [['products', '/v1/products'], ['orders', '/v1/orders'], ['payments', '/v1/payments'], ['users', '/v1/users'], ['events', '/v1/events']]) {
    const { data = [] } = await (await fetch(`${till.url}${path}?limit=20`, { headers: { authorization: `Bearer ${token}` } })).json();
    found[name] = data.filter(({ role }) => role !== 'admin').map(({ id }) => id);
  }
  return found;
}

function request(operation, { known, held, d }) {
  const kind = operation.path.split('/')[2];
  const path = operation.path.replace(/\{\w+\}/g, () => (known[kind]?.length ? d.one(known[kind]) : crypto.randomUUID()));
  const query = operation.parameters.filter(({ in: where }) => where === 'query' && d.chance(0.2));
  // The administrator is still needed.
  const ends = operation.path.endsWith('/users/me') || operation.path.endsWith('/revoke-all');
  const headers = { authorization: `Bearer ${ends ? held[0] : d.one(held)}`, 'idempotency-key': `mutant-${d.below(2 ** 31)}` };
  if (operation.type) headers['content-type'] = operation.type;
  const body = typeof operation.body === 'string' ? { text: operation.body } : { json: operation.body };
  return { method: operation.method, path, query: query.map(({ name, example = 1 }) => `${name}=${encodeURIComponent(example)}`).join('&'), headers, ...body };
}

const memory = async () => Number((await readFile(`/proc/${till.pid}/status`, 'utf8')).match(/^VmRSS:\s+(\d+)/m)[1]) / 1024;

test('every mutated request is answered, and none by an error of ours', async (t) => {
  const all = await operations();
  const faults = [];
  const statuses = {};
  const size = [];
  let sent = 0;
  const client = async (number) => {
    const d = dice(SEED * 1000 + number);
    const wire = new Wire(till.url);
    let held, known;
    let left = 0;
    for (let mine = 0; sent < REQUESTS; mine += 1, left -= 1) {
      sent += 1;
      if (left <= 0) {
        held = await tokens(`${SEED}-${number}-${mine}`);
        known = await ids(held[1]);
        left = RENEWED_AFTER;
      }
      if (sent % Math.ceil(REQUESTS / 10) === 0) size.push(await memory());
      const made = encode(mutate(request(d.one(all), { known, held, d }), d));
      const answer = await wire.ask(made, { head: made.subarray(0, 5).toString() === 'HEAD ' });
      if (answer?.body.includes('"token_invalid"') && held.some((token) => made.includes(`Bearer ${token}\r\n`))) left = 0;
      statuses[answer?.status] = (statuses[answer?.status] ?? 0) + 1;
      if (!answer || answer.status >= 500) faults.push(`${made.toString('latin1', 0, 600)}\n-> ${answer?.status} ${answer?.body}`);
    }
    wire.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => client(number)));
  const told = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`).join(', ');
  t.diagnostic(`${sent} requests, seed ${SEED}: ${told}; MiB at each tenth: ${size.map((mib) => mib.toFixed(0)).join(' ')}`);
  // Spoilt in one place, many are still good: were they not, nothing behind the edge would have been tried.
  const good = Object.entries(statuses).reduce((sum, [status, count]) => sum + (status.startsWith('2') ? count : 0), 0);
  assert.ok(good > sent / 20, `only ${good} of ${sent} were answered by 2xx`);
  assert.deepEqual(faults.slice(0, 5), [], `${faults.length} of ${sent} requests`);
  assert.equal((await fetch(`${till.ops}/readyz`)).status, 200);
});
