"""Buys something with the client that openapi-python-client makes of the document; nothing here knows the API otherwise."""

import os
import uuid
from typing import TypeVar

from till_client import AuthenticatedClient, Client
from till_client.api.auth import create_token
from till_client.api.orders import get_order, place_order
from till_client.api.payments import create_payment
from till_client.api.products import list_products
from till_client.api.users import register_user
from till_client.models import (
    CreatePaymentRequest,
    CreateTokenRequest,
    OrderItemRequest,
    PlaceOrderRequest,
    PlaceOrderRequestMetadata,
    Problem,
    RegisterUserRequest,
)

T = TypeVar("T")


def told(answer: T | Problem | None) -> T:
    """The answer; what went wrong has a type of its own."""
    if answer is None:
        raise SystemExit("there is no answer")
    if isinstance(answer, Problem):
        raise SystemExit(f"{answer.code}: {answer.detail}")
    return answer


address = os.environ["TILL_URL"]
email, password = f"{uuid.uuid4()}@example.com", "correct horse battery"
anybody = Client(base_url=address)
told(register_user.sync(client=anybody, body=RegisterUserRequest(email=email, password=password, name="Ada")))
tokens = told(create_token.sync(client=anybody, body=CreateTokenRequest(email=email, password=password)))
till = AuthenticatedClient(base_url=address, token=tokens.access_token)

product = told(list_products.sync(client=till, q="stoneware", limit=1)).data[0]
wish = PlaceOrderRequest(
    items=[OrderItemRequest(product_id=product.id, quantity=2)],
    metadata=PlaceOrderRequestMetadata.from_dict({"gift": "yes"}),
)
order = told(place_order.sync(client=till, body=wish, idempotency_key=str(uuid.uuid4())))
asked = CreatePaymentRequest(
    amount=order.total_amount, currency=order.currency, order_id=order.id, payment_method="pm_ok"
)
payment = told(create_payment.sync(client=till, body=asked, idempotency_key=str(uuid.uuid4())))
paid = told(get_order.sync(order.id, client=till))
whole = str(paid.paid_amount == paid.total_amount).lower()
print(paid.status, payment.status, whole, paid.metadata["gift"])

declined = CreatePaymentRequest(amount=100, currency="MYR", payment_method="pm_declined")
refused = create_payment.sync(client=till, body=declined, idempotency_key=str(uuid.uuid4()))
assert isinstance(refused, Problem)
print(refused.status, refused.code)
