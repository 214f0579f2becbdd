//! Read marks, and the receipts that follow from them.

use std::collections::HashMap;

use classdesk_domain::policy::{AccessScope, ReceiptScope};
use classdesk_domain::threads::{ReadMark, ReadReceipt};
use diesel::prelude::*;

use super::dialect::id_set;
use super::participants::{Participants, participant, upsert_participant};
use super::people::People;
use super::rows::messages::MessageRow;
use super::rows::schema::{messages, read_marks, thread_participants};
use super::rows::thread_participants::ParticipantRow;
use super::rows::values::At;
use super::{Conn, preconditions};
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

/// Whether the viewer may see who has read a message.
const fn is_shown(scope: &AccessScope, sender: i64) -> bool {
    match scope.receipts {
        ReceiptScope::All => true,
        ReceiptScope::OwnMessages => scope.viewer.get() == sender,
    }
}

/// Read marks that tell when messages of a page were read, by thread and person, the nearest first.
#[derive(Debug, Default)]
pub(super) struct ReadReceipts(HashMap<(i64, i64), Vec<(i64, At)>>);

/// Thread, person, mark and time.
type MarkRow = (i64, i64, i64, At);

impl ReadReceipts {
    /// Marks for messages that are each the latest of their thread, so that only a mark on the
    /// message itself can have reached it.
    pub(super) fn at(
        conn: &mut Conn,
        latest: &[MessageRow],
        participants: &Participants,
        scope: &AccessScope,
    ) -> Result<Self, Failure> {
        let read: Vec<&MessageRow> = latest
            .iter()
            .filter(|row| row.is_read(participants, scope))
            .collect();
        if read.is_empty() {
            return Ok(Self::default());
        }
        let rows: Vec<MarkRow> = read_marks::table
            .filter(read_marks::thread_id.eq_any(id_set(read.iter().map(|row| row.thread_id))))
            .filter(read_marks::up_to.eq_any(id_set(read.iter().map(|row| row.id))))
            .load(conn)?;
        Ok(Self::collect(rows))
    }

    /// Marks for a page of one thread: those on the page, and each person's first one beyond it.
    pub(super) fn over(
        conn: &mut Conn,
        page: &[MessageRow],
        participants: &Participants,
        scope: &AccessScope,
    ) -> Result<Self, Failure> {
        let mut read = page.iter().filter(|row| row.is_read(participants, scope));
        let (Some(first), Some(last)) = (read.next(), page.last()) else {
            return Ok(Self::default());
        };
        let thread = first.thread_id;
        let mut rows: Vec<MarkRow> = read_marks::table
            .filter(read_marks::thread_id.eq(thread))
            .filter(read_marks::up_to.ge(first.id))
            .filter(read_marks::up_to.le(last.id))
            .order(read_marks::up_to)
            .load(conn)?;
        let beyond = read_marks::table
            .filter(read_marks::thread_id.eq(thread_participants::thread_id))
            .filter(read_marks::user_id.eq(thread_participants::user_id))
            .filter(read_marks::up_to.gt(last.id))
            .select(read_marks::read_at)
            .order(read_marks::up_to)
            .limit(1)
            .single_value();
        let beyond: Vec<(i64, Option<At>)> = thread_participants::table
            .filter(thread_participants::thread_id.eq(thread))
            .filter(thread_participants::last_read_id.gt(last.id))
            .select((thread_participants::user_id, beyond))
            .load(conn)?;
        rows.extend(
            beyond
                .into_iter()
                .filter_map(|(user, at)| Some((thread, user, i64::MAX, at?))),
        );
        Ok(Self::collect(rows))
    }

    fn collect(rows: Vec<MarkRow>) -> Self {
        let mut marks: HashMap<_, Vec<_>> = HashMap::new();
        for (thread, user, up_to, at) in rows {
            marks.entry((thread, user)).or_default().push((up_to, at));
        }
        Self(marks)
    }

