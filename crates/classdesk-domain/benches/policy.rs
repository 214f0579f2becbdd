//! What a decision of the policy costs: `cargo bench -p classdesk-domain --bench policy`.

use classdesk_domain::ids::UserId;
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::{
    AccessScope, BundleAction, Decision, Permission, ThreadAccess, ThreadAction, authorize,
};
use classdesk_domain::subjects::Parties;
use divan::black_box;

const PARTIES: Parties = Parties {
    client: UserId::new(2),
    assigned_writer: Some(UserId::new(3)),
};

fn main() {
    divan::main();
}

#[divan::bench(args = Role::ALL)]
fn may_see_a_bundle(role: Role) -> Decision {
    let actor = Actor::new(UserId::new(3), role);
    authorize(
        black_box(&actor),
        black_box(&Permission::Bundle(BundleAction::See, PARTIES)),
    )
}

#[divan::bench(args = Role::ALL)]
fn may_send_a_message(role: Role) -> Decision {
    let actor = Actor::new(UserId::new(3), role);
    let access = ThreadAccess {
        parties: PARTIES,
        participates: true,
        created_by: UserId::new(2),
    };
    let ask = Permission::Thread(ThreadAction::Post, access);
    authorize(black_box(&actor), black_box(&ask))
}

#[divan::bench(args = Role::ALL)]
fn what_a_list_shows(role: Role) -> AccessScope {
    AccessScope::of(black_box(&Actor::new(UserId::new(3), role)))
}
