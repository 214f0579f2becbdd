//! Preconditions under real concurrency.

use crate::databases::{Fresh, PostgresDatabase, options};
use crate::races::{
    check_that_a_deactivated_person_posts_no_more, check_that_a_former_writer_posts_no_more,
    check_that_no_ticket_is_left_behind, check_that_one_superadmin_is_left,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_former_writer_posts_no_more() {
    check_that_a_former_writer_posts_no_more(Fresh::on(PostgresDatabase::new(), &options())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deactivated_person_posts_no_more() {
    check_that_a_deactivated_person_posts_no_more(Fresh::on(PostgresDatabase::new(), &options()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_superadmin_is_left() {
    check_that_one_superadmin_is_left(Fresh::on(PostgresDatabase::new(), &options())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_ticket_is_left_behind() {
    check_that_no_ticket_is_left_behind(Fresh::on(PostgresDatabase::new(), &options())).await;
}
