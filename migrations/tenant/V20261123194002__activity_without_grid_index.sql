-- Nothing looks entries up by their grid: what somebody sees is filtered while it is read from the
-- newest on.
ALTER TABLE activity
    DROP INDEX IF EXISTS activity_grid;
