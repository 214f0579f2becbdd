//! What is wrong with a database is said by its kind, and nothing panics.

use classdesk_conformance::Fixture;
use classdesk_domain::store::{Outage, StoreError};

use crate::databases::{Fresh, PostgresDatabase, ask, options};
use crate::faults::check_only_the_client_is_corrupt;

#[tokio::test]
async fn a_lost_connection_is_an_outage_that_ends() {
    let database = PostgresDatabase::new();
    let address = database.address();
    let fresh = Fresh::on(database, &options());
    let fixture = Fixture::create(&*fresh).await;
    for _ in 0..3 {
        ask(
            &address,
            "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'classdesk'",
        );
        let mut refused = 0;
        loop {
            match fresh.user(fixture.client.id).await {
                Ok(found) => break assert!(found.is_some()),
                Err(StoreError::Unavailable {
                    outage: Outage::Disconnected,
                    ..
                }) => refused += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(
            refused <= options().connections,
            "{refused} refusals after the server was there again"
        );
    }
}

#[tokio::test]
async fn a_row_that_nobody_wrote_is_corrupt() {
    let database = PostgresDatabase::new();
    let address = database.address();
    let fresh = Fresh::on(database, &options());
    let fixture = Fixture::create(&*fresh).await;
    ask(
        &address,
        "ALTER TABLE users DROP CONSTRAINT users_role_check; \
         UPDATE users SET role = 'king' WHERE username = 'client'",
    );
    check_only_the_client_is_corrupt(&*fresh, &fixture).await;
}
