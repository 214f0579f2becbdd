//! The JSON of the API: what clients send (`…Body`, `…Params`) and what they get (`…View`).
//!
//! These types are the schemas of the OpenAPI document. Views are built from what the domain
//! returned for one viewer; bodies are read field by field, so that all faults are found at once.

mod audit;
mod bundle_files;
mod bundles;
mod downloads;
mod files;
mod lists;
mod messages;
mod operations;
mod people;
mod problems;
mod retries;
mod sessions;
mod string_enum;
mod subjects;
mod threads;
mod ticket_notes;
mod tickets;
mod versions;

pub use audit::{AuditEntryView, AuditParams};
pub use bundle_files::{BundleFileChangeBody, BundleFileForm};
pub use bundles::{
    AssignWriterBody, BundleBody, BundleChangeBody, BundleDetailView, BundleParams, BundleView,
    MemberView,
};
pub use downloads::{DownloadAnswer, DownloadHeaders, FileBytes};
pub use files::{AttachmentView, BundleFileView};
pub use lists::PageParams;
pub use messages::{
    MessageBody, MessageEditBody, MessageForm, MessageParams, MessageView, ReadReceiptView,
};
pub use operations::HealthView;
pub use people::{UserBody, UserChangeBody, UserParams, UserRefView, UserView};
pub use problems::ProblemKindView;
pub use retries::RetryHeader;
pub use sessions::{LoginBody, LoginView, PasswordChangeBody, SessionView};
pub use string_enum::{
    BundleStatusWord, EventActionWord, MemberRelationWord, MessageKindWord, RoleWord,
    TicketCategoryWord, TicketPriorityWord, TicketStatusWord,
};
pub use subjects::{SubjectBody, SubjectView};
pub use threads::{
    ParticipantBody, ReadMarkBody, ThreadBody, ThreadChangeBody, ThreadOnSubjectBody, ThreadParams,
    ThreadView,
};
pub use ticket_notes::{
    TicketAttachmentForm, TicketAttachmentView, TicketMessageBody, TicketMessageView,
};
pub use tickets::{
    BundleTicketBody, HistoryLineView, TicketBody, TicketChangeBody, TicketParams, TicketView,
};
pub use versions::VersionHeader;
