//! The macros that mount the suites.

/// Mounts every check of a [`Store`](classdesk_domain::store::Store).
///
/// The argument names an async function without parameters that makes an empty store: anything
/// that dereferences to one, and that keeps alive what the store needs. Each check calls it once.
///
/// ```
/// # mod tests {
/// use classdesk_memory::MemoryStore;
///
/// async fn fresh() -> Box<MemoryStore> {
///     Box::new(MemoryStore::new())
/// }
///
/// classdesk_conformance::store_conformance!(fresh);
/// # }
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($fresh:ident) => {
        $crate::store_conformance! { @ $fresh;
            api_keys {
                a_key_is_kept
                a_key_stays_ended
                a_use_of_a_key_never_moves_back
                keys_are_bounded
                keys_are_listed
                keys_end_with_changes_of_their_owner
            }
            atomicity {
                a_failed_commit_leaves_nothing
                a_lost_lease_undoes_the_change
                missing_rows_are_stale
                one_of_many_has_the_version
                one_of_many_wins
            }
            blobs {
                a_blob_begins_pending
                a_lease_holds_until_it_ends
                a_pending_blob_is_abandoned
                a_row_is_given_back
                deleted_blobs_are_forgotten
                no_two_takers_hold_a_row
                old_pending_blobs_are_swept
                sweeping_races_with_storing
                the_backlog_is_what_is_due
            }
            bundle_lists {
                bundles_are_filtered
                bundles_are_paged
                bundles_follow_the_access_scope
                counts_follow_the_access_scope
            }
            bundles {
                a_bundle_is_changed
                a_bundle_is_found_by_external_id
                a_bundle_is_kept
                a_detail_has_the_newest_files
                a_writer_is_assigned
                members_are_who_can_receive
            }
            deliveries {
                a_lost_lease_records_nothing
                a_webhook_is_paused_and_disabled
                a_webhook_lease_holds_until_it_ends
                an_attempt_is_recorded
                due_deliveries_come_in_order
                events_are_queued_once
                inactive_webhooks_get_nothing
                no_two_hold_a_webhook
                the_backlog_of_deliveries_is_what_is_due
            }
            events {
                an_assignee_in_the_history_is_a_person
                a_commit_has_a_bounded_number_of_events
                an_event_is_kept_whole
                created_rows_are_named
                the_log_goes_by_time
                events_of_a_commit_stand_together
                the_history_of_a_ticket_follows_the_access_scope
                the_log_is_filtered
                the_log_is_paged
            }
            feed {
                everybody_is_told_what_they_may_see
                nobody_is_told_of_what_they_no_longer_see
                the_feed_comes_in_pages
                the_feed_is_filtered
                the_horizon_follows_the_commits
                the_tail_names_who_is_concerned
            }
            files {
                a_file_is_changed
                a_file_is_deleted
                a_file_is_kept
                files_are_paged
                files_follow_the_access_scope
            }
            preconditions {
                a_participant_is_checked
                a_role_is_checked
                an_active_user_is_checked
                another_superadmin_is_checked
                an_open_thread_is_checked
                every_fact_has_to_hold
                parties_are_checked
                versions_are_checked
            }
            histories {
                a_first_history_agrees
                a_long_history_agrees
                a_second_history_agrees
            }
            idempotency {
                a_completed_key_is_remembered
                a_completion_names_its_row
                a_key_is_reserved_and_completed
                a_lease_ends
                a_lease_is_released
                a_lease_is_renewed
                an_ended_lease_may_still_commit
                one_of_many_reserves
            }
            links {
                a_day_has_one_key
                old_keys_go
            }
            messages {
                a_message_brings_its_file
                a_message_is_deleted
                a_message_is_edited
                a_message_is_kept
                message_ids_grow
                messages_are_found_around_one
                messages_are_paged
                post_facts_are_complete
            }
            password_links {
                a_link_is_redeemed_once
                a_link_takes_the_place_of_the_one_before
            }
            people {
                a_person_is_changed
                a_person_is_found_by_external_id
                a_person_is_kept
                a_person_is_taken_off
                a_person_may_have_no_password
                a_writer_is_taken_off
                an_old_password_is_stale
                one_of_many_gets_a_name
                people_are_filtered
                people_are_paged
                taken_names_are_duplicates
            }
            reading {
                a_mark_never_moves_back
                a_receipt_keeps_its_time
                deleted_messages_are_unread_for_nobody
                leaving_keeps_the_mark
                receipts_follow_the_access_scope
                unread_messages_are_counted
            }
            search {
                bundles_and_people_are_found_by_their_words
                changed_words_are_found
                long_texts_are_found
                signs_are_no_operators
                tickets_are_found_by_their_number
                tickets_are_found_by_their_words
            }
            sessions {
                a_session_is_kept
                a_session_needs_the_present_password
                a_use_never_moves_back
                sessions_are_ended
                sessions_are_listed
            }
            subjects {
                a_linked_subject_stays
                a_subject_is_found_by_external_id
                a_subject_is_put_on_what_it_was
                a_writer_joins_the_threads_of_a_subject
            }
            thread_lists {
                quiet_threads_are_paged
                threads_are_filtered
                threads_come_by_activity
                threads_follow_the_access_scope
            }
            threads {
                a_thread_begins_with_a_message
                a_thread_is_changed
                a_thread_is_kept
                joining_twice_changes_nothing
                leaving_twice_changes_nothing
                other_parties_are_a_change_of_the_threads
                participants_take_part_now
                thread_facts_are_personal
            }
            throttling {
                a_known_network_counts_by_itself
                a_throttled_account_gets_no_session
                failures_are_forgotten
                logins_are_throttled
                simultaneous_failures_are_throttled
                success_forgives
            }
            ticket_notes {
                a_ticket_file_is_deleted
                a_ticket_file_is_kept
                a_ticket_message_is_deleted
                a_ticket_message_is_kept
                an_answer_reopens_a_ticket
                internal_notes_leave_no_trace
                ticket_notes_are_paged
            }
            tickets {
                a_ticket_is_changed
                a_ticket_is_kept
                tickets_are_filtered
                tickets_are_paged
                tickets_follow_the_access_scope
            }
            webhooks {
                a_delivery_is_retried
                a_removed_webhook_is_nowhere
                a_webhook_is_changed
                a_webhook_is_kept
                deliveries_are_filtered
                events_are_replayed
                old_deliveries_are_purged
                webhooks_are_bounded
            }
            maintenance {
                old_failures_are_purged
                old_keys_are_purged
                old_networks_are_purged
                old_sessions_are_purged
                the_store_answers
            }
        }
    };
    (@ $fresh:ident; $($module:ident { $($check:ident)* })*) => {$(
        mod $module {
            $(#[test]
            fn $check() {
                $crate::run(async {
                    let store = super::$fresh().await;
                    $crate::store::$module::$check(&*store).await;
                });
            })*
        }
    )*};
}

