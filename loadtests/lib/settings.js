// What may be set from outside: read once from the environment, with defaults of a laptop's size, and all faults told at once.

const faults = [];

const raw = (name) => {
  const value = __ENV[name];
  return value === undefined || value === '' ? undefined : value;
};

function text(name, fallback, form, meaning) {
  const value = raw(name) ?? fallback;
  if (value !== undefined && !form.test(value)) faults.push(`${name} is "${value}": must be ${meaning}`);
  return value;
}

function number(name, fallback, least, most) {
  const value = Number(raw(name) ?? fallback);
  if (!(value >= least && value <= most)) faults.push(`${name} is "${raw(name)}": must be a number from ${least} to ${most}`);
  return value;
}

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration such as `90s` or `1h30m`; `NaN` where it is none. */
export function seconds(duration) {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(duration)) return NaN;
  return [...duration.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit], 0);
}

function duration(name, fallback, least) {
  const value = seconds(raw(name) ?? fallback);
  if (!(value >= least)) faults.push(`${name} is "${raw(name)}": must be a duration such as 30s or 1h30m, ${least}s at least`);
  return value;
}

/**
 * The settings of a scenario: those that all of them know, and its own defaults for these.
 *
 * @param defaults `rate` in arrivals a second, `duration` such as `1m`, `customers` who share the arrivals.
 */
export function settings(defaults) {
  const chosen = {
    baseUrl: text('BASE_URL', 'http://127.0.0.1:8080', /^https?:\/\/[^/]+$/, 'http(s)://host[:port] without a path'),
    // The operators' listener; without it nothing is known of the service's memory.
    opsUrl: text('OPS_URL', undefined, /^https?:\/\/[^/]+$/, 'http(s)://host[:port] without a path'),
    rate: number('RATE', defaults.rate, 0.1, 100000),
    duration: duration('DURATION', defaults.duration, 1),
    customers: number('CUSTOMERS', defaults.customers ?? 16, 1, 10000),
    // One seed, one sequence of visits.
    seed: number('SEED', 7, 0, 4294967295),
    // Multiplies every bound of time: 5 for a debug build on a busy machine, 0.5 for a server that should do better.
    slack: number('SLACK', 1, 0.0001, 1000),
    // A generator that has so many visits open at once sends no more, and says so (`dropped_iterations`).
    maxVisits: number('MAX_VISITS', 2000, 1, 100000),
    timeout: duration('TIMEOUT', '15s', 0.1),
    // How often a request that was refused, or whose answer was lost, is sent again.
    retries: number('RETRIES', 1, 0, 10),
    // A client that is told to wait longer than this gives up.
    patience: duration('PATIENCE', '5s', 0),
    // A payment that was answered 202 is looked up for so long, a second apart.
    settle: duration('SETTLE', '30s', 0),
    adminEmail: text('ADMIN_EMAIL', 'admin@example.com', /@/, 'an e-mail address'),
    // The demo shop's. Set it for a service that was not seeded with it.
    adminPassword: text('ADMIN_PASSWORD', 'till-demo-password', /^.{12,128}$/, '12 to 128 characters'),
    customerPassword: text('CUSTOMER_PASSWORD', 'till-demo-password', /^.{12,128}$/, '12 to 128 characters'),
    out: text('OUT', 'target/load', /./, 'a folder'),
    ...Object.fromEntries(Object.entries(defaults.own ?? {}).map(([name, read]) => [name, read({ number, duration, text })])),
  };
  // A sale that begins without stock measures refusals: see lib/shop.js.
  chosen.restock = text('RESTOCK', 'on', /^(on|off)$/, 'on or off') === 'on';
  if (faults.length) throw new Error(`settings:\n  ${faults.join('\n  ')}`);
  return chosen;
}

/** What of them a reader of the results must know; no password is among it. */
export function shown(chosen) {
  const { adminPassword, customerPassword, ...rest } = chosen;
  return rest;
}
