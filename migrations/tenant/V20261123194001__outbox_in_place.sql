-- What every event costs, twice: being noted as published, and as done.
-- * What waits is found where what is outstanding is: neither done nor dead, by class, not published,
--   by number. A second index was another entry to move.
-- * In the older row format a time that is NULL has its room already, so that it is set in place. In
--   the newer one the row grows each time, and is put elsewhere in its page.
ALTER TABLE outbox
    DROP INDEX IF EXISTS outbox_unpublished,
    ROW_FORMAT = REDUNDANT;
