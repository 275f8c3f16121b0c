-- Who sends a delivery, so that nobody else does at the same time.
ALTER TABLE webhook_deliveries
    ADD COLUMN IF NOT EXISTS sending_job   BINARY(16)  NULL COMMENT 'the job that tried last',
    ADD COLUMN IF NOT EXISTS sending_until DATETIME(6) NULL COMMENT 'it tries now; nobody else may before';
