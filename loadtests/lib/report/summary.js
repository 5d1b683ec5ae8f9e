// The end of a run, for people (HTML, terminal) and for programs (JSON). Loads nothing from elsewhere.
import { KEEP } from '../thresholds.js';
import { shown } from '../settings.js';
import { page } from './html.js';

const ALWAYS_TRUE = [...KEEP.counter, ...KEEP.trend];

/** `http_req_duration{name:place_order}` in its parts. */
function parts(series) {
  const [, metric, , tags = ''] = /^([^{]+)(\{(.*)\})?$/.exec(series);
  return {
    metric,
    tags: Object.fromEntries(
      tags
        .split(',')
        .filter(Boolean)
        .map((tag) => tag.split(':')),
    ),
  };
}

function thresholdsOf(metrics) {
  return Object.entries(metrics).flatMap(([series, { thresholds = {}, values }]) =>
    Object.entries(thresholds)
      .filter(([expression]) => !ALWAYS_TRUE.includes(expression))
      .map(([expression, { ok }]) => ({ series, expression, ok, was: values[/^[^<>=]+/.exec(expression)[0]] ?? null })),
  );
}

function operationsOf(metrics) {
  return Object.entries(metrics)
    .map(([series, { values }]) => ({ ...parts(series), values }))
    .filter(
      ({ metric, tags, values }) => metric === 'http_req_duration' && Object.keys(tags).join() === 'name' && values.count > 0,
    )
    .map(({ tags, values }) => ({ operation: tags.name, ...values }))
    .sort((one, other) => one.operation.localeCompare(other.operation));
}

function checksOf(group) {
  const own = group.checks.map(({ name, passes, fails }) => ({ name, passes, fails }));
  return [...own, ...group.groups.flatMap(checksOf)];
}

/** The value of a series (`arrivals`, `checkouts_done{step:2}`), 0 where nothing was measured. */
export const valueOf = (metrics, series, statistic = 'count') => metrics[series]?.values[statistic] ?? 0;

/**
 * Makes a scenario's `handleSummary`.
 *
 * @param scenario `name`, `settings`, `says` (what a pass means), and perhaps `findings`: from k6's metrics to
 *   `{ title, text, ok?, columns?, rows?, chart? }`; one with `ok: false` fails a run of `loadtests/run.sh`
 */
export function summary({ name, settings, says, findings = () => [] }) {
  return ({ metrics, root_group: root, state }) => {
    const found = findings(metrics);
    const thresholds = thresholdsOf(metrics);
    const report = {
      scenario: name,
      says,
      passed: thresholds.every(({ ok }) => ok) && found.every(({ ok }) => ok !== false),
      finishedAt: new Date().toISOString(),
      seconds: state.testRunDurationMs / 1000,
      settings: shown(settings),
      headline: headline(metrics, state),
      thresholds,
      findings: found,
      operations: operationsOf(metrics),
      checks: checksOf(root),
      metrics: Object.fromEntries(Object.entries(metrics).map(([series, { type, values }]) => [series, { type, ...values }])),
    };
    return {
      stdout: lines(report, `${settings.out}/${name}`),
      [`${settings.out}/${name}.json`]: `${JSON.stringify(report, null, 2)}\n`,
      [`${settings.out}/${name}.html`]: page(report),
    };
  };
}

function headline(metrics, state) {
  const seconds = state.testRunDurationMs / 1000;
  return {
    visits: valueOf(metrics, 'arrivals'),
    visitsNotBegun: valueOf(metrics, 'dropped_iterations'),
    requests: valueOf(metrics, 'http_reqs'),
    requestsPerSecond: valueOf(metrics, 'http_reqs') / seconds,
    checkoutsDone: valueOf(metrics, 'checkouts_done'),
    checkoutP95: metrics.checkout_duration?.values['p(95)'] ?? null,
    refused: ['409', '429', '503'].reduce((sum, status) => sum + valueOf(metrics, `refused_${status}`), 0),
    wrong: valueOf(metrics, 'answers_wrong'),
    lost: valueOf(metrics, 'answers_lost'),
  };
}

const round = (value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : String(value));

/** For the terminal: what failed first, then the figures, then where the rest is. */
function lines(report, where) {
  const failed = report.thresholds.filter(({ ok }) => !ok);
  const { headline: figures } = report;
  return [
    '',
    `${report.scenario}: ${report.passed ? 'passed' : 'FAILED'} (${round(report.seconds)} s, ${report.settings.baseUrl})`,
    ...failed.map(({ series, expression, was }) => `  ✗ ${series}: ${expression} was ${round(was)}`),
    ...report.findings.map(({ title, text, ok }) => `  ${ok === false ? '✗' : '·'} ${title}: ${text}`),
    `  visits ${figures.visits}, not begun ${figures.visitsNotBegun}; requests ${figures.requests} (${round(figures.requestsPerSecond)}/s)`,
    `  checkouts done ${figures.checkoutsDone}${figures.checkoutP95 === null ? '' : `, p95 ${round(figures.checkoutP95)} ms`}`,
    `  refused ${figures.refused}, wrong ${figures.wrong}, lost ${figures.lost}`,
    ...report.operations.map(
      (of) =>
        `  ${of.operation.padEnd(29)} ${String(of.count).padStart(7)} × p50 ${round(of.med)} ms, p95 ${round(of['p(95)'])} ms, p99 ${round(of['p(99)'])} ms`,
    ),
    `  ${where}.html, ${where}.json`,
    '',
    '',
  ].join('\n');
}
