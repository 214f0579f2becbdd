//! Asking again with the tag of an earlier answer: "unchanged" has to be true, and only for whom
//! it would be answered anew.

use std::collections::BTreeMap;

use anyhow::Result;
use reqwest::header::{ETAG, IF_NONE_MATCH, LINK};
use reqwest::{Method, RequestBuilder};

use super::desk::Desk;
use crate::client::{Answer, send};

/// What somebody was answered at an address, the last time that they got all of it.
#[derive(Debug)]
struct Known {
    tag: String,
    body: Vec<u8>,
}

/// What is known by whom of which address.
#[derive(Debug, Default)]
pub(super) struct Polls(BTreeMap<(i64, String), Known>);

/// A read that somebody repeats: before it they ask whether it is what they know.
struct Poll {
    place: (i64, String),
    request: RequestBuilder,
    told: Option<Answer>,
}

impl Desk<'_> {
    /// Somebody asks again for something that they know, whatever has happened since.
    pub(super) async fn poll_something(&mut self) -> Result<()> {
        let count = self.polls.0.len();
        if count == 0 {
            return Ok(());
        }
        let number = self.rng.usize(..count);
        let chosen = self.polls.0.keys().nth(number).cloned();
        if let Some((asker, path)) = chosen {
            self.ask(asker, Method::GET, &path).await?;
        }
        Ok(())
    }

    /// Sends a request of somebody, and asks before a read whether it is what they know.
    pub(super) async fn send_polled(
        &mut self,
        asker: i64,
        method: &Method,
        request: RequestBuilder,
    ) -> Result<Answer> {
        let poll = self.poll(asker, method, &request).await?;
        self.found.requests += 1;
        let answer = send(request).await?;
        if let Some(poll) = poll {
            self.compare_poll(poll, &answer).await?;
        }
        Ok(answer)
    }

    /// Asks with the tag that is known, if one is. `None` when the request is no read.
    async fn poll(
        &mut self,
        asker: i64,
        method: &Method,
        request: &RequestBuilder,
    ) -> Result<Option<Poll>> {
        let copies = (request.try_clone(), request.try_clone());
        let ((Some(request), Some(probe)), true) = (copies, *method == Method::GET) else {
            return Ok(None);
        };
        let probe = probe.build()?;
        let url = probe.url();
        let path = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        let place = (asker, path);
        let tag = self.polls.0.get(&place).map(|known| known.tag.clone());
        let told = match tag {
            Some(tag) => Some(self.ask_again(&request, &tag).await?),
            None => None,
        };
        Ok(Some(Poll {
            place,
            request,
            told,
        }))
    }

    /// Compares what was told with the whole answer, and asks with its tag, so that the next poll
    /// finds a server that remembers.
    async fn compare_poll(&mut self, poll: Poll, whole: &Answer) -> Result<()> {
        let Poll {
            place,
            request,
            told,
        } = poll;
        let known = self.polls.0.remove(&place);
        if let (Some(told), Some(known)) = (told, known) {
            let expected = if whole.status == 200 && whole.body == known.body {
                304
            } else {
                whole.status.as_u16()
            };
            self.compare_told(&place, &told, whole, expected);
        }
        let tag = whole.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        let Some(tag) = tag.filter(|_| whole.status == 200) else {
            return Ok(());
        };
        let told = self.ask_again(&request, tag).await?;
        self.compare_told(&place, &told, whole, 304);
        let known = Known {
            tag: tag.to_owned(),
            body: whole.body.clone(),
        };
        self.polls.0.insert(place, known);
        Ok(())
    }

    async fn ask_again(&mut self, request: &RequestBuilder, tag: &str) -> Result<Answer> {
        self.found.requests += 1;
        let request = request
            .try_clone()
            .expect("a read has no body that streams");
        Ok(send(request.header(IF_NONE_MATCH, tag)).await?)
    }

    /// Compares what was told with the status that is expected and, when it is 304, with the
    /// headers of the whole answer.
    fn compare_told(
        &mut self,
        (asker, path): &(i64, String),
        told: &Answer,
        whole: &Answer,
        expected: u16,
    ) {
        self.found.polls += 1;
        let status = told.status.as_u16();
        if status != expected {
            self.found.differences.push(format!(
                "{asker} asks again for {path} and is told {status} instead of {expected}"
            ));
        }
        for name in [ETAG, LINK] {
            let (again, first) = (told.headers.get(&name), whole.headers.get(&name));
            if expected == 304 && again != first {
                self.found.differences.push(format!(
                    "{asker} asks again for {path} and is told the {name} {again:?} instead of {first:?}"
                ));
            }
        }
    }
}
