//! The round that keeps the store tidy while the server runs.

use std::time::Duration;

use classdesk_domain::App;
use classdesk_domain::clock::SecretSource;
use classdesk_domain::system::SystemSecrets;

use crate::error::chain;

/// How many rounds follow each other before the next pause. What is left waits for it, so that
/// tidying up never keeps the store busy for long.
const ROUNDS: usize = 50;

/// Sweeps and purges for ever. Every process of an installation may do so at once; the pauses
/// differ by chance, so that they seldom meet.
pub(crate) async fn run_maintenance(desk: App, interval: Duration) {
    loop {
        tokio::time::sleep(jittered(interval, &SystemSecrets)).await;
        sweep(&desk).await;
        purge(&desk).await;
    }
}

/// Between half of the interval and all of it.
fn jittered(interval: Duration, chance: &dyn SecretSource) -> Duration {
    interval.mul_f64(0.5 + f64::from(chance.bytes()[0]) / 512.0)
}

async fn sweep(desk: &App) {
    for _ in 0..ROUNDS {
        match desk.maintenance.sweep().await {
            Ok(swept) => {
                let (removed, failed, unfinished) = (swept.removed, swept.failed, swept.unfinished);
                if removed + failed + unfinished > 0 {
                    tracing::info!(removed, failed, unfinished, "files swept");
                }
                if removed == 0 || failed > 0 {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "sweeping failed; it is tried again later"
                );
                return;
            }
        }
    }
}

async fn purge(desk: &App) {
    for _ in 0..ROUNDS {
        match desk.maintenance.purge().await {
            Ok(0) => return,
            Ok(rows) => tracing::info!(rows, "outlived rows purged"),
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "purging failed; it is tried again later"
                );
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Chance(u8);

    impl SecretSource for Chance {
        fn bytes(&self) -> [u8; 32] {
            [self.0; 32]
        }
    }

    #[test]
    fn the_pause_is_between_half_of_the_interval_and_all_of_it() {
        let minute = Duration::from_secs(60);
        assert_eq!(jittered(minute, &Chance(0)), minute / 2);
        assert_eq!(jittered(minute, &Chance(128)), minute * 3 / 4);
        assert!(jittered(minute, &Chance(255)) < minute);
    }
}