    /// Who of the others has read a message and when, as far as the viewer may see it.
    pub(super) fn receipts(
        &self,
        row: &MessageRow,
        participants: &[ParticipantRow],
        people: &People,
        scope: &AccessScope,
    ) -> Result<Vec<ReadReceipt>, Failure> {
        if !is_shown(scope, row.sender_id) {
            return Ok(Vec::new());
        }
        participants
            .iter()
            .filter(|other| other.user_id != row.sender_id && other.has_read(row.id))
            .map(|reader| {
                let steps = self.0.get(&(row.thread_id, reader.user_id));
                let reached = steps
                    .and_then(|steps| steps.iter().find(|(up_to, _)| *up_to >= row.id))
                    .ok_or_else(|| Failure::corrupt("read mark"))?;
                Ok(ReadReceipt {
                    user: people.get(reader.user_id)?,
                    read_at: reached.1.into(),
                })
            })
            .collect()
    }
}

impl MessageRow {
    /// Whether there are receipts of it that the viewer may see.
    fn is_read(&self, participants: &Participants, scope: &AccessScope) -> bool {
        is_shown(scope, self.sender_id)
            && participants
                .of(self.thread_id)
                .iter()
                .any(|other| other.user_id != self.sender_id && other.has_read(self.id))
    }
}

pub(super) fn mark_read(conn: &mut Conn, mark: &ReadMark) -> Result<Outcome<bool>, Failure> {
    let (thread, user, at) = (mark.thread.get(), mark.user.get(), At::from(mark.at));
    preconditions::lock_thread(conn, thread)?.ok_or(Failure::STALE)?;
    let in_thread = messages::table
        .filter(messages::thread_id.eq(thread))
        .select((messages::id, messages::position));
    let reached: Option<(i64, i64)> = match mark.up_to {
        Some(up_to) => in_thread
            .filter(messages::id.eq(up_to.get()))
            .first(conn)
            .optional()?,
        None => in_thread
            .order(messages::id.desc())
            .first(conn)
            .optional()?,
    };
    let Some((up_to, position)) = reached else {
        return Ok(match mark.up_to {
            Some(_) => Outcome::nothing(false),
            None => Outcome::to(thread, true),
        });
    };
    let mark = match participant(conn, thread, user)? {
        Some(participant) => participant.last_read_id,
        None => {
            upsert_participant(conn, thread, user, at)?;
            None
        }
    };
    if mark < Some(up_to) {
        advance(conn, (thread, user), mark, (up_to, position), at)?;
    }
    Ok(Outcome::to(thread, true))
}

fn advance(
    conn: &mut Conn,
    (thread, user): (i64, i64),
    mark: Option<i64>,
    (up_to, position): (i64, i64),
    at: At,
) -> Result<(), Failure> {
    // The person's own latest message up to the mark knows how many of theirs there are.
    let own: Option<i64> = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::sender_id.eq(user))
        .filter(messages::id.le(up_to))
        .select(messages::sender_position)
        .order(messages::id.desc())
        .first(conn)
        .optional()?;
    // Each deleted message is passed once by each reader.
    let deleted: i64 = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::deleted_at.is_not_null())
        .filter(messages::id.gt(mark.unwrap_or(0)))
        .filter(messages::id.le(up_to))
        .filter(messages::sender_id.ne(user))
        .count()
        .get_result(conn)?;
    let moved = diesel::update(thread_participants::table.find((thread, user)))
        .set((
            thread_participants::last_read_id.eq(up_to),
            thread_participants::read_count.eq(position),
            thread_participants::sent_read_count.eq(own.unwrap_or(0)),
            thread_participants::known_deleted_count
                .eq(thread_participants::known_deleted_count + deleted),
        ))
        .execute(conn)?;
    exactly_one(moved)?;
    diesel::insert_into(read_marks::table)
        .values((
            read_marks::thread_id.eq(thread),
            read_marks::user_id.eq(user),
            read_marks::up_to.eq(up_to),
            read_marks::read_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}
