// Browse: people who look and don't buy, the largest part of any day. Shows what the cache is good for.
// A pass: at this rate the catalogue answers soon, and nobody was refused.
import { browse } from './lib/journeys.js';
import { options as optionsOf, steady, visitOf } from './lib/load.js';
import { summary } from './lib/report/summary.js';
import { settings as settingsOf } from './lib/settings.js';
import { openShop } from './lib/shop.js';
import { always, calm, fast, keptUp } from './lib/thresholds.js';

const settings = settingsOf({ rate: 50, duration: '1m', customers: 1 });

export const options = optionsOf(
  settings,
  { visits: steady(settings, { rate: settings.rate, seconds: settings.duration, lasts: 0.2, exec: 'visit' }) },
  {
    ...always(),
    ...keptUp(),
    ...calm(),
    ...fast(settings, 'list_products', 'get_product', 'get_inventory', 'list_product_recommendations'),
  },
);

export const setup = () => openShop({ ...settings, restock: false });

export function visit(shop) {
  browse(settings, shop, visitOf(settings, shop).dice);
}

export const handleSummary = summary({
  name: 'browse',
  settings,
  says: 'Visits to the catalogue: a list or a search, one to three products, now and then the stock or what others bought.',
});
