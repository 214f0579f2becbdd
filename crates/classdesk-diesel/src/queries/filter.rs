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

/// The condition that one of these columns has a text anywhere, whatever the case of A to Z.
macro_rules! contains {
    (@one $searched:expr, $column:expr) => {
        super::dialect::ascii_lower($column)
            .like(super::rows::values::containing($searched.as_str()))
            .escape('\\')
    };
    ($searched:expr, $first:expr $(, $column:expr)*) => {
        contains!(@one $searched, $first)$(.or(contains!(@one $searched, $column)))*
    };
}
pub(super) use contains;
