// Stress: more and more checkouts, step by step, until there are more than can be done; then the first step again.
// A pass: the first step is easy, no step brings a wrong answer, and after the worst the first is easy again. Where it
// breaks is no threshold but the result: the report names the step, and what was done at most.
import { checkOut, fillBasket } from './lib/journeys.js';
import { elapsed, mark, options as optionsOf, ramping, visitOf } from './lib/load.js';
import { summary, valueOf } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, KEEP, notDead, quickCheckouts, watched } from './lib/thresholds.js';

const settings = settingsOf({
  rate: 20,
  // Of each step.
  duration: '10s',
  own: {
    steps: ({ number }) => number('STEPS', 9, 2, 30),
    growth: ({ number }) => number('GROWTH', 1.5, 1.05, 4),
    // A step whose p99 is above this is beyond the break-point, and one that does less than this share of what is asked.
    breakP99: ({ number }) => number('BREAK_P99', 2000, 1, 60000),
    breakShare: ({ number }) => number('BREAK_SHARE', 0.9, 0.1, 1),
  },
});

/** Between two steps, so that what one leaves behind does not fall on the next. */
const BREATH = 3;
/** Before the first step is tried again. */
const RECOVERS_IN = 10;

const rates = Array.from({ length: settings.steps }, (_, step) => settings.rate * settings.growth ** step);
const STEPS = [
  ...rates.map((rate, step) => ({ name: String(step + 1).padStart(2, '0'), rate })),
  { name: 'again', rate: settings.rate },
];
const ends = [];
const stages = STEPS.flatMap(({ rate }, step) => {
  const rest = step === settings.steps - 1 ? RECOVERS_IN : BREATH;
  ends.push((ends[step - 1] ?? 0) + settings.duration + rest);
  return [
    { rate, seconds: 0 },
    { rate, seconds: settings.duration },
    { rate: 0, seconds: 0 },
    { rate: 0, seconds: rest },
  ];
});
const stepNow = () => STEPS[ends.findIndex((end) => elapsed() < end)] ?? STEPS[settings.steps];

const perStep = ({ name }) => [
  [`arrivals{step:${name}}`, KEEP.counter],
  [`checkouts_done{step:${name}}`, KEEP.counter],
  [`refused_503{step:${name}}`, KEEP.counter],
  [`answers_lost{step:${name}}`, KEEP.counter],
  [`checkout_duration{step:${name},ended:done}`, KEEP.trend],
];

export const options = optionsOf(
  settings,
  { visits: ramping(settings, { from: 0, stages, lasts: 2, exec: 'visit' }) },
  {
    ...always(),
    ...watched('place_order', 'create_payment', 'get_order'),
    ...Object.fromEntries(STEPS.flatMap(perStep)),
    ...quickCheckouts(settings, 'checkout_duration{step:01}'),
    ...quickCheckouts(settings, 'checkout_duration{step:again}'),
    'refused_503{step:01}': ['count==0'],
    'refused_503{step:again}': ['count==0'],
    'answers_lost{step:again}': ['count==0'],
    ...notDead(),
  },
);

export const setup = () => openShop(settings);

export function visit(shop) {
  mark('step', stepNow().name);
  const { dice, customer, key } = visitOf(settings, shop);
  checkOut(settings, dice, { customer, key, items: fillBasket(shop, dice) });
}

function findings(metrics) {
  const steps = rates.map((rate, step) => measured(metrics, STEPS[step].name, rate));
  const broken = steps.findIndex(({ done, rate, p99 }) => done < rate * settings.breakShare || p99 > settings.breakP99);
  const most = Math.max(...steps.map(({ done }) => done));
  const where =
    broken < 0
      ? `not reached: it is above ${Math.round(rates[rates.length - 1])} checkouts a second (more STEPS, or a higher RATE)`
      : broken === 0
        ? `below the first step, ${settings.rate} checkouts a second (a lower RATE)`
        : `between ${Math.round(rates[broken - 1])} and ${Math.round(rates[broken])} checkouts a second`;
  return [
    {
      title: 'Break-point',
      text: `${where}. At most ${most.toFixed(1)} were done a second.`,
      columns: [
        'step',
        'asked for a second',
        'begun a second',
        'done a second',
        'refusals a second',
        'lost a second',
        'p50 ms',
        'p99 ms',
      ],
      rows: [...steps, measured(metrics, 'again', settings.rate)].map(({ name, rate, begun, done, refusals, lost, p50, p99 }) => [
        name,
        rate,
        begun,
        done,
        refusals,
        lost,
        p50,
        p99,
      ]),
      chart: {
        caption: 'Checkouts done a second beside those asked for (dashed), and p99 of those that were done.',
        x: rates,
        logarithmic: true,
        xTitle: 'checkouts asked for a second (logarithmic)',
        left: { title: 'a second', curves: [{ values: rates, dashed: true }, { values: steps.map(({ done }) => done) }] },
        right: { title: 'p99, ms', curves: [{ values: steps.map(({ p99 }) => p99) }] },
        ...(broken >= 0 && { mark: rates[broken] }),
      },
    },
  ];
}

function measured(metrics, name, rate) {
  const perSecond = (metric) => valueOf(metrics, `${metric}{step:${name}}`) / settings.duration;
  const took = (statistic) => valueOf(metrics, `checkout_duration{step:${name},ended:done}`, statistic);
  return {
    name,
    rate,
    begun: perSecond('arrivals'),
    done: perSecond('checkouts_done'),
    refusals: perSecond('refused_503'),
    lost: perSecond('answers_lost'),
    p50: took('med'),
    p99: took('p(99)'),
  };
}

export const handleSummary = summary({
  name: 'stress',
  settings,
  findings,
  says: 'More and more checkouts until there are more than can be done: where that is, how it refuses, and that it recovers.',
});
