//! Clients that ask again and again: who was told just now that nothing has changed is told so
//! again without reading it, for as long as the store's [mark](classdesk_domain::changes) of it is
//! the same.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::changes::{ChangeMark, ChangeScope};
use classdesk_domain::people::Actor;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::extract::Caller;
use crate::problem::Problem;
use crate::render::none_match_fails;
use crate::shell::shell_of;

/// About how much is remembered, in bytes.
const CAPACITY: u64 = 4 * 1024 * 1024;

/// What one answer usually takes, in bytes.
const USUAL: u64 = 512;

/// What the cache itself and the counts of the shared headers take for an answer, about, in bytes.
const OVERHEAD: usize = 64;

/// Longer paths with their queries are not remembered, in bytes: nobody asks so again and again.
const LONGEST_TARGET: usize = 512;

/// Who asked for what. The role is part of it, for whatever the policy said it said to that role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    actor: Actor,
    target: Box<str>,
}

/// An answer 304, and the mark that was given before it was read.
#[derive(Clone)]
struct Unchanged {
    mark: ChangeMark,
    headers: Arc<[(HeaderName, HeaderValue)]>,
}

impl Unchanged {
    fn tag(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, tag) = headers.find(|(name, _)| *name == header::ETAG)?;
        tag.to_str().ok()
    }

    fn answer(&self) -> HttpResponse {
        let mut response = HttpResponse::NotModified();
        for header in &*self.headers {
            response.insert_header(header.clone());
        }
        response.finish()
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Question, Unchanged> for Bytes {
    fn weight(&self, question: &Question, unchanged: &Unchanged) -> u64 {
        let headers = unchanged.headers.iter();
        let texts = headers.map(|(name, value)| name.as_str().len() + value.len());
        let parts = [
            size_of::<(Question, Unchanged)>(),
            OVERHEAD,
            question.target.len(),
            size_of_val(&*unchanged.headers),
        ];
        parts.into_iter().chain(texts).sum::<usize>() as u64
    }
}

/// The answers that are remembered, those that were of use for longest.
pub(crate) struct UnchangedAnswers(Cache<Question, Unchanged, Bytes>);

impl UnchangedAnswers {
    pub(crate) fn new() -> Self {
        let usual = usize::try_from(CAPACITY / USUAL).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(usual, CAPACITY, Bytes))
    }
}

/// Answers a read of one scope: 304 at once when that is what the caller was told last time and
/// nothing has changed, and otherwise whatever `read` answers.
///
/// `read` MUST decide by what lies within the scope, the caller and the request alone.
pub(crate) async fn unless_unchanged(
    request: &HttpRequest,
    caller: &Caller,
    scope: ChangeScope,
    read: impl AsyncFnOnce() -> Result<HttpResponse, Problem>,
) -> Result<HttpResponse, Problem> {
    let target = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let asks_again = request.headers().contains_key(header::IF_NONE_MATCH);
    if !asks_again || target.len() > LONGEST_TARGET {
        return read().await;
    }
    let shell = shell_of(request);
    // Before the read, so that a change during it is one after the mark.
    let Some(mark) = shell.desk().changes.mark(&scope).await else {
        return read().await;
    };
    let question = Question {
        actor: *caller.actor(),
        target: target.into(),
    };
    let known = shell.unchanged().0.get(&question);
    if let Some(known) = known.filter(|known| known.mark == mark)
        && known
            .tag()
            .is_some_and(|tag| none_match_fails(request, tag))
    {
        return Ok(known.answer());
    }
    let response = read().await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.clone()));
        let headers = headers.collect();
        shell
            .unchanged()
            .0
            .insert(question, Unchanged { mark, headers });
    }
    Ok(response)
}
