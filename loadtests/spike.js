// Spike: within seconds ten times as many come as a moment ago, and then they are gone again.
// A pass: while they are there, whoever is served is served in time and whoever is not is refused cleanly; before, and a
// few seconds after, nobody notices anything.
import { browse, checkOut, fillBasket } from './lib/journeys.js';
import { elapsed, mark, options as optionsOf, ramping, visitOf } from './lib/load.js';
import { summary, valueOf } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, KEEP, notDead, quickCheckouts, servedAfterAll, watched } from './lib/thresholds.js';

const RISE = 3;
/** So long after the spike the service is given to be itself again. */
const RECOVERS_IN = 10;

const settings = settingsOf({
  rate: 20,
  duration: '20s',
  own: { times: ({ number }) => number('TIMES', 10, 1, 1000) },
});

const calm = { rate: settings.rate, seconds: settings.duration };
const high = settings.rate * settings.times;
const stages = [
  calm,
  { rate: high, seconds: RISE },
  { rate: high, seconds: settings.duration },
  { rate: settings.rate, seconds: RISE },
  { rate: settings.rate, seconds: settings.duration + RECOVERS_IN },
];

const ENDS = {
  before: settings.duration,
  spike: settings.duration * 2 + RISE * 2,
  recovering: settings.duration * 2 + RISE * 2 + RECOVERS_IN,
};
const momentNow = () => Object.keys(ENDS).find((moment) => elapsed() < ENDS[moment]) ?? 'after';
const MOMENTS = ['before', 'spike', 'recovering', 'after'];

export const options = optionsOf(
  settings,
  { visits: ramping(settings, { from: settings.rate, stages, lasts: 2, exec: 'visit' }) },
  {
    ...always(),
    ...watched(
      'list_products',
      'get_product',
      'get_inventory',
      'list_product_recommendations',
      'place_order',
      'create_payment',
      'get_order',
    ),
    ...Object.fromEntries(
      MOMENTS.flatMap((moment) => [
        [`arrivals{moment:${moment}}`, KEEP.counter],
        [`checkouts_done{moment:${moment}}`, KEEP.counter],
        [`refused_503{moment:${moment}}`, KEEP.counter],
        [`checkout_duration{moment:${moment},ended:done}`, KEEP.trend],
        [`http_req_duration{moment:${moment}}`, KEEP.trend],
      ]),
    ),
    ...quickCheckouts(settings, 'checkout_duration{moment:before}'),
    ...quickCheckouts(settings, 'checkout_duration{moment:after}'),
    ...servedAfterAll(settings, 'checkout_duration{moment:spike,ended:done}'),
    'refused_503{moment:before}': ['count==0'],
    'refused_503{moment:after}': ['count==0'],
    'answers_lost{moment:after}': ['count==0'],
    'checkouts_done{moment:spike}': ['count>=1'],
    ...notDead(),
  },
);

export const setup = () => openShop(settings);

export function visit(shop) {
  mark('moment', momentNow());
  const { dice, customer, key } = visitOf(settings, shop);
  browse(settings, shop, dice);
  if (dice.chance(0.3)) checkOut(settings, dice, { customer, key, items: fillBasket(shop, dice) });
}

function findings(metrics) {
  const rows = MOMENTS.map((moment) => {
    const of = (metric, statistic) => valueOf(metrics, `${metric}{moment:${moment}}`, statistic);
    const checkoutP99 = valueOf(metrics, `checkout_duration{moment:${moment},ended:done}`, 'p(99)');
    return [moment, of('arrivals'), of('checkouts_done'), of('refused_503'), of('http_req_duration', 'p(99)'), checkoutP99];
  });
  const [before, spike, , after] = rows;
  return [
    {
      title: 'Before, during and after',
      text:
        `${settings.times} times as many for ${settings.duration} s: ${spike[3]} refused, a checkout's p99 ` +
        `${Math.round(spike[5])} ms; before ${Math.round(before[5])} ms, afterwards ${Math.round(after[5])} ms.`,
      columns: ['moment', 'visits', 'checkouts done', 'refused', 'a request, p99 ms', 'a checkout, p99 ms'],
      rows,
    },
  ];
}

export const handleSummary = summary({
  name: 'spike',
  settings,
  findings,
  says: 'Ten times as many within seconds: those who are refused are refused cleanly, and afterwards all is as before.',
});
