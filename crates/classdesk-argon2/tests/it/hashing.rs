//! What the hasher promises the domain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use classdesk_argon2::{Argon2idHasher, Cost, CostError, HasherError, Limits};
use classdesk_domain::ClientNetwork;
use classdesk_domain::clock::SecretSource;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::{
    HashRequester, LoginKey, LoginName, PasswordHash, PasswordHashError, PasswordHasher,
    Verification,
};
use classdesk_domain::system::SystemSecrets;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

const PASSWORD: &str = "a quiet winter morning";
const OPERATOR: HashRequester = HashRequester::Operator;

/// Made by the reference implementation: `argon2 somesalt -id -t 2 -k 65536 -p 1` of `password`.
const REFERENCE: &str =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

fn hasher(cost: Cost, limits: Limits) -> Argon2idHasher {
    Argon2idHasher::new(cost, limits, Arc::new(SystemSecrets)).unwrap()
}

fn default_hasher() -> Argon2idHasher {
    hasher(Cost::default(), Limits::default())
}

async fn check_verify(
    hasher: &Argon2idHasher,
    password: &str,
    hash: Option<&PasswordHash>,
    expected: Verification,
) {
    let found = hasher
        .verify(OPERATOR, password.to_owned(), hash.cloned())
        .await;
    assert_eq!(found.unwrap(), expected);
}

#[tokio::test]
async fn a_hash_fits_its_password_alone() {
    let hasher = default_hasher();
    let hash = hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    let right = Verification::Right { outdated: false };
    check_verify(&hasher, PASSWORD, Some(&hash), right).await;
    check_verify(
        &hasher,
        "a quiet winter evening",
        Some(&hash),
        Verification::Wrong,
    )
    .await;
    check_verify(&hasher, "", Some(&hash), Verification::Wrong).await;
}

#[tokio::test]
async fn the_hash_is_argon2id_at_the_contracts_cost_with_a_fresh_salt() {
    let hasher = default_hasher();
    let first = hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    let second = hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    assert!(
        first
            .as_str()
            .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
    );
    assert_ne!(first, second);
}

#[tokio::test]
async fn the_salt_comes_from_the_source_of_secrets() {
    struct Same;
    impl SecretSource for Same {
        fn bytes(&self) -> [u8; 32] {
            [7; 32]
        }
    }
    let hasher = Argon2idHasher::new(Cost::default(), Limits::default(), Arc::new(Same)).unwrap();
    let first = hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    assert_eq!(
        first,
        hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap()
    );
    assert!(first.as_str().contains("$BwcHBwcHBwcHBwcHBwcHBw$"));
}

#[tokio::test]
async fn a_hash_of_the_reference_implementation_is_understood_and_outdated() {
    let hash = PasswordHash::new(REFERENCE.to_owned());
    let hasher = default_hasher();
    let right = Verification::Right { outdated: true };
    check_verify(&hasher, "password", Some(&hash), right).await;
    check_verify(&hasher, "Password", Some(&hash), Verification::Wrong).await;
}

#[tokio::test]
async fn a_hash_with_other_parameters_is_outdated() {
    let old = default_hasher();
    let hash = old.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    for cost in [
        Cost {
            memory_kib: 20 * 1024,
            ..Cost::default()
        },
        Cost {
            passes: 3,
            ..Cost::default()
        },
        Cost {
            lanes: 2,
            ..Cost::default()
        },
    ] {
        let new = hasher(cost, Limits::default());
        check_verify(
            &new,
            PASSWORD,
            Some(&hash),
            Verification::Right { outdated: true },
        )
        .await;
        let renewed = new.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
        check_verify(
            &new,
            PASSWORD,
            Some(&renewed),
            Verification::Right { outdated: false },
        )
        .await;
    }
}

