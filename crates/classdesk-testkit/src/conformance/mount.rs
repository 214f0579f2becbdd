//! The macros that mount the suites.

/// Mounts every check of a [`Store`](classdesk_domain::store::Store).
///
/// The argument names an async function without parameters that makes an empty store: anything
/// that dereferences to one, and that keeps alive what the store needs. Each check calls it once.
///
/// ```
/// # mod tests {
/// use classdesk_testkit::MemoryStore;
///
/// async fn fresh() -> Box<MemoryStore> {
///     Box::new(MemoryStore::new())
/// }
///
/// classdesk_testkit::store_conformance!(fresh);
/// # }
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($fresh:ident) => {
        $crate::store_conformance! { @ $fresh;
            events {
                an_event_is_kept_whole
                created_rows_are_named
                events_of_a_commit_stand_together
                the_history_of_a_ticket_follows_sight
                the_log_is_filtered
                the_log_is_paged
            }
            guard {
                a_bundle_version_is_checked
                a_failed_commit_leaves_nothing
                a_lost_lease_undoes_the_change
                a_participant_is_checked
                a_standing_file_is_checked
                a_standing_message_is_checked
                a_ticket_version_is_checked
                an_active_user_is_checked
                an_open_thread_is_checked
                every_fact_has_to_hold
                missing_rows_are_stale
                one_of_many_wins
                parties_are_checked
            }
        }
    };
    (@ $fresh:ident; $($module:ident { $($check:ident)* })*) => {$(
        mod $module {
            $(#[test]
            fn $check() {
                $crate::conformance::run(async {
                    let store = super::$fresh().await;
                    $crate::conformance::store::$module::$check(&*store).await;
                });
            })*
        }
    )*};
}
