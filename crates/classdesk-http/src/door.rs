//! Where new connections wait for their turn.

use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// How many come in between two looks at the connections that are there.
const AT_ONCE: usize = 4;

/// The door of a worker. Those who come in do so a few at a time, and in between the worker looks
/// at all the others: a thousand new connections at the same moment must not make those wait who
/// have been served for long.
pub(crate) struct Door(Semaphore);

impl Door {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }

    /// Waits for one's turn.
    pub(crate) async fn pass(&self) {
        let turn = self.0.acquire().await;
        // It goes on after the runtime has asked the system what else there is to do.
        yield_now().await;
        drop(turn);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use tokio::task::{LocalSet, spawn_local};

    use super::*;

    #[tokio::test]
    async fn few_come_in_between_two_turns_of_the_others() {
        let (door, inside) = (Rc::new(Door::new()), Rc::new(Cell::new(0)));
        let newcomers = 10 * AT_ONCE;
        let turns = async {
            for _ in 0..newcomers {
                let (door, inside) = (Rc::clone(&door), Rc::clone(&inside));
                spawn_local(async move {
                    door.pass().await;
                    inside.set(inside.get() + 1);
                });
            }
            let mut before = 0;
            while before < newcomers {
                yield_now().await;
                let now = inside.get();
                assert!(now - before <= AT_ONCE, "{} at once", now - before);
                before = now;
            }
        };
        LocalSet::new().run_until(turns).await;
    }
}
