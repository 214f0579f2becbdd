//! The enumerations of the contract, as schemas made from the domain's own lists.

use std::borrow::Cow;

use classdesk_domain::bundles::{BundleStatus, MemberRelation};
use classdesk_domain::events::EventAction;
use classdesk_domain::people::Role;
use classdesk_domain::threads::MessageKind;
use classdesk_domain::tickets::{TicketCategory, TicketPriority, TicketStatus};
use classdesk_domain::validation::FieldError;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::input::{Input, Raw, ValueSchema};

macro_rules! string_enum {
    ($($(#[doc = $doc:literal])* $name:ident($domain:ident);)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub $domain);

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                Self(value)
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
                    .enum_values(Some(<$domain>::ALL.iter().map(|value| value.as_str())))
                    .build()
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($domain).into()
            }
        }

        impl Input for $domain {
            fn read(raw: &Raw) -> Result<Self, FieldError> {
                Self::parse(raw.text()?)
            }

            fn schema() -> ValueSchema {
                ValueSchema::Named(<$name as ToSchema>::name(), <$name as PartialSchema>::schema())
            }
        }
    )*};
}

string_enum! {
    /// What a person is.
    RoleName(Role);
    /// How far a bundle is.
    BundleStatusName(BundleStatus);
    /// Why somebody can be a recipient on a bundle.
    MemberRelationName(MemberRelation);
    /// What was done.
    EventActionName(EventAction);
    /// What a message is.
    MessageKindName(MessageKind);
    /// How urgent a ticket is.
    TicketPriorityName(TicketPriority);
    /// What a ticket is about.
    TicketCategoryName(TicketCategory);
    /// Where a ticket stands.
    TicketStatusName(TicketStatus);
}
