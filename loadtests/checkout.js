// Checkout: people who buy, and nothing else; each visit is an order, its payment and a look at the paid order.
// A pass: at this rate every order is paid in time, and each that was paid is paid in full.
import { checkOut, fillBasket } from './lib/journeys.js';
import { options as optionsOf, steady, visitOf } from './lib/load.js';
import { summary } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, calm, fast, keptUp, quickCheckouts } from './lib/thresholds.js';

const settings = settingsOf({ rate: 20, duration: '1m' });

export const options = optionsOf(
  settings,
  { visits: steady(settings, { rate: settings.rate, seconds: settings.duration, lasts: 0.5, exec: 'visit' }) },
  {
    ...always(),
    ...keptUp(),
    ...calm(),
    ...fast(settings, 'place_order', 'create_payment', 'get_order'),
    ...quickCheckouts(settings),
    checkouts_done: [`count>=${Math.floor(settings.rate * settings.duration * 0.99)}`],
    checkouts_given_up: ['count==0'],
    checkouts_sold_out: ['count==0'],
  },
);

export const setup = () => openShop(settings);

export function visit(shop) {
  const { dice, customer, key } = visitOf(settings, shop);
  checkOut(settings, dice, { customer, key, items: fillBasket(shop, dice) });
}

export const handleSummary = summary({
  name: 'checkout',
  settings,
  says: 'An order, its payment, and a look at whether it is paid: at this rate all of them get through, soon.',
});
