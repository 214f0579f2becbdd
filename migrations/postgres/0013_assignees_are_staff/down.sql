-- Who was taken off is not known any more, and nothing else was changed.
SELECT 1;
