// Smoke: does it work at all? Every step of every journey at a rate that strains nothing.
// A pass: each answer was what the API promises, none was refused or lost, and none took long. Run it first, and in CI.
import { browse, checkOut, fillBasket, keepBooks, lookBack } from './lib/journeys.js';
import { options as optionsOf, steady, visitOf } from './lib/load.js';
import { summary } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, calm, fast, keptUp, quickCheckouts } from './lib/thresholds.js';

const settings = settingsOf({ rate: 2, duration: '15s', customers: 2 });

export const options = optionsOf(
  settings,
  { visits: steady(settings, { rate: settings.rate, seconds: settings.duration, lasts: 5, exec: 'visit' }) },
  {
    ...always(),
    ...keptUp(),
    ...calm(),
    ...fast(
      settings,
      'list_products',
      'get_product',
      'place_order',
      'create_payment',
      'get_order',
      'list_orders',
      'list_payments',
      'list_users',
      'list_reports',
    ),
    ...quickCheckouts(settings),
    checkouts_done: ['count>=1'],
    checkouts_given_up: ['count==0'],
    checkouts_sold_out: ['count==0'],
  },
);

export const setup = () => openShop(settings);

export function visit(shop) {
  const { number, dice, customer, key } = visitOf(settings, shop);
  browse(settings, shop, dice);
  // Every fourth card is declined, and that is a right answer.
  checkOut(settings, dice, { customer, key, items: fillBasket(shop, dice), method: number % 4 === 3 ? 'pm_declined' : 'pm_ok' });
  lookBack(settings, dice, customer);
  keepBooks(settings, shop.admin);
}

export const handleSummary = summary({
  name: 'smoke',
  settings,
  says: 'Every step of every journey, seldom enough to strain nothing: all answers are as promised, and soon.',
});
