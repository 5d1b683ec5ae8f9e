// Who is signed in: everybody once in `setup`; a visitor whose token grows old renews a session of their own.
import { ask, END, preparing } from './http.js';

/** So long before its end a token is renewed; the exact moment differs by visitor, or all would come at once. */
const MARGIN = { least: 60, most: 180 };

function signIn(settings, email, password) {
  const response = ask(settings, {
    operation: 'create_token',
    method: 'POST',
    path: '/v1/auth/token',
    body: { email, password },
    repeatable: true,
  });
  return response.end === END.answered ? tokens(email, response) : null;
}

function tokens(email, response) {
  const { accessToken, refreshToken, expiresIn } = response.json();
  return { email, accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 };
}

function orStop(session, who) {
  if (!session) throw new Error(`${who} cannot sign in; is the address right, and the password (see loadtests/README.md)?`);
  return session;
}

/** The administrator's session, for `setup` and `teardown`. */
export function signInAdmin(settings) {
  return orStop(signIn(preparing(settings), settings.adminEmail, settings.adminPassword), settings.adminEmail);
}

/** Customers with a session each; they are registered by the first run and found by the next. */
export function signInCustomers(settings) {
  const numbers = Array.from({ length: settings.customers }, (_, number) => number);
  return numbers.map((number) => {
    const email = `load-${number}@example.com`;
    ask(preparing(settings), {
      operation: 'register_user',
      method: 'POST',
      path: '/v1/users',
      body: { email, password: settings.customerPassword, name: `Load ${number}` },
      expect: [201, 409],
      repeatable: true,
    });
    return orStop(signIn(preparing(settings), email, settings.customerPassword), email);
  });
}

// Of this visitor (k6 runs this module once for each); a refresh token is used by one alone, or its family is revoked.
const own = {};

/** A token of this customer that lives long enough for one visit; `null` where signing in is refused. */
export function tokenOf(settings, customer) {
  const session = own[customer.email] ?? customer;
  const margin = MARGIN.least + (__VU % (MARGIN.most - MARGIN.least));
  if (session.expiresAt - Date.now() > margin * 1000) return session.accessToken;
  const password = customer.email === settings.adminEmail ? settings.adminPassword : settings.customerPassword;
  const renewed = own[customer.email] ? refresh(settings, session) : null;
  const fresh = renewed ?? signIn(settings, customer.email, password);
  if (fresh) own[customer.email] = fresh;
  return fresh?.accessToken ?? null;
}

function refresh(settings, session) {
  const response = ask(settings, {
    operation: 'refresh_token',
    method: 'POST',
    path: '/v1/auth/refresh',
    body: { refreshToken: session.refreshToken },
    // A second use would revoke the family: a lost answer means signing in anew.
    repeatable: false,
  });
  return response.end === END.answered ? tokens(session.email, response) : null;
}
