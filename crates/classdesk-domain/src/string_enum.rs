//! Enumerations that the contract and the stores know by words.

macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that the contract and the stores use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads the word.
            ///
            /// # Errors
            /// [`FieldError::NotAChoice`](crate::validation::FieldError::NotAChoice) for any other.
            pub fn parse(word: &str) -> Result<Self, $crate::validation::FieldError> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::validation::FieldError::NotAChoice {
                        allowed: [$($word),+].join(", "),
                    }),
                }
            }
        }

        $crate::from_text::from_text!($name);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use string_enum;
