//! The enumerations of the contract, as schemas made from the domain's own lists.

use classdesk_domain::bundles::{BundleStatus, MemberRelation};
use classdesk_domain::events::EventAction;
use classdesk_domain::links::Disposition;
use classdesk_domain::people::{Access, Language, Role};
use classdesk_domain::threads::MessageKind;
use classdesk_domain::tickets::{TicketCategory, TicketPriority, TicketStatus};
use classdesk_domain::webhooks::{DeliveryState, DisabledReason, SendFailure};
use serde::Serializer;

use crate::input::{Input, Raw, Read};
use crate::output::Output;
use crate::schema::{AnySchema, Components, named, string};

macro_rules! enumerations {
    ($(#[doc = $about:literal] $name:ident;)*) => {$(
        impl Input for $name {
            type Value = Self;

            fn read(raw: &Raw) -> Read<Self> {
                Self::parse(raw.text()?)
            }

            fn schema(components: &mut Components) -> AnySchema {
                let words = Self::ALL.iter().map(|value| value.as_str());
                let schema = string().description(Some($about.trim())).enum_values(Some(words));
                named(stringify!($name), schema.into(), components)
            }
        }

        impl Output for $name {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }

            fn schema(components: &mut Components) -> AnySchema {
                <Self as Input>::schema(components)
            }
        }
    )*};
}

enumerations! {
    /// What a person is.
    Role;
    /// What a way in is good for.
    Access;
    /// The language that a person reads.
    Language;
    /// How far a bundle is.
    BundleStatus;
    /// Why a person can be a recipient on a bundle.
    MemberRelation;
    /// What was done.
    EventAction;
    /// What a browser does with a file.
    Disposition;
    /// What a message is.
    MessageKind;
    /// How urgent a ticket is.
    TicketPriority;
    /// What a ticket is about.
    TicketCategory;
    /// Where a ticket stands.
    TicketStatus;
    /// Where a delivery to a webhook stands.
    DeliveryState;
    /// Why a webhook is not active.
    DisabledReason;
    /// Why no answer of a webhook came that counts.
    SendFailure;
}
