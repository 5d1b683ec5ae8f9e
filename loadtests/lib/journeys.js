// What people do in the shop, step by step; a scenario says how often.
import { check, sleep } from 'k6';

import { ask, END } from './http.js';
import { checkoutDuration, checkoutsDeclined, checkoutsDone, checkoutsGivenUp, checkoutsSoldOut, oversold } from './metrics.js';
import { tokenOf } from './session.js';

const SEARCHES = ['mug', 'tea', 'lamp', 'book', 'chair', 'wool'];

/** Pauses as a reader of pages does; 0 is a script that does not. */
function think(dice, mean) {
  if (mean > 0) sleep(dice.pause(mean));
}

// ETags that this visitor has seen, as a browser keeps them.
const seen = {};

function lookAt(settings, product) {
  const etag = seen[product.id];
  const response = ask(settings, {
    operation: 'get_product',
    path: `/v1/products/${product.id}`,
    headers: etag ? { 'If-None-Match': etag } : {},
    expect: [200, 304],
  });
  if (response.status === 200) seen[product.id] = response.headers.Etag;
}

function countPieces(settings, product) {
  const response = ask(settings, { operation: 'get_inventory', path: `/v1/products/${product.id}/inventory` });
  if (response.end === END.answered && response.json('available') < 0) oversold.add(-response.json('available'));
}

/** A list, one to three goods, now and then a search, the stock, or what others bought. */
export function browse(settings, shop, dice, pause = 0) {
  const query = dice.chance(0.2)
    ? `q=${dice.pick(SEARCHES)}`
    : `category=${encodeURIComponent(dice.pick(shop.products).category)}`;
  ask(settings, { operation: 'list_products', path: `/v1/products?limit=20&${query}` });
  for (let look = dice.within(1, 3); look > 0; look -= 1) {
    think(dice, pause);
    const product = dice.pick(shop.products);
    lookAt(settings, product);
    if (dice.chance(0.3)) countPieces(settings, product);
    if (dice.chance(0.2)) {
      ask(settings, { operation: 'list_product_recommendations', path: `/v1/products/${product.id}/recommendations` });
    }
  }
}

const ENDS = { done: checkoutsDone, declined: checkoutsDeclined, sold_out: checkoutsSoldOut, given_up: checkoutsGivenUp };

/** One or two goods of the sale. */
export function fillBasket(shop, dice) {
  const first = dice.pick(shop.forSale);
  const second = dice.chance(0.3) ? dice.pick(shop.forSale) : first;
  const goods = first.id === second.id ? [first] : [first, second];
  return goods.map((product) => ({ productId: product.id, quantity: dice.within(1, 2) }));
}

/**
 * An order, its payment, and a look at whether it is paid.
 *
 * @param visit `customer`, `key` (begins the keys of its writes), `items`, `pause`, and `method`, a payment method
 * @returns what became of it: `done`, `declined`, `sold_out` or `given_up`
 */
export function checkOut(settings, dice, visit) {
  const began = Date.now();
  const became = buy(settings, dice, visit);
  checkoutDuration.add(Date.now() - began, { ended: became });
  ENDS[became].add(1);
  return became;
}

function buy(settings, dice, { customer, key, items, pause = 0, method = 'pm_ok' }) {
  const token = tokenOf(settings, customer);
  if (!token) return 'given_up';
  const placed = ask(settings, {
    operation: 'place_order',
    method: 'POST',
    path: '/v1/orders',
    token,
    key: `${key}-order`,
    body: { items },
    expect: [201, 409],
  });
  if (placed.end !== END.answered) return 'given_up';
  if (placed.status === 409) return 'sold_out';
  const order = placed.json();
  think(dice, pause);
  const payment = pay(settings, token, key, order, method);
  if (payment === null) return 'given_up';
  if (payment.status !== 'succeeded') return 'declined';
  return isPaid(settings, token, order) ? 'done' : 'given_up';
}

/** The payment once it is settled; `null` where it was refused or is not settled in time. */
function pay(settings, token, key, order, paymentMethod) {
  const asked = ask(settings, {
    operation: 'create_payment',
    method: 'POST',
    path: '/v1/payments',
    token,
    key: `${key}-payment`,
    body: { orderId: order.id, amount: order.totalAmount, currency: order.currency, paymentMethod },
    expect: paymentMethod === 'pm_ok' ? [201, 202] : [201, 202, 402],
  });
  if (asked.end !== END.answered) return null;
  if (asked.status === 402) return { status: 'failed' };
  let payment = asked.json();
  for (let look = 0; payment.status === 'processing' && look < settings.settle; look += 1) {
    sleep(1);
    const found = ask(settings, { operation: 'get_payment', path: `/v1/payments/${payment.id}`, token });
    if (found.end === END.answered) payment = found.json();
  }
  return payment.status === 'processing' ? null : payment;
}

function isPaid(settings, token, order) {
  const found = ask(settings, { operation: 'get_order', path: `/v1/orders/${order.id}`, token });
  if (found.end !== END.answered) return false;
  return check(found, {
    'an order that was paid is paid in full': (answer) =>
      answer.json('status') === 'paid' && answer.json('paidAmount') === order.totalAmount,
  });
}

/** A customer who looks what became of their orders. */
export function lookBack(settings, dice, customer, pause = 0) {
  const token = tokenOf(settings, customer);
  if (!token) return;
  const listed = ask(settings, { operation: 'list_orders', path: '/v1/orders?limit=10', token });
  if (listed.end !== END.answered) return;
  const orders = listed.json('data');
  think(dice, pause);
  if (orders.length) ask(settings, { operation: 'get_order', path: `/v1/orders/${dice.pick(orders).id}`, token });
  ask(settings, { operation: 'list_payments', path: '/v1/payments?limit=10', token });
}

/** Somebody in the office: what is refused first when the shop is full. */
export function keepBooks(settings, admin) {
  const token = tokenOf(settings, admin);
  if (!token) return;
  ask(settings, { operation: 'list_users', path: '/v1/users?limit=20', token });
  ask(settings, { operation: 'list_reports', path: '/v1/reports?limit=20', token });
}