/// contract: conv.login.time
#[tokio::test]
async fn an_unknown_name_costs_a_whole_hash() {
    // At a cost where the hash dominates everything else, half of it is far from noise.
    let cost = Cost {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    let hasher = hasher(cost, Limits::default());
    let hash = hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    // A busy machine only ever adds time, so the best of some rounds tell.
    for _ in 0..20 {
        for (hash, best) in [(Some(&hash), &mut known), (None, &mut unknown)] {
            let start = Instant::now();
            check_verify(&hasher, "not the password", hash, Verification::Wrong).await;
            *best = start.elapsed().min(*best);
        }
        if unknown > known / 2 && known > unknown / 2 {
            return;
        }
    }
    panic!("{known:?} for a known name and {unknown:?} for an unknown one");
}

/// contract: conv.login.time
#[tokio::test]
async fn a_wrong_password_costs_a_present_hash_however_cheap_the_stored_one_was() {
    let hash = default_hasher().hash(OPERATOR, PASSWORD.to_owned()).await;
    let hash = hash.unwrap();
    let cost = Cost {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    let hasher = hasher(cost, Limits::default());
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    for _ in 0..20 {
        for (hash, best) in [(Some(&hash), &mut known), (None, &mut unknown)] {
            let start = Instant::now();
            check_verify(&hasher, "not the password", hash, Verification::Wrong).await;
            *best = start.elapsed().min(*best);
        }
        if unknown > known * 2 / 3 && known > unknown * 2 / 3 {
            return;
        }
    }
    panic!("{known:?} for a known name and {unknown:?} for an unknown one");
}

#[test]
fn a_weaker_cost_is_refused() {
    let check_refused = |cost: Cost| {
        Argon2idHasher::new(cost, Limits::default(), Arc::new(SystemSecrets))
            .err()
            .unwrap()
    };
    let weak = check_refused(Cost {
        memory_kib: Cost::MIN_MEMORY_KIB - 1,
        ..Cost::default()
    });
    assert!(
        matches!(weak, HasherError::Cost(CostError::Memory)),
        "{weak}"
    );
    let weak = check_refused(Cost {
        passes: 1,
        ..Cost::default()
    });
    assert!(
        matches!(weak, HasherError::Cost(CostError::Passes)),
        "{weak}"
    );
    for lanes in [0, u32::MAX] {
        let odd = check_refused(Cost {
            lanes,
            ..Cost::default()
        });
        assert!(
            matches!(odd, HasherError::Cost(CostError::Impossible(_))),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn a_broken_hash_is_a_failure_and_no_wrong_password() {
    let hasher = default_hasher();
    for text in [
        "",
        "plain",
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$bcrypt$v=19$c29tZXNhbHQ$YWJj",
    ] {
        let hash = PasswordHash::new(text.to_owned());
        let failed = hasher
            .verify(OPERATOR, PASSWORD.to_owned(), Some(hash))
            .await;
        assert!(
            matches!(failed, Err(PasswordHashError::Failed(_))),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_beyond_the_queue_is_refused_and_the_others_are_served() {
    let hasher = Arc::new(hasher(
        Cost::default(),
        Limits {
            concurrency: 1,
            queue: 2,
        },
    ));
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.hash(OPERATOR, PASSWORD.to_owned()).await })
        })
        .collect();
    let (mut served, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => served += 1,
            Err(PasswordHashError::Busy) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        served >= 3 && refused >= 1,
        "{served} served, {refused} refused"
    );
    assert!(hasher.hash(OPERATOR, PASSWORD.to_owned()).await.is_ok());
}

#[tokio::test]
async fn is_busy_foretells_a_refusal() {
    // So slow that none has ended before all are asked.
    let slow = Cost {
        passes: 20,
        ..Cost::default()
    };
    let hasher = hasher(
        slow,
        Limits {
            concurrency: 1,
            queue: 1,
        },
    );
    let mut hashing = Box::pin(hasher.hash(OPERATOR, PASSWORD.to_owned()));
    let mut waiting = Box::pin(hasher.hash(OPERATOR, PASSWORD.to_owned()));
    assert!((&mut hashing).now_or_never().is_none());
    assert!(!hasher.is_busy(OPERATOR), "one more may wait");
    assert!((&mut waiting).now_or_never().is_none());
    assert!(hasher.is_busy(OPERATOR));
    let refused = hasher.hash(OPERATOR, PASSWORD.to_owned()).await;
    assert!(matches!(refused, Err(PasswordHashError::Busy)));
    assert!(hashing.await.is_ok() && waiting.await.is_ok());
    assert!(!hasher.is_busy(OPERATOR));
}

#[tokio::test]
async fn nothing_computes_on_the_async_thread() {
    let hasher = default_hasher();
    let mut hashing = Box::pin(hasher.hash(OPERATOR, PASSWORD.to_owned()));
    let mut turns = 0_u32;
    loop {
        tokio::select! {
            biased;
            hash = &mut hashing => break assert!(hash.is_ok()),
            () = tokio::task::yield_now() => turns += 1,
        }
    }
    assert!(
        turns > 10,
        "the only async thread had {turns} turns meanwhile"
    );
}

#[tokio::test]
async fn callers_that_go_away_free_their_permits() {
    let hasher = hasher(
        Cost::default(),
        Limits {
            concurrency: 1,
            queue: 0,
        },
    );
    for _ in 0..3 {
        let mut hashing = Box::pin(hasher.hash(OPERATOR, PASSWORD.to_owned()));
        tokio::select! {
            biased;
            _ = &mut hashing => panic!("no hash is that fast"),
            () = tokio::task::yield_now() => {}
        }
        drop(hashing);
        // The permit is free again when the abandoned work has ended, and not before.
        while hasher.hash(OPERATOR, PASSWORD.to_owned()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_waiting_caller_that_has_gone_costs_no_hash() {
    const GONE: usize = 50;
    let limits = Limits {
        concurrency: 1,
        queue: 2 * GONE,
    };
    let hasher = hasher(Cost::default(), limits);
    let start = Instant::now();
    hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    let one = start.elapsed();
    for _ in 0..GONE {
        let hashing = hasher.hash(OPERATOR, PASSWORD.to_owned()).now_or_never();
        assert!(hashing.is_none(), "no hash is that fast");
    }
    let start = Instant::now();
    hasher.hash(OPERATOR, PASSWORD.to_owned()).await.unwrap();
    let both = start.elapsed();
    assert!(both < one * 25, "{both:?} after {one:?}");
}

/// A sign-in with a name from the network with this number.
fn sign_in(name: &str, network: u8) -> HashRequester {
    HashRequester::SignIn {
        name: LoginKey::of(&LoginName::new(name)),
        network: ClientNetwork::of([192, 0, 2, network].into()),
    }
}

/// contract: conv.login.fair
#[tokio::test]
async fn a_flood_from_one_network_name_or_person_keeps_others_waiting_for_one_hash() {
    let limits = Limits {
        concurrency: 1,
        queue: 64,
    };
    let floods: [fn(usize) -> HashRequester; 3] = [
        |n| sign_in(&format!("name {n}"), 1),
        |n| sign_in("name", u8::try_from(n).unwrap()),
        |_| HashRequester::Person(UserId::new(1)),
    ];
    for flood in floods {
        let hasher = hasher(Cost::default(), limits);
        let mut flooding: FuturesUnordered<_> = (0..65)
            .map(|n| hasher.hash(flood(n), PASSWORD.to_owned()))
            .collect();
        assert!(flooding.next().now_or_never().is_none());
        let honest = sign_in("honest", 200);
        assert!(!hasher.is_busy(honest) && hasher.is_busy(flood(0)));
        let mut hashing = Box::pin(hasher.hash(honest, PASSWORD.to_owned()));
        let mut before = 0;
        loop {
            tokio::select! {
                biased;
                hash = &mut hashing => break assert!(hash.is_ok()),
                flooded = flooding.next() => {
                    assert!(flooded.unwrap().is_ok());
                    before += 1;
                }
            }
        }
        assert!(before <= 2, "{before} were served before");
    }
}

#[tokio::test]
async fn many_sign_ins_of_one_name_and_network_are_all_served() {
    let hasher = hasher(Cost::default(), Limits::default());
    let hashing = (0..30).map(|_| hasher.hash(sign_in("name", 1), PASSWORD.to_owned()));
    let hashed = futures_util::future::join_all(hashing).await;
    assert!(hashed.iter().all(Result::is_ok));
}

/// contract: conv.login.fair
#[tokio::test]
async fn who_has_waited_for_a_turn_is_served_though_the_queue_has_filled() {
    let slow = Cost {
        passes: 20,
        ..Cost::default()
    };
    let limits = Limits {
        concurrency: 1,
        queue: 1,
    };
    let hasher = hasher(slow, limits);
    let start = |name, network| {
        let mut hashing = Box::pin(hasher.hash(sign_in(name, network), PASSWORD.to_owned()));
        assert!((&mut hashing).now_or_never().is_none());
        hashing
    };
    let first = start("first", 1);
    let waiting = start("second", 1);
    let other = start("other", 2);
    first.await.unwrap();
    let another = start("another", 3);
    assert!(hasher.is_busy(sign_in("newcomer", 4)));
    let served = tokio::join!(waiting, other, another);
    assert!(served.0.is_ok() && served.1.is_ok() && served.2.is_ok());
}

/// contract: conv.login.fair
#[tokio::test]
async fn a_part_of_the_queue_is_for_sign_ins() {
    let limits = Limits {
        concurrency: 1,
        queue: 3,
    };
    let hasher = hasher(Cost::default(), limits);
    let person = |id| HashRequester::Person(UserId::new(id));
    let mut hashing: Vec<_> = (1..=3)
        .map(|id| Box::pin(hasher.hash(person(id), PASSWORD.to_owned())))
        .collect();
    for one in &mut hashing {
        assert!(one.now_or_never().is_none());
    }
    assert!(hasher.is_busy(person(4)) && !hasher.is_busy(sign_in("name", 1)));
    let refused = hasher.hash(person(4), PASSWORD.to_owned()).await;
    assert!(matches!(refused, Err(PasswordHashError::Busy)));
    let served = hasher.hash(sign_in("name", 1), PASSWORD.to_owned()).await;
    assert!(served.is_ok());
}
