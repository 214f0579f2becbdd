//! The place of the request that is being served, given back while somebody else sets the pace.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use super::places::{Load, Places, WorkPlace};

tokio::task_local! {
    static AT_WORK: Arc<AtWork>;
}

/// Where a request keeps its place.
struct AtWork {
    places: Places,
    place: Mutex<Option<WorkPlace>>,
}

impl AtWork {
    fn put(&self, place: Option<WorkPlace>) -> Option<WorkPlace> {
        let mut present = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *present, place)
    }
}

/// Serves a request that has a place, or needs none. However it ends, the place is free again.
pub(crate) async fn serve<T>(
    places: Places,
    place: Option<WorkPlace>,
    request: impl Future<Output = T>,
) -> T {
    let at_work = AtWork {
        places,
        place: Mutex::new(place),
    };
    AT_WORK.scope(Arc::new(at_work), request).await
}

/// Does what takes as long as somebody else wants: the client who sends, or the hasher who has
/// much to do. If that is not at once, the request's place is given back meanwhile, and it is the
/// first to get another one.
pub(crate) async fn aside<T>(work: impl Future<Output = T>) -> T {
    let (done, left) = leaving(work).await;
    if let Some(Left { at_work, .. }) = left {
        let place = at_work.places.come_back().await;
        at_work.put(Some(place));
    }
    done
}

/// The same for what took the server no work: the request has to find a place as if it came new.
/// `None` when there is none for it.
pub(crate) async fn aside_and_anew<T>(work: impl Future<Output = T>) -> Option<T> {
    let (done, left) = leaving(work).await;
    if let Some(Left { at_work, load }) = left {
        let place = at_work.places.enter(load).await?;
        at_work.put(Some(place));
    }
    Some(done)
}

/// A request that has given its place back.
struct Left {
    at_work: Arc<AtWork>,
    /// What it had the place for.
    load: Load,
}

/// Does something, and says whether the place was given back for it.
async fn leaving<T>(work: impl Future<Output = T>) -> (T, Option<Left>) {
    let mut work = pin!(work);
    let at_once = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    if let Poll::Ready(done) = at_once {
        return (done, None);
    }
    let at_work = AT_WORK.try_with(Arc::clone).ok();
    // A request that is answered under any load has no place to give back.
    let left = at_work.and_then(|at_work| {
        let load = at_work.put(None)?.load();
        Some(Left { at_work, load })
    });
    (work.await, left)
}
