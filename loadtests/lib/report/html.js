// The report as one page that needs nothing but itself: no script, no font, no request.
import { bars, curves, grouped } from './charts.js';

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escape = (text) => String(text).replace(/[&<>"']/g, (letter) => ESCAPES[letter]);

const STYLE = `
  :root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --paper: #fcfcfd; --card: #f2f3f5; --line: #d9dce1;
    --good: #18794e; --bad: #cd2b31; --one: #3358d4; --other: #c2590a; }
  @media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #b0b4ba; --paper: #111214; --card: #1c1d20; --line: #363a3f;
    --good: #3dd68c; --bad: #ff9592; --one: #9eb1ff; --other: #ffa057; } }
  body { margin: 2.5rem auto; max-width: 62rem; padding: 0 1.5rem; background: var(--paper); color: var(--ink);
    font: 15px/1.55 system-ui, sans-serif; }
  h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; } p { margin: .4rem 0; }
  .soft, figcaption { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
  .verdict { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; border: 1.5px solid currentColor; font-weight: 600; }
  .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .7rem; margin: 1.4rem 0; }
  .card { background: var(--card); border-radius: .5rem; padding: .7rem .9rem; }
  .card b { display: block; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: right; padding: .32rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th { font-weight: 600; color: var(--soft); } th:first-child, td:first-child { text-align: left; }
  code { font: 13px ui-monospace, monospace; } svg { width: 100%; height: auto; } svg text { fill: var(--soft); font: 11px system-ui; }
  figure { margin: .8rem 0; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; } dd { margin: 0; }`;

const figure = (value) => {
  if (typeof value !== 'number') return escape(value ?? '–');
  return escape(grouped(Number.isInteger(value) ? value : Number(value.toPrecision(3))));
};

const row = (cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
const table = (columns, rows) =>
  `<div class="wide"><table><thead><tr>${columns.map((column) => `<th scope="col">${escape(column)}</th>`).join('')}</tr></thead>` +
  `<tbody>${rows.map(row).join('')}</tbody></table></div>`;
const said = (ok) => (ok ? '<span class="good">holds</span>' : '<span class="bad">does not hold</span>');
const card = ([name, value]) => `<div class="card"><b>${figure(value)}</b><span class="soft">${escape(name)}</span></div>`;
const section = (title, body) => (body ? `<section><h2>${escape(title)}</h2>${body}</section>` : '');

function cards({ headline, seconds }) {
  const all = [
    ['seconds', Math.round(seconds)],
    ['visits', headline.visits],
    ['visits not begun', headline.visitsNotBegun],
    ['requests a second', headline.requestsPerSecond],
    ['checkouts done', headline.checkoutsDone],
    ...(headline.checkoutP95 === null ? [] : [['ms, a checkout, p95', headline.checkoutP95]]),
    ['refused, cleanly', headline.refused],
    ['wrong or lost answers', headline.wrong + headline.lost],
  ];
  return `<div class="cards">${all.map(card).join('')}</div>`;
}

function finding({ title, text, ok, columns, rows, chart }) {
  const colour = ok === false ? ' class="bad"' : '';
  return section(
    title,
    `<p${colour}>${escape(text)}</p>` +
      (chart ? `<figure>${curves(chart)}<figcaption>${escape(chart.caption)}</figcaption></figure>` : '') +
      (rows
        ? table(
            columns,
            rows.map((cells) => cells.map(figure)),
          )
        : ''),
  );
}

function thresholds(all) {
  const rows = [...all].sort((one, other) => one.ok - other.ok || one.series.localeCompare(other.series));
  return table(
    ['what', 'must be', 'was', ''],
    rows.map(({ series, expression, was, ok }) => [
      `<code>${escape(series)}</code>`,
      `<code>${escape(expression)}</code>`,
      figure(was),
      said(ok),
    ]),
  );
}

function operations(all) {
  if (!all.length) return '';
  const most = Math.max(...all.map((of) => of.max));
  const statistics = ['med', 'p(90)', 'p(95)', 'p(99)', 'max'];
  return (
    table(
      ['operation', 'requests', 'p50', 'p90', 'p95', 'p99', 'most', 'p50 to p99'],
      all.map((of) => [
        `<code>${escape(of.operation)}</code>`,
        figure(of.count),
        ...statistics.map((name) => figure(of[name])),
        bars({ from: of.med, to: of['p(99)'], most }),
      ]),
    ) + '<p class="soft">Milliseconds from the last byte sent to the last byte received; the bars’ scale is logarithmic.</p>'
  );
}

const facts = (of) =>
  `<dl>${Object.entries(of)
    .map(([name, value]) => `<dt class="soft">${escape(name)}</dt><dd><code>${escape(value ?? '–')}</code></dd>`)
    .join('')}</dl>`;

/** What k6 counted and no table above shows. */
function counters(metrics) {
  const all = Object.entries(metrics).filter(([series, { type }]) => type === 'counter' && !series.includes('{'));
  return table(
    ['counter', 'count', 'a second'],
    all.map(([series, { count, rate }]) => [`<code>${escape(series)}</code>`, figure(count), figure(rate)]),
  );
}

/** @param report what `summary.js` also writes as JSON */
export function page(report) {
  const verdict = report.passed ? '<span class="verdict good">passed</span>' : '<span class="verdict bad">failed</span>';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(report.scenario)}: ${report.passed ? 'passed' : 'failed'}</title><style>${STYLE}</style></head><body>
<header><h1>${escape(report.scenario)} ${verdict}</h1><p>${escape(report.says)}</p>
<p class="soft">${escape(report.settings.baseUrl)}, ended ${escape(report.finishedAt)}</p></header>
${cards(report)}
${report.findings.map(finding).join('')}
${section('What must hold', thresholds(report.thresholds))}
${section('How long the operations took', operations(report.operations))}
${section(
  'Checks',
  table(
    ['check', 'held', 'did not'],
    report.checks.map(({ name, passes, fails }) => [escape(name), figure(passes), figure(fails)]),
  ),
)}
${section('Counted', counters(report.metrics))}
${section('Settings', facts(report.settings))}
<p class="soft">How to read it: loadtests/README.md.</p>
</body></html>
`;
}
