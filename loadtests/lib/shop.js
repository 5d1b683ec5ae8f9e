// What a run needs before its first visit: people who are signed in, goods, and enough of them.
import { ask, preparing } from './http.js';
import { signInAdmin, signInCustomers } from './session.js';

/** So many goods are sold; the rest are looked at. */
const FOR_SALE = 40;
/** Filled up to this before a run, so that what is measured is buying and not being sold out. */
const ENOUGH = 1000000;
const PAGES = 5;

/**
 * What every visit gets (k6 hands each visitor a copy).
 *
 * @returns `run` (begins every key of this run), `customers`, `admin`, `products` and those `forSale`, of one currency
 */
export function openShop(settings) {
  const admin = signInAdmin(settings);
  const products = listProducts(settings);
  if (!products.length) throw new Error('there is nothing to buy: `till seed` brings the demo shop');
  const forSale = ofOneCurrency(products).slice(0, FOR_SALE);
  if (settings.restock) forSale.forEach((product) => fillUp(settings, admin, product));
  return { run: Date.now().toString(36), customers: signInCustomers(settings), admin, products, forSale };
}

function listProducts(settings) {
  const products = [];
  let path = '/v1/products?limit=100';
  for (let page = 0; path && page < PAGES; page += 1) {
    const body = ask(preparing(settings), { operation: 'list_products', path }).json();
    products.push(...body.data.map(({ id, unitAmount, currency, category }) => ({ id, unitAmount, currency, category })));
    path = body.nextCursor && `/v1/products?limit=100&cursor=${encodeURIComponent(body.nextCursor)}`;
  }
  return products;
}

/** An order has one currency: the goods of the one that most are sold in. */
function ofOneCurrency(products) {
  const groups = {};
  for (const product of products) (groups[product.currency] ??= []).push(product);
  return Object.values(groups).sort((one, other) => other.length - one.length)[0];
}

/** How many pieces can be bought now. */
export function available(settings, product) {
  return ask(preparing(settings), { operation: 'get_inventory', path: `/v1/products/${product.id}/inventory` }).json('available');
}

function fillUp(settings, admin, product) {
  const missing = ENOUGH - available(settings, product);
  if (missing > ENOUGH / 2) deliver(settings, admin, product, missing);
}

export function deliver(settings, admin, product, pieces) {
  ask(preparing(settings), {
    operation: 'adjust_inventory',
    method: 'POST',
    path: `/v1/products/${product.id}/inventory`,
    token: admin.accessToken,
    key: `load-${Date.now().toString(36)}-${product.id}`,
    body: { delta: pieces, reason: 'load test' },
  });
}
