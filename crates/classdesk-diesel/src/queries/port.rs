//! How every port is implemented.

/// Implements a port: each method runs the query of the same name, and the word before it is the
/// method of [`Database`](super::Database) that says how. What stands in parentheses after that word
/// is the method's own first argument.
///
/// What the port borrows is followed by the owned copy that goes to the query's thread. Methods
/// after `commits` apply a change, and the rest of the commit goes along with it.
macro_rules! port {
    (
        impl $port:ident {
            $($run:ident $(($first:expr))? $query:ident
                ($($arg:ident: $type:ty $(= $owned:expr)?),*) -> $answer:ty;)*
        }
        $(commits {
            $($apply:ident($change:ty) -> $done:ty;)*
        })?
    ) => {
        #[async_trait::async_trait]
        impl $port for super::Database {
            $(async fn $query(
                &self,
                $($arg: $type),*
            ) -> Result<$answer, classdesk_domain::store::StoreError> {
                $($(let $arg = $owned;)?)*
                self.$run($($first,)? move |conn| $query(conn, $($arg),*)).await
            })*

            $($(async fn $apply(
                &self,
                commit: classdesk_domain::store::Commit<$change>,
            ) -> Result<$done, classdesk_domain::store::StoreError> {
                self.commit(commit, $apply).await
            })*)?
        }
    };
}
pub(super) use port;
