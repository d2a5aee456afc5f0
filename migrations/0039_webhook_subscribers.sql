-- Programs that asked to be told beside people who did. What is sealed holds their address and the key that messages are signed with.

ALTER TABLE subscriber ADD COLUMN channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'webhook'));
