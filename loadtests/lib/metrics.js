// What k6 does not count by itself. Names are few and fixed: nothing of a request but its operation becomes a label.
import { Counter, Gauge, Trend } from 'k6/metrics';

/** An order that was placed and paid, as its customer sees it. */
export const checkoutsDone = new Counter('checkouts_done');
/** 409 `insufficient_stock`: a right answer. */
export const checkoutsSoldOut = new Counter('checkouts_sold_out');
/** 402: a right answer to a card that is declined. */
export const checkoutsDeclined = new Counter('checkouts_declined');
/** Refused, and refused again: the customer went away. */
export const checkoutsGivenUp = new Counter('checkouts_given_up');
/** From the first request of a checkout to the last answer, waits and second tries among it. */
export const checkoutDuration = new Trend('checkout_duration', true);

/** Visits that began; with those that k6 dropped, all that were due. */
export const arrivals = new Counter('arrivals');

/** Clean refusals by status, each with a `Retry-After`: 409 while the same key is at work, 429, 503. */
export const refused = {
  409: new Counter('refused_409'),
  429: new Counter('refused_429'),
  503: new Counter('refused_503'),
};
export const retries = new Counter('retries');
/** Answers that are neither what was asked for nor a clean refusal. */
export const wrong = new Counter('answers_wrong');
/** No answer at all: refused, reset or timed out. */
export const lost = new Counter('answers_lost');

/** Pieces promised beyond what there was, or a stock below nothing. */
export const oversold = new Counter('oversold');

export const flashOrders = new Counter('flash_orders');
export const flashLeft = new Gauge('flash_left');
export const apiMemory = new Trend('api_memory_mib');
