//! PostgreSQL, on the cluster that `CLASSDESK_TEST_POSTGRES` names.

mod access;
mod cluster;
mod conformance;
mod faults;
mod horizon;
mod migrations;
mod outage;
mod plans;
mod races;
mod wire;
