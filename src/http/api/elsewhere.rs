//! What consoles and commands do that the REST API does not, each with the reason. It stands beside the operations in the
//! list that holds the three doors together (`listing`).

use super::operation::Door;
use crate::paths;

pub struct Elsewhere {
    pub what: &'static str,
    pub page: Door,
    pub command: Door,
    /// The reason why the API lacks it.
    pub reason: &'static str,
}

const NO_PAGE: Door = Door::Lacking("it belongs to whoever runs the server");

pub const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere {
        what: "See the TIES rights of all people side by side",
        page: Door::At(paths::FOCAL_POINT_TIES),
        command: Door::Lacking("a list of people has their rights"),
        reason: "listAffiliations has the rights of each",
    },
    Elsewhere {
        what: "Grant and revoke TIES rights of several people at once",
        page: Door::At(paths::FOCAL_POINT_TIES_CONFIRM),
        command: Door::Lacking("a script calls the command for each"),
        reason: "a program calls grantTiesRights and revokeTiesRights for each",
    },
    Elsewhere {
        what: "Decide about a request as a Focal Point",
        page: Door::At(paths::FOCAL_POINT_REQUEST),
        command: Door::Lacking("the operator acts as an administrator"),
        reason: "programs act with the powers of administrators alone",
    },
    Elsewhere {
        what: "Take the people of an organization along as a table",
        page: Door::At(paths::FOCAL_POINT_PEOPLE_FILE),
        command: Door::At("org people"),
        reason: "listAffiliations gives the same people as JSON",
    },
    Elsewhere {
        what: "Choose the organization of a Focal Point",
        page: Door::At(paths::FOCAL_POINT),
        command: Door::Lacking("commands name the organization"),
        reason: "operations name the organization",
    },
    Elsewhere {
        what: "Test the login of a client, and see each step with the tokens decoded",
        page: Door::Each(&[paths::ADMIN_CLIENT_TEST, paths::ADMIN_CLIENT_TEST_RESULT]),
        command: Door::Lacking("a person logs in with a browser"),
        reason: "a person logs in with a browser, and sees in it what was issued (security.md AD-11)",
    },
    Elsewhere {
        what: "See the account pages of a person as the person sees them, read only, for 15 minutes at most",
        page: Door::At(paths::ADMIN_ACCOUNT_VIEW),
        command: Door::Lacking(
            "a view is of a session in a browser; `audit tail` has who viewed whom, when and why",
        ),
        reason: "a view is of a session in a browser; listAuditEntries has who viewed whom, when and why",
    },
    Elsewhere {
        what: "Remove a person's second factor",
        page: Door::At(paths::ADMIN_RECOVERIES),
        command: Door::At("user remove-second-factor"),
        reason: "two administrators decide it in person, after a recent login of each (security.md PW-8)",
    },
    Elsewhere {
        what: "Confirm the removal of a second factor",
        page: Door::At(paths::ADMIN_RECOVERY),
        command: Door::Lacking("the operator needs no second one"),
        reason: "two administrators decide it in person",
    },
    Elsewhere {
        what: "Take the audit trail along as a file",
        page: Door::At(paths::ADMIN_AUDIT_EXPORT),
        command: Door::At("audit export"),
        reason: "listAuditEntries gives the same entries, the oldest first, to the last",
    },
    Elsewhere {
        what: "Take the subscribers to the newsletter along as a file",
        page: Door::Each(&[paths::ADMIN_NEWSLETTER_EXPORT, paths::ADMIN_NEWSLETTER_FILE]),
        command: Door::At("newsletter export"),
        reason: "listNewsletterSubscribers gives the same, to the last",
    },
    Elsewhere {
        what: "Show a new secret once",
        page: Door::Each(&[paths::ADMIN_CLIENT_SECRET, paths::ADMIN_WEBHOOK_SECRET]),
        command: Door::Lacking("the command that makes it prints it"),
        reason: "the answer of the operation that makes it has it",
    },
    Elsewhere {
        what: "Make the clients of a file what it says",
        page: Door::Lacking("a file is for those who keep one"),
        command: Door::At("client apply"),
        reason: "replaceClient does it for one client, with the version that was read",
    },
    Elsewhere {
        what: "Issue a token with which clients register themselves",
        page: Door::Lacking("a registration by token is arranged with the operator"),
        command: Door::At("client initial-access-token"),
        reason: "whoever has a token for the API registers clients by createClient",
    },
    Elsewhere {
        what: "Write all organizations as a file",
        page: Door::Lacking("large files are the operator's"),
        command: Door::At("org export"),
        reason: "listOrganizations gives them all",
    },
    Elsewhere {
        what: "Make the first administrator",
        page: NO_PAGE,
        command: Door::At("user create-admin"),
        reason: "the first one is made at the console alone (security.md AD-3)",
    },
    Elsewhere {
        what: "Take accounts over from another platform",
        page: NO_PAGE,
        command: Door::At("user import"),
        reason: "a file has password hashes, which no interface takes or gives (security.md PW-7)",
    },
    Elsewhere {
        what: "Mail people who were taken over",
        page: NO_PAGE,
        command: Door::At("user invite"),
        reason: "it belongs to taking accounts over",
    },
    Elsewhere {
        what: "Delete an account for its person",
        page: Door::Lacking("a person deletes the own account"),
        command: Door::At("user delete"),
        reason: "a person deletes the own account; the operator does it on a letter",
    },
    Elsewhere {
        what: "Write all accounts as a file",
        page: NO_PAGE,
        command: Door::At("user export"),
        reason: "it is for leaving the platform; listAccounts finds people",
    },
    Elsewhere {
        what: "See each kind of mail with sample data in each language",
        page: Door::Each(&[
            paths::ADMIN_MAIL_TEMPLATES,
            paths::ADMIN_MAIL_TEMPLATE,
            paths::ADMIN_MAIL_TEMPLATE_HTML,
        ]),
        command: Door::Lacking("it is for the eyes"),
        reason: "it is for the eyes",
    },
    Elsewhere {
        what: "Run the product with sample data",
        page: NO_PAGE,
        command: Door::At("demo"),
        reason: "it starts a server",
    },
    Elsewhere {
        what: "Run the provider",
        page: NO_PAGE,
        command: Door::At("serve"),
        reason: "it starts the server",
    },
    Elsewhere {
        what: "Bring the database up to date",
        page: NO_PAGE,
        command: Door::At("migrate up"),
        reason: "it comes before the server",
    },
    Elsewhere {
        what: "Revert the newest migration",
        page: NO_PAGE,
        command: Door::At("migrate down"),
        reason: "it comes before the server",
    },
    Elsewhere {
        what: "List migrations",
        page: NO_PAGE,
        command: Door::At("migrate status"),
        reason: "it comes before the server",
    },
    Elsewhere {
        what: "Print a commented configuration",
        page: NO_PAGE,
        command: Door::At("config sample"),
        reason: "it comes before the server",
    },
    Elsewhere {
        what: "Print alert rules for Prometheus",
        page: NO_PAGE,
        command: Door::At("config alerts"),
        reason: "it is for whoever watches the server",
    },
    Elsewhere {
        what: "Print a dashboard for Grafana",
        page: NO_PAGE,
        command: Door::At("config dashboard"),
        reason: "it is for whoever watches the server",
    },
    Elsewhere {
        what: "Back the embedded database up with the keys",
        page: NO_PAGE,
        command: Door::At("backup"),
        reason: "the file is on the server, and holds everything",
    },
    Elsewhere {
        what: "Restore a backup",
        page: NO_PAGE,
        command: Door::At("restore"),
        reason: "it comes before the server",
    },
    Elsewhere {
        what: "Make the whole deployment what the files of a directory say",
        page: NO_PAGE,
        command: Door::At("apply"),
        reason: "the directory is on the server",
    },
    Elsewhere {
        what: "Write the whole deployment into a directory",
        page: NO_PAGE,
        command: Door::At("export"),
        reason: "the directory is on the server",
    },
    Elsewhere {
        what: "Say what is wrong with the configuration",
        page: NO_PAGE,
        command: Door::At("check"),
        reason: "it comes before the server",
    },
];
