//! The tables, once for both databases: what differs between them are the types `Instant`, `Day`,
//! `Detail`, `TermList` and `TermQuery`, which each of them names in its module `column_types`.

/// Declares tables whose columns have the types of `column_types`. A query may name any of them.
macro_rules! tables {
    ($($table:ident $key:tt $columns:tt)+) => {
        $(diesel::table! {
            use diesel::sql_types::*;
            use super::super::super::column_types::*;
            $table $key $columns
        })+
        diesel::allow_tables_to_appear_in_same_query!($($table),+);
    };
}

tables! {
    users (id) {
        id -> BigInt,
        username -> Text,
        email -> Text,
        display_name -> Text,
        role -> Text,
        is_staff -> Bool,
        is_active -> Bool,
        password_hash -> Nullable<Text>,
        created_at -> Instant,
        last_login_at -> Nullable<Instant>,
        version -> BigInt,
        external_id -> Nullable<Text>,
        language -> Text,
        time_zone -> Text,
    }

    sessions (id) {
        id -> BigInt,
        user_id -> BigInt,
        token_hash -> Binary,
        created_at -> Instant,
        last_used_at -> Instant,
        expires_at -> Instant,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }

    password_links (user_id) {
        user_id -> BigInt,
        token_hash -> Binary,
        expires_at -> Instant,
    }

    api_keys (id) {
        id -> BigInt,
        user_id -> BigInt,
        name -> Text,
        access -> Text,
        act_as -> Bool,
        token_hash -> Nullable<Binary>,
        created_at -> Instant,
        last_used_at -> Nullable<Instant>,
        expires_at -> Nullable<Instant>,
    }

    login_failures (id) {
        id -> BigInt,
        counted_under -> Binary,
        user_id -> Nullable<BigInt>,
        network -> Text,
        failed_at -> Instant,
    }

    login_networks (id) {
        id -> BigInt,
        user_id -> BigInt,
        network -> Text,
        last_login_at -> Instant,
    }

    subjects (content_type, object_id) {
        content_type -> Text,
        object_id -> BigInt,
        client_id -> BigInt,
        assigned_writer_id -> Nullable<BigInt>,
        label -> Text,
        version -> BigInt,
        external_id -> Nullable<Text>,
    }

    removed_subjects (content_type) {
        content_type -> Text,
        greatest -> BigInt,
    }

    bundles (id) {
        id -> BigInt,
        content_type -> Text,
        title -> Text,
        description -> Text,
        status -> Text,
        level -> Text,
        number_of_classes -> Integer,
        start_date -> Nullable<Day>,
        end_date -> Nullable<Day>,
        created_by -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
        completed_at -> Nullable<Instant>,
        version -> BigInt,
        external_id -> Nullable<Text>,
    }

    blobs (id) {
        id -> BigInt,
        key -> Text,
        purpose -> Text,
        state -> Text,
        size -> Nullable<BigInt>,
        sha256 -> Nullable<Binary>,
        content_type -> Nullable<Text>,
        created_by -> BigInt,
        created_at -> Instant,
        due_at -> Nullable<Instant>,
        attempts -> Integer,
    }

    bundle_files (id) {
        id -> BigInt,
        bundle_id -> BigInt,
        blob_id -> BigInt,
        file_name -> Text,
        description -> Text,
        visible_to_client -> Bool,
        visible_to_writer -> Bool,
        uploaded_by -> BigInt,
        uploaded_at -> Instant,
        version -> BigInt,
    }

    threads (id) {
        id -> BigInt,
        content_type -> Text,
        object_id -> BigInt,
        subject -> Text,
        is_active -> Bool,
        is_private -> Bool,
        created_by -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
        message_count -> BigInt,
        last_message_id -> Nullable<BigInt>,
        deleted_count -> BigInt,
        version -> BigInt,
    }

    thread_participants (thread_id, user_id) {
        thread_id -> BigInt,
        user_id -> BigInt,
        participates -> Bool,
        updated_at -> Instant,
        sent_count -> BigInt,
        last_read_id -> Nullable<BigInt>,
        read_count -> BigInt,
        sent_read_count -> BigInt,
        known_deleted_count -> BigInt,
    }

    messages (id) {
        id -> BigInt,
        thread_id -> BigInt,
        position -> BigInt,
        sender_id -> BigInt,
        sender_position -> BigInt,
        sender_role -> Text,
        recipient_id -> Nullable<BigInt>,
        body -> Text,
        kind -> Text,
        reply_to -> Nullable<BigInt>,
        has_attachment -> Bool,
        sent_at -> Instant,
        edited_at -> Nullable<Instant>,
        deleted_at -> Nullable<Instant>,
        version -> BigInt,
    }

    read_marks (thread_id, user_id, up_to) {
        thread_id -> BigInt,
        user_id -> BigInt,
        up_to -> BigInt,
        read_at -> Instant,
    }

    message_attachments (id) {
        id -> BigInt,
        message_id -> BigInt,
        blob_id -> BigInt,
        file_name -> Text,
        uploaded_by -> BigInt,
        uploaded_at -> Instant,
    }

    tickets (id) {
        id -> BigInt,
        title -> Text,
        description -> Text,
        priority -> Text,
        category -> Text,
        status -> Text,
        is_escalated -> Bool,
        content_type -> Nullable<Text>,
        object_id -> Nullable<BigInt>,
        created_by -> BigInt,
        requester_id -> BigInt,
        assigned_to -> Nullable<BigInt>,
        resolved_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
        public_messages -> BigInt,
        internal_messages -> BigInt,
        public_attachments -> BigInt,
        internal_attachments -> BigInt,
    }

    ticket_messages (id) {
        id -> BigInt,
        ticket_id -> BigInt,
        sender_id -> BigInt,
        body -> Text,
        is_internal -> Bool,
        created_at -> Instant,
        deleted_at -> Nullable<Instant>,
    }

    ticket_attachments (id) {
        id -> BigInt,
        ticket_id -> BigInt,
        blob_id -> BigInt,
        file_name -> Text,
        is_internal -> Bool,
        uploaded_by -> BigInt,
        uploaded_at -> Instant,
    }

    events (id) {
        id -> BigInt,
        at -> Instant,
        actor_id -> Nullable<BigInt>,
        action -> Text,
        content_type -> Text,
        object_id -> BigInt,
        ticket_id -> Nullable<BigInt>,
        is_internal -> Bool,
        value_before -> Nullable<Text>,
        value_after -> Nullable<Text>,
        detail -> Detail,
        subject_type -> Nullable<Text>,
        subject_id -> Nullable<BigInt>,
        thread_id -> Nullable<BigInt>,
        requester_id -> Nullable<BigInt>,
        file_id -> Nullable<BigInt>,
        seen_by -> Nullable<SmallInt>,
        api_key_id -> Nullable<BigInt>,
    }

    bundle_terms (rowid) {
        rowid -> BigInt,
        terms -> TermList,
    }

    ticket_terms (rowid) {
        rowid -> BigInt,
        terms -> TermList,
    }

    user_terms (rowid) {
        rowid -> BigInt,
        terms -> TermList,
    }

    unfolded_addresses (user_id) {
        user_id -> BigInt,
    }

    search_backlog (things) {
        things -> Text,
        up_to -> BigInt,
    }

    idempotency_keys (id) {
        id -> BigInt,
        user_id -> BigInt,
        operation -> Text,
        key -> Text,
        attempt -> BigInt,
        reserved_at -> Instant,
        ends_at -> Nullable<Instant>,
        fingerprint -> Nullable<Binary>,
        object_id -> Nullable<BigInt>,
    }

    link_keys (day) {
        day -> BigInt,
        secret -> Binary,
    }

    webhooks (id) {
        id -> BigInt,
        url -> Text,
        types -> Text,
        include_internal -> Bool,
        description -> Text,
        disabled -> Nullable<Text>,
        starts_after -> BigInt,
        secret -> Binary,
        old_secret -> Nullable<Binary>,
        old_secret_until -> Nullable<Instant>,
        last_success_at -> Nullable<Instant>,
        failing_since -> Nullable<Instant>,
        failures -> Integer,
        paused_until -> Nullable<Instant>,
        leased_until -> Nullable<Instant>,
        created_by -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
        removed_at -> Nullable<Instant>,
        version -> BigInt,
    }

    webhook_deliveries (id) {
        id -> BigInt,
        webhook_id -> BigInt,
        event_id -> Nullable<BigInt>,
        kind -> Text,
        state -> Text,
        due_at -> Nullable<Instant>,
        attempts -> Integer,
        tries -> Integer,
        created_at -> Instant,
        finished_at -> Nullable<Instant>,
    }

    webhook_attempts (delivery_id, number) {
        delivery_id -> BigInt,
        number -> Integer,
        at -> Instant,
        status -> Nullable<SmallInt>,
        error -> Nullable<Text>,
        duration_us -> BigInt,
        response -> Nullable<Text>,
    }

    log_consumers (name) {
        name -> Text,
        position -> BigInt,
    }
}
