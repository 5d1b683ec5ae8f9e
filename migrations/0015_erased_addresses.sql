-- A request for another password names an address; it is found by it when the account is erased.
CREATE INDEX outbox_addresses ON outbox ((payload ->> 'email')) WHERE topic = 'password_reset.requested';
