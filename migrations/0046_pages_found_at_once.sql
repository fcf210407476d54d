-- How many high alerts somebody has open is asked for each page that is formed: one look-up into this index for each of them. A GIN
-- index keeps what was written last in a list that every look-up reads from end to end, and pages come one by one.
ALTER INDEX page_by_alert SET (fastupdate = off);
SELECT gin_clean_pending_list('page_by_alert');
