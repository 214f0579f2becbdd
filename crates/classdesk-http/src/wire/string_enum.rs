//! The words of the contract, as schemas that list them: made from the domain's own lists.

use classdesk_domain::bundles::{BundleStatus, MemberRelation};
use classdesk_domain::error::FieldError;
use classdesk_domain::events::EventAction;
use classdesk_domain::people::Role;
use classdesk_domain::threads::MessageKind;
use classdesk_domain::tickets::{TicketCategory, TicketPriority, TicketStatus};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::input::{Input, Raw, ValueSchema};

macro_rules! string_enum {
    ($($(#[doc = $doc:literal])* $name:ident($domain:ty);)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub $domain);

        impl From<$domain> for $name {
            fn from(word: $domain) -> Self {
                Self(word)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(concat!($($doc),*).trim()))
                    .enum_values(Some(<$domain>::ALL.iter().map(|word| word.as_str())))
                    .build()
                    .into()
            }
        }

        impl ToSchema for $name {}

        impl Input for $domain {
            fn read(raw: &Raw) -> Result<Self, FieldError> {
                Self::parse(raw.text()?)
            }

            fn schema() -> ValueSchema {
                ValueSchema::Named($name::name(), <$name as PartialSchema>::schema())
            }
        }
    )*};
}

string_enum! {
    /// What a person is.
    RoleWord(Role);
    /// How far a bundle is.
    BundleStatusWord(BundleStatus);
    /// Why somebody can be a recipient on a bundle.
    MemberRelationWord(MemberRelation);
    /// What was done.
    EventActionWord(EventAction);
    /// What a message is.
    MessageKindWord(MessageKind);
    /// How urgent a ticket is.
    TicketPriorityWord(TicketPriority);
    /// What a ticket is about.
    TicketCategoryWord(TicketCategory);
    /// Where a ticket stands.
    TicketStatusWord(TicketStatus);
}
