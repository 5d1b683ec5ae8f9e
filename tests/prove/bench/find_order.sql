-- What an authenticated `GET /v1/orders/{id}` asks: the session, the order, its lines.
SELECT s.expires_at, s.revoked_at, u.role, u.status, u.access_epoch FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = :session::uuid AND u.id = :user::uuid;
SELECT id, customer_id, status, currency, total_amount, paid_amount, refunded_amount, metadata, expires_at, created_at, updated_at FROM orders WHERE id = :order::uuid AND (:user::uuid IS NULL OR customer_id = :user::uuid);
SELECT order_id, product_id, sku, name, quantity, unit_amount, amount FROM order_items WHERE order_id = ANY(ARRAY[:order::uuid]) ORDER BY order_id, line;
