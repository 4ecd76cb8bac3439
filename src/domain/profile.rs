//! The profile that account holders fill in (contract.md, "Values, the same in forms, files and claims"). Every value
//! is parsed once and cannot hold nonsense.

pub use super::message::FieldErrors;
use super::message::Message;
use super::text;

/// The longest names and job title (contract.md).
pub const NAME_LENGTH: usize = 100;
pub const JOB_TITLE_LENGTH: usize = 150;

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name { $(#[serde(rename = $text)] $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(value: &str) -> Option<Self> {
                match value { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

choices!(Title {
    Mr = "mr", Ms = "ms", Mrs = "mrs", Mx = "mx", Dr = "dr", Prof = "prof", Eng = "eng", He = "he",
});

choices!(Gender { Female = "female", Male = "male", Other = "other", Undisclosed = "undisclosed" });

choices!(ProfessionalRole {
    SeniorManagement = "senior_management",
    MiddleManagement = "middle_management",
    Technical = "technical",
    PolicyRegulatory = "policy_regulatory",
    Legal = "legal",
    Standardization = "standardization",
    ResearchAcademia = "research_academia",
    Procurement = "procurement",
    Administration = "administration",
    Press = "press",
    Student = "student",
    Other = "other",
});

choices!(
    /// The six languages of the United Nations; the claim `locale`.
    Language { Ar = "ar", En = "en", Es = "es", Fr = "fr", Ru = "ru", Zh = "zh" }
);

/// Names and job title are lines of text (`text::line`); all is parsed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// The first name; empty for a person with one name, which is the last name.
    pub first_name: String,
    pub last_name: String,
    pub title: Option<Title>,
    pub gender: Gender,
    /// The job title; empty only for an account that was taken over without one.
    pub job_title: String,
    pub professional_role: ProfessionalRole,
}

/// The fields as they were typed.
#[derive(Clone, Debug, Default)]
pub struct ProfileInput<'a> {
    pub first_name: &'a str,
    pub last_name: &'a str,
    /// `true` if the person has one name: the last name alone is asked.
    pub single_name: bool,
    pub title: &'a str,
    pub gender: &'a str,
    pub job_title: &'a str,
    pub professional_role: &'a str,
}

impl Profile {
    /// Parses all fields, or returns every reason why not (security.md SU-6).
    pub fn parse(input: &ProfileInput<'_>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let first_name = if input.single_name {
            Some(String::new())
        } else {
            name(&mut errors, "first_name", input.first_name, NAME_LENGTH)
        };
        let last_name = name(&mut errors, "last_name", input.last_name, NAME_LENGTH);
        let job_title = name(&mut errors, "job_title", input.job_title, JOB_TITLE_LENGTH);
        let title = match input.title {
            "" => None,
            value => choice(&mut errors, "title", value, Title::parse),
        };
        let gender = choice(&mut errors, "gender", input.gender, Gender::parse);
        let role = choice(
            &mut errors,
            "professional_role",
            input.professional_role,
            ProfessionalRole::parse,
        );
        match (first_name, last_name, job_title, gender, role) {
            (Some(first_name), Some(last_name), Some(job_title), Some(gender), Some(professional_role))
                if errors.is_empty() =>
            {
                Ok(Self {
                    first_name,
                    last_name,
                    title,
                    gender,
                    job_title,
                    professional_role,
                })
            }
            _ => Err(errors),
        }
    }

    pub fn full_name(&self) -> String {
        full_name(&self.first_name, &self.last_name)
    }

    pub fn has_single_name(&self) -> bool {
        self.first_name.is_empty()
    }
}

/// Returns both names, or the one that the person has.
pub fn full_name(first_name: &str, last_name: &str) -> String {
    match first_name {
        "" => last_name.to_owned(),
        first_name => format!("{first_name} {last_name}"),
    }
}

fn name(errors: &mut FieldErrors, field: &'static str, value: &str, longest: usize) -> Option<String> {
    match text::line(value, longest) {
        Ok(text) => Some(text),
        Err(refused) => {
            errors.insert(field, refused.message());
            None
        }
    }
}

fn choice<T>(
    errors: &mut FieldErrors,
    field: &'static str,
    value: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let parsed = parse(value);
    if parsed.is_none() {
        errors.insert(field, Message::choose(field, value));
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ProfileInput<'static> {
        ProfileInput {
            first_name: "John",
            last_name: "Doe",
            single_name: false,
            title: "mr",
            gender: "male",
            job_title: "General Manager",
            professional_role: "senior_management",
        }
    }

    #[test]
    fn a_whole_profile_is_accepted() {
        let profile = Profile::parse(&input()).unwrap();
        assert_eq!(profile.full_name(), "John Doe");
        assert_eq!(profile.title, Some(Title::Mr));
    }

    #[test]
    fn a_person_with_one_name_is_asked_for_one() {
        let one = ProfileInput {
            first_name: "left over",
            last_name: "Suharto",
            single_name: true,
            ..input()
        };
        let profile = Profile::parse(&one).unwrap();
        assert_eq!(
            (profile.first_name.as_str(), &*profile.full_name()),
            ("", "Suharto")
        );
        assert!(profile.has_single_name());
        let none = ProfileInput {
            last_name: " ",
            ..one
        };
        assert_eq!(Profile::parse(&none).unwrap_err()["last_name"], "error.required");
    }

    #[test]
    fn every_wrong_field_is_named() {
        // SU-6
        let errors = Profile::parse(&ProfileInput {
            title: "king",
            gender: "",
            ..input()
        })
        .unwrap_err();
        assert_eq!(errors["title"], "error.choose");
        assert_eq!(errors["gender"], "error.choose.gender");
        assert_eq!(Profile::parse(&ProfileInput::default()).unwrap_err().len(), 5);
        let title = ProfileInput { title: "", ..input() };
        assert_eq!(Profile::parse(&title).unwrap().title, None);
    }

    #[test]
    fn choices_are_read_as_they_are_written() {
        for role in ProfessionalRole::ALL {
            assert_eq!(ProfessionalRole::parse(role.as_str()), Some(*role));
        }
    }
}
