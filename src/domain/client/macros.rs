//! Declares the members of a client's definition and their values. Each name is written once; the lists of all names
//! follow from the declaration.

/// Declares an enum whose values have the names that the standards give them. Other values are refused by name.
macro_rules! named_values {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$attribute])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(value: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// Declares a struct of members. A member that does not name its default has that of its type; `MEMBERS` has the
/// names of all.
macro_rules! members {
    ($(#[$on_struct:meta])* pub struct $name:ident {
        $($(#[$on_field:meta])* $field:ident: $type:ty $(= $default:expr)?,)+
    }) => {
        $(#[$on_struct])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name { $($(#[$on_field])* pub $field: $type,)+ }

        impl $name {
            pub const MEMBERS: &[&str] = &[$(stringify!($field)),+];
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: members!(@default $($default)?),)+ }
            }
        }
    };
    (@default $default:expr) => { $default };
    (@default) => { Default::default() };
}

pub(super) use {members, named_values};
