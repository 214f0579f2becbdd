//! Whether everything is in reach, found out once for all that ask.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt;
use classdesk_domain::App;
use classdesk_http::problem::{Problem, ProblemKind};
use tokio::sync::Mutex;

/// How long an answer holds. A probe writes a file or pays for a request, and anybody can ask.
const HOLDS: Duration = Duration::from_secs(1);

/// The last probe. Those that ask meanwhile wait for it.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<Mutex<Option<Probe>>>);

struct Probe {
    ended: Instant,
    is_ready: bool,
}

impl Readiness {
    /// Answers when the store and the storage both do.
    ///
    /// # Errors
    /// The failure of whichever does not, with its cause for the first that asked.
    pub(crate) async fn check(&self, app: &App) -> Result<(), Problem> {
        let mut last = self.0.clone().lock_owned().await;
        match last.as_ref().filter(|probe| probe.ended.elapsed() < HOLDS) {
            Some(probe) if probe.is_ready => return Ok(()),
            Some(_) => return Err(Problem::of(ProblemKind::Unavailable).retry_after(HOLDS)),
            None => {}
        }
        let maintenance = app.maintenance.clone();
        // It goes on when its client hangs up, or hanging up would begin one probe after the other.
        let probe = rt::spawn(async move {
            let result = maintenance.ready().await;
            *last = Some(Probe {
                ended: Instant::now(),
                is_ready: result.is_ok(),
            });
            result
        });
        let result = probe.await;
        Ok(result.map_err(|died| Problem::of(ProblemKind::Internal).caused_by(died))??)
    }
}
