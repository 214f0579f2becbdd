//! What a hash leaves behind.

use std::sync::Arc;

use classdesk_argon2::{Argon2idHasher, Cost, Limits};
use classdesk_domain::people::{HashRequester, PasswordHasher};
use classdesk_domain::system::SystemSecrets;

const MIB: usize = 1024 * 1024;

/// Less than half of what one hash takes.
const GROWTH: usize = 8 * MIB;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<usize>().unwrap() * 1024
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "there is no /proc")]
async fn a_hash_gives_its_memory_back() {
    let before = resident();
    let hasher =
        Argon2idHasher::new(Cost::default(), Limits::default(), Arc::new(SystemSecrets)).unwrap();
    let mut grown = usize::MAX;
    // Other tests of this process may hash as well.
    for _ in 0..20 {
        for _ in 0..3 {
            hasher
                .hash(HashRequester::Operator, "a quiet winter morning".to_owned())
                .await
                .unwrap();
        }
        grown = resident().saturating_sub(before);
        if grown < GROWTH {
            return;
        }
    }
    panic!("{grown} bytes more");
}
