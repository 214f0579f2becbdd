//! Changing what was created.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::client_loop::{ClientLoop, LoadResult, ServerDied};
use super::fixture::{BUNDLES, THREADS, TICKETS};
use super::model::{Kind, Number, Record, State, Variable};
use crate::client::send;

impl ClientLoop {
    pub(super) async fn edit(&mut self, refusable: bool) -> LoadResult {
        let Some((number, record)) = self.some_own() else {
            return Ok(());
        };
        let text = format!("{number} says instead {}", self.rng.u32(..));
        let (path, body) = match path_of(&record) {
            (path, true) => (path, json!({ "message": text })),
            (path, false) => (path, json!({ "description": text })),
        };
        let request = self.who.request(Method::PATCH, &path).json(&body);
        self.change(
            Variable::Record(number),
            State::Text(text),
            request,
            refusable,
        )
        .await
    }

    pub(super) async fn delete(&mut self, refusable: bool) -> LoadResult {
        let Some((number, record)) = self.some_own() else {
            return Ok(());
        };
        let request = self.who.request(Method::DELETE, &path_of(&record).0);
        self.own.retain(|own| *own != number);
        self.change(Variable::Record(number), State::Deleted, request, refusable)
            .await
    }

    pub(super) async fn read(&mut self, thread: i64) -> LoadResult {
        let Some(id) = self.model.latest(Kind::Message, thread) else {
            return Ok(());
        };
        let person = self.who.id();
        let variable = Variable::ReadMark { thread, person };
        // The mark only moves forward, and so does this.
        let states = self.model.states(variable, u64::MAX);
        if states
            .iter()
            .any(|state| matches!(state, State::Id(mark) if *mark >= id))
        {
            return Ok(());
        }
        let path = format!("{THREADS}{thread}/read/");
        let request = self.who.request(Method::POST, &path);
        let request = request.json(&json!({ "up_to": id }));
        self.change(variable, State::Id(id), request, false).await
    }

    pub(super) async fn close_or_reopen(&mut self, ticket: Number, id: i64) -> LoadResult {
        let variable = Variable::Status(ticket);
        let to = match self.model.states(variable, u64::MAX).as_slice() {
            [State::Text(status)] if status == "open" => "closed",
            [State::Text(_)] => "open",
            _ => return Ok(()),
        };
        let request = self.who.request(Method::PATCH, &format!("{TICKETS}{id}/"));
        let request = request.json(&json!({ "status": to }));
        self.change(variable, State::Text(to.to_owned()), request, false)
            .await
    }

    pub(super) async fn set_priority(&mut self, ticket: Number, id: i64) -> LoadResult {
        let to = *self
            .rng
            .choice(&["low", "medium", "high", "critical"])
            .expect("there are four");
        let request = self.who.request(Method::PATCH, &format!("{TICKETS}{id}/"));
        let request = request.json(&json!({ "priority": to }));
        let variable = Variable::Priority(ticket);
        self.change(variable, State::Text(to.to_owned()), request, false)
            .await
    }

    pub(super) async fn reassign(&mut self, bundle: i64, writer: i64) -> LoadResult {
        let writer_id = if writer == 0 {
            Value::Null
        } else {
            json!(writer)
        };
        let path = format!("{BUNDLES}{bundle}/assign_writer/");
        let request = self.who.request(Method::POST, &path);
        let request = request.json(&json!({ "writer_id": writer_id }));
        self.change(
            Variable::Writer { bundle },
            State::Id(writer),
            request,
            false,
        )
        .await?;
        // The writers get something done in between.
        sleep(Duration::from_millis(self.rng.u64(5..60))).await;
        Ok(())
    }

    /// Changes something and writes down the answer.
    async fn change(
        &mut self,
        variable: Variable,
        to: State,
        request: RequestBuilder,
        refusable: bool,
    ) -> LoadResult {
        self.model.begin_change(variable, to);
        let Ok(answer) = send(request).await else {
            return Err(ServerDied);
        };
        match answer.status.as_u16() {
            200 | 204 => self.model.end_change(variable, true),
            // An edit is answered with what its author may see afterwards. When they were replaced
            // in between, that is nothing.
            404 if refusable => {}
            500.. => self.sit_out(&format!("{variable:?}"), &answer).await,
            _ => {
                self.unexpected(&format!("{variable:?}"), &answer);
                self.model.end_change(variable, false);
            }
        }
        Ok(())
    }
}

/// The path at which a record is changed, and whether it is a message.
fn path_of(record: &Record) -> (String, bool) {
    let id = record.id.unwrap_or_default();
    match record.kind {
        Kind::File => (format!("{BUNDLES}{}/files/{id}/", record.parent), false),
        _ => (format!("/api/v1/communications/messages/{id}/"), true),
    }
}
