-- Two more ways in: passkeys, and the provider an organisation has of its own. Like all that a sign-in is checked against, for one
-- role alone. All times are machine time.

CREATE TABLE staff_passkey (
    passkey       uuid PRIMARY KEY,
    staff         uuid NOT NULL REFERENCES staff,
    credential_id bytea NOT NULL UNIQUE,            -- the authenticator's own name for it
    name          text NOT NULL,                    -- its owner's, to tell it from others
    credential    jsonb NOT NULL,                   -- public key and counter (webauthn_rs::Passkey)
    made_at       timestamptz NOT NULL,
    used_at       timestamptz
);
CREATE INDEX staff_passkey_by_staff ON staff_passkey (staff);
-- What a browser was asked to sign; each is answered once.
CREATE TABLE passkey_ceremony (
    token_hash bytea PRIMARY KEY,                   -- SHA-256 of the ceremony's cookie
    staff      uuid REFERENCES staff,               -- null: whoever answers says who they are
    state      jsonb NOT NULL,
    ends_at    timestamptz NOT NULL
);
CREATE INDEX passkey_ceremony_by_end ON passkey_ceremony (ends_at);

-- The OpenID provider of an organisation. Its client secret is in a file or the environment, never here.
CREATE TABLE sign_in_provider (
    organisation uuid PRIMARY KEY REFERENCES organisation,
    issuer       text NOT NULL,
    client_id    text NOT NULL
);
ALTER TABLE sign_in_provider ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Who somebody is to a provider: settled at the first sign-in.
CREATE TABLE staff_account (
    issuer    text NOT NULL,
    subject   text NOT NULL,
    staff     uuid NOT NULL REFERENCES staff,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX staff_account_once ON staff_account (staff, issuer);
-- A browser that was sent to a provider and has not come back yet.
CREATE TABLE provider_visit (
    state_hash      bytea PRIMARY KEY,              -- SHA-256 of what the provider must give back
    browser_hash    bytea NOT NULL,                 -- … and of this browser's cookie
    organisation    uuid NOT NULL REFERENCES organisation,
    nonce           text NOT NULL,
    verifier        text NOT NULL,                  -- PKCE
    shared_computer boolean NOT NULL,
    ends_at         timestamptz NOT NULL
);
ALTER TABLE provider_visit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sign_in_provider', 'provider_visit'] LOOP
        EXECUTE format('CREATE POLICY sign_in ON %I TO derwent_sign_in, CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON staff_passkey, passkey_ceremony, staff_account, provider_visit TO derwent_sign_in;
GRANT SELECT ON sign_in_provider TO derwent_sign_in;
