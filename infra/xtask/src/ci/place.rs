//! Where a crate stands, and which of our crates it may need from there.

use super::workspace::Package;
use crate::paths::Repository;

/// Where a crate stands. A crate may need crates of lower layers, never of its own or higher ones.
const LAYERS: [(&str, u8); 15] = [
    ("node-api", 1),
    ("staff-api", 1),
    ("schedule", 1),
    ("scim", 1),
    ("domain", 1),
    ("oidc", 1),
    ("cache", 1),
    ("store", 2),
    ("live", 3),
    ("app", 3),
    ("render", 3),
    ("http", 4),
    ("jobs", 4),
    ("node", 4),
    ("gateway", 5),
];
const BINARY_LAYER: u8 = 9;

/// Where a package stands.
#[derive(Debug)]
pub struct Place {
    /// The package's name.
    pub name: String,
    /// `control-plane`, `tenant-runtime`, `backoffice`, `shared`, `migrations` or `infra`.
    pub area: String,
    /// How high.
    pub layer: u8,
    /// Whether it may know nothing of the outside.
    pub pure: bool,
}

impl Place {
    /// Where a package of ours stands.
    pub fn of(package: &Package, repository: &Repository) -> Self {
        let directory = package.directory(repository);
        let mut parts = directory.split('/');
        let area = parts.next().unwrap_or_default().to_owned();
        let last = parts.next_back().unwrap_or_default();
        let layer = match area.as_str() {
            "shared" | "migrations" => 0,
            _ => LAYERS
                .iter()
                .find(|(name, _)| *name == last)
                .map_or(BINARY_LAYER, |l| l.1),
        };
        let pure = matches!(last, "kernel" | "domain" | "schedule" | "scim");
        Self {
            name: package.name.clone(),
            area,
            layer,
            pure,
        }
    }

    /// The types and the client that another program may use.
    fn is_api(&self) -> bool {
        self.name.ends_with("-api")
    }

    /// Why an edge between two of our crates is wrong.
    pub fn may_not_need(&self, to: &Self) -> Option<&'static str> {
        if to.name == "testkit" && self.area != "infra" {
            return Some("testkit is for tests only");
        }
        if self.area == "infra" {
            return None;
        }
        if to.area == "infra" {
            return Some("nothing depends on infra");
        }
        if self.name == "kernel" {
            return Some("kernel depends on none of our crates");
        }
        if matches!(self.area.as_str(), "shared" | "migrations") {
            return (to.layer > 0).then_some("shared crates know no program");
        }
        if self.area == "backoffice" && matches!(to.name.as_str(), "db" | "migrations" | "broker") {
            return Some("the back office knows the staff API only");
        }
        if self.area != to.area && to.layer > 0 {
            return (!to.is_api()).then_some("programs know of each other only their APIs");
        }
        (to.layer > 0 && to.layer >= self.layer).then_some("layers depend downwards")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, area: &str, layer: u8) -> Place {
        Place {
            name: name.into(),
            area: area.into(),
            layer,
            pure: name.ends_with("domain"),
        }
    }

    #[test]
    fn edges_go_down_and_stay_inside() {
        let domain = place("cp-domain", "control-plane", 1);
        let store = place("cp-store", "control-plane", 2);
        let api = place("cp-staff-api", "control-plane", 1);
        let office = place("backoffice", "backoffice", BINARY_LAYER);
        let db = place("db", "shared", 0);
        assert_eq!(store.may_not_need(&domain), None);
        assert!(domain.may_not_need(&store).is_some());
        assert_eq!(office.may_not_need(&api), None);
        assert!(office.may_not_need(&store).is_some());
        assert!(office.may_not_need(&db).is_some());
        assert!(db.may_not_need(&domain).is_some());
    }
}
