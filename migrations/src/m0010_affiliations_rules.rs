//! The triggers of m0010, each written once as a condition and once as statements, in the words that
//! both databases understand, and wrapped for each.

use sea_orm_migration::sea_orm::DbBackend;

pub(crate) struct Rule {
    pub name: &'static str,
    /// `BEFORE UPDATE`, `AFTER UPDATE`, …
    pub moment: &'static str,
    pub table: &'static str,
    pub when: &'static str,
    pub does: Does,
}

pub(crate) enum Does {
    Refuse(&'static str),
    Run(&'static [&'static str]),
}

const RULES: [Rule; 8] = [
    Rule {
        name: "affiliations_move_in_order",
        moment: "BEFORE UPDATE",
        table: "affiliations",
        when: "NEW.account_id <> OLD.account_id OR NOT (
            (OLD.status = NEW.status AND OLD.status IN ('pending', 'approved', 'self_declared'))
            OR (OLD.status = 'pending' AND NEW.status IN ('approved', 'rejected', 'withdrawn'))
            OR (OLD.status = 'approved' AND NEW.status IN ('removed', 'lapsed', 'withdrawn'))
            OR (OLD.status = 'self_declared' AND NEW.status = 'withdrawn'))",
        does: Does::Refuse("this affiliation cannot move so"),
    },
    Rule {
        name: "affiliations_end_what_hangs_on_them",
        moment: "AFTER UPDATE",
        table: "affiliations",
        when: "NEW.status <> OLD.status AND NEW.status NOT IN ('pending', 'approved')",
        does: Does::Run(&[
            "UPDATE ties_rights SET status = 'revoked', ended_at = COALESCE(NEW.ended_at, NEW.decided_at), \
             ended_as = 'system' WHERE affiliation_id = NEW.id AND status = 'granted'",
            "UPDATE ties_rights SET status = 'refused', decided_at = COALESCE(NEW.ended_at, NEW.decided_at), \
             decided_as = 'system' WHERE affiliation_id = NEW.id AND status = 'requested'",
            "DELETE FROM focal_points WHERE affiliation_id = NEW.id",
        ]),
    },
    Rule {
        name: "focal_points_are_approved",
        moment: "BEFORE INSERT",
        table: "focal_points",
        when: "NOT EXISTS (SELECT 1 FROM affiliations \
               WHERE id = NEW.affiliation_id AND status = 'approved')",
        does: Does::Refuse("a Focal Point needs an approved affiliation"),
    },
    Rule {
        name: "ties_rights_move_in_order",
        moment: "BEFORE UPDATE",
        table: "ties_rights",
        when: "NEW.account_id <> OLD.account_id OR NEW.affiliation_id <> OLD.affiliation_id OR NOT (
            (OLD.status = NEW.status AND OLD.status IN ('requested', 'granted'))
            OR (OLD.status = 'requested' AND NEW.status IN ('granted', 'refused'))
            OR (OLD.status = 'granted' AND NEW.status = 'revoked'))",
        does: Does::Refuse("this TIES right cannot move so"),
    },
    Rule {
        name: "ties_rights_start_on_an_affiliation",
        moment: "BEFORE INSERT",
        table: "ties_rights",
        when: NOT_ENTITLED_TO_START,
        does: Does::Refuse("a TIES right needs a living affiliation to an entitled member"),
    },
    Rule {
        name: "ties_rights_granted_on_an_approved_affiliation",
        moment: "BEFORE UPDATE",
        table: "ties_rights",
        when: NOT_ENTITLED_TO_BE_GRANTED,
        does: Does::Refuse("a TIES right needs an approved affiliation to an entitled, active member"),
    },
    Rule {
        name: "ties_rights_assigned_on_an_approved_affiliation",
        moment: "BEFORE INSERT",
        table: "ties_rights",
        when: "NEW.status = 'granted' AND NOT EXISTS (
            SELECT 1 FROM affiliations a JOIN organizations o ON o.id = a.organization_id
            WHERE a.id = NEW.affiliation_id AND a.status = 'approved' AND o.status = 'active')",
        does: Does::Refuse("a TIES right needs an approved affiliation to an entitled, active member"),
    },
    Rule {
        name: "organizations_end_their_affiliations",
        moment: "AFTER UPDATE",
        table: "organizations",
        when: "NEW.status = 'ended' AND OLD.status <> 'ended'",
        does: Does::Run(&[
            "UPDATE affiliations SET status = 'lapsed', ended_at = NEW.updated_at, ended_as = 'system' \
             WHERE organization_id = NEW.id AND status = 'approved'",
            "UPDATE affiliations SET status = 'rejected', decided_at = NEW.updated_at, decided_as = 'system' \
             WHERE organization_id = NEW.id AND status = 'pending'",
        ]),
    },
];

const NOT_ENTITLED_TO_START: &str = "NOT EXISTS (
    SELECT 1 FROM affiliations a JOIN organizations o ON o.id = a.organization_id
    JOIN membership_types t ON t.id = o.membership_type
    WHERE a.id = NEW.affiliation_id AND a.status IN ('pending', 'approved') AND t.ties_entitled)";

const NOT_ENTITLED_TO_BE_GRANTED: &str = "NEW.status = 'granted' AND OLD.status <> 'granted' AND NOT EXISTS (
    SELECT 1 FROM affiliations a JOIN organizations o ON o.id = a.organization_id
    JOIN membership_types t ON t.id = o.membership_type
    WHERE a.id = NEW.affiliation_id AND a.status = 'approved' AND o.status = 'active' AND t.ties_entitled)";

pub(super) fn of(backend: DbBackend) -> Vec<String> {
    RULES.iter().flat_map(|rule| rule.create(backend)).collect()
}

pub(super) fn without(backend: DbBackend) -> Vec<String> {
    RULES.iter().rev().flat_map(|rule| rule.remove(backend)).collect()
}

impl Rule {
    pub(crate) fn create(&self, backend: DbBackend) -> Vec<String> {
        let Self {
            name,
            moment,
            table,
            when,
            does,
        } = self;
        if backend != DbBackend::Postgres {
            let body = match does {
                Does::Refuse(why) => format!("SELECT RAISE(ABORT, '{why}');"),
                Does::Run(statements) => format!("{};", statements.join("; ")),
            };
            return vec![format!(
                "CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW WHEN {when} BEGIN {body} END"
            )];
        }
        let body = match does {
            Does::Refuse(why) => format!("RAISE EXCEPTION '{why}' USING ERRCODE = 'check_violation';"),
            Does::Run(statements) => format!("{};", statements.join("; ")),
        };
        vec![
            // The condition is in the body: a WHEN of PostgreSQL holds no subquery.
            format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN IF {when} THEN {body} END IF; RETURN NEW; END $$"
            ),
            format!("CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"),
        ]
    }

    pub(crate) fn remove(&self, backend: DbBackend) -> Vec<String> {
        let Self { name, table, .. } = self;
        if backend != DbBackend::Postgres {
            return vec![format!("DROP TRIGGER {name}")];
        }
        vec![
            format!("DROP TRIGGER {name} ON {table}"),
            format!("DROP FUNCTION {name}()"),
        ]
    }
}
