//! Schemas and resource types (RFC 7643 §6, §7): the shape of what is answered, from which filters, projections and the
//! discovery documents follow. `schemas` has those of this provider.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    String,
    Boolean,
    DateTime,
    Reference,
    Complex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    Always,
    Default,
    /// Only if the request names it.
    Request,
}

/// The definition of an attribute (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: &'static str,
    pub kind: AttributeType,
    pub description: &'static str,
    pub multi_valued: bool,
    pub required: bool,
    pub case_exact: bool,
    pub is_unique: bool,
    pub mutability: Mutability,
    pub returned: Returned,
    pub reference_types: &'static [&'static str],
    pub sub_attributes: &'static [Attribute],
}

impl AttributeType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::DateTime => "dateTime",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

impl Mutability {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
        }
    }
}

impl Returned {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

impl Attribute {
    /// Returns an attribute that is read only and returned by default.
    pub const fn new(name: &'static str, kind: AttributeType, description: &'static str) -> Self {
        Self {
            name,
            kind,
            description,
            multi_valued: false,
            required: false,
            case_exact: false,
            is_unique: false,
            mutability: Mutability::ReadOnly,
            returned: Returned::Default,
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    pub const fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(name, AttributeType::String, description)
    }

    pub const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(name, AttributeType::Boolean, description)
    }

    pub const fn complex(
        name: &'static str,
        description: &'static str,
        sub_attributes: &'static [Attribute],
    ) -> Self {
        Self {
            sub_attributes,
            ..Self::new(name, AttributeType::Complex, description)
        }
    }

    pub const fn reference(
        name: &'static str,
        description: &'static str,
        reference_types: &'static [&'static str],
    ) -> Self {
        Self {
            reference_types,
            case_exact: true,
            ..Self::new(name, AttributeType::Reference, description)
        }
    }

    pub const fn multi_valued(self) -> Self {
        Self {
            multi_valued: true,
            ..self
        }
    }

    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    pub const fn case_exact(self) -> Self {
        Self {
            case_exact: true,
            ..self
        }
    }

    pub const fn unique(self) -> Self {
        Self {
            is_unique: true,
            ..self
        }
    }

    pub const fn writable(self) -> Self {
        Self {
            mutability: Mutability::ReadWrite,
            ..self
        }
    }

    pub const fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    /// Finds a sub-attribute. Names ignore case (RFC 7643 §2.1).
    pub fn sub_attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
    }
}

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|it| it.name.eq_ignore_ascii_case(name))
}

#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    pub id: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub attributes: &'static [Attribute],
}

#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    pub name: &'static str,
    pub description: &'static str,
    /// The path below the base URL.
    pub endpoint: &'static str,
    pub schema: &'static Schema,
    pub extensions: &'static [&'static Schema],
}

/// An attribute of a resource type that a path names (RFC 7644 §3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The extension that has it, or `None` for one of the resource itself.
    pub extension: Option<&'static Schema>,
    /// The attribute; `None`: the path names the extension as a whole.
    pub attribute: Option<&'static Attribute>,
    pub sub_attribute: Option<&'static Attribute>,
}

impl Target {
    /// Returns the definition that says what the value is.
    pub fn leaf(&self) -> Option<&'static Attribute> {
        self.sub_attribute.or(self.attribute)
    }

    /// Returns the members of JSON that lead to the value.
    pub fn keys(&self) -> Vec<&'static str> {
        let extension = self.extension.map(|it| it.id);
        let names = [self.attribute, self.sub_attribute];
        let names = names.into_iter().flatten().map(|it| it.name);
        extension.into_iter().chain(names).collect()
    }
}

/// The attributes that every resource has, whatever its schema (RFC 7643 §3.1).
const COMMON: &[Attribute] = &[
    Attribute::reference("schemas", "The schemas of the resource.", &["uri"])
        .multi_valued()
        .returned(Returned::Always),
    Attribute::string("id", "The identifier of the resource for this client.")
        .case_exact()
        .unique()
        .returned(Returned::Always),
    Attribute::string(
        "externalId",
        "The identifier in the terms of the client: for a person, the claim sub.",
    )
    .case_exact(),
    Attribute::complex(
        "meta",
        "What is known about the resource itself.",
        &[
            Attribute::string("resourceType", "The name of its type.").case_exact(),
            Attribute::new("created", AttributeType::DateTime, "When it was made."),
            Attribute::new("lastModified", AttributeType::DateTime, "When it changed last."),
            Attribute::reference("location", "Its address.", &["uri"]),
            Attribute::string("version", "Its entity tag.").case_exact(),
        ],
    ),
];

impl ResourceType {
    /// Returns the attribute of the path. That of an extension is named with its schema (RFC 7644 §3.10).
    pub fn resolve(&self, path: &str) -> Option<Target> {
        if let Some(extension) = self.extensions.iter().find(|it| it.id.eq_ignore_ascii_case(path)) {
            return Some(Target {
                extension: Some(extension),
                attribute: None,
                sub_attribute: None,
            });
        }
        for schema in std::iter::once(&self.schema).chain(self.extensions) {
            if let Some(rest) = after_schema(path, schema.id) {
                let extension = (schema.id != self.schema.id).then_some(*schema);
                return within(extension, schema.attributes, rest);
            }
        }
        within(None, self.schema.attributes, path).or_else(|| within(None, COMMON, path))
    }
}

fn after_schema<'a>(path: &'a str, schema: &str) -> Option<&'a str> {
    let (begin, rest) = path.split_at_checked(schema.len())?;
    begin
        .eq_ignore_ascii_case(schema)
        .then(|| rest.strip_prefix(':'))
        .flatten()
}

fn within(
    extension: Option<&'static Schema>,
    attributes: &'static [Attribute],
    path: &str,
) -> Option<Target> {
    let (name, sub) = match path.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (path, None),
    };
    let attribute = find(attributes, name)?;
    let sub_attribute = match sub {
        Some(sub) => Some(attribute.sub_attribute(sub)?),
        None => None,
    };
    Some(Target {
        extension,
        attribute: Some(attribute),
        sub_attribute,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{ACCOUNT_USER, USER};

    #[test]
    fn a_path_names_an_attribute_in_any_case() {
        // RFC 7643 §2.1, RFC 7644 §3.10
        let keys = |path: &str| USER.resolve(path).map(|it| it.keys());
        assert_eq!(keys("username"), Some(vec!["userName"]));
        assert_eq!(keys("NAME.familyname"), Some(vec!["name", "familyName"]));
        assert_eq!(keys("meta.lastModified"), Some(vec!["meta", "lastModified"]));
        assert_eq!(
            keys("urn:ietf:params:scim:schemas:core:2.0:User:emails.value"),
            Some(vec!["emails", "value"])
        );
        let own = format!("{}:organizationId", ACCOUNT_USER.id.to_uppercase());
        assert_eq!(keys(&own), Some(vec![ACCOUNT_USER.id, "organizationId"]));
        assert_eq!(keys(ACCOUNT_USER.id), Some(vec![ACCOUNT_USER.id]));
        for unknown in ["organizationId", "name.value", "urn:x:userName", "userName.x", ""] {
            assert_eq!(keys(unknown), None, "{unknown}");
        }
    }
}
