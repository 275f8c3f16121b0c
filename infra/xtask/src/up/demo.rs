//! Who and what the demo consists of.

use anyhow::Result;

use crate::paths::Stack;
use crate::secrets;

/// The demo: staff owner, tenants, people.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The staff owner's e-mail.
    pub staff_email: &'static str,
    /// The staff owner's password.
    pub staff_password: String,
    /// The password of all demo people.
    pub password: String,
    /// The tenants.
    pub tenants: Vec<Tenant>,
}

/// A demo tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// First label of its host name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The sample plan it gets.
    pub sample: &'static str,
}

/// A demo person of every tenant.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Their part, which is also the first half of their e-mail.
    pub part: &'static str,
    /// Their role.
    pub role: &'static str,
    /// Whether they come from outside.
    pub external: bool,
    /// Their names in the tenants, in turn.
    names: [&'static str; 2],
}

/// The architect, who is invited when the tenant is provisioned, and those they invite.
pub const PEOPLE: [Person; 4] = [
    Person {
        part: "architect",
        role: "architect",
        external: false,
        names: ["Ada Marsh", "Greta Lindqvist"],
    },
    Person {
        part: "builder",
        role: "builder",
        external: false,
        names: ["Ben Okafor", "Bruno Keller"],
    },
    Person {
        part: "user",
        role: "user",
        external: false,
        names: ["Uma Patel", "Ulla Hansen"],
    },
    Person {
        part: "external",
        role: "user",
        external: true,
        names: ["Ezra Cole", "Elena Rossi"],
    },
];

/// Tenants whose names are known; others are named after their slug.
const KNOWN: [(&str, &str); 2] = [("acme", "Acme Health Trust"), ("globex", "Globex Payments")];
const SAMPLES: [&str; 2] = ["acme", "globex"];

impl Demo {
    /// The demo of a set of servers.
    pub fn new(stack: &Stack, slugs: &[String]) -> Result<Self> {
        let tenants = slugs
            .iter()
            .enumerate()
            .map(|(index, slug)| tenant(index, slug))
            .collect();
        Ok(Self {
            staff_email: "owner@staff.trellis.example",
            staff_password: secrets::password(stack, "staff-password")?,
            password: secrets::password(stack, "demo-password")?,
            tenants,
        })
    }
}

impl Tenant {
    /// The host name its people use.
    pub fn host(&self) -> String {
        format!("{}.trellis.localhost", self.slug)
    }

    /// A person's e-mail.
    pub fn email(&self, person: Person) -> String {
        format!("{}@{}.example", person.part, self.slug)
    }

    /// A person's name.
    pub fn name_of(&self, person: Person) -> &'static str {
        let [first, second] = person.names;
        if self.sample == "acme" { first } else { second }
    }
}

fn tenant(index: usize, slug: &str) -> Tenant {
    let known = KNOWN.iter().find(|(name, _)| *name == slug);
    let sample = SAMPLES.iter().find(|name| **name == slug);
    let name = known.map_or_else(|| format!("{slug} (demo)"), |(_, name)| (*name).to_owned());
    let turn = if index.is_multiple_of(2) {
        "acme"
    } else {
        "globex"
    };
    Tenant {
        slug: slug.to_owned(),
        name,
        sample: sample.copied().unwrap_or(turn),
    }
}
