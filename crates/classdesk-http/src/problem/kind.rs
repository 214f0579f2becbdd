//! The kinds of problems: one stable `type` each.

use actix_web::http::StatusCode;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = ($slug:literal, $status:ident, $title:literal, $about:literal);)*) => {
        /// A kind of problem. Each has a `type` of its own, which never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $($(#[$doc])* $name,)*
        }

        impl ProblemKind {
            /// Every kind, by status.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The last segment of the `type`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The HTTP status that always comes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The `title`: the same words for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What it means and what to do about it, as `GET /problems/{slug}` tells it.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }
        }
    };
}

kinds! {
    /// Fields or parameters are not right.
    Validation = ("validation", BAD_REQUEST, "The request is not valid",
        "Some fields or parameters are not right. `errors` names all of them at once.");
    /// A header is malformed.
    InvalidHeader = ("invalid-header", BAD_REQUEST, "A header is not valid",
        "A request header can't be understood. `detail` names it.");
    /// The body broke off.
    IncompleteBody = ("incomplete-body", BAD_REQUEST, "The body is incomplete",
        "The connection ended, or broke its own rules, before the whole body had come.");
    /// No session, or a dead one.
    Unauthenticated = ("unauthenticated", UNAUTHORIZED, "Sign in first",
        "The request needs `Authorization: Bearer TOKEN` with a token that holds. Sign in anew.");
    /// Wrong name or password at sign-in.
    WrongCredentials = ("wrong-credentials", UNAUTHORIZED, "Wrong name or password",
        "Nobody who may sign in has this name and this password.");
    /// It may be seen but not done.
    Forbidden = ("forbidden", FORBIDDEN, "Not allowed",
        "You may know of this, but you may not do this to it.");
    /// Missing or hidden.
    NotFound = ("not-found", NOT_FOUND, "Not found",
        "There is nothing here that you may see.");
    /// No route has the path.
    NoSuchPath = ("no-such-path", NOT_FOUND, "No such path",
        "Nothing is served at this path, for anybody. `/docs/` lists what is.");
    /// The path is known, the method is not.
    MethodNotAllowed = ("method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "This path does not have this method. `Allow` lists the ones that it has.");
    /// None of the media types that the client takes.
    NotAcceptable = ("not-acceptable", NOT_ACCEPTABLE, "No acceptable media type",
        "`Accept` names no media type that this operation answers with.");
    /// The body came too slowly.
    RequestTimeout = ("request-timeout", REQUEST_TIMEOUT, "The request took too long",
        "The body did not come in time. Send it again, faster.");
    /// Somebody has this username.
    UsernameTaken = ("username-taken", CONFLICT, "This username is taken",
        "Somebody else has this username. Choose another.");
    /// Somebody has this email address.
    EmailTaken = ("email-taken", CONFLICT, "This email address is taken",
        "Somebody else has this email address. Choose another.");
    /// Somebody has this external id.
    ExternalIdTaken = ("external-id-taken", CONFLICT, "This external id is taken",
        "Another has this external id.");
    /// Nobody else is an active superadmin.
    LastSuperadmin = ("last-superadmin", CONFLICT, "The last superadmin stays one",
        "Nobody else is an active superadmin. Make another person one first.");
    /// Too much is assigned to the person.
    TooManyAssignments = ("too-many-assignments", CONFLICT, "Too much is assigned to this person",
        "One change takes a person off 4,000 open tickets and subjects. Assign some to others first.");
    /// A ticket does not go from here to there.
    TicketTransition = ("ticket-transition", CONFLICT, "The ticket can't change like this",
        "A ticket does not go from its present status to the asked one.");
    /// The thread is closed.
    ThreadClosed = ("thread-closed", CONFLICT, "The thread is closed",
        "A closed thread takes no messages. Reopen it first.");
    /// Too late to change a message.
    EditWindowOver = ("edit-window-over", CONFLICT, "Too late to change this message",
        "A message can be changed for fifteen minutes after it was sent.");
    /// The message was deleted.
    MessageDeleted = ("message-deleted", CONFLICT, "The message is deleted",
        "A deleted message can't be changed.");
    /// Something links to the subject.
    SubjectInUse = ("subject-in-use", CONFLICT, "The subject is in use",
        "Threads or tickets link to this subject, so it can't be removed.");
    /// No more webhooks fit.
    TooManyWebhooks = ("too-many-webhooks", CONFLICT, "There are too many webhooks",
        "There are 20 webhooks, and no more fit. Remove one first.");
    /// No more keys fit.
    TooManyKeys = ("too-many-keys", CONFLICT, "There are too many keys",
        "There are 50 keys of this person, and no more fit. End one first.");
    /// The secret before is still valid.
    SecretRotating = ("secret-rotating", CONFLICT, "The secret before is still valid",
        "A webhook has two valid secrets at most. Rotate again when the one before has ended.");
    /// The webhook is switched off.
    WebhookInactive = ("webhook-inactive", CONFLICT, "The webhook is not active",
        "Events are sent to active webhooks alone. Switch it on first.");
    /// The first request with the key is running.
    IdempotencyRunning = ("idempotency-running", CONFLICT, "The first request is still running",
        "A request with this `Idempotency-Key` is under way. Try again when it has ended.");
    /// The log ends before a position.
    PositionLost = ("position-lost", GONE, "The log ends before this position",
        "The position is of another log, or of one that lost its end, for example when a backup was restored. \
         Load what you need anew, and follow the log from `last_event_id` on.");
    /// Somebody else was first.
    PreconditionFailed = ("precondition-failed", PRECONDITION_FAILED, "Someone else changed it first",
        "It is not in the version that `If-Match` names. Read it again and decide anew.");
    /// Too many bytes.
    TooLarge = ("too-large", PAYLOAD_TOO_LARGE, "The body is too large",
        "The body or the file has more bytes than the limit that `detail` names.");
    /// The target has too many characters.
    UriTooLong = ("uri-too-long", URI_TOO_LONG, "The address is too long",
        "Path and query together are longer than the server reads.");
    /// Not a media type that is understood here.
    UnsupportedMediaType = ("unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type",
        "The `Content-Type` is not one that this operation takes. `detail` names what it takes.");
    /// No byte of the range exists.
    RangeNotSatisfiable = ("range-not-satisfiable", RANGE_NOT_SATISFIABLE, "No such range",
        "The file has no byte in this range. `Content-Range` names its size.");
    /// The key belongs to another request.
    IdempotencyMismatch = ("idempotency-mismatch", UNPROCESSABLE_ENTITY, "The key belongs to another request",
        "This `Idempotency-Key` came with another body before. Use a fresh key for a new request.");
    /// Too many failed sign-ins.
    TooManyLogins = ("too-many-logins", TOO_MANY_REQUESTS, "Too many failed sign-ins",
        "Wait for the seconds of `Retry-After` before signing in again.");
    /// One person has too many streams.
    TooManyStreams = ("too-many-streams", TOO_MANY_REQUESTS, "Too many streams",
        "You follow the events with as many streams as a person may have. Close one of them first.");
    /// Too many header bytes.
    HeadersTooLarge = ("headers-too-large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large",
        "The request's headers together are larger than the server reads.");
    /// Our own failure.
    Internal = ("internal", INTERNAL_SERVER_ERROR, "Something went wrong",
        "The server failed. The `request_id` finds the cause in its log.");
    /// Shed load.
    Overloaded = ("overloaded", SERVICE_UNAVAILABLE, "Too busy",
        "The server has as much to do as it can. Try again after `Retry-After` seconds.");
    /// A dependency is down.
    Unavailable = ("unavailable", SERVICE_UNAVAILABLE, "Not available just now",
        "Something that the server depends on does not answer. Try again after `Retry-After` seconds.");
    /// Concurrent changes without end.
    Contended = ("contended", SERVICE_UNAVAILABLE, "Too many changes at once",
        "Others changed the same thing again and again meanwhile. Try again.");
}

impl ProblemKind {
    /// The `type` of the problem document.
    #[must_use]
    pub fn type_path(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// The kind with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }
}
