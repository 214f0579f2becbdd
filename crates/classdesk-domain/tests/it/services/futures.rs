//! Every use case can move between threads.

use classdesk_domain::App;
use classdesk_domain::ExternalId;
use classdesk_domain::blobs::{ByteStream, FileName, FinishedUpload, UploadPermit, UploadTarget};
use classdesk_domain::bundles::{BundleChange, BundleFilter, NewBundle};
use classdesk_domain::events::AuditFilter;
use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::idempotency::{KeyScope, Lease};
use classdesk_domain::ids::{
    BundleId, FileId, MessageId, SessionId, ThreadId, TicketAttachmentId, TicketId,
    TicketMessageId, UserId,
};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{
    AccessToken, Actor, AuthenticatedSession, Login, LoginName, NewPassword, NewUser,
    PasswordChange, PutUser, UserChange, UserFilter,
};
use classdesk_domain::policy::ReadPermit;
use classdesk_domain::subjects::{PutSubject, SubjectRef};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{MessagePage, NewMessage, NewThread, ThreadChange, ThreadFilter};
use classdesk_domain::tickets::{
    NewTicket, NewTicketMessage, NewTicketOnSubject, TicketChange, TicketFilter,
};

fn any<T>() -> T {
    unreachable!("these futures are checked, not run")
}

fn check_send<T: Send>(_: T) {}

/// Never called: that it compiles is the test.
fn check_every_use_case(app: &App) {
    let actor: &Actor = any();
    let who: &AuthenticatedSession = any();
    let page: PageRequest = any();
    let subject: &SubjectRef = any();
    let (bundle, thread, ticket): (BundleId, ThreadId, TicketId) = any();
    let (user, message, file): (UserId, MessageId, FileId) = any();
    let upload: FinishedUpload = any();

    check_send(app.sessions.login(any::<Login>()));
    check_send(app.sessions.authenticate(any::<&AccessToken>()));
    check_send(app.sessions.logout(who));
    check_send(app.sessions.logout_all(who));
    check_send(app.sessions.list(who, page));
    check_send(app.sessions.end_one(who, any::<SessionId>()));
    check_send(
        app.sessions
            .change_password(who, any(), any::<PasswordChange>()),
    );
    check_send(app.users.list(actor, any::<UserFilter>(), page));
    check_send(app.users.get(actor, user));
    check_send(app.users.put(actor, any::<&ExternalId>(), any::<PutUser>()));
    check_send(app.users.ensure_known(any(), any::<&PutUser>()));
    check_send(app.admin_commands.put_user(any(), any::<&PutUser>()));
    check_send(app.users.with_external_id(any::<&ExternalId>()));
    check_send(app.users.create(actor, any::<NewUser>()));
    check_send(app.users.change(actor, user, any::<UserChange>()));
    check_send(app.admin_commands.any_user());
    check_send(app.admin_commands.create_user(any::<&NewUser>()));
    check_send(app.admin_commands.list_users(page));
    check_send(
        app.admin_commands
            .set_password(any::<&LoginName>(), any::<&NewPassword>()),
    );
    check_send(app.subjects.get(actor, subject));
    check_send(app.subjects.put(actor, subject, any::<PutSubject>()));
    check_send(app.subjects.delete(actor, subject));
    check_send(app.bundles.list(actor, any::<BundleFilter>(), page));
    check_send(app.bundles.detail(actor, bundle));
    check_send(app.bundles.authorize_see(actor, bundle));
    check_send(app.bundles.members(actor, bundle, page));
    check_send(app.bundles.create(actor, any::<NewBundle>()));
    check_send(app.bundles.change(actor, bundle, any::<BundleChange>()));
    check_send(
        app.bundles
            .assign_writer(actor, bundle, any::<Option<UserId>>()),
    );
    check_send(app.threads.open(actor, subject, any::<NewThread>()));
    check_send(app.threads.list(actor, any::<ThreadFilter>(), page));
    check_send(app.threads.get(actor, thread));
    check_send(app.threads.change(actor, thread, any::<ThreadChange>()));
    check_send(app.threads.add_participant(actor, thread, user));
    check_send(app.threads.remove_participant(actor, thread, user));
    check_send(
        app.threads
            .mark_read(actor, thread, any::<Option<MessageId>>()),
    );
    check_send(app.messages.send(actor, thread, any::<NewMessage>(), any()));
    check_send(app.messages.list(actor, thread, any::<MessagePage>()));
    check_send(app.messages.authorize_list(actor, thread));
    check_send(app.messages.get(actor, message));
    check_send(app.messages.edit(actor, message, any::<MessageText>()));
    check_send(app.messages.delete(actor, message));
    check_send(app.messages.attachment(actor, message));
    check_send(app.tickets.create(actor, any::<NewTicket>()));
    check_send(
        app.tickets
            .create_on(actor, subject, any::<NewTicketOnSubject>()),
    );
    check_send(app.tickets.list(actor, any::<TicketFilter>(), page));
    check_send(app.tickets.get(actor, ticket));
    check_send(app.tickets.change(actor, ticket, any::<TicketChange>()));
    check_send(app.tickets.history(actor, ticket, page));
    check_send(
        app.tickets
            .add_message(actor, ticket, any::<NewTicketMessage>()),
    );
    check_send(app.tickets.messages(actor, ticket, page));
    check_send(app.tickets.message(actor, any::<TicketMessageId>()));
    check_send(app.tickets.attach(actor, ticket, upload.clone(), true));
    check_send(app.tickets.attachments(actor, ticket, page));
    check_send(app.tickets.delete_message(actor, ticket, any()));
    check_send(app.tickets.delete_attachment(actor, ticket, any()));
    check_send(
        app.tickets
            .attachment(actor, ticket, any::<TicketAttachmentId>()),
    );
    check_send(
        app.files
            .add(actor, bundle, upload.clone(), any::<NewFile>()),
    );
    check_send(app.files.list(actor, bundle, page));
    check_send(app.files.get(actor, bundle, file));
    check_send(app.files.download(actor, bundle, file));
    check_send(app.files.change(actor, bundle, file, any::<FileChange>()));
    check_send(app.files.delete(actor, bundle, file));
    check_send(app.uploads.begin(actor, any::<UploadTarget>()));
    let permit = any::<&UploadPermit>();
    check_send(
        app.uploads
            .receive(permit, any::<FileName>(), any::<ByteStream>()),
    );
    check_send(app.uploads.abandon(&upload));
    check_send(app.downloads.open(any::<&ReadPermit>(), None));
    check_send(app.audit.list(actor, any::<AuditFilter>(), page));
    check_send(app.idempotency.begin(any::<&KeyScope>()));
    check_send(app.idempotency.renew(any::<Lease>()));
    check_send(app.idempotency.release(any::<Lease>()));
    check_send(app.maintenance.ready());
    check_send(app.maintenance.sweep());
    check_send(app.maintenance.sweep_backlog());
    check_send(app.maintenance.abort_stale_uploads());
    check_send(app.maintenance.purge());
    check_send(app.maintenance.check(true, |_| {}));
}

#[test]
fn every_use_case_is_send() {
    let _: fn(&App) = check_every_use_case;
}
