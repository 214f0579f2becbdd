//! The JSON of the API: what clients send (`…Body`, `…Params`) and what they get (`…View`).
//!
//! These types are the schemas of the OpenAPI document. Views are built from what the domain
//! returned for one viewer. What clients send is defined with `input!`.

mod audit;
mod bundle_files;
mod bundles;
mod downloads;
mod files;
mod headers;
mod lists;
mod messages;
mod operations;
mod people;
mod problems;
mod sessions;
mod string_enum;
mod subjects;
mod threads;
mod ticket_notes;
mod tickets;

pub use audit::AuditEntryView;
pub(crate) use audit::AuditParams;
pub(crate) use bundle_files::{BundleFileChangeBody, BundleFileForm};
pub(crate) use bundles::{AssignWriterBody, BundleBody, BundleChangeBody, BundleParams};
pub use bundles::{BundleDetailView, BundleView, MemberView};
pub use downloads::{DownloadAnswer, FileBytes};
pub use files::{AttachmentView, BundleFileView};
pub(crate) use headers::{DownloadHeaders, IdempotencyHeader, VersionHeader};
pub(crate) use lists::PageParams;
pub(crate) use messages::{MessageBody, MessageEditBody, MessageForm, MessageParams};
pub use messages::{MessageView, ReadReceiptView};
pub use operations::HealthView;
pub(crate) use people::{UserBody, UserChangeBody, UserParams};
pub use people::{UserRefView, UserView};
pub use problems::ProblemKindView;
pub(crate) use sessions::{LoginBody, PasswordChangeBody};
pub use sessions::{LoginView, SessionView};
pub use string_enum::{
    BundleStatusName, EventActionName, MemberRelationName, MessageKindName, RoleName,
    TicketCategoryName, TicketPriorityName, TicketStatusName,
};
pub use subjects::SubjectView;
pub(crate) use subjects::{OnSubject, SubjectBody, SubjectInput};
pub use threads::ThreadView;
pub(crate) use threads::{
    ParticipantBody, ReadMarkBody, ThreadBody, ThreadChangeBody, ThreadOnSubjectBody, ThreadParams,
};
pub(crate) use ticket_notes::{TicketAttachmentForm, TicketMessageBody};
pub use ticket_notes::{TicketAttachmentView, TicketMessageView};
pub(crate) use tickets::{BundleTicketBody, TicketBody, TicketChangeBody, TicketParams};
pub use tickets::{HistoryLineView, TicketView};
