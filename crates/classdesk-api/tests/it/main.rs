//! The API over a real socket.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod addresses;
mod answer_sizes;
mod api_keys;
mod auth;
mod bundles;
mod change_log;
mod compression;
mod conventions;
mod downloads;
mod event_streams;
mod events;
mod external_ids;
mod form_reading;
mod forms;
mod guarantees;
mod harness;
#[path = "../../examples/host.rs"]
mod host;
mod import;
mod leakage;
mod limits;
mod links;
mod log_lines;
mod malformed;
mod mounting;
mod operations;
mod outage;
mod owasp_regressions;
mod password_links;
mod permissions;
mod preconditions;
mod read_from_either_end;
mod refusals;
mod request_reading;
mod restart;
mod retries;
mod roles;
mod searches;
mod slow_clients;
mod subjects;
mod texts;
mod threads;
mod ticket_deletions;
mod tickets;
mod unchanged;
mod uploads;
mod users;
mod webhooks;
