//! The built-in roles: what each may do with which records.

use kernel::{
    object::Action,
    role::{Grant, Objects, Role, Rows},
};

const NOTHING: &[Action] = &[];
const READ: &[Action] = &[Action::Read];

/// The role of those who run the workspace.
pub static OWNER: Role = Role {
    name: "OWNER",
    doc: "Owner: reads and changes everything.",
    grants: &[Grant::new(Objects::Any, Action::ALL, Rows::All)],
    reads_sensitive: true,
};

/// The role of those who work with customers.
pub static AGENT: Role = Role {
    name: "AGENT",
    doc: "Agent: reads and changes the records they own, and reads the set-up.",
    grants: &[
        Grant::new(Objects::Named(&["apiKey", "membership"]), NOTHING, Rows::Own),
        Grant::new(Objects::Owned, Action::ALL, Rows::Own),
        Grant::new(Objects::Named(&["tag"]), &[Action::Read, Action::Create], Rows::All),
        Grant::new(Objects::Any, READ, Rows::All),
    ],
    reads_sensitive: false,
};

/// The role of those who only read: reports, backups, auditors.
pub static READ_ONLY: Role = Role {
    name: "READ_ONLY",
    doc: "Read-only: reads everything and changes nothing.",
    grants: &[
        Grant::new(Objects::Named(&["apiKey"]), NOTHING, Rows::All),
        Grant::new(Objects::Any, READ, Rows::All),
    ],
    reads_sensitive: true,
};

/// Every role.
pub static ROLES: [&Role; 3] = [&OWNER, &AGENT, &READ_ONLY];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kernel::{access::Access, value::Choices};

    use super::*;
    use crate::platform::membership::MembershipRole;

    #[test]
    fn memberships_name_the_roles() {
        let roles = ROLES.map(|role| (role.name, role.doc));
        let choices: Vec<_> = MembershipRole::ALL.iter().map(|choice| (choice.name, choice.doc)).collect();
        assert_eq!(choices, roles);
    }

    #[test]
    fn grants_name_objects() {
        let registry = crate::registry(&[]);
        for grant in ROLES.iter().flat_map(|role| role.grants) {
            if let Objects::Named(names) = grant.objects {
                assert!(names.iter().all(|name| registry.object(name).is_some()), "{names:?}");
            }
        }
    }

    #[test]
    fn roles_may_do_what_they_are_for() {
        let registry = crate::registry(&[]);
        let may = |role: &'static Role, object: &str, action| {
            let access = Access::new(role, &registry, &[]);
            let access = access.objects().iter().find(|access| access.object().name == object).unwrap();
            access.allows(action).then_some(access.rows())
        };
        assert_eq!(may(&OWNER, "apiKey", Action::Delete), Some(Rows::All));
        assert_eq!(may(&AGENT, "contact", Action::Delete), Some(Rows::Own));
        assert_eq!(may(&AGENT, "lineItem", Action::Create), Some(Rows::Own));
        assert_eq!(may(&AGENT, "stage", Action::Read), Some(Rows::All));
        assert_eq!(may(&AGENT, "tag", Action::Create), Some(Rows::All));
        assert_eq!(may(&READ_ONLY, "membership", Action::Read), Some(Rows::All));
        for (role, object, action) in [
            (&AGENT, "apiKey", Action::Read),
            (&AGENT, "membership", Action::Read),
            (&AGENT, "stage", Action::Update),
            (&AGENT, "tag", Action::Update),
            (&READ_ONLY, "apiKey", Action::Read),
            (&READ_ONLY, "contact", Action::Create),
        ] {
            assert_eq!(may(role, object, action), None, "{} {object} {action:?}", role.name);
        }
    }
}
