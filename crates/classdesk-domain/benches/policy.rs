//! What a decision of the policy costs: `cargo bench -p classdesk-domain --bench policy`.

use classdesk_domain::ids::UserId;
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::{
    Ask, BundleAction, Decision, Sight, ThreadAction, ThreadStanding, decide,
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
    decide(
        black_box(&actor),
        black_box(&Ask::Bundle(BundleAction::See, PARTIES)),
    )
}

#[divan::bench(args = Role::ALL)]
fn may_send_a_message(role: Role) -> Decision {
    let actor = Actor::new(UserId::new(3), role);
    let standing = ThreadStanding {
        parties: PARTIES,
        participates: true,
        created_by: UserId::new(2),
    };
    let ask = Ask::Thread(ThreadAction::Post, standing);
    decide(black_box(&actor), black_box(&ask))
}

#[divan::bench(args = Role::ALL)]
fn what_a_list_shows(role: Role) -> Sight {
    Sight::of(black_box(&Actor::new(UserId::new(3), role)))
}
