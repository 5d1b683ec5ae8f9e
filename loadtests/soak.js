// Soak: an ordinary load for long. Shows what only time brings: leaks, tables that grow, tokens that end, pools that dry up.
// A pass: the last fifth is as quick as the first, and with OPS_URL given, the service's memory has stopped growing.
import http from 'k6/http';

import { browse, checkOut, fillBasket, lookBack } from './lib/journeys.js';
import { elapsed, mark, options as optionsOf, steady, visitOf } from './lib/load.js';
import { apiMemory } from './lib/metrics.js';
import { summary, valueOf } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, calm, fast, KEEP, keptUp, quickCheckouts, watched } from './lib/thresholds.js';

const FIFTHS = [1, 2, 3, 4, 5];
/** Below this a difference is noise. */
const NOISE_MS = 25;
const NOISE_MIB = 16;

const settings = settingsOf({
  rate: 15,
  duration: '15m',
  own: {
    // p95 of the last fifth beside the first one's.
    drift: ({ number }) => number('DRIFT', 1.5, 1, 100),
    // Memory at the end beside that of the second fifth; in the first the caches fill.
    growth: ({ number }) => number('MEMORY_GROWTH', 1.3, 1, 100),
  },
});

const series = ['http_req_duration', 'checkout_duration', 'api_memory_mib'];

export const options = optionsOf(
  settings,
  {
    visits: steady(settings, { rate: settings.rate, seconds: settings.duration, lasts: 0.5, exec: 'visit' }),
    ...(settings.opsUrl && {
      memory: steady(settings, { rate: Math.max(0.1, 50 / settings.duration), seconds: settings.duration, exec: 'memory' }),
    }),
  },
  {
    ...always(),
    ...keptUp(),
    ...calm(),
    ...fast(settings, 'list_products', 'get_product', 'place_order', 'create_payment', 'get_order', 'list_orders'),
    ...watched('list_payments', 'get_inventory', 'list_product_recommendations', 'create_token', 'refresh_token'),
    ...Object.fromEntries(FIFTHS.flatMap((fifth) => series.map((name) => [`${name}{fifth:${fifth}}`, KEEP.trend]))),
    ...quickCheckouts(settings),
    ...quickCheckouts(settings, 'checkout_duration{fifth:5}'),
    checkouts_given_up: ['count==0'],
  },
);

export const setup = () => openShop(settings);

const fifthNow = () => Math.min(5, 1 + Math.floor((5 * elapsed()) / settings.duration));

export function visit(shop) {
  mark('fifth', fifthNow());
  const { dice, customer, key } = visitOf(settings, shop);
  browse(settings, shop, dice);
  if (dice.chance(0.3)) checkOut(settings, dice, { customer, key, items: fillBasket(shop, dice) });
  else if (dice.chance(0.3)) lookBack(settings, dice, customer);
}

export function memory() {
  mark('fifth', fifthNow());
  const { body } = http.get(`${settings.opsUrl}/metrics`, { tags: { name: 'metrics' } });
  const found = /^process_resident_memory_bytes (\S+)$/m.exec(body ?? '');
  if (found) apiMemory.add(Number(found[1]) / 1048576);
}

function findings(metrics) {
  const of = (name, statistic) => FIFTHS.map((fifth) => valueOf(metrics, `${name}{fifth:${fifth}}`, statistic));
  const requests = of('http_req_duration', 'p(95)');
  const checkouts = of('checkout_duration', 'p(95)');
  const mebibytes = of('api_memory_mib', 'med');
  return [
    {
      title: 'From the first fifth to the last',
      ok:
        steadyOver(checkouts[0], checkouts[4], settings.drift, NOISE_MS) &&
        steadyOver(requests[0], requests[4], settings.drift, NOISE_MS),
      text:
        `p95 of a request ${requests[0].toFixed(1)} → ${requests[4].toFixed(1)} ms, of a checkout ${checkouts[0].toFixed(1)} → ` +
        `${checkouts[4].toFixed(1)} ms; up to ${settings.drift} times is no drift, nor is less than ${NOISE_MS} ms.`,
      columns: ['fifth', 'a request, p95 ms', 'a checkout, p95 ms'],
      rows: FIFTHS.map((fifth, index) => [fifth, requests[index], checkouts[index]]),
      chart: {
        caption: 'p95 in milliseconds.',
        x: FIFTHS,
        xTitle: 'fifth of the run',
        left: { title: 'a request, ms', curves: [{ values: requests }] },
        right: { title: 'a checkout, ms', curves: [{ values: checkouts }] },
      },
    },
    ...(settings.opsUrl
      ? [
          {
            title: 'Memory',
            ok: mebibytes[4] > 0 && steadyOver(mebibytes[1], mebibytes[4], settings.growth, NOISE_MIB),
            text: `${mebibytes[1].toFixed(1)} → ${mebibytes[4].toFixed(1)} MiB from the second fifth to the last; up to ${settings.growth} times, or ${NOISE_MIB} MiB, is no leak.`,
            columns: ['fifth', 'MiB (median)'],
            rows: FIFTHS.map((fifth, index) => [fifth, mebibytes[index]]),
          },
        ]
      : []),
  ];
}

const steadyOver = (first, last, times, noise) => last <= first * times || last - first <= noise;

export const handleSummary = summary({
  name: 'soak',
  settings,
  findings,
  says: 'An ordinary load for long: the last fifth is as quick as the first, and nothing grows without end.',
});
