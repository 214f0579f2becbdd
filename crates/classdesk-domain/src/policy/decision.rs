//! The answers of the policy.

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Do it.
    Allowed,
    /// The actor may see the thing, but not do this to it (HTTP 403).
    Forbidden,
    /// The actor may not know that the thing exists (HTTP 404).
    Hidden,
}

impl Decision {
    /// Turns a refusal into an error that says which right is lacking.
    ///
    /// # Errors
    /// Why it is not allowed.
    pub const fn require(self, right: &'static str) -> Result<(), Denied> {
        match self {
            Self::Allowed => Ok(()),
            Self::Forbidden => Err(Denied::Forbidden(Refusal { right, field: None })),
            Self::Hidden => Err(Denied::Hidden),
        }
    }

    /// Whether it is [`Decision::Allowed`].
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }

    pub(super) const fn allowed_if(condition: bool) -> Self {
        if condition {
            Self::Allowed
        } else {
            Self::Forbidden
        }
    }

    pub(super) const fn hidden_unless(condition: bool) -> Self {
        if condition {
            Self::Allowed
        } else {
            Self::Hidden
        }
    }

    /// This decision, or `second` where this one allows.
    pub(super) const fn and_then(self, second: Self) -> Self {
        if self.is_allowed() { second } else { self }
    }
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denied {
    /// The actor may see the thing, but not do this to it.
    #[error("forbidden")]
    Forbidden(Refusal),
    /// The actor may not know that the thing exists.
    #[error("hidden")]
    Hidden,
}

/// What is refused openly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The right that is lacking, as a stable word for programs.
    pub right: &'static str,
    /// The field of the request that asks for it, where the rest would be allowed.
    pub field: Option<&'static str>,
}

impl Denied {
    /// The same refusal, because of this field of the request.
    #[must_use]
    pub const fn in_field(self, field: &'static str) -> Self {
        match self {
            Self::Forbidden(Refusal { right, .. }) => Self::Forbidden(Refusal {
                right,
                field: Some(field),
            }),
            Self::Hidden => Self::Hidden,
        }
    }
}
