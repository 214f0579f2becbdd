//! Every use case can move between threads.

use classdesk_domain::blobs::{ByteStream, FileName, FinishedUpload, UploadPermit, UploadTarget};
use classdesk_domain::bundles::{BundleChange, BundleFilter, NewBundle};
use classdesk_domain::events::AuditFilter;
use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::idempotency::{KeyScope, Lease, StoredResponse};
use classdesk_domain::ids::{
    BundleId, FileId, IdempotencyId, MessageId, SessionId, ThreadId, TicketAttachmentId, TicketId,
    TicketMessageId, UserId,
};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{
    AccessToken, Actor, AuthenticatedSession, Login, LoginName, NewPassword, NewUser,
    PasswordChange, UserChange, UserFilter,
};
use classdesk_domain::policy::ReadPermit;
use classdesk_domain::subjects::{PutSubject, SubjectRef};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{MessageFilter, NewMessage, NewThread, ThreadChange, ThreadFilter};
use classdesk_domain::tickets::{
    NewTicket, NewTicketMessage, NewTicketOnSubject, TicketChange, TicketFilter,
};
use classdesk_domain::{App, ExpectedVersion};

fn any<T>() -> T {
    unreachable!("these futures are checked, not run")
}

fn check_send<T: Send>(_: T) {}

/// Never called: that it compiles is the test.
fn check_every_use_case(desk: &App) {
    let actor: &Actor = any();
    let who: &AuthenticatedSession = any();
    let page: PageRequest = any();
    let subject: &SubjectRef = any();
    let (bundle, thread, ticket): (BundleId, ThreadId, TicketId) = any();
    let (user, message, file): (UserId, MessageId, FileId) = any();
    let version: &ExpectedVersion = any();
    let upload: FinishedUpload = any();

    check_send(desk.sessions.login(any::<Login>()));
    check_send(desk.sessions.authenticate(any::<&AccessToken>()));
    check_send(desk.sessions.logout(who));
    check_send(desk.sessions.logout_all(who));
    check_send(desk.sessions.list(who, page));
    check_send(desk.sessions.end_one(who, any::<SessionId>()));
    check_send(desk.sessions.change_password(who, any::<PasswordChange>()));
    check_send(desk.users.list(actor, any::<UserFilter>(), page));
    check_send(desk.users.get(actor, user));
    check_send(desk.users.create(actor, any::<NewUser>()));
    check_send(desk.users.change(actor, user, any::<UserChange>()));
    check_send(desk.operator.any_user());
    check_send(desk.operator.create_user(any::<&NewUser>()));
    check_send(desk.operator.list_users(page));
    check_send(
        desk.operator
            .set_password(any::<&LoginName>(), any::<&NewPassword>()),
    );
    check_send(desk.subjects.get(actor, subject));
    check_send(desk.subjects.put(actor, subject, any::<PutSubject>()));
    check_send(desk.subjects.delete(actor, subject));
    check_send(desk.bundles.list(actor, any::<BundleFilter>(), page));
    check_send(desk.bundles.detail(actor, bundle));
    check_send(desk.bundles.authorize_see(actor, bundle));
    check_send(desk.bundles.members(actor, bundle, page));
    check_send(desk.bundles.create(actor, any::<NewBundle>()));
    check_send(
        desk.bundles
            .change(actor, bundle, any::<BundleChange>(), version),
    );
    check_send(
        desk.bundles
            .assign_writer(actor, bundle, any::<Option<UserId>>()),
    );
    check_send(desk.threads.open(actor, subject, any::<NewThread>()));
    check_send(desk.threads.list(actor, any::<ThreadFilter>(), page));
    check_send(desk.threads.get(actor, thread));
    check_send(desk.threads.change(actor, thread, any::<ThreadChange>()));
    check_send(desk.threads.add_participant(actor, thread, user));
    check_send(desk.threads.remove_participant(actor, thread, user));
    check_send(
        desk.threads
            .mark_read(actor, thread, any::<Option<MessageId>>()),
    );
    check_send(
        desk.messages
            .send(actor, thread, any::<NewMessage>(), any()),
    );
    check_send(
        desk.messages
            .list(actor, thread, any::<MessageFilter>(), page),
    );
    check_send(desk.messages.authorize_list(actor, thread));
    check_send(desk.messages.get(actor, message));
    check_send(desk.messages.edit(actor, message, any::<MessageText>()));
    check_send(desk.messages.delete(actor, message));
    check_send(desk.messages.attachment(actor, message));
    check_send(desk.tickets.create(actor, any::<NewTicket>()));
    check_send(
        desk.tickets
            .create_on(actor, subject, any::<NewTicketOnSubject>()),
    );
    check_send(desk.tickets.list(actor, any::<TicketFilter>(), page));
    check_send(desk.tickets.get(actor, ticket));
    check_send(
        desk.tickets
            .change(actor, ticket, any::<TicketChange>(), version),
    );
    check_send(desk.tickets.history(actor, ticket, page));
    check_send(
        desk.tickets
            .add_message(actor, ticket, any::<NewTicketMessage>()),
    );
    check_send(desk.tickets.messages(actor, ticket, page));
    check_send(desk.tickets.message(actor, any::<TicketMessageId>()));
    check_send(desk.tickets.attach(actor, ticket, upload.clone(), true));
    check_send(desk.tickets.attachments(actor, ticket, page));
    check_send(
        desk.tickets
            .attachment(actor, ticket, any::<TicketAttachmentId>()),
    );
    check_send(
        desk.files
            .add(actor, bundle, upload.clone(), any::<NewFile>()),
    );
    check_send(desk.files.list(actor, bundle, page));
    check_send(desk.files.get(actor, bundle, file));
    check_send(desk.files.download(actor, bundle, file));
    check_send(desk.files.change(actor, bundle, file, any::<FileChange>()));
    check_send(desk.files.delete(actor, bundle, file));
    check_send(desk.uploads.begin(actor, any::<UploadTarget>()));
    let permit = any::<&UploadPermit>();
    check_send(
        desk.uploads
            .receive(permit, any::<FileName>(), any::<ByteStream>()),
    );
    check_send(desk.uploads.abandon(&upload));
    check_send(desk.downloads.open(any::<&ReadPermit>(), None));
    check_send(desk.audit.list(actor, any::<AuditFilter>(), page));
    check_send(desk.retries.begin(any::<&KeyScope>()));
    check_send(desk.retries.renew(any::<Lease>()));
    check_send(desk.retries.release(any::<Lease>()));
    check_send(
        desk.retries
            .save_response(any::<IdempotencyId>(), any::<&StoredResponse>()),
    );
    check_send(desk.maintenance.ready());
    check_send(desk.maintenance.sweep());
    check_send(desk.maintenance.sweep_backlog());
    check_send(desk.maintenance.abort_stale_uploads());
    check_send(desk.maintenance.purge());
    check_send(desk.maintenance.check(true, |_| {}));
}

#[test]
fn every_use_case_is_send() {
    let _: fn(&App) = check_every_use_case;
}