/// Mounts every check of a [`BlobStore`](classdesk_domain::blobs::BlobStore).
///
/// The argument names an async function without parameters that makes an empty store: anything
/// that dereferences to one, and that keeps alive what the store needs. Each check calls it once.
///
/// ```
/// # mod tests {
/// use classdesk_memory::MemoryBlobs;
///
/// async fn fresh() -> Box<MemoryBlobs> {
///     Box::new(MemoryBlobs::default())
/// }
///
/// classdesk_conformance::blob_conformance!(fresh);
/// # }
/// ```
#[macro_export]
macro_rules! blob_conformance {
    ($fresh:ident) => {
        $crate::blob_conformance! { @ $fresh;
            keeping {
                objects_are_listed
                purging_leaves_what_is_stored
                removing_twice_is_once
                strays_are_removed
                the_store_answers
            }
            reading {
                a_missing_object_is_missing
                damage_is_noticed
                lacking_bytes_are_an_error
                objects_are_independent
                ranges_are_read
            }
            writing {
                a_large_upload_is_stored
                an_abandoned_upload_leaves_nothing
                an_empty_upload_is_refused
                an_interrupted_upload_leaves_nothing
                pieces_may_be_of_any_size
                reading_stops_at_the_limit
                small_uploads_are_stored
                the_limit_is_exact
                the_type_is_sniffed
            }
        }
    };
    (@ $fresh:ident; $($module:ident { $($check:ident)* })*) => {$(
        mod $module {
            $(#[test]
            fn $check() {
                $crate::run(async {
                    let store = super::$fresh().await;
                    $crate::blob::$module::$check(&*store).await;
                });
            })*
        }
    )*};
}
