-- Keys that sign the identity a gateway hands to a runtime node. The private half is sealed.
CREATE TABLE IF NOT EXISTS identity_keys (
    kid         CHAR(22)       NOT NULL COLLATE ascii_bin PRIMARY KEY,
    public_key  BINARY(32)     NOT NULL,
    private_key VARBINARY(512) NOT NULL COMMENT 'AEAD envelope',
    signs_from  DATETIME(6)    NOT NULL,
    retires_at  DATETIME(6)    NULL,
    created_at  DATETIME(6)    NOT NULL
);
