// Buys something with the client that openapi-typescript and openapi-fetch make of the document; nothing here knows the API otherwise.
import { randomUUID } from "node:crypto";

import createClient from "openapi-fetch";

import type { components, paths } from "./v1.d.ts";

const till = createClient<paths>({ baseUrl: process.env.TILL_URL ?? "" });

/** The answer, or what went wrong, which has a type of its own. */
function told<T>(answer: { data?: T; error?: components["schemas"]["Problem"] | undefined }): T {
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  if (answer.data === undefined) throw new Error("there is no answer");
  return answer.data;
}

const email = `${randomUUID()}@example.com`;
const password = "correct horse battery";
told(await till.POST("/v1/users", { body: { email, password, name: "Ada Lovelace" } }));
const { accessToken } = told(await till.POST("/v1/auth/token", { body: { email, password } }));
till.use({
  onRequest({ request }) {
    request.headers.set("authorization", `Bearer ${accessToken}`);
  },
});

const { data: products } = told(await till.GET("/v1/products", { params: { query: { q: "stoneware", limit: 1 } } }));
const [product] = products;
if (!product) throw new Error("there is nothing to buy");
const key = () => ({ header: { "Idempotency-Key": randomUUID() } });
const order = told(
  await till.POST("/v1/orders", {
    params: key(),
    body: { items: [{ productId: product.id, quantity: 2 }], metadata: { gift: "yes" } },
  }),
);
const payment = told(
  await till.POST("/v1/payments", {
    params: key(),
    body: { orderId: order.id, amount: order.totalAmount, currency: order.currency, paymentMethod: "pm_ok" },
  }),
);
const paid = told(await till.GET("/v1/orders/{id}", { params: { path: { id: order.id } } }));
console.log(paid.status, payment.status, paid.paidAmount === paid.totalAmount, paid.metadata["gift"]);

const refused = await till.POST("/v1/payments", {
  params: key(),
  body: { amount: 100, currency: "MYR", paymentMethod: "pm_declined" },
});
console.log(refused.response.status, refused.error?.code);
