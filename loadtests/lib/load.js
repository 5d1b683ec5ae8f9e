// The open model: visits begin when they are due, whether or not those before have ended. No scenario loops.
import exec from 'k6/execution';

import { SYSTEM_TAGS } from './http.js';
import { arrivals } from './metrics.js';
import { diceOf } from './random.js';

/** Percentiles that the report shows; k6's own choice has no p99. */
const STATISTICS = ['min', 'med', 'avg', 'p(90)', 'p(95)', 'p(99)', 'max', 'count'];

/** k6 wants whole numbers: arrivals a minute tell of less than one a second. */
const perMinute = (rate) => (rate === 0 ? 0 : Math.max(1, Math.round(rate * 60)));

/** Visitors k6 keeps ready: as many as are in the shop at a time (Little's law), and some for when it gets slow. */
function visitors(settings, rate, lasts) {
  const ready = Math.min(Math.ceil(rate * lasts) + 5, settings.maxVisits);
  return { preAllocatedVUs: ready, maxVUs: Math.max(ready, Math.min(settings.maxVisits, ready * 20)) };
}

/**
 * So many visits a second.
 *
 * @param plan `rate` (visits a second), `seconds`, `lasts` (seconds that one visit takes, about), `exec`, `startTime` in seconds
 */
export function steady(settings, { rate, seconds, lasts = 1, exec: name, startTime = 0 }) {
  return {
    executor: 'constant-arrival-rate',
    rate: perMinute(rate),
    timeUnit: '1m',
    duration: `${Math.round(seconds * 1000)}ms`,
    startTime: `${startTime}s`,
    gracefulStop: '40s',
    exec: name,
    ...visitors(settings, rate, lasts),
  };
}

/** Visits whose number a second goes from one stage's `rate` to the next one's within its `seconds`; in 0 it jumps. */
export function ramping(settings, { from, stages, lasts = 1, exec: name }) {
  const most = Math.max(from, ...stages.map(({ rate }) => rate));
  return {
    executor: 'ramping-arrival-rate',
    startRate: perMinute(from),
    timeUnit: '1m',
    stages: stages.map(({ rate, seconds }) => ({ target: perMinute(rate), duration: `${Math.round(seconds * 1000)}ms` })),
    gracefulStop: '40s',
    exec: name,
    ...visitors(settings, most, lasts),
  };
}

/** k6's options of a scenario. */
export function options(settings, scenarios, thresholds) {
  return {
    scenarios,
    thresholds,
    systemTags: SYSTEM_TAGS,
    summaryTrendStats: STATISTICS,
    userAgent: 'till-loadtests',
    setupTimeout: '15m',
    teardownTimeout: '5m',
    noCookiesReset: true,
    // Answers of the load are not followed; the API redirects nobody.
    maxRedirects: 0,
  };
}

/** Begins a visit: all that differs from the next one's, which is its number, chance, customer, and what its keys begin with. */
export function visitOf(settings, shop) {
  arrivals.add(1);
  const number = exec.scenario.iterationInTest;
  const name = exec.scenario.name;
  const dice = diceOf(settings.seed + [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0), number);
  return { number, dice, customer: shop.customers[(__VU - 1) % shop.customers.length], key: `${shop.run}-${name}-${number}` };
}

/** Seconds since this scenario began. */
export const elapsed = () => (Date.now() - exec.scenario.startTime) / 1000;

/** Puts what this visit measures into a series of its own; call it before the visit begins. */
export function mark(name, value) {
  exec.vu.metrics.tags[name] = String(value);
}
