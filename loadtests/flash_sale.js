// Flash sale: one product, fewer pieces than buyers, all of them at once. The hardest thing for a stock: one row that
// everybody wants.
// A pass: exactly as many pieces are sold as there were, everybody else is told so (409), the stock ends at 0, and the
// orders' own record, read after the sale, says the same.
import exec from 'k6/execution';

import { ask, END, preparing } from './lib/http.js';
import { checkOut } from './lib/journeys.js';
import { options as optionsOf, steady, visitOf } from './lib/load.js';
import { flashLeft, flashOrders, oversold } from './lib/metrics.js';
import { summary, valueOf } from './lib/report/summary.js';
import { signInAdmin, tokenOf } from './lib/session.js';
import { settings as settingsOf } from './lib/settings.js';
import { available, deliver, openShop } from './lib/shop.js';
import { always, servedAfterAll, watched } from './lib/thresholds.js';

const settings = settingsOf({
  rate: 100,
  duration: '10s',
  own: { stock: ({ number }) => number('STOCK', 100, 1, 100000) },
});

/** Milliseconds by which the clock here may be ahead of the service's. */
const CLOCKS_DIFFER = 300000;

const buyers = Math.floor(settings.rate * settings.duration);
if (buyers < settings.stock * 2)
  throw new Error(`${buyers} buyers for ${settings.stock} pieces are no flash sale: raise RATE or DURATION, or lower STOCK`);

export const options = optionsOf(
  settings,
  { buyers: steady(settings, { rate: settings.rate, seconds: settings.duration, lasts: 3, exec: 'visit' }) },
  {
    ...always(),
    ...watched('place_order', 'create_payment', 'get_order'),
    ...servedAfterAll(settings, 'checkout_duration{ended:done}'),
    ...servedAfterAll(settings, 'checkout_duration{ended:sold_out}'),
    flash_orders: [`count==${settings.stock}`],
    flash_left: ['value==0'],
    // Who was promised a piece was let pay for it.
    checkouts_done: [`count>=${Math.ceil(settings.stock * 0.9)}`, `count<=${settings.stock}`],
    checkouts_sold_out: ['count>=1'],
  },
);

export function setup() {
  const shop = openShop({ ...settings, restock: false });
  const product = createProduct(shop);
  deliver(settings, shop.admin, product, settings.stock);
  return { ...shop, product, began: new Date(Date.now() - CLOCKS_DIFFER).toISOString() };
}

function createProduct({ run, admin }) {
  const created = ask(preparing(settings), {
    operation: 'create_product',
    method: 'POST',
    path: '/v1/products',
    token: admin.accessToken,
    key: `${run}-flash`,
    body: {
      sku: `FLASH-${run.toUpperCase()}`,
      name: `Flash sale ${run}`,
      category: 'flash-sale',
      unitAmount: 1990,
      currency: 'MYR',
    },
    expect: [201],
  });
  if (created.end !== END.answered) throw new Error('the product of the sale could not be created');
  return { id: created.json('id') };
}

export function visit(shop) {
  const { dice, customer, key } = visitOf(settings, shop);
  checkOut(settings, dice, { customer, key, items: [{ productId: shop.product.id, quantity: 1 }] });
}

/** Counts by the service's own record, not by what the buyers were told. */
export function teardown({ product, customers, began }) {
  const sold = customers.reduce((pieces, customer) => pieces + boughtBy(customer, product, began), 0);
  const left = available(settings, product);
  flashOrders.add(sold);
  flashLeft.add(left);
  oversold.add(Math.max(0, sold - settings.stock) + Math.max(0, -left));
  ask(preparing(settings), {
    operation: 'archive_product',
    method: 'DELETE',
    path: `/v1/products/${product.id}`,
    token: signInAdmin(settings).accessToken,
    expect: [204],
  });
}

function boughtBy(customer, product, began) {
  const token = tokenOf(preparing(settings), customer);
  let pieces = 0;
  let path = `/v1/orders?limit=100&createdAfter=${encodeURIComponent(began)}`;
  while (path) {
    const listed = ask(preparing(settings), { operation: 'list_orders', path, token });
    if (listed.end !== END.answered) exec.test.abort('the orders cannot be read, so nothing is known of the sale');
    const { data, nextCursor } = listed.json();
    for (const { items } of data) for (const item of items) if (item.productId === product.id) pieces += item.quantity;
    path =
      nextCursor && `/v1/orders?limit=100&createdAfter=${encodeURIComponent(began)}&cursor=${encodeURIComponent(nextCursor)}`;
  }
  return pieces;
}

function findings(metrics) {
  const sold = valueOf(metrics, 'flash_orders');
  const left = valueOf(metrics, 'flash_left', 'value');
  return [
    {
      title: 'The sale',
      ok: sold === settings.stock && left === 0,
      text:
        `${valueOf(metrics, 'arrivals')} buyers for ${settings.stock} pieces: ${sold} sold by the orders' own record, ${left} left; ` +
        `${valueOf(metrics, 'checkouts_sold_out')} were told that nothing is left.`,
    },
  ];
}

export const handleSummary = summary({
  name: 'flash_sale',
  settings,
  findings,
  says: 'More buyers than pieces, all at once: exactly the stock is sold, everybody else is told so, and nothing is left.',
});
