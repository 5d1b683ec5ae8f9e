// One request as a well-behaved client sends it; the only file that calls `http`.
import { check, sleep } from 'k6';
import http from 'k6/http';

import { lost, refused, retries, wrong } from './metrics.js';

/** Ids in paths must not become time series: requests are told apart by their operation, so `url` is left out. */
export const SYSTEM_TAGS = ['proto', 'status', 'method', 'name', 'group', 'check', 'error_code', 'scenario', 'expected_response'];

/** How it ended. */
export const END = Object.freeze({ answered: 'answered', refused: 'refused', wrong: 'wrong', lost: 'lost' });

/** A client that prepares or ends a run: patient, limited as anybody else is, and no part of what is measured. */
export const preparing = (settings) => ({ ...settings, preparing: true, retries: 10, patience: 90 });

/** The statuses with which the service says: not now, and nothing was done. */
const REFUSALS = [409, 429, 503];

function endOf(response, expected) {
  if (response.status === 0) return END.lost;
  // 409 may be an answer or a refusal: only a refusal says when to come again.
  const comesAgain = response.headers['Retry-After'] !== undefined && REFUSALS.includes(response.status);
  if (comesAgain) return END.refused;
  return expected.includes(response.status) ? END.answered : END.wrong;
}

function count(end, response, operation, preparing) {
  if (end === END.refused && !preparing) refused[response.status].add(1);
  if (end === END.lost) lost.add(1);
  if (end === END.wrong) {
    wrong.add(1);
    console.error(`${operation}: ${response.status} ${String(response.body).slice(0, 300)}`);
  }
  check(response, { [`${operation} answers what it promises`]: () => end === END.answered || end === END.refused });
}

/** Seconds to wait before the next try; `null` where there is none. */
function waitBefore(end, response, repeatable, patience) {
  if (end === END.refused) {
    const wait = Number(response.headers['Retry-After']);
    return wait <= patience ? wait : null;
  }
  // Whether it was done is not known: with its key, or where it changes nothing, it may be asked again.
  return end === END.lost && repeatable ? 1 : null;
}

/**
 * Asks, and asks again with the same key where the service says so or the answer was lost.
 *
 * @param settings of the scenario
 * @param asked `operation` (the id in the OpenAPI document), `method`, `path`, and where needed `body`, `token`, `key`,
 *   `headers`, `expect` (statuses, default 200), `repeatable` (default: a GET or what has a key)
 * @returns of the last answer `status`, `headers` and `json`, and its `end` (one of END)
 */
export function ask(settings, asked) {
  const { operation, method = 'GET', path, body, token, key, headers = {}, expect = [200] } = asked;
  const repeatable = asked.repeatable ?? (method === 'GET' || key !== undefined);
  const params = {
    headers: {
      ...headers,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(key && { 'Idempotency-Key': key }),
    },
    tags: { name: settings.preparing ? `before: ${operation}` : operation },
    timeout: settings.timeout * 1000,
    redirects: 0,
    // Before and after the run a refusal is waited out, and no failure of what is measured.
    responseCallback: http.expectedStatuses(...expect, ...(settings.preparing ? REFUSALS : [])),
  };
  const text = body === undefined ? null : JSON.stringify(body);
  for (let tries = 0; ; tries += 1) {
    const response = http.request(method, settings.baseUrl + path, text, params);
    const end = endOf(response, expect);
    count(end, response, operation, settings.preparing);
    const wait = tries < settings.retries ? waitBefore(end, response, repeatable, settings.patience) : null;
    if (wait === null)
      return { end, status: response.status, headers: response.headers, json: (...path) => response.json(...path) };
    if (!settings.preparing) retries.add(1);
    sleep(wait);
  }
}
