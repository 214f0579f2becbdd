//! The conditions of lists. Macros because the types can't be written down.

/// Narrows a boxed query to the rows that have the values which a filter names.
macro_rules! only {
    ($query:ident, $($column:expr => $value:expr),+ $(,)?) => {$(
        if let Some(value) = $value {
            $query = $query.filter($column.eq(value));
        }
    )+};
}
pub(super) use only;
