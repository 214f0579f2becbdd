-- The log keeps who was taken off, and nothing else was changed.
SELECT 1;
