// What must hold, for a run not to fail. Bounds of time are those of a release build on a laptop, times SLACK.

/** Milliseconds, by what an operation does: p95 and p99. */
const BOUNDS = {
  read: { p95: 100, p99: 300 },
  write: { p95: 250, p99: 800 },
  slow: { p95: 500, p99: 1500 },
};

const OPERATIONS = {
  list_products: 'read',
  get_product: 'read',
  get_inventory: 'read',
  list_product_recommendations: 'read',
  list_orders: 'read',
  get_order: 'read',
  list_payments: 'read',
  get_payment: 'read',
  list_users: 'slow',
  list_reports: 'slow',
  place_order: 'write',
  create_payment: 'write',
};

/** Always true: it makes k6 keep a series for the report. The report does not show it. */
export const KEEP = {
  counter: ['count>=0'],
  trend: ['p(99)>=0'],
};

const bounds = (settings, { p95, p99 }) => [`p(95)<${p95 * settings.slack}`, `p(99)<${p99 * settings.slack}`];

/** What holds in every run: no wrong answer, nothing sold that is not there, and a generator that kept up. */
export function always() {
  return {
    checks: ['rate==1'],
    answers_wrong: ['count==0'],
    oversold: [{ threshold: 'count==0', abortOnFail: true }],
  };
}

/** Every visit that was due began: where it did not, the figures are of the generator. */
export const keptUp = () => ({ dropped_iterations: ['count==0'] });

/** Where half of all fails, going on shows nothing. */
const HOPELESS = { threshold: 'rate<0.5', abortOnFail: true, delayAbortEval: '10s' };

/** Nothing was refused, and no answer lost. */
export function calm() {
  return {
    http_req_failed: ['rate==0', HOPELESS],
    answers_lost: ['count==0'],
    refused_503: ['count==0'],
    refused_429: ['count==0'],
  };
}

/** Hardly anything was refused or lost. */
export const alive = () => ({ http_req_failed: ['rate<0.01', HOPELESS] });

/** Refusals are what is looked for, and many; but somebody must be there who refuses. */
export const notDead = () => ({ answers_lost: [{ threshold: 'count<2000', abortOnFail: true, delayAbortEval: '10s' }] });

/** A time bound for each of these operations. */
export function fast(settings, ...operations) {
  return Object.fromEntries(
    operations.map((operation) => [`http_req_duration{name:${operation}}`, bounds(settings, BOUNDS[OPERATIONS[operation]])]),
  );
}

/** A row in the report for each of these operations, without a bound. */
export function watched(...operations) {
  return Object.fromEntries(operations.map((operation) => [`http_req_duration{name:${operation}}`, KEEP.trend]));
}

/** From the first request of a checkout to its last answer. */
export const quickCheckouts = (settings, series = 'checkout_duration') => ({
  [series]: bounds(settings, { p95: 600, p99: 1500 }),
});

/** Seconds: the longest wait that the service asks for when it is full. */
const LONGEST_WAIT = 3;

/** Of those who come when it is full: two of a checkout's three requests may have been refused once. */
export const servedAfterAll = (settings, series) => ({
  [series]: [`p(99)<${2 * LONGEST_WAIT * 1000 + BOUNDS.slow.p99 * settings.slack}`],
});
