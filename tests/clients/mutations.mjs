// Requests that are nearly right: the examples of the document, each spoilt in one to three places by a generator with a seed.

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function dice(seed) {
  let state = seed >>> 0;
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound) => Math.floor(roll() * bound);
  return { below, one: (of) => of[below(of.length)], chance: (share) => roll() < share };
}

/** What JSON can say and JavaScript can't hold; it has no members that could be spoilt. */
class Raw {
  #text;
  constructor(text) { this.#text = text; }
  toString() { return this.#text; }
}
const RAW = (text) => new Raw(text);

const ODD = [
  null, true, false, -1, 0, 1, 1.5, -0.0, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, [], {}, [[]], [null], '', ' ', 'a', '\u0000', '\n', '\r\nX-Injected: 1',
  '💥'.repeat(300), 'a'.repeat(70_000), '９９', '1e9', '-1', 'null', '../../etc/passwd', "'; DROP TABLE users; --", '<script>alert(1)</script>',
  '\u202egnirts', 'e\u0301', '\ufeff', '%00', '${jndi:ldap://127.0.0.1/a}', '{{7*7}}', '01890a5d-ac96-774b-bcce-b302099a9001',
  '00000000-0000-0000-0000-000000000000', '2026-02-30T25:61:61Z', '9999-12-31T23:59:59Z', '-0001-01-01T00:00:00Z', 'MYR', 'XXX', 'myr', '*',
  RAW('9223372036854775807'), RAW('9223372036854775808'), RAW('-9223372036854775809'), RAW('1e400'), RAW('0.1e1'), RAW('1.0'), RAW('-0'),
  RAW('"\\ud800"'), RAW('"\\udc00\\ud800"'), RAW('123456789012345678901234567890'), RAW('[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]'),
];

const HEADERS = {
  'content-type': ['text/plain', 'application/json; charset=utf-16', 'application/jsonx', 'application/merge-patch+json', 'multipart/form-data', 'text/csv', '', ';', '\u00ff'],
  'content-encoding': ['gzip', 'br', 'identity', 'zstd', 'deflate, gzip', 'none'],
  'idempotency-key': ['', ' ', 'a', '"a"', 'k'.repeat(255), 'k'.repeat(256), 'k'.repeat(5000), '\u00e9', 'a b', '💥'],
  'if-match': ['*', '""', '"1"', 'W/"1"', '1', '"', '"a", "b", ', '"'.repeat(999)],
  'if-none-match': ['*', '"x"', 'W/"x"', ',,,', '"\u0080"', '"a",'.repeat(500)],
  'if-modified-since': ['yesterday', 'Mon, 30 Feb 2026 25:00:00 GMT', '0'],
  range: ['bytes=0-0', 'bytes=-1', 'bytes=9-1', 'bytes=0-99999999999999999999', 'lines=1-2', `bytes=${'0-1,'.repeat(999)}`],
  accept: ['text/html', '*/*;q=0', 'application/xml', ';;;', 'a'.repeat(4000)],
  'accept-encoding': ['gzip;q=0', 'br, gzip', '*', 'zstd;q=x'],
  'accept-language': ['tlh', '*', 'a'.repeat(3000)],
  authorization: ['', 'Bearer', 'Bearer ', 'Bearer a.b.c', 'Basic YTpi', 'Bearer till_x', `Bearer ${'e'.repeat(9000)}`, 'bearer \u0001', 'Bearer \u00ff'],
  'x-api-key': ['', 'till_', 'till_standard_x', '\u00ff', 'a'.repeat(5000)],
  'x-request-id': ['', 'a b', '\u00ff', 'r'.repeat(129), "'"],
  traceparent: ['00-0-0-0', 'ff-00000000000000000000000000000000-0000000000000000-ff', 'x', '00-' + 'f'.repeat(5000)],
  'x-forwarded-for': ['127.0.0.1', '::1', 'unknown', '1.1.1.1, '.repeat(500)],
  'x-http-method-override': ['DELETE', 'TRACE'],
  origin: ['null', 'https://evil.example', 'file://', '\u00ff'],
  expect: ['100-continue', '200-ok'],
  cookie: ['a=b', 'a'.repeat(4000), ';;;='],
};

const SEGMENTS = ['', '%00', '%2e%2e', '..', '%ff', '%F0%9F%92%A5', 'null', '-1', '0', "'", '%27%20OR%201=1', 'a'.repeat(3000), '{id}', '*', '%2F', '01890A5D-AC96-774B-BCCE-B302099A9001'];
const QUERIES = ['', 'x', 'limit=0', 'limit=-1', 'limit=1e3', 'limit=101', 'limit=', 'limit=1&limit=2', 'cursor=x', `cursor=${'A'.repeat(4000)}`, 'page=0', 'page=99999999999',
  'sort=%00', 'q=%ff', 'q=%', 'status=nothing', 'createdAfter=2026-02-30', 'createdBefore=9999-12-31T23:59:59.999999999Z', 'minPrice=-1', 'currency=%F0%9F%92%A5', 'a[]=1', '&&&', '=', '%', '+', 'q=' + 'a'.repeat(6000)];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'BREW', 'get'];
const BYTES = ['\u0000', '\ufeff', '//', ',', '{', ']', '"', '\\', '\\u12', 'NaN', 'Infinity', "'", '\u00a0'];

/** Every place in a value, as the way there. */
function places(value, way = []) {
  const here = [way];
  if (value && typeof value === 'object') for (const key of Object.keys(value)) here.push(...places(value[key], [...way, key]));
  return here;
}

function put(value, way, change) {
  if (!way.length || value instanceof Raw) return change(value);
  const [key, ...rest] = way;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = put(copy[key], rest, change);
  if (copy[key] === undefined && !Array.isArray(copy)) delete copy[key];
  return copy;
}

/** JSON with what only hands can write. */
function written(value) {
  if (value instanceof Raw) return String(value);
  if (Array.isArray(value)) return `[${value.map((member) => written(member ?? null)).join(',')}]`;
  if (value && typeof value === 'object') return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${written(member)}`).join(',')}}`;
  return JSON.stringify(value) ?? 'null';
}

const json = (change) => (request, d) => {
  if (request.json === undefined) return;
  const way = d.one(places(request.json));
  request.json = put(request.json, way, (old) => change(old, d));
};

const bytes = (change) => (request, d) => {
  request.text = change(request.text ?? (request.json === undefined ? '' : written(request.json)), d);
};

const MUTATIONS = [
  json((_, d) => d.one(ODD)),
  json((_, d) => d.one(ODD)),
  json(() => undefined),
  json((old, d) => (old && typeof old === 'object' && !Array.isArray(old) ? { ...old, [d.one(['extra', 'role', 'id', '__proto__', '', 'status', 'customerId'])]: d.one(ODD) } : old)),
  json((old) => (Array.isArray(old) ? Array.from({ length: 1001 }, () => old[0]) : [old, old])),
  json((old) => (typeof old === 'number' ? String(old) : typeof old === 'string' ? Number(old.length) : old)),
  bytes((text, d) => text.slice(0, d.below(text.length + 1))),
  bytes((text, d) => { const at = d.below(text.length + 1); return text.slice(0, at) + d.one(BYTES) + text.slice(at); }),
  bytes((text) => text + text),
  bytes((text, d) => d.one(['['.repeat(50_000), '{"a":'.repeat(20_000), '', ' ', 'null', '"', '0', 'a=b&c=d', '<a/>'])),
  bytes((text) => text.replace(/"(\w+)":/, '"$1":0,"$1":')),
  (request, d) => { const name = d.one(Object.keys(HEADERS)); request.headers[name] = d.one(HEADERS[name]); },
  (request, d) => { delete request.headers[d.one(Object.keys(request.headers))]; },
  (request, d) => { const parts = request.path.split('/'); parts[1 + d.below(parts.length - 1)] = d.one(SEGMENTS); request.path = parts.join('/'); },
  (request, d) => { request.path += d.one(['/', '//', '/x', ';a=b', '%20', '.json']); },
  (request, d) => { request.query = [request.query, d.one(QUERIES)].filter(Boolean).join('&'); },
  (request, d) => { request.method = d.one(METHODS); },
];

/** Spoils the request in one to three places. */
export function mutate(request, d) {
  for (let left = 1 + d.below(3); left > 0; left -= 1) d.one(MUTATIONS)(request, d);
  return request;
}

/** As it goes over the wire. */
export function encode({ method, path, query, headers, json: value, text }) {
  const body = Buffer.from(text ?? (value === undefined ? '' : written(value)));
  const target = `${path || '/'}${query ? `?${query}` : ''}`.replace(/[\u0000-\u0020\u007f]/g, '');
  const lines = Object.entries(headers).map(([name, held]) => `${name}: ${held.replace(/[\r\n\u0000]/g, '')}\r\n`);
  // Odd octets stand in a head as they are.
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: till\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, body]);
}
