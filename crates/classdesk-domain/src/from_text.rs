//! Reading a value from text in the ways of the standard library.

/// `"ann".parse::<Username>()` and `Username::try_from("ann")`, for a type with a `parse` of its own.
macro_rules! from_text {
    ($name:ident) => {
        impl ::std::str::FromStr for $name {
            type Err = $crate::validation::FieldError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::validation::FieldError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }
    };
}
pub(crate) use from_text;
