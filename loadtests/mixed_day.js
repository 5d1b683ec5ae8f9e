// Mixed day: a shop's day in minutes. Four kinds of people come and go as hours do: a quiet night, a peak at noon, a
// higher one in the evening.
// A pass: whatever the hour, buyers are served in time, and what is refused is refused cleanly and seldom.
import { browse, checkOut, fillBasket, keepBooks, lookBack } from './lib/journeys.js';
import { options as optionsOf, ramping, visitOf } from './lib/load.js';
import { summary } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, alive, fast, keptUp, quickCheckouts, watched } from './lib/thresholds.js';

/** How full the shop is in each hour, beside its fullest. */
const HOURS = [
  0.1, 0.06, 0.04, 0.03, 0.04, 0.08, 0.15, 0.28, 0.42, 0.5, 0.56, 0.64, 0.75, 0.7, 0.58, 0.54, 0.58, 0.68, 0.82, 0.95, 1, 0.8,
  0.45, 0.2,
];
/** Of 100 people who come; `rate` is all of them, at the fullest hour. */
const PEOPLE = { browsers: 72, buyers: 15, customers: 11, office: 2 };

const settings = settingsOf({ rate: 30, duration: '4m', own: { think: ({ number }) => number('THINK', 0.5, 0, 60) } });

function through(share, name, lasts) {
  const rates = HOURS.map((fullness) => (settings.rate * share * fullness) / 100);
  const stages = rates.map((rate) => ({ rate, seconds: settings.duration / HOURS.length }));
  return ramping(settings, { from: rates[0], stages, lasts, exec: name });
}

export const options = optionsOf(
  settings,
  Object.fromEntries(Object.entries(PEOPLE).map(([name, share]) => [name, through(share, name, 0.5 + 3 * settings.think)])),
  {
    ...always(),
    ...keptUp(),
    ...alive(),
    ...fast(
      settings,
      'list_products',
      'get_product',
      'place_order',
      'create_payment',
      'get_order',
      'list_orders',
      'list_payments',
    ),
    ...watched('list_product_recommendations', 'list_users', 'list_reports', 'get_inventory'),
    ...quickCheckouts({ ...settings, slack: settings.slack + settings.think * 8 }),
    checkouts_done: ['count>=1'],
    checkouts_given_up: ['count==0'],
  },
);

export const setup = () => openShop(settings);

export function browsers(shop) {
  browse(settings, shop, visitOf(settings, shop).dice, settings.think);
}

export function buyers(shop) {
  const { dice, customer, key } = visitOf(settings, shop);
  browse(settings, shop, dice, settings.think);
  const method = dice.chance(0.04) ? 'pm_declined' : 'pm_ok';
  checkOut(settings, dice, { customer, key, items: fillBasket(shop, dice), pause: settings.think, method });
}

export function customers(shop) {
  const { dice, customer } = visitOf(settings, shop);
  lookBack(settings, dice, customer, settings.think);
}

export function office(shop) {
  keepBooks(settings, shop.admin);
}

export const handleSummary = summary({
  name: 'mixed_day',
  settings,
  says: 'A day in minutes: people who look, buy, come back and keep the books, few at night, most in the evening.',
});
